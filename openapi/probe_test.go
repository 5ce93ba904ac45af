package openapi_test

import (
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

func TestProbe(t *testing.T) {
	op := load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: object, additionalProperties: {type: object, required: [x, y]}}")).Operation("op")
	t.Log(op.ValidateRequest(jsonRequest(`{"a#b":{"x":1}}`)))
	spec := load(t, "a.yaml", "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/x: {get: {parameters: [{name: limit, in: query, schema: {type: integer}}], responses: {'200': {description: ok}}}}}\n")
	o, r := sent(t, spec, "/x?limit=1&limit=x")
	t.Log(o.ValidateRequest(r))
	op = load(t, "a.yaml", bodyDocument("3.0.3", "S: {type: object, properties: {pw: {allOf: [{$ref: '#/components/schemas/P'}]}}}\nP: {type: string, writeOnly: true}")).Operation("op")
	t.Log("allOf writeOnly:", op.ValidateResponse(jsonResponse(`{"pw":"x"}`)))
	op = load(t, "a.yaml", bodyDocument("3.0.3", "S: {allOf: [{type: object, required: [id]}, {type: object, properties: {id: {type: string, readOnly: true}}}]}")).Operation("op")
	t.Log("allOf readOnly:", op.ValidateRequest(jsonRequest(`{}`)))
	op = load(t, "a.yaml", bodyDocument("3.0.3", "S: {type: object, properties: {pw: {$ref: '#/components/schemas/P'}}}\nP: {type: string, writeOnly: true}")).Operation("op")
	t.Log("own:", op.ValidateResponse(jsonResponse(`{"pw":"x"}`)))
	op = load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: object, additionalProperties: false, properties: {a: {}}}")).Operation("op")
	t.Log("additional:", op.ValidateRequest(jsonRequest(`{"`+canary+`":1, "b/c":2}`)))
	op = load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: object, unevaluatedProperties: false, properties: {a: {}}}")).Operation("op")
	t.Log("unevaluated:", op.ValidateRequest(jsonRequest(`{"`+canary+`":1, "b/c":2}`)))
	op = load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: object, dependentRequired: {a: [b]}, propertyNames: {maxLength: 2}, patternProperties: {'^z': {type: integer}}}")).Operation("op")
	t.Log("dep:", op.ValidateRequest(jsonRequest(`{"a":1,"`+canary+`":1,"z":"x"}`)))
	op = load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: array, contains: {type: integer}, items: false}")).Operation("op")
	t.Log("contains:", op.ValidateRequest(jsonRequest(`["x"]`)))
	op = load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: array, uniqueItems: true, prefixItems: [{const: 1}], contains: {const: x}, minContains: 2}")).Operation("op")
	t.Log("arr:", op.ValidateRequest(jsonRequest(`["x","x"]`)))
	ext, err := openapi.Load(write(t, "a.yaml", bodyDocument("3.0.3", "S: {oneOf: [{$ref: p/cat.yaml}, {$ref: p/dog.yaml}], discriminator: {propertyName: kind, mapping: {miau: p/cat.yaml, wuff: p/dog.yaml}}}"),
		"p/cat.yaml", "{type: object, required: [lives], properties: {kind: {type: string}, lives: {type: integer}}}\n", "p/dog.yaml", "{type: object, required: [bark], properties: {kind: {type: string}}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	t.Log("disc:", ext.Operation("op").ValidateRequest(jsonRequest(`{"kind":"miau"}`)))
	text := document(t, ext, openapi.DocumentOptions{})
	t.Log(string(text))
	again, err := openapi.Load(write(t, "a.yaml", string(text)))
	if err != nil {
		t.Fatal(err)
	}
	t.Log("disc again:", again.Operation("op").ValidateRequest(jsonRequest(`{"kind":"miau"}`)))
}
