package openapi

import (
	"encoding/json"
	"math/big"
	"regexp/syntax"
	"strings"

	"gopkg.in/yaml.v3"
)

// Sample makes a value that keeps the schema: the smallest that its required properties allow, the same every time.
// Examples and defaults of the document are taken where it gives them. Fixed puts a value at a JSON Pointer
// (`#` steps into embedded JSON); conditions (`if`) see it. A schema that contradicts itself has no sample that keeps
// it: validate what comes out where that matters.
func (s *Schema) Sample(fixed map[string]any) any {
	return (&sampler{spec: s.spec, view: s.view, fixed: fixed}).value([]place{s.at}, "", 0)
}

// SampleAll is [Schema.Sample] with every described property given, as deep as the schemas do not contain themselves.
func (s *Schema) SampleAll(fixed map[string]any) any {
	return (&sampler{spec: s.spec, view: s.view, fixed: fixed, optional: maxOptionalDepth}).value([]place{s.at}, "", 0)
}

const maxOptionalDepth = 5 // below, only what is required is given

// Variants are the values of every enum directly below the JSON Pointer into a value, by their own pointers: what a
// tester varies to reach every branch.
func (s *Schema) Variants(pointer string) map[string][]any {
	places := []place{s.at}
	for _, token := range splitPointer(pointer) {
		var inner []place
		for _, p := range places {
			inner = append(inner, s.spec.property(p, token)...)
		}
		places = inner
	}
	variants := map[string][]any{}
	for _, p := range places {
		s.spec.eachApplied(p, func(applied place) {
			applied.at("properties").each(func(_ string, property place) {
				s.spec.eachApplied(property, func(schema place) {
					at := pointer + "/" + escapePointer(lastToken(property.pointer))
					if list, ok := nodeValue(schema.at("enum").node).([]any); ok && len(list) > 1 {
						variants[at] = list
					}
				})
			})
		})
	}
	return variants
}

const maxSampleDepth = 24 // ends schemas that contain themselves

type sampler struct {
	spec  *Spec
	view  view
	fixed map[string]any

	optional int // how deep optional properties are given, too
}

// value samples what all the schemas together allow.
func (g *sampler) value(schemas []place, pointer string, depth int) any {
	if fixed, ok := g.fixed[pointer]; ok {
		return fixed
	}
	flat := g.flatten(schemas)
	value := g.plain(flat, pointer, depth)
	for range len(flat) { // each round may make one more condition true
		chosen := g.conditions(flat, value)
		if len(chosen) == 0 {
			break
		}
		flat = g.flatten(append(append([]place(nil), schemas...), chosen...))
		value = g.plain(flat, pointer, depth)
		schemas = append(schemas, chosen...)
	}
	return value
}

// flatten lists the schemas that apply without conditions; of alternatives the first.
func (g *sampler) flatten(schemas []place) []place {
	var flat []place
	seen := map[*yaml.Node]bool{}
	var add func(p place)
	add = func(p place) {
		if !p.ok() || seen[p.node] {
			return
		}
		seen[p.node] = true
		flat = append(flat, p)
		add(g.spec.target(p))
		p.at("allOf").each(func(_ string, part place) { add(part) })
		add(p.at("oneOf", "0"))
		add(p.at("anyOf", "0"))
	}
	for _, p := range schemas {
		add(p)
	}
	return flat
}

// conditions are the branches that the value chooses and that are not applied yet.
func (g *sampler) conditions(flat []place, value any) []place {
	applied := map[*yaml.Node]bool{}
	for _, p := range flat {
		applied[p.node] = true
	}
	var chosen []place
	for _, p := range flat {
		condition := p.at("if")
		if !condition.ok() {
			continue
		}
		branch := p.at("else")
		if g.holds(p, condition, value) {
			branch = p.at("then")
		}
		if branch.ok() && !applied[branch.node] {
			chosen = append(chosen, branch)
		}
	}
	return chosen
}

func (g *sampler) holds(p, condition place, of any) bool {
	if property, value, ok := plainCondition(p.node); ok {
		return holds(property, value, of)
	}
	return len((&Schema{spec: g.spec, view: g.view, at: condition}).Validate(of)) == 0
}

func (g *sampler) plain(flat []place, pointer string, depth int) any {
	if given, ok := g.given(flat); ok && !g.fixedInside(pointer) {
		return given
	}
	if depth > maxSampleDepth {
		return nil
	}
	switch kind(flat) {
	case "object":
		return g.object(flat, pointer, depth)
	case "array":
		return g.array(flat, pointer, depth)
	case "string":
		return g.text(flat, pointer, depth)
	case "integer", "number":
		return number(flat)
	case "boolean":
		return true
	}
	return nil
}

// given is a value that the document itself offers.
func (g *sampler) given(flat []place) (any, bool) {
	for _, keyword := range []string{"const", "default", "example", "examples", "enum"} {
		for _, p := range flat {
			at := p.at(keyword)
			if keyword == "examples" || keyword == "enum" {
				at = at.at("0")
			}
			if at.ok() {
				return nodeValue(at.node), true
			}
		}
	}
	return nil, false
}

func (g *sampler) fixedInside(pointer string) bool {
	for at := range g.fixed {
		if strings.HasPrefix(at, pointer+"/") || strings.HasPrefix(at, pointer+Embedded) {
			return true
		}
	}
	return false
}

func kind(flat []place) string {
	for _, p := range flat {
		t := p.at("type")
		if t.ok() && t.node.Kind == yaml.ScalarNode {
			return t.node.Value
		}
		for _, item := range members(t.node) {
			if item.Value != "null" {
				return item.Value
			}
		}
	}
	for _, implied := range [][2]string{{"properties", "object"}, {"required", "object"}, {"items", "array"}, {"pattern", "string"}, {"minLength", "string"}, {"minimum", "number"}} {
		for _, p := range flat {
			if p.at(implied[0]).ok() {
				return implied[1]
			}
		}
	}
	return "null"
}

func (g *sampler) object(flat []place, pointer string, depth int) any {
	object := map[string]any{}
	for _, p := range flat {
		p.at("required").each(func(_ string, name place) { object[name.node.Value] = nil })
		if depth < g.optional {
			p.at("properties").each(func(_ string, property place) { object[lastToken(property.pointer)] = nil })
		}
	}
	for name := range g.fixed {
		if rest, ok := strings.CutPrefix(name, pointer+"/"); ok {
			token, _, _ := strings.Cut(rest, "/")
			token, _, _ = strings.Cut(token, Embedded)
			object[pointerUnescaper.Replace(token)] = nil
		}
	}
	for name := range object {
		var schemas []place
		for _, p := range flat {
			if property := p.at("properties", name); property.ok() {
				schemas = append(schemas, property)
			}
		}
		if len(schemas) > 0 && g.spec.marked(schemas[0], g.view.hides()) {
			delete(object, name)
			continue
		}
		object[name] = g.value(schemas, pointer+"/"+escapePointer(name), depth+1)
	}
	return object
}

func (g *sampler) array(flat []place, pointer string, depth int) any {
	least, _ := bound(flat, "minItems", 1)
	items := []any{}
	for i := 0; least != nil && big.NewRat(int64(i), 1).Cmp(least) < 0 && i < 100; i++ {
		var schemas []place
		for _, p := range flat {
			if item := p.at("items"); item.ok() {
				schemas = append(schemas, item)
			}
		}
		items = append(items, g.value(schemas, pointer+"/0", depth+1))
	}
	return items
}

func (g *sampler) text(flat []place, pointer string, depth int) any {
	var embeddedSchemas []place
	text := ""
	for _, p := range flat {
		if p.text("contentMediaType") == "application/json" && p.at("contentSchema").ok() {
			embeddedSchemas = append(embeddedSchemas, p.at("contentSchema"))
		}
		if pattern := p.text("pattern"); pattern != "" && text == "" {
			text = textFor(pattern)
		}
		if sample, ok := formatSamples[p.text("format")]; ok && text == "" {
			text = sample
		}
	}
	if len(embeddedSchemas) > 0 {
		return string(encodeJSON(g.value(embeddedSchemas, pointer+Embedded, depth+1)))
	}
	if least, _ := bound(flat, "minLength", 1); least != nil && least.IsInt() && least.Num().IsInt64() {
		for n := least.Num().Int64(); int64(len(text)) < n && n <= 1<<20; {
			text += "a"
		}
	}
	if text == "" {
		text = "text"
	}
	if most, _ := bound(flat, "maxLength", -1); most != nil && most.Cmp(big.NewRat(int64(len(text)), 1)) < 0 {
		text = text[:most.Num().Int64()]
	}
	return text
}

var formatSamples = map[string]string{
	"date-time": "2024-12-10T00:00:00Z", "date": "2024-12-10", "time": "00:00:00Z", "duration": "PT1S",
	"email": "user@example.com", "idn-email": "user@example.com", "hostname": "example.com", "idn-hostname": "example.com",
	"ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.com/", "uri-reference": "/path", "iri": "https://example.com/",
	"iri-reference": "/path", "uuid": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "json-pointer": "/a", "relative-json-pointer": "0",
	"regex": "a", "byte": "YQ==", "uri-template": "/{a}",
}

// bound is the tightest bound that the schemas give: sign 1 for the largest lower one, -1 for the smallest upper one.
func bound(flat []place, keyword string, sign int) (*big.Rat, bool) {
	var tightest *big.Rat
	for _, p := range flat {
		text := p.text(keyword)
		if text == "true" { // OpenAPI 3.0: the flag makes minimum or maximum exclusive
			text = p.text(strings.ToLower(strings.TrimPrefix(keyword, "exclusive")))
		}
		if r, ok := new(big.Rat).SetString(text); ok && (tightest == nil || r.Cmp(tightest)*sign > 0) {
			tightest = r
		}
	}
	return tightest, tightest != nil
}

// number is the smallest magnitude within the bounds that is a multiple of what it must be.
func number(flat []place) any {
	one := big.NewRat(1, 1)
	value := big.NewRat(0, 1)
	if least, ok := bound(flat, "minimum", 1); ok && value.Cmp(least) < 0 {
		value = least
	}
	if least, ok := bound(flat, "exclusiveMinimum", 1); ok && value.Cmp(least) <= 0 {
		value = new(big.Rat).Add(least, one)
	}
	if most, ok := bound(flat, "maximum", -1); ok && value.Cmp(most) > 0 {
		value = most
	}
	if most, ok := bound(flat, "exclusiveMaximum", -1); ok && value.Cmp(most) >= 0 {
		value = new(big.Rat).Sub(most, one)
	}
	step, stepped := bound(flat, "multipleOf", 1)
	if !stepped && kind(flat) == "integer" {
		step, stepped = one, true
	}
	if quotient := new(big.Rat); stepped && step.Sign() > 0 && !quotient.Quo(value, step).IsInt() {
		up := new(big.Int).Add(new(big.Int).Div(quotient.Num(), quotient.Denom()), big.NewInt(1))
		value = new(big.Rat).Mul(new(big.Rat).SetInt(up), step)
	}
	if value.IsInt() {
		return json.Number(value.Num().String())
	}
	return json.Number(strings.TrimRight(value.FloatString(12), "0"))
}

// textFor makes a short text that matches a pattern, "" when it cannot.
func textFor(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	writeMatch(&b, re.Simplify())
	return b.String()
}

func writeMatch(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			b.WriteRune(printable(re.Rune))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpPlus, syntax.OpCapture:
		writeMatch(b, re.Sub[0])
	case syntax.OpRepeat:
		for range re.Min {
			writeMatch(b, re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			writeMatch(b, sub)
		}
	case syntax.OpAlternate:
		writeMatch(b, re.Sub[0])
	}
}

// printable picks a letter or digit of the class where it has one.
func printable(ranges []rune) rune {
	for i := 0; i+1 < len(ranges); i += 2 {
		for _, r := range "a0A" {
			if ranges[i] <= r && r <= ranges[i+1] {
				return r
			}
		}
	}
	return ranges[0]
}
