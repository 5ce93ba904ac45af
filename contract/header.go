package contract

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// Header is a header of every request. The zero value is none.
type Header struct{ Name, Value string }

// HeaderError says that a text is no header. It does not show the text, which may hold a secret.
type HeaderError struct{ Reason string }

func (e *HeaderError) Error() string { return e.Reason + ": use 'NAME: VALUE'" }

// ParseHeader reads `Name: value`. The error is a [*HeaderError].
func ParseHeader(text string) (Header, error) {
	name, value, found := strings.Cut(text, ":")
	h := Header{textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)}
	switch {
	case !found:
		return Header{}, &HeaderError{"there is no colon"}
	case h.Name == "" || strings.ContainsFunc(h.Name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }):
		return Header{}, &HeaderError{"what stands before the colon is no name of a header"}
	case h.Value == "" || strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }):
		return Header{}, &HeaderError{fmt.Sprintf("the value of %s is empty, or holds a line end or a character that is not ASCII", h.Name)}
	}
	return h, nil
}

func (h Header) set(r *http.Request) {
	switch h.Name {
	case "":
	case "Host":
		r.Host = h.Value
	default:
		r.Header.Set(h.Name, h.Value)
	}
}

// credential is the part of the value behind the scheme: a server may give back that alone.
func (h Header) credential() string {
	_, credential, _ := strings.Cut(h.Value, " ")
	return credential
}

type headerTarget struct {
	inner   Target
	headers []Header
}

// WithHeaders sends the headers with every request to t, in place of those of the same names. They are no secrets, and
// stand in reports: for a header that is one there is [Credentials.AuthHeader]. The target is safe for concurrent use
// if t is.
func WithHeaders(t Target, headers ...Header) Target {
	if len(headers) == 0 {
		return t
	}
	return &headerTarget{t, headers}
}

func (t *headerTarget) Do(r *http.Request) (*http.Response, error) { return t.send(r, asIs) }

func (t *headerTarget) send(r *http.Request, last func(*http.Request) error) (*http.Response, error) {
	return sendTo(t.inner, r, func(r *http.Request) error {
		if r.Header == nil {
			r.Header = http.Header{}
		}
		for _, h := range t.headers {
			h.set(r)
		}
		return last(r)
	})
}

func (t *headerTarget) address() *url.URL { return addressOf(t.inner) }

func (t *headerTarget) String() string { return nameOf(t.inner) }
