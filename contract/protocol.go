package contract

import (
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// protocolCases send what HTTP and JSON themselves forbid, methods and paths that nobody describes, and media types in
// other spellings.
func protocolCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for op := range m.sendable() {
			for _, c := range slices.Concat(m.bodies(op), m.mediaTypes(op), m.routes(op), m.oversized(op)) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// damage makes a body that is sent as it stands.
type damage struct {
	name string
	of   func(text string) string
}

// damages are no JSON document, or more than one. What RFC 8259 leaves to the reader is not sent: duplicate keys, a byte
// order mark.
func damages() []damage {
	is := func(body string) func(string) string { return func(string) string { return body } }
	return []damage{
		{"no JSON", is("not JSON")},
		{"cut short", func(text string) string { return text[:len(text)-1] }},
		{"half of it", func(text string) string { return text[:len(text)/2] }},
		{"twice", func(text string) string { return text + text }},
		{"more behind it", func(text string) string { return text + "]" }},
		{"a comma too many", func(text string) string { return strings.TrimSuffix(text, "}") + ",}" }},
		{"single quotes", func(text string) string { return strings.ReplaceAll(text, `"`, "'") }},
		{"a comment", func(text string) string { return "/* */" + text }},
		{"an open text", is(`{"a`)},
		{"only spaces", is("  ")},
		{"empty", is("")},
	}
}

// bodies send JSON that is damaged, and JSON in another spelling. A secret that the user gave is not damaged: no report
// would recognise it.
func (m *maker) bodies(op *openapi.Operation) []Case {
	var cases []Case
	for _, x := range damages() {
		body, ok := m.jsonBody(op)
		encoded, err := encodeBody(m.disguised(op, body))
		if !ok || err != nil || x.name == "empty" && !op.RequestBody.Required {
			continue
		}
		damaged := []byte(x.of(string(encoded)))
		if _, err := openapi.DecodeJSON(damaged); err == nil {
			continue // there was nothing to damage: {} has no quotes
		}
		cases = append(cases, m.protocol(op, "body "+x.name, openapi.Invalid, body, &Raw{Body: damaged}))
	}
	for _, x := range []damage{
		{"spaces around", func(text string) string { return "\n " + text + "\r\n\t" }},
		{"escapes", func(text string) string { return strings.ReplaceAll(text, "-", `\u002d`) }},
	} {
		body, ok := m.jsonBody(op)
		encoded, err := encodeBody(body)
		if !ok || err != nil {
			continue
		}
		c := m.protocol(op, "body with "+x.name, "", body, &Raw{Body: []byte(x.of(string(encoded)))})
		c.Steps[len(c.Steps)-1].Body = body
		cases = append(cases, c)
	}
	return cases
}

func (m *maker) jsonBody(op *openapi.Operation) (body any, ok bool) {
	if op.RequestBody == nil || len(op.RequestBody.Content) != 1 || op.RequestBody.Content[0].Range != "application/json" {
		return nil, false
	}
	return m.own(op, m.variants(op)[0]), true
}

func (m *maker) mediaTypes(op *openapi.Operation) []Case {
	body, ok := m.jsonBody(op)
	if !ok {
		return nil
	}
	var cases []Case
	for _, x := range []struct{ name, is, refused string }{
		{"another media type", "application/xml", openapi.MediaTypeReason},
		{"text", "text/plain", openapi.MediaTypeReason},
		{"a form", "application/x-www-form-urlencoded", openapi.MediaTypeReason},
		{"a charset", "application/json; charset=utf-8", ""},
		{"capitals", "Application/JSON", ""},
	} {
		cases = append(cases, m.protocol(op, "media type "+x.name, x.refused, m.own(op, m.variants(op)[0]), &Raw{MediaType: &x.is}))
	}
	none := ""
	missing := m.protocol(op, "media type missing", openapi.MediaTypeReason, body, &Raw{MediaType: &none})
	missing.Steps[len(missing.Steps)-1].Open = true // a server may look at the body instead (RFC 9110, section 8.3)
	return append(cases, missing)
}

func (m *maker) protocol(op *openapi.Operation, name, refused string, body any, raw *Raw) Case {
	s := m.story("protocol", op.ID+"/"+name, op)
	step := Step{Operation: op, Body: body, Raw: raw, Refused: refused}
	item := body
	switch {
	case ofItem(s.r, op) && m.creator(s.r) != nil:
		item, step.Body = m.original(s.r, op, body)
		step.Created = s.create(item)
		if op == s.r.Update {
			step.Body = m.otherThan(s.r, step.Body)
		}
	case s.r != nil && op == creator(s.r):
		step.Arguments = m.creation(s.r, body).Arguments
	}
	write := s.then(step)
	if t := (try{operation: op, base: item, body: item}); refused != "" {
		m.leavesNoTrace(s, t, write)
	}
	return s.c
}

// otherThan is an update that changes something, so that one sees whether it was carried out.
func (m *maker) otherThan(r *openapi.Resource, body any) any {
	if changed := m.variations(r, body); len(changed) > 0 {
		return changed[0]
	}
	return body
}

// routes are methods and paths that the document does not describe. Methods that may change something are tried only on
// an item that does not exist, so that a server that carries them out changes nothing that is not the run's.
func (m *maker) routes(op *openapi.Operation) []Case {
	var cases []Case
	add := func(name, reason string, raw *Raw) {
		s := m.story("protocol", op.ID+"/"+name, op)
		s.then(Step{Operation: op, Raw: raw, Refused: reason})
		cases = append(cases, s.c)
	}
	if op.Method == http.MethodGet && !m.leads(op, http.MethodGet, "/counterpart-unknown") {
		add("a path that is not described", string(openapi.UnknownPath), &Raw{Suffix: "/counterpart-unknown"})
	}
	if m.firstOf(op) != op {
		return cases
	}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		safe := method == http.MethodGet
		if !m.leads(op, method, "") && (safe || strings.HasSuffix(op.Path, "}")) {
			add("method "+method, string(openapi.UnknownMethod), &Raw{Method: method})
		}
	}
	return cases
}

// leads says whether the document describes what lies behind the path of the operation, with another method or more
// behind it.
func (m *maker) leads(op *openapi.Operation, method, suffix string) bool {
	r, err := m.request(Step{Operation: op}, known{item: "counterpart"})
	if err != nil {
		return true
	}
	path, _, _ := strings.Cut(r.target, "?")
	_, _, err = m.spec.Find(method, behind(path, suffix))
	return err == nil
}

// firstOf is the first operation of the same path.
func (m *maker) firstOf(op *openapi.Operation) *openapi.Operation {
	return m.relations.paths[op.Path][0]
}

// longID is longer than any id, and than many a column and buffer.
var longID = strings.Repeat("a", 6000)

// oversized asks for an item with an id that no server can have given.
func (m *maker) oversized(op *openapi.Operation) []Case {
	r := m.owner(op)
	if !ofItem(r, op) {
		return nil
	}
	s := m.story("protocol", op.ID+"/an id of 6000 characters", op)
	step := Step{Operation: op, Arguments: []Argument{inPath(r.ID.Parameter, longID)}, Raw: &Raw{}}
	if content(op) != nil {
		step.Body = m.own(op, m.variants(op)[0])
	}
	s.then(step)
	s.refuse(openapi.Invalid)
	return []Case{s.c}
}
