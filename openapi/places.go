package openapi

import (
	"maps"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

const maxPlaceDepth = 64 // ends values that are nested without reason

// eachPlace visits every place of a value with the schemas that judge it there, JSON held by strings included. Of
// conditions and alternatives the schemas are those that the value chooses; of arrays only so many items are visited.
func (s *Schema) eachPlace(value any, items int, visit func(pointer string, value any, judging []place)) {
	w := &placeWalk{spec: s.spec, view: s.view, items: items, visit: visit}
	w.value([]place{s.at}, value, "", 0)
}

type placeWalk struct {
	spec  *Spec
	view  view
	items int // of an array
	visit func(pointer string, value any, judging []place)
}

func (w *placeWalk) value(schemas []place, value any, pointer string, depth int) {
	judging := w.judging(schemas, value)
	if len(judging) == 0 || depth > maxPlaceDepth {
		return
	}
	w.visit(pointer, value, judging)
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			w.value(w.member(judging, name), v[name], pointer+"/"+escapePointer(name), depth+1)
		}
	case []any:
		for i, item := range v[:min(len(v), w.items)] {
			w.value(below(judging, "items"), item, pointer+"/"+strconv.Itoa(i), depth+1)
		}
	case string:
		if content := embeddedSchemas(judging); len(content) > 0 {
			if inner, err := DecodeJSON([]byte(v)); err == nil {
				w.value(content, inner, pointer+Embedded, depth+1)
			}
		}
	}
}

// judging lists the schemas that judge the value, each once.
func (w *placeWalk) judging(schemas []place, value any) []place {
	var list []place
	seen := map[*yaml.Node]bool{}
	var add func(p place)
	add = func(p place) {
		if !p.ok() || seen[p.node] {
			return
		}
		seen[p.node] = true
		list = append(list, p)
		add(w.spec.target(p))
		p.at("allOf").each(func(_ string, part place) { add(part) })
		for _, keyword := range []string{"oneOf", "anyOf"} {
			p.at(keyword).each(func(_ string, branch place) {
				if w.valid(branch, value) {
					add(branch)
				}
			})
		}
		if condition := p.at("if"); condition.ok() {
			if w.holds(p, condition, value) {
				add(p.at("then"))
			} else {
				add(p.at("else"))
			}
		}
	}
	for _, p := range schemas {
		add(p)
	}
	return list
}

func (w *placeWalk) valid(p place, value any) bool {
	return len((&Schema{spec: w.spec, view: w.view, at: p}).Validate(value)) == 0
}

func (w *placeWalk) holds(p, condition place, value any) bool {
	if property, want, ok := plainCondition(p.node); ok {
		return holds(property, want, value)
	}
	return w.valid(condition, value)
}

// member lists the schemas of an object's property: those of its name, else those of all others.
func (w *placeWalk) member(judging []place, name string) []place {
	var list []place
	for _, p := range judging {
		if property := p.at("properties", name); property.ok() {
			list = append(list, property)
		} else if rest := p.at("additionalProperties"); rest.ok() && rest.node.Kind == yaml.MappingNode {
			list = append(list, rest)
		}
	}
	return list
}

func below(judging []place, keyword string) []place {
	var list []place
	for _, p := range judging {
		if inner := p.at(keyword); inner.ok() {
			list = append(list, inner)
		}
	}
	return list
}

// embeddedSchemas are the schemas of the JSON that a string holds; none when it holds no JSON.
func embeddedSchemas(judging []place) []place {
	for _, p := range judging {
		if isJSON(p.text("contentMediaType")) {
			return below(judging, "contentSchema")
		}
	}
	return nil
}

// Rules are the keywords below the schema that judge values, each once, in the document's order: what a suite can try.
func (s *Schema) Rules() []Rule {
	var rules []Rule
	seen := map[*yaml.Node]bool{}
	var walk func(p place)
	walk = func(p place) {
		s.spec.walkParts(p, func(applied place) {
			if seen[applied.node] {
				return
			}
			seen[applied.node] = true
			rules = append(rules, rulesOf(applied)...)
			for _, keyword := range []string{"properties", "patternProperties"} {
				applied.at(keyword).each(func(_ string, property place) { walk(property) })
			}
			for _, keyword := range []string{"items", "additionalProperties", "contentSchema"} {
				walk(applied.at(keyword))
			}
		}, []string{"allOf", "anyOf", "oneOf"}, []string{"then", "else"})
	}
	walk(s.at)
	return rules
}

// Judging are the rules that judge some part of the value.
func (s *Schema) Judging(value any) []Rule {
	var rules []Rule
	s.eachPlace(value, maxVariedItems, func(_ string, _ any, judging []place) {
		for _, p := range judging {
			rules = append(rules, rulesOf(p)...)
		}
	})
	return rules
}

// judgingKeywords are the keywords whose edges a suite can try.
var judgingKeywords = []string{"type", "enum", "const", "required", "minLength", "maxLength", "pattern", "format", "minimum", "maximum",
	"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
	"additionalProperties", "dependentRequired", KeywordEmbedded}

// forbidsNothing says whether no value can break the rule.
func forbidsNothing(keyword string, at place) bool {
	return keyword == "additionalProperties" && at.node.Value == "true" || keyword == "format" && at.node.Value == "password"
}

func rulesOf(p place) []Rule {
	var rules []Rule
	for _, keyword := range judgingKeywords {
		if at := p.at(keyword); at.ok() && !forbidsNothing(keyword, at) {
			rules = append(rules, at.rule())
		}
	}
	return rules
}
