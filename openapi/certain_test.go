package openapi_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

const places = `openapi: 3.1.0
info: {title: places, version: "1"}
paths:
  /:
    post:
      operationId: send
      requestBody:
        required: true
        content:
          application/json:
            schema:
              allOf: [{$ref: '#/components/schemas/Base'}]
              type: object
              required: [closed, list, text]
              oneOf:
                - {properties: {kind: {const: cat}}, additionalProperties: true}
                - {properties: {kind: {const: dog}}}
              properties:
                closed:
                  type: object
                  required: [name]
                  additionalProperties: false
                  properties:
                    name: {type: string, maxLength: 3}
                    id: {type: integer, readOnly: true}
                    spare: {type: [object, "null"]}
                patterned: {type: object, additionalProperties: false, patternProperties: {'^x-': {}}}
                map: {type: object, additionalProperties: {type: integer}}
                list: {type: array, items: {type: object, additionalProperties: false, properties: {a: {}}}}
                tuple: {type: array, prefixItems: [{type: string}], items: {type: integer}}
                text:
                  type: string
                  contentMediaType: application/json
                  contentSchema: {type: object, required: [n], properties: {n: {type: integer}}}
      responses: {'204': {description: done}}
components:
  schemas:
    Base: {required: [id], properties: {id: {type: integer, readOnly: true}, base: {type: boolean}}}
`

// What is not certain is not claimed: conditions, alternatives and patterns may allow anything.
func TestCertain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(file, []byte(places), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	schema := spec.Operation("send").RequestBody.Content[0].Schema
	for _, c := range []struct {
		pointer  string
		never    string
		required bool
		sound    string // "" where nothing is certain of the value
		broken   string
	}{
		{"", "", true, "", `[]`},
		{"/kind", "", false, `"dog"`, ""},
		{"/unknown/deep/er", "", false, `1`, ""},
		{"/base", "", false, `true`, `1`},
		{"/id", "", false, `1`, `"x"`}, // required, but not of requests: it is readOnly
		{"/closed", "", true, `{"name":"a"}`, `{"name":"long"}`},
		{"/closed/name", "", true, `"abc"`, `"abcd"`},
		{"/closed/id", "", false, `1`, `"x"`},
		{"/closed/names", "/closed has no property names; did you mean name?", false, "", ""},
		{"/closed/name/x", "/closed/name is never an object", false, "", ""},
		{"/closed/spare/x", "", false, `1`, ""},
		{"/patterned/x-1", "", false, `1`, ""},
		{"/map/any", "", false, `1`, `"x"`},
		{"/list/0", "", false, `{"a":1}`, `{"b":1}`},
		{"/list/0/b", "/list/0 has no property b; did you mean a?", false, "", ""},
		{"/list/b", "/list is never an object", false, "", ""},
		{"/tuple/0", "", false, `1`, ""},
		{"/text#", "", true, `{"n":1}`, `{}`},
		{"/text#/n", "", true, `1`, `"x"`},
		{"/closed#/n", "/closed is never a string that holds JSON", false, "", ""},
		{"/text/n", "/text is never an object", false, "", ""},
	} {
		known := schema.Certain(c.pointer)
		if known.Never != c.never || known.Required != c.required {
			t.Errorf("%s: %+v", c.pointer, known)
		}
		if c.sound != "" && !allow(t, known.Schemas, c.sound) {
			t.Errorf("%s: %s is refused", c.pointer, c.sound)
		}
		if c.broken != "" && allow(t, known.Schemas, c.broken) {
			t.Errorf("%s: %s is allowed", c.pointer, c.broken)
		}
	}
}

func allow(t *testing.T, schemas []*openapi.Schema, text string) bool {
	t.Helper()
	value, err := openapi.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range schemas {
		if len(s.Validate(value)) > 0 {
			return false
		}
	}
	return true
}

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"createItem", "listItems", "deleteItem"}
	for name, want := range map[string]string{
		"listItem": "; did you mean listItems?", "createitem": "; did you mean createItem?", "nothing": "", "": "", "delteItem": "; did you mean deleteItem?",
	} {
		if got := openapi.DidYouMean(name, known); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}
