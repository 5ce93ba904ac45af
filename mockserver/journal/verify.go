package journal

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// ExpectationError says why an expectation can never be met. The violations point into it: /calls/0/times.
type ExpectationError struct{ Violations openapi.Violations }

func (e *ExpectationError) Error() string { return e.Violations.String() }

// Verify compares what was called with what was expected. The error is an [*ExpectationError] for what can never be met,
// whatever is called.
//
// With InOrder each call is looked for behind the exchanges of the call before, as early as it can be found, and counts up
// to where the next call that must be made is found.
func (j *Journal) Verify(expected control.Expectation) (control.Verdict, error) {
	calls, err := j.calls(expected)
	if err != nil {
		return control.Verdict{}, err
	}
	entries, _, _ := j.find(Filter{})
	requests := make([]*request, len(entries))
	for i, e := range entries {
		requests[i] = e.forMatch()
	}
	verdict := control.Verdict{Kept: true, Calls: make([]control.CallVerdict, len(calls))}
	from := 0
	for i, c := range calls {
		to := len(requests)
		start := from
		if expected.InOrder {
			from = c.satisfied(requests, from)
			to = next(calls[i+1:], requests, from)
		}
		verdict.Calls[i] = c.judge(requests, start, to)
		verdict.Kept = verdict.Kept && verdict.Calls[i].Kept
	}
	return verdict, nil
}

// request is an entry as a match sees it.
type request struct {
	match.Request

	entry *Entry
	cut   bool // its body is not known whole
}

func (e *Entry) forMatch() *request {
	message := e.Request
	if e.Operation != nil && len(message.Body) > 0 {
		message.Value, _ = e.Operation.DecodeBody(message.Header.Get("Content-Type"), message.Body)
	}
	return &request{
		Request: match.Request{Method: e.Method, Path: e.URL.EscapedPath(), Project: e.project(), Operation: e.Operation, Message: message},
		entry:   e, cut: e.cut(),
	}
}

// call is an expected call, compiled.
type call struct {
	when        *match.Match
	withoutBody *match.Match // the same without what is asked of the body; nil where that is nothing
	status      int
	least, most int
}

func (j *Journal) calls(expected control.Expectation) ([]*call, error) {
	calls := make([]*call, len(expected.Calls))
	var broken openapi.Violations
	if len(calls) == 0 {
		broken = openapi.Violations{impossible("/calls", "an expectation of no call is always met: name at least one")}
	}
	specs := j.specs()
	for i, c := range expected.Calls {
		compiled, violations := compile(c, specs)
		for _, v := range violations {
			v.In, v.Pointer = openapi.InBody, fmt.Sprintf("/calls/%d%s", i, v.Pointer)
			broken = append(broken, v)
		}
		calls[i] = compiled
	}
	if len(broken) > 0 {
		return nil, &ExpectationError{broken}
	}
	return calls, nil
}

func impossible(pointer, detail string) openapi.Violation {
	return openapi.Violation{In: openapi.InBody, Pointer: pointer, Keyword: "not", Detail: detail}
}

// compile finds all that is wrong with a call.
func compile(c control.Call, specs []*openapi.Spec) (*call, openapi.Violations) {
	var broken openapi.Violations
	refuse := func(wrong bool, field, detail string) {
		if wrong {
			broken = append(broken, impossible("/"+field, detail))
		}
	}
	refuse(c.Never && c.Times > 0, "times", "a call that is never made is not made so many times: leave out times or never")
	refuse(c.Never && c.AtLeast > 0, "at_least", "a call that is never made is not made at least so often: leave out at_least or never")
	refuse(c.Never && c.AtMost > 0, "at_most", "never says it already: leave out at_most or never")
	refuse(c.Times > 0 && c.AtLeast > 0, "at_least", "times says exactly how often: leave out at_least or times")
	refuse(c.Times > 0 && c.AtMost > 0, "at_most", "times says exactly how often: leave out at_most or times")
	refuse(c.AtMost > 0 && c.AtLeast > c.AtMost, "at_least", fmt.Sprintf("it is more than at_most, which is %d", c.AtMost))
	refuse(c.Times < 0, "times", "use a number from 1, or never")
	refuse(c.AtLeast < 0, "at_least", "use a number from 1")
	refuse(c.AtMost < 0, "at_most", "use a number from 1, or never")
	when, violations := compileMatch(c.When, specs)
	compiled := &call{when: when, status: c.Status}
	compiled.least, compiled.most = bounds(c)
	elsewhere := slices.DeleteFunc(slices.Clone(c.When.Where), func(c control.Condition) bool { return c.In == control.ConditionInBody })
	if len(elsewhere) < len(c.When.Where) {
		other := c.When
		other.Where = elsewhere
		compiled.withoutBody, _ = compileMatch(other, specs)
	}
	return compiled, append(broken, violations...)
}

func compileMatch(m control.Match, specs []*openapi.Spec) (*match.Match, openapi.Violations) {
	compiled, err := match.Any(m, specs...)
	var refused *match.Error
	switch {
	case errors.As(err, &refused):
		violations := slices.Clone(refused.Violations)
		for i := range violations {
			violations[i].Pointer = "/when" + violations[i].Pointer
		}
		return nil, violations
	case err != nil:
		return nil, openapi.Violations{impossible("/when", err.Error())}
	}
	return compiled, nil
}

// bounds are how often a call is expected, at least and at most.
func bounds(c control.Call) (least, most int) {
	switch {
	case c.Never:
		return 0, 0
	case c.Times > 0:
		return c.Times, c.Times
	}
	return cmp.Or(c.AtLeast, 1), cmp.Or(c.AtMost, math.MaxInt)
}

func (c *call) meets(r *request) bool {
	return (c.status == 0 || c.status == r.entry.Response.Status) && c.when.Matches(&r.Request)
}

// mayMeet says whether nobody can tell: it depends on what is not remembered of the body.
func (c *call) mayMeet(r *request) bool {
	return r.cut && c.withoutBody != nil && (c.status == 0 || c.status == r.entry.Response.Status) && c.withoutBody.Matches(&r.Request)
}

// satisfied is where the exchanges end that the call needs, looked for from a place on; that place where there are too few.
func (c *call) satisfied(requests []*request, from int) int {
	found := 0
	for i := from; i < len(requests) && found < c.least; i++ {
		if c.meets(requests[i]) {
			if found++; found == c.least {
				return i + 1
			}
		}
	}
	return from
}

// next is where the first of the calls that must be made is found, from a place on; the end for none.
func next(calls []*call, requests []*request, from int) int {
	i := slices.IndexFunc(calls, func(c *call) bool { return c.least > 0 })
	if i < 0 {
		return len(requests)
	}
	for at := from; at < len(requests); at++ {
		if calls[i].meets(requests[at]) {
			return at
		}
	}
	return len(requests)
}

// judge counts the exchanges of the call from one place to another.
func (c *call) judge(requests []*request, from, to int) control.CallVerdict {
	verdict, unclear := control.CallVerdict{}, 0
	for _, r := range requests[from:to] {
		switch {
		case c.mayMeet(r):
			unclear++
		case c.meets(r):
			verdict.Found++
		}
	}
	earlier := 0
	for _, r := range requests[:from] {
		if c.meets(r) {
			earlier++
		}
	}
	verdict.Kept = verdict.Found >= c.least && verdict.Found+unclear <= c.most
	if verdict.Kept {
		return verdict
	}
	verdict.Reason = c.reason(verdict.Found, unclear, earlier)
	if verdict.Found < c.least {
		verdict.Nearest = c.nearest(requests)
	}
	return verdict
}

// reason says what is not as expected.
func (c *call) reason(found, unclear, earlier int) string {
	expected := fmt.Sprintf("at least %d", c.least)
	switch {
	case c.most == 0:
		expected = "none"
	case c.least == c.most:
		expected = fmt.Sprintf("exactly %d", c.least)
	case c.most < math.MaxInt && found >= c.least:
		expected = fmt.Sprintf("at most %d", c.most)
	}
	words := []string{fmt.Sprintf("%d found, %s expected", found, expected)}
	if earlier > 0 {
		words = append(words, fmt.Sprintf("%d more came too early: before those of the call in front of it", earlier))
	}
	if unclear > 0 {
		words = append(words, fmt.Sprintf("of %d more it is not known, because only the beginning of their bodies is remembered (--journal-body)", unclear))
	}
	return strings.Join(words, "; ")
}

// mostNearest is how many requests a verdict names that were nearly what was expected.
const mostNearest = 3

// nearest are the ids of the requests that miss the call by the fewest reasons, the latest first of equals.
func (c *call) nearest(requests []*request) []string {
	type near struct {
		id     string
		misses int
	}
	var list []near
	for _, r := range slices.Backward(requests) {
		n := near{r.entry.ID, len(c.when.Misses(&r.Request))}
		if c.status != 0 && c.status != r.entry.Response.Status {
			n.misses++
		}
		if n.misses > 0 {
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return cmp.Compare(a.misses, b.misses) })
	var ids []string
	for _, n := range list[:min(len(list), mostNearest)] {
		ids = append(ids, n.id)
	}
	return ids
}
