package stub

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// answer is how a stub answers one operation.
type answer struct {
	status    int
	described *openapi.Answer
	media     *openapi.MediaType // nil where the body is the document's own, or there is none
	mediaName string
	literal   any                  // as bodies are decoded
	body      *template            // nil for a literal one
	headers   map[string]*template // nil for literal ones
}

// compile makes a stub for all operations that its match may mean and whose documents have a place for its answer. It is
// refused when there is none.
func compile(from control.Stub, specs []*openapi.Spec) (*stub, error) {
	var broken openapi.Violations
	when, err := match.Compile(from.When, specs...)
	var never *match.Error
	if errors.As(err, &never) {
		broken = never.Violations.Below("/when")
	}
	c := &compiler{from: from.Answer, literal: openapi.Decoded(from.Answer.Body)}
	c.shape()
	broken = append(broken, c.wrong...)
	if len(broken) > 0 {
		return nil, &Error{broken}
	}
	one := &stub{Stub: from, when: when, answers: map[*openapi.Operation]*answer{}}
	for _, op := range when.Operations() {
		a, wrong := c.answer(op)
		if len(wrong) == 0 {
			one.answers[op] = a
		} else if broken == nil {
			broken = wrong
		}
	}
	if len(one.answers) == 0 {
		return nil, &Error{broken}
	}
	return one, nil
}

// compiler makes the answers of one stub.
type compiler struct {
	from    control.StubAnswer
	literal any
	body    *template
	headers map[string]*template
	wrong   openapi.Violations
}

func (c *compiler) fail(pointer, format string, args ...any) {
	c.wrong = append(c.wrong, openapi.Violation{In: openapi.InBody, Pointer: "/answer" + pointer, Detail: fmt.Sprintf(format, args...)})
}

// shape judges what is wrong whatever the operation.
func (c *compiler) shape() {
	var kinds []string
	for name, given := range map[string]bool{"example": c.from.Example != "", "body": c.from.Body != nil, "template": c.from.Template != nil} {
		if given {
			kinds = append(kinds, name)
		}
	}
	if slices.Sort(kinds); len(kinds) > 1 {
		c.fail("", "%s exclude each other: give one of them", strings.Join(kinds, " and "))
	}
	if c.from.Template != nil {
		c.templates()
	}
	for name, value := range c.from.Headers {
		at := "/headers/" + escape(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			c.fail(at, "it is no name of a header (RFC 9110, section 5.1)")
		case slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)):
			c.fail(at, "the mock itself gives every answer this header: leave it out")
		case !sendable(value):
			c.fail(at, "it has a character that no header may have, such as a line end")
		}
	}
}

// ownHeaders are those that say how a message is sent, and the request's id.
var ownHeaders = []string{"Connection", "Content-Length", "Content-Type", "Date", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "X-Request-Id"}

func sendable(value string) bool { return httpguts.ValidHeaderFieldValue(value) }

func (c *compiler) templates() {
	body, wrong := parse(c.from.Template, "/template")
	c.body = body
	c.headers = map[string]*template{}
	for name, text := range c.from.Headers {
		one, more := parse(text, "/headers/"+escape(name))
		c.headers[name], wrong = one, append(wrong, more...)
	}
	c.wrong = append(c.wrong, wrong.Below("/answer")...)
}

// answer is how an operation is answered, or what its document has against it.
func (c *compiler) answer(op *openapi.Operation) (*answer, openapi.Violations) {
	c.wrong = nil
	a := &answer{literal: c.literal, body: c.body, headers: c.headers}
	a.status, a.described = op.Success()
	if c.from.Status != 0 {
		a.status, a.described = c.from.Status, op.Answer(c.from.Status)
	}
	if a.described == nil {
		c.fail("/status", "%s describes no such answer: use %s", op.ID, statuses(op))
		return nil, c.wrong
	}
	switch {
	case c.from.Example != "":
		c.example(op, a)
	case c.from.Body != nil || c.from.Template != nil:
		c.media(op, a)
	}
	if c.headers == nil {
		c.literalHeaders(a)
	}
	for _, t := range append([]*template{c.body}, values(c.headers)...) {
		c.wrong = append(c.wrong, t.judge(op).Below("/answer")...)
	}
	return a, c.wrong
}

func values(m map[string]*template) []*template {
	list := make([]*template, 0, len(m))
	for _, t := range m {
		list = append(list, t)
	}
	return list
}

func statuses(op *openapi.Operation) string {
	var list []string
	for _, a := range op.Responses {
		list = append(list, a.Status)
	}
	return strings.Join(list, ", ")
}

func (c *compiler) example(op *openapi.Operation, a *answer) {
	var names []string
	var broken openapi.Violations
	for _, m := range a.described.Content {
		for _, e := range m.Examples {
			if e.Name == c.from.Example {
				if broken = violations(m.Schema, e.Value); len(broken) == 0 {
					return
				}
			}
			if e.Name != "" {
				names = append(names, e.Name)
			}
		}
	}
	switch {
	case len(broken) > 0:
		c.fail("/example", "the example breaks the document itself: %s", strings.TrimSpace(broken[0].Pointer+" "+broken[0].Words()))
	case len(names) == 0:
		c.fail("/example", "the answer %s of %s has no examples with names: use body", a.described.Status, op.ID)
	default:
		c.fail("/example", "the answer %s of %s has no example of this name: use %s", a.described.Status, op.ID, strings.Join(names, ", "))
	}
}

// violations are what a schema has against a value; nothing where there is no schema.
func violations(schema *openapi.Schema, value any) openapi.Violations {
	if schema == nil {
		return nil
	}
	return schema.Validate(value)
}

// literalHeaders judges the headers by what the answer describes. A text may stand for a number or a switch.
func (c *compiler) literalHeaders(a *answer) {
	for _, h := range a.described.Headers {
		for name, text := range c.from.Headers {
			if !strings.EqualFold(name, h.Name) || h.Schema == nil || h.Schema.Names("array") || h.Schema.Names("object") {
				continue
			}
			broken := h.Schema.Validate(text)
			if value, err := openapi.DecodeJSON([]byte(text)); len(broken) > 0 && (err != nil || len(h.Schema.Validate(value)) > 0) {
				c.fail("/headers/"+escape(name), "the document allows no such value: %s", broken[0].Words())
			}
		}
	}
}

// media finds the media type of a body that is given, and judges a literal one by its schema.
func (c *compiler) media(op *openapi.Operation, a *answer) {
	pointer := "/body"
	if c.from.Body == nil {
		pointer = "/template"
	}
	for _, m := range a.described.Content {
		if name := c.nameOf(m); name != "" && (a.media == nil || isJSON(name) && !isJSON(a.mediaName)) {
			a.media, a.mediaName = m, name
		}
	}
	switch {
	case len(a.described.Content) == 0:
		c.fail(pointer, "the answer %s of %s has no body: leave it out", a.described.Status, op.ID)
	case a.media == nil:
		c.fail("/media_type", "the answer %s of %s is not described with it: use %s", a.described.Status, op.ID, mediaTypes(a.described))
	case c.from.Body != nil && a.media.Schema != nil:
		c.wrong = append(c.wrong, a.media.Schema.Validate(c.literal).Below("/answer/body")...)
	}
}

// nameOf is the name that the wanted media type has among those that a range describes; "" where it is none of them.
func (c *compiler) nameOf(m *openapi.MediaType) string {
	wanted := c.from.MediaType
	prefix, isRange := strings.CutSuffix(m.Range, "*")
	switch {
	case wanted == "" || strings.EqualFold(m.Name(), wanted) || strings.EqualFold(m.Range, wanted):
		return m.Name()
	case isRange && (prefix == "*/" || strings.HasPrefix(strings.ToLower(wanted), prefix)):
		return wanted
	}
	return ""
}

func mediaTypes(a *openapi.Answer) string {
	list := make([]string, len(a.Content))
	for i, m := range a.Content {
		list[i] = m.Range
	}
	return strings.Join(list, ", ")
}

func isJSON(name string) bool {
	return name == "application/json" || strings.HasSuffix(name, "+json")
}

// escape makes a token of a JSON Pointer.
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

func item(i int) string { return "/" + strconv.Itoa(i) }
