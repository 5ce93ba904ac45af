package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/counterpart-go/counterpart/openapi"
)

// maker makes cases; everything it draws comes from the seed.
type maker struct {
	spec      *openapi.Spec
	selection selection
	chosen    []*openapi.Operation // those that are judged
	relations *relations
	readOnly  bool // nothing may be created
	seed      uint64
	values    map[string]string // of path parameters
	instances []Instance
	fuzzed    int                              // cases of the fuzz phase
	made      int                              // values of its own so far
	keys      atomic.Uint64                    // of requests that must not be taken for a repetition
	varied    map[*openapi.Operation][]variant // made once
	tried     map[*openapi.Operation][]try     // made once
	can       map[*openapi.Operation]bool      // whether a request can be made, asked once
}

func newMaker(o Options) *maker {
	chosen := selection{o.Include, o.Exclude}
	return &maker{spec: o.Spec, selection: chosen, relations: relate(o.Spec, chosen), readOnly: o.ReadOnly, seed: o.Seed, values: o.Parameters, instances: o.Instances, fuzzed: o.FuzzCases,
		varied: map[*openapi.Operation][]variant{}, tried: map[*openapi.Operation][]try{}, can: map[*openapi.Operation]bool{}}
}

// Instance is real data for JSON that a string holds: a server that looks whether a database exists accepts no other.
type Instance struct {
	Property string // name of the property that holds the JSON
	Chosen   string // value of the sibling that chooses which JSON it is
	JSON     string
}

// InstanceError says that no request of the document has a place for what the user gave.
type InstanceError struct{ Property, Chosen string }

func (e *InstanceError) Error() string {
	return fmt.Sprintf("no request body has a %s beside the value %s: look at the names in the document", e.Property, e.Chosen)
}

// ParameterError says that the document forbids a path parameter's value, which the user gave.
type ParameterError struct {
	Name       string
	Violations openapi.Violations
}

func (e *ParameterError) Error() string {
	return fmt.Sprintf("the value given for %s breaks the document: %s", e.Name, e.Violations)
}

// check holds what the user gave to the document.
func (m *maker) check() error {
	for _, instance := range m.instances {
		if !m.hasPlaceFor(instance) {
			return &InstanceError{instance.Property, instance.Chosen}
		}
	}
	var err error
	if m.chosen, err = m.selection.of(m.spec); err != nil {
		return err
	}
	for _, op := range m.spec.Operations() {
		if len(m.values) == 0 {
			break
		}
		r, err := m.request(Step{Operation: op}, known{})
		if err != nil {
			return err
		}
		violations, _ := r.broken(m.spec, op)
		for _, v := range violations {
			if _, given := m.values[v.Name]; given && v.In == openapi.InPath {
				return &ParameterError{v.Name, openapi.Violations{v}}
			}
		}
	}
	return nil
}

func (m *maker) hasPlaceFor(instance Instance) bool {
	alone := newMaker(Options{Spec: m.spec, Instances: []Instance{instance}})
	return slices.ContainsFunc(m.spec.Operations(), func(op *openapi.Operation) bool {
		return op.RequestBody != nil && slices.ContainsFunc(alone.variants(op), func(v variant) bool { return v.real })
	})
}

// owner is the resource that an operation belongs to, or nil.
func (m *maker) owner(op *openapi.Operation) *openapi.Resource { return m.relations.owners[op] }

// variant is a body worth sending.
type variant struct {
	name  string
	body  any
	media string // of the body; "" is the one that says most
	real  bool   // it holds an instance that the user gave
}

// variants are the documented examples of the operation's body, and a sample for every value of an enum that no
// example has: every branch that the document describes is reached.
func (m *maker) variants(op *openapi.Operation) []variant {
	if _, made := m.varied[op]; !made {
		m.varied[op] = m.makeVariants(op)
	}
	return slices.Clone(m.varied[op])
}

func (m *maker) makeVariants(op *openapi.Operation) []variant {
	described := content(op)
	if described == nil {
		return []variant{{name: "plain"}}
	}
	list := slices.DeleteFunc(soundExamples(described), func(v variant) bool { return documentedStatus(op, v.name) >= 400 })
	if described.Schema != nil {
		list = m.sampled(list, described.Schema, itemOf(m.owner(op)))
	}
	if sound := slices.DeleteFunc(slices.Clone(list), func(v variant) bool { return !m.arrives(op, v.body) }); len(sound) > 0 {
		list = sound // some schemas have values that no sample hits
	}
	if len(list) == 0 {
		list = []variant{{name: "an empty object", body: map[string]any{}}}
	}
	for i := range list {
		list[i] = m.withInstance(list[i])
	}
	return list
}

// arrives says whether a body keeps the document once it is written: a form has no way to say that a list is empty.
func (m *maker) arrives(op *openapi.Operation, body any) bool {
	return m.valid(op, body) && (rank(content(op).Range) < rank(formType) || m.keeps(op, Step{Operation: op, Body: body}))
}

// soundExamples are the documented examples that keep their schema: what a server does with others nobody can say.
func soundExamples(media *openapi.MediaType) []variant {
	var list []variant
	for i, e := range media.Examples {
		if media.Schema == nil || len(media.Schema.Validate(e.Value)) == 0 {
			list = append(list, variant{name: exampleName(e, i), body: e.Value})
		}
	}
	return list
}

func (m *maker) sampled(list []variant, schema *openapi.Schema, item string) []variant {
	variants := schema.Variants(item)
	for _, pointer := range sortedKeys(variants) {
		for _, value := range variants[pointer] {
			if !covers(list, pointer, value) {
				name := fmt.Sprintf("%s=%v", strings.TrimPrefix(pointer, item+"/"), value)
				list = append(list, variant{name: name, body: schema.Sample(map[string]any{pointer: value})})
			}
		}
	}
	if len(list) == 0 {
		list = append(list, variant{name: "only what is required", body: schema.Sample(nil)})
	}
	if all := schema.SampleAll(nil); !slices.ContainsFunc(list, func(v variant) bool { return sameShape(v.body, all) }) && len(schema.Validate(all)) == 0 {
		list = append(list, variant{name: "all that is described", body: all})
	}
	return list
}

// sameShape says whether two values have the same members everywhere.
func sameShape(a, b any) bool {
	first, isObject := a.(map[string]any)
	second, both := b.(map[string]any)
	if !isObject || !both {
		some, isList := a.([]any)
		others, bothLists := b.([]any)
		return isObject == both && isList == bothLists && (len(some) == 0) == (len(others) == 0)
	}
	same := len(first) == len(second)
	for name, member := range first {
		other, there := second[name]
		same = same && there && sameShape(member, other)
	}
	return same
}

func itemOf(r *openapi.Resource) string {
	if r == nil {
		return ""
	}
	return r.Sent
}

func exampleName(e openapi.Example, i int) string {
	if e.Name == "" {
		return fmt.Sprintf("example %d", i+1)
	}
	return e.Name
}

func covers(list []variant, pointer string, value any) bool {
	return slices.ContainsFunc(list, func(v variant) bool {
		at, ok := openapi.Lookup(v.body, pointer)
		return ok && at == value
	})
}

// withInstance puts the user's data where the document has made-up data.
func (m *maker) withInstance(v variant) variant {
	for _, instance := range m.instances {
		eachObject(v.body, "", func(pointer string, object map[string]any) {
			_, holds := object[instance.Property].(string)
			chosen := slices.ContainsFunc(slices.Collect(maps.Values(object)), func(member any) bool { return member == any(instance.Chosen) })
			if holds && chosen {
				v.body, v.real = openapi.Set(v.body, pointer+"/"+instance.Property, instance.JSON), true
			}
		})
	}
	return v
}

// eachObject visits the objects of a value, embedded JSON left out.
func eachObject(value any, pointer string, visit func(pointer string, object map[string]any)) {
	switch v := value.(type) {
	case map[string]any:
		visit(pointer, v)
		for _, name := range sortedKeys(v) {
			eachObject(v[name], pointer+"/"+name, visit)
		}
	case []any:
		for i, item := range v {
			eachObject(item, fmt.Sprintf("%s/%d", pointer, i), visit)
		}
	}
}

// own makes a body this run's: values of its own wherever the resource asks for unique ones, so that a run meets
// neither what is on the server already nor its own other cases, and secrets that can be recognised in an answer.
// A value that would break the contract stays.
func (m *maker) own(op *openapi.Operation, v variant) any {
	body := v.body
	if r := m.owner(op); r != nil && creator(r) != nil {
		for _, pointer := range r.Unique {
			body = m.renamed(op, body, r.Sent+pointer)
		}
		if r.ID.Sent != "" && !slices.Contains(r.Unique, r.ID.Sent) {
			body = m.renamed(op, body, r.Sent+r.ID.Sent)
		}
	}
	if !v.real {
		body = m.disguised(op, body)
	}
	return body
}

// disguised is a body with made-up secrets.
func (m *maker) disguised(op *openapi.Operation, body any) any {
	for _, pointer := range m.secretPlaces(body) {
		m.made++
		body = m.changed(op, body, pointer, fmt.Sprintf("secret-%x-%d", m.seed, m.made))
	}
	return body
}

// renamed is the body with a value that only this run uses, in the first form that the document allows there.
func (m *maker) renamed(op *openapi.Operation, body any, pointer string) any {
	kind := openapi.TextID
	if r := m.owner(op); r != nil && r.ID.Sent != "" && pointer == r.Sent+r.ID.Sent {
		kind = r.ID.Kind
	}
	value, _ := m.fresh().fitting(kind, func(value any) bool { return m.valid(op, openapi.Set(body, pointer, value)) })
	if value == nil {
		return body
	}
	return openapi.Set(body, pointer, value)
}

// isOwn says whether only this run uses a text: what is left of a name when it is cut short can be anybody's.
func (m *maker) isOwn(text string) bool {
	return strings.Contains(strings.ToLower(text), fmt.Sprintf("%x-", m.seed)) || strings.HasPrefix(text, fmt.Sprintf("%08x-0000-", uint32(m.seed)))
}

// NamePrefix begins the names of what a run creates.
const NamePrefix = "counterpart-"

func (m *maker) changed(op *openapi.Operation, body any, pointer string, value any) any {
	if changed := openapi.Set(body, pointer, value); m.valid(op, changed) {
		return changed
	}
	return body
}

// secretPlaces are the pointers of the secrets in a body, those in embedded JSON included.
func (m *maker) secretPlaces(body any) []string {
	var places []string
	eachText(body, "", func(pointer, name, _ string) {
		if m.spec.Secret(name) {
			places = append(places, pointer)
		}
	})
	return places
}

// sentSecrets are the secrets that a body holds.
func sentSecrets(spec *openapi.Spec, body any) []string {
	var secrets []string
	eachText(body, "", func(_, name, text string) {
		if spec.Secret(name) {
			secrets = append(secrets, text)
		}
	})
	return secrets
}

// instanceSecrets are the secrets in what the user gave, with the variables that curl lines name for them:
// COUNTERPART_PASSWORD_RDS_MYSQL.
func instanceSecrets(o Options) []Secret {
	var secrets []Secret
	for _, instance := range o.Instances {
		eachText(instance.JSON, "", func(_, name, text string) {
			if o.Spec.Secret(name) {
				variable := strings.Map(variableLetter, strings.ToUpper("counterpart_"+name+"_"+instance.Chosen))
				secrets = append(secrets, Secret{Variable: variable, Value: text})
			}
		})
	}
	return secrets
}

func variableLetter(r rune) rune {
	if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

// eachText visits the strings of a value with the names of the members that hold them, those in embedded JSON included.
func eachText(value any, pointer string, visit func(pointer, name, text string)) {
	var walk func(value any, pointer, name string)
	walk = func(value any, pointer, name string) {
		switch v := value.(type) {
		case map[string]any:
			for _, member := range sortedKeys(v) {
				walk(v[member], pointer+"/"+escaped(member), member)
			}
		case []any:
			for i, item := range v {
				walk(item, fmt.Sprintf("%s/%d", pointer, i), name)
			}
		case string:
			visit(pointer, name, v)
			if inner, ok := opened(v).(map[string]any); ok {
				walk(inner, pointer+openapi.Embedded, name)
			}
		}
	}
	walk(value, pointer, "")
}

var escaped = strings.NewReplacer("~", "~0", "/", "~1").Replace

func (m *maker) valid(op *openapi.Operation, body any) bool {
	schema := schemaOf(op)
	return schema == nil || len(schema.Validate(body)) == 0
}

// parameter is the text that a parameter has where a case says nothing else.
func (m *maker) parameter(p *openapi.Parameter) []string {
	if value, ok := m.values[p.Name]; ok && p.In == openapi.InPath {
		return []string{value}
	}
	switch {
	case p.In == openapi.InHeader && strings.EqualFold(p.Name, "Idempotency-Key"):
		return []string{m.idempotencyKey(p)}
	case p.In == openapi.InHeader && strings.EqualFold(p.Name, "If-Match"):
		return []string{"*"} // whatever the item is like (RFC 9110, section 13.1.1)
	}
	var value any = "a"
	if len(p.Examples) > 0 {
		value = p.Examples[0].Value
	} else if p.Schema != nil {
		value = p.Schema.Sample(nil)
	}
	if texts, ok := p.Texts(value); ok {
		return texts
	}
	return []string{fmt.Sprint(value)}
}

// idempotencyKey is another one for each request: a server answers a key that it knows with what it has answered before.
func (m *maker) idempotencyKey(p *openapi.Parameter) string {
	key, _ := m.numbered(m.keys.Add(1)).fitting(openapi.UUID, func(value any) bool { return p.Schema == nil || len(p.Schema.Validate(value)) == 0 })
	return textOf(key)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
