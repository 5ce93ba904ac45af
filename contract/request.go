package contract

import (
	"bytes"
	"encoding/json"
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
}

// request builds a step's request. Parameters come from the step, the item, the options, the document's examples, or a
// sample.
func (m *maker) request(s Step, itemID string) (*request, error) {
	r := &request{method: s.Operation.Method, header: http.Header{"Accept": {"application/json"}}, path: map[string]string{}}
	query, template := url.Values{}, s.Operation.Path
	owner := m.owner(s.Operation)
	for _, p := range s.Operation.Parameters {
		texts, given := s.argument(p)
		switch {
		case given:
		case owner != nil && p.In == openapi.InPath && p.Name == owner.ID.Parameter && itemID != "":
			texts = []string{itemID}
		case p.Required:
			texts = m.parameter(p)
		}
		r.send(p, filled(texts, itemID), query, &template)
	}
	for _, a := range s.Arguments { // what the operation does not describe
		if a.In == openapi.InQuery && !describes(s.Operation, a) {
			query[a.Name] = filled(a.Texts, itemID)
		}
	}
	r.target = s.Operation.Base + template
	if err := r.setBody(s); err != nil {
		return nil, err
	}
	if s.Raw != nil {
		s.Raw.change(r)
	}
	if len(query) > 0 {
		r.target += "?" + query.Encode()
	}
	return r, nil
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
	r.body, err = encodeBody(s.Body)
	r.header.Set("Content-Type", s.Operation.RequestBody.Content[0].Range)
	return err
}

func (w *Raw) change(r *request) {
	if w.Method != "" {
		r.method = w.Method
	}
	r.target += w.Suffix
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
