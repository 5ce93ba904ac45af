package fault

import (
	"slices"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// truncate ends the body too early, and the connection with it.
type truncate control.Truncate

func (t truncate) carry(d *Delivery, _ *openapi.Response, _ draw) bool {
	n := len(d.part) / 2
	if t.Bytes != nil {
		n = *t.Bytes
	}
	if n >= len(d.part) {
		return false
	}
	d.part, d.cut = d.part[:n], true
	return true
}

func (truncate) unfit(operations []*openapi.Operation) openapi.Violations {
	return wantBodies("/truncate", operations)
}

// wantBodies says that a kind needs answers with a body, where there are none.
func wantBodies(pointer string, operations []*openapi.Operation) openapi.Violations {
	for _, op := range operations {
		if len(op.Responses) == 0 || slices.ContainsFunc(op.Responses, func(a *openapi.Answer) bool { return len(a.Content) > 0 }) {
			return nil
		}
	}
	return openapi.Violations{wrong(pointer, "no operation that is meant answers with a body")}
}
