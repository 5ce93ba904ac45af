package contract

import (
	"iter"
	"strconv"

	"github.com/counterpart-go/counterpart/openapi"
)

// exampleCases send every documented example of a request: it must be accepted and answered as documented. An example
// whose name an answer's example has too must get that answer's status. Items that an operation needs are created
// first, with the same body.
func exampleCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for _, op := range m.spec.Operations() {
			for _, v := range m.examplesOf(op) {
				if !yield(m.example(op, v)) {
					return
				}
			}
		}
	}
}

func (m *maker) example(op *openapi.Operation, v variant) Case {
	s := m.story("examples", op.ID+"/"+v.name, op)
	step := Step{Operation: op, Status: documentedStatus(op, v.name)}
	if op.RequestBody != nil {
		step.Body = v.body
	}
	if s.r != nil && s.r.Create != nil && (op == s.r.Update || op == s.r.Delete) {
		step.Created = s.create(v.body)
	}
	s.then(step)
	return s.c
}

// examplesOf are the bodies to send: those of the operation, or the one that creates the item it works on.
func (m *maker) examplesOf(op *openapi.Operation) []variant {
	list, of := []variant{{name: "plain"}}, op
	r := m.owner(op)
	switch {
	case op.RequestBody != nil:
		list = m.variants(op)
	case r != nil && op == r.Delete && r.Create != nil:
		list, of = m.variants(r.Create)[:1], r.Create
	}
	for i := range list {
		if list[i].body != nil {
			list[i].body = m.own(of, list[i])
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
