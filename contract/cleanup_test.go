package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

// shelf is a server of data connectors by id, as far as a cleanup can see. The zero value has none.
type shelf struct {
	names   map[string]string // by id
	page    int               // items in a page; 0: all
	status  int               // of every refusal; 0: 400
	stuck   bool              // nothing can be deleted
	deaf    bool              // offset is not looked at
	noList  bool              // lists are refused
	total   int               // added to the right one
	deleted []string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const collection = "/v2/abc/data-connectors"
	id, isItem := strings.CutPrefix(r.URL.EscapedPath(), collection+"/")
	switch {
	case r.Method == http.MethodDelete && isItem && s.names[id] != "" && !s.stuck:
		delete(s.names, id)
		s.deleted = append(s.deleted, id)
	case r.Method == http.MethodGet && r.URL.Path == collection && !s.noList:
		s.list(w, r)
	case s.status != 0:
		w.WriteHeader(s.status)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

func (s *shelf) list(w http.ResponseWriter, r *http.Request) {
	ids := slices.Sorted(maps.Keys(s.names))
	total := len(ids) + s.total
	if offset, _ := strconv.Atoi(r.URL.Query().Get("offset")); !s.deaf {
		ids = ids[min(offset, len(ids)):]
	}
	if s.page > 0 {
		ids = ids[:min(s.page, len(ids))]
	}
	items := []any{}
	for _, id := range ids {
		items = append(items, map[string]any{"connector_id": id, "connector_name": s.names[id]})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data_connectors": items, "total_count": total})
}

func entry(number int, id, name string) contract.LedgerEntry {
	return contract.LedgerEntry{Number: number, Resource: "data-connector", ID: id,
		Parameters: map[string]string{"project_id": "abc"}, Unique: map[string]string{"/connector_name": name}}
}

func TestCleanup(t *testing.T) {
	many := func() map[string]string { return map[string]string{"1": "a", "2": "b", "3": "c", "4": "d", "5": "e"} }
	withName := func(e contract.LedgerEntry, unique map[string]string) contract.LedgerEntry {
		e.Unique = unique
		return e
	}
	at := func(e contract.LedgerEntry, resource, project string) contract.LedgerEntry {
		e.Resource, e.Parameters = resource, map[string]string{"project_id": project}
		return e
	}
	tests := []struct {
		name    string
		server  shelf
		entries []contract.LedgerEntry
		options contract.CleanupOptions
		want    []string // number, outcome and reason
		deleted []string
	}{
		{"by id", shelf{}, []contract.LedgerEntry{entry(1, "2", ""), entry(2, "3", "")}, contract.CleanupOptions{}, []string{"2 deleted ", "1 deleted "}, []string{"3", "2"}},
		{"by name", shelf{}, []contract.LedgerEntry{entry(1, "", "c")}, contract.CleanupOptions{}, []string{"1 deleted "}, []string{"3"}},
		{"never created", shelf{}, []contract.LedgerEntry{entry(1, "", "z")}, contract.CleanupOptions{}, []string{"1 gone "}, nil},
		{"gone", shelf{}, []contract.LedgerEntry{entry(1, "9", "z")}, contract.CleanupOptions{}, []string{"1 gone "}, nil},
		{"gone, 404", shelf{status: 404}, []contract.LedgerEntry{entry(1, "9", "z")}, contract.CleanupOptions{}, []string{"1 gone "}, nil},
		{"gone, 410", shelf{status: 410}, []contract.LedgerEntry{entry(1, "9", "z")}, contract.CleanupOptions{}, []string{"1 gone "}, nil},
		{"refused as if gone", shelf{stuck: true}, []contract.LedgerEntry{entry(1, "2", "b")}, contract.CleanupOptions{}, []string{"1 left deleting it was answered with 400 Bad Request, and it is still listed"}, nil},
		{"the wrong server", shelf{status: 404, noList: true}, []contract.LedgerEntry{entry(1, "9", "b")}, contract.CleanupOptions{},
			[]string{"1 left deleting it was answered with 404 Not Found, and whether it is there is not known: listing its collection was answered with 404 Not Found"}, nil},
		{"forbidden", shelf{stuck: true, status: 403}, []contract.LedgerEntry{entry(1, "2", "b")}, contract.CleanupOptions{}, []string{"1 left deleting it was answered with 403 Forbidden"}, nil},
		{"list forbidden", shelf{noList: true, status: 403}, []contract.LedgerEntry{entry(1, "", "b")}, contract.CleanupOptions{},
			[]string{"1 left whether it was created is not known: listing its collection was answered with 403 Forbidden"}, nil},
		{"on a later page", shelf{page: 2}, []contract.LedgerEntry{entry(1, "", "e")}, contract.CleanupOptions{}, []string{"1 deleted "}, []string{"5"}},
		{"beyond a wrong total", shelf{page: 2, total: -3}, []contract.LedgerEntry{entry(1, "", "e")}, contract.CleanupOptions{}, []string{"1 deleted "}, []string{"5"}},
		{"a list without its end", shelf{page: 2, total: 3}, []contract.LedgerEntry{entry(1, "", "e")}, contract.CleanupOptions{},
			[]string{"1 left whether it was created is not known: the list shows 5 of 8 items"}, nil},
		{"the same page again and again", shelf{page: 2, deaf: true}, []contract.LedgerEntry{entry(1, "", "a")}, contract.CleanupOptions{},
			[]string{"1 left whether it was created is not known: the list shows 2 of 5 items"}, nil},
		{"a whole list again and again", shelf{deaf: true}, []contract.LedgerEntry{entry(1, "", "a")}, contract.CleanupOptions{}, []string{"1 deleted "}, []string{"1"}},
		{"too many pages", shelf{page: 1}, []contract.LedgerEntry{entry(1, "", "a")}, contract.CleanupOptions{Pages: 3},
			[]string{"1 left whether it was created is not known: its collection has more than 3 pages"}, nil},
		{"several", shelf{names: map[string]string{"1": "a", "2": "a", "3": "b"}}, []contract.LedgerEntry{entry(1, "", "a")}, contract.CleanupOptions{},
			[]string{`1 left 2 items have its values: "1", "2"`}, nil},
		{"several, one of them known", shelf{names: map[string]string{"1": "a", "2": "a", "3": "b"}}, []contract.LedgerEntry{entry(1, "1", "a"), entry(2, "", "a")}, contract.CleanupOptions{},
			[]string{"1 deleted ", "2 deleted "}, []string{"1", "2"}},
		{"dry run", shelf{}, []contract.LedgerEntry{entry(1, "2", ""), entry(2, "", "c"), entry(3, "", "z")}, contract.CleanupOptions{DryRun: true},
			[]string{"1 to delete ", "3 gone ", "2 to delete "}, nil},
		{"nothing of its own", shelf{}, []contract.LedgerEntry{withName(entry(1, "", ""), nil)}, contract.CleanupOptions{},
			[]string{"1 left whether it was created is not known, and it has no value of its own to be found by"}, nil},
		{"not all values", shelf{}, []contract.LedgerEntry{withName(entry(1, "", ""), map[string]string{"/connector_name": "a", "/other": ""})}, contract.CleanupOptions{}, []string{"1 gone "}, nil},
		{"unknown resource", shelf{}, []contract.LedgerEntry{at(entry(1, "2", ""), "cluster", "abc")}, contract.CleanupOptions{}, []string{"1 left the document has no resource of that name"}, nil},
		{"no parameter", shelf{}, []contract.LedgerEntry{at(entry(1, "2", ""), "data-connector", "")}, contract.CleanupOptions{}, []string{"1 left the ledger has no value for the path parameter project_id"}, nil},
		{"an id that means the collection", shelf{}, []contract.LedgerEntry{entry(1, "..", ""), entry(2, ".", "")}, contract.CleanupOptions{},
			[]string{`2 left "." cannot stand in a path`, `1 left ".." cannot stand in a path`}, nil},
		{"an id with a slash", shelf{}, []contract.LedgerEntry{entry(1, "../2", "")}, contract.CleanupOptions{}, []string{"1 gone "}, nil},
		{"nothing", shelf{}, nil, contract.CleanupOptions{}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.server.names == nil {
				tt.server.names = many()
			}
			report, err := contract.Cleanup(t.Context(), contract.Handler(&tt.server), newSpec(t), tt.entries, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range report.Entries {
				got = append(got, fmt.Sprint(e.Number, " ", e.Outcome, " ", e.Reason))
			}
			if !slices.Equal(got, tt.want) || !slices.Equal(tt.server.deleted, tt.deleted) {
				t.Errorf("%q, deleted %q; want %q, deleted %q", got, tt.server.deleted, tt.want, tt.deleted)
			}
			if n := report.Count(contract.Deleted); n != len(tt.deleted) {
				t.Errorf("%d counted as deleted, want %d", n, len(tt.deleted))
			}
		})
	}
}

// TestCleanupAfterAKilledRun reads the ledger of a run that our mock knows the rest of.
func TestCleanupAfterAKilledRun(t *testing.T) {
	mock, spec := newMock(t), newSpec(t)
	w := &lines{}
	l, err := contract.NewLedger(w, head)
	if err != nil {
		t.Fatal(err)
	}
	r := spec.Resources()[0]
	for i := range 3 {
		name := fmt.Sprintf("counterpart-7-%d", i)
		n, err := l.Intend(r.Name, map[string]string{"project_id": "abc"}, map[string]string{r.Unique[0]: name})
		if err != nil {
			t.Fatal(err)
		}
		answer := create(t, mock, spec, name)
		if i == 0 {
			id, _ := openapi.Lookup(answer, r.ID.Created)
			if err := l.Created(n, id.(string)); err != nil {
				t.Fatal(err)
			}
		}
	}
	create(t, mock, spec, "mine")
	_, entries, err := contract.ReadLedger(strings.NewReader(strings.Join(w.writes, "") + `{"record":"crea`))
	if err != nil {
		t.Fatal(err)
	}
	report, err := contract.Cleanup(t.Context(), contract.Handler(mock), spec, entries, contract.CleanupOptions{})
	if err != nil || report.Count(contract.Deleted) != 3 {
		t.Errorf("%+v (%v), want three deleted", report, err)
	}
	w2 := httptest.NewRecorder()
	mock.ServeHTTP(w2, httptest.NewRequest(http.MethodGet, "/v2/abc/data-connectors", nil))
	if got := w2.Body.String(); !strings.Contains(got, `"total_count":1`) || !strings.Contains(got, `"mine"`) {
		t.Errorf("what is left: %s", got)
	}
}

// create makes a connector of the documented example.
func create(t *testing.T, mock http.Handler, spec *openapi.Spec, name string) any {
	t.Helper()
	op := spec.Resources()[0].Create
	body := openapi.Set(op.RequestBody.Content[0].Examples[0].Value, "/data_connector/connector_name", name)
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/v2/abc/data-connectors", strings.NewReader(string(text)))
	request.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mock.ServeHTTP(w, request)
	answer, err := openapi.DecodeJSON(w.Body.Bytes())
	if err != nil || w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return answer
}

func TestCleanupStops(t *testing.T) {
	entries := []contract.LedgerEntry{entry(1, "1", "a"), entry(2, "2", "b"), entry(3, "3", "c")}
	t.Run("unreachable", func(t *testing.T) {
		target, err := contract.URL(hostile(t, func(*net.TCPConn) {}))
		if err != nil {
			t.Fatal(err)
		}
		unreachable := &contract.UnreachableError{}
		if report, err := contract.Cleanup(t.Context(), target, newSpec(t), entries, contract.CleanupOptions{}); !errors.As(err, &unreachable) || len(report.Entries) != 0 {
			t.Errorf("%v, %v; want an UnreachableError", report, err)
		}
	})
	t.Run("one answer is missing", func(t *testing.T) {
		s, requests := &shelf{names: map[string]string{"1": "a", "2": "b", "3": "c"}}, 0
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests++; requests == 2 {
				panic(http.ErrAbortHandler)
			}
			s.ServeHTTP(w, r)
		})
		report, err := contract.Cleanup(t.Context(), contract.Handler(h), newSpec(t), entries, contract.CleanupOptions{})
		if err != nil || report.Count(contract.Deleted) != 2 || report.Count(contract.Left) != 1 || !strings.Contains(report.Entries[1].Reason, "there was no answer") {
			t.Errorf("%+v, %v; want that the second is left", report, err)
		}
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := &shelf{names: map[string]string{"1": "a", "2": "b", "3": "c"}}
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Context().Err() != nil {
				panic(http.ErrAbortHandler)
			}
			s.ServeHTTP(w, r)
			if len(s.deleted) == 2 {
				cancel()
			}
		})
		report, err := contract.Cleanup(ctx, contract.Handler(h), newSpec(t), entries, contract.CleanupOptions{})
		if !errors.Is(err, context.Canceled) || len(report.Entries) != 2 {
			t.Errorf("%+v, %v; want the context's end after the second", report, err)
		}
	})
}
