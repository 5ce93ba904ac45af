package mockserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/fault"
	"github.com/counterpart-go/counterpart/openapi"
)

// faulty is a mock with these faults.
func faulty(t *testing.T, o mockserver.Options, faults ...mockserver.Fault) (*mockserver.Server, *mock) {
	t.Helper()
	o.Configuration.Faults = faults
	if o.Spec == nil {
		o.Spec = document(t)
	}
	return startKept(t, o)
}

// halt is a wait that ends when the test says so, or the request does.
type halt struct{ begun, over chan struct{} }

func newHalt() halt { return halt{make(chan struct{}, 1000), make(chan struct{})} }

func (h halt) wait(ctx context.Context, _ time.Duration) error {
	h.begun <- struct{}{}
	select {
	case <-h.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// However many answers are held back, others are not; the request is carried out before, and its exchange tells how long
// it takes.
func TestHeldBackAnswersHoldNoPlace(t *testing.T) {
	t.Parallel()
	h, many := newHalt(), 50
	srv, m := faulty(t, mockserver.Options{Wait: h.wait, Limits: mockserver.Limits{AtOnce: 1, LargeBodies: 1}},
		mockserver.Fault{When: mockserver.Match{Project: "slow"}, Latency: &mockserver.Latency{Ms: 5000}})
	large := sound("large", mysql) + strings.Repeat(" ", 100<<10)
	var all sync.WaitGroup
	for range many {
		all.Go(func() { m.do(http.MethodGet, collection("slow"), "") })
	}
	all.Go(func() { m.do(http.MethodPost, collection("slow"), large) })
	for range many + 1 {
		<-h.begun
	}
	m.do(http.MethodPost, collection(project), large).want(t, http.StatusCreated, "")
	if n := len(srv.Journal().Exchanges(mockserver.JournalFilter{Status: "201"})); n != 2 {
		t.Errorf("%d creates are in the journal, want 2", n)
	}
	close(h.over)
	all.Wait()
	for _, e := range srv.Journal().Exchanges(mockserver.JournalFilter{Project: "slow"}) {
		if e.DurationUs < 5_000_000 || e.Status/100 != 2 || !slices.Equal(e.Faults, []string{"configured-1"}) {
			t.Errorf("an exchange took %d µs, was answered with %d, faults %v", e.DurationUs, e.Status, e.Faults)
		}
	}
}

// Another status takes the place of what would have been done, also for a request that is not sound.
func TestStatusChangesNothing(t *testing.T) {
	t.Parallel()
	srv, m := faulty(t, mockserver.Options{}, mockserver.Fault{First: 2, When: mockserver.Match{Operation: "createDataConnector"}, Status: &mockserver.StatusFault{Code: 500}})
	m.do(http.MethodPost, collection(project), sound("a", mysql)).want(t, 500, "12000004")
	m.do(http.MethodPost, collection(project), `{"data_connector":7}`).want(t, 500, "12000004")
	m.wantList(project, nil)
	id := m.create(project, "a", mysql)
	m.wantList(project, []string{id})
	if f := srv.Faults()[0]; f.Seen != 3 || f.Acted != 2 {
		t.Errorf("it has seen %d and acted on %d, want 3 and 2", f.Seen, f.Acted)
	}
	if e := srv.Journal().Exchanges(mockserver.JournalFilter{})[0]; e.Status != 500 || e.Refused != "" || len(e.Faults) != 1 {
		t.Errorf("%+v", e)
	}
}

// A status names an example, and one of the document's errors is given as the document has it.
func TestStatusExample(t *testing.T) {
	t.Parallel()
	_, m := faulty(t, mockserver.Options{}, mockserver.Fault{Status: &mockserver.StatusFault{Code: 400, Example: "duplicate"}})
	if text := m.do(http.MethodPost, collection(project), "").want(t, 400, "MRS.0010"); !strings.Contains(text, "already exists") {
		t.Error(text)
	}
}

// A throttled request is refused as the document says it, with Retry-After in whole seconds, and nothing is carried out.
func TestThrottled(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	throttle := mockserver.Fault{Throttle: &mockserver.Throttle{PerSecond: 0.4}}
	_, m := faulty(t, mockserver.Options{Now: c.Now}, throttle)
	m.create(project, "a", mysql)
	refused := m.do(http.MethodPost, collection(project), sound("b", mysql))
	refused.want(t, 429, "APIGW.0308")
	if after := refused.header.Get("Retry-After"); after != "3" {
		t.Errorf("Retry-After %q, want 3: a token comes every 2.5 s", after)
	}
	c.advance(2400 * time.Millisecond)
	if after := m.do(http.MethodGet, collection(project), "").header.Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After %q, want 1", after)
	}
	c.advance(200 * time.Millisecond)
	if n := len(m.list(project).ids()); n != 1 {
		t.Errorf("there are %d items, want 1", n)
	}

	for _, row := range []struct{ name, responses, body string }{
		{"that says nothing of it", `{'200': {description: ok}}`, `{"error":"throttled","message":"Too many requests: ask again later."}`},
		{"with words of its own", `{'200': {description: ok}, '429': {description: no, headers: {Retry-After: {required: true, schema: {type: integer, minimum: 60}}}, content: {application/json: {schema: {type: object, required: [title], properties: {title: {type: string}, detail: {type: string}}}}}}}`,
			`{"title":"Too Many Requests","detail":"Too many requests: ask again later."}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, m := faulty(t, mockserver.Options{Now: c.Now, Spec: loadText(t, openapiHead+"paths: {/a: {get: {responses: "+row.responses+"}}}\n")}, throttle)
			m.do(http.MethodGet, "/a", "").want(t, 200, "")
			refused := m.do(http.MethodGet, "/a", "")
			refused.want(t, 429, "")
			if got := strings.TrimSpace(refused.body); len(got) != len(row.body) || !strings.Contains(got, "ask again later.") || refused.header.Get("Retry-After") != "3" {
				t.Errorf("Retry-After %q, body %s, want %s", refused.header.Get("Retry-After"), got, row.body)
			}
		})
	}
}

// serving lets a mock serve over HTTP/1.1, TLS or HTTP/2; client speaks it.
func serving(t *testing.T, protocol string, faults ...mockserver.Fault) (srv *mockserver.Server, server *http.Server, url string, client *http.Client) {
	t.Helper()
	srv, err := mockserver.New(mockserver.Options{Spec: document(t), Configuration: mockserver.Configuration{Faults: faults}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server = srv.HTTPServer()
	transport := &http.Transport{}
	client, url = &http.Client{Transport: transport}, "http://"+listener.Addr().String()+collection(project)
	if protocol == "HTTP/1.1" {
		go func() { _ = server.Serve(srv.Listener(listener)) }()
	} else {
		secured := httptest.NewUnstartedServer(nil) // for its certificate alone
		secured.StartTLS()
		t.Cleanup(secured.Close)
		server.TLSConfig = &tls.Config{Certificates: secured.TLS.Certificates}
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
		transport.ForceAttemptHTTP2 = protocol == "HTTP/2"
		if protocol == "TLS" {
			server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}
		url = "https" + strings.TrimPrefix(url, "http")
		go func() { _ = server.ServeTLS(srv.Listener(listener), "", "") }()
	}
	t.Cleanup(func() { transport.CloseIdleConnections(); _, _ = server.Close(), srv.Close() })
	return srv, server, url, client
}

// get is how an exchange ends.
func get(client *http.Client, url string) (status int, body string, err error) {
	response, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

// What does not arrive is an error for the client, over every protocol; the connection gives its place back.
func TestAnswersThatDoNotArrive(t *testing.T) {
	t.Parallel()
	five := 5
	for _, protocol := range []string{"HTTP/1.1", "TLS", "HTTP/2"} {
		for _, row := range []struct {
			name   string
			fault  mockserver.Fault
			status int // that the client and the journal see
			body   string
		}{
			{"reset", mockserver.Fault{Connection: mockserver.ConnectionReset}, 0, ""},
			{"close", mockserver.Fault{Connection: mockserver.ConnectionClose}, 0, ""},
			{"truncate", mockserver.Fault{Truncate: &mockserver.Truncate{Bytes: &five}}, 200, `{"dat`},
			{"truncate half", mockserver.Fault{Truncate: &mockserver.Truncate{}}, 200, `{"data_connectors":`},
			{"slow and truncate", mockserver.Fault{Slow: &mockserver.Slow{BytesPerSecond: 1000}, Truncate: &mockserver.Truncate{Bytes: &five}}, 200, `{"dat`},
		} {
			t.Run(protocol+" "+row.name, func(t *testing.T) {
				t.Parallel()
				srv, server, url, client := serving(t, protocol, row.fault)
				status, body, err := get(client, url)
				if err == nil || status != row.status || body != row.body {
					t.Errorf("%d %q, %v; want %d %q and an error", status, body, err, row.status, row.body)
				}
				if row.name == "reset" && protocol != "HTTP/2" && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%v is no reset", err)
				}
				e := srv.Journal().Exchanges(mockserver.JournalFilter{})[0]
				if e.Status != row.status || len(e.Faults) != 1 || e.Operation != "listDataConnectors" {
					t.Errorf("the journal has %+v", e)
				}
				srv.ClearFaults()
				if status, body, err := get(client, url); err != nil || status != 200 {
					t.Errorf("after it: %d %q, %v", status, body, err)
				}
				client.CloseIdleConnections()
				if err := server.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
				w := httptest.NewRecorder()
				srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_counterpart/metrics", nil))
				if !strings.Contains(w.Body.String(), "\ncounterpart_connections 0\n") {
					t.Error("a connection has kept its place")
				}
			})
		}
	}
}

// Without a socket there is nothing to reset: the handler is aborted, and the transport makes an error of it.
func TestAnswersThatDoNotArriveWithoutASocket(t *testing.T) {
	t.Parallel()
	for _, f := range []mockserver.Fault{{Connection: mockserver.ConnectionReset}, {Connection: mockserver.ConnectionClose}, {Truncate: &mockserver.Truncate{}}} {
		srv := mockserver.InTest(t, mockserver.Options{Spec: document(t), Configuration: mockserver.Configuration{Faults: []mockserver.Fault{f}}})
		if status, _, err := get(&http.Client{Transport: mockserver.Transport(srv)}, "http://mock"+collection(project)); err == nil || f.Connection != "" && status != 0 {
			t.Errorf("%+v: %d, %v", f, status, err)
		}
		func() {
			defer func() {
				if reason, _ := recover().(error); !errors.Is(reason, http.ErrAbortHandler) {
					t.Errorf("%+v: it ended with %v", f, reason)
				}
			}()
			srv.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, collection(project), nil))
		}()
	}
}

// A slow body comes whole, in as many pieces as its rate says.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	var took atomic.Int64
	_, m := faulty(t, mockserver.Options{Wait: func(_ context.Context, d time.Duration) error { took.Add(int64(d)); return nil }},
		mockserver.Fault{When: mockserver.Match{Operation: "listDataConnectors"}, Slow: &mockserver.Slow{BytesPerSecond: 200}})
	m.create(project, "a", mysql)
	body := m.do(http.MethodGet, collection(project), "").body
	if want := time.Duration(len(body)) * time.Second / 200; !strings.HasSuffix(body, "}\n") || (time.Duration(took.Load())-want).Abs() > time.Millisecond {
		t.Errorf("%d bytes came in %v, want %v", len(body), time.Duration(took.Load()), want)
	}
}

// Where a client has gone nobody goes on to wait, and the server can end.
func TestNobodyWaitsForAClientThatHasGone(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]mockserver.Fault{"latency": {Latency: &mockserver.Latency{Ms: 600_000}}, "slow": {Slow: &mockserver.Slow{BytesPerSecond: 1}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHalt()
			srv, err := mockserver.New(mockserver.Options{Spec: document(t), Wait: h.wait, Configuration: mockserver.Configuration{Faults: []mockserver.Fault{f}}})
			if err != nil {
				t.Fatal(err)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := srv.HTTPServer()
			go func() { _ = server.Serve(srv.Listener(listener)) }()
			ctx, leave := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+collection(project), nil)
					if response, err := (&http.Client{Transport: &http.Transport{}}).Do(request); err == nil {
						_, _ = io.Copy(io.Discard, response.Body)
						response.Body.Close()
					}
				})
			}
			for range 20 {
				<-h.begun
			}
			leave()
			all.Wait()
			if err := server.Shutdown(t.Context()); err != nil { // it waits for the handlers
				t.Error(err)
			}
		})
	}
}

// A server that ends sends what it holds back.
func TestShutdownSendsWhatIsHeldBack(t *testing.T) {
	t.Parallel()
	srv, server, url, client := serving(t, "HTTP/1.1", mockserver.Fault{Latency: &mockserver.Latency{Ms: 600_000}, Slow: &mockserver.Slow{BytesPerSecond: 1}})
	answered := make(chan error, 1)
	go func() {
		status, body, err := get(client, url)
		if err == nil && (status != 200 || !strings.HasSuffix(body, "}\n")) {
			err = errors.New(body)
		}
		answered <- err
	}()
	var before int64
	srv.Journal().Wait(t.Context(), mockserver.JournalFilter{After: &before, WaitMs: 30_000})
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// The times that a server gives its clients do not cut off what it holds back itself.
func TestFaultsOutlastTheTimesOfTheServer(t *testing.T) {
	t.Parallel()
	srv, m := faulty(t, mockserver.Options{Limits: mockserver.Limits{HeaderTime: 100 * time.Millisecond, BodyTime: 100 * time.Millisecond, WriteTime: 100 * time.Millisecond}},
		mockserver.Fault{Latency: &mockserver.Latency{Ms: 200}, Slow: &mockserver.Slow{BytesPerSecond: 200}})
	if a := m.do(http.MethodGet, collection(project), ""); a.status != 200 || !strings.HasSuffix(a.body, "}\n") {
		t.Errorf("%d %s", a.status, a.body)
	}
	srv.ClearFaults()
	m.do(http.MethodGet, collection(project), "").want(t, 200, "")
}

// A deliberate breach leaves the mock without a complaint of its own check.
func TestBreachesAreNotRefused(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	for name, f := range map[string]mockserver.Fault{
		"drop": {Breach: &mockserver.Breach{How: mockserver.BreachDrop}}, "type": {Breach: &mockserver.Breach{How: mockserver.BreachType}},
		"embedded": {Breach: &mockserver.Breach{How: mockserver.BreachEmbedded}}, "malformed": {Malformed: true}, "media type": {MediaType: "text/html"},
	} {
		f.When = mockserver.Match{Operation: "listDataConnectors"}
		_, m := faulty(t, mockserver.Options{Log: slog.New(slog.NewTextHandler(log, nil))}, f)
		m.create(project, "a", mysql)
		a := m.do(http.MethodGet, collection(project), "")
		if a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		broken := document(t).Operation("listDataConnectors").ValidateResponse(openapi.Response{Status: a.status, Header: a.header, Body: []byte(a.body)})
		if len(broken) == 0 {
			t.Errorf("%s: the answer is sound: %s", name, a.body)
		}
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Error(log)
	}
}

// Faults follow a document that changes, and a reset makes them those of the configuration.
func TestFaultsOfAChangedDocument(t *testing.T) {
	t.Parallel()
	with, without := loadText(t, openapiHead+"paths: {/a: {get: {operationId: a, responses: {'200': {description: ok}, '503': {description: no}}}}}\n"),
		loadText(t, openapiHead+"paths: {/a: {get: {operationId: b, responses: {'200': {description: ok}}}}}\n")
	log := &logBuffer{}
	srv, m := faulty(t, mockserver.Options{Spec: with, Log: slog.New(slog.NewTextHandler(log, nil))}, mockserver.Fault{ID: "away", When: mockserver.Match{Operation: "a"}, Status: &mockserver.StatusFault{Code: 503}})
	m.do(http.MethodGet, "/a", "").want(t, 503, "")
	if err := srv.Replace(t.Context(), with, without); err != nil {
		t.Fatal(err)
	}
	m.do(http.MethodGet, "/a", "").want(t, 200, "")
	if f := srv.Faults()[0]; !strings.Contains(f.Problem, "no document has the operation a") || f.Acted != 1 {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(log.String(), "a fault has no place in the changed documents") || !strings.Contains(log.String(), "fault=away") {
		t.Error(log)
	}
	if err := srv.Replace(t.Context(), without, with); err != nil {
		t.Fatal(err)
	}
	m.do(http.MethodGet, "/a", "").want(t, 503, "")
	if err := srv.Fault(mockserver.Fault{ID: "more", Connection: mockserver.ConnectionReset}); err != nil {
		t.Fatal(err)
	}
	if err := srv.Reset(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if list := srv.Faults(); len(list) != 1 || list[0].ID != "away" || list[0].Seen != 0 || list[0].Problem != "" {
		t.Errorf("after a reset: %+v", list)
	}
}

// What Go code gives is held to what the control API takes.
func TestWrongFaultsInGo(t *testing.T) {
	t.Parallel()
	srv := mockserver.InTest(t, mockserver.Options{Spec: document(t)})
	for _, row := range []struct {
		fault   mockserver.Fault
		pointer string
	}{
		{mockserver.Fault{Malformed: true, Chance: 2}, "/1/chance"},
		{mockserver.Fault{Throttle: &mockserver.Throttle{}}, "/1/throttle/per_second"},
		{mockserver.Fault{Breach: &mockserver.Breach{How: "bend"}}, "/1/breach/how"},
		{mockserver.Fault{Connection: "cut"}, "/1/connection"},
		{mockserver.Fault{When: mockserver.Match{Operation: "listPets"}, Malformed: true}, "/1/when/operation"},
		{mockserver.Fault{ID: "a b", Malformed: true}, "/1/id"},
	} {
		var refused *fault.Error
		if err := srv.Fault(mockserver.Fault{Malformed: true}, row.fault); !errors.As(err, &refused) || refused.Violations[0].Pointer != row.pointer {
			t.Errorf("%+v: %v, want %s", row.fault, err, row.pointer)
		}
		if n := len(srv.Faults()); n > 0 {
			t.Fatalf("there are %d faults", n)
		}
		var broken *mockserver.ConfigurationError
		err := srv.Configure(mockserver.Configuration{Faults: []mockserver.Fault{{Malformed: true}, row.fault}, Stubs: []mockserver.Stub{closed("s", project)}})
		if !errors.As(err, &broken) || broken.Violations[0].Pointer != "/faults"+row.pointer || !srvHasNone(srv) {
			t.Errorf("%+v: %v", row.fault, err)
		}
	}
}

// srvHasNone says that no stub answers.
func srvHasNone(srv *mockserver.Server) bool {
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_counterpart/stubs", nil))
	return strings.Contains(w.Body.String(), `"stubs":[]`) && len(srv.Faults()) == 0
}

// The control API adds, shows, changes and takes away; what could never act is a problem that names the field.
func TestControlFaults(t *testing.T) {
	t.Parallel()
	_, m := faulty(t, mockserver.Options{})
	const path = "/_counterpart/faults"
	added := m.do(http.MethodPost, path, `{"when":{"operation":"listDataConnectors"},"status":{"code":503},"nth":2}`)
	added.want(t, 201, "")
	for i, want := range []int{200, 503, 200} {
		if a := m.do(http.MethodGet, collection(project), ""); a.status != want {
			t.Errorf("list %d is answered with %d, want %d", i+1, a.status, want)
		}
	}
	if a := m.do(http.MethodGet, path+"/fault-1", ""); !strings.Contains(a.body, `"seen":3`) || !strings.Contains(a.body, `"acted":1`) {
		t.Error(a.body)
	}
	m.do(http.MethodPut, path+"/fault-1", `{"malformed":true,"disabled":true}`).want(t, 200, "")
	if a := m.do(http.MethodGet, path, ""); !strings.Contains(a.body, `{"faults":[{"disabled":true,"id":"fault-1","malformed":true}]}`) {
		t.Error(a.body)
	}
	for body, pointer := range map[string]string{
		`{"status":{"code":418}}`:                 `"pointer":"/status/code"`,
		`{"status":{"code":9}}`:                   `"pointer":"/status/code"`,
		`{"latency":{"ms":1,"sigma":1}}`:          `"pointer":"/latency/sigma"`,
		`{"id":"fault-1","malformed":true}`:       `"pointer":"/id"`,
		`{"when":{"path":"/x"},"slow":{}}`:        `"pointer":"/slow/bytes_per_second"`,
		`{"when":{"path":"/x"},"malformed":true}`: `"pointer":"/when/path"`,
	} {
		if a := m.do(http.MethodPost, path, body); a.status != 400 || !strings.Contains(a.body, pointer) {
			t.Errorf("%s: %d %s, want %s", body, a.status, a.body, pointer)
		}
	}
	m.do(http.MethodDelete, path+"/fault-1", "").want(t, 204, "")
	m.do(http.MethodDelete, path+"/fault-1", "").want(t, 404, "")
	m.do(http.MethodGet, path+"/fault-1", "").want(t, 404, "")
	m.do(http.MethodPost, path, `{"malformed":true}`).want(t, 201, "")
	m.do(http.MethodDelete, path, "").want(t, 204, "")
	if a := m.do(http.MethodGet, path, ""); !strings.Contains(a.body, `{"faults":[]}`) {
		t.Error(a.body)
	}
}
