package contract

import (
	"slices"

	"github.com/counterpart-go/counterpart/openapi"
)

// linkCases follow the links of an operation's answer: what it hands over, the linked operation must take. Those from the
// creation of an item to the item are left to the phase state.
func (m *maker) linkCases(op *openapi.Operation) []Case {
	var cases []Case
	for _, link := range op.Links() {
		r := m.owner(op)
		within := r != nil && r == m.owner(link.Target)
		if within || len(link.Parameters) == 0 || !slices.Contains(m.chosen, link.Target) || !m.canSend(link.Target) || m.keepable(r, op) {
			continue
		}
		cases = append(cases, m.linkCase(op, link))
	}
	return cases
}

func (m *maker) linkCase(op *openapi.Operation, link openapi.Link) Case {
	c := m.example(op, m.examplesOf(op)[0])
	c.Name = op.ID + "/link " + link.Name
	from := len(c.Steps)
	step := Step{Operation: link.Target, Refused: openapi.UnknownID, Open: true} // what is linked need not be there any more
	for _, p := range link.Parameters {
		step.Arguments = append(step.Arguments, Argument{In: p.In, Name: p.Name, From: Source{Step: from, Part: p.Expression}})
	}
	if content(link.Target) != nil {
		step.Body = m.own(link.Target, m.variants(link.Target)[0])
	}
	c.Steps = append(c.Steps, step)
	return c
}
