package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// request is what a step sends.
type request struct {
	method string
	target string // path and query
	header http.Header
	body   []byte
	path   map[string]string // path parameters by name
	query  url.Values

	invented []string // required parameters whose value nobody has given: nothing on the server need have it
}

// known are the ids of items that are there.
type known struct {
	item string                       // of the item that the step is about
	held map[*openapi.Resource]string // of what the case has created before
}

// request builds a step's request. Parameters come from the step, the items, the options, the document's examples, or a
// sample.
func (m *maker) request(s Step, k known) (*request, error) {
	r := &request{method: s.Operation.Method, header: http.Header{"Accept": {acceptedTypes(s.Operation)}}, path: map[string]string{}}
	query, template := url.Values{}, s.Operation.Path
	for _, p := range s.Operation.Parameters {
		texts, given := s.argument(p)
		if !given {
			if m.sendObject(p, query) {
				continue
			}
			texts = m.usual(r, s.Operation, p, k)
		}
		r.send(p, filled(texts, k.item), query, &template)
	}
	for _, a := range s.Arguments { // what the operation does not describe
		if a.In == openapi.InQuery && !describes(s.Operation, a) {
			query[a.Name] = filled(a.Texts, k.item)
		}
	}
	r.target = s.Operation.Base + template
	if err := r.setBody(s); err != nil {
		return nil, err
	}
	if s.Raw != nil {
		s.Raw.change(r)
	}
	if r.query = query; len(query) > 0 {
		r.target += "?" + query.Encode()
	}
	return r, nil
}

// sendObject says a required object in the query; false for any other parameter.
func (m *maker) sendObject(p *openapi.Parameter, query url.Values) bool {
	if !p.Required || p.Schema == nil || p.In != openapi.InQuery {
		return false
	}
	values := []any{p.Schema.Sample(nil), p.Schema.SampleAll(nil)}
	if len(p.Examples) > 0 {
		values = append([]any{p.Examples[0].Value}, values...)
	}
	for _, value := range values {
		if pairs, ok := p.Pairs(scalarsOf(value)); ok {
			for name, text := range pairs {
				query.Set(name, text)
			}
			return true
		}
	}
	return false
}

// scalarsOf is an object without the members that a query cannot say.
func scalarsOf(value any) any {
	object, isObject := value.(map[string]any)
	if !isObject {
		return value
	}
	scalars := map[string]any{}
	for name, member := range object {
		switch member.(type) {
		case map[string]any, []any, nil:
		default:
			scalars[name] = member
		}
	}
	return scalars
}

// usual is what a parameter is sent as where the step says nothing: none where it may be left out.
func (m *maker) usual(r *request, op *openapi.Operation, p *openapi.Parameter, k known) []string {
	if p.In == openapi.InPath {
		if id := m.itemNamed(op, p.Name, k); id != "" {
			return []string{id}
		}
	}
	if !p.Required {
		return nil
	}
	if _, given := m.values[p.Name]; !given && (p.In == openapi.InPath || p.In == openapi.InQuery) && !m.promised(op, p) {
		r.invented = append(r.invented, p.Name)
	}
	return m.parameter(p)
}

// promised says whether the document names a collection that is there: by the example of a parameter of the operations
// that create and list items.
func (m *maker) promised(op *openapi.Operation, p *openapi.Parameter) bool {
	r := m.owner(op)
	return r != nil && (op == r.Create || op == r.List) && len(p.Examples) > 0
}

// itemNamed is the id of the item that a path parameter names, "" where that is not known.
func (m *maker) itemNamed(op *openapi.Operation, parameter string, k known) string {
	r := m.relations.named(op, parameter)
	if r == nil {
		return ""
	}
	if r == m.owner(op) && parameter == r.ID.Parameter && k.item != "" {
		return k.item
	}
	if _, given := m.values[parameter]; given {
		return ""
	}
	return k.held[r]
}

func (s Step) argument(p *openapi.Parameter) (texts []string, given bool) {
	for _, a := range s.Arguments {
		if a.In == p.In && a.Name == p.Name {
			return a.Texts, true
		}
	}
	return nil, false
}

func describes(op *openapi.Operation, a Argument) bool {
	for _, p := range op.Parameters {
		if p.In == a.In && p.Name == a.Name {
			return true
		}
	}
	return false
}

func filled(texts []string, itemID string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		switch text {
		case ItemID:
			list[i] = itemID
		case HalfOfID:
			list[i] = itemID[:len(itemID)/2]
		case CapitalsOfID:
			list[i] = strings.ToUpper(itemID)
		default:
			list[i] = text
		}
	}
	return list
}

// send puts a parameter's texts where they belong.
func (r *request) send(p *openapi.Parameter, texts []string, query url.Values, template *string) {
	if len(texts) == 0 {
		return
	}
	switch p.In {
	case openapi.InPath:
		*template = strings.ReplaceAll(*template, "{"+p.Name+"}", url.PathEscape(texts[0]))
		r.path[p.Name] = texts[0]
	case openapi.InQuery:
		query[p.Name] = texts
	case openapi.InHeader:
		r.header[http.CanonicalHeaderKey(p.Name)] = texts
	case openapi.InCookie:
		cookie := (&http.Cookie{Name: p.Name, Value: strings.Join(texts, ",")}).String()
		r.header.Set("Cookie", strings.TrimPrefix(r.header.Get("Cookie")+"; "+cookie, "; "))
	}
}

func (r *request) setBody(s Step) (err error) {
	if s.Body == nil {
		return nil
	}
	media := contentOf(s)
	if media == nil {
		return errors.New("the document describes no body that can be made")
	}
	var contentType string
	r.body, contentType, err = encodeAs(media, s.Body)
	r.header.Set("Content-Type", contentType)
	return err
}

// behind is the path with more behind it; the root has a slash already.
func behind(path, suffix string) string {
	if suffix == "" {
		return path
	}
	return strings.TrimSuffix(path, "/") + suffix
}

func (w *Raw) change(r *request) {
	if w.Method != "" {
		r.method = w.Method
	}
	r.target = behind(r.target, w.Suffix)
	if w.Body != nil {
		r.body = w.Body
	}
	if w.MediaType != nil {
		r.header.Del("Content-Type")
		if *w.MediaType != "" {
			r.header.Set("Content-Type", *w.MediaType)
		}
	}
}

// http is the request for a target.
func (r *request) http() (*http.Request, error) {
	request, err := http.NewRequest(r.method, r.target, bytes.NewReader(r.body))
	if err == nil {
		request.Header = r.header.Clone()
	}
	return request, err
}

// broken says how the request breaks the contract as a server reads it: what a value was meant to be does not matter,
// only what is left of it on the wire. False when it does not reach the operation.
func (r *request) broken(spec *openapi.Spec, op *openapi.Operation) (openapi.Violations, bool) {
	sent, err := r.http()
	if err != nil {
		return nil, false
	}
	found, path, err := spec.Find(sent.Method, sent.URL.EscapedPath())
	if err != nil || found != op {
		return nil, false
	}
	return op.ValidateRequest(openapi.Request{Path: path, Query: sent.URL.Query(), Header: sent.Header, Body: r.body}), true
}

// encodeBody writes a body as JSON, keys sorted, `<`, `>` and `&` as they are. JSON null is a body, nil of a step is none.
func encodeBody(value any) ([]byte, error) {
	if _, isNull := value.(jsonNull); isNull {
		value = nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// jsonNull is a body that is JSON null.
type jsonNull struct{}

// bodyOf is a step's body for a decoded value.
func bodyOf(value any) any {
	if value == nil {
		return jsonNull{}
	}
	return value
}
