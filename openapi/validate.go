package openapi

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
)

// Request is a request on the wire, as far as the contract looks at it.
type Request struct {
	Path   map[string]string // path parameters, decoded, as [Spec.Find] gives them
	Query  url.Values
	Header http.Header // canonical keys
	Body   []byte      // whole; empty for none
	Value  any         // Body as [Operation.DecodeBody] decodes it, where the caller has done that already; else nil
}

// Response is an answer on the wire.
type Response struct {
	Status int
	Header http.Header // canonical keys
	Body   []byte      // whole; empty for none
	Value  any         // Body as DecodeJSON decodes it, where the caller has done that already; else nil
	Made   any         // what Body was made of with AppendJSON: values of DecodeJSON and Texts, which are judged only once; else nil
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

// ValidateResponse lists every way in which an answer breaks the contract: its status, headers, media type and body. An
// operation that describes no answers at all allows every one (OpenAPI 3.1, section 4.8.10).
func (o *Operation) ValidateResponse(r Response) Violations {
	if len(o.Responses) == 0 {
		return nil
	}
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
	return validateContent(b.Content, b.at, r.Header.Get("Content-Type"), content{r.Body, r.Value, nil})
}

func (a *Answer) validateBody(r Response) Violations {
	empty := len(r.Body) == 0
	switch {
	case empty && len(a.Content) == 0:
		return nil
	case empty && !bodyless(r.Status):
		return Violations{{In: InBody, Keyword: "required", Detail: "the body is empty", Rule: a.at.at("content").rule()}}
	case empty:
		return nil
	case len(a.Content) == 0:
		return Violations{{In: InBody, Keyword: KeywordContent, Want: "absent: no body is described", Rule: a.at.rule()}}
	}
	return validateContent(a.Content, a.at, r.Header.Get("Content-Type"), content{r.Body, r.Value, r.Made})
}

// bodyless says whether an answer of the status never has a body, whatever is described (RFC 9110, sections 15.3.5,
// 15.3.6 and 15.4.5).
func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}

// content is a body, with what the caller knows of it.
type content struct {
	body        []byte
	value, made any // see Response
}

// validateContent judges a body against the media type that its Content-Type chooses. JSON, forms and text are judged;
// the schema of any other media type is not applied to it.
func validateContent(described []*MediaType, owner place, contentType string, c content) Violations {
	name := mediaName(contentType)
	m := media(described, name)
	if m == nil || name == "" {
		detail := "there is no Content-Type"
		if _, _, err := mime.ParseMediaType(contentType); contentType != "" && err != nil {
			detail = "the Content-Type is malformed"
		} else if contentType != "" {
			detail = ""
		}
		return Violations{{In: InHeader, Name: "Content-Type", Keyword: KeywordContent, Want: mediaRanges(described), Detail: detail, Rule: owner.at("content").rule()}}
	}
	if c.made != nil && isJSON(name) && m.Schema != nil && m.Schema.accepts(c.made) {
		return nil
	}
	value, judged, err := c.value, c.value != nil, error(nil)
	if !judged {
		value, judged, err = m.decode(contentType, c.body)
	}
	if err != nil {
		return m.unreadable(err)
	}
	if !judged || m.Schema == nil {
		return m.Schema.judgeSize(name, c.body)
	}
	return m.Schema.Validate(value).at(InBody, "")
}

// unreadable is the violation of a body that is not what its media type says.
func (m *MediaType) unreadable(err error) Violations {
	v := Violation{In: InBody, Keyword: KeywordSyntax, Detail: err.Error(), Rule: m.at.rule()}
	var part *partError
	if errors.As(err, &part) {
		v.Pointer, v.Keyword, v.Want = part.pointer, part.keyword, part.want
	}
	return Violations{v}
}
