package fault

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// Error says why a fault is refused: the pointers of its violations lead into the fault.
type Error struct{ Violations openapi.Violations }

func (e *Error) Error() string { return "the fault is refused: " + e.Violations.String() }

// wrong is the violation of a part of a fault.
func wrong(pointer, format string, args ...any) openapi.Violation {
	return openapi.Violation{In: openapi.InBody, Pointer: pointer, Detail: fmt.Sprintf(format, args...)}
}

// kind is one thing that goes wrong. What it does, and when, its further methods say: it is a throttler, a substitute,
// a spoiler or a carrier.
type kind interface {
	// unfit says why it could never act on any of the operations; pointers are into the fault.
	unfit(operations []*openapi.Operation) openapi.Violations
}

// kindsOf are the kinds that a fault names, in the order in which they act.
func kindsOf(f *control.Fault) []kind {
	var list []kind
	if f.Throttle != nil {
		list = append(list, newThrottle(*f.Throttle))
	}
	if f.Status != nil {
		list = append(list, status(*f.Status))
	}
	if f.Breach != nil {
		list = append(list, breach(*f.Breach))
	}
	if f.Malformed {
		list = append(list, malformed{})
	}
	if f.MediaType != "" {
		list = append(list, mediaType(f.MediaType))
	}
	if f.Latency != nil {
		list = append(list, latency(*f.Latency))
	}
	if f.Slow != nil {
		list = append(list, slow(*f.Slow))
	}
	if f.Truncate != nil {
		list = append(list, truncate(*f.Truncate))
	}
	if f.Connection != "" {
		list = append(list, connection(f.Connection))
	}
	return list
}

// active is a compiled fault.
type active struct {
	fault  control.Fault // without counts
	match  *match.Match
	kinds  []kind
	counts *counts
}

// counts are what becomes of a fault from when it was added or changed.
type counts struct {
	mu     sync.Mutex // guards all below
	random *mathrand.Rand
	seen   int64
	acted  int64
}

// compile makes a fault that the schema of openapi/control.yaml allows ready to act. The error is an [*Error].
func compile(f control.Fault, seed uint64, specs []*openapi.Spec) (*active, error) {
	f.Seen, f.Acted, f.Problem = 0, 0, ""
	a := &active{fault: f, kinds: kindsOf(&f), counts: &counts{random: randomOf(seed, f.ID)}}
	var broken openapi.Violations
	if len(a.kinds) == 0 {
		broken = append(broken, wrong("", "nothing goes wrong: give one of throttle, status, breach, malformed, media_type, latency, slow, truncate, connection"))
	}
	if f.Nth > 0 && f.First > 0 {
		broken = append(broken, wrong("/first", "nth means one request and first several: leave one of the two out"))
	}
	var err error
	if a.match, err = match.Compile(f.When, specs...); err != nil {
		return nil, &Error{append(broken, neverHolds(err).Below("/when")...)}
	}
	for _, k := range a.kinds {
		broken = append(broken, k.unfit(a.match.Operations())...)
	}
	if len(broken) > 0 {
		return nil, &Error{broken}
	}
	return a, nil
}

// neverHolds is why a match can never hold.
func neverHolds(err error) openapi.Violations {
	var never *match.Error
	if errors.As(err, &never) {
		return never.Violations
	}
	return openapi.Violations{wrong("", "%v", err)}
}

// fitted is the fault for other documents, with its counts and its bucket of tokens.
func (a *active) fitted(seed uint64, specs []*openapi.Spec) *active {
	one := &active{fault: a.fault, kinds: a.kinds, counts: a.counts}
	next, err := compile(a.fault, seed, specs)
	if err != nil {
		one.fault.Problem = err.Error()
		return one
	}
	one.fault.Problem, one.match = "", next.match
	return one
}

// idle says that it acts on nothing.
func (a *active) idle() bool { return a.fault.Disabled || a.match == nil }

// randomOf draws from the seed, for each fault a sequence of its own; from the system's randomness when the seed is 0.
func randomOf(seed uint64, id string) *mathrand.Rand {
	key := sha256.Sum256(fmt.Appendf(nil, "fault %s %d", id, seed))
	if seed == 0 {
		_, _ = rand.Read(key[:]) // never fails
	}
	return mathrand.New(mathrand.NewChaCha8(key))
}

// counted is the fault with its counts.
func (a *active) counted() control.Fault {
	a.counts.mu.Lock()
	defer a.counts.mu.Unlock()
	f := a.fault
	f.Seen, f.Acted = a.counts.seen, a.counts.acted
	return f
}

// takes counts a request that is meant and says whether the fault is to act on it.
func (a *active) takes() bool {
	c := a.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen++
	if nth := int64(a.fault.Nth); nth > 0 && c.seen != nth {
		return false
	}
	if first := int64(a.fault.First); first > 0 && c.seen > first {
		return false
	}
	return a.fault.Chance == 0 || c.random.Float64() < a.fault.Chance
}

// draw gives what a function draws from the sequence of a fault.
type draw func(from func(*mathrand.Rand) float64) float64

func (c *counts) draw(from func(*mathrand.Rand) float64) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return from(c.random)
}
