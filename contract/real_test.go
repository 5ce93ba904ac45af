package contract_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

const (
	usualProject    = "ac66f1a5e8f443998ec62c8cb1aefda7"
	usualCollection = "/v2/" + usualProject + "/data-connectors"
)

// witness is our mock, which remembers what it was asked for.
type witness struct {
	mock http.Handler

	mu       sync.Mutex // guards what follows
	requests []witnessed
	given    map[string]bool // ids that were given in a 201
}

type witnessed struct{ method, path, id, name, body string }

func newWitness(t *testing.T) *witness {
	t.Helper()
	return &witness{mock: newMock(t), given: map[string]bool{}}
}

var itemPath = regexp.MustCompile(`(?s)^/v2/[^/]*/data-connectors/(.+)$`)

func (w *witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	w.mock.ServeHTTP(rec, r)
	seen := witnessed{method: r.Method, path: r.URL.EscapedPath(), name: textAt(body, "/data_connector/connector_name"), body: string(body)}
	if at := itemPath.FindStringSubmatch(r.URL.Path); at != nil {
		seen.id = at[1]
	}
	w.mu.Lock()
	w.requests = append(w.requests, seen)
	if rec.Code == http.StatusCreated {
		w.given[textAt(rec.Body.Bytes(), "/connector_id")] = true
	}
	w.mu.Unlock()
	maps.Copy(out.Header(), rec.Header())
	out.WriteHeader(rec.Code)
	_, _ = out.Write(rec.Body.Bytes())
}

// count is how many requests have the method.
func (w *witness) count(method string) int {
	n := 0
	for _, r := range w.requests {
		if r.method == method {
			n++
		}
	}
	return n
}

func textAt(body []byte, pointer string) string {
	value, _ := openapi.DecodeJSON(body)
	at, _ := openapi.Lookup(value, pointer)
	text, _ := at.(string)
	return text
}

func TestReadOnlySendsReadsOnly(t *testing.T) {
	w := newWitness(t)
	create(t, w.mock, newSpec(t), "mine")
	phases := contract.Options{ReadOnly: true, Phases: contract.Phases(), FuzzCases: 200}
	report := verify(t, w, phases)
	for _, r := range w.requests {
		if r.method != http.MethodGet && r.method != http.MethodHead && r.method != http.MethodOptions {
			t.Errorf("%s %s was sent", r.method, r.path)
		}
	}
	if report.Failed > 0 || report.Requests != len(w.requests) || report.Requests == 0 {
		t.Errorf("%d requests counted, %d arrived, %d cases failed", report.Requests, len(w.requests), report.Failed)
	}
}

func TestMaxRequests(t *testing.T) {
	for _, most := range []int{1, 7, 40, 150} {
		w := newWitness(t)
		report := verify(t, w, contract.Options{MaxRequests: most, Phases: []string{"examples", "collection", "state"}})
		takenAway := w.count(http.MethodDelete)
		if sent := len(w.requests); sent-takenAway > most || report.Requests != sent {
			t.Errorf("%d requests, %d of them to clean up, %d counted; want at most %d", sent, takenAway, report.Requests, most)
		}
		if want := fmt.Sprintf("no more than %d were allowed", most); !strings.Contains(report.Interrupted, want) {
			t.Errorf("the report says %q, want %q", report.Interrupted, want)
		}
		wantEmpty(t, w.mock)
	}
}

func wantEmpty(t *testing.T, mock http.Handler) {
	t.Helper()
	rec := httptest.NewRecorder()
	mock.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, usualCollection, nil))
	if !strings.Contains(rec.Body.String(), `"total_count":0`) {
		t.Errorf("something is left: %s", rec.Body)
	}
}

func TestMaxObjects(t *testing.T) {
	for _, most := range []int{1, 5, 30} {
		w := newWitness(t)
		report := verify(t, w, contract.Options{MaxObjects: most, Phases: []string{"examples", "state", "collection"}})
		if len(w.given) > most || len(w.given) == 0 {
			t.Errorf("%d items were created, want at most %d", len(w.given), most)
		}
		said := false
		for _, warning := range report.Warnings {
			said = said || strings.Contains(warning.Message, fmt.Sprintf("more than the %d objects that are allowed", most))
		}
		if !said || report.Skipped == 0 || report.Failed > 0 {
			t.Errorf("%d skipped, %d failed, warnings %v", report.Skipped, report.Failed, report.Warnings)
		}
		wantEmpty(t, w.mock)
	}
}

func TestBudget(t *testing.T) {
	w := newWitness(t)
	var mu sync.Mutex // guards now
	now := noon()
	tick := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
	report := verify(t, w, contract.Options{Budget: time.Minute, Now: tick})
	if !strings.Contains(report.Interrupted, "the time of 1m0s was over") {
		t.Errorf("the report says %q", report.Interrupted)
	}
	if len(w.requests) == 0 || len(w.requests) > 120 {
		t.Errorf("%d requests in a minute of %d seconds", len(w.requests), 60)
	}
	wantEmpty(t, w.mock)
}

// TestOnlyTheRunsOwnItemsAreWritten: what is written to is an item of the run, or nothing at all.
func TestOnlyTheRunsOwnItemsAreWritten(t *testing.T) {
	w := newWitness(t)
	spec := newSpec(t)
	foreign := map[string]bool{}
	for _, name := range []string{"mine", "2", "4", "counterpart", "mrs-mysql-connector", "counterpart-7-0"} {
		rec := httptest.NewRecorder()
		body := openapi.Set(spec.Resources()[0].Create.RequestBody.Content[0].Examples[0].Value, "/data_connector/connector_name", name)
		request := httptest.NewRequest(http.MethodPost, usualCollection, strings.NewReader(asJSON(t, body)))
		request.Header.Set("Content-Type", "application/json")
		w.mock.ServeHTTP(rec, request)
		foreign[textAt(rec.Body.Bytes(), "/connector_id")] = true
	}
	before := listing(w.mock)
	verify(t, w, contract.Options{Phases: contract.Phases(), FuzzCases: 300})
	for _, r := range w.requests {
		writes := r.method != http.MethodGet
		switch {
		case writes && foreign[r.id]:
			t.Errorf("%s of an item that is not the run's: %s", r.method, r.path)
		case writes && r.method != http.MethodPost && r.id == "":
			t.Errorf("%s %s leads to the collection", r.method, r.path)
		case r.name != "" && !isOfTheRun(r.name):
			t.Errorf("%s of the name %q", r.method, r.name)
		}
	}
	if after := listing(w.mock); after != before {
		t.Errorf("what was there is not as it was:\n%s\nwas\n%s", after, before)
	}
}

func listing(mock http.Handler) string {
	rec := httptest.NewRecorder()
	mock.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, usualCollection, nil))
	return rec.Body.String()
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	var b strings.Builder
	if err := jsonEncode(&b, value); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// isOfTheRun says whether a name begins as all of the seed 7 do, or is such a name at the edge of a rule: cut to a length,
// filled up, or of other letters.
func isOfTheRun(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), contract.NamePrefix) || strings.Contains(name, "-7-") || len([]rune(name)) == 1 ||
		strings.ContainsFunc(name, func(r rune) bool { return r > '~' || r <= ' ' || strings.ContainsRune(`"'<>{}\/%`, r) }) ||
		strings.Trim(name, "a") == "" || name == "text"
}

// TestInstancesAreSent: real data stands wherever the document has made-up data that must be accepted.
func TestInstancesAreSent(t *testing.T) {
	const info = `{"db_name":"of mine","password":"hunter2-of-mine","rds_instance_id":"29cfbd4a2fc848faae03fe8ca1bd2dd2in01","user_name":"me"}`
	w := newWitness(t)
	report := verify(t, w, contract.Options{Phases: []string{"examples", "state"}, Instances: []contract.Instance{{Property: "source_info", Chosen: "RDS_MYSQL", JSON: info}}})
	sent := 0
	for _, r := range w.requests {
		if textAt([]byte(r.body), "/data_connector/source_type") != "RDS_MYSQL" || r.method != http.MethodPost {
			continue
		}
		switch got := textAt([]byte(r.body), "/data_connector/source_info"); {
		case got == info:
			sent++
		case strings.Contains(got, "3aa55f1cb4c3491686936130f21e9f16in01"):
			t.Errorf("made-up data was sent: %s", got)
		}
	}
	if sent == 0 || report.Failed > 0 {
		t.Errorf("sent %d times, %d cases failed: %v", sent, report.Failed, report.Findings)
	}
}

func TestParallelCases(t *testing.T) {
	mock := newMock(t)
	t.Run("run", func(t *testing.T) {
		contract.Run(t, contract.Handler(mock), contract.Options{Spec: newSpec(t), Seed: 7, Parallel: true})
	})
	wantEmpty(t, mock)
}

// TestCasesDoNotMeet: what one case creates has a name that no other case uses, so that they can run at the same time.
func TestCasesDoNotMeet(t *testing.T) {
	for _, seed := range []uint64{7, 1<<32 - 1} {
		cases, err := contract.Plan(contract.Options{Spec: newSpec(t), Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		user := map[string]string{}
		for c := range cases {
			for _, s := range c.Steps {
				at, _ := openapi.Lookup(s.Body, "/data_connector/connector_name")
				name, isText := at.(string)
				if s.Refused != "" || !isText {
					continue
				}
				if other, used := user[name]; used && other != c.String() {
					t.Errorf("seed %d: %s and %s both use the name %q", seed, other, c, name)
				}
				user[name] = c.String()
			}
		}
	}
}

func TestNoSeedFindsAnythingInOurMock(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 3
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			mock := newMock(t)
			report := verify(t, mock, contract.Options{Seed: seed * 7919})
			for _, f := range report.Findings {
				t.Error(f)
			}
			wantEmpty(t, mock)
		})
	}
}
