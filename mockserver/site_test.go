package mockserver_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// several runs a mock of some contracts. It may share its store with others.
func several(t *testing.T, store mockserver.Store, specs ...*openapi.Spec) (*mock, *mockserver.Server) {
	t.Helper()
	log := &logBuffer{}
	server := mockserver.Start(t, mockserver.Options{Specs: specs, Store: store, Log: slog.New(slog.NewJSONHandler(log, nil))})
	return &mock{t, server.URL, log}, server
}

// below is the mock as a client of a document below a base path sees it.
func (m *mock) below(base string) *mock { return &mock{m.TB, m.url + base, m.log} }

func under(t *testing.T, base string, spec *openapi.Spec) *openapi.Spec {
	t.Helper()
	moved, err := spec.Under(base)
	if err != nil {
		t.Fatal(err)
	}
	return moved
}

// read writes a document into a file and reads it.
func read(t *testing.T, text string, overlays ...string) *openapi.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "d.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file, overlays...)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// greeting is a document of another kind, whose refusals are its own.
const greeting = `
openapi: 3.1.0
info: {title: Greeting, version: '2'}
paths:
  /hello:
    get:
      operationId: greet
      responses: {'200': {description: done, content: {application/json: {example: {hello: world}}}}}
x-counterpart: {refusals: [{reason: unknown-path, status: 404, body: {greeting: 'no {violations}'}}]}
`

func TestSeveralDocuments(t *testing.T) {
	m, server := several(t, nil, document(t), under(t, "/g", read(t, greeting)), under(t, "/g/deeper", document(t)))
	for _, tc := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/g/hello", 200, `{"hello":"world"}`},
		{"GET", collection("p"), 200, `"total_count":0`},
		{"GET", "/g/deeper" + collection("p"), 200, `"total_count":0`},
		{"GET", "/hello", 404, "APIGW.0101"},
		{"GET", "/g/bye", 404, `{"greeting":"no"}`},
		{"GET", "/g", 404, `{"greeting":"no"}`},
		{"GET", "/gone", 404, "APIGW.0101"},
		{"GET", "/g/deeper/hello", 404, "APIGW.0101"},
		{"POST", "/g/hello", 405, "unknown-method"},
		{"PUT", "/g/deeper" + collection("p"), 404, "APIGW.0101"},
		{"GET", "/_counterpart/health", 200, "ok"},
	} {
		if a := m.do(tc.method, tc.path, ""); a.status != tc.status || !strings.Contains(a.body, tc.says) {
			t.Errorf("%s %s: %d %s, want %d and %s", tc.method, tc.path, a.status, a.body, tc.status, tc.says)
		}
	}
	if entries := server.Journal().Exchanges(mockserver.JournalFilter{}); len(entries) != 10 || entries[0].Operation != "greet" || entries[1].Operation != "listDataConnectors" {
		t.Errorf("the journal is not of all documents: %v", entries)
	}
}

// Every document keeps its state to itself, and finds it again whatever its neighbours and its place among them.
func TestSeveralDocumentsKeepTheirState(t *testing.T) {
	store := mockserver.NewMemory()
	root, other, third := document(t), under(t, "/other", document(t)), under(t, "/third", document(t))
	m, _ := several(t, store, root, other)
	first, second := m.create("p", "one", mysql), m.below("/other").create("p", "one", mysql)
	m.wantList("p", []string{first})
	m.below("/other").wantList("p", []string{second})

	m, _ = several(t, store, third, under(t, "/other", document(t)))
	m.below("/other").wantList("p", []string{second})
	m.below("/third").wantList("p", nil)
	m, _ = several(t, store, document(t))
	m.wantList("p", []string{first})
}

// moved is the built-in document with other paths.
func moved(t *testing.T, base string) *openapi.Spec {
	t.Helper()
	text, err := document(t).Document(openapi.DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return read(t, strings.ReplaceAll(string(text), "/v2/{project_id}/data-connectors", base+"/{project_id}/data-connectors"))
}

// Two documents with one base path are told apart by their titles.
func TestSeveralDocumentsOfOneBasePath(t *testing.T) {
	m, _ := several(t, nil, moved(t, "/first"), document(t), moved(t, "/third"))
	id := m.create("p", "one", mysql)
	m.wantList("p", []string{id})
	for _, path := range []string{"/first/p/data-connectors", "/third/p/data-connectors"} {
		if a := m.do("GET", path, ""); !strings.Contains(a.body, `"total_count":0`) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

func TestDocumentsThatCannotBeServed(t *testing.T) {
	spec := document(t)
	for _, tc := range []struct {
		reason string
		o      mockserver.Options
		says   string
	}{
		{"one path twice", mockserver.Options{Specs: []*openapi.Spec{under(t, "/a", spec), under(t, "/a", spec)}}, "/a/v2/{project_id}/data-connectors is described by"},
		{"the paths of the mock itself", mockserver.Options{Spec: under(t, "/_counterpart", spec)}, "cannot have the base path /_counterpart"},
		{"below the paths of the mock itself", mockserver.Options{Specs: []*openapi.Spec{spec, under(t, "/_counterpart/v2", spec)}}, "cannot have the base path /_counterpart/v2"},
		{"both fields", mockserver.Options{Spec: spec, Specs: []*openapi.Spec{spec}}, "use one of them"},
	} {
		if _, err := mockserver.New(tc.o); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %s", tc.reason, err, tc.says)
		}
	}
}

func TestReplace(t *testing.T) {
	const strict = `
overlay: 1.0.0
info: {title: names, version: '1'}
actions: [{target: $.components.schemas.DataConnectorDetail, update: {properties: {connector_name: {pattern: ^kept}}}}]`
	file := filepath.Join(t.TempDir(), "strict.yaml")
	if err := os.WriteFile(file, []byte(strict), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		change string
		spec   *openapi.Spec
		kept   []string
		gone   string // the number in the log
	}{
		{"an answer reads differently", document(t, "update-result-succeed"), []string{"kept1", "gone", "kept2"}, ""},
		{"some items break their schema", document(t, file), []string{"kept1", "kept2"}, `"items":1`},
		{"all items break their schema", document(t, "source-info-object"), nil, `"items":3`},
		{"there are no items", read(t, greeting), nil, `"items":3`},
	} {
		t.Run(tc.change, func(t *testing.T) {
			before, after, store := under(t, "/b", document(t)), under(t, "/b", tc.spec), mockserver.NewMemory()
			m, server := several(t, store, document(t), before)
			for _, name := range []string{"kept1", "gone", "kept2"} {
				m.below("/b").create("p", name, mysql)
			}
			other := m.create("p", "gone", mysql)
			if err := server.Replace(t.Context(), before, after); err != nil {
				t.Fatal(err)
			}
			m.wantList("p", []string{other})
			if after.Operation("greet") != nil {
				m.do("GET", "/b/hello", "").want(t, 200, "")
				m.do("GET", "/b"+collection("p"), "").want(t, 404, "")
				if err := server.Replace(t.Context(), after, before); err != nil {
					t.Fatal(err)
				}
			}
			var names []string
			for _, c := range m.below("/b").list("p").Items {
				names = append(names, c.Name)
			}
			if strings.Join(names, " ") != strings.Join(tc.kept, " ") {
				t.Errorf("kept are %q, want %q", names, tc.kept)
			}
			const warning = "items that do not fit the changed document are gone"
			if log := m.log.String(); strings.Contains(log, warning) != (tc.gone != "") || !strings.Contains(log, tc.gone) {
				t.Errorf("the log does not say %q: %s", tc.gone, log)
			}
		})
	}
}

// A contract that cannot be served changes nothing.
func TestReplaceRefuses(t *testing.T) {
	a, b := document(t), under(t, "/b", document(t))
	away := &namelessStore{Store: mockserver.NewMemory()}
	m, server := several(t, away, a, b)
	id := m.create("p", "one", mysql)

	var clash *openapi.ClashError
	if err := server.Replace(t.Context(), b, under(t, "/", b)); !errors.As(err, &clash) {
		t.Errorf("a path twice: %v", err)
	}
	if err := server.Replace(t.Context(), under(t, "/b", b), read(t, greeting)); err == nil {
		t.Error("a contract that is not served is replaced")
	}
	away.away = true
	var unavailable *mockserver.UnavailableError
	if err := server.Replace(t.Context(), a, read(t, greeting)); !errors.As(err, &unavailable) {
		t.Errorf("the store is away: %v", err)
	}
	away.away = false
	m.wantList("p", []string{id})
	m.below("/b").wantList("p", nil)
}

type namelessStore struct {
	mockserver.Store

	away bool
}

func (s *namelessStore) Collections(ctx context.Context) ([]string, error) {
	if s.away {
		return nil, &mockserver.UnavailableError{Err: errors.New("for a test")}
	}
	return s.Store.Collections(ctx)
}

// bodyThen is a request body that lets something happen before its first byte comes.
type bodyThen struct {
	io.Reader

	first func()
}

func (b *bodyThen) Read(p []byte) (int, error) {
	if b.first != nil {
		b.first()
		b.first = nil
	}
	return b.Reader.Read(p)
}

// A request that is still arriving when the document changes is one for the new document.
func TestReplaceWhileABodyArrives(t *testing.T) {
	strict := under(t, "/v1", document(t))
	for _, tc := range []struct {
		reason string
		after  *openapi.Spec
		status int
	}{
		{"the operation is still there", document(t, "update-result-succeed"), http.StatusCreated},
		{"the operation is gone", strict, http.StatusNotFound},
	} {
		spec := document(t)
		_, server := several(t, nil, spec)
		body := &bodyThen{strings.NewReader(sound("one", mysql)), func() {
			if err := server.Replace(t.Context(), spec, tc.after); err != nil {
				t.Error(err)
			}
		}}
		r, w := httptest.NewRequest(http.MethodPost, collection("p"), body), httptest.NewRecorder()
		r.Header.Set("Content-Type", "application/json")
		server.ServeHTTP(w, r)
		if w.Code != tc.status {
			t.Errorf("%s: %d %s, want %d", tc.reason, w.Code, w.Body, tc.status)
		}
	}
}

// Whatever is replaced meanwhile, every request gets an answer of one of the documents, and none breaks its own.
func TestReplaceUnderLoad(t *testing.T) {
	string1, object := document(t), document(t, "source-info-object")
	m, server := several(t, nil, string1)
	var replacing sync.WaitGroup
	done := make(chan struct{})
	replacing.Go(func() {
		for now, next := string1, object; ; now, next = next, now {
			if err := server.Replace(t.Context(), now, next); err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	together(t, func(_ context.Context, worker int) error {
		name := string(rune('a' + worker))
		for range 20 {
			if a := m.do(http.MethodPost, collection("p"), sound(name, mysql)); a.status != http.StatusCreated && a.status != http.StatusBadRequest {
				t.Errorf("create: %d %s", a.status, a.body)
			}
			m.do(http.MethodGet, collection("p"), "").want(t, http.StatusOK, "")
		}
		return nil
	})
	close(done)
	replacing.Wait()
}
