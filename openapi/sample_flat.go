package openapi

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// flat is what applies to one value when each alternative is decided: schemas that all hold together.
type flat struct {
	list   []place
	prefer map[string]any // what the discriminators of the alternatives want, by property
}

func (f flat) has(p place) bool {
	return slices.ContainsFunc(f.list, func(q place) bool { return q.node == p.node })
}

// choices counts through the combinations of alternatives, as an odometer does.
type choices struct {
	taken, sizes []int
	at           int
}

// take is the alternative of so many that is chosen where the next choice comes up.
func (c *choices) take(n int) int {
	if c.at == len(c.taken) {
		c.taken, c.sizes = append(c.taken, 0), append(c.sizes, n)
	}
	c.sizes[c.at] = n
	c.at++
	return min(c.taken[c.at-1], n-1)
}

// next steps to the next combination; false when there is none.
func (c *choices) next() bool {
	c.taken, c.sizes = c.taken[:c.at], c.sizes[:c.at]
	c.at = 0
	for i := len(c.taken) - 1; i >= 0; i-- {
		if c.taken[i]+1 < c.sizes[i] {
			c.taken[i]++
			c.taken, c.sizes = c.taken[:i+1], c.sizes[:i+1]
			return true
		}
	}
	return false
}

// flatten lists the schemas that apply without conditions; of alternatives those that are chosen.
func (g *sampler) flatten(schemas []place, pointer string, choice *choices) flat {
	f := flat{prefer: map[string]any{}}
	seen := map[*yaml.Node]bool{}
	var add func(p place)
	add = func(p place) {
		if !p.ok() || seen[p.node] {
			return
		}
		seen[p.node] = true
		target := g.spec.target(p)
		if !target.ok() || !g.spec.is30 { // beside $ref nothing counts in 3.0
			f.list = append(f.list, p)
		}
		if add(target); target.ok() && g.spec.is30 {
			return
		}
		p.at("allOf").each(func(_ string, part place) { add(part) })
		for _, keyword := range []string{"oneOf", "anyOf"} {
			branches := p.at(keyword)
			if branches.ok() && len(branches.node.Content) > 0 {
				n := len(branches.node.Content)
				i := (choice.take(n) + g.random(pointer+keyword, n)) % n
				g.prefersBranch(&f, p, branches, i)
				add(place{p.doc, branches.pointer + "/" + itoa(i), branches.node.Content[i]})
			}
		}
	}
	for _, p := range schemas {
		add(p)
	}
	g.prefersSelf(&f)
	return f
}

// prefersBranch notes the discriminator's value that means the branch.
func (g *sampler) prefersBranch(f *flat, p, branches place, i int) {
	discriminator := p.at("discriminator")
	property := discriminator.text("propertyName")
	if property == "" {
		return
	}
	if names := g.spec.branchNames(p.doc, discriminator.node, branches.node)[i]; len(names) > 0 {
		f.prefer[property] = names[0]
	}
}

// prefersSelf notes what the discriminator of a schema without alternatives calls the schema that includes it: the
// mapping's name for it, or its own.
func (g *sampler) prefersSelf(f *flat) {
	for _, p := range f.list {
		discriminator := p.at("discriminator")
		property := discriminator.text("propertyName")
		if property == "" || f.prefer[property] != nil || p.at("oneOf").ok() || p.at("anyOf").ok() {
			continue
		}
		for _, q := range f.list {
			if name, ok := strings.CutPrefix(q.pointer, "/components/schemas/"); ok && !strings.Contains(name, "/") {
				f.prefer[property] = g.mappedName(discriminator.at("mapping"), q, name)
				break
			}
		}
	}
}

func (g *sampler) mappedName(mapping, schema place, name string) string {
	mapping.each(func(value string, target place) {
		if text := target.node.Value; text == name || strings.HasSuffix(text, "#"+schema.pointer) {
			name = value
		}
	})
	return name
}

// typeHints are keywords from which a type follows where none is named: in this order the types are tried.
var typeHints = []struct{ kind, keywords string }{
	{"object", "properties required additionalProperties patternProperties propertyNames minProperties maxProperties dependentRequired dependentSchemas unevaluatedProperties"},
	{"array", "items prefixItems minItems maxItems contains uniqueItems unevaluatedItems"},
	{"string", "pattern minLength maxLength contentMediaType contentEncoding contentSchema"},
	{"number", "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf"},
}

// kinds are the types that the schemas allow together, the most wanted first.
func (f flat) kinds() []string {
	var kinds []string
	for _, p := range f.list {
		if own := typesAt(p); len(own) > 0 && kinds == nil {
			kinds = own
		} else if len(own) > 0 {
			kinds = commonKinds(kinds, own)
		}
	}
	if kinds != nil {
		return nullLast(kinds)
	}
	for _, hint := range typeHints {
		for keyword := range strings.FieldsSeq(hint.keywords) {
			if slices.ContainsFunc(f.list, func(p place) bool { return p.at(keyword).ok() }) {
				kinds = append(kinds, hint.kind)
				break
			}
		}
	}
	for _, kind := range f.otherKinds() {
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// otherKinds are the types that nothing speaks for; a format may.
func (f flat) otherKinds() []string {
	for _, p := range f.list {
		switch format := p.text("format"); format {
		case "":
		case "int32", "int64", "float", "double":
			return []string{"integer", "number", "string", "object"}
		default:
			return []string{"string", "object", "integer"}
		}
	}
	return []string{"object", "string", "integer", "boolean", "array", "null"}
}

func typesAt(p place) []string {
	t := p.at("type")
	if t.ok() && t.node.Kind == yaml.ScalarNode {
		if p.flag("nullable") {
			return []string{t.node.Value, "null"}
		}
		return []string{t.node.Value}
	}
	var list []string
	t.each(func(_ string, item place) { list = append(list, item.node.Value) })
	return list
}

// commonKinds are those of both lists; an integer is a number, too.
func commonKinds(a, b []string) []string {
	common := []string{}
	for _, kind := range a {
		switch {
		case slices.Contains(b, kind), kind == "integer" && slices.Contains(b, "number"):
			common = append(common, kind)
		case kind == "number" && slices.Contains(b, "integer"):
			common = append(common, "integer")
		}
	}
	return common
}

func nullLast(kinds []string) []string {
	list := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		if kind != "null" {
			list = append(list, kind)
		}
	}
	if len(list) < len(kinds) {
		list = append(list, "null")
	}
	return list
}
