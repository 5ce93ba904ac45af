// Package match says which requests are meant: those that a fault acts on, a stub answers, or a test expects.
package match

import (
	"fmt"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// Request is what a match looks at: a request for an operation of a document. It remembers what it has decoded, so it is
// not safe for concurrent use.
type Request struct {
	Method    string // upper case
	Path      string // as it was sent, without the query
	Project   string // "" where the document names none
	Operation *openapi.Operation
	Message   openapi.Request

	found map[string]found // what conditions have looked for in the body, by its pointer
}

type found struct {
	value any
	there bool
}

// at is what stands at a place in the body. Many conditions ask for one place.
func (r *Request) at(pointer string) (any, bool) {
	f, known := r.found[pointer]
	if known {
		return f.value, f.there
	}
	if pointer == "" {
		f.value, f.there = r.body()
	} else if f.value, f.there = r.at(""); f.there {
		f.value, f.there = openapi.Lookup(f.value, pointer)
	}
	if r.found == nil {
		r.found = map[string]found{}
	}
	r.found[pointer] = f
	return f.value, f.there
}

// body is the body, if it can be decoded.
func (r *Request) body() (any, bool) {
	if r.Operation == nil {
		return nil, false
	}
	return r.Operation.Body(r.Message)
}

// Match is a compiled [control.Match]. It never changes; safe for concurrent use. The zero value means every request.
type Match struct {
	operation, method, path, project string
	conditions                       []*condition
	reachable                        []*openapi.Operation
}

// Error says why a match can never hold: the pointers of its violations lead into the match.
type Error struct{ Violations openapi.Violations }

func (e *Error) Error() string { return e.Violations.String() }

// Compile makes a match of requests for the documents. The error is an [*Error]: it has all that is wrong with the match,
// and why no request that keeps the documents could be meant.
func Compile(m control.Match, specs ...*openapi.Spec) (*Match, error) {
	c := newCompiler(m)
	c.reach(specs)
	return c.compile(m)
}

// Any makes a match of requests as they come, also of those that break the documents or are for none of their paths. The
// error is as for Compile, for what is wrong with the match itself and for an operation that no document has.
func Any(m control.Match, specs ...*openapi.Spec) (*Match, error) {
	c := newCompiler(m)
	c.know(specs)
	return c.compile(m)
}

// Operations are those whose requests may be meant. Not to be changed.
func (m *Match) Operations() []*openapi.Operation { return m.reachable }

// Matches says whether the request is meant.
func (m *Match) Matches(r *Request) bool {
	if !m.meansOperation(r) || !m.meansMethod(r) || !m.meansPath(r) || !m.meansProject(r) {
		return false
	}
	for _, c := range m.conditions {
		if !c.holds(r) {
			return false
		}
	}
	return true
}

func (m *Match) meansOperation(r *Request) bool {
	return m.operation == "" || r.Operation != nil && m.operation == r.Operation.ID
}

func (m *Match) meansMethod(r *Request) bool  { return m.method == "" || m.method == r.Method }
func (m *Match) meansPath(r *Request) bool    { return m.path == "" || m.path == r.Path }
func (m *Match) meansProject(r *Request) bool { return m.project == "" || m.project == r.Project }

// Distance is how many reasons Misses gives.
func (m *Match) Distance(r *Request) int {
	distance := 0
	for _, means := range []bool{m.meansOperation(r), m.meansMethod(r), m.meansPath(r), m.meansProject(r)} {
		if !means {
			distance++
		}
	}
	for _, c := range m.conditions {
		if !c.holds(r) {
			distance++
		}
	}
	return distance
}

// Misses says why the request is not meant, one reason for each thing that does not hold; none for one that is. No reason
// holds a value of the request.
func (m *Match) Misses(r *Request) []string {
	var reasons []string
	miss := func(wrong bool, format string, args ...any) {
		if wrong {
			reasons = append(reasons, fmt.Sprintf(format, args...))
		}
	}
	miss(!m.meansOperation(r), "the operation is not %s", m.operation)
	miss(!m.meansMethod(r), "the method is not %s", m.method)
	miss(!m.meansPath(r), "the path is not %s", m.path)
	miss(!m.meansProject(r), "the project is not %s", m.project)
	for _, c := range m.conditions {
		miss(!c.holds(r), "%s %s", c.place, c.want)
	}
	return reasons
}
