package openapi

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Inspection is what there is to know of a document beside its operations and resources.
type Inspection struct {
	OpenAPI      string    // the version that the document names
	Problems     []Problem // what is wrong with it, and yet does not keep it from being used
	Backtracking []Problem // patterns that need the backtracking engine: slower, and bounded in time
	Unused       []Problem // schemas among the components that no operation reaches
	Unsupported  []Problem // what is described and neither served nor verified
}

// Problem is one thing that a reader of the document should know, and where it stands.
type Problem struct {
	Kind  ProblemKind
	Words string // for people
	Rule  Rule
}

// ProblemKind says what a problem is about.
type ProblemKind string

// The kinds of problems.
const (
	Tolerated      ProblemKind = "tolerated"       // it breaks the specification, and what is meant is plain all the same
	Contradiction  ProblemKind = "contradiction"   // no value can keep the schema
	NoSample       ProblemKind = "no-sample"       // no value that keeps the schema was found, though there may be one
	BrokenExample  ProblemKind = "example"         // an example breaks its schema
	BrokenDefault  ProblemKind = "default"         // a default breaks its schema
	Uncompilable   ProblemKind = "uncompilable"    // the schema cannot be used at all
	Backtracks     ProblemKind = "backtracking"    // a pattern that Go's regexp cannot compile
	UnusedSchema   ProblemKind = "unused"          // no operation reaches the schema
	NotImplemented ProblemKind = "not-implemented" // described, and neither served nor verified
)

// Wrong says whether the document itself is at fault: it contradicts itself, or its examples do.
func (p Problem) Wrong() bool {
	return slices.Contains([]ProblemKind{Contradiction, BrokenExample, BrokenDefault, Uncompilable}, p.Kind)
}

// Inspect looks at every schema and every example of the document. It compiles all that it can, so it costs much more
// than loading.
func (s *Spec) Inspect() *Inspection {
	i := &inspector{spec: s, seen: map[Problem]bool{}, broken: map[*yaml.Node]bool{}}
	i.inspectSchemas()
	i.inspectMessages()
	return &Inspection{OpenAPI: s.root.top().text("openapi"), Problems: append(remarksAs(Tolerated, s.Warnings()), i.problems...), Backtracking: i.backtracking, Unused: s.unusedSchemas(), Unsupported: remarksAs(NotImplemented, s.Unsupported())}
}

type inspector struct {
	spec         *Spec
	problems     []Problem
	backtracking []Problem
	seen         map[Problem]bool
	broken       map[*yaml.Node]bool // schemas that contradict themselves
}

func (i *inspector) report(kind ProblemKind, at place, format string, args ...any) {
	p := Problem{kind, fmt.Sprintf(format, args...), at.rule()}
	if i.seen[p] {
		return
	}
	i.seen[p] = true
	if kind == Backtracks {
		i.backtracking = append(i.backtracking, p)
		return
	}
	i.problems = append(i.problems, p)
}

// documents are the document's files, the root first.
func (s *Spec) documents() []*document {
	list := []*document{s.root}
	for _, d := range s.docs {
		if d != s.root {
			list = append(list, d)
		}
	}
	slices.SortFunc(list[1:], func(a, b *document) int { return strings.Compare(a.name, b.name) })
	return list
}

// schemaPlaces visits every schema of a file, in its order.
func (d *document) schemaPlaces(visit func(place)) {
	schemas := map[*yaml.Node]bool{}
	eachSchema(d.root, func(n *yaml.Node) { schemas[n] = true })
	var walk func(p place)
	walk = func(p place) {
		if schemas[p.node] {
			visit(p)
		}
		p.each(func(_ string, member place) { walk(member) })
	}
	walk(d.top())
}

// inspectSchemas looks at each schema by itself: its bounds, its enum, its pattern, and the values that it offers.
func (i *inspector) inspectSchemas() {
	for _, d := range i.spec.documents() {
		d.schemaPlaces(func(p place) {
			i.inspectBounds(p)
			i.inspectEnum(p)
			i.inspectPattern(p)
			i.inspectOffers(p)
		})
	}
}

// bounds are the keywords that bound the same thing from below and above.
var bounds = [][2]string{{"minimum", "maximum"}, {"minLength", "maxLength"}, {"minItems", "maxItems"}, {"minProperties", "maxProperties"}, {"minContains", "maxContains"}}

func (i *inspector) inspectBounds(p place) {
	for _, pair := range bounds {
		least, hasLeast := new(big.Rat).SetString(p.text(pair[0]))
		most, hasMost := new(big.Rat).SetString(p.text(pair[1]))
		if hasLeast && hasMost && least.Cmp(most) > 0 {
			i.broken[p.node] = true
			i.report(Contradiction, p.at(pair[0]), "%s is %s, but %s is %s: no value fits both", pair[0], p.text(pair[0]), pair[1], p.text(pair[1]))
		}
	}
}

// inspectEnum looks for values that the rest of the schema forbids.
func (i *inspector) inspectEnum(p place) {
	values, ok := nodeValue(p.at("enum").node).([]any)
	if !ok || len(values) == 0 {
		return
	}
	var wrong Violations
	possible := 0
	for _, value := range values {
		if vs := i.judge(p, value); len(vs) > 0 {
			wrong = append(wrong, vs[0])
		} else {
			possible++
		}
	}
	if possible == 0 {
		i.broken[p.node] = true
		i.report(Contradiction, p.at("enum"), "the schema allows no value of its own enum: a value %s", wrong[0].Words())
	} else if len(wrong) > 0 {
		i.report(Contradiction, p.at("enum"), "%d of the %d values of the enum can never occur: a value %s", len(wrong), len(values), wrong[0].Words())
	}
}

func (i *inspector) inspectPattern(p place) {
	pattern := p.at("pattern")
	if !pattern.ok() {
		return
	}
	if _, err := regexp.Compile(pattern.node.Value); err == nil {
		return
	}
	if _, err := (&Schema{spec: i.spec, at: p}).compiled(); err != nil {
		i.report(Uncompilable, pattern, "the pattern cannot be compiled: %v", err)
		return
	}
	i.report(Backtracks, pattern, "the pattern %s needs the backtracking engine", pattern.node.Value)
}

// inspectOffers judges the values that a schema offers itself.
func (i *inspector) inspectOffers(p place) {
	i.offer(BrokenDefault, p, p.at("default"))
	i.offer(BrokenExample, p, p.at("example"))
	if list := p.at("examples"); list.ok() && list.node.Kind == yaml.SequenceNode {
		list.each(func(_ string, one place) { i.offer(BrokenExample, p, one) })
	}
}

func (i *inspector) offer(kind ProblemKind, schema, value place) {
	if value.ok() {
		if vs := i.judge(schema, nodeValue(value.node)); len(vs) > 0 {
			i.reportBroken(kind, value, vs)
		}
	}
}

func (i *inspector) reportBroken(kind ProblemKind, value place, vs Violations) {
	i.report(kind, value, "the %s breaks its schema: %s", kind, describeViolations(vs))
}

// describeViolations says where in a value and what, the first few.
func describeViolations(vs Violations) string {
	const most = 3
	var parts []string
	for _, v := range vs[:min(len(vs), most)] {
		words := v.Words()
		if v.Pointer != "" {
			words = v.Pointer + " " + words
		}
		parts = append(parts, words)
	}
	if len(vs) > most {
		parts = append(parts, fmt.Sprintf("and %d more", len(vs)-most))
	}
	return strings.Join(parts, "; ")
}

// judge holds a value to the schema at a place. What one of the two sides of a message may be is fine.
func (i *inspector) judge(p place, value any) Violations {
	sent := (&Schema{spec: i.spec, view: requestView, at: p}).Validate(value)
	if len(sent) == 0 {
		return nil
	}
	shown := (&Schema{spec: i.spec, view: responseView, at: p}).Validate(value)
	if len(shown) < len(sent) {
		return shown
	}
	return sent
}

// inspectMessages looks at what operations send and take: examples of media types and parameters, and whether a value
// can be made at all.
func (i *inspector) inspectMessages() {
	bare := i.spec.withoutOffers()
	type side struct {
		node *yaml.Node
		view view
	}
	tried := map[side]bool{}
	for _, op := range i.spec.operations {
		for _, p := range op.Parameters {
			i.inspectExamples(p.at, p.Schema)
		}
		for _, m := range op.media() {
			i.inspectExamples(m.at, m.Schema)
		}
		for _, schema := range op.schemas() {
			at, err := i.spec.follow(schema.at)
			if key := (side{at.node, schema.view}); err == nil && !tried[key] {
				tried[key] = true
				i.inspectSample(&Schema{spec: i.spec, view: schema.view, at: at}, bare)
			}
		}
	}
}

// media are the representations of all bodies of the operation.
func (o *Operation) media() []*MediaType {
	var list []*MediaType
	if o.RequestBody != nil {
		list = append(list, o.RequestBody.Content...)
	}
	for _, a := range o.Responses {
		list = append(list, a.Content...)
	}
	return list
}

// inspectExamples judges the examples beside a schema, of a parameter or a media type.
func (i *inspector) inspectExamples(owner place, schema *Schema) {
	if schema == nil || owner.at("content").ok() {
		return
	}
	check := func(value place) {
		if !value.ok() {
			return
		}
		if vs := schema.Validate(nodeValue(value.node)); len(vs) > 0 {
			i.reportBroken(BrokenExample, value, vs)
		}
	}
	check(owner.at("example"))
	owner.at("examples").each(func(_ string, one place) {
		if one, err := i.spec.follow(one); err == nil {
			check(one.at("value"))
		}
	})
}

// inspectSample tries to make a value of a message's schema. The examples of the document are left out: a broken one
// would be taken for a contradiction.
func (i *inspector) inspectSample(schema *Schema, bare *Spec) {
	if _, err := schema.compiled(); err != nil {
		i.report(Uncompilable, schema.at, "%v", err)
		return
	}
	if i.explained(schema) {
		return
	}
	twin := &Schema{spec: bare, view: schema.view, at: bare.docs[schema.at.doc.name].top().lookup(schema.at.pointer)}
	var first Violations
	for _, value := range []any{twin.Sample(nil), twin.SampleAll(nil), schema.Sample(nil)} {
		vs := schema.Validate(value)
		if len(vs) == 0 {
			return
		}
		if first == nil {
			first = vs
		}
	}
	i.report(NoSample, schema.at, "no valid value was found: %s", describeViolations(first))
}

// explained says whether a part of the schema is known to contradict itself.
func (i *inspector) explained(schema *Schema) bool {
	seen, found := map[*yaml.Node]bool{}, false
	var walk func(p place)
	walk = func(p place) {
		if !p.ok() || seen[p.node] || found {
			return
		}
		seen[p.node] = true
		found = found || i.broken[p.node]
		walk(i.spec.target(p))
		p.each(func(_ string, member place) { walk(member) })
	}
	walk(schema.at)
	return found
}

// withoutOffers is the contract without the values that its schemas offer: examples and defaults.
func (s *Spec) withoutOffers() *Spec {
	bare := &Spec{limits: s.limits, docs: map[string]*document{}, is30: s.is30}
	for name, d := range s.docs {
		stripped := &document{name: d.name, root: cloneNode(d.root)}
		eachSchema(stripped.root, func(n *yaml.Node) {
			for _, keyword := range []string{"example", "examples", "default"} {
				deleteMember(n, keyword)
			}
		})
		bare.docs[name] = stripped
	}
	bare.root = bare.docs[s.root.name]
	return bare
}

// unusedSchemas are the schemas among the components that nothing under paths or webhooks leads to.
func (s *Spec) unusedSchemas() []Problem {
	reached := map[*yaml.Node]bool{}
	var walk func(p place)
	walk = func(p place) {
		if !p.ok() || reached[p.node] {
			return
		}
		reached[p.node] = true
		if p.node.Kind == yaml.MappingNode {
			walk(s.target(p))
			p.at("discriminator", "mapping").each(func(_ string, branch place) { walk(s.named(branch)) })
		}
		p.each(func(_ string, member place) { walk(member) })
	}
	walk(s.root.top().at("paths"))
	walk(s.root.top().at("webhooks"))
	var list []Problem
	s.root.top().at("components", "schemas").each(func(name string, p place) {
		if !reached[p.node] {
			list = append(list, Problem{UnusedSchema, "no operation uses the schema " + name, p.rule()})
		}
	})
	return list
}

// named is the schema that a branch of a discriminator's mapping means: by reference, or by name.
func (s *Spec) named(branch place) place {
	if p := s.root.top().at("components", "schemas", branch.node.Value); p.ok() {
		return p
	}
	return s.target(place{branch.doc, branch.pointer, mappingNode("$ref", branch.node)})
}

// remarksAs makes problems of remarks.
func remarksAs(kind ProblemKind, remarks []Remark) []Problem {
	list := make([]Problem, 0, len(remarks))
	for _, r := range remarks {
		list = append(list, Problem{kind, r.What + ": " + r.Why, r.Rule})
	}
	return list
}
