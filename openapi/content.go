package openapi

import (
	"cmp"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"
)

// Media types that are read and written in a way of their own.
const (
	mediaJSON      = "application/json"
	mediaForm      = "application/x-www-form-urlencoded"
	mediaMultipart = "multipart/form-data"
	mediaText      = "text/plain"
	mediaBytes     = "application/octet-stream"
	mediaEvents    = "text/event-stream"
)

// partError says that a part of a body is not what it should be.
type partError struct {
	pointer string
	keyword string // KeywordSyntax or KeywordContent
	want    string
	reason  string
}

func (e *partError) Error() string { return e.reason }

// DecodeBody turns a request body into the value that the document's schemas speak of: JSON as [DecodeJSON] does, forms
// as objects, text as a string. It is false for a body that has no such value, or whose media type is not described;
// what is wrong with it, [Operation.ValidateRequest] says.
func (o *Operation) DecodeBody(contentType string, body []byte) (value any, ok bool) {
	name := mediaName(contentType)
	if isJSON(name) {
		value, err := o.spec.DecodeJSON(body)
		return value, err == nil
	}
	if o.RequestBody == nil || name == "" || len(body) == 0 {
		return nil, false
	}
	m := media(o.RequestBody.Content, name)
	if m == nil {
		return nil, false
	}
	value, judged, err := m.decode(contentType, body)
	if !judged || err != nil {
		return nil, false
	}
	return value, true
}

// decode turns a body into the value that the schema speaks of; judged is false for media types that have none.
func (m *MediaType) decode(contentType string, body []byte) (value any, judged bool, err error) {
	switch name := mediaName(contentType); {
	case isJSON(name):
		value, err = m.Schema.limits().decode(body, "")
		return value, true, err
	case name == mediaForm:
		value, err = m.decodeForm(string(body))
		return value, true, err
	case name == mediaMultipart:
		value, err = m.decodeMultipart(contentType, body)
		return value, true, err
	case isPlainText(name):
		value, err = m.decodeText(contentType, body)
		return value, true, err
	}
	return nil, false, nil
}

// isPlainText says whether a schema may speak of the text as a string. Events and XML are descriptions of something
// else in text.
func isPlainText(name string) bool {
	return strings.HasPrefix(name, "text/") && name != mediaEvents && !isXML(name)
}

func isXML(name string) bool {
	return name == "application/xml" || name == "text/xml" || strings.HasSuffix(name, "+xml")
}

func isLines(name string) bool {
	return slices.Contains([]string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-seq"}, name)
}

// decodeText reads text as the string that it is. Where the schema wants no string, the text stands for a value as in a
// parameter, or is JSON.
func (m *MediaType) decodeText(contentType string, body []byte) (any, error) {
	text := string(body)
	_, params, _ := mime.ParseMediaType(contentType)
	if charset := strings.ToLower(cmp.Or(params["charset"], "utf-8")); charset == "iso-8859-1" || charset == "us-ascii" {
		text = latin1(body)
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("it is not valid UTF-8")
	}
	if m.Schema == nil || len(m.Schema.types()) == 0 || m.Schema.types()["string"] {
		return text, nil
	}
	for _, candidate := range scalars(text, m.Schema.types()) {
		if m.Schema.keeps(candidate) {
			return candidate, nil
		}
	}
	if value, err := m.Schema.limits().decode(body, ""); err == nil {
		return value, nil
	}
	return text, nil
}

// latin1 is the text of bytes that are a character each.
func latin1(body []byte) string {
	runes := make([]rune, len(body))
	for i, b := range body {
		runes[i] = rune(b)
	}
	return string(runes)
}

// judgeSize holds bytes to the length of the string that describes them. Nothing else can be said of them.
func (s *Schema) judgeSize(name string, body []byte) Violations {
	if s == nil || name != mediaBytes {
		return nil
	}
	var vs Violations
	s.spec.eachPart(s.at, func(p place) {
		f := flat{list: []place{p}}
		for keyword, sign := range map[string]int{"minLength": 1, "maxLength": -1} {
			if _, ok := f.bound(keyword, sign); ok && (len(body)-wholeBound(f, keyword, sign, len(body)))*sign < 0 {
				vs = append(vs, Violation{In: InBody, Keyword: keyword, Want: p.text(keyword), Detail: "in bytes", Rule: p.at(keyword).rule()})
			}
		}
	})
	return vs.sorted()
}

// Name is a media type that the range stands for: itself, or a usual one of those that it means.
func (m *MediaType) Name() string {
	kind, sub, _ := strings.Cut(mediaName(m.Range), "/")
	if sub != "*" && sub != "" {
		return m.Range
	}
	usual := map[string]string{"text": mediaText, "image": "image/png", "multipart": mediaMultipart, "audio": "audio/mpeg", "video": "video/mp4"}
	if m.describesBytes() && usual[kind] == "" {
		return mediaBytes
	}
	return cmp.Or(usual[kind], mediaJSON)
}

// describesBytes says whether the value is a file and nothing else.
func (m *MediaType) describesBytes() bool {
	return m.Schema != nil && m.Schema.spec.binary(m.Schema.at)
}

// binary says whether a schema describes bytes: in 3.0 by its format, in 3.1 by a contentMediaType without encoding.
func (s *Spec) binary(p place) bool {
	found := false
	s.eachPart(p, func(part place) {
		found = found || part.text("format") == "binary" || part.at("contentMediaType").ok() && !part.at("contentEncoding").ok() && !isJSON(part.text("contentMediaType"))
	})
	return found
}

// Encode writes a value as a body of the media type, the same every time, and says what its Content-Type is. It fails
// where the media type has no way to write such a value: a form is an object.
func (m *MediaType) Encode(value any) (body []byte, contentType string, err error) {
	return m.EncodeAs(m.Name(), value)
}

// EncodeAs is [MediaType.Encode] for one of the media types that a range stands for.
func (m *MediaType) EncodeAs(contentType string, value any) ([]byte, string, error) {
	name := mediaName(contentType)
	var body []byte
	var err error
	text, isText := value.(string)
	switch {
	case isJSON(name):
		body = encodeJSON(value)
	case name == mediaForm:
		body, err = m.encodeForm(value)
	case name == mediaMultipart:
		body, contentType, err = m.encodeMultipart(value)
	case name == mediaEvents && (!isText || !strings.HasPrefix(text, "data:")):
		body = lines(value, "data: ", "\n\n")
	case isLines(name) && !isText:
		body = lines(value, "", "\n")
	case isText:
		body = []byte(text)
	case isXML(name):
		body = m.encodeXML(value)
	default:
		body = encodeJSON(value)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	return body, contentType, nil
}

// lines writes each item of an array, or one value, as JSON between a prefix and an end.
func lines(value any, prefix, end string) []byte {
	items, ok := value.([]any)
	if !ok {
		items = []any{value}
	}
	var body []byte
	for _, item := range items {
		body = append(AppendJSON(append(body, prefix...), item), end...)
	}
	return body
}
