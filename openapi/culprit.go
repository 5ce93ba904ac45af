package openapi

import (
	"encoding/base64"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// culprit is a part of a value and the schema that refuses it. Asking jsonschema about that alone costs a fraction of
// asking it about the whole value.
type culprit struct {
	schema  *jsonschema.Schema
	value   any
	pointer string // to value, in the whole
}

// asker is a rule that does nothing but ask acceptors about a value or its parts. It asks nobody, that is nil, where it
// is itself what is broken, or cannot tell whom to ask.
type asker interface {
	ask(value any, pointer string, question func(a *acceptor, part any, pointer string))
}

// culprits are the smallest parts that hold everything that is wrong with a value; where the acceptor cannot tell, the
// value itself.
func (a *acceptor) culprits(value any, pointer string) []culprit {
	var found []culprit
	whole := false
	for _, r := range a.rules[kindOf(value)] {
		asks, ok := r.(asker)
		if !ok {
			whole = whole || r.judge(value) != accepted
			continue
		}
		asks.ask(value, pointer, func(b *acceptor, part any, pointer string) {
			switch {
			case b == nil:
				whole = true
			case b.schema == nil || b.schema.Always != nil: // the owner of a schema that is just false is to blame
				whole = whole || b.judge(part) != accepted
			default:
				found = append(found, b.culprits(part, pointer)...)
			}
		})
	}
	if whole {
		return []culprit{{a.schema, value, pointer}}
	}
	return found
}

func (a *acceptor) ask(value any, pointer string, question func(*acceptor, any, string)) {
	question(a, value, pointer)
}

func (r choice) ask(value any, pointer string, question func(*acceptor, any, string)) {
	next := r.otherwise
	switch r.when.judge(value) {
	case undecided:
		question(nil, value, pointer)
		return
	case accepted:
		next = r.then
	}
	if next != nil {
		question(next, value, pointer)
	}
}

func (r conditional) ask(value any, pointer string, question func(*acceptor, any, string)) {
	if holds(r.property, r.value, value) {
		question(r.then, value, pointer)
	}
}

func (r properties) ask(value any, pointer string, question func(*acceptor, any, string)) {
	object := value.(map[string]any)
	for _, p := range r {
		if member, there := object[p.name]; there {
			question(p.rule, member, pointer+"/"+escapePointer(p.name))
		}
	}
}

func (r items) ask(value any, pointer string, question func(*acceptor, any, string)) {
	for i, item := range value.([]any) {
		each := r.rest
		if i < len(r.first) {
			each = r.first[i]
		}
		if each != nil {
			question(each, item, pointer+"/"+strconv.Itoa(i))
		}
	}
}

func (r embeddedText) ask(value any, pointer string, question func(*acceptor, any, string)) {
	text := value.(string)
	inner, err := r.limits.decode([]byte(text), text)
	if err != nil {
		question(nil, value, pointer)
		return
	}
	question(r.inside, inner, pointer+Embedded)
}

func (r embeddedBase64Text) ask(value any, pointer string, question func(*acceptor, any, string)) {
	text, err := base64.StdEncoding.DecodeString(value.(string))
	if err != nil {
		question(nil, value, pointer)
		return
	}
	r.embeddedText.ask(string(text), pointer, question)
}
