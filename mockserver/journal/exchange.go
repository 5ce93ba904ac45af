package journal

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// exchange tells an entry. Secrets are found in the request and the answer first: they are not shown elsewhere either.
func (j *Journal) exchange(e *Entry) control.Exchange {
	if e.told != nil {
		return *e.told
	}
	r := newRedactor(e.Spec, j.token)
	x := control.Exchange{
		Number: e.number, RequestID: e.ID, At: e.At, DurationUs: e.Duration.Microseconds(), Method: e.Method,
		Path: r.Path(e.URL.EscapedPath(), e.Request.Path), Operation: e.operation(), Project: e.project(),
		Status: e.Response.Status, Refused: e.Refused, Stub: e.Stub, Faults: e.Faults,
		Request: r.request(e), Response: r.response(e),
		Violations: violations(e.Violations),
	}
	if e.Reason != nil {
		x.Reason = r.Text(e.Reason.Error())
	}
	for _, m := range e.NearMisses {
		x.NearMisses = append(x.NearMisses, control.NearMiss{Stub: m.Stub, Reasons: slices.Clone(m.Reasons)})
	}
	eachText(&x, r.conceal)
	x.Curl = r.curl(e, &x)
	eachText(&x, r.shown)
	encode(&x.Request)
	encode(&x.Response)
	return x
}

func violations(list openapi.Violations) []control.Violation {
	var told []control.Violation
	for _, v := range list {
		told = append(told, control.Violation{In: string(v.In), Name: v.Name, Pointer: v.Pointer, Keyword: v.Keyword,
			File: v.Rule.Document, Line: v.Rule.Line, Rule: v.Rule.Pointer, Words: v.Words()})
	}
	return told
}

// eachText changes what may come from the client, all but the curl line.
func eachText(x *control.Exchange, change func(string) string) {
	texts := []*string{&x.Path, &x.Project, &x.Reason, &x.Request.Query, &x.Request.Body, &x.Response.Body}
	for _, m := range []*control.Message{&x.Request, &x.Response} {
		for i := range m.Headers {
			texts = append(texts, &m.Headers[i].Value)
		}
	}
	for i := range x.Violations {
		texts = append(texts, &x.Violations[i].Pointer, &x.Violations[i].Words)
	}
	for _, m := range x.NearMisses {
		for i := range m.Reasons {
			texts = append(texts, &m.Reasons[i])
		}
	}
	for _, text := range texts {
		*text = change(*text)
	}
}

// request is what is shown of the request.
func (r *redactor) request(e *Entry) control.Message {
	return control.Message{
		Query: r.Query(e.URL.RawQuery), Headers: r.headers(e.Request.Header),
		Body:  r.RequestBody(e.Operation, e.Request.Header.Get("Content-Type"), string(e.Request.Body)),
		Bytes: max(e.Length, int64(len(e.Request.Body))), Cut: e.cut(),
	}
}

// response is what is shown of the answer.
func (r *redactor) response(e *Entry) control.Message {
	return control.Message{
		Headers: r.headers(e.Response.Header),
		Body:    r.ResponseBody(e.Operation, e.Response.Status, e.Response.Header.Get("Content-Type"), string(e.Response.Body)),
		Bytes:   e.answered, Cut: e.answered > int64(len(e.Response.Body)),
	}
}

func (r *redactor) headers(h http.Header) []control.Header {
	list := make([]control.Header, 0, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			list = append(list, control.Header{Name: name, Value: r.Header(name, value)})
		}
	}
	return list
}

// encode lets JSON hold a body that is no text.
func encode(m *control.Message) {
	if !utf8.ValidString(m.Body) {
		m.Body, m.Encoding = base64.StdEncoding.EncodeToString([]byte(m.Body)), control.MessageEncodingBase64
	}
}
