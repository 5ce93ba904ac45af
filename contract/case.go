package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// Case is one thing that the suite tries: steps, sent in order.
type Case struct {
	Phase     string
	Name      string             // unique in its phase
	Operation *openapi.Operation // the one that the case is about
	Resource  *openapi.Resource  // whose items the case creates, or nil
	Steps     []Step
}

// Step is one request of a case and what a server that keeps the contract does with it.
type Step struct {
	Operation *openapi.Operation
	Body      any               // decoded JSON; nil for none
	Query     map[string]string // beside the required parameters
	Created   int               // the step, counted from 1, whose answer gave the id of the item; 0 for none
	Refused   string            // reason for which it must be refused (see openapi.Refusal); "" when it must be accepted
	Status    int               // the only right status, 0 where the document leaves a choice
	List      *Listing          // what a list must show
}

// Listing is what a list must show of the item that Step.Created made.
type Listing struct {
	Gone bool // it must not be there
	Sent any  // the item as it was sent last
	Only bool // the list is filtered by the item's id: nothing else may be there
}

// phase makes cases from the document alone.
type phase struct {
	name  string
	cases func(*maker) []Case
}

// phases in the order in which they run.
func phases() []phase {
	return []phase{{"examples", exampleCases}, {"state", stateCases}}
}

// Phases are the names of all phases, in the order in which they run.
func Phases() []string {
	var names []string
	for _, p := range phases() {
		names = append(names, p.name)
	}
	return names
}

// maker makes cases; everything it draws comes from the seed.
type maker struct {
	spec   *openapi.Spec
	seed   uint64
	values map[string]string // of path parameters
	made   int               // unique values so far
}

// owner is the resource that an operation belongs to, or nil.
func (m *maker) owner(op *openapi.Operation) *openapi.Resource {
	for _, r := range m.spec.Resources() {
		for _, member := range []*openapi.Operation{r.Create, r.List, r.Update, r.Delete} {
			if member == op {
				return r
			}
		}
	}
	return nil
}

// variant is a body worth sending.
type variant struct {
	name string
	body any
}

// variants are the documented examples of the operation's body, and a sample for every value of an enum that no
// example has: every branch that the document describes is reached.
func (m *maker) variants(op *openapi.Operation, item string) []variant {
	if op.RequestBody == nil {
		return []variant{{name: "plain"}}
	}
	var list []variant
	content := op.RequestBody.Content[0]
	for i, e := range content.Examples {
		list = append(list, variant{exampleName(e, i), e.Value})
	}
	if content.Schema == nil {
		return list
	}
	for _, pointer := range sortedKeys(content.Schema.Variants(item)) {
		for _, value := range content.Schema.Variants(item)[pointer] {
			if !covers(list, pointer, value) {
				name := fmt.Sprintf("%s=%v", strings.TrimPrefix(pointer, item+"/"), value)
				list = append(list, variant{name, content.Schema.Sample(map[string]any{pointer: value})})
			}
		}
	}
	if len(list) == 0 {
		list = append(list, variant{"sample", content.Schema.Sample(nil)})
	}
	return list
}

func exampleName(e openapi.Example, i int) string {
	if e.Name == "" {
		return fmt.Sprintf("example %d", i+1)
	}
	return e.Name
}

func covers(list []variant, pointer string, value any) bool {
	for _, v := range list {
		if at, ok := openapi.Lookup(v.body, pointer); ok && at == value {
			return true
		}
	}
	return false
}

// unique gives the item of a body values of its own wherever the resource asks for unique ones, so that a run meets
// neither what is on the server already nor its own other cases. A value that would break the contract stays.
func (m *maker) unique(r *openapi.Resource, body any) any {
	if r == nil || r.Create == nil {
		return body
	}
	for _, pointer := range r.Unique {
		m.made++
		changed := openapi.Set(body, r.Sent+pointer, fmt.Sprintf("counterpart-%x-%d", m.seed, m.made))
		if m.valid(r.Create, changed) {
			body = changed
		}
	}
	return body
}

func (m *maker) valid(op *openapi.Operation, body any) bool {
	schema := op.RequestBody.Content[0].Schema
	return schema == nil || len(schema.Validate(body)) == 0
}

// request builds a step's request. Path parameters come from the options, the item, the document's examples, or a sample.
func (m *maker) request(s Step, itemID string, r *openapi.Resource) (*http.Request, error) {
	path, query, header := s.Operation.Path, url.Values{}, http.Header{"Accept": {"application/json"}}
	for _, p := range s.Operation.Parameters {
		value := m.parameter(p)
		if r != nil && p.In == openapi.InPath && p.Name == r.ID.Parameter && itemID != "" {
			value = itemID
		}
		switch {
		case p.In == openapi.InPath:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case p.In == openapi.InQuery && p.Required:
			query.Set(p.Name, value)
		case p.In == openapi.InHeader && p.Required:
			header.Set(p.Name, value)
		}
	}
	for name, value := range s.Query {
		if value == "" {
			value = itemID
		}
		query.Set(name, value)
	}
	body, err := encodeBody(s.Body)
	if err != nil {
		return nil, err
	}
	if s.Body != nil {
		header.Set("Content-Type", s.Operation.RequestBody.Content[0].Range)
	}
	target := s.Operation.Base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequest(s.Operation.Method, target, bytes.NewReader(body))
	if err == nil {
		request.Header = header
	}
	return request, err
}

func (m *maker) parameter(p *openapi.Parameter) string {
	if value, ok := m.values[p.Name]; ok {
		return value
	}
	if len(p.Examples) > 0 {
		return fmt.Sprint(p.Examples[0].Value)
	}
	if p.Schema == nil {
		return "a"
	}
	return fmt.Sprint(p.Schema.Sample(nil))
}

// encodeBody writes a body as JSON, keys sorted, `<`, `>` and `&` as they are. Nil is no body.
func encodeBody(value any) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
