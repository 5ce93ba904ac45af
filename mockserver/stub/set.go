package stub

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// Most is how many stubs a set takes.
const Most = 10_000

// Options are what a set needs of its server.
type Options struct {
	Now    func() time.Time
	NewID  func() string          // 32 lower-case hexadecimal digits, another one each time
	Number func(most int64) int64 // drawn, from 0 to the most
}

// Set is the stubs of a server, and the states of their scenarios. Safe for concurrent use.
type Set struct {
	options Options
	table   atomic.Pointer[table] // nil without stubs

	mu        sync.Mutex // guards all below, and the counts and scenarios of stubs
	specs     []*openapi.Spec
	stubs     []*stub // the oldest first
	named     int     // how many ids were made up
	scenarios map[string]string
}

// table is the stubs by what they may be asked about, in the order in which they are tried. It never changes.
type table struct {
	byOperation map[*openapi.Operation][]*stub
}

// stub is a compiled [control.Stub].
type stub struct {
	control.Stub

	when    *match.Match
	answers map[*openapi.Operation]*answer // none for an operation whose document has no place for the answer
}

// Error says why a stub is refused: the pointers of its violations lead into the stub.
type Error struct{ Violations openapi.Violations }

func (e *Error) Error() string { return "the stub is refused: " + e.Violations.String() }

// New makes a set without stubs, for requests to the documents.
func New(o Options, specs ...*openapi.Spec) *Set {
	return &Set{options: o, specs: specs, scenarios: map[string]string{}}
}

// Empty says whether there is no stub at all.
func (s *Set) Empty() bool { return s.table.Load() == nil }

// Add takes a stub, and gives it an id where it has none. The error is an [*Error] that has all that is wrong with the stub;
// an id that another stub has is wrong too.
func (s *Set) Add(from control.Stub) (control.Stub, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from.ID != "" && s.find(from.ID) != nil {
		return control.Stub{}, refused("/id", "another stub has it: leave it out, or change that one")
	}
	return s.put(from)
}

// Put takes a stub in the place of that with its id, if there is one. Errors are those of Add.
func (s *Set) Put(from control.Stub) (control.Stub, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(from)
}

func (s *Set) put(from control.Stub) (control.Stub, error) {
	before := s.find(from.ID)
	if before == nil && len(s.stubs) >= Most {
		return control.Stub{}, refused("", fmt.Sprintf("there are %d stubs already: delete some", Most))
	}
	from.Answered, from.Problem = 0, ""
	next, err := compile(from, s.specs)
	if err != nil {
		return control.Stub{}, err
	}
	if next.ID == "" {
		next.ID = s.freeID()
	}
	if before != nil {
		s.stubs[slices.Index(s.stubs, before)] = next
	} else {
		s.stubs = append(s.stubs, next)
	}
	s.publish()
	return next.Stub, nil
}

func (s *Set) freeID() string {
	for {
		s.named++
		if id := fmt.Sprintf("stub-%d", s.named); s.find(id) == nil {
			return id
		}
	}
}

// find is the stub of an id; nil for none.
func (s *Set) find(id string) *stub {
	for _, one := range s.stubs {
		if one.ID == id {
			return one
		}
	}
	return nil
}

// publish makes the table of the stubs.
func (s *Set) publish() {
	if len(s.stubs) == 0 {
		s.table.Store(nil)
		return
	}
	t := &table{byOperation: map[*openapi.Operation][]*stub{}}
	for _, one := range s.tried() {
		if one.Disabled {
			continue
		}
		for op := range one.answers {
			t.byOperation[op] = append(t.byOperation[op], one)
		}
	}
	s.table.Store(t)
}

// tried is the stubs in the order in which they are tried.
func (s *Set) tried() []*stub {
	list := slices.Clone(s.stubs)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b *stub) int { return cmp.Compare(b.Priority, a.Priority) })
	return list
}

// List is the stubs in the order in which they are tried.
func (s *Set) List() []control.Stub {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]control.Stub, 0, len(s.stubs))
	for _, one := range s.tried() {
		list = append(list, one.Stub)
	}
	return list
}

// Get is the stub of an id, if there is one.
func (s *Set) Get(id string) (control.Stub, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.find(id); one != nil {
		return one.Stub, true
	}
	return control.Stub{}, false
}

// Delete takes a stub away; false when there is none of the id.
func (s *Set) Delete(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.stubs)
	s.stubs = slices.DeleteFunc(s.stubs, func(one *stub) bool { return one.ID == id })
	s.publish()
	return len(s.stubs) < before
}

// Clear takes all stubs away.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stubs = nil
	s.publish()
}

// Swap takes stubs away by their ids, those that are there, and adds or changes others: all of it or, on an error, nothing.
// One that is as it was keeps its count. The pointers of an [*Error] begin with the place of the stub in to.
func (s *Set) Swap(from []string, to []control.Stub) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	stubs, named := slices.Clone(s.stubs), s.named
	s.stubs = slices.DeleteFunc(s.stubs, func(one *stub) bool { return slices.Contains(from, one.ID) })
	var broken openapi.Violations
	for i, one := range to {
		_, err := s.put(one)
		var wrong *Error
		if errors.As(err, &wrong) {
			broken = append(broken, wrong.Violations.Below(fmt.Sprintf("/%d", i))...)
		}
	}
	if len(broken) > 0 {
		s.stubs, s.named = stubs, named
		s.publish()
		return &Error{broken}
	}
	for _, was := range stubs {
		if one := s.find(was.ID); one != nil && one != was && same(one.Stub, was.Stub) {
			one.Answered = was.Answered
		}
	}
	s.publish()
	return nil
}

// same says whether two stubs are equal but for what has become of them.
func same(a, b control.Stub) bool {
	a.Answered, a.Problem = b.Answered, b.Problem
	return reflect.DeepEqual(a, b)
}

// Use takes other documents in the place of those before. A stub that these have no place for stays, answers nothing, and
// says why as its Problem: those are given back.
func (s *Set) Use(specs ...*openapi.Spec) (broken []control.Stub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.specs = specs
	for i, one := range s.stubs {
		next, err := compile(one.Stub, specs)
		if err != nil {
			next = &stub{Stub: one.Stub}
			next.Problem = err.Error()
			broken = append(broken, next.Stub)
		} else {
			next.Problem = ""
		}
		s.stubs[i] = next
	}
	s.publish()
	return broken
}

func refused(pointer, detail string) error {
	return &Error{openapi.Violations{{In: openapi.InBody, Pointer: pointer, Detail: detail}}}
}
