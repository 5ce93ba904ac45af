package contract

import (
	"iter"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// try is a request of which one part lies at, or beside, the edge of a rule.
type try struct {
	operation  *openapi.Operation
	name       string
	base       any // the body before it was varied
	body       any
	parameter  *openapi.Parameter // that is varied; nil when it is the body
	arguments  []Argument
	violations openapi.Violations // none when the request keeps the contract
}

// tries are all that the document gives reason to try with an operation. Each is judged as a server will read it.
func (m *maker) tries(op *openapi.Operation) iter.Seq[try] {
	return func(yield func(try) bool) {
		if _, made := m.tried[op]; !made {
			m.tried[op] = m.judgedTries(op)
		}
		for _, t := range m.tried[op] {
			if !yield(m.renewed(t)) {
				return
			}
		}
	}
}

func (m *maker) judgedTries(op *openapi.Operation) []try {
	var list []try
	for _, t := range append(m.bodyTries(op), m.parameterTries(op)...) {
		r, err := m.request(t.step(), "a")
		if err != nil {
			continue
		}
		if violations, reached := r.broken(m.spec, op); reached {
			t.violations = violations
			list = append(list, t)
		}
	}
	return list
}

// renewed gives the try a name and secrets of its own, unless these are what it tries: cases may run at the same time.
func (m *maker) renewed(t try) try {
	r := m.owner(t.operation)
	if t.base == nil || r == nil {
		return t
	}
	for _, pointer := range r.Unique {
		was := lookup(t.base, r.Sent+pointer)
		if was == nil {
			continue
		}
		name := m.name()
		t.base = openapi.Set(t.base, r.Sent+pointer, name)
		if lookup(t.body, r.Sent+pointer) == was {
			t.body = openapi.Set(t.body, r.Sent+pointer, name)
		}
	}
	return t
}

// step sends the try alone.
func (t try) step() Step {
	return Step{Operation: t.operation, Body: t.body, Arguments: t.arguments}
}

// bodyTries vary every variant of the body; what several variants have in common is tried once.
func (m *maker) bodyTries(op *openapi.Operation) []try {
	if op.RequestBody == nil || len(op.RequestBody.Content) == 0 || op.RequestBody.Content[0].Schema == nil {
		return nil
	}
	var list []try
	seen := map[[3]string]bool{}
	for _, v := range m.variants(op) {
		body := m.own(op, v)
		variations := op.RequestBody.Content[0].Schema.Variations(body)
		holders := holdersOf(variations)
		for _, x := range variations {
			key := [3]string{x.Rule.String(), x.Pointer, x.Name}
			if slices.Contains(holders, x.Pointer) { // what is wrong with it depends on the variant
				key[0] = v.name
			}
			unreal := v.real && strings.Contains(x.Pointer, openapi.Embedded)
			if seen[key] || unreal {
				continue
			}
			seen[key] = true
			base := m.own(op, v) // cases that run at the same time must not meet
			list = append(list, try{operation: op, name: op.ID + "/" + v.name + x.String(), base: base, body: bodyOf(x.Of(base))})
		}
	}
	return list
}

// holdersOf are the pointers of strings that hold JSON.
func holdersOf(variations []openapi.Variation) []string {
	var pointers []string
	for _, x := range variations {
		if x.Keyword() == "contentSchema" {
			pointers = append(pointers, x.Pointer)
		}
	}
	return slices.Compact(pointers)
}

func (m *maker) parameterTries(op *openapi.Operation) []try {
	var list []try
	for _, p := range op.Parameters {
		if p.Schema == nil || p.In == openapi.InHeader && ignoredHeader(p.Name) {
			continue
		}
		for _, a := range m.arguments(p) {
			t := try{operation: op, name: op.ID + "/" + string(p.In) + " " + p.Name + " " + a.name, parameter: p, arguments: []Argument{a.Argument}}
			if op.RequestBody != nil {
				t.body = m.own(op, m.variants(op)[0])
				t.base = t.body
			}
			list = append(list, t)
		}
	}
	return list
}

// ignoredHeader says whether a header cannot be described as a parameter (OpenAPI 3.1, section 4.8.12.1).
func ignoredHeader(name string) bool {
	return strings.EqualFold(name, "Accept") || strings.EqualFold(name, "Content-Type") || strings.EqualFold(name, "Authorization")
}

type namedArgument struct {
	Argument
	name string
}

func (m *maker) arguments(p *openapi.Parameter) []namedArgument {
	var list []namedArgument
	if p.Required && p.In != openapi.InPath {
		list = append(list, namedArgument{Argument{p.In, p.Name, nil}, "missing"})
	}
	base := p.Schema.Sample(nil)
	if len(p.Examples) > 0 {
		base = p.Examples[0].Value
	}
	given := openapi.Variation{Name: "given", Value: base}
	for _, x := range append([]openapi.Variation{given}, p.Schema.Variations(base)...) {
		if x.Pointer != "" {
			continue
		}
		if texts, ok := p.Texts(x.Value); ok && sendable(p, texts) {
			list = append(list, namedArgument{Argument{p.In, p.Name, texts}, x.Name})
		}
	}
	return list
}

// sendable leaves out what HTTP gives another meaning: path segments that are no segment, and what no header can hold.
func sendable(p *openapi.Parameter, texts []string) bool {
	text := strings.Join(texts, "")
	switch p.In {
	case openapi.InPath:
		return strings.Trim(text, ".") != "" && !strings.Contains(text, "/")
	case openapi.InHeader, openapi.InCookie:
		return text == strings.TrimSpace(text) && text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == ';' || r == '\\' })
	}
	return true
}
