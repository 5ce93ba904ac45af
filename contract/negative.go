package contract

import (
	"iter"

	"github.com/counterpart-go/counterpart/openapi"
)

// negativeCases send what breaks one rule of the document: it must be refused. A value that is broken no more when a
// server reads it ("1" for 1 in a query) is not sent.
func negativeCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for op := range m.sendable() {
			for t := range m.tries(op) {
				if len(t.violations) > 0 && !yield(m.negative("negative", t)) {
					return
				}
			}
		}
	}
}

// leavesNoTrace lists what a refused write might have changed, where that can be found.
func (m *maker) leavesNoTrace(s *story, t try, write int) {
	if s.r == nil || !readable(s.r) || t.base == nil || t.parameter != nil {
		return
	}
	filter, pointer := uniqueFilter(s.r)
	name := textOf(lookup(t.body, s.r.Sent+pointer))
	switch {
	case s.last().Created > 0:
		s.shows(s.last().Created, write, OfRefusal, t.base)
	case filter != "" && name != "" && name == textOf(lookup(t.base, s.r.Sent+pointer)):
		s.none(filter, pointer, name)
		s.last().List.After, s.last().List.Of = write, OfRefusal
	}
}

func (m *maker) negative(phase string, t try) Case {
	s := m.story(phase, t.name, t.operation)
	step := t.step()
	if inPath := t.parameter != nil && t.parameter.In == openapi.InPath; !inPath && ofItem(s.r, t.operation) && m.creator(s.r) != nil {
		t.base, _ = m.original(s.r, t.operation, t.base)
		step.Created = s.create(t.base)
	} else if s.r != nil && t.operation == creator(s.r) && t.operation == s.r.Update && !inPath {
		step.Arguments = append(m.creation(s.r, t.body).Arguments, step.Arguments...)
	}
	s.then(step)
	m.leavesNoTrace(s, t, s.refuse(openapi.Invalid))
	return s.c
}
