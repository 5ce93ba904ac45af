package mockserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/fault"
	"github.com/counterpart-go/counterpart/mockserver/journal"
	"github.com/counterpart-go/counterpart/mockserver/stub"
	"github.com/counterpart-go/counterpart/openapi"
)

// Options are all choices. The zero value is the built-in document with a memory store, ids from crypto/rand, the
// real clock and no log.
type Options struct {
	Spec    *openapi.Spec    // the contract; nil is openapi.Default()
	Specs   []*openapi.Spec  // several contracts, each at its own base paths (see [openapi.Spec.Under]), in place of Spec
	Store   Store            // nil is NewMemory()
	Seed    uint64           // same seed, same requests in the same order: same ids. 0 draws from crypto/rand
	Now     func() time.Time // nil is time.Now
	Log     *slog.Logger     // one line a request; nil is none
	Limits  Limits           // on what clients can make it hold or wait for
	Tracer  trace.Tracer     // makes a span of each request; nil makes none
	Control ControlOptions   // who may use the control API
	Strict  *Strict          // makes a test fail for requests that break the document; nil makes none fail, and [New] knows of no test
	Auth    *Credentials     // who may use the mock, see [Server.SetCredentials]; nil is everybody

	Configuration  Configuration // faults, stubs and more from the start, see [Server.Configure]; its state goes into an empty store
	Wait           fault.Wait    // what an answer that a fault holds back waits with; nil waits in real time
	DataConnectors DataConnectorOptions
	Untyped        bool // without the handlers of the built-in API: its resources are served as those of any other document
}

// Server is the mock. Make one with [New] or [Start]; safe for concurrent use.
type Server struct {
	URL string // where it listens; "" unless it was made by Start

	options    Options // no field is left to its default
	store      Store
	log        *slog.Logger
	limits     Limits
	ids        *ids // of requests
	control    *controlAPI
	clock      *Clock
	connectors *connectorSettings
	configured atomic.Pointer[Configuration]
	strict     *strict                 // nil for none
	undo       atomic.Pointer[undoLog] // nil unless a change of the state as a whole is being made
	echo       *echo.Echo
	journal    *journal.Journal
	stubs      *stub.Set
	faults     *fault.Set
	metrics    *metrics
	traces     *traces

	site      atomic.Pointer[site]
	gate      sync.RWMutex // held for reading by each request that is being carried out, for writing while site is replaced
	replacing sync.Mutex   // held while another site is made

	largeBodies chan struct{} // holds one for each large body that is in memory
	spools      sync.Pool     // of *bytes.Buffer, see spooled
	inHand      chan struct{} // holds one for each request that is being judged and carried out
	connections atomic.Int64  // open ones of [Server.Listener]

	authority atomic.Pointer[authority] // nil for none
	lockout   lockout

	ending chan struct{} // closed when nobody shall wait for a fault any more
	hurry  func()        // closes it
}

// New makes a mock. The error says why a document cannot be used; it is an [*openapi.ClashError] where two of them cannot
// be used together.
func New(o Options) (*Server, error) {
	specs, err := o.contracts()
	if err != nil {
		return nil, err
	}
	if o.Store == nil {
		o.Store = NewMemory()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.orDefault()
	clock := &Clock{base: o.Now}
	o.Now = clock.Now
	s := &Server{log: o.Log, limits: o.Limits, clock: clock, connectors: newConnectorSettings(o.DataConnectors), ids: newIDs(o.Seed, "request"), echo: echo.New(),
		traces: &traces{o.Tracer}, spools: sync.Pool{New: func() any { return new(bytes.Buffer) }}, largeBodies: make(chan struct{}, o.Limits.LargeBodies), inHand: make(chan struct{}, o.Limits.AtOnce)}
	s.journal = journal.New(journal.Limits{Entries: o.Limits.JournalEntries, Bytes: o.Limits.JournalBytes, Body: o.Limits.JournalBody}, s.specs)
	s.ending = make(chan struct{})
	s.hurry = sync.OnceFunc(func() { close(s.ending) })
	if o.Wait == nil {
		o.Wait = s.wait
	}
	s.metrics = newMetrics(s)
	s.store = observedStore{o.Store, s.metrics, s.traces}
	if _, memory := o.Store.(*Memory); !memory { // which never makes anybody wait
		s.store = boundedStore{s.store, o.Limits.HandlerTime}
	}
	s.store = undoableStore{s.store, &s.undo}
	s.options = o
	if err := s.openSite(specs); err != nil {
		return nil, err
	}
	s.stubs, s.faults = newStubs(o, specs), fault.NewSet(o.Seed, specs...)
	if err := s.SetCredentials(o.Auth); err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.control = newControl(s)
	s.echo.Pre(s.sequence)
	if err := s.begin(context.Background()); err != nil {
		return nil, err
	}
	return s, nil
}

// TB is what a mock needs of the *testing.T, *testing.B or *testing.F whose test it is for.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// InTest makes a mock, and closes it when the test ends. It ends the test when that fails. [Transport] calls it without a
// socket, [Start] gives it one.
func InTest(t TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatalf("mockserver: %v", err)
	}
	if o.Strict != nil {
		s.strict = &strict{t: t, allowed: *o.Strict}
	}
	t.Cleanup(func() {
		s.strict.end()
		_ = s.Close()
	})
	return s
}

// Start is [InTest] for a mock that listens on a free loopback port.
func Start(t TB, o Options) *Server {
	t.Helper()
	s := InTest(t, o)
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("mockserver: %v", err)
	}
	server := s.HTTPServer()
	go func() { _ = server.Serve(s.Listener(listener)) }()
	t.Cleanup(func() { _ = server.Close() })
	s.URL = "http://" + listener.Addr().String()
	return s
}

// Close closes the store, and ends what waits for exchanges. Answers that a fault holds back are sent.
func (s *Server) Close() error {
	s.hurry()
	s.journal.Close()
	return s.store.Close()
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.survive(r)
	s.echo.ServeHTTP(w, r)
}

// survive counts and logs a panic that guard does not see, from answering or from a control request. How much of an
// answer has been sent is unknown then, so the connection ends.
func (s *Server) survive(r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}
	if err, _ := reason.(error); !errors.Is(err, http.ErrAbortHandler) {
		s.metrics.panics.Inc()
		s.log.Error("panic", "method", r.Method, "path", r.URL.EscapedPath(), "panic", fmt.Sprint(reason), "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// Journal remembers the latest exchanges, as many as the limits allow. Control requests are not among them.
func (s *Server) Journal() *journal.Journal { return s.journal }

// Clock is the time as the mock sees it.
func (s *Server) Clock() *Clock { return s.clock }

// exchange is one request on its way through the sequence.
type exchange struct {
	echo.Context
	out       http.ResponseWriter // the client's; a handler is given a recorder
	id        string              // X-Request-Id
	start     time.Time
	at        time.Time        // the same by the clock of the mock
	site      *site            // as it is when the request comes
	service   *service         // that answers; of an unknown path the nearest
	span      trace.Span       // nil for none
	places    [2]chan struct{} // of which it holds one each
	held      int              // how many of places
	inside    *sync.RWMutex    // the gate behind which it is; nil before and after
	duration  time.Duration    // from start to the answer
	operation *openapi.Operation
	request   openapi.Request
	unread    *bytes.Reader // of the request's body, for who reads it once more; nil for none
	who       *identity     // that sent the request; nil where nobody has asked
	refused   *refusal      // nil when the request was carried out
	answer    openapi.Response
	disturbed *fault.Chosen   // by the faults that are to act; nil for none
	delivery  *fault.Delivery // how the answer gets to the client; nil for as always

	// What the journal tells beside these.
	stub       string             // id of the one that answered; "" for none
	nearMisses []control.NearMiss // the stubs for the operation that did not match
	faults     []string           // ids of those that acted
}

// sequence takes every request; those for the control API go a way of their own.
func (s *Server) sequence(echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if endsUnclear(c.Request()) {
			c.Response().Header().Set("Connection", "close")
		}
		if s.control.takes(c.Request()) {
			return s.control.sequence(c)
		}
		x := &exchange{Context: c, out: c.Response(), id: s.ids.next(), start: time.Now(), at: s.clock.Now(), site: s.site.Load()}
		defer x.free()
		s.traces.begin(x)
		if err := s.guard(x, s.find, s.read, s.enter, s.authenticate, s.disturb, s.validate, s.acceptable, s.answer, s.check); err != nil {
			s.refuse(x, err)
		}
		s.spoil(x)
		s.remember(x) // before the answer, so that whoever has the answer finds it
		x.free()      // a client that is slow to take its answer holds no place
		return s.send(x)
	}
}

// endsUnclear says whether another reader may see another end of the body, so that nothing more may be read from the
// connection (RFC 9112, sections 6.1 and 6.3): net/http does not tell whether a request that came in chunks had a
// Content-Length too, nor whether one of HTTP/1.0 named chunks, which it ignores there.
func endsUnclear(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) && r.ContentLength > 0
}

// remember tells everyone who wants to know what became of a request. The log judges a body that was refused once more:
// the exchange still needs its places for that.
func (s *Server) remember(x *exchange) {
	x.duration = time.Since(x.start) + x.heldBack()
	s.traces.end(x)
	s.metrics.observe(x)
	s.journal.Add(s.entry(x))
	s.logLine(x)
	s.strict.judge(x)
}

func (x *exchange) hold(place chan struct{}) {
	x.places[x.held] = place
	x.held++
}

// free gives back the places that it still holds.
func (x *exchange) free() {
	if x.inside != nil {
		x.inside.RUnlock()
		x.inside = nil
	}
	for ; x.held > 0; x.held-- {
		<-x.places[x.held-1]
	}
}

// entry is the exchange for the journal: references, of which it makes words when somebody reads.
func (s *Server) entry(x *exchange) *journal.Entry {
	r := x.Request()
	e := &journal.Entry{
		ID: x.id, At: x.at, Duration: x.duration, Method: r.Method, URL: r.URL, Host: r.Host, TLS: r.TLS != nil, Proto: r.Proto,
		Spec: x.service.spec, Request: x.request, Response: x.answer, Length: r.ContentLength, Operation: x.operation,
		Stub: x.stub, NearMisses: x.nearMisses, Faults: x.faults,
	}
	if x.refused != nil {
		e.Refused, e.Reason, e.Violations = x.refused.reason, x.refused.forJournal(), x.refused.violations
	}
	return e
}

func (x *exchange) send() error {
	x.sendHeader()
	x.out.WriteHeader(x.answer.Status)
	_, err := x.out.Write(x.answer.Body)
	return err
}

// sendHeader gives the client's writer all that stands below the status line.
func (x *exchange) sendHeader() {
	header := x.out.Header()
	for name, values := range x.answer.Header {
		header[name] = values
	}
	if len(x.answer.Body) > 0 {
		header.Set("Content-Length", strconv.Itoa(len(x.answer.Body)))
	}
}

// guard takes the steps in order until one refuses. A panic is a refusal too: no request may stop the server.
func (s *Server) guard(x *exchange, steps ...func(*exchange) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.metrics.panics.Inc()
			err = &refusal{reason: openapi.Internal, cause: &panicError{r, debug.Stack()}}
		}
	}()
	for _, step := range steps {
		switch err := step(x); {
		case err == nil:
		case errors.Is(err, errAnswered):
			return s.check(x)
		default:
			return err
		}
	}
	return nil
}

// errAnswered is the error by which a step says that it has made the answer, which the check alone is left for.
var errAnswered = errors.New("answered already")

// panicError is a panic that a request caused.
type panicError struct {
	value any
	stack []byte // for the log alone
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// find comes before read: a body that is for no operation is not worth reading.
func (s *Server) find(x *exchange) error {
	r := x.Request()
	x.service = x.site.services[0]
	if int64(len(r.URL.EscapedPath())+len(r.URL.RawQuery)) > s.limits.URL {
		x.service = x.site.nearest(r.URL.EscapedPath())
		return &refusal{reason: openapi.TooLong, cause: fmt.Errorf("the URL is over the limit of %d bytes", s.limits.URL)}
	}
	x.request = openapi.Request{Header: r.Header}
	if err := x.route(); err != nil {
		return err
	}
	if strings.Count(r.URL.RawQuery, "&") >= s.limits.QueryKeys {
		return &refusal{reason: openapi.Invalid, violations: openapi.Violations{
			{In: openapi.InQuery, Keyword: openapi.KeywordSyntax, Detail: fmt.Sprintf("it has more than %d keys", s.limits.QueryKeys)}}}
	}
	if r.URL.RawQuery != "" {
		x.request.Query = r.URL.Query()
	}
	return nil
}

// route finds the operation in the site of the exchange.
func (x *exchange) route() error {
	r := x.Request()
	operation, path, err := x.site.routes.Find(r.Method, r.URL.EscapedPath())
	var route *openapi.RouteError
	if errors.As(err, &route) {
		x.operation, x.service = nil, x.site.nearest(r.URL.EscapedPath())
		return &refusal{reason: string(route.Reason), cause: err}
	}
	x.operation, x.service, x.request.Path = operation, x.site.serviceOf(operation), path
	return nil
}

// enter waits while a contract is being replaced. A request that arrived whole only after that is one for the new
// contract.
func (s *Server) enter(x *exchange) error {
	s.gate.RLock()
	x.inside = &s.gate
	site := s.site.Load()
	if site == x.site {
		return nil
	}
	x.site = site
	return x.route()
}

func (s *Server) validate(x *exchange) error {
	violations := x.operation.ValidateRequest(x.request)
	if len(violations) == 0 {
		return nil
	}
	reason := openapi.Invalid
	for _, v := range violations {
		if v.In == openapi.InHeader && v.Keyword == openapi.KeywordContent {
			reason = openapi.MediaTypeReason
		}
	}
	return &refusal{reason: reason, violations: violations}
}

// answer asks the sources in turn: what the client prefers, the stubs, the handlers of this API, the resources of any API, the document's examples.
func (s *Server) answer(x *exchange) error {
	if p := preferenceOf(x.request.Header); p.any() {
		return s.preferredAnswer(x, p)
	}
	if answered, err := s.stubbedAnswer(x); answered || err != nil {
		return err
	}
	err := s.carryOut(x)
	if errors.Is(err, errStateless) {
		return s.exampleAnswer(x)
	}
	return err
}

// carryOut does what the request asks for. It is errStateless where no state says what to answer.
func (s *Server) carryOut(x *exchange) error {
	if handler, ok := x.service.handlers[x.operation.ID]; ok {
		return s.handle(x, handler)
	}
	return interrupted(x.service.resources.answer(x))
}

// handle lets a handler of the generated code answer.
func (s *Server) handle(x *exchange, handler echo.HandlerFunc) error {
	w := &recorder{header: http.Header{}}
	x.SetResponse(echo.NewResponse(w, s.echo))
	names, values := make([]string, 0, len(x.request.Path)), make([]string, 0, len(x.request.Path))
	for name, value := range x.request.Path {
		names, values = append(names, name), append(values, value)
	}
	x.SetParamNames(names...)
	x.SetParamValues(values...)
	ctx := context.WithValue(x.Request().Context(), requestID{}, x.id)
	if x.who != nil {
		ctx = context.WithValue(ctx, sender{}, x.who)
	}
	r := x.Request().WithContext(ctx)
	if x.request.Value != nil {
		r.Body = judgedBody{r.Body, x.request.Value}
	}
	x.SetRequest(r)
	err := handler(x.Context)
	var unread *echo.HTTPError
	if errors.As(err, &unread) && unread.Code == http.StatusBadRequest { // a parameter sent twice, or an integer as 5.0
		err = &refusal{reason: openapi.Invalid, violations: openapi.Violations{
			{In: openapi.InQuery, Keyword: openapi.KeywordSyntax, Detail: fmt.Sprint(unread.Message)}}}
	}
	x.answer = openapi.Response{Status: w.status, Header: w.header, Body: w.body, Made: w.made}
	return interrupted(err)
}

// interrupted makes refusals of the errors of a store that is away or too slow, and of a client that has gone.
func interrupted(err error) error {
	if err == nil {
		return nil
	}
	var away *UnavailableError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &refusal{reason: openapi.Timeout, cause: err}
	case errors.As(err, &away), errors.Is(err, context.Canceled):
		return &refusal{reason: openapi.Unavailable, cause: err}
	}
	return err
}

// judgedBody gives the generated code the very value that was validated. Decoding the bytes again would ignore the
// case of keys, and so take `Connector_Name`, which nobody has judged, for connector_name.
type judgedBody struct {
	io.ReadCloser
	value any
}

// ValidatedValue is what the generated code asks a body for.
func (b judgedBody) ValidatedValue() any { return b.value }

// check holds the mock to the contract: an answer that breaks it does not leave.
func (s *Server) check(x *exchange) error {
	x.answer.Header.Set(requestIDHeader, x.id)
	if len(x.operation.ValidateResponse(x.answer)) == 0 {
		return nil
	}
	x.identify() // the document may want the id to look different: hardly any does
	violations := x.operation.ValidateResponse(x.answer)
	if len(violations) == 0 {
		return nil
	}
	return &refusal{reason: openapi.Internal, cause: fmt.Errorf("the mock's own answer breaks the document: %s", violations)}
}

// requestID is the context key of the request's id.
type requestID struct{}

func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestID{}).(string)
	return id
}

// recorder keeps an answer until it has been checked.
type recorder struct {
	header http.Header
	status int
	body   []byte
	made   any // what body was made of, see openapi.Response
}

// usualAnswer is in bytes; larger ones are copied while they grow.
const usualAnswer = 4 << 10

// writeJSON answers with a value that may hold stored texts, and lets a recorder know of them.
func writeJSON(w http.ResponseWriter, value any) error {
	w.Header().Set("Content-Type", "application/json")
	if r, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		w = r.Unwrap()
	}
	if r, ok := w.(*recorder); ok {
		r.made = value
	}
	_, err := w.Write(append(openapi.AppendJSON(make([]byte, 0, usualAnswer), value), '\n'))
	return err
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.body = append(r.body, p...)
	return len(p), nil
}
