package contract

import (
	"iter"

	"github.com/counterpart-go/counterpart/openapi"
)

// negativeCases send what breaks one rule of the document: it must be refused. A value that is broken no more when a
// server reads it ("1" for 1 in a query) is not sent.
func negativeCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for _, op := range m.spec.Operations() {
			for t := range m.tries(op) {
				if len(t.violations) > 0 && !yield(m.negative("negative", t)) {
					return
				}
			}
		}
	}
}

func (m *maker) negative(phase string, t try) Case {
	s := m.story(phase, t.name, t.operation)
	step := t.step()
	if s.r != nil && t.operation == s.r.Update && s.r.Create != nil && t.parameter == nil {
		step.Created = s.create(t.base)
	}
	s.then(step)
	s.refuse(openapi.Invalid)
	return s.c
}
