package openapi

import (
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

const maxShapeParts = 1_000 // ends schemas that are combined of others without end

// shape is what a schema says about the parts of a value, as far as resources are concerned.
type shape struct {
	at         place
	kind       string // object, array or a scalar's type; "" where the schema leaves it open
	properties []*attribute
	byName     map[string]*attribute // by its name, and by its plain name
	items      place                 // of an array
}

// attribute is a member that an object may have.
type attribute struct {
	name      string
	plain     string // see plainName
	at        place
	required  bool
	readOnly  bool
	writeOnly bool
}

// shapes remembers the shape of every schema, so that each is looked at once however often it is referred to.
type shapes struct {
	spec    *Spec
	known   map[*yaml.Node]*shape
	targets map[refAt]place
}

type refAt struct{ document, ref string }

func newShapes(s *Spec) *shapes {
	return &shapes{spec: s, known: map[*yaml.Node]*shape{}, targets: map[refAt]place{}}
}

// of is the shape of the schema at a place; nil where there is none.
func (k *shapes) of(p place) *shape {
	p = k.resolve(p)
	if !p.ok() {
		return nil
	}
	if known, ok := k.known[p.node]; ok {
		return known
	}
	s := &shape{at: p, byName: map[string]*attribute{}}
	k.known[p.node] = s // before its parts: they may lead back here
	k.fill(s)
	return s
}

// resolve follows references that stand alone.
func (k *shapes) resolve(p place) place {
	for range maxRefChain {
		if p.text("$ref") == "" {
			return p
		}
		p = k.target(p)
	}
	return place{}
}

func (k *shapes) target(p place) place {
	ref := p.text("$ref")
	if ref == "" {
		return place{}
	}
	key := refAt{p.doc.name, ref}
	target, ok := k.targets[key]
	if !ok {
		target = k.spec.target(p)
		k.targets[key] = target
	}
	return target
}

func (k *shapes) fill(s *shape) {
	required := map[string]bool{}
	k.eachPart(s.at, func(p place) {
		if s.kind == "" {
			s.kind = ownKind(p)
		}
		if items := p.at("items"); items.ok() && !s.items.ok() {
			s.items = items
		}
		p.at("required").each(func(_ string, name place) { required[name.node.Value] = true })
		p.at("properties").each(func(name string, at place) { s.add(name, at) })
	})
	for _, one := range s.properties {
		one.required = required[one.name]
		k.eachPart(one.at, func(p place) {
			one.readOnly = one.readOnly || p.flag("readOnly")
			one.writeOnly = one.writeOnly || p.flag("writeOnly")
		})
	}
}

// add keeps the first of the properties that have a name.
func (s *shape) add(name string, at place) {
	if known := s.byName[name]; known != nil && known.name == name {
		return
	}
	one := &attribute{name: name, plain: plainName(name), at: at}
	s.properties = append(s.properties, one)
	s.byName[name] = one
	if s.byName[one.plain] == nil {
		s.byName[one.plain] = one
	}
}

// eachPart visits the schema and those that judge the same value, alternatives included, each once.
func (k *shapes) eachPart(p place, visit func(place)) {
	if !combined(p.node) { // most are not
		visit(p)
		return
	}
	seen := map[*yaml.Node]bool{}
	var walk func(p place)
	walk = func(p place) {
		if !p.ok() || seen[p.node] || len(seen) > maxShapeParts {
			return
		}
		seen[p.node] = true
		visit(p)
		walk(k.target(p))
		for _, keyword := range []string{"allOf", "oneOf", "anyOf"} {
			p.at(keyword).each(func(_ string, part place) { walk(part) })
		}
	}
	walk(p)
}

func combined(schema *yaml.Node) bool {
	for key := range members(schema) {
		if key == "$ref" || key == "allOf" || key == "oneOf" || key == "anyOf" {
			return true
		}
	}
	return false
}

// ownKind is the type that a schema names or implies, null aside.
func ownKind(p place) string {
	t := p.at("type")
	if t.ok() && t.node.Kind == yaml.ScalarNode {
		return t.node.Value
	}
	for _, item := range members(t.node) {
		if item.Value != "null" {
			return item.Value
		}
	}
	switch {
	case p.at("properties").ok():
		return "object"
	case p.at("items").ok():
		return "array"
	}
	return ""
}

// property finds a property by its name, capitals, `_` and `-` aside; nil where there is none.
func (s *shape) property(name string) *attribute {
	if s == nil {
		return nil
	}
	if exact := s.byName[name]; exact != nil {
		return exact
	}
	return s.byName[plainName(name)]
}

// open says whether the schema allows an object and says nothing about what is in it.
func (s *shape) open() bool {
	return s != nil && len(s.properties) == 0 && (s.kind == "object" || s.kind == "")
}

// described says whether it is an object whose properties are known.
func (s *shape) described() bool { return s != nil && s.kind == "object" && len(s.properties) > 0 }

// linking are the names of properties that all kinds of items have: sharing them says nothing.
var linking = words("id uuid links self href type createdat updatedat message status code")

// alike says whether two objects share so many properties that they are plainly the same thing: half of those that the
// smaller one has, names that all things have aside.
func alike(a, b *shape) bool {
	if !a.described() || !b.described() {
		return false
	}
	if a == b {
		return true
	}
	shared, telling := 0, 0
	for _, one := range a.properties {
		if b.byName[one.plain] != nil {
			shared++
			if !linking[one.plain] {
				telling++
			}
		}
	}
	return telling > 0 && 2*shared >= min(len(a.properties), len(b.properties))
}

// plainName is a name without what naming styles differ in: pet_id, petId and Pet-ID are the same.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// singular is an English noun's singular, near enough to tell that pets and pet, or categories and category, are one
// thing.
func singular(noun string) string {
	noun = plainName(noun)
	switch {
	case noun == "people":
		return "person"
	case noun == "children":
		return "child"
	case strings.HasSuffix(noun, "ies") && len(noun) > 4:
		return noun[:len(noun)-3] + "y"
	case strings.HasSuffix(noun, "sses"), strings.HasSuffix(noun, "xes"), strings.HasSuffix(noun, "ches"), strings.HasSuffix(noun, "shes"):
		return noun[:len(noun)-2]
	case strings.HasSuffix(noun, "ss"), strings.HasSuffix(noun, "us"), strings.HasSuffix(noun, "is"):
		return noun
	}
	return strings.TrimSuffix(noun, "s")
}
