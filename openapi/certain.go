package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Certainty is what is known of one place in all values of a schema, whatever conditions and alternatives choose.
type Certainty struct {
	Schemas  []*Schema // that judge what stands there; there may be others
	Required bool      // something stands there in every value
	Never    string    // why nothing can stand there, in words with what to do; "" where something may
}

// Certain is what is known of the place that a JSON Pointer names, `#` stepping into embedded JSON. Of what only some
// values are judged by, it says nothing. Nil knows nothing.
func (s *Schema) Certain(pointer string) Certainty {
	if s == nil {
		return Certainty{Required: pointer == ""}
	}
	w := certainWalk{schema: s, required: true}
	w.reach("", []place{s.at})
	for i, part := range strings.Split(pointer, Embedded) {
		if i > 0 {
			w.enter()
		}
		for _, token := range splitPointer(part) {
			w.step(token)
		}
	}
	c := Certainty{Required: w.required, Never: w.never}
	for _, p := range w.schemas {
		c.Schemas = append(c.Schemas, s.spec.schema(p, s.view))
	}
	return c
}

type certainWalk struct {
	schema   *Schema
	schemas  []place // that judge the value that was reached
	parts    []place // these, and all that they include
	pointer  string  // of that value
	required bool
	never    string
}

// reach goes to a value that the schemas judge.
func (w *certainWalk) reach(pointer string, schemas []place) {
	w.pointer, w.schemas, w.parts = pointer, schemas, nil
	for _, p := range schemas {
		w.schema.spec.eachPart(p, func(part place) { w.parts = append(w.parts, part) })
	}
}

// enter steps into the JSON that a string holds.
func (w *certainWalk) enter() {
	w.mustBe("string", "a string that holds JSON")
	content := embeddedSchemas(w.parts)
	w.required = w.required && len(content) > 0
	w.reach(w.pointer+Embedded, content)
}

func (w *certainWalk) step(token string) {
	if _, err := strconv.Atoi(token); err == nil && !w.only("object") {
		w.item(token)
		return
	}
	w.mustBe("object", "an object")
	var next []place
	hidden := false
	for _, p := range w.parts {
		property, rest := p.at("properties", token), p.at("additionalProperties")
		switch {
		case property.ok():
			next = append(next, property)
			hidden = hidden || w.schema.spec.marked(property, w.schema.view.hides())
		case p.at("patternProperties").ok() || !rest.ok():
		case rest.node.Value == "false":
			w.rule(fmt.Sprintf("%s has no property %s%s", w.where(), shorten(token), DidYouMean(token, w.names())))
		case rest.node.Kind == yaml.MappingNode:
			next = append(next, rest)
		}
	}
	w.required = w.required && !hidden && w.requires(token) && w.only("object")
	w.reach(w.pointer+"/"+escapePointer(token), next)
}

// item steps to an item, or to a property whose name is a number.
func (w *certainWalk) item(token string) {
	if !w.may("object") && !w.may("array") {
		w.mustBe("array", "an array")
	}
	var next []place
	if w.only("array") && !slices.ContainsFunc(w.parts, func(p place) bool { return p.at("prefixItems").ok() }) {
		next = below(w.parts, "items")
	}
	w.required = false
	w.reach(w.pointer+"/"+token, next)
}

func (w *certainWalk) requires(token string) bool {
	for _, p := range w.parts {
		found := false
		p.at("required").each(func(_ string, name place) { found = found || name.node.Value == token })
		if found {
			return true
		}
	}
	return false
}

func (w *certainWalk) names() (names []string) {
	for _, p := range w.parts {
		p.at("properties").each(func(name string, _ place) { names = append(names, name) })
	}
	return names
}

// mustBe says that nothing can stand below a value that cannot be of the type.
func (w *certainWalk) mustBe(jsonType, words string) {
	if !w.may(jsonType) {
		w.rule(fmt.Sprintf("%s is never %s", w.where(), words))
	}
}

// may says whether the value can be of the type.
func (w *certainWalk) may(jsonType string) bool {
	return !slices.ContainsFunc(w.parts, func(p place) bool { return p.at("type").ok() && !hasType(p, jsonType) })
}

// only says whether the value can be of no other type.
func (w *certainWalk) only(jsonType string) bool {
	return slices.ContainsFunc(w.parts, func(p place) bool { return p.text("type") == jsonType && !p.flag("nullable") })
}

func hasType(p place, jsonType string) bool {
	t := p.at("type")
	found := t.node.Value == jsonType
	t.each(func(_ string, item place) { found = found || item.node.Value == jsonType })
	return found
}

func (w *certainWalk) where() string {
	if w.pointer == "" {
		return "the body"
	}
	return w.pointer
}

// rule keeps the first reason.
func (w *certainWalk) rule(why string) {
	if w.never == "" {
		w.never = why
	}
}

// DidYouMean is a question for who named something that there is not, "; did you mean x?", or "" where nothing among
// what there is looks like it.
func DidYouMean(name string, known []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, one := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(one), least); d < least {
			best, least = one, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// editDistance is how many characters must be changed, added or taken away (Levenshtein), or most.
func editDistance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, change)
		}
	}
	return min(row[len(b)], most)
}
