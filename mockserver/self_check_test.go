package mockserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/counterpart-go/counterpart/openapi"
)

// builtIn is loaded once: that takes most of the time of a test.
var builtIn = sync.OnceValues(func() (*openapi.Spec, error) { return openapi.Default() })

func newServer(t *testing.T, o Options) *Server {
	t.Helper()
	spec, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	o.Spec = spec
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every operation of the built-in document is answered by a handler, and every handler is of an operation.
func TestEveryOperationHasItsHandler(t *testing.T) {
	s := newServer(t, Options{})
	for _, operation := range s.site.Load().services[0].spec.Operations() {
		if s.site.Load().services[0].handlers[operation.ID] == nil {
			t.Errorf("%s %s (%s) has no handler", operation.Method, operation.Path, operation.ID)
		}
	}
	for id := range s.site.Load().services[0].handlers {
		if s.site.Load().services[0].spec.Operation(id) == nil {
			t.Errorf("the handler %s has no operation", id)
		}
	}
}

// with replaces the handler of the list.
func with(t *testing.T, log io.Writer, handler echo.HandlerFunc) *Server {
	t.Helper()
	s := newServer(t, Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	s.site.Load().services[0].handlers["listDataConnectors"] = handler
	return s
}

func list(s *Server) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/p/data-connectors", nil))
	return w
}

// wantInternal checks the answer to what the mock itself did wrong.
func wantInternal(t *testing.T, w *httptest.ResponseRecorder, says string) {
	t.Helper()
	var body struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if w.Code != http.StatusInternalServerError || body.Code != "12000004" || !strings.Contains(body.Message, says) {
		t.Errorf("%d %s, want 500, 12000004 and %q", w.Code, w.Body, says)
	}
	if len(w.Header().Get("X-Request-Id")) != 32 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", w.Header())
	}
}

// An answer that breaks the document does not leave: the mock says what is wrong with it instead.
func TestOwnAnswerIsChecked(t *testing.T) {
	const connection = `{"connector_id":"1","connector_name":"one","source_type":"RDS_MYSQL","source_info":%s}`
	page := func(info string) string {
		return fmt.Sprintf(`{"total_count":1,"data_connectors":[`+connection+`]}`, info)
	}
	for _, tc := range []struct {
		reason      string
		status      int
		contentType string
		body        string
		says        string
	}{
		{"wrong type", 200, "application/json", `{"total_count":"1","data_connectors":[]}`, "body /total_count: must be integer"},
		{"a field is missing", 200, "application/json", `{"total_count":1}`, "body /data_connectors: is required"},
		{"a field of an item is missing", 200, "application/json", `{"total_count":1,"data_connectors":[{}]}`, "body /data_connectors/0/connector_id: is required"},
		{"JSON in a string is wrong", 200, "application/json", page(`"{\"db_name\":\"a\",\"user_name\":\"b\"}"`), "body /data_connectors/0/source_info#/rds_instance_id: is required"},
		{"a string holds no JSON", 200, "application/json", page(`"x"`), "body /data_connectors/0/source_info: "},
		{"a password is given back", 200, "application/json", page(`"{\"db_name\":\"a\",\"user_name\":\"b\",\"password\":\"Canary\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\"}"`), "body /data_connectors/0/source_info#/password"},
		{"not JSON", 200, "application/json", `{`, "body: cannot be read"},
		{"no body", 200, "application/json", ``, "body"},
		{"another media type", 200, "text/html", `{"total_count":0,"data_connectors":[]}`, "application/json"},
		{"an undescribed status", 302, "application/json", `{}`, "status"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			var log strings.Builder
			s := with(t, &log, func(c echo.Context) error { return c.Blob(tc.status, tc.contentType, []byte(tc.body)) })
			w := list(s)
			wantInternal(t, w, tc.says)
			if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), tc.says) {
				t.Errorf("the log does not say so: %s", &log)
			}
			if strings.Contains(w.Body.String()+log.String(), "Canary") {
				t.Errorf("the password is shown: %s %s", w.Body, &log)
			}
		})
	}
}

func TestGoodAnswerLeavesAsItIs(t *testing.T) {
	const body = "{ \"total_count\" : 0, \"data_connectors\" : [] }\n\n"
	s := with(t, io.Discard, func(c echo.Context) error {
		c.Response().Header().Set("X-Further", "yes")
		return c.Blob(http.StatusOK, "application/json", []byte(body))
	})
	if w := list(s); w.Code != http.StatusOK || w.Body.String() != body || w.Header().Get("X-Further") != "yes" || len(w.Header().Get("X-Request-Id")) != 32 {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
}

// A handler that fails, in whatever way, is a 500 of its own request and of no other.
func TestHandlerThatFails(t *testing.T) {
	for _, tc := range []struct {
		reason  string
		handler echo.HandlerFunc
		says    string
	}{
		{"panics", func(echo.Context) error { panic("help") }, "panic: help"},
		{"panics with nil in its hands", func(c echo.Context) error { return (*Server)(nil).answer(nil) }, "panic: "},
		{"panics after it has answered", func(c echo.Context) error {
			_ = c.String(http.StatusOK, "so far so good")
			panic("help")
		}, "panic: help"},
		{"gives up as net/http allows", func(echo.Context) error { panic(http.ErrAbortHandler) }, "panic: "},
		{"returns an error", func(echo.Context) error { return errors.New("the disk is full") }, "the disk is full"},
		{"says nothing", func(echo.Context) error { return nil }, "status"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			s := with(t, io.Discard, tc.handler)
			wantInternal(t, list(s), tc.says)
			wantInternal(t, list(s), tc.says)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/v2/p/data-connectors/1", nil))
			if w.Code != http.StatusBadRequest {
				t.Errorf("after that: %d %s", w.Code, w.Body)
			}
		})
	}
}

// failing is a store that has lost its disk.
type failing struct{ Store }

func (failing) View(context.Context, string, func(Collection) error) error   { return errLost }
func (failing) Update(context.Context, string, func(Collection) error) error { return errLost }
func (failing) Close() error                                                 { return errLost }

var errLost = errors.New("lost")

func TestStoreThatFails(t *testing.T) {
	s := newServer(t, Options{Store: failing{}})
	wantInternal(t, list(s), "lost")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/v2/p/data-connectors/1", nil))
	wantInternal(t, w, "lost")
	if err := s.Close(); !errors.Is(err, errLost) {
		t.Errorf("close: %v", err)
	}
}

// Without its handler an operation is answered from the document's examples, and that answer keeps the document.
func TestExamplesAnswerWithoutHandler(t *testing.T) {
	s := newServer(t, Options{})
	only := s.site.Load().services[0]
	clear(only.handlers)
	clear(only.resources.roles)
	w := list(s)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "0822239c1e80d4502f82c008937da9b5") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/v2/p/data-connectors/1", nil))
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Every reason for a refusal has a status even in a document that says nothing about refusals.
func TestEveryRefusalHasItsFallback(t *testing.T) {
	reasons := []string{string(openapi.UnknownPath), string(openapi.UnknownMethod), openapi.TooLarge, openapi.MediaTypeReason, openapi.NotAcceptable, openapi.Invalid,
		openapi.Duplicate, openapi.UnknownID, openapi.Fixed, openapi.InUse, openapi.UnknownInstance, openapi.Internal, openapi.TooLong,
		openapi.Unavailable, openapi.Timeout, openapi.PreconditionFailed}
	for _, reason := range reasons {
		if usual := openapi.UsualStatuses(reason); len(usual) == 0 || usual[0] < 400 || usual[0] == 500 && reason != openapi.Internal {
			t.Errorf("%s has the statuses %d", reason, usual)
		}
	}
}

func TestMemoryForgetsEmptyCollections(t *testing.T) {
	t.Parallel()
	m := NewMemory()
	use := func(name string, fn func(Collection) error) {
		t.Helper()
		if err := m.Update(t.Context(), name, fn); err != nil && !errors.Is(err, errReadOnly) {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		if err := m.View(t.Context(), fmt.Sprint("asked ", i), func(Collection) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	use("refused", func(c Collection) error { return errors.Join(c.Put(Document{ID: "a"}), errReadOnly) })
	use("kept", func(c Collection) error { return c.Put(Document{ID: "a"}) })
	use("deleted", func(c Collection) error { return c.Put(Document{ID: "a"}) })
	use("deleted", func(c Collection) error { _, err := c.Delete("a"); return err })
	if len(m.collections) != 1 || m.collections["kept"] == nil {
		t.Errorf("%d collections are left, want the one that has a document", len(m.collections))
	}
}

// brokenOnce is a log that breaks down at its first line.
type brokenOnce struct {
	slog.Handler

	broken *atomic.Bool
}

func (b brokenOnce) Handle(context.Context, slog.Record) error {
	if b.broken.CompareAndSwap(false, true) {
		panic("no log")
	}
	return nil
}

// A panic outside the steps ends its connection, is counted, and leaves no place taken.
func TestAPanicOutsideTheStepsLeavesNoPlace(t *testing.T) {
	t.Parallel()
	s := newServer(t, Options{Limits: Limits{AtOnce: 1}, Log: slog.New(brokenOnce{slog.NewTextHandler(io.Discard, nil), &atomic.Bool{}})})
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("the panic was %v", err)
			}
		}()
		list(s)
	}()
	if len(s.inHand) != 0 {
		t.Fatalf("%d places are taken", len(s.inHand))
	}
	if w := list(s); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, controlPrefix+"metrics", nil))
	if !strings.Contains(w.Body.String(), "\ncounterpart_panics_total 1\n") {
		t.Error("the panic is not counted")
	}
}
