package mockserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/console"
	"github.com/counterpart-go/counterpart/openapi"
)

// The paths that are not the document's are below controlRoot.
const (
	controlRoot   = "/_counterpart"
	controlPrefix = controlRoot + "/"
	consolePrefix = controlPrefix + "console/"
)

// controlAPI is the mock's own API: the operations of openapi/control.yaml, served by the engine that serves every
// other document. Its methods are in the files control_*.go, one for each tag of that document.
type controlAPI struct {
	*Server

	ids     *ids // of control requests: those of others do not depend on who looks
	token   [sha256.Size]byte
	sites   *http.CrossOriginProtection
	console http.Handler
	load    func() (*site, error)
}

var _ control.StrictServerInterface = (*controlAPI)(nil)

func newControl(s *Server) *controlAPI {
	c := &controlAPI{Server: s, ids: newIDs(s.options.Seed, "control"), token: sha256.Sum256([]byte(s.options.Control.Token)), sites: http.NewCrossOriginProtection()}
	c.console = http.StripPrefix(controlRoot, console.Handler())
	c.load = sync.OnceValues(c.open)
	return c
}

// open reads the document when the first request needs it: a mock that nobody looks into starts without.
func (c *controlAPI) open() (*site, error) {
	spec, err := openapi.Limits{}.Control()
	if err != nil {
		return nil, err
	}
	routes, err := openapi.NewRoutes(spec)
	return &site{routes, []*service{{spec: spec, bases: spec.Bases(), handlers: c.handlers()}}}, err
}

func (c *controlAPI) handlers() map[string]echo.HandlerFunc {
	w := control.ServerInterfaceWrapper{Handler: control.NewStrictHandler(c, nil)}
	return map[string]echo.HandlerFunc{
		"getHealth": w.GetHealth, "getReadiness": w.GetReadiness, "getMetrics": w.GetMetrics,
		"listDocuments": w.ListDocuments, "getDocument": w.GetDocument, "reset": w.Reset,
		"listExchanges": w.ListExchanges, "clearJournal": w.ClearJournal, "getExchange": w.GetExchange, "exportHAR": w.ExportHAR, "verifyCalls": w.VerifyCalls,
		"listFaults": w.ListFaults, "addFault": w.AddFault, "deleteFaults": w.DeleteFaults, "getFault": w.GetFault, "putFault": w.PutFault, "deleteFault": w.DeleteFault,
		"listStubs": w.ListStubs, "addStub": w.AddStub, "deleteStubs": w.DeleteStubs, "getStub": w.GetStub, "putStub": w.PutStub, "deleteStub": w.DeleteStub,
		"listScenarios": w.ListScenarios, "resetScenarios": w.ResetScenarios, "putScenario": w.PutScenario,
		"exportState": w.ExportState, "importState": w.ImportState, "addState": w.AddState, "clearState": w.ClearState,
		"listSettings": w.ListSettings, "putSetting": w.PutSetting,
		"getClock": w.GetClock, "setClock": w.SetClock, "resetClock": w.ResetClock, "advanceClock": w.AdvanceClock,
	}
}

// openPages are the paths that everybody may ask for.
var openPages = map[string]bool{controlPrefix + "health": true, controlPrefix + "ready": true}

// plainPage answers what machines ask for all the time, by themselves: it needs no document. Nil for any other path.
func (c *controlAPI) plainPage(path string) echo.HandlerFunc {
	switch path {
	case controlPrefix + "health":
		return c.answerHealth
	case controlPrefix + "ready":
		return c.answerReadiness
	case controlPrefix + "metrics":
		return c.answerMetrics
	}
	return nil
}

// sequence takes every control request.
func (c *controlAPI) sequence(e echo.Context) error {
	r := e.Request()
	for name, value := range guarded {
		e.Response().Header().Set(name, value)
	}
	switch path := r.URL.Path; {
	case path == controlRoot:
		return e.Redirect(http.StatusPermanentRedirect, strings.TrimPrefix(controlPrefix, "/")) // of whatever a proxy has put before it
	case path == controlPrefix, strings.HasPrefix(path, consolePrefix):
		c.console.ServeHTTP(e.Response(), r)
		return nil
	}
	var denied error
	if !openPages[r.URL.Path] {
		denied = c.admit(r)
	}
	if page := c.plainPage(r.URL.Path); page != nil && denied == nil {
		return c.plain(e, page)
	}
	site, err := c.load()
	if err != nil {
		return err
	}
	x := &exchange{Context: e, out: e.Response(), id: c.ids.next(), start: time.Now(), site: site, service: site.services[0]}
	defer x.free()
	admitted := func(*exchange) error { return denied }
	if err := c.guard(x, admitted, c.find, c.read, c.leave, c.validate, c.acceptable, c.answer, c.check); err != nil {
		c.refuse(x, err)
	}
	if x.answer.Status == http.StatusUnauthorized {
		x.answer.Header.Set("WWW-Authenticate", "Bearer")
	}
	return x.send()
}

func (c *controlAPI) plain(e echo.Context, answer echo.HandlerFunc) error {
	if method := e.Request().Method; method != http.MethodGet && method != http.MethodHead {
		e.Response().Header().Set("Allow", "GET")
		return e.NoContent(http.StatusMethodNotAllowed)
	}
	e.Response().Header().Set(requestIDHeader, c.ids.next())
	return answer(e)
}

// controlBody is the context key of a request's body, as it was judged.
type controlBody struct{}

// exactly reads the body once more, with the digits of numbers that stand where anything may: the generated code has made
// floating-point numbers of them.
func exactly[T any](ctx context.Context, body *T) error {
	d := json.NewDecoder(bytes.NewReader(openapi.AppendJSON(nil, ctx.Value(controlBody{}))))
	d.UseNumber()
	return d.Decode(body)
}

// leave gives the places back: a control request may wait, and nobody else for it.
func (c *controlAPI) leave(x *exchange) error {
	x.free()
	return nil
}

func (c *controlAPI) answer(x *exchange) error {
	r := x.Request()
	x.SetRequest(r.WithContext(context.WithValue(r.Context(), controlBody{}, x.request.Value)))
	return c.handle(x, x.service.handlers[x.operation.ID])
}

// judge says in which ways a value is not what an operation takes as its body: what Go code gives is held to the same
// rules as what comes over the wire.
func (c *controlAPI) judge(operation string, body any) (openapi.Violations, error) {
	site, err := c.load()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return site.services[0].spec.Operation(operation).ValidateRequest(openapi.Request{
		Header: http.Header{"Content-Type": {"application/json"}}, Body: text}), nil
}

// noSuch refuses an id that nothing has.
func noSuch(id string) error {
	return &refusal{reason: openapi.UnknownID, values: map[string]string{"id": id}}
}
