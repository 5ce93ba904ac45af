package mockserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
)

// wantMetrics checks lines of /_counterpart/metrics.
func (m *mock) wantMetrics(lines ...string) {
	m.Helper()
	a := m.do(http.MethodGet, "/_counterpart/metrics", "")
	if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain; version=0.0.4") {
		m.Fatalf("%d %v", a.status, a.header)
	}
	for _, line := range lines {
		if !strings.Contains(a.body, "\n"+line+"\n") {
			m.Errorf("no metric %q in\n%s", line, a.body)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.do(http.MethodPost, collection(project), sound("a", mysql)).want(t, http.StatusCreated, "")
	m.do(http.MethodPost, collection(project), sound("a", mysql)).want(t, http.StatusBadRequest, "MRS.0010")
	m.do(http.MethodGet, collection(project)+"?limit=0", "").want(t, http.StatusBadRequest, "12000002")
	m.do(http.MethodGet, "/nowhere", "").want(t, http.StatusNotFound, "APIGW.0101")
	m.wantMetrics(`counterpart_requests_total{operation="createDataConnector",status="201"} 1`,
		`counterpart_requests_total{operation="createDataConnector",status="400"} 1`,
		`counterpart_requests_total{operation="none",status="404"} 1`,
		`counterpart_violations_total{in="query",keyword="minimum",operation="listDataConnectors"} 1`,
		`counterpart_request_seconds_count{operation="createDataConnector"} 2`,
		`counterpart_store_seconds_count{action="update",outcome="ok"} 1`,
		`counterpart_store_seconds_count{action="update",outcome="refused"} 1`,
		`counterpart_journal_entries 4`, `counterpart_panics_total 0`)
}

// startKept is start for a test that also asks the server itself.
func startKept(t *testing.T, o mockserver.Options) (*mockserver.Server, *mock) {
	t.Helper()
	srv := mockserver.Start(t, o)
	return srv, &mock{t, srv.URL, &logBuffer{}}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Limits: mockserver.Limits{JournalEntries: 3}})
	for _, name := range []string{"a", "b", "b"} {
		m.do(http.MethodPost, collection(project), sound(name, mysql))
	}
	m.do(http.MethodGet, collection(project)+"?secret=hunter2", "")
	entries := srv.Journal().Exchanges(mockserver.JournalFilter{})
	if len(entries) != 3 || entries[0].Status != 201 || entries[1].Status != 400 || entries[2].Status != 200 {
		t.Fatalf("%+v", entries)
	}
	last, refused := entries[2], entries[1]
	if last.Operation != "listDataConnectors" || last.Method != http.MethodGet || last.Path != collection(project) || last.RequestID == "" || last.DurationUs <= 0 || last.At.IsZero() {
		t.Errorf("%+v", last)
	}
	if refused.Refused != "duplicate" || refused.Reason == "" || last.Refused != "" {
		t.Errorf("refused %q: %q, carried out %q", refused.Refused, refused.Reason, last.Refused)
	}
}

func TestJournalBytes(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Limits: mockserver.Limits{JournalBytes: 12_000}})
	for range 100 {
		m.do(http.MethodGet, "/"+strings.Repeat("x", 500), "")
	}
	if n, bytes := srv.Journal().Extent(); n < 1 || n > 10 || bytes > 12_000 {
		t.Errorf("%d entries of more than 1200 bytes each, of %d in all, in 12000 bytes", n, bytes)
	}
	m.do(http.MethodGet, "/"+strings.Repeat("x", 12_000), "")
	for _, e := range srv.Journal().Exchanges(mockserver.JournalFilter{}) {
		if len(e.Path) > 600 {
			t.Error("an entry over the limit is remembered")
		}
	}
}

// awayStore is away, or takes longer than anybody waits.
type awayStore struct {
	mockserver.Store

	slow bool
}

func (s *awayStore) fail(ctx context.Context) error {
	if s.slow {
		<-ctx.Done()
		return &mockserver.UnavailableError{Err: ctx.Err()}
	}
	return &mockserver.UnavailableError{Err: errors.New("connection refused")}
}

func (s *awayStore) View(ctx context.Context, _ string, _ func(mockserver.Collection) error) error {
	return s.fail(ctx)
}

func (s *awayStore) Update(ctx context.Context, _ string, _ func(mockserver.Collection) error) error {
	return s.fail(ctx)
}

func (s *awayStore) Ping(ctx context.Context) error { return s.fail(ctx) }

func TestAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Store: &awayStore{Store: mockserver.NewMemory()}})
	m.wantAway(m.do(http.MethodGet, collection(project), ""), "Backend unavailable.")
	m.wantAway(m.do(http.MethodPost, collection(project), sound("a", mysql)), "Backend unavailable.")
	ready := m.do(http.MethodGet, "/_counterpart/ready", "")
	if ready.status != http.StatusServiceUnavailable || ready.header.Get("Retry-After") != "1" || !strings.Contains(ready.body, "connection refused") {
		t.Errorf("%+v", ready)
	}
	m.do(http.MethodGet, "/_counterpart/health", "").want(t, http.StatusOK, "")
	m.wantMetrics(`counterpart_store_seconds_count{action="view",outcome="unavailable"} 1`)
}

func TestAStoreThatIsSlow(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Store: &awayStore{Store: mockserver.NewMemory(), slow: true}, Limits: mockserver.Limits{HandlerTime: 20 * time.Millisecond}})
	m.wantAway(m.do(http.MethodGet, collection(project), ""), "Backend timeout.")
}

func (m *mock) wantAway(a answer, message string) {
	m.Helper()
	if got := a.want(m, http.StatusServiceUnavailable, "APIGW.0201"); got != message || a.header.Get("Retry-After") != "1" {
		m.Errorf("%q, Retry-After %q", got, a.header.Get("Retry-After"))
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.do(http.MethodGet, "/_counterpart/ready", "").want(t, http.StatusOK, "")
}

// panickingStore breaks down at every use.
type panickingStore struct{ mockserver.Store }

func (panickingStore) View(context.Context, string, func(mockserver.Collection) error) error {
	panic("out of order")
}

func TestAPanicIsCountedAndLogged(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Store: panickingStore{mockserver.NewMemory()}})
	m.do(http.MethodGet, collection(project), "").want(t, http.StatusInternalServerError, "12000004")
	m.do(http.MethodPost, collection(project), sound("a", mysql)).want(t, http.StatusCreated, "")
	m.wantMetrics(`counterpart_panics_total 1`)
	if log := m.log.String(); !strings.Contains(log, "panic: out of order") || !strings.Contains(log, "observe_test.go") {
		t.Errorf("the log lacks the panic or its stack:\n%s", log)
	}
}

func TestLargeBodiesWaitForEachOther(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Limits: mockserver.Limits{LargeBodies: 1, HandlerTime: time.Second}})
	slow, write := io.Pipe()
	held := make(chan answer)
	go func() {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url+collection(project), slow)
		request.Header.Set("Content-Type", "application/json")
		held <- m.send(request)
	}()
	large := sound("b", mysql) + strings.Repeat(" ", 300<<10)
	_, _ = io.WriteString(write, sound("a", mysql)+strings.Repeat(" ", 600<<10)) // some of it is still on the way
	refused := m.do(http.MethodPost, collection(project), large[1:])
	for refused.status == http.StatusBadRequest && t.Context().Err() == nil {
		refused = m.do(http.MethodPost, collection(project), large[1:])
	}
	m.wantAway(refused, "Backend unavailable.")
	m.do(http.MethodPost, collection(project), sound("c", mysql)).want(t, http.StatusCreated, "") // a small one does not wait
	_ = write.Close()
	(<-held).want(t, http.StatusCreated, "")
	m.do(http.MethodPost, collection(project), large).want(t, http.StatusCreated, "")
}
