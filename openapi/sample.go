package openapi

import (
	"encoding/json"
	"hash/fnv"
	"iter"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// SampleOptions say which of the many values that keep a schema a sample is. The zero value is the smallest one.
type SampleOptions struct {
	Fixed map[string]any // values by their JSON Pointers; `#` steps into embedded JSON
	All   bool           // every described property is given, as deep as the schemas do not contain themselves
	Vary  uint64         // another number, another value; 0 is what the document itself offers, or the plainest
}

// Sample makes a value that keeps the schema: the smallest that its required properties allow, the same every time.
// Examples and defaults of the document are taken where it gives them and they keep their schemas. Fixed puts a value
// at a JSON Pointer (`#` steps into embedded JSON); conditions (`if`) see it. A schema that contradicts itself has no
// sample that keeps it: validate what comes out where that matters.
func (s *Schema) Sample(fixed map[string]any) any { return s.SampleWith(SampleOptions{Fixed: fixed}) }

// SampleAll is [Schema.Sample] with every described property given, as deep as the schemas do not contain themselves.
func (s *Schema) SampleAll(fixed map[string]any) any {
	return s.SampleWith(SampleOptions{Fixed: fixed, All: true})
}

// SampleWith is [Schema.Sample] with every choice open. The same options give the same value, which is the caller's.
func (s *Schema) SampleWith(o SampleOptions) any {
	if len(o.Fixed) > 0 || o.Vary != 0 {
		return s.sampler(o).sample(s)
	}
	kept := &s.samples[0]
	if o.All {
		kept = &s.samples[1]
	}
	if value := kept.Load(); value != nil {
		return (&sampler{}).copied(*value)
	}
	g := s.sampler(o)
	value := g.sample(s)
	if g.values+g.copies+g.texts <= maxKeptSample {
		copied := g.copied(value)
		kept.Store(&copied)
	}
	return value
}

func (s *Schema) sampler(o SampleOptions) *sampler {
	g := &sampler{spec: s.spec, view: s.view, fixed: o.Fixed, vary: o.Vary, open: map[string]int{}}
	if o.All {
		g.optional = maxOptionalDepth
	}
	return g
}

func (g *sampler) sample(s *Schema) any {
	value, _ := g.value([]place{s.at}, "", 0)
	return value
}

// What a sample may cost. Whatever a document asks for, the best that was found until then is what comes out.
const (
	maxOptionalDepth  = 5        // below, only what is required is given
	maxSampleDepth    = 64       // of arrays and objects
	maxSampleItems    = 1000     // of an array, and members of an object that the document does not name
	maxSampleValues   = 20_000   // that are made, also for samples that turn out to break the schema
	maxSampleCopies   = 100_000  // of values, in arrays of equal items
	maxSampleRefused  = 3_000    // values that turn out to break their schemas: to judge one may take long
	maxOptionalValues = 2_000    // after which no optional property is given
	maxSampleText     = 1 << 20  // bytes of a text
	maxSampleTexts    = 8 << 20  // bytes of all texts together
	maxKeptSample     = 64 << 10 // bytes of texts, and values, of a sample that is kept to be given again
	maxSampleChoices  = 128      // combinations of alternatives
)

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

// sampler makes candidates, in an order of preference, and lets the compiled schemas judge them: what a keyword means
// is known in one place only.
type sampler struct {
	spec     *Spec
	view     view
	fixed    map[string]any
	optional int // how deep optional properties are given, too
	vary     uint64

	open    map[string]int // values of these schemas are being made
	again   int            // how often the schemas of the next value may be open: a value that must be there never needs that
	values  int            // made until now
	copies  int            // of them
	refused int            // values that broke a schema
	texts   int            // bytes of the texts made until now
}

// value samples what all the schemas together allow. Offered values come before all others. It is false where no
// value was found that keeps the schemas; the best that is known comes out nevertheless.
func (g *sampler) value(schemas []place, pointer string, depth int, offered ...any) (any, bool) {
	if fixed, ok := g.fixed[pointer]; ok {
		return fixed, true
	}
	key := g.spec.keyOf(schemas)
	g.values++
	again := g.again
	g.again = 0
	switch {
	case g.spent() || depth > maxSampleDepth:
		return nil, false
	case g.open[key] > again && !g.fixedInside(pointer):
		return nil, g.keeps(schemas, nil)
	}
	g.open[key]++
	defer func() { g.open[key]-- }()
	if !g.fixedInside(pointer) {
		for _, given := range append(offered, g.given(schemas)...) {
			if g.keeps(schemas, given) {
				return given, true
			}
		}
	}
	return g.best(schemas, pointer, depth)
}

// spent says that a sample has cost what it may.
func (g *sampler) spent() bool {
	return g.values > maxSampleValues || g.copies > maxSampleCopies || g.refused > maxSampleRefused
}

// best is the first made value that keeps the schemas, or else the first.
func (g *sampler) best(schemas []place, pointer string, depth int) (first any, ok bool) {
	found := false
	for flat, value := range g.made(schemas, pointer, depth) {
		broken, isBroken := value.(unsound)
		if isBroken {
			value = broken.value
		}
		if !found {
			first, found = value, true
		}
		if isBroken {
			g.refused++
			continue
		}
		keeps := g.keeps(schemas, value)
		if chosen := g.conditions(flat, value); len(chosen) > 0 && (!keeps || depth < g.optional) {
			if more, ok := g.value(append(append([]place(nil), schemas...), chosen...), pointer, depth); ok {
				return more, true
			} else if more != nil && !keeps {
				first = more
			}
		}
		if keeps {
			return value, true
		}
		if g.spent() {
			break
		}
	}
	return first, false
}

// unsound is a value of which a part is known to break its schemas: it need not be judged, which may take long.
type unsound struct{ value any }

// soundIf marks a value of which a part breaks its schemas.
func soundIf(ok bool, value any) any {
	if ok {
		return value
	}
	return unsound{value}
}

// made yields values, the most wanted first, with the schemas that each was made of.
func (g *sampler) made(schemas []place, pointer string, depth int) iter.Seq2[flat, any] {
	return func(yield func(flat, any) bool) {
		choice := &choices{}
		for range maxSampleChoices {
			f := g.flatten(schemas, pointer, choice)
			for _, kind := range f.kinds() {
				for value := range g.ofKind(kind, f, pointer, depth) {
					if !yield(f, value) {
						return
					}
				}
			}
			if !choice.next() {
				return
			}
		}
	}
}

func (g *sampler) ofKind(kind string, f flat, pointer string, depth int) iter.Seq[any] {
	if list := g.enumerated(f, pointer); len(list) > 0 && !g.fixedInside(pointer) {
		return func(yield func(any) bool) { yieldAll(yield, list...) }
	}
	switch kind {
	case "object":
		return g.objects(f, pointer, depth)
	case "array":
		return g.arrays(f, pointer, depth)
	case "string":
		return g.strings(f, pointer, depth)
	case "integer", "number":
		return g.numbers(f, kind, pointer)
	case "boolean":
		first := g.random(pointer, 2) == 0
		return func(yield func(any) bool) { yieldAll(yield, first, !first) }
	}
	return func(yield func(any) bool) { yield(nil) }
}

func yieldAll(yield func(any) bool, values ...any) {
	for _, value := range values {
		if !yield(value) {
			return
		}
	}
}

// given are values that the document itself offers. A sample that is to vary takes none but constants.
func (g *sampler) given(schemas []place) []any {
	f := g.flatten(schemas, "", &choices{})
	var list []any
	add := func(at place) {
		if at.ok() && at.node.Kind != yaml.AliasNode {
			value := g.withoutHidden(f, nodeValue(at.node))
			list = append(list, value)
			if number, ok := value.(json.Number); ok { // an example that somebody forgot to quote
				list = append(list, number.String())
			}
		}
	}
	for _, p := range f.list {
		add(p.at("const"))
	}
	if g.vary != 0 {
		return list
	}
	for _, p := range f.list {
		add(p.at("example"))
		if examples := p.at("examples"); examples.ok() && examples.node.Kind == yaml.SequenceNode {
			examples.each(func(_ string, example place) { add(example) })
		}
	}
	for _, p := range f.list {
		add(p.at("default"))
	}
	return list
}

// withoutHidden takes the properties of the other side out of an example.
func (g *sampler) withoutHidden(f flat, value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for name, member := range object {
		schemas := g.member(f, name)
		if g.hidden(schemas) {
			delete(object, name)
		} else if len(schemas) > 0 {
			object[name] = g.withoutHidden(g.flatten(schemas, "", &choices{}), member)
		}
	}
	return object
}

func (g *sampler) hidden(schemas []place) bool {
	for _, p := range schemas {
		if g.spec.marked(p, g.view.hides()) {
			return true
		}
	}
	return false
}

// enumerated are the values of which a schema allows no others.
func (g *sampler) enumerated(f flat, pointer string) []any {
	var list []any
	for _, p := range f.list {
		if enum, ok := nodeValue(p.at("enum").node).([]any); ok && (list == nil || len(enum) < len(list)) {
			list = enum[:min(len(enum), maxSampleItems)]
		}
		if is := p.at("const"); is.ok() {
			return []any{nodeValue(is.node)}
		}
	}
	if first := g.random(pointer, len(list)); first > 0 {
		list = append(append([]any(nil), list[first:]...), list[:first]...)
	}
	return list
}

// conditions are the branches that the value chooses and that are not applied yet.
func (g *sampler) conditions(f flat, value any) []place {
	var chosen []place
	add := func(branch place) {
		if branch.ok() && !f.has(branch) {
			chosen = append(chosen, branch)
		}
	}
	object, _ := value.(map[string]any)
	for _, p := range f.list {
		if condition := p.at("if"); condition.ok() && g.holds(p, condition, value) {
			add(p.at("then"))
		} else if condition.ok() {
			add(p.at("else"))
		}
		p.at("dependentSchemas").each(func(name string, branch place) {
			if _, there := object[name]; there {
				add(branch)
			}
		})
	}
	return chosen
}

func (g *sampler) holds(p, condition place, of any) bool {
	if property, value, ok := plainCondition(p.node); ok {
		return holds(property, value, of)
	}
	return g.keeps([]place{condition}, of)
}

// keeps says whether the value keeps all the schemas.
func (g *sampler) keeps(schemas []place, value any) bool {
	for _, p := range schemas {
		if !g.spec.part(g.view, p).keeps(value) {
			g.refused++
			return false
		}
	}
	return true
}

// part is the schema at a place of the document, compiled once however many samples ask it.
func (s *Spec) part(v view, p place) *Schema {
	if known, ok := s.parts[v].Load(p.node); ok {
		return known.(*Schema)
	}
	known, _ := s.parts[v].LoadOrStore(p.node, &Schema{spec: s, view: v, at: p})
	return known.(*Schema)
}

// keeps is [Schema.Validate] without words. A part that cannot be compiled forbids nothing: its owner judges, too.
func (s *Schema) keeps(value any) bool {
	js, err := s.compiled()
	if err != nil {
		return true
	}
	switch s.accept.judge(value) {
	case accepted:
		return true
	case refused:
		return false
	}
	return js.Validate(value) == nil
}

func (g *sampler) fixedInside(pointer string) bool {
	for at := range g.fixed {
		if strings.HasPrefix(at, pointer+"/") || strings.HasPrefix(at, pointer+Embedded) {
			return true
		}
	}
	return false
}

// random is a number below n: 0 unless the sample is to vary, the same for the same place.
func (g *sampler) random(pointer string, n int) int {
	if g.vary == 0 || n < 2 {
		return 0
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(pointer + "\x00" + strconv.FormatUint(g.vary, 36)))
	sum := hash.Sum64()
	return int((sum ^ sum>>32) % uint64(n)) //nolint:gosec // n is positive
}

// keyOf names what schemas lead to: a schema that is entered by another reference is the same.
func (s *Spec) keyOf(schemas []place) string {
	var b strings.Builder
	for _, p := range schemas {
		if at, err := s.follow(p); err == nil {
			p = at
		}
		b.WriteString(p.doc.name + "#" + p.pointer + "\n")
	}
	return b.String()
}
