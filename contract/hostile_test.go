package contract_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/counterpart-go/counterpart/contract"
)

func jsonEncode(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }

var reportSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return jsonschema.Compile(filepath.Join("..", "docs", "report.schema.json"))
})

// wantCompleteReport holds a report to its schema; every format must be written.
func wantCompleteReport(t *testing.T, report *contract.Report) {
	t.Helper()
	if report == nil {
		t.Fatal("there is no report")
	}
	var b bytes.Buffer
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	schema, err := reportSchema()
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(b.Bytes(), &value); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%#v", err)
	}
	for _, write := range []func(io.Writer) error{report.WriteText, report.WriteJUnit, report.WriteSARIF, report.WriteHTML, report.WriteGitHub} {
		if err := write(io.Discard); err != nil {
			t.Error(err)
		}
	}
	if report.Cases != len(report.Results) || report.Cases != report.Passed+report.Failed+report.Skipped || len(report.Operations) != 4 || len(report.Coverage) == 0 || report.Seed == 0 || report.Target == "" {
		t.Errorf("the report is not complete: %s", b.String()[:min(1000, b.Len())])
	}
}

// outcome is how a run may end.
type outcome struct {
	err    error  // "" for a verdict
	broken bool   // there are findings
	check  string // one of them, "" for any
	warns  string // is in a warning
	stops  string // is in what the report says of the end
}

// hostileServer does one thing to every request.
type hostileServer struct {
	name  string
	serve http.HandlerFunc
	want  outcome
}

func answering(status int, mediaType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "1")
		w.Header().Set("Retry-After", "0")
		if mediaType != "" {
			w.Header().Set("Content-Type", mediaType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const refusalBody = `{"error_code":"1","error_msg":"x"}`

func hostileServers(t *testing.T) []hostileServer {
	t.Helper()
	mock := newMock(t)
	var requests atomic.Int64
	bomb := gzipped(40 << 20)
	unjudged := outcome{err: contract.ErrNothingJudged}
	said := func(warning string) outcome { o := unjudged; o.warns = warning; return o }
	silent := outcome{broken: true, check: "answer", stops: "stopped answering"}
	return []hostileServer{
		{"another service altogether", answering(200, "text/html", "<html>welcome</html>"), outcome{broken: true, check: "media-type"}},
		{"401 to everything", answering(401, "application/json", refusalBody), said("401: it needs other credentials")},
		{"403 to everything", answering(403, "application/json", refusalBody), said("403: it needs other credentials")},
		{"429 to everything", answering(429, "application/json", refusalBody), said("429: send fewer requests a second")},
		{"500 to everything", answering(500, "application/json", refusalBody), outcome{broken: true, check: "server-error"}},
		{"404 to everything", answering(404, "application/json", refusalBody), outcome{broken: true, check: "accepted"}},
		{"204 to everything", answering(204, "", ""), outcome{broken: true}},
		{"empty answers", answering(200, "", ""), outcome{broken: true}},
		{"redirects in circles", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
		}, outcome{broken: true, check: "status"}},
		{"interim answers", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusProcessing)
			mock.ServeHTTP(w, r)
		}, outcome{}},
		{"large headers", func(w http.ResponseWriter, _ *http.Request) {
			for i := range 40 {
				w.Header().Set(fmt.Sprintf("X-Large-%d", i), strings.Repeat("a", 64<<10))
			}
		}, outcome{err: &contract.UnreachableError{}}},
		{"endless bodies", func(w http.ResponseWriter, _ *http.Request) {
			for part := bytes.Repeat([]byte("a"), 1<<20); ; {
				if _, err := w.Write(part); err != nil {
					return
				}
			}
		}, silent},
		{"gzip bombs", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		}, silent},
		{"every third connection is reset", func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1)%3 == 0 {
				reset(w)
				return
			}
			mock.ServeHTTP(w, r)
		}, outcome{broken: true, check: "answer"}},
		{"every connection is reset", func(w http.ResponseWriter, _ *http.Request) { reset(w) }, outcome{err: &contract.UnreachableError{}}},
	}
}

// reset ends a connection without a word.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

func gzipped(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, n))
	_ = z.Close()
	return b.Bytes()
}

func TestRunsAgainstHostileServers(t *testing.T) {
	for _, row := range hostileServers(t) {
		t.Run(row.name, func(t *testing.T) {
			var requests atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				row.serve(w, r)
			}))
			defer srv.Close()
			target, err := contract.URLWith(srv.URL, contract.URLOptions{Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			paced := contract.WithPace(target, contract.Pace{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
			row.want.holds(t, paced, contract.Options{Spec: newSpec(t), Seed: 7, Phases: []string{"examples", "state", "collection", "protocol"}})
			if n := requests.Load(); row.want.stops != "" && n > 20 {
				t.Errorf("it was sent %d requests before the run ended", n)
			}
		})
	}
}

// holds runs the suite: it ends, holds no more memory than a few answers need, and says what it must.
func (o outcome) holds(t *testing.T, target contract.Target, options contract.Options) {
	t.Helper()
	// It takes seconds at most; a machine that has much else to do takes longer.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	before := heap()
	report, err := contract.Verify(ctx, target, options)
	if ctx.Err() != nil {
		t.Error("it does not end")
	}
	if grown := int64(heap()) - int64(before); grown > 128<<20 {
		t.Errorf("%d MB are held", grown>>20)
	}
	wantCompleteReport(t, report)
	o.judge(t, report, err)
	runtime.KeepAlive(report)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (o outcome) judge(t *testing.T, report *contract.Report, err error) {
	t.Helper()
	unreachable := &contract.UnreachableError{}
	switch wantUnreachable := errors.As(o.err, &unreachable); {
	case wantUnreachable && !errors.As(err, &unreachable), !wantUnreachable && !errors.Is(err, o.err):
		t.Errorf("error %v, want %v", err, o.err)
	case o.broken != (report.Failed > 0), o.err != nil && len(report.Findings) > 0:
		t.Errorf("%d cases failed; %v", report.Failed, report.Findings)
	case !strings.Contains(report.Interrupted, o.stops):
		t.Errorf("the report says %q, want %q", report.Interrupted, o.stops)
	}
	caught, warned := o.check == "", o.warns == ""
	for _, f := range report.Findings {
		caught = caught || f.Check == o.check
	}
	for _, w := range report.Warnings {
		warned = warned || strings.Contains(w.Message, o.warns)
	}
	if !caught || !warned {
		t.Errorf("no finding of %q or no warning of %q: %v %v", o.check, o.warns, report.Findings, report.Warnings)
	}
}

// TestSlowServer answers a byte at a time: each exchange ends with its time.
func TestSlowServer(t *testing.T) {
	url := hostile(t, func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
		again(c, "a", 20*time.Millisecond)
	})
	target, err := contract.URLWith(url, contract.URLOptions{Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	outcome{broken: true, check: "answer", stops: "stopped answering"}.holds(t, target, contract.Options{Spec: newSpec(t), Seed: 7})
}

// TestServerThatDies in the middle of the run: what was found until then is told, and that it answers no more.
func TestServerThatDies(t *testing.T) {
	mock := newMock(t)
	var requests atomic.Int64
	dead := make(chan struct{})
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 100 {
			_ = srv.Listener.Close()
			close(dead)
		}
		select {
		case <-dead:
			reset(w)
		default:
			mock.ServeHTTP(w, r)
		}
	})
	srv.Start()
	defer srv.Close()
	target, err := contract.URLWith(srv.URL, contract.URLOptions{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	outcome{broken: true, check: "answer", stops: "stopped answering"}.holds(t, target, contract.Options{Spec: newSpec(t), Seed: 7})
}

// TestCreatedAndThenFailed: a gateway may give up on a server that goes on. What came of it is found and deleted.
func TestCreatedAndThenFailed(t *testing.T) {
	mock := newMock(t)
	create(t, mock, newSpec(t), "mine")
	var posts atomic.Int64
	report := verify(t, changed(mock, func(r *http.Request, a *answer) {
		if r.Method != http.MethodPost || posts.Add(1)%2 > 0 {
			return
		}
		if a.status, a.body = http.StatusGatewayTimeout, refusalBody; posts.Load()%4 == 0 {
			panic(http.ErrAbortHandler)
		}
	}), contract.Options{Phases: []string{"examples", "boundary"}})
	if report.Failed == 0 {
		t.Error("nothing was found")
	}
	other := httptest.NewRecorder()
	mock.ServeHTTP(other, httptest.NewRequest(http.MethodGet, "/v2/abc/data-connectors", nil))
	if !strings.Contains(other.Body.String(), `"mine"`) {
		t.Error("an item that is not the run's was deleted")
	}
	if left := listing(mock); strings.Contains(left, contract.NamePrefix) {
		t.Errorf("something is left: %s", left)
	}
}

func TestNothingToRun(t *testing.T) {
	for _, o := range []contract.Options{{Spec: emptySpec(t)}, {Spec: newSpec(t), Phases: []string{"state"}, ReadOnly: true}} {
		report, err := contract.Verify(t.Context(), contract.Handler(newMock(t)), o)
		if !errors.Is(err, contract.ErrNothingRan) || report == nil || report.Requests > 0 {
			t.Errorf("error %v, report %+v; want ErrNothingRan", err, report)
		}
	}
}
