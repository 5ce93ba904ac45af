package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits on JSON that comes from outside.
const (
	maxDepth    = 512    // nesting of arrays and objects
	maxNumber   = 1_000  // characters of a number
	maxExponent = 10_000 // magnitude of a number's exponent: 1e1000000000 would cost gigabytes to compare
)

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
// keys that occur twice, invalid UTF-8; and what would be costly: nesting beyond 512, numbers beyond 1,000 characters
// or with exponents beyond 10,000. The error never quotes the text.
func DecodeJSON(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Reason: "invalid UTF-8"}
	}
	colons, depth := structure(data)
	if depth > maxDepth {
		return nil, &SyntaxError{Reason: fmt.Sprintf("it is nested deeper than %d", maxDepth)}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, syntaxError(err, int64(len(data)))
	}
	if rest := bytes.TrimLeft(data[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, &SyntaxError{int64(len(data) - len(rest)), "more bytes follow the document"}
	}
	members, err := count(value)
	if err == nil && members != colons {
		err = errors.New("a key occurs twice")
	}
	if err != nil {
		return nil, &SyntaxError{Reason: err.Error()}
	}
	return value, nil
}

// structure counts the colons between keys and values and the deepest nesting of text that may be JSON. Every member
// of an object has one colon: a key that occurs twice leaves fewer members than colons, and needs no slower decoder.
func structure(data []byte) (colons, deepest int) {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == ':':
			colons++
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return colons, deepest
}

// count counts the members of all objects, and refuses numbers that would be costly.
func count(value any) (members int, err error) {
	switch v := value.(type) {
	case json.Number:
		return 0, checkNumber(string(v))
	case map[string]any:
		members = len(v)
		for _, member := range v {
			inner, innerErr := count(member)
			members, err = members+inner, errors.Join(err, innerErr)
		}
	case []any:
		for _, item := range v {
			inner, innerErr := count(item)
			members, err = members+inner, errors.Join(err, innerErr)
		}
	}
	return members, err
}

// syntaxError drops what encoding/json quotes from the text: it may be a secret.
func syntaxError(err error, length int64) *SyntaxError {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return &SyntaxError{0, "it is empty"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &SyntaxError{length, "it ends too early"}
	case errors.As(err, &syntax):
		return &SyntaxError{syntax.Offset, "unexpected character"}
	}
	return &SyntaxError{length, "it cannot be read"}
}

func checkNumber(text string) error {
	if len(text) > maxNumber {
		return fmt.Errorf("a number has more than %d characters", maxNumber)
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
	// json.Valid allows white space around; a number begins with a digit or minus and ends with a digit.
	if text == "" || text[0] != '-' && !isDigit(text[0]) || !isDigit(text[len(text)-1]) {
		return false
	}
	return json.Valid([]byte(text)) && checkNumber(text) == nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// encodeJSON writes the value compactly, keys sorted, `<`, `>` and `&` as they are.
func encodeJSON(value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic("openapi: a decoded JSON value cannot be encoded: " + err.Error()) // not reachable: all values come from DecodeJSON
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// appendNode writes a document's value as JSON, members in the document's order.
func appendNode(dst []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		dst = append(dst, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(append(dst, encodeJSON(n.Content[i].Value)...), ':')
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
	return append(dst, encodeJSON(n.Value)...)
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
