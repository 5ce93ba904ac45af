package mockserver

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// preference is what a client wants to see: the Prefer header (RFC 7240) with the preferences status (or code), example
// and dynamic. The zero value wants nothing in particular.
type preference struct {
	status  string // as it was sent
	example string
	dynamic bool
}

func preferenceOf(header http.Header) preference {
	var p preference
	for _, text := range header["Prefer"] {
		for _, one := range splitQuoted(text) {
			one, _, _ = strings.Cut(one, ";")
			name, value, _ := strings.Cut(one, "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch name := strings.ToLower(strings.TrimSpace(name)); {
			case (name == "status" || name == "code") && p.status == "":
				p.status = value
			case name == "example" && p.example == "":
				p.example = value
			case name == "dynamic":
				p.dynamic = !strings.EqualFold(value, "false")
			}
		}
	}
	return p
}

// splitQuoted splits at commas outside of quotes.
func splitQuoted(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ',' && !quoted
	})
}

func (p preference) any() bool { return p != preference{} }

// applied is what Preference-Applied says.
func (p preference) applied() string {
	var list []string
	if p.status != "" {
		list = append(list, "status="+p.status)
	}
	if p.example != "" {
		list = append(list, `example="`+p.example+`"`)
	}
	if p.dynamic {
		list = append(list, "dynamic=true")
	}
	return strings.Join(list, ", ")
}

// preferredAnswer answers as the client wants it, whatever a request like this would do: nothing is changed.
func (s *Server) preferredAnswer(x *exchange, p preference) error {
	status, described, err := p.find(x.operation)
	if err != nil {
		return err
	}
	if described == nil {
		return noSuccess(x.operation)
	}
	if err := s.describedAnswer(x, status, described, p); err != nil {
		return err
	}
	x.answer.Header.Set("Preference-Applied", p.applied())
	return nil
}

// find is the answer that is wanted: of the status, or the first that has the example, the success before others.
func (p preference) find(op *openapi.Operation) (int, *openapi.Answer, error) {
	status, described := op.Success()
	if p.status != "" {
		var err error
		if status, err = strconv.Atoi(p.status); err != nil || status < 200 || status > 599 || op.Answer(status) == nil {
			return 0, nil, notOffered("status", statusesOf(op))
		}
		described = op.Answer(status)
	}
	if p.example == "" || exampleNamed(described, p.example) {
		return status, described, nil
	}
	if p.status != "" {
		return 0, nil, notOffered("example", exampleNames(described))
	}
	var names []string
	for _, other := range op.Responses {
		if other.Code() > 0 && exampleNamed(other, p.example) {
			return other.Code(), other, nil
		}
		names = append(names, exampleNames(other)...)
	}
	return 0, nil, notOffered("example", names)
}

func statusesOf(op *openapi.Operation) []string {
	list := make([]string, 0, len(op.Responses))
	for _, a := range op.Responses {
		list = append(list, a.Status)
	}
	return list
}

func exampleNames(a *openapi.Answer) []string {
	var names []string
	if a == nil {
		return nil
	}
	for _, m := range a.Content {
		for _, e := range m.Examples {
			if e.Name != "" {
				names = append(names, e.Name)
			}
		}
	}
	return names
}

func exampleNamed(a *openapi.Answer, name string) bool {
	return slices.Contains(exampleNames(a), name)
}

// notOffered refuses a preference that the document cannot fulfil, and says which ones it can.
func notOffered(name string, offered []string) error {
	detail := fmt.Sprintf("the preference %s names nothing that is described", name)
	if len(offered) == 0 {
		detail = fmt.Sprintf("the preference %s cannot be fulfilled: nothing is described", name)
	}
	return &refusal{reason: openapi.Invalid, violations: openapi.Violations{{In: openapi.InHeader, Name: "Prefer", Keyword: "enum",
		Want: string(openapi.AppendJSON(nil, listOf(offered))), Detail: detail}}}
}
