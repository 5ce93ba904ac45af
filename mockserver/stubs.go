package mockserver

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/mockserver/stub"
	"github.com/counterpart-go/counterpart/openapi"
)

// Stub is an answer for one case: the same in Go, in the control API and in the configuration. docs/stubs.md describes it.
type Stub = control.Stub

// StubAnswer is what a stub answers with.
type StubAnswer = control.StubAnswer

// Scenario is the part of a stub that lets it answer in turn with others.
type Scenario = control.Scenario

// Match says which requests are meant, by a stub, a fault or an expectation; the zero value is every request.
type Match = control.Match

// Condition is what one part of a request must be.
type Condition = control.Condition

func newStubs(o Options, specs []*openapi.Spec) *stub.Set {
	return stub.New(stub.Options{Now: o.Now, NewID: newIDs(o.Seed, "stub").next, Number: newNumbers(o.Seed, "stub")}, specs...)
}

// Stub adds stubs, or changes those whose ids are known: all of them or, on a [*stub.Error], none. The pointers of the
// error begin with the place of the stub.
func (s *Server) Stub(stubs ...Stub) error { return s.stubs.Swap(nil, stubs) }

// resetStubs takes scenarios and counts back to their beginning, and the stubs to those of the configuration.
func (s *Server) resetStubs() {
	s.stubs.Clear()
	s.stubs.ResetScenarios()
	if err := s.stubs.Swap(nil, s.configured.Load().Stubs); err != nil { // a document has changed since
		s.log.Warn("stubs of the configuration do not fit the documents that are served now", "reason", err.Error())
	}
}

// asked is what the request is matched by.
func (x *exchange) asked() *match.Request {
	return &match.Request{Method: x.Request().Method, Path: x.Request().URL.EscapedPath(), Project: x.project(),
		Operation: x.operation, Message: x.request}
}

// project is the project of the request; "" where the document names none.
func (x *exchange) project() string {
	if x.operation == nil {
		return ""
	}
	return x.request.Path[x.operation.Spec().ProjectParameter()]
}

// stubbedAnswer answers with the stub that the request is for; false when there is none.
func (s *Server) stubbedAnswer(x *exchange) (bool, error) {
	if s.stubs.Empty() {
		return false, nil
	}
	a, misses := s.stubs.Find(x.asked())
	if a == nil {
		x.nearMisses = misses
		return false, nil
	}
	x.stub = a.ID
	if err := s.stubbed(x, a); err != nil {
		return true, err
	}
	headers, err := a.Headers(x.id)
	if err != nil {
		return true, err
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		x.answer.Header.Set(name, headers[name])
	}
	return true, nil
}

func (s *Server) stubbed(x *exchange, a *stub.Answer) error {
	status, described := a.Status()
	media, name := a.Media()
	if media == nil {
		return s.describedAnswer(x, status, described, preference{example: a.Example()})
	}
	x.answer = openapi.Response{Status: status, Header: http.Header{}}
	body, err := a.Body(x.id)
	if err == nil && hasBody(x.operation.Method, status) {
		err = x.answerWith(media, name, body)
	}
	addHeaders(x, described, 0)
	return err
}

// stubRefused makes a refusal of why a stub is not taken.
func stubRefused(err error) error {
	var wrong *stub.Error
	if errors.As(err, &wrong) {
		return &refusal{reason: openapi.Invalid, violations: wrong.Violations}
	}
	return err
}
