package contract_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

var head = contract.LedgerHead{Tool: "counterpart", Target: "http://127.0.0.1:8080", Spec: contract.ReportSpec{Title: "API", Version: "1"}, Seed: math.MaxUint64, Started: noon()}

// lines counts the calls of Write, and keeps each.
type lines struct {
	writes []string
	fails  int // the write, counted from 1, that fails after half of it
}

func (l *lines) Write(p []byte) (int, error) {
	if len(l.writes)+1 == l.fails {
		l.writes = append(l.writes, string(p[:len(p)/2]))
		return len(p) / 2, errors.New("no space left on device")
	}
	l.writes = append(l.writes, string(p))
	return len(p), nil
}

// aRun takes four items through what can happen to them; items 2 and 4 stay, 4 without an id.
func aRun(t *testing.T, w io.Writer) *contract.Ledger {
	t.Helper()
	l, err := contract.NewLedger(w, head)
	if err != nil {
		t.Fatal(err)
	}
	parameters := map[string]string{"project_id": "abc"}
	for i := range 4 {
		unique := map[string]string{"/name": "counterpart-7-" + string(rune('a'+i))}
		if n, err := l.Intend("item", parameters, unique); err != nil || n != i+1 {
			t.Fatalf("intent %d: %d, %v", i+1, n, err)
		}
	}
	for i, err := range []error{l.Created(1, "id1"), l.Created(2, `<i"d2>`), l.Refused(3), l.Deleted(1), l.Created(4, "")} {
		if err != nil {
			t.Errorf("step %d: %v", i+1, err)
		}
	}
	return l
}

var stillOpen = []contract.LedgerEntry{
	{Number: 2, Resource: "item", Parameters: map[string]string{"project_id": "abc"}, Unique: map[string]string{"/name": "counterpart-7-b"}, ID: `<i"d2>`},
	{Number: 4, Resource: "item", Parameters: map[string]string{"project_id": "abc"}, Unique: map[string]string{"/name": "counterpart-7-d"}},
}

func TestLedger(t *testing.T) {
	w := &lines{}
	l := aRun(t, w)
	if got := l.Open(); !reflect.DeepEqual(got, stillOpen) {
		t.Errorf("open: %+v, want %+v", got, stillOpen)
	}
	gotHead, got, err := contract.ReadLedger(strings.NewReader(strings.Join(w.writes, "")))
	if err != nil || !reflect.DeepEqual(gotHead, head) || !reflect.DeepEqual(got, stillOpen) {
		t.Errorf("read %+v %+v (%v), want %+v %+v", gotHead, got, err, head, stillOpen)
	}
	schema := ledgerSchema(t)
	for i, line := range w.writes {
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Errorf("write %d is not one line: %q", i+1, line)
		}
		value, err := openapi.DecodeJSON([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("line %d: %#v", i+1, err)
		}
	}
	for _, wrong := range []string{`{}`, `{"record":"created","number":1}`, `{"record":"deleted","number":0}`, `{"record":"made","number":1}`, `{"ledger":2}`} {
		value, _ := openapi.DecodeJSON([]byte(wrong))
		if schema.Validate(value) == nil {
			t.Errorf("the schema allows %s", wrong)
		}
	}
}

func ledgerSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("../docs/ledger.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	const id = "https://github.com/counterpart-go/counterpart/docs/ledger.schema.json"
	compiler := jsonschema.NewCompiler()
	compiler.Draft, compiler.AssertFormat = jsonschema.Draft2020, true
	if err := compiler.AddResource(id, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestLedgerCutAnywhere is what a full disk leaves: whatever is cut off the end, what is open then is told, or that it
// is no ledger yet.
func TestLedgerCutAnywhere(t *testing.T) {
	w := &lines{}
	aRun(t, w)
	text := strings.Join(w.writes, "")
	for cut := range len(text) {
		_, entries, err := contract.ReadLedger(strings.NewReader(text[:cut]))
		records := strings.Count(text[:min(cut+1, len(text))], "\n") // the last may lack its end
		switch {
		case cut < len(w.writes[0])-1:
			if none := (&contract.LedgerError{}); !errors.As(err, &none) || none.Line != 0 {
				t.Fatalf("cut after %d bytes: %v, want that it is no ledger", cut, err)
			}
		case err != nil:
			t.Fatalf("cut after %d bytes: %v", cut, err)
		case records <= 5 && len(entries) != records-1:
			t.Fatalf("cut after %d bytes, %d records: %d entries", cut, records, len(entries))
		}
	}
}

func TestReadLedgerErrors(t *testing.T) {
	w := &lines{}
	aRun(t, w)
	first := w.writes[0]
	broken := errors.New("broken")
	tests := []struct {
		name string
		r    io.Reader
		want string
	}{
		{"empty", strings.NewReader(""), "this is no ledger: it is empty"},
		{"text", strings.NewReader("hello\n"), "this is no ledger: its first line is not that of a ledger"},
		{"other JSON", strings.NewReader("{\"tool\":\"counterpart\"}\n"), "this is no ledger: its first line is not that of a ledger"},
		{"endless line", io.MultiReader(strings.NewReader(`{"ledger":1,"tool":"`), endless('a')), "this is no ledger: its first line is not that of a ledger"},
		{"a later format", strings.NewReader("{\"ledger\":2}\n"), "this is no ledger: it has the format 2, and this version reads 1"},
		{"endless record", io.MultiReader(strings.NewReader(first), endless(' ')), "the ledger is damaged in line 2: it is too long"},
		{"no record", strings.NewReader(first + "hello\n"), "the ledger is damaged in line 2: it is no record"},
		{"unknown member", strings.NewReader(first + `{"record":"intent","number":1,"resource":"a","x":1}` + "\n"), "the ledger is damaged in line 2: it is no record"},
		{"two records", strings.NewReader(first + w.writes[1][:len(w.writes[1])-1] + w.writes[2]), "the ledger is damaged in line 2: more follows the record"},
		{"unknown record", strings.NewReader(first + w.writes[1] + `{"record":"made","number":1}` + "\n"), `the ledger is damaged in line 3: there is no record "made"`},
		{"of no intent", strings.NewReader(first + `{"record":"deleted","number":1}` + "\n"), "the ledger is damaged in line 2: deleted 1, which is not open"},
		{"intent twice", strings.NewReader(first + w.writes[1] + w.writes[1]), "the ledger is damaged in line 3: intent 1 follows intent 1"},
		{"reader", io.MultiReader(strings.NewReader(first), iotest.ErrReader(broken)), "reading the ledger: broken"},
		{"reader of the head", iotest.ErrReader(broken), "reading the ledger: broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, entries, err := contract.ReadLedger(tt.r)
			if err == nil || err.Error() != tt.want || entries != nil {
				t.Errorf("%v, %v; want %s", entries, err, tt.want)
			}
			if damaged := (&contract.LedgerError{}); errors.As(err, &damaged) == errors.Is(err, broken) {
				t.Errorf("%#v has the wrong type", err)
			}
		})
	}
}

// endless reads as one byte, again and again.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// TestLedgerThatCannotBeWritten: no request may be sent any more, but what is open is known.
func TestLedgerThatCannotBeWritten(t *testing.T) {
	if _, err := contract.NewLedger(&lines{fails: 1}, head); err == nil {
		t.Error("a ledger without a head")
	}
	w := &lines{fails: 3}
	l, err := contract.NewLedger(w, head)
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.Intend("item", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Created(n, "id1"); err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("error %v, want the disk's", err)
	}
	if _, err := l.Intend("item", nil, nil); err == nil {
		t.Error("there was an intent that could not be written")
	}
	if got := l.Open(); len(got) != 1 || got[0].ID != "id1" {
		t.Errorf("open: %+v, want id1", got)
	}
	if len(w.writes) != 3 {
		t.Errorf("%d writes: after half a line nothing more can be written", len(w.writes))
	}
	if err := l.Deleted(n); err == nil || len(l.Open()) != 0 {
		t.Errorf("%v, %v; want an error and nothing open", err, l.Open())
	}
}

func TestLedgerWrongNumbers(t *testing.T) {
	l := aRun(t, io.Discard)
	for _, err := range []error{l.Created(1, "again"), l.Created(9, "x"), l.Deleted(3), l.Refused(0)} {
		if err == nil {
			t.Error("what is not open was changed")
		}
	}
}

func TestNilLedger(t *testing.T) {
	var l *contract.Ledger
	n, err := l.Intend("item", nil, nil)
	if err := errors.Join(err, l.Created(n, "id"), l.Deleted(n), l.Refused(n)); err != nil || l.Open() != nil {
		t.Errorf("%v, %v", err, l.Open())
	}
}

func TestLedgerOfMany(t *testing.T) {
	w := &lines{}
	l, err := contract.NewLedger(w, head)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			n, err := l.Intend("item", nil, nil)
			if err := errors.Join(err, l.Created(n, "id"), l.Deleted(n)); err != nil {
				t.Error(err)
			}
			_ = l.Open()
		})
	}
	wg.Wait()
	if _, open, err := contract.ReadLedger(strings.NewReader(strings.Join(w.writes, ""))); err != nil || len(open) != 0 || len(w.writes) != 151 {
		t.Errorf("%d lines, open %v (%v), want 151 and none", len(w.writes), open, err)
	}
}

// full is a disk that holds so many lines.
type full struct{ lines int }

func (f *full) Write(p []byte) (int, error) {
	if f.lines--; f.lines < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

// TestRunWhoseLedgerCannotBeWritten: a run ends with an error, and accuses nobody, when what it creates cannot be noted.
func TestRunWhoseLedgerCannotBeWritten(t *testing.T) {
	for _, lines := range []int{1, 2, 3, 20, 21, 22, 23} {
		mock := newMock(t)
		ledger, err := contract.NewLedger(&full{lines}, contract.LedgerHead{})
		if err != nil {
			t.Fatal(err)
		}
		report, err := contract.Verify(t.Context(), contract.Handler(mock), contract.Options{Seed: 1, Ledger: ledger})
		if err == nil || !strings.Contains(err.Error(), "the ledger cannot be written") || len(report.Findings) > 0 || report.Interrupted == "" {
			t.Errorf("%d lines: %v, %v", lines, err, report.Findings)
		}
		wantEmpty(t, mock)
	}
}
