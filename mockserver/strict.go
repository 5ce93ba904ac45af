package mockserver

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/counterpart-go/counterpart/openapi"
)

// Strict makes the test that a mock is made for by [Start] or [InTest] fail for each request that breaks the document: one
// for which it has no operation, and one whose path, query, header or body it does not allow. A request that is refused
// for what the state says, such as a name that is taken, keeps the document. The zero value allows no exceptions.
type Strict struct {
	// Allowed says which requests may break it: those of a test for what a client makes of a refusal. Nil: none may.
	Allowed func(BrokenRequest) bool
}

// BrokenRequest is a request that breaks the document.
type BrokenRequest struct {
	Method, Path string
	Operation    string             // its id; "" where the request is for none
	Reason       string             // a word of x-counterpart: invalid, media-type, unknown-path, unknown-method
	Violations   openapi.Violations // of a request for an operation
}

// String says it in lines: the request, and each rule that it breaks with its place in the document.
func (b BrokenRequest) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s breaks the document: %s", b.Method, b.Path, b.Reason)
	for _, v := range b.Violations {
		fmt.Fprintf(&text, "\n  %s", v)
		if v.Rule.Document != "" {
			fmt.Fprintf(&text, " (%s)", v.Rule)
		}
	}
	return text.String()
}

// breaches are the reasons for which a request breaks the document.
var breaches = []string{openapi.Invalid, openapi.MediaTypeReason, string(openapi.UnknownPath), string(openapi.UnknownMethod)}

// strict tells a test of the requests that break the document, as long as the test runs.
type strict struct {
	allowed Strict

	mu sync.Mutex // held while the test is told: it must not end meanwhile
	t  TB         // nil once it has ended
}

func (s *strict) judge(x *exchange) {
	if s == nil || x.refused == nil || !slices.Contains(breaches, x.refused.reason) {
		return
	}
	if x.refused.reason == openapi.Invalid && x.refused.cause != nil {
		return // it did not arrive whole: nobody knows what was meant
	}
	b := BrokenRequest{Method: x.Request().Method, Path: x.Request().URL.EscapedPath(), Reason: x.refused.reason, Violations: x.refused.violations}
	if x.operation != nil {
		b.Operation = x.operation.ID
	}
	if s.allowed.Allowed != nil && s.allowed.Allowed(b) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.t != nil {
		s.t.Errorf("mockserver: %s", b)
	}
}

// end lets the test go: one that has ended must not be told anything.
func (s *strict) end() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t = nil
}
