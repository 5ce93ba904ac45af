package openapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Styles of parameters (OpenAPI 3.1, section 4.8.12.3). kin-openapi decodes them too, but its decoder can only be had
// together with its validator, which compiles the schema of a 3.1 document anew for each value.

// validate decodes the parameter and judges it. Absent and not required is fine.
func (p *Parameter) validate(r Request) Violations {
	raw := p.find(r)
	if !raw.found {
		if p.Required {
			return Violations{{In: p.In, Name: p.Name, Keyword: "required", Rule: p.at.at("required").rule()}}
		}
		return nil
	}
	if p.Schema == nil {
		return nil
	}
	if p.json {
		value, err := p.Schema.spec.DecodeJSON([]byte(raw.text))
		if err != nil {
			return Violations{{In: p.In, Name: p.Name, Keyword: KeywordSyntax, Detail: err.Error(), Rule: p.at.at("content").rule()}}
		}
		return p.Schema.Validate(value).at(p.In, p.Name)
	}
	if types := p.Schema.types(); len(raw.list) > 1 && raw.repeated && len(types) > 0 && !types["array"] {
		return Violations{{In: p.In, Name: p.Name, Keyword: KeywordSyntax, Detail: "it is sent more than once", Rule: p.at.rule()}}
	}
	var first Violations
	for i, candidate := range p.Schema.candidates(raw) {
		vs := p.Schema.Validate(candidate)
		if len(vs) == 0 {
			return nil
		}
		if i == 0 {
			first = vs
		}
	}
	return first.at(p.In, p.Name)
}

// rawValue is a parameter on the wire, split as its style says.
type rawValue struct {
	found    bool
	repeated bool              // the query has the key more than once
	text     string            // as one value
	list     []string          // as an array
	fields   map[string]string // as an object
}

func (p *Parameter) find(r Request) rawValue {
	switch p.In {
	case InPath:
		text, found := r.Path[p.Name]
		return p.split(text, found)
	case InHeader:
		values, found := r.Header[http.CanonicalHeaderKey(p.Name)]
		return p.split(strings.Join(values, ","), found)
	case InCookie:
		cookie, err := (&http.Request{Header: r.Header}).Cookie(p.Name)
		if err != nil {
			return rawValue{}
		}
		return p.split(cookie.Value, true)
	}
	return p.findQuery(r.Query)
}

func (p *Parameter) findQuery(query url.Values) rawValue {
	if p.style == "deepObject" {
		return deepObject(p.Name, query)
	}
	values, found := query[p.Name]
	switch {
	case !found && p.style == "form" && p.explode && p.Schema != nil && p.Schema.types()["object"]:
		return p.explodedObject(query)
	case !found:
		return rawValue{}
	case p.explode || len(values) > 1:
		return rawValue{found: true, repeated: len(values) > 1, text: values[0], list: values}
	}
	return p.split(values[0], true)
}

// explodedObject gathers the properties of an object that are query parameters of their own.
func (p *Parameter) explodedObject(query url.Values) rawValue {
	fields := map[string]string{}
	p.Schema.spec.eachApplied(p.Schema.at, func(applied place) {
		applied.at("properties").each(func(_ string, property place) {
			name := lastToken(property.pointer)
			if values, ok := query[name]; ok {
				fields[name] = values[0]
			}
		})
	})
	return rawValue{found: len(fields) > 0, fields: fields}
}

func deepObject(name string, query url.Values) rawValue {
	fields := map[string]string{}
	for key, values := range query {
		if inner, ok := strings.CutPrefix(key, name+"["); ok && strings.HasSuffix(inner, "]") {
			fields[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return rawValue{found: len(fields) > 0, fields: fields}
}

// split cuts one text into items and fields by the style's delimiters, where the schema may ask for these.
func (p *Parameter) split(text string, found bool) rawValue {
	delimiter, pair := ",", ","
	switch p.style {
	case "label":
		text, delimiter = strings.TrimPrefix(text, "."), "."
	case "matrix":
		text = strings.TrimPrefix(text, ";")
		if p.explode {
			delimiter = ";"
		}
		text = strings.ReplaceAll(text, p.Name+"=", "")
	case "spaceDelimited":
		delimiter = " "
	case "pipeDelimited":
		delimiter = "|"
	}
	raw := rawValue{found: found, text: text}
	if p.Schema == nil || !p.Schema.types()["array"] && !p.Schema.types()["object"] {
		return raw
	}
	raw.list = []string{}
	if text != "" {
		raw.list = strings.Split(text, delimiter)
	}
	if p.explode {
		pair = "="
	}
	raw.fields = pairs(raw.list, pair)
	return raw
}

// pairs reads `a,1,b,2` (items in turn) or `a=1,b=2`.
func pairs(list []string, pair string) map[string]string {
	fields := map[string]string{}
	if pair == "=" {
		for _, item := range list {
			name, value, _ := strings.Cut(item, "=")
			fields[name] = value
		}
		return fields
	}
	for i := 0; i+1 < len(list); i += 2 {
		fields[list[i]] = list[i+1]
	}
	return fields
}

// candidates are the values that the text may stand for under the schema's types, the likeliest first.
func (s *Schema) candidates(raw rawValue) []any {
	types := s.types()
	var list []any
	if types["array"] && raw.list != nil {
		items := make([]any, len(raw.list))
		for i, text := range raw.list {
			items[i] = s.inner("items", text)
		}
		list = append(list, items)
	}
	if types["object"] && raw.fields != nil {
		fields := map[string]any{}
		for name, text := range raw.fields {
			fields[name] = s.innerProperty(name, text)
		}
		list = append(list, fields)
	}
	return append(list, scalars(raw.text, types)...)
}

// scalars reads text as number, boolean or null where a type asks for it, and always as the string that it is. An
// integer is written without fraction and exponent: in JSON 5.0 is one, but servers do not read it as one in a query.
func scalars(text string, types map[string]bool) []any {
	var list []any
	if isNumber(text) && (types["number"] || types["integer"] && !strings.ContainsAny(text, ".eE")) {
		list = append(list, json.Number(text))
	}
	if types["boolean"] && (text == "true" || text == "false") {
		list = append(list, text == "true")
	}
	if types["null"] && (text == "" || text == "null") {
		list = append(list, nil)
	}
	return append(list, text)
}

func (s *Schema) inner(keyword, text string) any {
	types := map[string]bool{}
	s.spec.eachApplied(s.at, func(p place) {
		if inner := p.at(keyword); inner.ok() {
			for t := range s.spec.types(inner) {
				types[t] = true
			}
		}
	})
	return scalars(text, types)[0]
}

func (s *Schema) innerProperty(name, text string) any {
	types := map[string]bool{}
	for _, p := range s.spec.property(s.at, name) {
		for t := range s.spec.types(p) {
			types[t] = true
		}
	}
	return scalars(text, types)[0]
}

// Default is the value that the document gives a parameter that is not sent, and whether it gives one.
func (p *Parameter) Default() (any, bool) {
	if p.Schema == nil {
		return nil, false
	}
	var value any
	found := false
	p.Schema.spec.eachApplied(p.Schema.at, func(applied place) {
		if d := applied.at("default"); d.ok() && !found {
			value, found = nodeValue(d.node), true
		}
	})
	return value, found
}

// Texts are what stands for a value in a request, one text for each time that the parameter is sent; false where the
// value has no text: null, objects and what cannot be told from another value.
func (p *Parameter) Texts(value any) (texts []string, ok bool) {
	if p.json {
		return []string{string(encodeJSON(value))}, true
	}
	list, isArray := value.([]any)
	if !isArray {
		text, ok := scalarText(value)
		return []string{text}, ok
	}
	for _, item := range list {
		text, ok := scalarText(item)
		if !ok || text == "" || strings.Contains(text, ",") {
			return nil, false
		}
		texts = append(texts, text)
	}
	switch {
	case len(texts) == 0 || p.style != "form" && p.style != "simple":
		return nil, false
	case p.style == "form" && p.explode:
		return texts, true
	}
	return []string{strings.Join(texts, ",")}, true
}

// Pairs are the names and texts by which a query says an object: its members, each by its own name (style form, exploded),
// or by the parameter's with its own in brackets (deepObject). False for other values and styles, for members that are no
// scalars, and for an object without members.
func (p *Parameter) Pairs(value any) (pairs map[string]string, ok bool) {
	object, isObject := value.(map[string]any)
	if !isObject || p.json || p.In != InQuery {
		return nil, false
	}
	pairs = map[string]string{}
	for name, member := range object {
		text, ok := scalarText(member)
		switch {
		case !ok:
			return nil, false
		case p.style == "deepObject":
			name = p.Name + "[" + name + "]"
		case p.style != "form" || !p.explode:
			return nil, false
		}
		pairs[name] = text
	}
	return pairs, len(pairs) > 0
}

func scalarText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
