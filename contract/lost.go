package contract

import (
	"slices"
	"sync"

	"github.com/counterpart-go/counterpart/openapi"
)

// lost keeps what the run cannot get at, so that it is not tried again and again: a server that counts failures may lock
// the account, and what cannot be deleted must not be created a hundred times.
type lost struct {
	maker *maker

	mu       sync.Mutex                       // guards what follows
	locked   map[*openapi.Operation]*obstacle // want other credentials
	missing  map[*openapi.Operation]*obstacle // there is no item to ask for
	unusable map[*openapi.Resource]string     // creating one gives no id
}

type obstacle struct {
	times  int
	reason string
}

// maxTries is how often an operation is tried that cannot be reached.
const maxTries = 3

func newLost(m *maker) *lost {
	return &lost{maker: m, locked: map[*openapi.Operation]*obstacle{}, missing: map[*openapi.Operation]*obstacle{}, unusable: map[*openapi.Resource]string{}}
}

func (l *lost) lock(op *openapi.Operation, reason string) { l.meet(l.locked, op, reason) }

func (l *lost) miss(op *openapi.Operation, reason string) { l.meet(l.missing, op, reason) }

func (l *lost) meet(obstacles map[*openapi.Operation]*obstacle, op *openapi.Operation, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if obstacles[op] == nil {
		obstacles[op] = &obstacle{}
	}
	obstacles[op].times++
	obstacles[op].reason = reason
}

func (l *lost) give(r *openapi.Resource, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unusable[r] = reason
}

// why says why a case need not be tried, "" where it is worth it.
func (l *lost) why(c Case, carriedOut func(*openapi.Operation) bool) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, s := range c.steps() {
		op := s.Operation
		if r := l.maker.owner(op); r != nil && s.creates(r) && l.unusable[r] != "" && len(c.steps()) > 1 {
			return l.unusable[r]
		}
		if o := l.locked[op]; o != nil && o.times >= maxTries && !carriedOut(op) {
			return o.reason
		}
		if o := l.missing[op]; o != nil && o.times >= maxTries && !carriedOut(op) && s.Refused == "" && i >= len(c.Before) {
			return o.reason
		}
	}
	return ""
}

// onlyItems says whether nothing but items is missing: asking for them harms nobody.
func (l *lost) onlyItems() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.missing) > 0 && len(l.locked) == 0
}

// reasons are why operations of the document were not reached, by id.
func (l *lost) reasons() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	reasons := map[string]string{}
	for _, obstacles := range []map[*openapi.Operation]*obstacle{l.missing, l.locked} {
		for op, o := range obstacles {
			reasons[op.ID] = o.reason
		}
	}
	for _, op := range l.maker.chosen {
		switch {
		case !l.maker.hasBody(op):
			reasons[op.ID] = op.ID + " is not reached: no body can be made of the media types that it takes: " + ranges(op)
		case !l.maker.canSend(op):
			reasons[op.ID] = op.ID + " is not reached: no request was found that keeps its schemas; an example in the document helps"
		}
	}
	return reasons
}

func ranges(op *openapi.Operation) string {
	var list []string
	for _, media := range op.RequestBody.Content {
		list = append(list, media.Range)
	}
	slices.Sort(list)
	return firstOf(list, mostMissing)
}
