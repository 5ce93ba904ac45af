package journal

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// mask is what is shown of a secret.
const mask = "***"

// redactor puts a token in the place of each secret of one exchange, which becomes a mask for people, and a variable in a
// curl line.
type redactor struct {
	*openapi.Masker

	token   string
	tokens  *regexp.Regexp
	secrets []secret // those that were found
}

type secret struct{ value, token string }

func newRedactor(spec *openapi.Spec, token string) *redactor {
	r := &redactor{token: token, tokens: regexp.MustCompile(token + `([A-Z0-9_]+)\.`)}
	r.Masker = spec.Masker(r.put)
	return r
}

func (r *redactor) put(name, value string) string {
	token := r.token + variable(name) + "."
	if name != "" {
		r.note(value, token)
	}
	return token
}

// shortest is the length of the shortest secret that is looked for elsewhere, in bytes: a shorter text is found everywhere.
const shortest = 4

// note remembers a secret, so that it is found where no name tells of it. Credentials often stand behind the name of
// their scheme (RFC 9110, section 11.4).
func (r *redactor) note(value, token string) {
	_, credentials, _ := strings.Cut(value, " ")
	for _, text := range []string{value, strings.TrimSpace(credentials)} {
		if len(text) < shortest || slices.Contains([]string{"true", "false"}, text) || strings.Trim(text, "*") == "" {
			continue
		}
		inJSON := string(openapi.AppendJSON(nil, text))
		for _, form := range []string{text, inJSON[1 : len(inJSON)-1], url.QueryEscape(text), url.PathEscape(text)} {
			r.secrets = append(r.secrets, secret{form, token})
		}
	}
}

// conceal finds the secrets that are known in any text, the longest first.
func (r *redactor) conceal(text string) string {
	if len(r.secrets) == 0 || text == "" {
		return text
	}
	slices.SortStableFunc(r.secrets, func(a, b secret) int { return cmp.Compare(len(b.value), len(a.value)) })
	for _, s := range r.secrets {
		if strings.Contains(text, s.value) {
			text = r.between(text, func(part string) string { return strings.ReplaceAll(part, s.value, s.token) })
		}
	}
	return text
}

// between changes a text where no token stands.
func (r *redactor) between(text string, change func(string) string) string {
	var b strings.Builder
	from := 0
	for _, at := range r.tokens.FindAllStringIndex(text, -1) {
		b.WriteString(change(text[from:at[0]]) + text[at[0]:at[1]])
		from = at[1]
	}
	b.WriteString(change(text[from:]))
	return b.String()
}

// shown is a text with masks for its tokens.
func (r *redactor) shown(text string) string { return r.tokens.ReplaceAllLiteralString(text, mask) }

// variable names the shell variable that holds a secret.
func variable(name string) string {
	name = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		}
		return '_'
	}, name)
	return "SECRET_" + cmp.Or(name, "REST")
}
