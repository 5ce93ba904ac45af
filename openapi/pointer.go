package openapi

import (
	"strconv"
	"strings"
)

// Embedded marks the step of a pointer from a string into the JSON that the string holds:
// `/data_connector/source_info#/rds_instance_id`.
const Embedded = "#"

var (
	pointerEscaper   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

func escapePointer(token string) string {
	if strings.ContainsAny(token, "~/") {
		return pointerEscaper.Replace(token)
	}
	return token
}

// splitPointer returns the unescaped tokens of a JSON Pointer (RFC 6901); "" has none.
func splitPointer(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, t := range tokens {
		tokens[i] = pointerUnescaper.Replace(t)
	}
	return tokens
}

// Lookup finds the value that a JSON Pointer names in a decoded JSON value. `#` steps into JSON held by a string.
func Lookup(value any, pointer string) (any, bool) {
	for i, part := range strings.Split(pointer, Embedded) {
		if i > 0 {
			text, ok := value.(string)
			if !ok {
				return nil, false
			}
			inner, err := DecodeJSON([]byte(text))
			if err != nil {
				return nil, false
			}
			value = inner
		}
		for _, token := range splitPointer(part) {
			var ok bool
			if value, ok = step(value, token); !ok {
				return nil, false
			}
		}
	}
	return value, true
}

func step(value any, token string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		member, ok := v[token]
		return member, ok
	case []any:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}

// Set replaces the value that a JSON Pointer names and returns the changed root. Objects on the way are copied,
// so that the value passed in stays as it is; members that are missing are made.
func Set(root any, pointer string, value any) any {
	tokens := splitPointer(pointer)
	if len(tokens) == 0 {
		return value
	}
	if list, ok := root.([]any); ok {
		i, err := strconv.Atoi(tokens[0])
		if err != nil || i < 0 || i >= len(list) {
			return root
		}
		copied := append([]any(nil), list...)
		copied[i] = Set(list[i], joinPointer(tokens[1:]), value)
		return copied
	}
	object, _ := root.(map[string]any)
	copied := make(map[string]any, len(object)+1)
	for k, v := range object {
		copied[k] = v
	}
	copied[tokens[0]] = Set(copied[tokens[0]], joinPointer(tokens[1:]), value)
	return copied
}

func joinPointer(tokens []string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(escapePointer(t))
	}
	return b.String()
}
