package mockserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

// told is a test that keeps what it is told.
type told struct {
	testing.TB

	mu      sync.Mutex // guards all below
	errors  []string
	cleanup []func()
}

func (r *told) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *told) Cleanup(f func()) { r.cleanup = append(r.cleanup, f) }

// A test that asks to fails for what breaks the document, and for nothing else.
func TestStrict(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		reason, method, path, body string
		want                       string // in the only error; "" for none
	}{
		{"sound", "POST", collection("p"), sound("new", mysql), ""},
		{"refused for what the state says", "POST", collection("p"), sound("taken", mysql), ""},
		{"an item that is not there", "DELETE", collection("p") + "/" + unknownID, "", ""},
		{"control", "PUT", "/_counterpart/clock", `{"ms":1}`, ""},
		{"the body", "POST", collection("p"), `{"data_connector":{"connector_name":"a"}}`, "POST /v2/p/data-connectors breaks the document: invalid\n  body /data_connector/source_info: is required (api.yaml:"},
		{"the path", "GET", "/v2/-/data-connectors", "", "path project_id: must match"},
		{"the query", "GET", collection("p") + "?limit=no", "", "query limit: must be integer"},
		{"no operation", "GET", "/v3", "", "GET /v3 breaks the document: unknown-path"},
		{"no method", "PATCH", collection("p"), "", "unknown-method"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			test := &told{TB: t}
			srv := mockserver.InTest(test, mockserver.Options{Spec: document(t), Strict: &mockserver.Strict{}})
			client := &http.Client{Transport: mockserver.Transport(srv)}
			ask := func(method, path, body string) {
				request, err := http.NewRequestWithContext(t.Context(), method, "http://mock"+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/json")
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
			}
			ask("POST", collection("p"), sound("taken", mysql))
			ask(tc.method, tc.path, tc.body)
			test.mu.Lock()
			said := strings.Join(test.errors, "\n")
			if len(test.errors) > 1 || (said == "") != (tc.want == "") || !strings.Contains(said, tc.want) {
				t.Errorf("%q, want %q", test.errors, tc.want)
			}
			test.mu.Unlock()
			for _, end := range test.cleanup {
				end()
			}
			ask("GET", "/v3", "") // the test has ended, and is told nothing
			if len(test.errors) > 1 {
				t.Errorf("after its end it was told: %q", test.errors)
			}
		})
	}
}

// A test for a refusal says which requests may break the document.
func TestStrictAllows(t *testing.T) {
	t.Parallel()
	test := &told{TB: t}
	srv := mockserver.InTest(test, mockserver.Options{Spec: document(t), Strict: &mockserver.Strict{
		Allowed: func(b mockserver.BrokenRequest) bool { return b.Operation == "listDataConnectors" }}})
	for path, want := range map[string]int{collection("p") + "?limit=no": 0, "/v3": 1} {
		test.errors = nil
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mock"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := mockserver.Transport(srv).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if len(test.errors) != want {
			t.Errorf("GET %s: %q", path, test.errors)
		}
	}
}
