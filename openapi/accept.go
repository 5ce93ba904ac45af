package openapi

import (
	"encoding/json"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// verdict is what an acceptor says of a value.
type verdict int

const (
	undecided verdict = iota // only jsonschema can tell
	accepted
	refused
)

func verdictOf(sound bool) verdict {
	if sound {
		return accepted
	}
	return refused
}

// and is the verdict of two rules that must both hold.
func (v verdict) and(w verdict) verdict {
	switch {
	case v == refused || w == refused:
		return refused
	case v == undecided || w == undecided:
		return undecided
	}
	return accepted
}

func (v verdict) not() verdict {
	return [...]verdict{undecided: undecided, accepted: refused, refused: accepted}[v]
}

// valueKind is the JSON type of a decoded value.
type valueKind int

const (
	otherKind valueKind = iota // not a value as DecodeJSON makes it
	nullKind
	booleanKind
	numberKind
	stringKind
	arrayKind
	objectKind
	kinds
	textKind = kinds // is judged as what it says
)

func kindOf(value any) valueKind {
	switch value.(type) {
	case nil:
		return nullKind
	case bool:
		return booleanKind
	case json.Number:
		return numberKind
	case string:
		return stringKind
	case []any:
		return arrayKind
	case map[string]any:
		return objectKind
	case *Text:
		return textKind
	}
	return otherKind
}

// rule judges values of the kinds that it is kept for.
type rule interface {
	judge(value any) verdict
}

// acceptor tells valid values as jsonschema does, without gathering what an error would say: where the value is, and
// which properties and items no rule has looked at. It never changes once it is made.
//
// Of what it does not know it says undecided; it never guesses.
type acceptor struct {
	schema *jsonschema.Schema // of which it is made; nil for one without rules
	rules  [kinds][]rule
}

func (a *acceptor) judge(value any) verdict {
	v, kind := accepted, kindOf(value)
	if kind == textKind {
		return a.judgeText(value.(*Text))
	}
	for _, r := range a.rules[kind] {
		if v = v.and(r.judge(value)); v == refused {
			break
		}
	}
	return v
}

// anything is the acceptor of a schema without rules.
func anything() *acceptor {
	a := &acceptor{}
	a.add(otherKind, always(undecided))
	return a
}

func (a *acceptor) add(k valueKind, r rule) { a.rules[k] = append(a.rules[k], r) }

func (a *acceptor) addToAll(r rule) {
	for k := range kinds {
		a.add(k, r)
	}
}

// restrict takes the types that the schema allows. A value of any other kind needs no other rule.
func (a *acceptor) restrict(types []string) {
	names := [kinds]string{nullKind: "null", booleanKind: "boolean", numberKind: "number", stringKind: "string", arrayKind: "array", objectKind: "object"}
	allowed := map[string]bool{}
	for _, t := range types {
		allowed[t] = true
	}
	for k := nullKind; k < kinds; k++ {
		switch {
		case allowed[names[k]]:
		case k == numberKind && allowed["integer"]:
			a.rules[k] = append([]rule{integer{}}, a.rules[k]...)
		default:
			a.rules[k] = []rule{always(refused)}
		}
	}
}

// acceptors makes the acceptors of compiled schemas. Those that it has made are kept and shared.
type acceptors struct {
	limits Limits
	made   map[*jsonschema.Schema]*acceptor
}

// of makes the acceptor of a schema. A schema that leads back to itself on the same value is left to jsonschema, which
// refuses every value that comes by there, also where an acceptor would not have to look.
func (as *acceptors) of(s *jsonschema.Schema) *acceptor {
	m := acceptorMaker{limits: as.limits, made: as.made, fresh: map[*jsonschema.Schema]*acceptor{}, same: map[*acceptor][]*acceptor{}}
	a := m.make(s)
	if m.loops() {
		a = &acceptor{schema: s}
		a.addToAll(always(undecided))
		return a
	}
	if as.made == nil {
		as.made = map[*jsonschema.Schema]*acceptor{}
	}
	for s, a := range m.fresh {
		as.made[s] = a
	}
	return a
}

// acceptorMaker makes the acceptors of a schema and of all that it leads to.
type acceptorMaker struct {
	limits Limits
	made   map[*jsonschema.Schema]*acceptor // known to be free of loops
	fresh  map[*jsonschema.Schema]*acceptor
	same   map[*acceptor][]*acceptor // those that an acceptor asks about the value that it is asked about
}

func (m *acceptorMaker) make(s *jsonschema.Schema) *acceptor {
	if a := m.made[s]; a != nil {
		return a
	}
	if a := m.fresh[s]; a != nil {
		return a
	}
	a := anything()
	a.schema, m.fresh[s] = s, a
	switch {
	case s == nil:
		a.addToAll(always(undecided))
	case s.RecursiveRef != nil || s.DynamicRef != nil: // where these lead, only the value says: perhaps back
		m.same[a] = append(m.same[a], a)
	case s.Always != nil:
		a.addToAll(always(verdictOf(*s.Always)))
	default:
		m.addValues(a, s)
		m.addParts(a, s)
		addNumbers(a, s)
		m.addStrings(a, s)
		m.addArrays(a, s)
		m.addObjects(a, s)
		m.addExtensions(a, s)
		if len(s.Types) > 0 {
			a.restrict(s.Types)
		}
	}
	return a
}

// loops says whether a fresh acceptor comes back to itself without a step into the value.
func (m *acceptorMaker) loops() bool {
	const open, done = 1, 2
	state := map[*acceptor]int{}
	var loop func(a *acceptor) bool
	loop = func(a *acceptor) bool {
		if state[a] != 0 {
			return state[a] == open
		}
		state[a] = open
		for _, next := range m.same[a] {
			if loop(next) {
				return true
			}
		}
		state[a] = done
		return false
	}
	for a := range m.same {
		if loop(a) {
			return true
		}
	}
	return false
}

// part makes the acceptor of a schema that judges the same value as its owner; nil where there is none.
func (m *acceptorMaker) part(owner *acceptor, s *jsonschema.Schema) *acceptor {
	if s == nil {
		return nil
	}
	a := m.make(s)
	m.same[owner] = append(m.same[owner], a)
	return a
}

func (m *acceptorMaker) parts(owner *acceptor, list []*jsonschema.Schema) []*acceptor {
	var parts []*acceptor
	for _, s := range list {
		parts = append(parts, m.part(owner, s))
	}
	return parts
}

func (m *acceptorMaker) addValues(a *acceptor, s *jsonschema.Schema) {
	if len(s.Constant) > 0 {
		a.addToAll(newEnum(s.Constant))
	}
	if len(s.Enum) > 0 {
		a.addToAll(newEnum(s.Enum))
	}
	format := formats[s.Format]
	if format == nil {
		format = jsonschema.Formats[s.Format]
	}
	if format != nil {
		a.addToAll(formatted(format))
	}
}

// addParts adds the schemas that judge the same value.
func (m *acceptorMaker) addParts(a *acceptor, s *jsonschema.Schema) {
	if s.Ref != nil {
		a.addToAll(m.part(a, s.Ref))
	}
	for _, part := range m.parts(a, s.AllOf) {
		a.addToAll(part)
	}
	if len(s.AnyOf) > 0 {
		a.addToAll(anyOf(m.parts(a, s.AnyOf)))
	}
	if len(s.OneOf) > 0 {
		a.addToAll(oneOf(m.parts(a, s.OneOf)))
	}
	if s.Not != nil {
		a.addToAll(negation{m.part(a, s.Not)})
	}
	if s.If != nil {
		a.addToAll(choice{m.part(a, s.If), m.part(a, s.Then), m.part(a, s.Else)})
	}
}

func addNumbers(a *acceptor, s *jsonschema.Schema) {
	limits := []limit{{bound: s.Minimum, sign: 1}, {bound: s.Maximum, sign: -1},
		{bound: s.ExclusiveMinimum, sign: 1, exclusive: true}, {bound: s.ExclusiveMaximum, sign: -1, exclusive: true}}
	for _, l := range limits {
		if l.bound != nil {
			l.small, l.isSmall = smallRat(l.bound)
			a.add(numberKind, l)
		}
	}
	if s.MultipleOf != nil {
		step := multiple{of: s.MultipleOf}
		step.small, step.isSmall = smallRat(s.MultipleOf)
		a.add(numberKind, step)
	}
}

func (m *acceptorMaker) addStrings(a *acceptor, s *jsonschema.Schema) {
	if s.MinLength != -1 || s.MaxLength != -1 {
		a.add(stringKind, size{s.MinLength, s.MaxLength})
	}
	if s.Pattern != nil {
		a.add(stringKind, pattern{matcherOf(s.Pattern)})
	}
	m.addContent(a, s)
}

func (m *acceptorMaker) addContent(a *acceptor, s *jsonschema.Schema) {
	inside := anything()
	if s.ContentSchema != nil {
		inside = m.make(s.ContentSchema)
	}
	decode := jsonschema.Decoders[s.ContentEncoding]
	switch {
	case s.ContentEncoding == embeddedJSON:
		a.add(stringKind, embeddedText{m.limits, inside})
	case s.ContentEncoding == "base64+"+embeddedJSON:
		a.add(stringKind, embeddedBase64Text{embeddedText{m.limits, inside}})
	case jsonschema.MediaTypes[s.ContentMediaType] != nil || decode != nil && s.ContentSchema != nil:
		a.add(stringKind, always(undecided))
	case decode != nil:
		a.add(stringKind, encoded(decode))
	}
}

func (m *acceptorMaker) addArrays(a *acceptor, s *jsonschema.Schema) {
	if s.Items != nil || s.UnevaluatedItems != nil {
		a.add(arrayKind, always(undecided))
	}
	if s.MinItems != -1 || s.MaxItems != -1 {
		a.add(arrayKind, size{s.MinItems, s.MaxItems})
	}
	if s.UniqueItems {
		a.add(arrayKind, unique{})
	}
	if len(s.PrefixItems) > 0 || s.Items2020 != nil {
		var items items
		for _, first := range s.PrefixItems {
			items.first = append(items.first, m.make(first))
		}
		if s.Items2020 != nil {
			items.rest = m.make(s.Items2020)
		}
		a.add(arrayKind, items)
	}
	if s.Contains != nil {
		a.add(arrayKind, contains{m.make(s.Contains), size{s.MinContains, s.MaxContains}})
	}
}

func (m *acceptorMaker) addObjects(a *acceptor, s *jsonschema.Schema) {
	if len(s.Dependencies) > 0 || s.RegexProperties || s.UnevaluatedProperties != nil {
		a.add(objectKind, always(undecided))
	}
	if s.MinProperties != -1 || s.MaxProperties != -1 {
		a.add(objectKind, size{s.MinProperties, s.MaxProperties})
	}
	if len(s.Required) > 0 {
		a.add(objectKind, required(s.Required))
	}
	m.addMembers(a, s)
	if s.PropertyNames != nil {
		a.add(objectKind, propertyNames{m.make(s.PropertyNames)})
	}
	for name, needed := range s.DependentRequired {
		a.add(objectKind, dependent{name, required(needed)})
	}
	for name, schema := range s.DependentSchemas {
		a.add(objectKind, dependent{name, m.part(a, schema)})
	}
}

func (m *acceptorMaker) addMembers(a *acceptor, s *jsonschema.Schema) {
	all := eachMember{named: map[string]*acceptor{}}
	var named properties
	for name, schema := range s.Properties {
		all.named[name] = m.make(schema)
		named = append(named, property{name, all.named[name]})
	}
	for re, schema := range s.PatternProperties {
		all.matched = append(all.matched, matchedProperty{matcherOf(re), m.make(schema)})
	}
	switch rest := s.AdditionalProperties.(type) {
	case bool:
		all.rest = always(verdictOf(rest))
	case *jsonschema.Schema:
		all.rest = m.make(rest)
	}
	if len(all.matched) > 0 || all.rest != nil && all.rest != always(accepted) {
		a.add(objectKind, all)
	} else if len(named) > 0 {
		a.add(objectKind, named)
	}
}

func (m *acceptorMaker) addExtensions(a *acceptor, s *jsonschema.Schema) {
	for _, extension := range s.Extensions {
		switch e := extension.(type) {
		case patternSchema:
			a.add(stringKind, backtracked(e))
		case conditionSchema:
			a.addToAll(conditional{e.property, e.value, m.part(a, e.then)})
		default:
			a.addToAll(always(undecided))
		}
	}
}
