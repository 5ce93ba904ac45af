package mockserver

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// exampleAnswer answers an operation that nothing else answers with its success: an example of the document, or else a
// sample of the schema.
func (s *Server) exampleAnswer(x *exchange) error {
	status, described := x.operation.Success()
	if described == nil {
		return noSuccess(x.operation)
	}
	return s.describedAnswer(x, status, described, preference{})
}

// noSuccess says what to do about an operation that describes only failures.
func noSuccess(op *openapi.Operation) error {
	const missing = "operation %s describes no answer of a success: describe one, such as 200, 204 or default, in the document or an overlay"
	if len(op.Responses) == 0 {
		return fmt.Errorf(missing, op.ID)
	}
	return fmt.Errorf(missing+", or ask for one of %s with the header Prefer: status=…", op.ID, strings.Join(statusesOf(op), ", "))
}

// describedAnswer makes the answer that is described for a status.
func (s *Server) describedAnswer(x *exchange, status int, described *openapi.Answer, p preference) error {
	x.answer = openapi.Response{Status: status, Header: http.Header{}}
	if hasBody(x.operation.Method, status) && len(described.Content) > 0 {
		if err := s.describedBody(x, described.Content, p); err != nil {
			return err
		}
	}
	addHeaders(x, described, p.vary(x))
	return nil
}

func hasBody(method string, status int) bool {
	return method != http.MethodHead && status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusNotModified
}

// describedBody makes the body in the media type that the client likes best.
func (s *Server) describedBody(x *exchange, content []*openapi.MediaType, p preference) error {
	if p.example != "" {
		content = slices.DeleteFunc(slices.Clone(content), func(m *openapi.MediaType) bool {
			return !slices.ContainsFunc(m.Examples, func(e openapi.Example) bool { return e.Name == p.example })
		})
	}
	m, name := acceptanceOf(x.request.Header).choose(content)
	if m == nil { // the client takes none: better any than none
		m, name = acceptance(nil).choose(content)
	}
	value, fromDocument := exampleOf(m, p)
	if !fromDocument && m.Schema != nil {
		value = echoed(m.Schema, m.Schema.SampleWith(openapi.SampleOptions{All: true, Vary: p.vary(x)}), x)
	}
	return x.answerWith(m, name, value)
}

// answerWith writes a value as the body of the answer.
func (x *exchange) answerWith(m *openapi.MediaType, name string, value any) error {
	body, contentType, err := m.EncodeAs(name, value)
	if err != nil {
		return fmt.Errorf("the answer of operation %s cannot be written: %w", x.operation.ID, err)
	}
	x.answer.Body, x.answer.Header = body, http.Header{"Content-Type": {contentType}}
	if ease(contentType) <= 1 { // JSON
		x.answer.Made = value
	}
	return nil
}

// exampleOf is the wanted example, or the first that keeps the schema; false where there is none.
func exampleOf(m *openapi.MediaType, p preference) (any, bool) {
	if p.dynamic {
		return nil, false
	}
	for _, e := range m.Examples {
		if p.example != "" {
			if e.Name == p.example {
				return e.Value, true
			}
			continue
		}
		if value, ok := sound(m.Schema, e.Value); ok {
			return value, true
		}
	}
	return nil, false
}

// sound is an example that keeps its schema. Some documents write JSON as a text.
func sound(schema *openapi.Schema, value any) (any, bool) {
	if schema == nil || len(schema.Validate(value)) == 0 {
		return value, true
	}
	if text, isText := value.(string); isText {
		inner, err := openapi.DecodeJSON([]byte(text))
		return inner, err == nil && len(schema.Validate(inner)) == 0
	}
	return nil, false
}

// vary tells one dynamic answer from the next; 0 for answers that are always the same.
func (p preference) vary(x *exchange) uint64 {
	if !p.dynamic {
		return 0
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(x.id))
	return max(hash.Sum64(), 1)
}

// echoed puts path parameters into the properties that have their names, and the last one into an id, where the schema
// allows it: who asks for item 7 gets item 7.
func echoed(schema *openapi.Schema, value any, x *exchange) any {
	if _, isObject := value.(map[string]any); !isObject {
		return value
	}
	for name, text := range x.request.Path {
		names := []string{name}
		if last := strings.TrimSuffix(x.operation.Path, "/"); strings.HasSuffix(last, "{"+name+"}") {
			names = append(names, "id")
		}
		for _, property := range names {
			value = withProperty(schema, value, property, text)
		}
	}
	return value
}

// withProperty changes a property that is there to what a text stands for, where the schema allows it.
func withProperty(schema *openapi.Schema, value any, property, text string) any {
	at := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(property)
	if _, there := openapi.Lookup(value, at); !there || strings.Contains(property, openapi.Embedded) {
		return value
	}
	candidates := []any{text}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		candidates = []any{json.Number(text), text}
	}
	for _, candidate := range candidates {
		if changed := openapi.Set(value, at, candidate); len(schema.Validate(changed)) == 0 {
			return changed
		}
	}
	return value
}

// addHeaders gives the answer the headers that it must have, and a redirection the place that it leads to.
func addHeaders(x *exchange, described *openapi.Answer, vary uint64) {
	redirects := x.answer.Status >= http.StatusMultipleChoices && x.answer.Status < http.StatusBadRequest && x.answer.Status != http.StatusNotModified
	for _, h := range described.Headers {
		switch {
		case strings.EqualFold(h.Name, "Content-Length"):
			x.answer.Header.Set("Content-Length", strconv.Itoa(len(x.answer.Body)))
		case h.Required || redirects && strings.EqualFold(h.Name, "Location"):
			x.answer.Header.Set(h.Name, headerText(h, vary))
		}
	}
	if redirects && x.answer.Header.Get("Location") == "" {
		x.answer.Header.Set("Location", "/")
	}
}

// identify gives the answer the request's id, in the way that the document wants it.
func (x *exchange) identify() {
	x.answer.Header.Set(requestIDHeader, x.id)
	if x.operation == nil {
		return
	}
	described := x.operation.Answer(x.answer.Status)
	if described == nil {
		return
	}
	for _, h := range described.Headers {
		if strings.EqualFold(h.Name, requestIDHeader) && h.Schema != nil && len(h.Schema.Validate(x.id)) > 0 {
			if x.answer.Header.Set(h.Name, asUUID(x.id)); len(h.Schema.Validate(asUUID(x.id))) > 0 {
				x.answer.Header.Set(h.Name, headerText(h, 0))
			}
		}
	}
}

const requestIDHeader = "X-Request-Id"

// asUUID writes 32 hexadecimal digits with hyphens (RFC 9562).
func asUUID(id string) string {
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// headerText is an example of a header, or a sample.
func headerText(h *openapi.Parameter, vary uint64) string {
	var value any = "text"
	if h.Schema != nil {
		value = h.Schema.SampleWith(openapi.SampleOptions{Vary: vary})
	}
	for _, e := range h.Examples {
		if v, ok := sound(h.Schema, e.Value); ok && vary == 0 {
			value = v
			break
		}
	}
	if texts, ok := h.Texts(value); ok {
		return strings.Join(texts, ",")
	}
	return fmt.Sprint(value)
}
