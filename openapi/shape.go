package openapi

import (
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Property is what a schema says of one property of the objects that it describes.
type Property struct {
	Name     string
	Required bool    // by a part of the schema that judges without conditions, and not hidden from this side
	ReadOnly bool    // only the server sets it
	Hidden   bool    // writeOnly: only requests have it
	Schema   *Schema // of its value
}

// Properties are those that the schema describes, whether or not a condition holds, in the document's order. Nil has none.
func (s *Schema) Properties() []Property {
	if s == nil {
		return nil
	}
	var list []Property
	required := s.required()
	s.spec.eachApplied(s.at, func(applied place) {
		applied.at("properties").each(func(name string, property place) {
			at := slices.IndexFunc(list, func(p Property) bool { return p.Name == name })
			if at < 0 {
				at = len(list)
				list = append(list, Property{Name: name, Schema: s.spec.schema(property, s.view)})
			}
			list[at].ReadOnly = list[at].ReadOnly || s.spec.marked(property, "readOnly")
			list[at].Hidden = list[at].Hidden || s.spec.marked(property, KeywordWriteOnly)
			list[at].Required = required[name] && !s.spec.marked(property, s.view.hides())
		})
	})
	return list
}

func (s *Schema) required() map[string]bool {
	names := map[string]bool{}
	s.spec.eachPart(s.at, func(part place) {
		part.at("required").each(func(_ string, name place) { names[name.node.Value] = true })
	})
	return names
}

// Keyword is the value of a keyword in the first part of the schema that has it; false where none has, and for nil.
func (s *Schema) Keyword(name string) (value any, found bool) {
	if s == nil {
		return nil, false
	}
	s.spec.eachApplied(s.at, func(applied place) {
		if at := applied.at(name); at.ok() && !found {
			value, found = nodeValue(at.node), true
		}
	})
	return value, found
}

// Names says whether the schema names the type. Nil names none.
func (s *Schema) Names(jsonType string) bool {
	if s == nil {
		return false
	}
	nullable := false
	if jsonType == "null" && s.spec.is30 {
		s.spec.eachPart(s.at, func(part place) { nullable = nullable || part.flag("nullable") })
	}
	return nullable || s.types()[jsonType]
}

// Same says whether both describe the same values: they are at one place of the document, or refer to it, and are seen
// from one side.
func (s *Schema) Same(other *Schema) bool {
	if s == nil || other == nil {
		return s == other
	}
	return s.view == other.view && s.referent() == other.referent()
}

func (s *Schema) referent() *yaml.Node {
	if at, err := s.spec.follow(s.at); err == nil {
		return at.node
	}
	return s.at.node
}

// Writable is what a server takes of a value that was sent: without what only it may set (`readOnly`). Values are copied
// where they change. Nil takes all.
func (s *Schema) Writable(value any) any {
	if s == nil {
		return value
	}
	return s.reshape(value, func(judging []place, object map[string]any) {
		for _, p := range judging {
			p.at("properties").each(func(name string, property place) {
				if s.spec.marked(property, "readOnly") {
					delete(object, name)
				}
			})
		}
	})
}

// WithDefaults is the value with the `default`s of the properties that it lacks, writeOnly ones apart. Values are copied
// where they change. Nil has none.
func (s *Schema) WithDefaults(value any) any {
	if s == nil {
		return value
	}
	return s.reshape(value, func(judging []place, object map[string]any) {
		for _, p := range judging {
			p.at("properties").each(func(name string, property place) {
				if _, there := object[name]; there || s.spec.marked(property, KeywordWriteOnly) {
					return
				}
				if given, ok := s.spec.schema(property, s.view).Keyword("default"); ok {
					object[name] = given
				}
			})
		}
	})
}

// Allowed is what of a value the schema lets stand: without the members that `additionalProperties: false` forbids.
// Values are copied where they change. Nil lets all stand.
func (s *Schema) Allowed(value any) any {
	if s == nil {
		return value
	}
	return s.reshape(value, func(judging []place, object map[string]any) {
		for _, p := range judging {
			if p.text("additionalProperties") != "false" || p.at("patternProperties").ok() {
				continue
			}
			maps.DeleteFunc(object, func(name string, _ any) bool { return !p.at("properties", name).ok() })
		}
	})
}

// reshape copies a value and lets change alter each of its objects, of which it is told the schemas that judge them.
func (s *Schema) reshape(value any, change func(judging []place, object map[string]any)) any {
	w := &placeWalk{spec: s.spec, view: s.view}
	var walk func(schemas []place, value any, depth int) any
	walk = func(schemas []place, value any, depth int) any {
		if len(schemas) == 0 || depth > maxPlaceDepth {
			return value
		}
		judging := w.judging(schemas, value)
		switch v := value.(type) {
		case map[string]any:
			object := maps.Clone(v)
			change(judging, object)
			for name, member := range object {
				object[name] = walk(w.member(judging, name), member, depth+1)
			}
			return object
		case []any:
			items, inner := make([]any, len(v)), below(judging, "items")
			for i, item := range v {
				items[i] = walk(inner, item, depth+1)
			}
			return items
		}
		return value
	}
	return walk([]place{s.at}, value, 0)
}

// Uses says whether one of the keywords occurs in the schema or in one that it leads to.
func (s *Schema) Uses(keywords ...string) (found bool) {
	if s == nil {
		return false
	}
	seen := map[*yaml.Node]bool{}
	var walk func(p place)
	walk = func(p place) {
		if !p.ok() || seen[p.node] || found {
			return
		}
		seen[p.node] = true
		s.spec.eachApplied(p, func(applied place) {
			for _, keyword := range keywords {
				found = found || applied.at(keyword).ok()
			}
			applied.at("properties").each(func(_ string, property place) { walk(property) })
			walk(applied.at("items"))
			walk(applied.at("additionalProperties"))
		})
	}
	walk(s.at)
	return found
}

// Value is what the parameter of a request says, decoded as its schema reads it; its default where it is not sent. False
// where there is neither.
func (p *Parameter) Value(r Request) (any, bool) {
	raw := p.find(r)
	switch {
	case !raw.found:
		return p.Default()
	case p.Schema == nil:
		return raw.text, true
	case p.json:
		value, err := p.Schema.spec.DecodeJSON([]byte(raw.text))
		return value, err == nil
	}
	candidates := p.Schema.candidates(raw)
	for _, candidate := range candidates {
		if p.Schema.accepts(candidate) {
			return candidate, true
		}
	}
	return candidates[0], true
}

// Sent says whether a request has the parameter.
func (p *Parameter) Sent(r Request) bool { return p.find(r).found }

// Parameter finds a parameter of the operation; nil when it has none of this name there.
func (o *Operation) Parameter(in Location, name string) *Parameter {
	for _, p := range o.Parameters {
		if p.In == in && (p.Name == name || in == InHeader && strings.EqualFold(p.Name, name)) {
			return p
		}
	}
	return nil
}

// Media finds the described media type for a Content-Type: the very one, then type/*, then */*. Nil when there is none.
func (b *RequestBody) Media(contentType string) *MediaType {
	if b == nil {
		return nil
	}
	return media(b.Content, mediaName(contentType))
}

// Media finds the described media type for a Content-Type, as that of a request body does. Nil when there is none.
func (a *Answer) Media(contentType string) *MediaType {
	if a == nil {
		return nil
	}
	return media(a.Content, mediaName(contentType))
}

// Body decodes the body of a request: JSON and forms. False for a body of another kind, and for none.
func (o *Operation) Body(r Request) (any, bool) {
	contentType := r.Header.Get("Content-Type")
	m := o.RequestBody.Media(contentType)
	switch {
	case m == nil || len(r.Body) == 0:
		return nil, false
	case isJSON(mediaName(contentType)) && r.Value != nil:
		return r.Value, true
	}
	value, judged, err := m.decode(mediaName(contentType), r.Body)
	return value, judged && err == nil
}
