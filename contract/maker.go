package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// maker makes cases; everything it draws comes from the seed.
type maker struct {
	spec      *openapi.Spec
	seed      uint64
	values    map[string]string // of path parameters
	instances []Instance
	fuzzed    int                              // cases of the fuzz phase
	made      int                              // values of its own so far
	varied    map[*openapi.Operation][]variant // made once
	tried     map[*openapi.Operation][]try     // made once
}

func newMaker(o Options) *maker {
	return &maker{spec: o.Spec, seed: o.Seed, values: o.Parameters, instances: o.Instances, fuzzed: o.FuzzCases,
		varied: map[*openapi.Operation][]variant{}, tried: map[*openapi.Operation][]try{}}
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
	for _, op := range m.spec.Operations() {
		r, err := m.request(Step{Operation: op}, "")
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
func (m *maker) owner(op *openapi.Operation) *openapi.Resource {
	for _, r := range m.spec.Resources() {
		if slices.Contains([]*openapi.Operation{r.Create, r.List, r.Update, r.Delete}, op) {
			return r
		}
	}
	return nil
}

// variant is a body worth sending.
type variant struct {
	name string
	body any
	real bool // it holds an instance that the user gave
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
	if op.RequestBody == nil || len(op.RequestBody.Content) == 0 {
		return []variant{{name: "plain"}}
	}
	var list []variant
	content := op.RequestBody.Content[0]
	for i, e := range content.Examples {
		list = append(list, variant{name: exampleName(e, i), body: e.Value})
	}
	if content.Schema != nil {
		list = m.sampled(list, content.Schema, itemOf(m.owner(op)))
	}
	for i := range list {
		list[i] = m.withInstance(list[i])
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
		return isObject == both
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
	if r := m.owner(op); r != nil && r.Create != nil {
		for _, pointer := range r.Unique {
			body = m.changed(op, body, r.Sent+pointer, m.name())
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

// name is a text that only this run uses.
func (m *maker) name() string {
	m.made++
	return fmt.Sprintf("%s%x-%d", NamePrefix, m.seed, m.made)
}

// isOwn says whether only this run uses a text: what is left of a name when it is cut short can be anybody's.
func (m *maker) isOwn(text string) bool {
	return strings.Contains(strings.ToLower(text), fmt.Sprintf("%x-", m.seed))
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
	schema := op.RequestBody.Content[0].Schema
	return schema == nil || len(schema.Validate(body)) == 0
}

// parameter is the text that a parameter has where a case says nothing else.
func (m *maker) parameter(p *openapi.Parameter) []string {
	if value, ok := m.values[p.Name]; ok && p.In == openapi.InPath {
		return []string{value}
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

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
