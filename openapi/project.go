package openapi

import "sync"

// Project turns an item as it was sent into what an answer may show of it: properties that may only be sent
// (`writeOnly`) are left out, also inside JSON held by a string, and JSON text becomes an object where the answer's
// schema has an object. Values are copied where they change.
func (s *Schema) Project(value any) any {
	s.projectOnce.Do(func() { s.projection = &projection{spec: s.spec, schemas: []place{s.at}} })
	return s.projection.of(value)
}

// Inside is the schema of the value at a JSON Pointer in a value of this schema, "-" standing for any item of an
// array. Nil when the document describes none there, and for nil.
func (s *Schema) Inside(pointer string) *Schema {
	if s == nil {
		return nil
	}
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

// Describes says whether the schema describes a property of this name.
func (s *Schema) Describes(property string) bool {
	s.projectOnce.Do(func() { s.projection = &projection{spec: s.spec, schemas: []place{s.at}} })
	s.projection.once.Do(s.projection.build)
	return s.projection.members[property] != nil
}

// ReadOnly says whether the schema describes a property of this name that only the server sets.
func (s *Schema) ReadOnly(property string) bool {
	s.projectOnce.Do(func() { s.projection = &projection{spec: s.spec, schemas: []place{s.at}} })
	s.projection.once.Do(s.projection.build)
	return s.projection.readOnly[property]
}

// projection is what the schemas of one value say about showing it, worked out at first use. A nil projection shows
// the value as it is.
type projection struct {
	spec    *Spec
	schemas []place

	once     sync.Once
	hidden   map[string]bool        // properties that are not shown
	readOnly map[string]bool        // properties that only the server sets
	members  map[string]*projection // properties that are described
	items    *projection            // of an array
	content  *projection            // of the JSON that a string holds
	object   bool                   // an object is allowed and a string is not
}

func (p *projection) of(value any) any {
	if p == nil {
		return value
	}
	p.once.Do(p.build)
	switch v := value.(type) {
	case map[string]any:
		shown := make(map[string]any, len(v))
		for name, member := range v {
			if !p.hidden[name] {
				shown[name] = p.members[name].of(member)
			}
		}
		return shown
	case Object:
		return p.ofMembers(v)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = p.items.of(item)
		}
		return items
	case string:
		if p.content != nil || p.object {
			return p.ofText(v)
		}
	}
	return value
}

func (p *projection) ofMembers(members Object) Object {
	shown := make(Object, 0, len(members))
	for _, m := range members {
		if !p.hidden[m.Name] {
			shown = append(shown, Member{m.Name, p.members[m.Name].of(m.Value)})
		}
	}
	return shown
}

func (p *projection) ofText(text string) any {
	inner, err := DecodeJSON([]byte(text))
	if err != nil {
		return text
	}
	if p.object {
		return p.of(inner)
	}
	return string(AppendJSON(make([]byte, 0, len(text)), p.content.of(inner)))
}

func (p *projection) build() {
	p.hidden, p.readOnly, p.members = map[string]bool{}, map[string]bool{}, map[string]*projection{}
	for _, schema := range p.schemas {
		p.spec.eachApplied(schema, func(applied place) {
			applied.at("properties").each(func(_ string, property place) {
				name := lastToken(property.pointer)
				p.hidden[name] = p.hidden[name] || p.spec.marked(property, KeywordWriteOnly)
				p.readOnly[name] = p.readOnly[name] || p.spec.marked(property, "readOnly")
				p.members[name] = p.members[name].and(p.spec, property)
			})
			p.items = p.items.and(p.spec, applied.at("items"))
			p.content = p.content.and(p.spec, applied.at("contentSchema"))
		})
	}
	p.object = p.spec.onlyObject(p.schemas)
}

// and adds a schema of the same value; one that is not there adds nothing.
func (p *projection) and(s *Spec, schema place) *projection {
	switch {
	case !schema.ok():
		return p
	case p == nil:
		p = &projection{spec: s}
	}
	p.schemas = append(p.schemas, schema)
	return p
}

// onlyObject says whether the schemas allow an object and no string.
func (s *Spec) onlyObject(schemas []place) bool {
	types := map[string]bool{}
	for _, p := range schemas {
		for t := range s.types(p) {
			types[t] = true
		}
	}
	return types["object"] && !types["string"]
}
