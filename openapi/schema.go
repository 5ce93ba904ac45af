package openapi

import (
	"errors"
	"net/url"
	"regexp"
	"sort"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// Validate lists every way in which a decoded JSON value (see [DecodeJSON]) breaks the schema. In and Name are left
// to the caller. A schema that cannot be compiled is one violation that says so.
func (s *Schema) Validate(value any) Violations {
	if s.accepts(value) { // what is valid needs no places and no words
		return nil
	}
	if _, err := s.compiled(); err != nil {
		return Violations{{Keyword: "schema", Detail: err.Error(), Rule: s.at.rule()}}
	}
	return s.explain(s.accept.culprits(value, "")).sorted()
}

// explain lets jsonschema say what is wrong with parts of a value.
func (s *Schema) explain(culprits []culprit) Violations {
	var vs Violations
	for _, c := range culprits {
		var broken *jsonschema.ValidationError
		err := c.schema.Validate(c.value)
		if errors.As(err, &broken) {
			vs = append(vs, s.explainPart(c, broken)...)
		} else if err != nil {
			vs = append(vs, Violation{Pointer: c.pointer, Keyword: "schema", Detail: err.Error(), Rule: s.at.rule()})
		}
	}
	return vs
}

func (s *Schema) explainPart(c culprit, broken *jsonschema.ValidationError) Violations {
	var vs Violations
	for _, leaf := range leaves(broken) {
		for _, v := range s.violations(c.value, leaf) {
			v.Pointer = c.pointer + v.Pointer
			vs = append(vs, v)
		}
	}
	return vs
}

// accepts is false also where only jsonschema can tell.
func (s *Schema) accepts(value any) bool {
	_, err := s.compiled()
	return err == nil && s.accept.judge(value) == accepted
}

// limits are the contract's; a media type without a schema has the usual ones.
func (s *Schema) limits() Limits {
	if s == nil {
		return DefaultLimits()
	}
	return s.spec.limits
}

// leaves are the errors that say something. Of alternatives that all fail, the one is kept that was plainly meant,
// otherwise the failed keyword itself.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	if keyword := lastToken(e.KeywordLocation); keyword == "oneOf" || keyword == "anyOf" {
		if meant := meantBranch(e); meant != nil {
			return leaves(meant)
		}
		return []*jsonschema.ValidationError{e}
	} else if keyword == "minContains" { // contains and minContains: no item in particular is wrong
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// meantBranch is the only branch that does not already fail by the value's type or by a constant.
func meantBranch(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	var meant *jsonschema.ValidationError
	for _, branch := range e.Causes {
		plain := true
		for _, leaf := range leaves(branch) {
			keyword := lastToken(leaf.KeywordLocation)
			depth := strings.Count(leaf.InstanceLocation, "/") - strings.Count(e.InstanceLocation, "/")
			if keyword == "type" && depth == 0 || (keyword == "const" || keyword == "enum") && depth <= 1 {
				plain = false
			}
		}
		if plain && meant != nil {
			return nil
		}
		if plain {
			meant = branch
		}
	}
	return meant
}

func lastToken(pointer string) string {
	return pointerUnescaper.Replace(pointer[strings.LastIndexByte(pointer, '/')+1:])
}

var dependentRequired = regexp.MustCompile(`/dependentRequired/[^/]*/\d+$`)

// violations turns one error of jsonschema into data: `required` becomes one violation for each missing property.
func (s *Schema) violations(root any, e *jsonschema.ValidationError) []Violation {
	pointer, value := instance(root, e)
	v := Violation{Pointer: pointer, Keyword: lastToken(e.KeywordLocation)}
	at := s.placeOf(e.AbsoluteKeywordLocation)
	switch {
	case v.Keyword == backtracking:
		v.Keyword, at = "pattern", at.sibling("pattern")
	case v.Keyword == "contentEncoding" && !at.ok():
		v.Keyword, at = KeywordEmbedded, at.sibling(KeywordEmbedded)
		v.Detail = s.spec.syntaxOf(value)
	case strings.HasSuffix(e.Message, "not allowed") && at.ok() && at.node.Kind == yaml.MappingNode && v.Keyword != "additionalProperties":
		v.Keyword = KeywordWriteOnly
	case dependentRequired.MatchString(e.KeywordLocation):
		v.Keyword, v.Detail = "dependentRequired", e.Message
	case e.Message == "not allowed" && at.ok(): // the schema is false
		v.Keyword = "not"
	case v.Keyword == "required" && at.ok():
		return s.missing(value, v, at, e.Message)
	case v.Keyword == "minContains" && !at.ok():
		v.Keyword, at = "contains", at.sibling("contains")
	case !at.ok() && strings.Contains(at.pointer, "/allOf/"):
		return []Violation{misdirected(v, at)}
	case v.Keyword == "additionalProperties":
		names := strings.Split(strings.TrimSuffix(strings.TrimPrefix(e.Message, "additionalProperties "), " not allowed"), ", ")
		sort.Strings(names) // jsonschema lists them in the order of a map
		v.Detail = strings.Join(names, ", ")
	}
	v.Rule = at.rule()
	if at.ok() && at.node.Kind != yaml.MappingNode {
		v.Want = string(appendNode(nil, at.node))
	}
	return []Violation{v}
}

// missing names each required property that the value lacks, by its own pointer. The message says which the view asks
// for: not those that it hides.
func (s *Schema) missing(value any, v Violation, required place, message string) []Violation {
	object, _ := value.(map[string]any)
	v.Rule = required.rule()
	var vs []Violation
	required.each(func(_ string, item place) {
		name := item.node.Value
		_, there := object[name]
		asked := strings.Contains(message, "'"+name+"'") || strings.ContainsAny(name, `'"\`) // such names are escaped there
		if !there && asked && item.node.Kind == yaml.ScalarNode {
			one := v
			one.Pointer += "/" + escapePointer(name)
			vs = append(vs, one)
		}
	})
	if len(vs) == 0 { // the property is required by a rule that the view made
		return []Violation{v}
	}
	return vs
}

// misdirected is a value whose discriminator names no branch: the rule is one that the view made, see rewriteDiscriminator.
func misdirected(v Violation, made place) Violation {
	owner := made.pointer[:strings.LastIndex(made.pointer, "/allOf/")]
	at := made.doc.top().lookup(owner).at("discriminator")
	if v.Rule = made.rule(); !at.ok() {
		return v
	}
	if v.Keyword == "required" {
		v.Pointer += "/" + escapePointer(at.text("propertyName"))
	}
	v.Keyword, v.Rule = KeywordDiscriminator, at.rule()
	return v
}

// placeOf turns jsonschema's absolute location into a place of the document.
func (s *Schema) placeOf(location string) place {
	address, pointer, _ := strings.Cut(location, "#")
	if decoded, err := url.PathUnescape(pointer); err == nil {
		pointer = decoded
	}
	return s.spec.unitPlace(s.view, address, pointer)
}

// sibling is another keyword of the same schema.
func (p place) sibling(keyword string) place {
	return p.doc.top().lookup(p.pointer[:max(0, strings.LastIndexByte(p.pointer, '/'))]).at(keyword)
}

func (s *Spec) syntaxOf(value any) string {
	text, _ := value.(string)
	if _, err := s.DecodeJSON([]byte(text)); err != nil {
		return "it " + err.Error()
	}
	return ""
}

// instance finds the value that the error is about, and its pointer with the steps into embedded JSON marked, which
// jsonschema leaves out. jsonschema percent-encodes the tokens.
func instance(root any, e *jsonschema.ValidationError) (pointer string, value any) {
	inside := strings.Count(e.KeywordLocation+"/", "/contentSchema/")
	var b strings.Builder
	value = root
	enter := func() {
		text, _ := value.(string)
		inner, err := DecodeJSON([]byte(text))
		if err == nil {
			value = inner
		}
		b.WriteString(Embedded)
		inside--
	}
	for _, token := range splitPointer(e.InstanceLocation) {
		if decoded, err := url.PathUnescape(token); err == nil {
			token = decoded
		}
		if _, isText := value.(string); isText && inside > 0 {
			enter()
		}
		value, _ = step(value, token)
		b.WriteString("/" + escapePointer(token))
	}
	for inside > 0 {
		enter()
	}
	return b.String(), value
}

// Secret says whether a property of this name holds a secret somewhere in the document: it is writeOnly, or has the
// format password. Values of such properties belong in no output.
func (s *Spec) Secret(property string) bool { return s.secrets[property] }

// types lists the JSON types that a parameter's text may stand for.
func (s *Schema) types() map[string]bool {
	s.typesOnce.Do(func() { s.typeSet = s.spec.types(s.at) })
	return s.typeSet
}

// types lists the types that a schema names, looking through references and combinations.
func (s *Spec) types(schema place) map[string]bool {
	found := map[string]bool{}
	s.eachApplied(schema, func(p place) {
		t := p.at("type")
		if t.ok() && t.node.Kind == yaml.ScalarNode {
			found[t.node.Value] = true
		}
		t.each(func(_ string, item place) { found[item.node.Value] = true })
	})
	return found
}

// eachApplied visits the schema and every schema that judges the same value, whether or not its condition holds.
func (s *Spec) eachApplied(p place, visit func(place)) {
	s.walkParts(p, visit, []string{"allOf", "anyOf", "oneOf"}, []string{"if", "then", "else"})
}

// eachPart visits the schema and all that it includes: what judges a value without conditions.
func (s *Spec) eachPart(p place, visit func(place)) {
	s.walkParts(p, visit, []string{"allOf"}, nil)
}

// walkParts goes through $ref, the schemas in the lists and the single schemas; each is visited once.
func (s *Spec) walkParts(p place, visit func(place), lists, singles []string) {
	seen := map[*yaml.Node]bool{}
	var walk func(p place)
	walk = func(p place) {
		if !p.ok() || seen[p.node] {
			return
		}
		seen[p.node] = true
		visit(p)
		walk(s.target(p))
		for _, key := range singles {
			walk(p.at(key))
		}
		for _, key := range lists {
			p.at(key).each(func(_ string, part place) { walk(part) })
		}
	}
	walk(p)
}

// property finds every schema that judges the property of an object that p judges.
func (s *Spec) property(p place, name string) []place {
	var list []place
	s.eachApplied(p, func(applied place) {
		if property := applied.at("properties", name); property.ok() {
			list = append(list, property)
		}
	})
	return list
}
