// Package journal remembers what a mock was asked and what it answered, and tells it without secrets: as exchanges, as
// curl lines, as an HTTP archive, and as a verdict on calls that were expected.
package journal

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// Entry is one exchange as it was. Whoever adds it changes nothing of it any more, nor of what it refers to.
type Entry struct {
	ID       string // X-Request-Id
	At       time.Time
	Duration time.Duration
	Method   string
	URL      *url.URL // as net/http gives it
	Host     string   // as the client named it
	TLS      bool
	Proto    string // HTTP/1.1
	Spec     *openapi.Spec
	Request  openapi.Request // without the body where it was not read
	Response openapi.Response
	Length   int64 // of the request's body; -1 where it is not known

	Operation  *openapi.Operation // nil for none
	Refused    string             // the reason's word; "" when the request was carried out
	Reason     error              // the same in words
	Violations openapi.Violations
	Stub       string
	NearMisses []control.NearMiss
	Faults     []string

	number   int64
	held     int64
	answered int64             // length of the answer's body
	told     *control.Exchange // as it is told, once its document is gone
}

// Limits bound what a journal holds on to.
type Limits struct {
	Entries int   // exchanges
	Bytes   int64 // that these take together
	Body    int64 // bytes of each body
}

// Journal remembers the latest exchanges. Make one with [New]; safe for concurrent use.
type Journal struct {
	limits Limits
	specs  func() []*openapi.Spec
	token  string // stands for a secret until it is known who reads; nobody can guess it

	mu      sync.Mutex // guards all below
	ring    []*Entry   // its length is the most entries
	first   int        // of the oldest
	size    int        // entries in use
	held    int64      // bytes of these
	last    int64      // number of the newest entry of all
	arrival chan struct{}
	closed  chan struct{}
}

// New makes a journal of exchanges with a mock that answers from these documents, as they are at the time.
func New(l Limits, specs func() []*openapi.Spec) *Journal {
	return &Journal{limits: l, specs: specs, token: rand.Text(), ring: make([]*Entry, l.Entries), closed: make(chan struct{})}
}

// Close ends every wait, and those to come at once. All else goes on.
func (j *Journal) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case <-j.closed:
	default:
		close(j.closed)
	}
}

// Add takes an entry and forgets the oldest ones until it fits. One that never would is counted, but not remembered.
func (j *Journal) Add(e *Entry) {
	e.Request.Value, e.Response.Value, e.Response.Made = nil, nil, nil // what they hold can be large, and is made again from the body
	e.answered = int64(len(e.Response.Body))
	e.Request.Body, e.Response.Body = j.beginning(e.Request.Body), j.beginning(e.Response.Body)
	e.held = e.bytes()

	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	e.number = j.last
	if j.arrival != nil {
		close(j.arrival)
		j.arrival = nil
	}
	if e.held > j.limits.Bytes {
		return
	}
	for j.size == len(j.ring) || j.held+e.held > j.limits.Bytes {
		j.forgetOldest()
	}
	j.ring[(j.first+j.size)%len(j.ring)] = e
	j.size++
	j.held += e.held
}

// beginning is what is remembered of a body. A large one is copied: the rest of it shall not stay.
func (j *Journal) beginning(body []byte) []byte {
	if int64(len(body)) <= j.limits.Body {
		return body
	}
	return bytes.Clone(body[:j.limits.Body])
}

// What things take beside their texts, in bytes, rounded up.
const (
	entryOverhead     = 900 // the entry, its URL and the frames of its maps
	headerOverhead    = 64
	violationOverhead = 200
)

// bytes is what the entry holds on to.
func (e *Entry) bytes() int64 {
	n := entryOverhead + len(e.ID) + len(e.Method) + len(e.Host) + len(e.URL.Path) + len(e.URL.RawPath) + len(e.URL.RawQuery) +
		cap(e.Request.Body) + cap(e.Response.Body) + headerBytes(e.Request.Header) + headerBytes(e.Response.Header) + headerBytes(http.Header(e.Request.Query))
	for name, value := range e.Request.Path {
		n += headerOverhead + len(name) + len(value)
	}
	for i := range e.Violations {
		v := &e.Violations[i]
		n += violationOverhead + len(v.Pointer) + len(v.Want) + len(v.Detail)
	}
	for _, m := range e.NearMisses {
		n += headerOverhead + len(m.Stub)
		for _, reason := range m.Reasons {
			n += headerOverhead + len(reason)
		}
	}
	return int64(n)
}

func headerBytes(h http.Header) (n int) {
	for name, values := range h {
		n += headerOverhead + len(name)
		for _, value := range values {
			n += 16 + len(value)
		}
	}
	return n
}

func (j *Journal) forgetOldest() {
	j.held -= j.ring[j.first].held
	j.ring[j.first] = nil
	j.first = (j.first + 1) % len(j.ring)
	j.size--
}

// Clear forgets the exchanges of a project; of all, and those of none, where it is "". The numbers go on.
func (j *Journal) Clear(project string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := make([]*Entry, 0, j.size)
	for i := range j.size {
		if e := j.at(i); project != "" && e.project() != project {
			kept = append(kept, e)
		}
	}
	clear(j.ring)
	j.first, j.size, j.held = 0, copy(j.ring, kept), 0
	for _, e := range kept {
		j.held += e.held
	}
}

// Settle makes the exchanges that were about one document independent of it, so that it can be forgotten. They are told as
// before; to verify calls, they count for the operations of the next document.
func (j *Journal) Settle(old, next *openapi.Spec) {
	entries, _, _ := j.find(Filter{})
	settled := map[*Entry]*Entry{}
	for _, e := range entries {
		if e.Spec == old {
			s, told := *e, j.exchange(e)
			s.told, s.Spec, s.Operation = &told, next, next.Operation(told.Operation)
			s.held *= 2 // what is told takes as much again
			settled[e] = &s
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.size {
		at := (j.first + i) % len(j.ring)
		if s := settled[j.ring[at]]; s != nil {
			j.held += s.held - j.ring[at].held
			j.ring[at] = s
		}
	}
	for j.held > j.limits.Bytes {
		j.forgetOldest()
	}
}

// Extent says how much is remembered, in entries and in bytes.
func (j *Journal) Extent() (entries int, bytes int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size, j.held
}

// at is the i-th of the entries, from the oldest.
func (j *Journal) at(i int) *Entry { return j.ring[(j.first+i)%len(j.ring)] }

// project is the one that the request is for; "" where the document knows none.
func (e *Entry) project() string {
	switch {
	case e.told != nil:
		return e.told.Project
	case e.Operation == nil:
		return ""
	}
	return e.Request.Path[e.Operation.Spec().ProjectParameter()]
}

// cut says whether some of the request's body is not known.
func (e *Entry) cut() bool { return e.Length < 0 || e.Length > int64(len(e.Request.Body)) }

func (e *Entry) operation() string {
	switch {
	case e.told != nil:
		return e.told.Operation
	case e.Operation == nil:
		return ""
	}
	return e.Operation.ID
}
