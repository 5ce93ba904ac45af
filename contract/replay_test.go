package contract_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
)

// stage is a server whose handler can be changed while its address stays.
type stage struct {
	url string

	mu      sync.Mutex // guards what follows
	handler http.Handler
	seen    []string // method, path, chosen headers and body, as they arrived
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	s.seen = append(s.seen, arrived(r.Method+" "+r.URL.RequestURI(), r.Header["Accept"], r.Header["Content-Type"], string(body)))
	h := s.handler
	s.mu.Unlock()
	h.ServeHTTP(w, r)
}

func arrived(start string, accept, mediaType []string, body string) string {
	return alike(fmt.Sprintf("%s\n%q\n%q\n%s", start, accept, mediaType, body))
}

// play begins anew with another handler.
func (s *stage) play(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler, s.seen = h, nil
}

func (s *stage) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// mockOf gives other ids for another seed.
func mockOf(t *testing.T, seed uint64) http.Handler {
	t.Helper()
	mock, err := mockserver.New(mockserver.Options{Spec: newSpec(t), Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return mock
}

var made = regexp.MustCompile(`[0-9a-f]{32}\b|\b[0-9]{13}\b`)

// alike is a text without what every run makes anew: ids and times.
func alike(text string) string {
	return made.ReplaceAllStringFunc(text, func(found string) string {
		if found == usualProject {
			return found
		}
		return "…"
	})
}

// sh runs a script as a user would.
func sh(t *testing.T, script string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func needsCurl(t *testing.T) {
	t.Helper()
	for _, program := range []string{"sh", "curl", "sed"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: the scripts of findings cannot be run", program)
		}
	}
}

// changedOnTheWire is changed for a server with a socket, where the length of a body matters.
func changedOnTheWire(h http.Handler, change change) http.Handler {
	return changed(h, func(r *http.Request, a *answer) {
		change(r, a)
		a.header.Del("Content-Length")
	})
}

// replayed are the broken servers whose findings are sent again.
var replayed = []string{
	"fails on create", "refuses a valid update", "accepts deleting twice", "accepts a taken name", "answers 202", "answers text", "forgets the request id",
	"gives a result that is not described", "gives a password back", "sends a key twice", "says a refusal in other words", "sends a body after the body",
}

func TestScriptsShowTheFindingAgain(t *testing.T) {
	needsCurl(t)
	scripts := 0
	for _, row := range brokenServers() {
		if !slices.Contains(replayed, row.name) {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t)
			s.play(changedOnTheWire(mockOf(t, 1), row.change))
			target, err := contract.URL(s.url)
			if err != nil {
				t.Fatal(err)
			}
			report, err := contract.Verify(t.Context(), target, contract.Options{Spec: newSpec(t), Seed: 7, Phases: []string{"examples", "state"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range someOf(report.Findings, 3) {
				mock := mockOf(t, 2)
				s.play(changedOnTheWire(mock, row.change))
				wantAgain(t, f)
				if row.name != "fails on create" { // no answer tells a script what it made
					wantEmpty(t, mock)
				}
				scripts++
			}
		})
	}
	if scripts < len(replayed) {
		t.Errorf("%d scripts were run", scripts)
	}
}

// someOf are at most n findings, of different checks and operations, about single answers.
func someOf(findings []contract.Finding, n int) []contract.Finding {
	single := []string{"server-error", "accepted", "refused", "status", "media-type", "header", "no-body", "json", "body", "error-body", "embedded-json", "secret"}
	var some []contract.Finding
	for _, f := range findings {
		same := slices.ContainsFunc(some, func(o contract.Finding) bool { return o.Check == f.Check && o.Operation == f.Operation })
		together := strings.Contains(f.Case, "at the same time") // what meets whom is no matter of a script
		if !same && !together && slices.Contains(single, f.Check) && len(some) < n {
			some = append(some, f)
		}
	}
	return some
}

// wantAgain runs a finding's script: the answer that it prints is the one in the finding.
func wantAgain(t *testing.T, f contract.Finding) {
	t.Helper()
	stdout, stderr, err := sh(t, f.Reproduce)
	if err != nil || stderr != "" {
		t.Errorf("%s\n%v %s", f.Reproduce, err, stderr)
	}
	head, body, ok := strings.Cut(strings.ReplaceAll(stdout, "\r\n", "\n"), "\n\n")
	status, _, _ := strings.Cut(strings.TrimPrefix(head, "HTTP/1.1 "), " ")
	if want, _, _ := strings.Cut(f.Answer.Start, " "); !ok || status != want || strings.TrimSpace(alike(body)) != strings.TrimSpace(alike(f.Answer.Body)) {
		t.Errorf("%s\nprinted\n%s\nwant\n%s\n%s", f.Reproduce, stdout, f.Answer.Start, f.Answer.Body)
	}
	for _, line := range f.Answer.Header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Content-Type" && !strings.Contains(head, "\n"+name+": "+value) {
			t.Errorf("%s\nprinted\n%s\nwant %s", f.Reproduce, head, line)
		}
	}
	if has, had := strings.Contains(head, "\nX-Request-Id: "), slices.ContainsFunc(f.Answer.Header, func(line string) bool { return strings.HasPrefix(line, "X-Request-Id: ") }); has != had {
		t.Errorf("%s\nprinted\n%s\nwant %v", f.Reproduce, head, f.Answer.Header)
	}
}

// TestScriptsSendTheSameBytes has a server forget a header in every answer: then every request has a script.
func TestScriptsSendTheSameBytes(t *testing.T) {
	needsCurl(t)
	s := newStage(t)
	forgets := func(_ *http.Request, a *answer) { a.header.Del("X-Request-Id") }
	s.play(changed(mockOf(t, 1), forgets))
	target, err := contract.URL(s.url)
	if err != nil {
		t.Fatal(err)
	}
	report, err := contract.Verify(t.Context(), target, contract.Options{Spec: newSpec(t), Seed: 7, Phases: []string{"protocol", "boundary", "negative"}})
	if err != nil {
		t.Fatal(err)
	}
	sent := s.requests()
	for _, f := range oddOnes(report.Findings, 40) {
		want := arrived(f.Request.Start, headerOf(f, "Accept"), headerOf(f, "Content-Type"), f.Request.Body)
		if !slices.Contains(sent, want) {
			t.Errorf("the finding shows what was not sent: %s", want)
		}
		mock := mockOf(t, 2)
		s.play(changed(mock, forgets))
		if _, stderr, err := sh(t, f.Reproduce); err != nil || stderr != "" {
			t.Errorf("%s\n%v %s", f.Reproduce, err, stderr)
		}
		if got := s.requests(); !slices.Contains(got, want) {
			t.Errorf("%s\nsent\n%s\nwant\n%s", f.Reproduce, strings.Join(got, "\n"), want)
		}
		wantEmpty(t, mock)
	}
}

func headerOf(f contract.Finding, name string) []string {
	var values []string
	for _, line := range f.Request.Header {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			values = append(values, value)
		}
	}
	return values
}

// oddOnes are at most n findings whose requests have what shells, URLs and curl read in another way, and some others.
func oddOnes(findings []contract.Finding, n int) []contract.Finding {
	var some []contract.Finding
	for i, f := range findings {
		odd := strings.ContainsAny(f.Request.Start+f.Request.Body, "'$`[]\n\t\r@😀數é") || strings.Contains(f.Request.Start, "%") || len(headerOf(f, "Content-Type")) == 0 && f.Request.Body != ""
		if f.Check == "header" && len(f.Request.Body) < 16<<10 && (odd && i%3 == 0 || i%50 == 0) && len(some) < n {
			some = append(some, f)
		}
	}
	return some
}

// TestScriptsWithShortIDs: an id is a variable where it is an id, not wherever its digits stand.
func TestScriptsWithShortIDs(t *testing.T) {
	needsCurl(t)
	s := newStage(t)
	item := func(id string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusCreated)
				_, _ = fmt.Fprintf(w, `{"connector_id":%q}`, id)
				return
			}
			w.WriteHeader(http.StatusTeapot)
		})
	}
	s.play(item("1"))
	target, err := contract.URL(s.url)
	if err != nil {
		t.Fatal(err)
	}
	report, err := contract.Verify(t.Context(), target, contract.Options{Spec: newSpec(t), Seed: 7, Phases: []string{"examples"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Operation != "updateDataConnector" {
			continue
		}
		s.play(item("987"))
		_, stderr, err := sh(t, f.Reproduce)
		starts := strings.Join(s.requests(), "\n")
		if err != nil || stderr != "" || !strings.Contains(starts, "PUT "+usualCollection+"/987\n") || !strings.Contains(starts, "DELETE "+usualCollection+"/987\n") {
			t.Errorf("%s\n%v %s\n%s", f.Reproduce, err, stderr, starts)
		}
		return
	}
	t.Error("no finding to replay")
}
