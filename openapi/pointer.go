package openapi

import (
	"maps"
	"slices"
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

// Set replaces the value that a JSON Pointer names and returns the changed root. Objects and arrays on the way are
// copied, so that the value passed in stays as it is; members that are missing are made. `#` steps into JSON held by a
// string, which is written anew.
func Set(root any, pointer string, value any) any {
	return change(root, pointer, func(parent any, token string) any {
		if object, ok := parent.(map[string]any); ok {
			object[token] = value
		} else if list, i := element(parent, token); list != nil {
			list[i] = value
		}
		return parent
	}, value)
}

// Remove takes the member or item that a JSON Pointer names away and returns the changed root, as [Set] does.
func Remove(root any, pointer string) any {
	return change(root, pointer, func(parent any, token string) any {
		if object, ok := parent.(map[string]any); ok {
			delete(object, token)
		} else if list, i := element(parent, token); list != nil {
			return slices.Delete(list, i, i+1)
		}
		return parent
	}, nil)
}

// change copies all that lies above the pointer's last token and lets at change the copy of its parent. The empty
// pointer is the whole value.
func change(root any, pointer string, at func(parent any, token string) any, whole any) any {
	outer, inner, embedded := strings.Cut(pointer, Embedded)
	if embedded && outer == "" {
		text, _ := root.(string)
		value, err := DecodeJSON([]byte(text))
		if err != nil {
			return root
		}
		return string(encodeJSON(change(value, inner, at, whole)))
	}
	if pointer == "" {
		return whole
	}
	token, rest := cutToken(pointer)
	copied := shallowCopy(root)
	if rest == "" {
		return at(copied, token)
	}
	if object, ok := copied.(map[string]any); ok {
		object[token] = change(object[token], rest, at, whole)
	} else if list, i := element(copied, token); list != nil {
		list[i] = change(list[i], rest, at, whole)
	}
	return copied
}

// cutToken splits a pointer that begins with a slash behind its first token, which it unescapes.
func cutToken(pointer string) (token, rest string) {
	pointer = strings.TrimPrefix(pointer, "/")
	end := strings.IndexAny(pointer, "/"+Embedded)
	if end < 0 {
		end = len(pointer)
	}
	return pointerUnescaper.Replace(pointer[:end]), pointer[end:]
}

// shallowCopy copies an array, or an object; what is neither becomes an empty object.
func shallowCopy(value any) any {
	if list, ok := value.([]any); ok {
		return slices.Clone(list)
	}
	object, _ := value.(map[string]any)
	if object == nil {
		return map[string]any{}
	}
	return maps.Clone(object)
}

// element is the array and the index that the token names in it; nil where there is none.
func element(parent any, token string) ([]any, int) {
	list, _ := parent.([]any)
	i, err := strconv.Atoi(token)
	if err != nil || i < 0 || i >= len(list) {
		return nil, 0
	}
	return list, i
}
