package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxExponent bounds the magnitude of a number's exponent: 1e1000000000 would cost gigabytes to compare.
const maxExponent = 10_000

// SyntaxError says why text is not one JSON document.
type SyntaxError struct {
	Offset int64 // bytes read when it was noticed, 0 when unknown
	Reason string
}

func (e *SyntaxError) Error() string {
	if e.Offset == 0 {
		return "is not valid JSON: " + e.Reason
	}
	return fmt.Sprintf("is not valid JSON: %s at byte %d", e.Reason, e.Offset)
}

// DecodeJSON decodes exactly one JSON document (RFC 8259) into nil, bool, string, json.Number, []any and map[string]any.
//
// It refuses, with a [*SyntaxError], what encoding/json lets pass and servers disagree on: bytes after the document,
// keys that occur twice, invalid UTF-8; and what would be costly: nesting beyond 512, more than 100,000 values, numbers
// beyond 1,000 characters or with exponents beyond 10,000. The error never quotes the text.
func DecodeJSON(data []byte) (any, error) {
	return DefaultLimits().decode(data, "")
}

// Decoded is a value of Go as DecodeJSON would give it: numbers are [json.Number], structs are objects. What is no JSON, or
// more than DecodeJSON takes, is given back as it is.
func Decoded(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return value
	}
	if decoded, err := DecodeJSON(text); err == nil {
		return decoded
	}
	return value
}

// decode decodes data, of which copied is a copy, or "".
func (l Limits) decode(data []byte, copied string) (any, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Reason: "invalid UTF-8"}
	}
	d := decoder{limits: l, data: data, copied: copied}
	value, err := d.document()
	if err != nil {
		return nil, err
	}
	return value, nil
}

// decoder decodes valid UTF-8 in one pass.
type decoder struct {
	limits   Limits
	data     []byte
	at       int    // the next byte
	copied   string // a copy of a part of data, which texts are parts of, see copyOf
	copiedAt int    // where that part begins
	depth    int    // of the arrays and objects that are open
	values   int    // that have begun
}

func (d *decoder) document() (any, error) {
	if d.next(); d.at == len(d.data) {
		return nil, &SyntaxError{Reason: "it is empty"}
	}
	value, err := d.value()
	if err != nil {
		return nil, err
	}
	if d.next(); d.at < len(d.data) {
		return nil, &SyntaxError{int64(d.at), "more bytes follow the document"}
	}
	return value, nil
}

// peek is the next byte, 0 at the end: a byte that JSON has nowhere.
func (d *decoder) peek() byte {
	if d.at < len(d.data) {
		return d.data[d.at]
	}
	return 0
}

// next is the next byte behind white space.
func (d *decoder) next() byte {
	for d.at < len(d.data) {
		switch c := d.data[d.at]; c {
		case ' ', '\t', '\r', '\n':
			d.at++
		default:
			return c
		}
	}
	return 0
}

// unexpected says that the next byte cannot stand where it does.
func (d *decoder) unexpected() error {
	if d.at >= len(d.data) {
		return &SyntaxError{int64(len(d.data)), "it ends too early"}
	}
	return &SyntaxError{int64(d.at) + 1, "unexpected character"}
}

func (d *decoder) value() (any, error) {
	if d.values++; d.values > d.limits.Values {
		return nil, &SyntaxError{Reason: fmt.Sprintf("it has more than %d values", d.limits.Values)}
	}
	switch c := d.next(); {
	case c == '"':
		return d.string()
	case c == '{':
		return d.object()
	case c == '[':
		return d.array()
	case c == '-' || isDigit(c):
		return d.number()
	case c == 't':
		return true, d.word("true")
	case c == 'f':
		return false, d.word("false")
	case c == 'n':
		return nil, d.word("null")
	}
	return nil, d.unexpected()
}

func (d *decoder) word(word string) error {
	for i := range len(word) {
		if d.peek() != word[i] {
			return d.unexpected()
		}
		d.at++
	}
	return nil
}

// open steps into an array or object and says whether anything is in it.
func (d *decoder) open(end byte) (more bool, err error) {
	if d.depth++; d.depth > d.limits.Depth {
		return false, &SyntaxError{Reason: fmt.Sprintf("it is nested deeper than %d", d.limits.Depth)}
	}
	d.at++
	if d.next() == end {
		d.close()
		return false, nil
	}
	return true, nil
}

// more steps over what follows an item or a member, and says whether another one follows.
func (d *decoder) more(end byte) (bool, error) {
	switch d.next() {
	case ',':
		d.at++
		return true, nil
	case end:
		d.close()
		return false, nil
	}
	return false, d.unexpected()
}

func (d *decoder) close() {
	d.depth--
	d.at++
}

func (d *decoder) array() (any, error) {
	var room [16]any // enough for most, without an allocation
	items := room[:0]
	more, err := d.open(']')
	for more && err == nil {
		var item any
		if item, err = d.value(); err == nil {
			items = append(items, item)
			more, err = d.more(']')
		}
	}
	if err != nil {
		return nil, err
	}
	return append([]any{}, items...), nil
}

func (d *decoder) object() (any, error) {
	var room [16]keyed // enough for most: their maps are made as large as they must be
	list, object := room[:0], map[string]any(nil)
	more, err := d.open('}')
	for more && err == nil {
		var m keyed
		if m, err = d.member(); err == nil {
			list = append(list, m)
			more, err = d.more('}')
		}
		if err == nil && (!more || len(list) == len(room)) {
			object, err = added(object, list)
			list = room[:0]
		}
	}
	switch {
	case err != nil:
		return nil, err
	case object == nil:
		return map[string]any{}, nil
	}
	return object, nil
}

func added(object map[string]any, list []keyed) (map[string]any, error) {
	if object == nil {
		object = make(map[string]any, len(list))
	}
	members := len(object) + len(list)
	for _, m := range list {
		object[m.key] = m.value
	}
	if len(object) < members {
		return nil, &SyntaxError{Reason: "a key occurs twice"}
	}
	return object, nil
}

type keyed struct {
	key   string
	value any
}

func (d *decoder) member() (m keyed, err error) {
	if d.next() != '"' {
		return m, d.unexpected()
	}
	if m.key, err = d.string(); err != nil {
		return m, err
	}
	if d.next() != ':' {
		return m, d.unexpected()
	}
	d.at++
	m.value, err = d.value()
	return m, err
}

func (d *decoder) string() (string, error) {
	d.at++
	first := d.at
	d.skipPlain()
	if d.peek() == '"' {
		d.at++
		return d.copyOf(first, d.at-1), nil
	}
	return d.escaped(first)
}

// escaped reads a text, which begins at first, on from where its first escape is.
func (d *decoder) escaped(first int) (string, error) {
	var room [256]byte
	text := append(room[:0], d.data[first:d.at]...)
	for {
		switch d.peek() {
		case '"':
			d.at++
			return string(text), nil
		case '\\':
			d.at++
			var err error
			if text, err = d.escape(text); err != nil {
				return "", err
			}
		default:
			return "", d.unexpected()
		}
		first = d.at
		d.skipPlain()
		text = append(text, d.data[first:d.at]...)
	}
}

// copyOf is a part of the data. Many parts are copied at once, but no more than that: whoever keeps a text keeps what
// is copied with it.
func (d *decoder) copyOf(first, last int) string {
	const atOnce = 4 << 10
	if last > d.copiedAt+len(d.copied) {
		end := min(max(first+atOnce, last), len(d.data))
		d.copied, d.copiedAt = string(d.data[first:end]), first
	}
	return d.copied[first-d.copiedAt : last-d.copiedAt]
}

// skipPlain steps to the next byte that means something in a string, or may not stand in one.
func (d *decoder) skipPlain() {
	for i, c := range d.data[d.at:] {
		if c == '"' || c == '\\' || c < ' ' {
			d.at += i
			return
		}
	}
	d.at = len(d.data)
}

// escape reads what follows a backslash, and adds what it means to the text.
func (d *decoder) escape(text []byte) ([]byte, error) {
	const letters, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	c := d.peek()
	if i := strings.IndexByte(letters, c); i >= 0 {
		d.at++
		return append(text, meanings[i]), nil
	}
	if c != 'u' {
		return nil, d.unexpected()
	}
	r, err := d.hex()
	if utf16.IsSurrogate(r) {
		r = d.pair(r)
	}
	return utf8.AppendRune(text, r), err
}

// pair is the character that the surrogate makes with the one that follows. A surrogate alone is no character: it
// becomes U+FFFD, as in encoding/json.
func (d *decoder) pair(first rune) rune {
	before := d.at
	if d.peek() == '\\' {
		if d.at++; d.peek() == 'u' {
			second, err := d.hex()
			if r := utf16.DecodeRune(first, second); err == nil && r != unicode.ReplacementChar {
				return r
			}
		}
	}
	d.at = before
	return unicode.ReplacementChar
}

// hex reads the u of an escape and its four digits.
func (d *decoder) hex() (rune, error) {
	d.at++
	var r rune
	for range 4 {
		digit := strings.IndexByte("0123456789abcdefABCDEF", d.peek())
		switch {
		case digit < 0:
			return 0, d.unexpected()
		case digit > 0xF: // an upper-case letter
			digit -= 6
		}
		r = r<<4 | rune(digit)
		d.at++
	}
	return r, nil
}

func (d *decoder) number() (any, error) {
	first := d.at
	if err := d.skipNumber(); err != nil {
		return nil, err
	}
	number := json.Number(d.data[first:d.at])
	if err := d.limits.checkNumber(string(number)); err != nil {
		return nil, &SyntaxError{Reason: err.Error()}
	}
	return number, nil
}

// skipNumber steps over a number as JSON writes it (RFC 8259, section 6).
func (d *decoder) skipNumber() error {
	if d.peek() == '-' {
		d.at++
	}
	var err error
	if d.peek() == '0' {
		d.at++
	} else {
		err = d.digits()
	}
	if err == nil && d.peek() == '.' {
		d.at++
		err = d.digits()
	}
	if err == nil && d.peek()|0x20 == 'e' {
		d.at++
		if c := d.peek(); c == '+' || c == '-' {
			d.at++
		}
		err = d.digits()
	}
	return err
}

func (d *decoder) digits() error {
	if !isDigit(d.peek()) {
		return d.unexpected()
	}
	for isDigit(d.peek()) {
		d.at++
	}
	return nil
}

func (l Limits) checkNumber(text string) error {
	if len(text) > l.Number {
		return fmt.Errorf("a number has more than %d characters", l.Number)
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if exp, err := strconv.Atoi(text[i+1:]); err != nil || exp > maxExponent || exp < -maxExponent {
			return fmt.Errorf("a number has an exponent beyond %d", maxExponent)
		}
	}
	return nil
}

// isNumber says whether text is a number as JSON writes it (RFC 8259, section 6).
func isNumber(text string) bool {
	d := decoder{limits: DefaultLimits(), data: []byte(text)}
	_, err := d.number()
	return err == nil && d.at == len(d.data)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// appendNode writes a document's value as JSON, members in the document's order.
func appendNode(dst []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		dst = append(dst, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, n.Content[i].Value), ':')
			dst = appendNode(dst, n.Content[i+1])
		}
		return append(dst, '}')
	case yaml.SequenceNode:
		dst = append(dst, '[')
		for i, item := range n.Content {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendNode(dst, item)
		}
		return append(dst, ']')
	}
	return appendScalar(dst, n)
}

func appendScalar(dst []byte, n *yaml.Node) []byte {
	switch n.ShortTag() {
	case "!!null":
		return append(dst, "null"...)
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return strconv.AppendBool(dst, b)
		}
	case "!!int", "!!float":
		if isNumber(n.Value) {
			return append(dst, n.Value...)
		}
		var i int64
		if n.Decode(&i) == nil {
			return strconv.AppendInt(dst, i, 10)
		}
		var f float64
		if n.Decode(&f) == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return strconv.AppendFloat(dst, f, 'g', -1, 64)
		}
	}
	return appendString(dst, n.Value)
}

// nodeValue is the JSON value that a document's node stands for.
func nodeValue(n *yaml.Node) any {
	if n == nil {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(appendNode(nil, n)))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		panic("openapi: appendNode wrote invalid JSON: " + err.Error()) // a bug in appendNode
	}
	return value
}
