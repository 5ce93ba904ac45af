package contract

import (
	"strconv"

	"github.com/counterpart-go/counterpart/openapi"
)

// exampleCases send every documented example of a request: it must be accepted and answered as documented. An example
// whose name an answer's example has too must get that answer's status. Items that an operation needs are created
// first, with the same body.
func exampleCases(m *maker) []Case {
	var cases []Case
	for _, op := range m.spec.Operations() {
		r := m.owner(op)
		for _, v := range m.examplesOf(op, r) {
			c := Case{Phase: "examples", Name: op.ID + "/" + v.name, Operation: op, Resource: r}
			if r != nil && r.Create != nil && (op == r.Update || op == r.Delete) {
				c.Steps = append(c.Steps, Step{Operation: r.Create, Body: v.body})
			}
			last := Step{Operation: op, Body: v.body, Created: len(c.Steps), Status: documentedStatus(op, v.name)}
			if op.RequestBody == nil {
				last.Body = nil
			}
			c.Steps = append(c.Steps, last)
			cases = append(cases, c)
		}
	}
	return cases
}

// examplesOf are the bodies to send: those of the operation, or those that create the item it works on.
func (m *maker) examplesOf(op *openapi.Operation, r *openapi.Resource) []variant {
	list := []variant{{name: "plain"}}
	item := ""
	if r != nil {
		item = r.Sent
	}
	switch {
	case op.RequestBody != nil:
		list = m.variants(op, item)
	case r != nil && op == r.Delete && r.Create != nil:
		list = m.variants(r.Create, item)[:1]
	}
	for i := range list {
		if list[i].body != nil {
			list[i].body = m.unique(r, list[i].body)
		}
	}
	return list
}

// documentedStatus is the status of the answer that has an example of this name, 0 when there is none.
func documentedStatus(op *openapi.Operation, name string) int {
	for _, a := range op.Responses {
		for _, content := range a.Content {
			for _, e := range content.Examples {
				if status, err := strconv.Atoi(a.Status); err == nil && e.Name == name && name != "" {
					return status
				}
			}
		}
	}
	return 0
}
