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
		r, err := m.request(t.step(), known{})
		if err != nil {
			continue
		}
		if violations, reached := r.broken(m.spec, op); reached {
			t.violations = t.own(violations)
			list = append(list, t)
		}
	}
	return list
}

// own are the violations that the try makes: those of path parameters that it does not vary are of values made up for
// now, where the ids of items will stand.
func (t try) own(violations openapi.Violations) openapi.Violations {
	return slices.DeleteFunc(violations, func(v openapi.Violation) bool {
		return v.In == openapi.InPath && (t.parameter == nil || t.parameter.In != openapi.InPath || t.parameter.Name != v.Name)
	})
}

// renewed gives the try a name and secrets of its own, unless these are what it tries: cases may run at the same time.
func (m *maker) renewed(t try) try {
	r := m.owner(t.operation)
	if t.base == nil || r == nil {
		return t
	}
	pointers := r.Unique
	if r.ID.Sent != "" && !slices.Contains(pointers, r.ID.Sent) {
		pointers = append(slices.Clone(pointers), r.ID.Sent)
	}
	for _, pointer := range pointers {
		at := r.Sent + pointer
		was := lookup(t.base, at)
		if was == nil {
			continue
		}
		t.base = m.renamed(t.operation, t.base, at)
		if lookup(t.body, at) == was {
			t.body = openapi.Set(t.body, at, lookup(t.base, at))
		}
	}
	return t
}

// step sends the try alone.
func (t try) step() Step {
	return Step{Operation: t.operation, Body: t.body, Arguments: t.arguments}
}

// varies says whether parts of the operation's body can be changed one by one, and be judged.
func (m *maker) varies(op *openapi.Operation) bool {
	media := content(op)
	return media != nil && media.Schema != nil && isJudged(media.Range) && baseName(media.Range) != jsonPatch
}

// bodyTries vary every variant of the body; what several variants have in common is tried once.
func (m *maker) bodyTries(op *openapi.Operation) []try {
	if !m.varies(op) {
		return nil
	}
	var list []try
	seen := map[[3]string]bool{}
	for _, v := range m.variants(op) {
		body := m.own(op, v)
		variations := schemaOf(op).Variations(body)
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
		if p.Schema == nil || p.In == openapi.InHeader && (ignoredHeader(p.Name) || isConditional(p.Name)) {
			continue
		}
		for _, a := range m.arguments(p) {
			t := try{operation: op, name: op.ID + "/" + string(p.In) + " " + p.Name + " " + a.name, parameter: p, arguments: []Argument{a.Argument}}
			if content(op) != nil {
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
		list = append(list, namedArgument{Argument{In: p.In, Name: p.Name}, "missing"})
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
			list = append(list, namedArgument{Argument{In: p.In, Name: p.Name, Texts: texts}, x.Name})
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
