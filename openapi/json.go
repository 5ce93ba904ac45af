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
	Offset int64 // bytes read when it was noticed
	Reason string
}

func (e *SyntaxError) Error() string {
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
	d := jsonDecoder{dec: json.NewDecoder(bytes.NewReader(data))}
	d.dec.UseNumber()
	value, err := d.value(0)
	if err != nil {
		return nil, d.syntaxError(err)
	}
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &SyntaxError{d.dec.InputOffset(), "more bytes follow the document"}
	}
	return value, nil
}

type jsonDecoder struct{ dec *json.Decoder }

func (d *jsonDecoder) value(depth int) (any, error) {
	token, err := d.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
		}
		if t == '{' {
			return d.object(depth + 1)
		}
		return d.array(depth + 1)
	case json.Number:
		return t, checkNumber(string(t))
	}
	return token, nil
}

func (d *jsonDecoder) object(depth int) (any, error) {
	object := make(map[string]any)
	for d.dec.More() {
		token, err := d.dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // Token gives nothing else in key position
		if _, twice := object[key]; twice {
			return nil, errors.New("a key occurs twice")
		}
		if object[key], err = d.value(depth); err != nil {
			return nil, err
		}
	}
	_, err := d.dec.Token()
	return object, err
}

func (d *jsonDecoder) array(depth int) (any, error) {
	array := []any{}
	for d.dec.More() {
		item, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	_, err := d.dec.Token()
	return array, err
}

// syntaxError drops what encoding/json quotes from the text: it may be a secret.
func (d *jsonDecoder) syntaxError(err error) *SyntaxError {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF) && d.dec.InputOffset() == 0:
		return &SyntaxError{0, "it is empty"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &SyntaxError{d.dec.InputOffset(), "it ends too early"}
	case errors.As(err, &syntax):
		return &SyntaxError{syntax.Offset, "unexpected character"}
	}
	return &SyntaxError{d.dec.InputOffset(), err.Error()}
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
