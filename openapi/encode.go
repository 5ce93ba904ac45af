package openapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// Object is an object whose members have an order: to make one costs less than a map.
type Object []Member

// Member is one of an [Object].
type Member struct {
	Name  string
	Value any
}

// AppendJSON writes a value compactly: the keys of a map sorted, `<`, `>` and `&` as they are. Values are those of
// [DecodeJSON], [Object], numbers of Go, and [*Text], which is written as it is.
func AppendJSON(dst []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return appendString(dst, v)
	case json.Number:
		return append(dst, v...)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case *Text:
		return append(dst, v.json...)
	case []any:
		return appendArray(dst, v)
	case map[string]any:
		return appendObject(dst, v)
	case Object:
		return appendMembers(dst, v)
	}
	return appendOther(dst, value)
}

func appendArray(dst []byte, items []any) []byte {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendJSON(dst, item)
	}
	return append(dst, ']')
}

func appendObject(dst []byte, members map[string]any) []byte {
	var few [16]string // most objects need no slice of their own
	names := few[:0]
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name), ':')
		dst = AppendJSON(dst, members[name])
	}
	return append(dst, '}')
}

func appendMembers(dst []byte, members Object) []byte {
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, m.Name), ':')
		dst = AppendJSON(dst, m.Value)
	}
	return append(dst, '}')
}

// appendString writes by itself what texts are mostly made of; encoding/json knows the rest.
func appendString(dst []byte, text string) []byte {
	start := len(dst)
	dst = append(dst, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c > '~':
			return appendOther(dst[:start], text)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

func appendOther(dst []byte, value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic("openapi: a decoded JSON value cannot be encoded: " + err.Error()) // not reachable: all values come from DecodeJSON
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

func encodeJSON(value any) []byte { return AppendJSON(nil, value) }
