package stub

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// mostFilled is how large a filled template may be, in bytes.
const mostFilled = 1 << 20

// template is a JSON value with placeholders in its texts. It is data: there are no loops, and no functions but those of
// the table in function.go, none of which knows a file, the environment or the network. Nil is no template.
type template struct {
	pointer string
	fields  map[string]*template // of an object
	items   []*template          // of an array
	parts   []part               // of a text
	value   any                  // of anything else
}

// part is a piece of a text: as it is, or a placeholder.
type part struct {
	text string
	call *invocation // nil for a text
}

// parse reads the value at a JSON Pointer of the answer.
func parse(value any, pointer string) (*template, openapi.Violations) {
	t := &template{pointer: pointer}
	var wrong openapi.Violations
	inside := func(value any, pointer string) *template {
		one, more := parse(value, pointer)
		wrong = append(wrong, more...)
		return one
	}
	switch v := openapi.Decoded(value).(type) {
	case map[string]any:
		t.fields = make(map[string]*template, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			t.fields[name] = inside(v[name], pointer+"/"+escape(name))
		}
	case []any:
		t.items = make([]*template, len(v))
		for i, one := range v {
			t.items[i] = inside(one, pointer+item(i))
		}
	case string:
		var err error
		if t.parts, err = parseText(v); err != nil {
			wrong = append(wrong, openapi.Violation{Pointer: pointer, Detail: err.Error()})
		}
	default:
		t.value = v
	}
	return t, wrong
}

// Placeholders stand between these.
const (
	opening = "{{"
	closing = "}}"
)

func parseText(text string) ([]part, error) {
	parts := []part{}
	for {
		before, rest, found := strings.Cut(text, opening)
		if before != "" {
			parts = append(parts, part{text: before})
		}
		if !found {
			return parts, nil
		}
		inside, after, closed := strings.Cut(rest, closing)
		if !closed {
			return nil, fmt.Errorf("a placeholder that begins with %s has no %s", opening, closing)
		}
		if strings.Contains(inside, opening) {
			return nil, fmt.Errorf("one placeholder stands in another: %s%.40s%s", opening, inside, closing)
		}
		call, err := parseCall(inside)
		if err != nil {
			return nil, err
		}
		parts, text = append(parts, part{call: call}), after
	}
}

// fill is the value for one request.
func (t *template) fill(c *call) (any, error) {
	switch {
	case t.fields != nil:
		object := make(map[string]any, len(t.fields))
		for _, name := range slices.Sorted(maps.Keys(t.fields)) { // in order: some placeholders draw
			value, err := t.fields[name].fill(c)
			if err != nil {
				return nil, err
			}
			object[name] = value
		}
		return object, nil
	case t.items != nil:
		list := make([]any, len(t.items))
		for i, one := range t.items {
			value, err := one.fill(c)
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	case t.parts != nil:
		return t.fillText(c)
	}
	return t.value, nil
}

// fillText is the text or, of a text that is nothing but one placeholder, the value that this stands for.
func (t *template) fillText(c *call) (any, error) {
	var text strings.Builder
	for _, p := range t.parts {
		if p.call == nil {
			text.WriteString(p.text)
			continue
		}
		value, err := p.call.of(c)
		if err != nil {
			return nil, fmt.Errorf("%s: {{%s}}: %w", t.pointer, p.call.source, err)
		}
		if len(t.parts) == 1 {
			return value, nil
		}
		text.WriteString(textOf(value))
		if text.Len() > mostFilled {
			return nil, fmt.Errorf("%s: the text has more than %d bytes", t.pointer, mostFilled)
		}
	}
	return text.String(), nil
}

// textOf is a value as it stands in a text.
func textOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return string(openapi.AppendJSON(nil, value))
}

// judge says which placeholders never have a value in a request for the operation, or would tell a secret.
func (t *template) judge(op *openapi.Operation) (wrong openapi.Violations) {
	if t == nil {
		return nil
	}
	for _, p := range t.parts {
		if p.call == nil {
			continue
		}
		if err := p.call.judge(op); err != nil {
			wrong = append(wrong, openapi.Violation{Pointer: t.pointer, Detail: fmt.Sprintf("{{%s}}: %v", p.call.source, err)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.fields)) {
		wrong = append(wrong, t.fields[name].judge(op)...)
	}
	for _, one := range t.items {
		wrong = append(wrong, one.judge(op)...)
	}
	return wrong
}
