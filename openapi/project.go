package openapi

import "gopkg.in/yaml.v3"

// Project turns an item as it was sent into what an answer may show of it: properties that may only be sent
// (`writeOnly`) are left out, also inside JSON held by a string, and JSON text becomes an object where the answer's
// schema has an object. Values are copied where they change.
func (s *Schema) Project(value any) any {
	return s.spec.project([]place{s.at}, value)
}

// Inside is the schema of the value at a JSON Pointer in a value of this schema, "-" standing for any item of an
// array. Nil when the document describes none there.
func (s *Schema) Inside(pointer string) *Schema {
	p := s.at
	for _, token := range splitPointer(pointer) {
		var inner place
		s.spec.eachApplied(p, func(applied place) {
			next := applied.at("properties", token)
			if token == "-" {
				next = applied.at("items")
			}
			if next.ok() && !inner.ok() {
				inner = next
			}
		})
		p = inner
	}
	return s.spec.schema(p, s.view)
}

func (s *Spec) project(schemas []place, value any) any {
	switch v := value.(type) {
	case map[string]any:
		return s.projectObject(schemas, v)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = s.project(s.below(schemas, "items"), item)
		}
		return items
	case string:
		return s.projectText(schemas, v)
	}
	return value
}

func (s *Spec) projectObject(schemas []place, object map[string]any) any {
	shown := make(map[string]any, len(object))
	for name, member := range object {
		inner := s.below(schemas, "properties", name)
		hidden := false
		for _, p := range inner {
			hidden = hidden || s.marked(p, KeywordWriteOnly)
		}
		if !hidden {
			shown[name] = s.project(inner, member)
		}
	}
	return shown
}

func (s *Spec) projectText(schemas []place, text string) any {
	content := s.below(schemas, "contentSchema")
	asObject := s.onlyObject(schemas)
	if len(content) == 0 && !asObject {
		return text
	}
	inner, err := DecodeJSON([]byte(text))
	if err != nil {
		return text
	}
	if asObject {
		return s.project(schemas, inner)
	}
	return string(encodeJSON(s.project(content, inner)))
}

// below lists what the schemas say about the value that the keys lead to.
func (s *Spec) below(schemas []place, keys ...string) []place {
	var list []place
	for _, p := range schemas {
		s.eachApplied(p, func(applied place) {
			if inner := applied.at(keys...); inner.ok() {
				list = append(list, inner)
			}
		})
	}
	return list
}

// onlyObject says whether the schemas allow an object and no string.
func (s *Spec) onlyObject(schemas []place) bool {
	object := false
	for _, t := range s.below(schemas, "type") {
		if t.node.Kind != yaml.ScalarNode || t.node.Value == "string" {
			return false
		}
		object = object || t.node.Value == "object"
	}
	return object
}
