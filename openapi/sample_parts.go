package openapi

import (
	"iter"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

func itoa(i int) string { return strconv.Itoa(i) }

// objects yields the object with its optional properties, where these are wanted, and the one without.
func (g *sampler) objects(f flat, pointer string, depth int) iter.Seq[any] {
	return func(yield func(any) bool) {
		wanted := depth < g.optional && g.values < maxOptionalValues
		if wanted && !yield(g.object(f, pointer, depth, describedNames(f)...)) {
			return
		}
		plain := g.object(f, pointer, depth)
		if members, sound := plain.(map[string]any); yield(plain) && sound {
			g.spoiled(f, members, yield)
		}
	}
}

// spoiled yields the object with something that only other alternatives describe, and forbid: with it, a value that
// more than one of them allowed may keep just one.
func (g *sampler) spoiled(f flat, plain map[string]any, yield func(any) bool) {
	for _, name := range g.otherNames(f) {
		for _, value := range []any{nil, "text", map[string]any{}} {
			object := maps.Clone(plain)
			object[name] = value
			if !yield(object) {
				return
			}
		}
	}
}

// otherNames are some properties that only alternatives describe that are not chosen.
func (g *sampler) otherNames(f flat) []string {
	const most = 20
	var names []string
	for _, p := range f.list {
		p.at("oneOf").each(func(_ string, branch place) {
			if len(names) > most {
				return
			}
			g.spec.eachApplied(branch, func(other place) {
				for name := range members(other.at("properties").node) {
					if len(g.member(f, name)) == 0 {
						names = append(names, name)
					}
				}
			})
		})
	}
	return names[:min(len(names), most)]
}

// describedNames are the properties that the schemas name, and one for those that they describe together.
func describedNames(f flat) []string {
	var names []string
	for _, p := range f.list {
		p.at("properties").each(func(_ string, property place) { names = append(names, lastToken(property.pointer)) })
		if rest := p.at("additionalProperties"); len(memberNodes(rest)) > 0 && !p.at("properties").ok() {
			names = append(names, inventedName(1))
		}
	}
	return names
}

func memberNodes(p place) []*yaml.Node {
	if p.ok() && p.node.Kind == yaml.MappingNode {
		return p.node.Content
	}
	return nil
}

// inventedName is a name for a property that the document does not name.
func inventedName(i int) string { return "property" + itoa(i) }

// objectMaker gathers the members of one object.
type objectMaker struct {
	*sampler
	flat    flat
	pointer string
	depth   int
	made    map[string]any
	sound   bool // of all that must be there
}

// object has the required properties, and of the wanted ones those that have a value and a place.
func (g *sampler) object(f flat, pointer string, depth int, wanted ...string) any {
	m := &objectMaker{g, f, pointer, depth, map[string]any{}, true}
	for _, p := range f.list {
		p.at("required").each(func(_ string, name place) { m.give(name.node.Value) })
	}
	for name := range f.prefer {
		m.give(name)
	}
	for _, name := range g.fixedNames(pointer) {
		m.give(name)
	}
	most, bounded := f.bound("maxProperties", -1)
	for _, name := range wanted {
		if !bounded || most.Cmp(big.NewRat(int64(len(m.made)), 1)) > 0 {
			m.offer(name)
		}
	}
	m.dependents()
	m.fillUp()
	return soundIf(m.sound, m.made)
}

// give makes a property that must be there.
func (m *objectMaker) give(name string) {
	schemas := m.member(m.flat, name)
	if _, there := m.made[name]; there || m.hidden(schemas) {
		return
	}
	var offered []any
	if value, ok := m.flat.prefer[name]; ok {
		offered = []any{value}
	}
	value, ok := m.value(schemas, m.pointer+"/"+escapePointer(name), m.depth+1, offered...)
	m.made[name], m.sound = value, m.sound && ok
}

// offer makes a property that may be there, unless it has no value that keeps its schemas.
func (m *objectMaker) offer(name string) {
	schemas := m.member(m.flat, name)
	if _, there := m.made[name]; there || m.hidden(schemas) {
		return
	}
	m.again = 1 // an optional property shows once that a schema may contain itself
	if value, ok := m.value(schemas, m.pointer+"/"+escapePointer(name), m.depth+1); ok {
		m.made[name] = value
	}
}

// dependents gives what the properties that are there ask for.
func (m *objectMaker) dependents() {
	for before := -1; before < len(m.made); {
		before = len(m.made)
		for _, p := range m.flat.list {
			p.at("dependentRequired").each(func(owner string, names place) {
				if _, there := m.made[owner]; there {
					names.each(func(_ string, name place) { m.give(name.node.Value) })
				}
			})
		}
	}
}

// fillUp adds properties until there are as many as the schemas ask for: described ones first, then invented ones.
func (m *objectMaker) fillUp() {
	least, ok := m.flat.bound("minProperties", 1)
	if !ok {
		return
	}
	enough := func() bool { return least.Cmp(big.NewRat(int64(len(m.made)), 1)) <= 0 || len(m.made) >= maxSampleItems }
	for _, name := range describedNames(m.flat) {
		if !enough() {
			m.offer(name)
		}
	}
	for i := 1; !enough() && i < 2*maxSampleItems; i++ {
		m.offer(m.newName(i))
	}
}

// newName is the i-th name that the schemas allow, as far as they say what names look like.
func (m *objectMaker) newName(i int) string {
	var rules []place
	pattern := ""
	for _, p := range m.flat.list {
		if names := p.at("propertyNames"); names.ok() {
			rules = append(rules, names)
		}
		p.at("patternProperties").each(func(re string, _ place) { pattern = re })
	}
	name := inventedName(i)
	m.varying(m.vary*1_000_003+uint64(i), func() { //nolint:gosec // counts from 1
		if len(rules) > 0 {
			name = m.nameOf(rules, name)
		} else if pattern != "" && closed(m.flat) {
			name = m.matching(pattern, m.pointer, i, 0)
		}
	})
	return name
}

// nameOf is a text that keeps the rules for names.
func (m *objectMaker) nameOf(rules []place, name string) string {
	f := m.flatten(rules, "", &choices{})
	if m.keeps(rules, name) {
		return name
	}
	for value := range m.ofKind("string", f, m.pointer, m.depth+1) {
		if text, ok := value.(string); ok && m.keeps(rules, value) {
			return text
		}
	}
	return name
}

// varying calls sample while the sampler varies by another number.
func (g *sampler) varying(by uint64, sample func()) {
	before := g.vary
	g.vary = by
	sample()
	g.vary = before
}

// closed says whether properties must be described.
func closed(f flat) bool {
	return slices.ContainsFunc(f.list, func(p place) bool {
		return p.text("additionalProperties") == "false" || p.text("unevaluatedProperties") == "false"
	})
}

// fixedNames are the members of a value that fixed values lie in, sorted.
func (g *sampler) fixedNames(pointer string) []string {
	var names []string
	for at := range g.fixed {
		if rest, ok := strings.CutPrefix(at, pointer+"/"); ok {
			token, _, _ := strings.Cut(rest, "/")
			token, _, _ = strings.Cut(token, Embedded)
			names = append(names, pointerUnescaper.Replace(token))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// member lists the schemas of an object's property.
func (g *sampler) member(f flat, name string) []place {
	var list []place
	for _, p := range f.list {
		described := false
		if property := p.at("properties", name); property.ok() {
			list, described = append(list, property), true
		}
		p.at("patternProperties").each(func(pattern string, property place) {
			if matched, err := regexp.MatchString(pattern, name); err == nil && matched {
				list, described = append(list, property), true
			}
		})
		if rest := p.at("additionalProperties"); rest.ok() && !described && rest.node.Value != "true" {
			list = append(list, rest)
		}
	}
	return list
}

// arrays yields the array with an item, where that is wanted, and the shortest one.
func (g *sampler) arrays(f flat, pointer string, depth int) iter.Seq[any] {
	return func(yield func(any) bool) {
		least := g.leastItems(f, pointer)
		if least == 0 && depth < g.optional && g.values < maxOptionalValues && len(g.itemSchemas(f, 0)) > 0 {
			if list, ok := g.array(f, pointer, depth, 1+g.random(pointer, 3)); ok && !yield(list) {
				return
			}
		}
		list, ok := g.array(f, pointer, depth, least)
		yield(soundIf(ok, list))
	}
}

// leastItems is how many items the schemas and the fixed values ask for.
func (g *sampler) leastItems(f flat, pointer string) int {
	least := wholeBound(f, "minItems", 1, 0)
	for _, name := range g.fixedNames(pointer) {
		if i, err := strconv.Atoi(name); err == nil {
			least = max(least, i+1)
		}
	}
	return min(max(least, mustContain(f)), maxSampleItems)
}

// mustContain is how many items `contains` asks for.
func mustContain(f flat) int {
	most := 0
	for _, p := range f.list {
		if p.at("contains").ok() {
			most = max(most, wholeBound(flat{list: []place{p}}, "minContains", 1, 1))
		}
	}
	return most
}

// array is false where an item keeps no schema.
func (g *sampler) array(f flat, pointer string, depth, n int) ([]any, bool) {
	items, sound := make([]any, 0, n), true
	unique := slices.ContainsFunc(f.list, func(p place) bool { return p.flag("uniqueItems") })
	for i := range n {
		if g.spent() {
			return items, false
		}
		schemas := g.itemSchemas(f, i)
		if i > 0 && !unique && g.vary == 0 && !g.fixedInside(pointer) && slices.Equal(schemas, g.itemSchemas(f, i-1)) {
			items = append(items, g.copied(items[i-1]))
			continue
		}
		wrong := func(item any) bool { return unique && contained(items, item) || g.tooMany(f, i, item) }
		item, ok := g.item(schemas, pointer+"/"+itoa(i), depth+1, wrong)
		items, sound = append(items, item), sound && ok
	}
	return items, sound
}

// item makes another value as long as the value is wrong for its place.
func (g *sampler) item(schemas []place, pointer string, depth int, wrong func(any) bool) (item any, ok bool) {
	const most = 50
	item, ok = g.value(schemas, pointer, depth)
	for salt := 0; salt < most && wrong(item); salt++ {
		by := uint64(salt) // the plain value first
		if salt > 0 {
			by += g.vary * 1_000_003
		}
		g.varying(by, func() { item, ok = g.value(schemas, pointer, depth) })
	}
	return item, ok
}

// tooMany says whether an item is one more of what an array may contain only so often.
func (g *sampler) tooMany(f flat, i int, item any) bool {
	return i >= mustContain(f) && slices.ContainsFunc(f.list, func(p place) bool {
		return p.at("maxContains").ok() && g.keeps([]place{p.at("contains")}, item)
	})
}

func contained(items []any, item any) bool {
	return slices.ContainsFunc(items, func(other any) bool { return equal(item, other) != refused })
}

// itemSchemas are those of the i-th item; the first ones are what the array must contain.
func (g *sampler) itemSchemas(f flat, i int) []place {
	var list []place
	for _, p := range f.list {
		first := p.at("prefixItems")
		if item := first.at(itoa(i)); item.ok() {
			list = append(list, item)
		} else if rest := p.at("items"); rest.ok() {
			list = append(list, rest)
		}
		if contains := p.at("contains"); contains.ok() && i < mustContain(f) {
			list = append(list, contains)
		}
	}
	return list
}

// copied is a copy that shares nothing that can change.
func (g *sampler) copied(value any) any {
	g.copies++
	switch v := value.(type) {
	case map[string]any:
		object := maps.Clone(v)
		for name, member := range object {
			object[name] = g.copied(member)
		}
		return object
	case []any:
		list := slices.Clone(v)
		for i, item := range list {
			list[i] = g.copied(item)
		}
		return list
	}
	return value
}
