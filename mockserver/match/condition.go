package match

import (
	"encoding/json"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/theory/jsonpath"

	"github.com/counterpart-go/counterpart/openapi"
)

// condition is a compiled [control.Condition].
type condition struct {
	in      openapi.Location
	name    string
	pointer string
	path    *jsonpath.Path // nil for none
	equals  any            // nil for none
	matches *regexp.Regexp // nil for none
	absent  bool
	place   string // in words
	want    string // in words
}

func (c *condition) holds(r *Request) bool {
	if c.in == openapi.InBody {
		return c.holdsInBody(r)
	}
	texts, sent := c.texts(r)
	switch {
	case c.absent || !sent:
		return c.absent != sent
	case c.equals == nil && c.matches == nil || c.fitsOne(texts):
		return true
	case c.equals == nil || r.Operation == nil:
		return false
	}
	value, ok := c.parameter(r)
	return ok && Equal(c.equals, value) && (c.matches == nil || slices.ContainsFunc(texts, c.matches.MatchString))
}

func (c *condition) fitsOne(texts []string) bool {
	for _, text := range texts {
		if c.fits(text) {
			return true
		}
	}
	return false
}

// parameter is the value that the schema of the operation's parameter makes of it.
func (c *condition) parameter(r *Request) (any, bool) {
	p := r.Operation.Parameter(c.in, c.name)
	if p == nil {
		return nil, false
	}
	return p.Value(r.Message)
}

// texts are the values of a parameter as they were sent, and whether it was. An object that is spread over several keys
// of the query has none.
func (c *condition) texts(r *Request) (texts []string, sent bool) {
	switch c.in {
	case openapi.InPath:
		text, sent := r.Message.Path[c.name]
		return []string{text}, sent
	case openapi.InHeader:
		texts = r.Message.Header[c.name]
	case openapi.InCookie:
		for _, cookie := range (&http.Request{Header: r.Message.Header}).CookiesNamed(c.name) {
			texts = append(texts, cookie.Value)
		}
	case openapi.InQuery:
		if texts = r.Message.Query[c.name]; len(texts) == 0 && r.Operation != nil {
			p := r.Operation.Parameter(c.in, c.name)
			return nil, p != nil && p.Sent(r.Message)
		}
	}
	return texts, len(texts) > 0
}

func (c *condition) holdsInBody(r *Request) bool {
	value, there := r.at(c.pointer)
	if c.path == nil {
		return there != c.absent && (c.absent || c.fits(value))
	}
	var found []any
	if there {
		found = c.path.Select(value)
	}
	if c.absent {
		return len(found) == 0
	}
	return slices.ContainsFunc(found, c.fits)
}

// fits says whether a value that is there is one that is wanted.
func (c *condition) fits(value any) bool {
	if c.equals != nil && !Equal(c.equals, value) {
		text, isText := value.(string)
		if c.in == openapi.InBody || !isText || text != wanted(c.equals) {
			return false
		}
	}
	if c.matches == nil {
		return true
	}
	text, ok := scalarText(value)
	return ok && c.matches.MatchString(text)
}

// wanted is a value as a parameter says it.
func wanted(value any) string {
	if text, ok := scalarText(value); ok {
		return text
	}
	return string(openapi.AppendJSON(nil, value))
}

func scalarText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool, json.Number, nil:
		return string(openapi.AppendJSON(nil, v)), true
	}
	return "", false
}

// Equal says whether two JSON values are the same (JSON Schema, section 4.2.2): numbers by value, objects in any order.
// Numbers are of type [json.Number] or float64.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && equalObjects(a, b)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number, float64:
		x, y := number(a), number(b)
		if x == nil || y == nil {
			return a == b
		}
		return x.Cmp(y) == 0
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

func equalObjects(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for name, value := range a {
		if other, ok := b[name]; !ok || !Equal(value, other) {
			return false
		}
	}
	return true
}

// mostDigits bounds what it costs to compare two numbers: those with more characters are equal only to themselves, as
// texts. So are those with large exponents.
const mostDigits = 100

func number(value any) *big.Rat {
	switch v := value.(type) {
	case float64:
		return new(big.Rat).SetFloat64(v)
	case json.Number:
		text := v.String()
		if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); len(text) > mostDigits || ok && len(exponent) > len("+100") {
			return nil
		}
		if r, ok := new(big.Rat).SetString(text); ok {
			return r
		}
	}
	return nil
}
