package openapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// schemaOf is a schema of a request, given as YAML or JSON.
func schemaOf(t testing.TB, text string) *openapi.Schema {
	t.Helper()
	document := `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    post:
      requestBody: {required: true, content: {application/json: {schema: ` + text + `}}}
      responses: {'200': {description: ok}}
`
	file := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return spec.Operations()[0].RequestBody.Content[0].Schema
}

func decoded(t testing.TB, text string) any {
	t.Helper()
	value, err := openapi.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Every rule is tried on both of its sides.
func TestVariationsReachBothSidesOfARule(t *testing.T) {
	for _, row := range []struct {
		schema, value string
		kept, broken  []string // variations, and what the schema says of them
	}{
		{`{type: string}`, `"x"`, []string{"an empty text", "emoji", "quotes and backslashes"}, []string{"null", "a number", "an empty array"}},
		{`{type: string, minLength: 2, maxLength: 4}`, `"abc"`, []string{"2 characters", "4 characters", "4 emoji"}, []string{"1 character", "5 characters", "5 emoji"}},
		{`{type: string, pattern: '^[a-c]{2,3}$'}`, `"aa"`, []string{"3 characters", "the characters ac"}, []string{"1 character", "4 characters", "the character 'd' at its end", "a line break behind"}},
		{`{type: string, pattern: '^a+$'}`, `"aa"`, []string{"1 character", "a character more"}, []string{"a line break behind"}},
		{`{type: string, enum: [one, two]}`, `"one"`, []string{"the value two"}, []string{"an unknown value", "in capitals", "a space behind", "its first half"}},
		{`{const: one}`, `"one"`, nil, []string{"another value", "in capitals"}},
		{`{type: string, format: date}`, `"2024-01-01"`, []string{`the text "2024-02-29"`}, []string{`the text "2023-02-29"`, `the text "10.12.2024"`}},
		{`{type: string, format: uuid}`, `"6ba7b810-9dad-41d1-80b4-00c04fd430c8"`, []string{`the text "00000000-0000-0000-0000-000000000000"`}, []string{`the text "6ba7b810-9dad-41d1-80b4-00c04fd430c"`}},
		{`{type: integer, minimum: 5, maximum: 9}`, `7`, []string{"5", "9", "6", "8"}, []string{"4", "10", "a fraction", "the number as text"}},
		{`{type: number, exclusiveMinimum: 5, exclusiveMaximum: 9}`, `7`, []string{"6", "8"}, []string{"5", "9"}},
		{`{type: integer, format: int32}`, `7`, []string{"2147483647", "-2147483648", "zero"}, []string{"2147483648", "-2147483649"}},
		{`{type: number, multipleOf: 0.5}`, `1`, []string{"0.5"}, []string{"0.25"}},
		{`{type: boolean}`, `true`, []string{"the contrary"}, []string{"a text", "null"}},
		{`{type: [string, 'null']}`, `"x"`, []string{"null"}, []string{"a boolean"}},
		{`{type: array, items: {type: integer}, minItems: 2, maxItems: 3}`, `[1, 2]`, []string{"3 items"}, []string{"1 item", "4 items", "an empty array", "/0 null"}},
		{`{type: array, uniqueItems: true}`, `[1]`, []string{"an empty array"}, []string{"an item twice"}},
		{`{type: object, required: [a], properties: {a: {type: integer}, b: {type: integer, minimum: 3}}}`, `{"a": 1}`, []string{"/b given"}, []string{"/a missing", "/a null"}},
		{`{type: object, properties: {a: {}}, additionalProperties: false}`, `{"a": 1}`, []string{"/a missing"}, []string{"/counterpart_extra a further member"}},
		{`{type: object, properties: {a: {}}, additionalProperties: true}`, `{"a": 1}`, []string{"/counterpart_extra a further member"}, nil},
		{`{type: object, minProperties: 1}`, `{"a": 1}`, nil, []string{"an empty object"}},
		{`{type: object, dependentRequired: {a: [b]}}`, `{"a": 1, "b": 2}`, nil, []string{"/b missing"}},
		{`{oneOf: [{type: object, required: [a], properties: {a: {const: 1}}}, {type: object, required: [b], properties: {b: {const: 2}}}]}`, `{"a": 1}`, []string{"alternative 1"}, []string{"/a missing"}},
		{`{not: {type: string, enum: [no]}}`, `"yes"`, nil, []string{"what is forbidden"}},
		{`{if: {properties: {k: {const: x}}, required: [k]}, then: {properties: {v: {type: string, maxLength: 3}}}, type: object}`, `{"k": "x", "v": "abc"}`, nil, []string{"/v 4 characters"}},
		{`{type: string, contentMediaType: application/json, contentSchema: {type: object, required: [a], properties: {a: {type: integer}}}}`, `"{\"a\":1}"`,
			[]string{"spaces around the JSON", "escapes in the JSON", "indented JSON", "#/a zero"},
			[]string{"no JSON", "JSON cut short", "JSON and more behind it", "JSON in JSON", "JSON null", "an object and no text", "an empty JSON object", "#/a missing", "#/a a fraction", "an empty text"}},
	} {
		t.Run(row.schema, func(t *testing.T) {
			schema, value := schemaOf(t, row.schema), decoded(t, row.value)
			verdicts := map[string]bool{}
			for _, v := range schema.Variations(value) {
				verdicts[v.String()] = len(schema.Validate(v.Of(value))) == 0
			}
			for _, name := range row.kept {
				if kept, tried := verdicts[name]; !tried || !kept {
					t.Errorf("%q: tried %t, keeps the schema %t", name, tried, kept)
				}
			}
			for _, name := range row.broken {
				if kept, tried := verdicts[name]; !tried || kept {
					t.Errorf("%q: tried %t, keeps the schema %t", name, tried, kept)
				}
			}
		})
	}
}

// A variation changes its place and leaves the value that it is made of alone.
func TestVariationsChangeOnePlace(t *testing.T) {
	op := builtin(t).Operation("createDataConnector")
	schema := op.RequestBody.Content[0].Schema
	for _, example := range op.RequestBody.Content[0].Examples {
		before, err := json.Marshal(example.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range schema.Variations(example.Value) {
			changed := v.Of(example.Value)
			if at, there := openapi.Lookup(changed, v.Pointer); there == v.Missing || there && !reflect.DeepEqual(at, v.Value) {
				t.Errorf("%s: there is %v", v, at)
			}
			if restored := restore(changed, example.Value, v.Pointer); !reflect.DeepEqual(normal(restored), normal(example.Value)) {
				t.Errorf("%s changes more than its place", v)
			}
		}
		if after, _ := json.Marshal(example.Value); string(after) != string(before) {
			t.Errorf("%s was changed", example.Name)
		}
	}
}

// restore puts what stood at the pointer back.
func restore(changed, original any, pointer string) any {
	if was, there := openapi.Lookup(original, pointer); there {
		return openapi.Set(changed, pointer, was)
	}
	return openapi.Remove(changed, pointer)
}

// normal writes embedded JSON in one way: Set writes it anew.
func normal(value any) any {
	return openapi.Set(value, "/data_connector/source_info#/x", "x")
}

func TestVariationsAreTheSameEachTime(t *testing.T) {
	op := builtin(t).Operation("createDataConnector")
	content := op.RequestBody.Content[0]
	first := content.Schema.Variations(content.Examples[0].Value)
	if second := content.Schema.Variations(content.Examples[0].Value); !reflect.DeepEqual(first, second) {
		t.Error("another list the second time")
	}
}

func TestRulesOfTheDocument(t *testing.T) {
	op := builtin(t).Operation("createDataConnector")
	content := op.RequestBody.Content[0]
	all, judging := content.Schema.Rules(), content.Schema.Judging(content.Examples[0].Value)
	for _, rule := range judging {
		if !slices.Contains(all, rule) {
			t.Errorf("%s judges and is not listed", rule)
		}
	}
	for _, rule := range all {
		chosen := slices.Contains(judging, rule)
		if strings.HasPrefix(rule.Document, "source_info/") && chosen != strings.Contains(rule.Document, "RDS_MYSQL") {
			t.Errorf("%s: judges %t", rule, chosen)
		}
	}
}

func TestSetAndRemove(t *testing.T) {
	root := decoded(t, `{"a": {"b": [1, 2]}, "t": "{\"x\":{\"y\":1}}"}`)
	for _, row := range []struct {
		name string
		got  any
		want string
	}{
		{"a member", openapi.Set(root, "/a/c", "new"), `{"a":{"b":[1,2],"c":"new"},"t":"{\"x\":{\"y\":1}}"}`},
		{"an item", openapi.Set(root, "/a/b/1", "new"), `{"a":{"b":[1,"new"]},"t":"{\"x\":{\"y\":1}}"}`},
		{"behind the end", openapi.Set(root, "/a/b/7", "new"), `{"a":{"b":[1,2]},"t":"{\"x\":{\"y\":1}}"}`},
		{"inside embedded JSON", openapi.Set(root, "/t#/x/y", "new"), `{"a":{"b":[1,2]},"t":"{\"x\":{\"y\":\"new\"}}"}`},
		{"the whole of it", openapi.Set(root, "/t#", "new"), `{"a":{"b":[1,2]},"t":"\"new\""}`},
		{"the root", openapi.Set(root, "", "new"), `"new"`},
		{"remove a member", openapi.Remove(root, "/a/b"), `{"a":{},"t":"{\"x\":{\"y\":1}}"}`},
		{"remove an item", openapi.Remove(root, "/a/b/0"), `{"a":{"b":[2]},"t":"{\"x\":{\"y\":1}}"}`},
		{"remove inside embedded JSON", openapi.Remove(root, "/t#/x/y"), `{"a":{"b":[1,2]},"t":"{\"x\":{}}"}`},
		{"remove what is not there", openapi.Remove(root, "/a/z"), `{"a":{"b":[1,2]},"t":"{\"x\":{\"y\":1}}"}`},
		{"what is no embedded JSON", openapi.Set(decoded(t, `{"t":"no"}`), "/t#/x", "new"), `{"t":"no"}`},
	} {
		if got, err := json.Marshal(row.got); err != nil || string(got) != row.want {
			t.Errorf("%s: %s, wanted %s", row.name, got, row.want)
		}
	}
	if got, _ := json.Marshal(root); string(got) != `{"a":{"b":[1,2]},"t":"{\"x\":{\"y\":1}}"}` {
		t.Errorf("the value was changed: %s", got)
	}
}

func TestParameterTexts(t *testing.T) {
	for _, row := range []struct {
		parameter string
		value     string
		want      []string
	}{
		{`{name: a, in: query, schema: {type: integer}}`, `5`, []string{"5"}},
		{`{name: a, in: query, schema: {type: boolean}}`, `true`, []string{"true"}},
		{`{name: a, in: query, schema: {type: array}}`, `["x", 1]`, []string{"x", "1"}},
		{`{name: a, in: query, explode: false, schema: {type: array}}`, `["x", "y"]`, []string{"x,y"}},
		{`{name: a, in: header, schema: {type: array}}`, `["x", "y"]`, []string{"x,y"}},
		{`{name: a, in: query, schema: {type: array}}`, `[]`, nil},
		{`{name: a, in: query, schema: {type: array}}`, `["a,b"]`, nil},
		{`{name: a, in: query, schema: {type: object}}`, `{}`, nil},
		{`{name: a, in: query, schema: {}}`, `null`, nil},
		{`{name: a, in: query, content: {application/json: {schema: {}}}}`, `{"b":1}`, []string{`{"b":1}`}},
	} {
		document := "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {parameters: [" + row.parameter + "], responses: {'200': {description: ok}}}}}\n"
		file := filepath.Join(t.TempDir(), "api.yaml")
		if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		spec, err := openapi.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if texts, ok := spec.Operations()[0].Parameters[0].Texts(decoded(t, row.value)); ok != (row.want != nil) || ok && !slices.Equal(texts, row.want) {
			t.Errorf("%s of %s: %q, %t", row.value, row.parameter, texts, ok)
		}
	}
}

func FuzzVariations(f *testing.F) {
	schema := schemaOf(f, `{type: object, properties: {a: {type: string, minLength: 1, pattern: '^[a-z]+$'}, t: {type: string, contentMediaType: application/json, contentSchema: {type: object, properties: {n: {type: integer, minimum: 1}}}}, l: {type: array, items: {type: number, multipleOf: 2}, maxItems: 2}}}`)
	f.Add(`{"a":"x","t":"{\"n\":1}","l":[2]}`)
	f.Add(`{"a":"","t":"","l":[]}`)
	f.Add(`[null]`)
	f.Fuzz(func(t *testing.T, text string) {
		value, err := openapi.DecodeJSON([]byte(text))
		if err != nil || len(text) > 200 {
			return
		}
		for _, v := range schema.Variations(value) {
			schema.Validate(v.Of(value))
		}
	})
}
