package journal

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/counterpart-go/counterpart/generated/control"
)

// plainWord is what means the same to a shell with quotes and without.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+-]+$`)

// ownHeaders are those that curl works out by itself.
var ownHeaders = map[string]bool{"Content-Length": true, "Transfer-Encoding": true, "Connection": true}

// addedHeaders are those that curl sends unless it is told not to.
var addedHeaders = []string{"Accept", "Content-Type", "User-Agent"}

// curl is a command of a POSIX shell that sends the request again; "" where not all of its body is known. Secrets are
// variables that must be set: a shell stops at one that is not.
func (r *redactor) curl(e *Entry, x *control.Exchange) string {
	if x.Request.Cut && e.Operation != nil { // without one it is refused unread
		return ""
	}
	words := []string{"curl", "-sS", "-i"}
	if e.Method == http.MethodHead {
		words = append(words, "-I")
	} else {
		words = append(words, "-X", quote(e.Method))
	}
	words = append(words, r.address(e, x)...)
	for _, h := range x.Request.Headers {
		if !ownHeaders[h.Name] {
			words = append(words, "-H", r.word(headerLine(h)))
		}
	}
	body := x.Request.Body
	for _, name := range addedHeaders {
		if _, sent := e.Request.Header[name]; !sent && (body != "" || name != "Content-Type") {
			words = append(words, "-H", name+":")
		}
	}
	if body == "" {
		return strings.Join(words, " ")
	}
	if isPlain(body) {
		return strings.Join(append(words, "--data-raw", r.word(body)), " ")
	}
	return r.printed(body) + " | " + strings.Join(append(words, "--data-binary", "@-"), " ")
}

// address is the URL with the options that let curl send it as it is.
func (r *redactor) address(e *Entry, x *control.Exchange) []string {
	scheme, path := "http", x.Path
	if e.TLS {
		scheme = "https"
	}
	var options []string
	if !strings.HasPrefix(path, "/") { // OPTIONS *
		options, path = append(options, "--request-target", r.word(path)), "/"
	}
	if strings.Contains(path, "/.") {
		options = append(options, "--path-as-is")
	}
	if e.URL.RawQuery != "" {
		path += "?" + x.Request.Query
	}
	if strings.ContainsAny(path, "[]{}") {
		options = append(options, "--globoff")
	}
	return append(options, r.word(scheme+"://"+e.Host+path))
}

// headerLine is what curl takes for a header; one without a value ends in a semicolon there.
func headerLine(h control.Header) string {
	if h.Value == "" {
		return h.Name + ";"
	}
	return h.Name + ": " + h.Value
}

// isPlain says whether a text can be an argument, and be read in JSON.
func isPlain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' })
}

// word is one word of the shell.
func (r *redactor) word(text string) string {
	if !isPlain(text) {
		return `"$(` + r.printed(text) + `)"`
	}
	word := r.parts(text, func(part string) string {
		if part == "" {
			return ""
		}
		return quote(part)
	}, "")
	return cmp.Or(word, quote(""))
}

// printed is a command that prints any bytes (POSIX, printf and its %b).
func (r *redactor) printed(text string) string {
	format := strings.Repeat("%b%s", len(r.tokens.FindAllString(text, -1))) + "%b"
	return "printf " + quote(format) + " " + r.parts(text, func(part string) string { return quote(octal(part)) }, " ")
}

// parts writes the text between tokens, and the variables that these stand for, in turns.
func (r *redactor) parts(text string, write func(string) string, separator string) string {
	var list []string
	from := 0
	for _, at := range r.tokens.FindAllStringSubmatchIndex(text, -1) {
		list = append(list, write(text[from:at[0]]), `"${`+text[at[2]:at[3]]+`:?}"`)
		from = at[1]
	}
	return strings.Join(append(list, write(text[from:])), separator)
}

func quote(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// octal writes what is not printable ASCII, and backslashes, as %b reads it.
func octal(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '\\' {
			fmt.Fprintf(&b, `\0%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
