package fault

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// Most is how many faults a set takes.
const Most = 1000

// Set is the faults of a mock, in the order in which they are applied. Safe for concurrent use; no request waits for
// somebody who changes it.
type Set struct {
	seed uint64
	list atomic.Pointer[[]*active] // never changed, another takes its place; nil for none

	mu    sync.Mutex // guards all below, and list while it is replaced
	specs []*openapi.Spec
	named int // ids that were made up
}

// NewSet is a set without faults, for requests to the documents. The same seed makes the same draws; 0 draws anew each
// time.
func NewSet(seed uint64, specs ...*openapi.Spec) *Set { return &Set{seed: seed, specs: specs} }

// Empty says whether there is no fault at all.
func (s *Set) Empty() bool { return s.list.Load() == nil }

func (s *Set) all() []*active {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (s *Set) publish(list []*active) {
	if len(list) == 0 {
		s.list.Store(nil)
		return
	}
	s.list.Store(&list)
}

// Add takes a fault, at the end, and gives it an id where it has none. The error is an [*Error] that has all that is wrong
// with the fault; an id that another fault has is wrong too.
func (s *Set) Add(f control.Fault) (control.Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.ID != "" && find(s.all(), f.ID) >= 0 {
		return control.Fault{}, &Error{openapi.Violations{wrong("/id", "another fault has it: leave it out, or change that one")}}
	}
	return s.put(f)
}

// Put takes a fault in the place of that with its id, if there is one. Errors are those of Add.
func (s *Set) Put(f control.Fault) (control.Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(f)
}

func (s *Set) put(f control.Fault) (control.Fault, error) {
	list, one, err := s.with(s.all(), f)
	if err != nil {
		return control.Fault{}, err
	}
	s.publish(list)
	return one.fault, nil
}

// with is the list with one more fault, or with another in the place of that with its id.
func (s *Set) with(list []*active, f control.Fault) ([]*active, *active, error) {
	list = slices.Clone(list)
	named := s.named
	for f.ID == "" || named > s.named && find(list, f.ID) >= 0 {
		named++
		f.ID = "fault-" + strconv.Itoa(named)
	}
	i := find(list, f.ID)
	if i < 0 && len(list) >= Most {
		return nil, nil, &Error{openapi.Violations{wrong("", "there are %d faults already: delete some", Most)}}
	}
	one, err := compile(f, s.seed, s.specs)
	if err != nil {
		return nil, nil, err
	}
	s.named = named
	if i < 0 {
		return append(list, one), one, nil
	}
	list[i] = one
	return list, one, nil
}

// find is the place of a fault; -1 for none.
func find(list []*active, id string) int {
	return slices.IndexFunc(list, func(a *active) bool { return a.fault.ID == id })
}

// Swap takes faults away by their ids, those that are there, and adds or changes others: all of it or, on an error,
// nothing. One that is as it was keeps its counts. The pointers of an [*Error] begin with the place of the fault in to.
// Undo makes all as it was; nothing else may change the faults meanwhile.
func (s *Set) Swap(from []string, to []control.Fault) (undo func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, named := s.all(), s.named
	list := slices.DeleteFunc(slices.Clone(before), func(a *active) bool { return slices.Contains(from, a.fault.ID) })
	var broken openapi.Violations
	for i, f := range to {
		next, one, err := s.with(list, f)
		var refused *Error
		if errors.As(err, &refused) {
			broken = append(broken, refused.Violations.Below(fmt.Sprintf("/%d", i))...)
			continue
		}
		if was := find(before, one.fault.ID); was >= 0 && reflect.DeepEqual(before[was].fault, one.fault) {
			next[find(next, one.fault.ID)] = before[was]
		}
		list = next
	}
	if len(broken) > 0 {
		s.named = named
		return nil, &Error{broken}
	}
	s.publish(list)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.named = named
		s.publish(before)
	}, nil
}

// Delete takes a fault away; false when there is none of the id.
func (s *Set) Delete(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.all())
	i := find(list, id)
	if i >= 0 {
		s.publish(slices.Delete(list, i, i+1))
	}
	return i >= 0
}

// Clear takes all faults away, and forgets which ids there were.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named = 0
	s.publish(nil)
}

// List is the faults in their order, with their counts.
func (s *Set) List() []control.Fault {
	list := s.all()
	faults := make([]control.Fault, len(list))
	for i, a := range list {
		faults[i] = a.counted()
	}
	return faults
}

// Get is the fault of an id, with its counts; false when there is none.
func (s *Set) Get(id string) (control.Fault, bool) {
	list := s.all()
	if i := find(list, id); i >= 0 {
		return list[i].counted(), true
	}
	return control.Fault{}, false
}

// Use takes other documents in the place of those before. A fault that could not act for them stays, does not act, and says
// why as its Problem: those are given back.
func (s *Set) Use(specs ...*openapi.Spec) (broken []control.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.specs = specs
	var list []*active
	for _, was := range s.all() {
		one := was.fitted(s.seed, specs)
		if one.fault.Problem != "" {
			broken = append(broken, one.fault)
		}
		list = append(list, one)
	}
	s.publish(list)
	return broken
}

// Choose gives the faults that are to act on a request, in their order, and counts it for all that mean it. Nil when there
// are none. With the same seed, the same requests in the same order are given the same.
func (s *Set) Choose(r *match.Request) *Chosen {
	var chosen *Chosen
	for _, a := range s.all() {
		if a.idle() || !a.match.Matches(r) || !a.takes() {
			continue
		}
		if chosen == nil {
			chosen = &Chosen{}
		}
		chosen.faults = append(chosen.faults, acting{active: a})
	}
	return chosen
}
