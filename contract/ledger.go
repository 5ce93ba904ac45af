package contract

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"
)

// LedgerHead says what a ledger is about: its first line.
type LedgerHead struct {
	Tool    string     `json:"tool"`
	Target  string     `json:"target"` // base URL, without credentials
	Spec    ReportSpec `json:"spec"`
	Seed    uint64     `json:"seed"`
	Started time.Time  `json:"started"`
}

// LedgerEntry is something that a run created, or may have.
type LedgerEntry struct {
	Number     int
	Resource   string            // name of an openapi.Resource
	Parameters map[string]string // of the collection's path, by name
	Unique     map[string]string // by JSON Pointer into an item: the values that make it recognisable
	ID         string            // "" while it is not known whether there is one
}

// LedgerError says why a file cannot be read as a ledger.
type LedgerError struct {
	Line   int // counted from 1; 0: the file as a whole
	Reason string
}

func (e *LedgerError) Error() string {
	if e.Line == 0 {
		return "this is no ledger: " + e.Reason
	}
	return fmt.Sprintf("the ledger is damaged in line %d: %s", e.Line, e.Reason)
}

const (
	ledgerFormat = 1       // of the lines that are written here; docs/ledger.schema.json describes it
	maxRecord    = 1 << 20 // bytes of a line
)

// ledgerRecord is any line but the first.
type ledgerRecord struct {
	Record     string            `json:"record"` // what happened
	Number     int               `json:"number"`
	Resource   string            `json:"resource,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Unique     map[string]string `json:"unique,omitempty"`
	ID         string            `json:"id,omitempty"`
}

type ledgerHeadRecord struct {
	Ledger int `json:"ledger"`
	LedgerHead
}

// What a record says.
const (
	recordIntent  = "intent"  // a request that creates something is about to be sent
	recordCreated = "created" // it did, and this is the id
	recordDeleted = "deleted" // it is there no longer
	recordRefused = "refused" // it was never made
)

// Ledger keeps what a run has created and not yet deleted, and writes every step down before the next is taken, so
// that a run that is killed leaves a file from which [Cleanup] can work. A nil Ledger keeps nothing: its methods do
// nothing and succeed. Safe for concurrent use.
type Ledger struct {
	mu     sync.Mutex
	w      io.Writer
	failed error // the first failure to write: after it, the file's end is not known
	open   openEntries
}

// NewLedger begins a ledger on w. Each record is one Write, which a kill cannot cut in two; that a file is also synced
// to its disk, against the end of the machine, is not seen to. To keep the entries in memory only, w is [io.Discard].
func NewLedger(w io.Writer, head LedgerHead) (*Ledger, error) {
	l := &Ledger{w: w, open: openEntries{byNumber: map[int]LedgerEntry{}}}
	return l, l.write(ledgerHeadRecord{ledgerFormat, head})
}

// Intend says that something is about to be created in the collection that the path parameters name. Unless it fails,
// the request may be sent.
func (l *Ledger) Intend(resource string, parameters, unique map[string]string) (number int, err error) {
	if l == nil {
		return 0, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	record := ledgerRecord{Record: recordIntent, Number: l.open.numbers + 1, Resource: resource, Parameters: maps.Clone(parameters), Unique: maps.Clone(unique)}
	if err := l.write(record); err != nil {
		return 0, err
	}
	return record.Number, l.open.apply(record)
}

// Created says which id it got. Without an id the intent stays as it is: what it made is found by its values.
func (l *Ledger) Created(number int, id string) error {
	if l == nil || id == "" {
		return nil
	}
	return l.happened(ledgerRecord{Record: recordCreated, Number: number, ID: id})
}

// Deleted says that it is gone.
func (l *Ledger) Deleted(number int) error {
	return l.happened(ledgerRecord{Record: recordDeleted, Number: number})
}

// Refused says that the intent came to nothing.
func (l *Ledger) Refused(number int) error {
	return l.happened(ledgerRecord{Record: recordRefused, Number: number})
}

// happened is true in memory even where it cannot be written.
func (l *Ledger) happened(record ledgerRecord) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open.apply(record); err != nil {
		return err
	}
	return l.write(record)
}

// Open is what was created, or may have been, and is not gone, in the order of the intents.
func (l *Ledger) Open() []LedgerEntry {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open.list()
}

func (l *Ledger) write(record any) error {
	if l.failed != nil {
		return l.failed
	}
	line, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("the ledger cannot be written: %w", err)
	}
	if len(line) >= maxRecord {
		return fmt.Errorf("the ledger cannot be written: a record of %d bytes is too long", len(line))
	}
	n, err := l.w.Write(append(line, '\n'))
	if err == nil && n <= len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		l.failed = fmt.Errorf("the ledger cannot be written: %w", err)
	}
	return l.failed
}

// openEntries follows what records say.
type openEntries struct {
	byNumber map[int]LedgerEntry
	numbers  int // intents so far
}

func (o *openEntries) apply(r ledgerRecord) error {
	if r.Record == recordIntent {
		if r.Number != o.numbers+1 {
			return fmt.Errorf("intent %d follows intent %d", r.Number, o.numbers)
		}
		o.numbers = r.Number
		o.byNumber[r.Number] = LedgerEntry{Number: r.Number, Resource: r.Resource, Parameters: r.Parameters, Unique: r.Unique}
		return nil
	}
	entry, ok := o.byNumber[r.Number]
	if !ok {
		return fmt.Errorf("%s %d, which is not open", r.Record, r.Number)
	}
	switch r.Record {
	case recordCreated:
		entry.ID = r.ID
		o.byNumber[r.Number] = entry
	case recordDeleted, recordRefused:
		delete(o.byNumber, r.Number)
	default:
		return fmt.Errorf("there is no record %q", r.Record)
	}
	return nil
}

// list copies: what the caller does with the entries is no business of the ledger.
func (o *openEntries) list() []LedgerEntry {
	list := make([]LedgerEntry, 0, len(o.byNumber))
	for number := range o.numbers {
		if e, ok := o.byNumber[number+1]; ok {
			e.Parameters, e.Unique = maps.Clone(e.Parameters), maps.Clone(e.Unique)
			list = append(list, e)
		}
	}
	return list
}

// ReadLedger gives a ledger's head and what is still open. A last line that was cut off is passed over: what it would
// have said had not been done yet. It is a [*LedgerError] when r holds no ledger, or one that is damaged elsewhere.
func ReadLedger(r io.Reader) (LedgerHead, []LedgerEntry, error) {
	lines := &lineReader{r: bufio.NewReader(r)}
	head, err := readHead(lines)
	if err != nil {
		return LedgerHead{}, nil, err
	}
	open := openEntries{byNumber: map[int]LedgerEntry{}}
	for {
		line, err := lines.next()
		if err == io.EOF { //nolint:errorlint // next does not wrap it
			return head, open.list(), nil
		}
		if err != nil {
			return head, nil, err
		}
		if err := open.read(line); err != nil && !lines.torn {
			return head, nil, &LedgerError{lines.number, err.Error()}
		}
	}
}

func readHead(lines *lineReader) (LedgerHead, error) {
	var head ledgerHeadRecord
	line, err := lines.next()
	tooLong := &LedgerError{}
	switch {
	case err == io.EOF: //nolint:errorlint // next does not wrap it
		return LedgerHead{}, &LedgerError{Reason: "it is empty"}
	case err != nil && !errors.As(err, &tooLong):
		return LedgerHead{}, err
	case err != nil || json.Unmarshal(line, &head) != nil || head.Ledger == 0:
		return LedgerHead{}, &LedgerError{Reason: "its first line is not that of a ledger"}
	case head.Ledger != ledgerFormat:
		return LedgerHead{}, &LedgerError{Reason: fmt.Sprintf("it has the format %d, and this version reads %d", head.Ledger, ledgerFormat)}
	}
	return head.LedgerHead, nil
}

func (o *openEntries) read(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	var record ledgerRecord
	if dec.Decode(&record) != nil {
		return errors.New("it is no record")
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more follows the record")
	}
	return o.apply(record)
}

// lineReader gives lines of bounded length.
type lineReader struct {
	r      *bufio.Reader
	number int  // of the last line
	torn   bool // the last line had no end
}

// next is the next line, or io.EOF. It is a [*LedgerError] when the line is too long.
func (l *lineReader) next() ([]byte, error) {
	var line []byte
	l.number++
	for {
		part, err := l.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxRecord:
			return nil, &LedgerError{l.number, "it is too long"}
		case err == nil:
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			l.torn = true
			return line, nil
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
	}
}
