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
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/counterpart-go/counterpart/openapi"
)

// DefaultMaxBody is the largest request body that is read, in bytes: the gateway's 12 MB (gateway table, 0201).
const DefaultMaxBody = 12 << 20

// Options are all choices. The zero value is the built-in document with a memory store, ids from crypto/rand, the
// real clock and no log.
type Options struct {
	Spec    *openapi.Spec    // the contract; nil is openapi.Default()
	Store   Store            // nil is NewMemory()
	Seed    uint64           // same seed, same requests in the same order: same ids. 0 draws from crypto/rand
	Now     func() time.Time // nil is time.Now
	Log     *slog.Logger     // one line a request; nil is none
	MaxBody int64            // bytes; 0 is DefaultMaxBody

	DataConnectors DataConnectorOptions
}

// Server is the mock. Make one with [New] or [Start]; safe for concurrent use.
type Server struct {
	URL string // where it listens; "" unless it was made by Start

	spec     *openapi.Spec
	store    Store
	log      *slog.Logger
	maxBody  int64
	ids      *ids // of requests
	echo     *echo.Echo
	handlers map[string]echo.HandlerFunc // by operation id
}

// New makes a mock. The error says why the document cannot be used.
func New(o Options) (*Server, error) {
	if o.Spec == nil {
		spec, err := openapi.Default()
		if err != nil {
			return nil, err
		}
		o.Spec = spec
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
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	s := &Server{spec: o.Spec, store: o.Store, log: o.Log, maxBody: o.MaxBody, ids: newIDs(o.Seed, "request"), echo: echo.New()}
	s.handlers = dataConnectorHandlers(o)
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.Pre(s.sequence)
	s.echo.GET(healthPath, s.health)
	return s, nil
}

// TB is what Start needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start makes a mock, lets it listen on a free loopback port and closes it when the test ends. It ends the test when
// that fails.
func Start(t TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatalf("mockserver: %v", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("mockserver: %v", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _, _ = server.Close(), s.Close() })
	s.URL = "http://" + listener.Addr().String()
	return s
}

// Close closes the store.
func (s *Server) Close() error { return s.store.Close() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

const (
	controlPrefix = "/_counterpart/"
	healthPath    = controlPrefix + "health"
)

func (s *Server) health(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// exchange is one request on its way through the sequence.
type exchange struct {
	echo.Context
	out       http.ResponseWriter // the client's; a handler is given a recorder
	id        string              // X-Request-Id
	start     time.Time
	operation *openapi.Operation
	request   openapi.Request
	refused   *refusal // nil when the request was carried out
	answer    openapi.Response
}

// sequence takes every request that is not for the control API.
func (s *Server) sequence(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if strings.HasPrefix(c.Request().URL.Path, controlPrefix) {
			c.Response().Header().Set("X-Request-Id", s.ids.next())
			return next(c)
		}
		x := &exchange{Context: c, out: c.Response(), id: s.ids.next(), start: time.Now()}
		if err := s.guard(x, s.find, s.read, s.validate, s.answer, s.check); err != nil {
			s.refuse(x, err)
		}
		s.logLine(x) // before the answer, so that whoever has the answer finds the line
		return x.send()
	}
}

func (x *exchange) send() error {
	header := x.out.Header()
	for name, values := range x.answer.Header {
		header[name] = values
	}
	if len(x.answer.Body) > 0 {
		header.Set("Content-Length", strconv.Itoa(len(x.answer.Body)))
	}
	x.out.WriteHeader(x.answer.Status)
	_, err := x.out.Write(x.answer.Body)
	return err
}

// guard takes the steps in order until one refuses. A panic is a refusal too: no request may stop the server.
func (s *Server) guard(x *exchange, steps ...func(*exchange) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &refusal{reason: openapi.Internal, cause: fmt.Errorf("panic: %v", r)}
		}
	}()
	for _, step := range steps {
		if err := step(x); err != nil {
			return err
		}
	}
	return nil
}

// maxQueryKeys is where net/url gives up: it drops the whole of a longer query, without a word.
const maxQueryKeys = 10_000

// find comes before read: a body that is for no operation is not worth reading.
func (s *Server) find(x *exchange) error {
	r := x.Request()
	operation, path, err := s.spec.Find(r.Method, r.URL.EscapedPath())
	var route *openapi.RouteError
	if errors.As(err, &route) {
		return &refusal{reason: string(route.Reason), cause: err}
	}
	x.operation = operation
	x.request = openapi.Request{Path: path, Query: r.URL.Query(), Header: r.Header}
	if strings.Count(r.URL.RawQuery, "&") >= maxQueryKeys {
		return &refusal{reason: openapi.Invalid, violations: openapi.Violations{
			{In: openapi.InQuery, Keyword: openapi.KeywordSyntax, Detail: fmt.Sprintf("it has more than %d keys", maxQueryKeys)}}}
	}
	return nil
}

func (s *Server) read(x *exchange) error {
	r := x.Request()
	body, err := io.ReadAll(http.MaxBytesReader(x.Response(), r.Body, s.maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &refusal{reason: openapi.TooLarge, cause: err}
	case err != nil:
		return &refusal{reason: openapi.Invalid, cause: err, violations: openapi.Violations{
			{In: openapi.InBody, Keyword: openapi.KeywordSyntax, Detail: "it ends too early"}}}
	}
	x.request.Body = body
	x.request.Value, _ = openapi.DecodeJSON(body) // what is no JSON, validate says
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
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

// answer asks the sources in turn: the handlers of this API, then the document's examples.
func (s *Server) answer(x *exchange) error {
	handler, ok := s.handlers[x.operation.ID]
	if !ok {
		return s.exampleAnswer(x)
	}
	w := &recorder{header: http.Header{}}
	x.SetResponse(echo.NewResponse(w, s.echo))
	names, values := make([]string, 0, len(x.request.Path)), make([]string, 0, len(x.request.Path))
	for name, value := range x.request.Path {
		names, values = append(names, name), append(values, value)
	}
	x.SetParamNames(names...)
	x.SetParamValues(values...)
	r := x.Request().WithContext(context.WithValue(x.Request().Context(), requestID{}, x.id))
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
	x.answer = openapi.Response{Status: w.status, Header: w.header, Body: w.body}
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
	x.answer.Header.Set("X-Request-Id", x.id)
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
