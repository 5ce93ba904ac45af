package contract

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// Secret is a value that nobody may read, and the environment variable that its owner keeps it in.
type Secret struct{ Variable, Value string }

// mask stands for a secret where the name of its variable cannot.
const mask = "***"

// shortest is the length of the shortest secret, in bytes: a shorter text is no secret, and would be found everywhere.
const shortest = 4

// redactor takes secrets out of texts. Nil takes out nothing. It is safe for concurrent use.
type redactor struct{ forms []form }

// form is one way in which a secret is written.
type form struct {
	text     string
	variable string
	raw      bool // it is the value itself
}

// newRedactor knows the secrets in all forms in which messages hold them: as they are; in JSON, and in JSON inside a
// string of JSON, and so on; percent-encoded, as in a path or a query; in base64. Values of less than 4 bytes and masks (`*****`)
// are no secrets. A secret that is encoded together with its neighbours (base64 of `user:password`) is one of its own.
func newRedactor(secrets []Secret) *redactor {
	r := &redactor{}
	for _, s := range secrets {
		if isSecret(s.Value) {
			r.add(form{s.Value, s.Variable, true})
		}
	}
	for _, s := range slices.Clone(r.forms) {
		for _, text := range encodings(s.text) {
			r.add(form{text, s.variable, false})
		}
	}
	return r
}

// add keeps the first of the forms that read the same.
func (r *redactor) add(f form) {
	if !slices.ContainsFunc(r.forms, func(known form) bool { return known.text == f.text }) {
		r.forms = append(r.forms, f)
	}
}

// isSecret is false for what masks a secret: one character again and again.
func isSecret(value string) bool {
	for _, c := range []string{"*", "x", "X", "•", "#"} {
		if strings.ReplaceAll(value, c, "") == "" {
			return false
		}
	}
	return len(value) >= shortest
}

func encodings(value string) []string {
	var list []string
	for _, outer := range jsonEscapes() {
		list = append(list, outer(value))
		for _, inner := range jsonEscapes() {
			list = append(list, outer(inner(value)))
		}
		list = append(list, outer(outer(outer(value))), outer(outer(outer(outer(value)))))
		list = append(list, strings.ReplaceAll(outer(value), "-", `\u002d`), strings.ReplaceAll(outer(outer(value)), "-", `\u002d`))
	}
	for _, escaped := range []string{url.QueryEscape(value), url.PathEscape(value), percent(value, ""), percent(value, "!'()*")} {
		list = append(list, escaped, lowerHex(escaped))
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		list = append(list, encoding.EncodeToString([]byte(value)))
	}
	return list
}

// jsonEscapes are the ways in which common encoders write a string: Go's, the shortest, with \/ (PHP), in ASCII
// (Python), and in ASCII with \/.
func jsonEscapes() []func(string) string {
	slashes := func(s string) string { return strings.ReplaceAll(s, "/", `\/`) }
	return []func(string) string{
		escapeHTML, escapeJSON,
		func(s string) string { return slashes(escapeJSON(s)) },
		func(s string) string { return ascii(escapeJSON(s)) },
		func(s string) string { return slashes(ascii(escapeJSON(s))) },
	}
}

// escapeHTML is a string as json.Marshal writes it, without the quotes.
func escapeHTML(s string) string {
	b, _ := json.Marshal(s) // a string can always be encoded
	return string(b[1 : len(b)-1])
}

func escapeJSON(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u2028`, "\u2028", `\u2029`, "\u2029", `\\`, `\\`).Replace(escapeHTML(s))
}

func ascii(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c < 0x80 {
			b.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// percent encodes all but what is unreserved in RFC 3986 and the characters named.
func percent(s, kept string) string {
	s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	for _, c := range kept {
		s = strings.ReplaceAll(s, fmt.Sprintf("%%%02X", c), string(c))
	}
	return s
}

var percentEncoded = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerHex(s string) string { return percentEncoded.ReplaceAllStringFunc(s, strings.ToLower) }

// hit is a part of a text that shows a secret, or several that overlap.
type hit struct {
	start, end int
	form       form // the longest of them
	whole      bool // the form is all there is
}

// hits are in order and do not touch each other's bytes.
func (r *redactor) hits(text string) []hit {
	var found []hit
	for _, f := range r.forms {
		for from := 0; ; {
			at := strings.Index(text[from:], f.text)
			if at < 0 {
				break
			}
			from += at + 1 // the next one may begin inside this one
			found = append(found, hit{from - 1, from - 1 + len(f.text), f, true})
		}
	}
	slices.SortStableFunc(found, func(a, b hit) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	return merged(found)
}

// merged joins hits that overlap: what is left of one after the other was taken out would still tell something.
func merged(found []hit) []hit {
	var list []hit
	for _, h := range found {
		if len(list) == 0 || h.start >= list[len(list)-1].end {
			list = append(list, h)
			continue
		}
		last := &list[len(list)-1]
		if h.end > last.end {
			last.end, last.whole = h.end, false
		}
		if len(h.form.text) > len(last.form.text) {
			last.form = h.form
		}
	}
	return list
}

// replace writes the text anew: between in place of what is no secret, put in place of each hit.
func (r *redactor) replace(text string, between func(string) string, put func(hit) string) string {
	hits := r.hits(text)
	if len(hits) == 0 {
		return between(text)
	}
	var b strings.Builder
	from := 0
	for _, h := range hits {
		b.WriteString(between(text[from:h.start]) + put(h))
		from = h.end
	}
	b.WriteString(between(text[from:]))
	return b.String()
}

// text is s with `$VARIABLE` in place of every secret. Redact first, then cut what is too long: half a secret is not
// recognised.
func (r *redactor) text(s string) string {
	if r == nil || len(r.forms) == 0 {
		return s
	}
	same := func(s string) string { return s }
	s = r.replace(s, same, func(h hit) string { return "$" + h.form.variable })
	// The name of a variable can hold a secret too, or complete one with the text beside it. The mask is shorter than
	// any secret, so this ends.
	for len(r.hits(s)) > 0 {
		s = r.replace(s, same, func(hit) string { return mask })
	}
	return s
}

// err is an error without secrets: it may quote what a server sent.
func (r *redactor) err(err error) error {
	if text := r.text(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

var shellName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// shell is [shellQuote] for a text with secrets: one word of a POSIX shell. Where the value itself stands, which is
// also how JSON and URLs write a value without special characters, the shell puts in the variable and the word is the
// same to the byte. Where it is encoded, `$VARIABLE` stands as text, and who replays has to encode the value himself:
// a shell does not.
func (r *redactor) shell(text string) string {
	if r == nil || len(r.forms) == 0 {
		return shellQuote(text)
	}
	inner := func(s string) string { return strings.ReplaceAll(s, "'", `'\''`) }
	word := "'" + r.replace(text, inner, func(h hit) string {
		if h.whole && h.form.raw && shellName.MatchString(h.form.variable) {
			return `'"$` + h.form.variable + `"'`
		}
		return inner("$" + h.form.variable)
	}) + "'"
	if len(r.hits(word)) == 0 {
		return word
	}
	if word = shellQuote(r.text(text)); len(r.hits(word)) == 0 {
		return word
	}
	return shellQuote("") // a secret that looks like quoting: shorter than any
}
