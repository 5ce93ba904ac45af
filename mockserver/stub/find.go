package stub

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// mostMisses is how many stubs are told that did not match.
const mostMisses = 10

// Find is the answer of the stub that a request is for, and counts it. Without one it is nil, and the misses are the stubs
// for the operation with why they did not match, the nearest first.
func (s *Set) Find(r *match.Request) (*Answer, []control.NearMiss) {
	t := s.table.Load()
	if t == nil {
		return nil, nil
	}
	stubs := t.byOperation[r.Operation]
	for _, one := range stubs {
		if !one.when.Matches(r) {
			continue
		}
		if a := s.take(one, r); a != nil {
			return a, nil
		}
	}
	return nil, s.misses(stubs, r)
}

// take counts one more answer of a stub, unless it has given all, or its scenario is in another state.
func (s *Set) take(one *stub, r *match.Request) *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spent(one) || s.elsewhere(one) {
		return nil
	}
	one.Answered++
	a := &Answer{ID: one.ID, set: s, stub: one, answer: one.answers[r.Operation], request: r, count: one.Answered}
	if one.Scenario != nil {
		a.state = s.state(one.Scenario.Name)
		if one.Scenario.Next != "" {
			s.scenarios[one.Scenario.Name] = one.Scenario.Next
		}
	}
	return a
}

func (s *Set) spent(one *stub) bool { return one.Times > 0 && one.Answered >= int64(one.Times) }

func (s *Set) elsewhere(one *stub) bool {
	return one.Scenario != nil && one.Scenario.State != "" && one.Scenario.State != s.state(one.Scenario.Name)
}

// miss is a stub that did not match.
type miss struct {
	stub     *stub
	distance int      // how many reasons there are
	turn     []string // those that the request has nothing to do with
}

// misses finds words for the nearest alone: there may be thousands.
func (s *Set) misses(stubs []*stub, r *match.Request) []control.NearMiss {
	if len(stubs) == 0 {
		return nil
	}
	all := make([]miss, len(stubs))
	for i, one := range stubs {
		all[i] = miss{stub: one, distance: one.when.Distance(r)}
	}
	s.mu.Lock()
	for i := range all {
		all[i].turn = s.outOfTurn(all[i].stub)
		all[i].distance += len(all[i].turn)
	}
	s.mu.Unlock()
	slices.SortStableFunc(all, func(a, b miss) int { return cmp.Compare(a.distance, b.distance) })
	nearest := make([]control.NearMiss, 0, mostMisses)
	for _, one := range all[:min(len(all), mostMisses)] {
		if reasons := append(one.stub.when.Misses(r), one.turn...); len(reasons) > 0 { // none: its turn has come meanwhile
			nearest = append(nearest, control.NearMiss{Stub: one.stub.ID, Reasons: reasons})
		}
	}
	return nearest
}

// outOfTurn says why it is not the turn of a stub, whatever the request.
func (s *Set) outOfTurn(one *stub) (reasons []string) {
	if s.spent(one) {
		reasons = append(reasons, fmt.Sprintf("it has answered all of its %d times", one.Times))
	}
	if s.elsewhere(one) {
		reasons = append(reasons, fmt.Sprintf("the scenario %s is in the state %s, not in %s", one.Scenario.Name, s.state(one.Scenario.Name), one.Scenario.State))
	}
	return reasons
}

// Answer is what a stub gives one request.
type Answer struct {
	ID string // of the stub

	set     *Set
	stub    *stub
	answer  *answer
	request *match.Request
	count   int64
	state   string
}

// Status is the status, and what the document says of it.
func (a *Answer) Status() (int, *openapi.Answer) { return a.answer.status, a.answer.described }

// Example is the name of the example that is wanted; "" for none.
func (a *Answer) Example() string { return a.stub.Answer.Example }

// Media is the media type that the body has, and its name; nil where the document's own body is wanted.
func (a *Answer) Media() (*openapi.MediaType, string) { return a.answer.media, a.answer.mediaName }

// Body is the literal body, or the template filled for the request. The error says which placeholder has no value in it.
func (a *Answer) Body(requestID string) (any, error) {
	if a.answer.body == nil {
		return a.answer.literal, nil
	}
	value, err := a.answer.body.fill(a.call(requestID))
	if err != nil {
		return nil, fmt.Errorf("the template of the stub %s: %w", a.ID, err)
	}
	if size := len(openapi.AppendJSON(nil, value)); size > mostFilled {
		return nil, fmt.Errorf("the template of the stub %s: the body has %d bytes, more than %d", a.ID, size, mostFilled)
	}
	return value, nil
}

// Headers are the further headers. The error is as for Body.
func (a *Answer) Headers(requestID string) (map[string]string, error) {
	if a.answer.headers == nil {
		return a.stub.Answer.Headers, nil
	}
	filled := make(map[string]string, len(a.answer.headers))
	for name, text := range a.answer.headers {
		value, err := text.fill(a.call(requestID))
		if err == nil && !sendable(textOf(value)) {
			err = fmt.Errorf("a value has a character that no header may have")
		}
		if err != nil {
			return nil, fmt.Errorf("the header %s of the stub %s: %w", name, a.ID, err)
		}
		filled[name] = textOf(value)
	}
	return filled, nil
}

func (a *Answer) call(requestID string) *call {
	return &call{Options: a.set.options, request: a.request, id: requestID, count: a.count, state: a.state, inside: map[string]any{}}
}
