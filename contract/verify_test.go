package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// newMock is our mock under the overlays.
func newMock(t *testing.T, overlays ...string) http.Handler {
	t.Helper()
	srv, err := mockserver.New(mockserver.Options{Spec: newSpec(t, overlays...), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

var builtinSpec = sync.OnceValues(func() (*openapi.Spec, error) { return openapi.Default() })

func newSpec(t *testing.T, overlays ...string) *openapi.Spec {
	t.Helper()
	spec, err := builtinSpec()
	if len(overlays) > 0 {
		spec, err = openapi.Default(overlays...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func verify(t *testing.T, h http.Handler, o contract.Options) *contract.Report {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = 7
	}
	if o.Spec == nil {
		o.Spec = newSpec(t)
	}
	report, err := contract.Verify(t.Context(), contract.Handler(h), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestOurMockKeepsTheContract(t *testing.T) {
	contract.Run(t, contract.Handler(newMock(t)), contract.Options{})
}

func TestOverlaysOnBothSides(t *testing.T) {
	for _, o := range openapi.Overlays() {
		t.Run(o.Name, func(t *testing.T) {
			report := verify(t, newMock(t, o.Name), contract.Options{Spec: newSpec(t, o.Name), Phases: phases()})
			if report.Failed != 0 {
				t.Errorf("the mock breaks its own contract: %v", report.Findings)
			}
		})
	}
}

func TestOverlayOnOneSide(t *testing.T) {
	for _, row := range []struct{ overlay, operation, pointer string }{
		{"source-info-object", "listDataConnectors", "/data_connectors/0/source_info"},
		{"update-result-succeed", "updateDataConnector", "/result"},
		{"connector-errors-500", "createDataConnector", ""},
	} {
		t.Run(row.overlay, func(t *testing.T) {
			report := verify(t, newMock(t, row.overlay), contract.Options{})
			for _, f := range report.Findings {
				if f.Operation == row.operation && f.Pointer == row.pointer {
					return
				}
			}
			t.Errorf("no finding about %s %s, but %v", row.operation, row.pointer, report.Findings)
		})
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	mock := newMock(t)
	verify(t, mock, contract.Options{})
	// A server that refuses every update ends cases half-way.
	verify(t, refusing(mock, http.MethodPut), contract.Options{Seed: 8})
	w := httptest.NewRecorder()
	mock.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/ac66f1a5e8f443998ec62c8cb1aefda7/data-connectors", nil))
	if got := w.Body.String(); !strings.Contains(got, `"total_count":0`) {
		t.Errorf("the server is not as it was: %s", got)
	}
}

// TestInterrupted ends the context in the middle of a case: there is no verdict, but nothing stays behind.
func TestInterrupted(t *testing.T) {
	mock := newMock(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			interrupt()
		}
		mock.ServeHTTP(w, r)
	}))
	defer served.Close()
	target, err := contract.URL(served.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := contract.Verify(ctx, target, contract.Options{Phases: []string{"state"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted run: %v", err)
	}
	w := httptest.NewRecorder()
	mock.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/ac66f1a5e8f443998ec62c8cb1aefda7/data-connectors", nil))
	if got := w.Body.String(); !strings.Contains(got, `"total_count":0`) {
		t.Errorf("the server is not as it was: %s", got)
	}
}

func refusing(h http.Handler, method string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// sentRequests are the requests of a run, in the order in which they arrive.
func sentRequests(t *testing.T, o contract.Options) []string {
	t.Helper()
	var mu sync.Mutex // guards sent
	var sent []string
	mock := newMock(t)
	verify(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		sent = append(sent, fmt.Sprintf("%s %s %v %s", r.Method, r.URL.RequestURI(), r.Header, body))
		mu.Unlock()
		mock.ServeHTTP(w, r)
	}), o)
	return sent
}

func TestSameSeedSameRequests(t *testing.T) {
	sequential := contract.Options{Seed: 42, FuzzCases: 200, Phases: []string{"examples", "boundary", "negative", "protocol", "collection", "fuzz"}}
	first, second := sentRequests(t, sequential), sentRequests(t, sequential)
	for i := range first {
		if i >= len(second) || first[i] != second[i] {
			t.Fatalf("request %d differs:\n%s\n%s", i, first[i], second[i])
		}
	}
	if !strings.Contains(strings.Join(first, "\n"), "counterpart-2a-") {
		t.Error("the names do not come from the seed")
	}
	if other := sentRequests(t, contract.Options{Seed: 43, Phases: []string{"boundary"}}); slices.Equal(other, sentRequests(t, contract.Options{Seed: 42, Phases: []string{"boundary"}})) {
		t.Error("another seed made the same requests")
	}
}

// What is sent at the same time arrives in any order, and so the mock gives its ids in any order.
func TestSameSeedSameRequestsAtTheSameTime(t *testing.T) {
	made := regexp.MustCompile(`[0-9a-f]{32}`)
	requests := func() []string {
		sent := sentRequests(t, contract.Options{Seed: 42, Phases: []string{"state"}})
		for i := range sent {
			sent[i] = made.ReplaceAllString(sent[i], "ID")
		}
		slices.Sort(sent)
		return sent
	}
	if first, second := requests(), requests(); !slices.Equal(first, second) {
		t.Error("the same seed made other requests")
	}
}

func TestEverySourceTypeIsTried(t *testing.T) {
	var mu sync.Mutex // guards tried
	tried := map[string]bool{}
	mock := newMock(t)
	verify(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		value, _ := openapi.DecodeJSON(body)
		if at, ok := openapi.Lookup(value, "/data_connector/source_type"); ok && r.Method == http.MethodPost {
			mu.Lock()
			tried[at.(string)] = true
			mu.Unlock()
		}
		mock.ServeHTTP(w, r)
	}), contract.Options{Phases: []string{"collection"}})
	if len(tried) != 3 {
		t.Errorf("tried %v", tried)
	}
}

func TestNoVerdict(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	target, err := contract.URL(gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	var unreachable *contract.UnreachableError
	if _, err := contract.Verify(t.Context(), target, contract.Options{}); !errors.As(err, &unreachable) {
		t.Errorf("a target that is gone: %v", err)
	}
	if _, err := contract.Verify(t.Context(), contract.Handler(newMock(t)), contract.Options{Phases: []string{"guess"}}); err == nil || !strings.Contains(err.Error(), "examples") {
		t.Errorf("an unknown phase: %v", err)
	}
	if _, err := contract.Verify(t.Context(), contract.Handler(newMock(t)), contract.Options{Spec: emptySpec(t)}); !errors.Is(err, contract.ErrNothingRan) {
		t.Errorf("a document without operations: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	served := httptest.NewServer(newMock(t))
	defer served.Close()
	if target, err = contract.URL(served.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := contract.Verify(ctx, target, contract.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	for _, base := range []string{"", "127.0.0.1:80", "ftp://example.com", "http://", ":"} {
		if _, err := contract.URL(base); err == nil {
			t.Errorf("URL(%q) is accepted", base)
		}
	}
}

func emptySpec(t *testing.T) *openapi.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(file, []byte("openapi: 3.1.0\ninfo: {title: none, version: '1'}\npaths: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// TestAnyDocument runs the suite on a document that has no x-counterpart and a mock that answers from it.
func TestAnyDocument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "api.yaml")
	document := `openapi: 3.0.3
info: {title: pets, version: "1"}
servers: [{url: https://example.com/base}]
paths:
  /pets/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer, minimum: 5}}
        - {name: kind, in: query, required: true, schema: {type: string, enum: [cat, dog]}}
      responses:
        '200': {description: ok, content: {application/json: {schema: {type: object, required: [id], properties: {id: {type: integer}, name: {type: string, nullable: true}}}}}}
`
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := mockserver.New(mockserver.Options{Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	if report := verify(t, srv, contract.Options{Spec: spec}); report.Failed != 0 || report.Requests == 0 {
		t.Errorf("%+v", report)
	}
}

func TestReportMatchesItsSchema(t *testing.T) {
	schema, err := jsonschema.Compile(filepath.Join("..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, overlay := range [][]string{nil, {"source-info-object"}} {
		var b bytes.Buffer
		if err := verify(t, newMock(t, overlay...), contract.Options{Phases: phases()}).WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(b.Bytes(), &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%v: %#v", overlay, err)
		}
	}
}

func TestCurlReplaysAFinding(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	served := httptest.NewServer(newMock(t, "connector-errors-500"))
	defer served.Close()
	target, err := contract.URL(served.URL)
	if err != nil {
		t.Fatal(err)
	}
	report, err := contract.Verify(t.Context(), target, contract.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Operation != "deleteDataConnector" {
			continue
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", f.Reproduce).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "500 Internal Server Error") {
			t.Errorf("%s\n%s\n%v", f.Reproduce, out, err)
		}
		return
	}
	t.Error("no finding to replay")
}
