package openapi

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Request is a request on the wire, as far as the contract looks at it.
type Request struct {
	Path   map[string]string // path parameters, decoded, as [Spec.Find] gives them
	Query  url.Values
	Header http.Header // canonical keys
	Body   []byte      // whole; empty for none
	Value  any         // Body as DecodeJSON decodes it, where the caller has done that already; else nil
}

// Response is an answer on the wire.
type Response struct {
	Status int
	Header http.Header // canonical keys
	Body   []byte      // whole; empty for none
}

// ValidateRequest lists every way in which the request breaks the contract. Parameters that are not described are
// ignored, and so is a body where none is described.
func (o *Operation) ValidateRequest(r Request) Violations {
	var vs Violations
	for _, p := range o.Parameters {
		vs = append(vs, p.validate(r)...)
	}
	if o.RequestBody != nil {
		vs = append(vs, o.RequestBody.validate(r)...)
	}
	return vs.sorted()
}

// ValidateResponse lists every way in which an answer breaks the contract: its status, headers, media type and body.
func (o *Operation) ValidateResponse(r Response) Violations {
	answer := o.Answer(r.Status)
	if answer == nil {
		at := o.at.at("responses")
		return Violations{{In: InStatus, Name: strconv.Itoa(r.Status), Keyword: KeywordResponses, Want: o.statuses(), Rule: at.rule()}}
	}
	var vs Violations
	for _, h := range answer.Headers {
		vs = append(vs, h.validate(Request{Header: r.Header})...)
	}
	if o.Method == http.MethodHead && len(r.Body) == 0 { // never has a body, whatever is described (RFC 9110, section 9.3.2)
		return vs.sorted()
	}
	return append(vs, answer.validateBody(r)...).sorted()
}

func (b *RequestBody) validate(r Request) Violations {
	if len(r.Body) == 0 {
		if b.Required {
			return Violations{{In: InBody, Keyword: "required", Rule: b.at.at("required").rule()}}
		}
		return nil
	}
	return validateContent(b.Content, b.at, r.Header.Get("Content-Type"), r.Body, r.Value)
}

func (a *Answer) validateBody(r Response) Violations {
	empty := len(r.Body) == 0
	switch {
	case empty && len(a.Content) == 0:
		return nil
	case empty && r.Status != http.StatusNotModified:
		return Violations{{In: InBody, Keyword: "required", Detail: "the body is empty", Rule: a.at.at("content").rule()}}
	case empty:
		return nil
	case len(a.Content) == 0:
		return Violations{{In: InBody, Keyword: KeywordContent, Want: "absent: no body is described", Rule: a.at.rule()}}
	}
	return validateContent(a.Content, a.at, r.Header.Get("Content-Type"), r.Body, nil)
}

// validateContent judges a body against the media type that its Content-Type chooses. JSON, forms and text are judged;
// the schema of any other media type is not applied to it.
func validateContent(content []*MediaType, owner place, contentType string, body []byte, decoded any) Violations {
	name := mediaName(contentType)
	m := media(content, name)
	if m == nil || name == "" {
		detail := "there is no Content-Type"
		if _, _, err := mime.ParseMediaType(contentType); contentType != "" && err != nil {
			detail = "the Content-Type is malformed"
		} else if contentType != "" {
			detail = ""
		}
		return Violations{{In: InHeader, Name: "Content-Type", Keyword: KeywordContent, Want: mediaRanges(content), Detail: detail, Rule: owner.at("content").rule()}}
	}
	value, judged, err := decoded, decoded != nil, error(nil)
	if !judged || !isJSON(name) {
		value, judged, err = m.decode(name, body)
	}
	if err != nil {
		return Violations{{In: InBody, Keyword: KeywordSyntax, Detail: err.Error(), Rule: m.at.rule()}}
	}
	if !judged || m.Schema == nil {
		return nil
	}
	return m.Schema.Validate(value).at(InBody, "")
}

// decode turns a body into the value that the schema speaks of; judged is false for media types that have none.
func (m *MediaType) decode(name string, body []byte) (value any, judged bool, err error) {
	switch {
	case isJSON(name):
		value, err = DecodeJSON(body)
		return value, true, err
	case name == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil || m.Schema == nil {
			return nil, false, err
		}
		return m.Schema.coerceForm(form), true, nil
	case strings.HasPrefix(name, "text/"):
		return string(body), true, nil
	}
	return nil, false, nil
}
