package contract

import (
	"iter"
	"net/http"
	"slices"
	"strconv"

	"github.com/counterpart-go/counterpart/openapi"
)

// exampleCases send every documented example of a request, and a body of every media type that is described: it must be
// accepted and answered as documented. An example whose name an answer's example has too must get that answer's status.
// Items that an operation needs are created first; that of an update, with the same body. Then its links are followed.
func exampleCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for op := range m.sendable() {
			for _, v := range m.examplesOf(op) {
				if m.keeps(op, Step{Operation: op, Body: v.body, Media: v.media}) && !yield(m.example(op, v)) {
					return
				}
			}
			for _, c := range m.linkCases(op) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// sendable are the chosen operations of which a request can be made.
func (m *maker) sendable() iter.Seq[*openapi.Operation] {
	return func(yield func(*openapi.Operation) bool) {
		for _, op := range m.chosen {
			if m.canSend(op) && !yield(op) {
				return
			}
		}
	}
}

// keeps says whether a request keeps the document as a server reads it. What is made of a schema need not: some contradict
// themselves.
func (m *maker) keeps(op *openapi.Operation, step Step) bool {
	if content(op) == nil {
		step.Body = nil
	}
	r, err := m.request(step, known{})
	if err != nil {
		return false
	}
	violations, reached := r.broken(m.spec, op)
	return reached && len((try{}).own(violations)) == 0
}

func (m *maker) example(op *openapi.Operation, v variant) Case {
	s := m.story("examples", op.ID+"/"+v.name, op)
	step := Step{Operation: op, Status: documentedStatus(op, v.name)}
	if step.Status >= 400 { // whether a server is in such a state is its own affair
		step.Status, step.Refused, step.Open = 0, openapi.Invalid, true
	}
	if content(op) != nil {
		step.Body, step.Media = v.body, v.media
	}
	original := 0
	switch {
	case m.keepable(s.r, op):
		original = s.then(Step{Operation: s.r.Get})
		s.then(Step{Operation: s.r.Update, Put: original})
	case ofItem(s.r, op) && m.creator(s.r) != nil:
		var item any
		item, step.Body = m.original(s.r, op, v.body)
		step.Created = s.create(item)
	}
	s.then(step)
	if original > 0 {
		s.then(Step{Operation: s.r.Update, Put: original})
	}
	return s.c
}

// keepable says whether the operation changes what is always there, and whether that can be put back as it was.
func (m *maker) keepable(r *openapi.Resource, op *openapi.Operation) bool {
	return r != nil && r.Singleton() && r.Get != nil && r.Update != nil && op.Method != http.MethodGet && op.Method != http.MethodDelete
}

// original is an item for an operation to work on, and the operation's body that fits it. An item that is replaced is
// like what replaces it, as far as its creation allows.
func (m *maker) original(r *openapi.Resource, op *openapi.Operation, body any) (item, fitting any) {
	switch {
	case (op == r.Update || op == r.Delete) && body != nil && m.valid(creator(r), body):
		item = body
	default:
		item = m.item(r)
	}
	if op == r.Delete {
		return item, nil
	}
	if body != nil && op == r.Update {
		body = m.likeFirst(r, item, body)
	}
	return item, body
}

// examplesOf are the bodies to send: those of the operation, or the one that creates the item it works on.
func (m *maker) examplesOf(op *openapi.Operation) []variant {
	list, of := []variant{{name: "plain"}}, op
	r := m.owner(op)
	switch {
	case op.RequestBody != nil:
		list = slices.Concat(m.variants(op), m.refusedExamples(op), m.otherMedia(op))
	case r != nil && op == r.Delete && m.creator(r) != nil:
		list, of = m.variants(creator(r))[:1], creator(r)
	}
	for i := range list {
		if list[i].body != nil {
			list[i].body = m.own(of, list[i])
		}
	}
	return list
}

// refusedExamples are the examples that the document gives a refusal to.
func (m *maker) refusedExamples(op *openapi.Operation) []variant {
	media := content(op)
	if media == nil {
		return nil
	}
	return slices.DeleteFunc(soundExamples(media), func(v variant) bool { return documentedStatus(op, v.name) < 400 })
}

// otherMedia is a body of each described media type but the first choice.
func (m *maker) otherMedia(op *openapi.Operation) []variant {
	var list []variant
	for _, media := range op.RequestBody.Content {
		if media == content(op) || rank(media.Range) == unmade {
			continue
		}
		v := variant{name: "as " + media.Range, media: media.Range, body: m.variants(op)[0].body}
		if examples := soundExamples(media); len(examples) > 0 {
			v.body = examples[0].body
		} else if media.Schema != nil {
			v.body = media.Schema.Sample(nil)
		}
		if baseName(media.Range) == jsonPatch {
			v.body = []any{} // changes nothing; the phase state patches with more
		}
		list = append(list, v)
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
