package openapi_test

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// write puts files, given as name and text in turn, into a new directory and returns the path of the first.
func write(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, files[0])
}

func load(t testing.TB, files ...string) *openapi.Spec {
	t.Helper()
	spec, err := openapi.Load(write(t, files...))
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Compile(); err != nil {
		t.Fatal(err)
	}
	return spec
}

// bodyDocument is a document whose one operation takes and gives back a value of the schema S.
func bodyDocument(version, schemas string) string {
	return "openapi: " + version + `
info: {title: t, version: "1"}
paths:
  /x:
    post:
      operationId: op
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}
components:
  schemas:
` + indent(schemas, "    ")
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by) + "\n"
}

func jsonRequest(body string) openapi.Request {
	return openapi.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
}

func jsonResponse(body string) openapi.Response {
	return openapi.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
}

const pets = `
S:
  oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]
  discriminator: {propertyName: kind, mapping: {miau: '#/components/schemas/Cat', purr: Cat, wuff: '#/components/schemas/Dog'}}
Cat: {type: object, required: [kind, lives], properties: {kind: {type: string}, lives: {type: integer}}}
Dog: {type: object, required: [kind, bark], properties: {kind: {type: string}, bark: {type: string}}}`

func TestSchemasOfAnyDocument(t *testing.T) {
	for _, row := range []struct {
		why, version, schemas, body string
		request, response           []string // what is wrong with the body, sent and given back
	}{
		{"nullable", "3.0.3", "S: {type: string, nullable: true}", "null", nil, nil},
		{"not nullable", "3.0.3", "S: {type: string, nullable: false}", "null", []string{"body type"}, []string{"body type"}},
		{"nullable means nothing in 3.1", "3.1.0", "S: {type: string, nullable: true}", "null", []string{"body type"}, []string{"body type"}},
		{"a list of types", "3.1.0", "S: {type: [string, 'null']}", "null", nil, nil},
		{"exclusiveMinimum of 3.0, at the bound", "3.0.3", "S: {type: integer, minimum: 5, exclusiveMinimum: true}", "5",
			[]string{"body exclusiveMinimum"}, []string{"body exclusiveMinimum"}},
		{"exclusiveMinimum of 3.0, above", "3.0.3", "S: {type: integer, minimum: 5, exclusiveMinimum: true}", "6", nil, nil},
		{"exclusiveMinimum false of 3.0", "3.0.3", "S: {type: integer, minimum: 5, exclusiveMinimum: false}", "5", nil, nil},
		{"exclusiveMaximum of 3.0", "3.0.3", "S: {type: integer, maximum: 5, exclusiveMaximum: true}", "5", []string{"body exclusiveMaximum"}, []string{"body exclusiveMaximum"}},
		{"exclusiveMinimum of 3.1", "3.1.0", "S: {exclusiveMinimum: 5}", "5", []string{"body exclusiveMinimum"}, []string{"body exclusiveMinimum"}},
		{"beside $ref nothing counts in 3.0", "3.0.3", "S: {$ref: '#/components/schemas/T', maxLength: 1}\nT: {type: string}", `"ab"`, nil, nil},
		{"beside $ref everything counts in 3.1", "3.1.0", "S: {$ref: '#/components/schemas/T', maxLength: 1}\nT: {type: string}", `"ab"`,
			[]string{"body maxLength"}, []string{"body maxLength"}},
		{"a schema that contains itself", "3.1.0", "S: {type: object, properties: {s: {$ref: '#/components/schemas/S'}, n: {type: integer}}}", `{"s":{"s":{"n":"x"}}}`,
			[]string{"body /s/s/n type"}, []string{"body /s/s/n type"}},
		{"a boolean schema", "3.1.0", "S: {type: object, properties: {a: false, b: true}}", `{"a":1,"b":1}`, []string{"body /a not"}, []string{"body /a not"}},
		{"properties that are not described", "3.0.3", "S: {type: object, properties: {a: {}}, additionalProperties: false}", `{"a":1,"b":1}`,
			[]string{"body additionalProperties"}, []string{"body additionalProperties"}},
		{"dependentRequired", "3.1.0", "S: {type: object, dependentRequired: {a: [b]}}", `{"a":1}`, []string{"body dependentRequired"}, []string{"body dependentRequired"}},
		{"contains: no item in particular is wrong", "3.1.0", "S: {contains: {type: integer}}", `["x","y"]`, []string{"body contains"}, []string{"body contains"}},
		{"minContains", "3.1.0", "S: {contains: {type: integer}, minContains: 2}", `["x",1]`, []string{"body minContains"}, []string{"body minContains"}},
		{"keys that a URL escapes", "3.1.0", "S: {additionalProperties: {type: object, required: [x, y]}}", `{"ä %/#":{"x":1}}`, []string{"body /ä %~1#/y required"}, []string{"body /ä %~1#/y required"}},
		{"names that a pointer escapes", "3.1.0", "S: {type: object, properties: {a/b: {type: object, properties: {c~d: {type: string}}}}}", `{"a/b":{"c~d":1}}`,
			[]string{"body /a~1b/c~0d type"}, []string{"body /a~1b/c~0d type"}},

		{"discriminator, by mapping", "3.0.3", pets, `{"kind":"wuff"}`, []string{"body /bark required"}, []string{"body /bark required"}},
		{"discriminator, by the mapping's short name", "3.0.3", pets, `{"kind":"purr","lives":"x"}`, []string{"body /lives type"}, []string{"body /lives type"}},
		{"discriminator, sound", "3.1.0", pets, `{"kind":"miau","lives":9}`, nil, nil},
		{"discriminator, unknown", "3.1.0", pets, `{"kind":"moo"}`, []string{"body /kind discriminator"}, []string{"body /kind discriminator"}},
		{"discriminator missing", "3.1.0", pets, `{"lives":9}`, []string{"body /kind discriminator"}, []string{"body /kind discriminator"}},
		{"discriminator without mapping: the schemas' names", "3.0.3", strings.Replace(pets, ", mapping: {miau: '#/components/schemas/Cat', purr: Cat, wuff: '#/components/schemas/Dog'}", "", 1),
			`{"kind":"Dog","bark":1}`, []string{"body /bark type"}, []string{"body /bark type"}},
		{"oneOf: the branch that was plainly meant", "3.1.0", "S: {oneOf: [{type: string}, {type: object, required: [a]}]}", `{}`, []string{"body /a required"}, []string{"body /a required"}},
		{"oneOf: nobody knows which was meant", "3.1.0", "S: {oneOf: [{required: [a]}, {required: [b]}]}", `{}`, []string{"body oneOf"}, []string{"body oneOf"}},

		{"readOnly is not asked of a request", "3.0.3", "S: {type: object, required: [id, n], properties: {id: {type: string, readOnly: true}, n: {type: string}}}", "{}",
			[]string{"body /n required"}, []string{"body /id required", "body /n required"}},
		{"readOnly through $ref", "3.1.0", "S: {type: object, required: [id], properties: {id: {$ref: '#/components/schemas/Id'}}}\nId: {type: string, readOnly: true}", "{}",
			nil, []string{"body /id required"}},
		{"readOnly in one part of an allOf, required by another", "3.1.0", "S: {allOf: [{$ref: '#/components/schemas/Base'}, {required: [id, n]}]}\nBase: {type: object, properties: {id: {type: string, readOnly: true}}}", "{}",
			[]string{"body /n required"}, []string{"body /id required", "body /n required"}},
		{"readOnly in a part, required beside the allOf", "3.0.3", "S: {required: [id], allOf: [{type: object, properties: {id: {type: string, readOnly: true}}}]}", "{}",
			nil, []string{"body /id required"}},
		{"writeOnly is not given back", "3.0.3", "S: {type: object, required: [pw], properties: {pw: {type: string, writeOnly: true}}}", `{"pw":"` + canary + `"}`,
			nil, []string{"body /pw writeOnly"}},
		{"writeOnly is not required of an answer", "3.0.3", "S: {type: object, required: [pw], properties: {pw: {type: string, writeOnly: true}}}", `{}`,
			[]string{"body /pw required"}, nil},
		{"writeOnly through $ref", "3.1.0", "S: {type: object, properties: {pw: {$ref: '#/components/schemas/Secret'}}}\nSecret: {type: string, writeOnly: true}", `{"pw":"` + canary + `"}`,
			nil, []string{"body /pw writeOnly"}},
		{"writeOnly through allOf", "3.0.3", "S: {type: object, properties: {pw: {allOf: [{$ref: '#/components/schemas/Secret'}]}}}\nSecret: {type: string, writeOnly: true}", `{"pw":"` + canary + `"}`,
			nil, []string{"body /pw writeOnly"}},
		{"writeOnly beside $ref", "3.1.0", "S: {type: object, properties: {pw: {$ref: '#/components/schemas/T', writeOnly: true}}}\nT: {type: string}", `{"pw":"` + canary + `"}`,
			nil, []string{"body /pw writeOnly"}},

		{"int32", "3.0.3", "S: {type: integer, format: int32}", "2147483648", []string{"body format"}, []string{"body format"}},
		{"int32 at its least", "3.0.3", "S: {type: integer, format: int32}", "-2147483648", nil, nil},
		{"int64", "3.1.0", "S: {type: integer, format: int64}", "9223372036854775808", []string{"body format"}, []string{"body format"}},
		{"int64 at its most", "3.1.0", "S: {type: integer, format: int64}", "9223372036854775807", nil, nil},
		{"1.0 is an integer", "3.1.0", "S: {type: integer}", "1.0", nil, nil},
		{"uuid", "3.0.3", "S: {type: string, format: uuid}", `"x"`, []string{"body format"}, []string{"body format"}},
		{"date-time", "3.1.0", "S: {type: string, format: date-time}", `"2024-02-30T00:00:00Z"`, []string{"body format"}, []string{"body format"}},
		{"date-time, sound", "3.1.0", "S: {type: string, format: date-time}", `"2024-02-29T00:00:00Z"`, nil, nil},
		{"byte", "3.0.3", "S: {type: string, format: byte}", `"%"`, []string{"body format"}, []string{"body format"}},
		{"a format that nobody knows", "3.1.0", "S: {type: string, format: colour}", `"x"`, nil, nil},
		{"look-ahead", "3.0.3", "S: {type: string, pattern: '^(?=.*[0-9])[a-z0-9]+$'}", `"abc"`, []string{"body pattern"}, []string{"body pattern"}},
		{"look-ahead, sound", "3.1.0", "S: {type: string, pattern: '^(?=.*[0-9])[a-z0-9]+$'}", `"abc1"`, nil, nil},
		{"embedded JSON in base64", "3.1.0", "S: {type: string, contentEncoding: base64, contentMediaType: application/json, contentSchema: {type: array}}", `"e30="`,
			[]string{"body # type"}, []string{"body # type"}},
		{"embedded JSON in embedded JSON", "3.1.0", `S: {type: string, contentMediaType: application/json, contentSchema: {type: object, properties: {a: {type: string,
  contentMediaType: application/json, contentSchema: {type: object, properties: {b: {type: integer}}}}}}}`, quote(`{"a":"{\"b\":\"x\"}"}`),
			[]string{"body #/a#/b type"}, []string{"body #/a#/b type"}},
		{"embedded JSON without a schema", "3.1.0", "S: {type: string, contentMediaType: application/json}", `"{"`, []string{"body contentMediaType"}, []string{"body contentMediaType"}},
	} {
		t.Run(row.version+"/"+row.why, func(t *testing.T) {
			op := load(t, "a.yaml", bodyDocument(row.version, row.schemas)).Operation("op")
			wantBrief(t, op.ValidateRequest(jsonRequest(row.body)), row.request)
			wantBrief(t, op.ValidateResponse(jsonResponse(row.body)), row.response)
		})
	}
}

// The properties that are not described are named in a fixed order.
func TestPropertiesNotDescribedAreSorted(t *testing.T) {
	op := load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: object, additionalProperties: false}")).Operation("op")
	for range 50 {
		if got := op.ValidateRequest(jsonRequest(`{"c":1,"a":1,"b":1}`)).String(); got != "body: has properties that are not described ('a', 'b', 'c')" {
			t.Fatal(got)
		}
	}
}

// within fails the test when f takes longer than any sound implementation would, on a machine that has much else to do.
func within(t testing.TB, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

func TestCatastrophicPatternEnds(t *testing.T) {
	op := load(t, "a.yaml", bodyDocument("3.1.0", `S: {type: string, pattern: '^(?=(a+)+$)(a+)+$'}`)).Operation("op")
	within(t, func() {
		wantBrief(t, op.ValidateRequest(jsonRequest(quote(strings.Repeat("a", 50)+"!"))), []string{"body pattern"})
	})
}

func TestSecretNames(t *testing.T) {
	spec := load(t, "a.yaml", bodyDocument("3.1.0", `
S:
  type: object
  properties:
    pin: {type: string, writeOnly: true}
    pass: {type: string, format: password}
    token: {$ref: '#/components/schemas/Token'}
    plain: {type: string}
Token: {type: string, format: password}`))
	for name, want := range map[string]bool{"pin": true, "pass": true, "token": true, "plain": false, "S": false} {
		if spec.Secret(name) != want {
			t.Errorf("Secret(%q) is %v", name, !want)
		}
	}
	if !shared(t).Secret("password") || shared(t).Secret("db_name") {
		t.Error("the built-in document's secret is password")
	}
}

// external refers to a schema, an answer, headers and a parameter in files of their own.
var external = []string{"a.yaml", `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /x/{id}:
    parameters: [{$ref: 'parts/params.yaml#/Id'}]
    post:
      operationId: op
      requestBody: {content: {application/json: {schema: {$ref: parts/s.yaml}}}}
      responses:
        '200': {$ref: 'parts/answers.yaml#/Ok'}
`, "parts/params.yaml", `Id: {name: id, in: path, required: true, schema: {$ref: 'deep/id.json'}}
`, "parts/deep/id.json", `{"type": "string", "maxLength": 2}
`, "parts/s.yaml", `type: object
properties:
  id: {$ref: deep/id.json}
  value:
    type: object
    properties:
      inner: {$ref: 'deep/id.json'}
`, "parts/answers.yaml", `Ok:
  description: ok
  headers:
    x-lower: {$ref: 'headers.yaml#/Count'}
  content: {application/json: {schema: {$ref: s.yaml}}}
`, "parts/headers.yaml", `Count: {required: true, schema: {type: integer}}
`}

func TestReferencesToOtherFiles(t *testing.T) {
	op := load(t, external...).Operation("op")
	r := jsonRequest(`{"id":"long","value":{"inner":"long"}}`)
	r.Path = map[string]string{"id": "long"}
	vs := op.ValidateRequest(r)
	wantBrief(t, vs, []string{"body /id maxLength", "body /value/inner maxLength", "path id maxLength"})
	if rule := vs[0].Rule.String(); rule != "parts/deep/id.json:1 #/maxLength" {
		t.Errorf("rule %s", rule)
	}
	wantBrief(t, op.ValidateResponse(jsonResponse(`{"id":"long"}`)), []string{"body /id maxLength", "header x-lower required"})
}

func TestDocumentsThatAreRefused(t *testing.T) {
	ref := func(ref string) []string { return []string{"a.yaml", bodyDocument("3.1.0", "S: {$ref: '"+ref+"'}")} }
	laughs := "openapi: 3.1.0\na: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		p := "*" + string(c-1)
		laughs += string(c) + ": &" + string(c) + " [" + strings.Repeat(p+",", 9) + p + "]\n"
	}
	for _, row := range []struct {
		why   string
		files []string
		want  string // what the error says
	}{
		{"a reference out of the directory", ref("../secret.yaml"), `a.yaml:12: $ref "../secret.yaml" leaves the document's directory`},
		{"a reference out and in again", ref("x/../../a.yaml"), `a.yaml:12: $ref "x/../../a.yaml" leaves the document's directory`},
		{"an absolute reference", ref("/etc/passwd"), `a.yaml:12: $ref "/etc/passwd" leaves the document's directory`},
		{"a reference to the network", ref("http://example.com/s.yaml"), `a.yaml:12: $ref "http://example.com/s.yaml" goes to the network`},
		{"a reference to a file URL", ref("file:///etc/passwd"), `a.yaml:12: $ref "file:///etc/passwd" goes to the network`},
		{"a reference to another host", ref("//example.com/s.yaml"), `a.yaml:12: $ref "//example.com/s.yaml" goes to the network`},
		{"a file that is not there", ref("none.yaml"), `a.yaml:12: none.yaml cannot be read: no such file or directory`},
		{"a directory", append(ref("d"), "d/x", ""), `a.yaml:12: d cannot be read: is a directory`},
		{"a reference that leads nowhere", ref("#/components/schemas/None"), `None`},
		{"answers that refer to each other", []string{"a.yaml", `openapi: 3.1.0
info: {title: t, version: "1"}
paths: {/x: {get: {responses: {'200': {$ref: '#/components/responses/A'}}}}}
components: {responses: {A: {$ref: '#/components/responses/B'}, B: {$ref: '#/components/responses/A'}}}
`}, "a.yaml"},
		{"schemas that refer to each other", []string{"a.yaml", bodyDocument("3.1.0", "S: {$ref: '#/components/schemas/T'}\nT: {$ref: '#/components/schemas/S'}")}, "a.yaml"},
		{"a key twice", []string{"a.yaml", "openapi: 3.1.0\ninfo: {}\ninfo: {}\n"}, `a.yaml:3: key "info" occurs twice`},
		{"a key twice, as JSON", []string{"a.json", "{\"openapi\": \"3.1.0\",\n\"info\": {\"a\": 1, \"a\": 2}}"}, `a.json:2: key "a" occurs twice`},
		{"a key twice in a file that is referred to", append(ref("b.yaml"), "b.yaml", "type: string\n\ntype: string\n"), `b.yaml:3: key "type" occurs twice`},
		{"aliases that multiply", []string{"a.yaml", laughs}, "values once its aliases are expanded"},
		{"an alias that contains itself", []string{"a.yaml", "openapi: 3.1.0\na: &a {b: *a}\n"}, "a.yaml:2: alias *a contains itself"},
		{"invalid YAML", []string{"a.yaml", "openapi: 3.1.0\ninfo:\n\ttitle: t\n"}, "a.yaml:3: "},
		{"an unknown alias", []string{"a.yaml", "openapi: *x\n"}, "a.yaml"},
		{"an empty file", []string{"a.yaml", ""}, "a.yaml: is not a YAML or JSON object"},
		{"a list", []string{"a.yaml", "[]"}, "a.yaml: is not a YAML or JSON object"},
		{"a key that is no string", []string{"a.yaml", "openapi: 3.1.0\n? [a]\n: b\n"}, "a.yaml:2: a key is not a string"},
		{"no OpenAPI document", []string{"a.yaml", "a: b\n"}, `a.yaml:1: openapi is "": only Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2 can be used`},
		{"Swagger before 2.0", []string{"a.yaml", "swaggerVersion: '1.2'\n"}, "only Swagger 2.0"},
		{"Swagger without info", []string{"a.yaml", "swagger: '2.0'\n"}, "a.yaml:1: is not a valid OpenAPI document: invalid info"},
		{"a version that is not known", []string{"a.yaml", "info: {}\nopenapi: 4.0.0\n"}, `a.yaml:2: openapi is "4.0.0"`},
		{"no info", []string{"a.yaml", "openapi: 3.1.0\npaths: {}\n"}, "a.yaml:1: is not a valid OpenAPI document: invalid info"},
		{"two documents", []string{"a.yaml", "openapi: 3.1.0\n---\nopenapi: 3.1.0\n"}, "a.yaml:2: a second document follows the first"},
		{"invalid UTF-8", []string{"a.yaml", "openapi: 3.1.0\ninfo: {title: \"\xff\"}\n"}, "a.yaml"},
		{"a key that is not UTF-8", []string{"a.yaml", `{"openapi": "3.1.0", !!binary "/w==": 1}`}, "a.yaml"},
		{"a null document", []string{"a.yaml", "null"}, "a.yaml: is not a YAML or JSON object"},
		{"comments only", []string{"a.yaml", "# nothing\n"}, "a.yaml: is not a YAML or JSON object"},
		{"nested as deeply as YAML goes", []string{"a.yaml", "openapi: 3.1.0\nx-deep: " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)}, "a.yaml:2: is nested deeper than 1000"},
		{"nested more deeply", []string{"a.yaml", "openapi: 3.1.0\nx-deep: " + strings.Repeat("[", 20_000)}, "depth"},
		{"nested deeply, as JSON", []string{"a.json", `{"openapi":"3.1.0","x-deep":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + "}"}, "a.json:1: is nested deeper than 1000"},
		{"mappings nested deeply", []string{"a.yaml", "openapi: 3.1.0\nx-deep: " + strings.Repeat("{a: ", 5_000) + strings.Repeat("}", 5_000)}, "a.yaml:2: is nested deeper than 1000"},
		{"much text, nested deeply", []string{"a.json", `{"openapi":"3.1.0","x-deep":` + strings.Repeat("[", 900) + `"` + strings.Repeat("x", 1<<20) + `"` + strings.Repeat("]", 900) + "}"}, "a.json:1: is nested too deeply for its size"},
		{"a file that is too large", []string{"a.yaml", "openapi: 3.1.0\n#" + strings.Repeat("x", 33<<20)}, "a.yaml: cannot be read: is larger than 32 MB"},
		{"a reference that leads nowhere, with its line", []string{"a.yaml", bodyDocument("3.0.3", "S: {type: object, properties: {a: {$ref: '#/components/schemas/T'}}}")}, `a.yaml:12: $ref "#/components/schemas/T" leads nowhere`},
		{"a reference to what is no schema", []string{"a.yaml", bodyDocument("3.0.3", "S: {$ref: '#/info/title'}")}, "a.yaml"},
		{"a path without a slash", []string{"a.yaml", "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /y: {}\n  x: {}\n"}, `a.yaml:5: is not a valid OpenAPI document: invalid paths: path "x" does not start with`},
		{"paths that mean the same", []string{"a.yaml", "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  '/x/{a}': {get: {responses: {'200': {description: ok}}}}\n  '/x/{b}': {get: {responses: {'200': {description: ok}}}}\n"},
			"a.yaml:5: is not a valid OpenAPI document: invalid paths: conflicting paths"},
		{"a parameter that is nowhere", []string{"a.yaml", "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    get:\n      parameters: [{name: a, in: body}]\n      responses: {}\n"}, "a.yaml:5: is not a valid OpenAPI document"},
		{"a type that is none", []string{"a.yaml", bodyDocument("3.0.3", "T: {}\nS: {type: text}")}, `a.yaml:13: is not a valid OpenAPI document: invalid components: schema "S"`},
		{"responses that are a list", []string{"a.yaml", "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    get: {responses: []}\n"}, "a.yaml:5: is not a valid OpenAPI document"},
		{"Swagger with a body and a form", []string{"a.yaml", "swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    post: {responses: [1]}\n"}, "a.yaml:5: is not a valid OpenAPI document"},
		{"a project that no path has", []string{"a.yaml", bodyDocument("3.1.0", "S: {}") + "x-counterpart:\n  project: tenant\n"}, `a.yaml:14: x-counterpart: project: no operation has a path parameter "tenant"`},
		{"a project that is no name", []string{"a.yaml", bodyDocument("3.1.0", "S: {}") + "x-counterpart:\n  project: [tenant]\n"}, `a.yaml:13: x-counterpart: `},
		{"an extension that is misspelt", []string{"a.yaml", bodyDocument("3.1.0", "S: {}") + "x-counterpart:\n  resource: {}\n"}, `a.yaml:13: x-counterpart: unknown field "resource"`},
		{"an extension that names no operation", []string{"a.yaml", bodyDocument("3.1.0", "S: {}") + "x-counterpart:\n  resources:\n    r: {create: nope}\n"},
			`a.yaml:15: x-counterpart: no operation has the id "nope"`},
	} {
		t.Run(row.why, func(t *testing.T) {
			file := write(t, row.files...)
			var err error
			within(t, func() { _, err = openapi.Load(file) })
			wantRefusal(t, err, row.want)
		})
	}
}

func wantRefusal(t *testing.T, err error, want string) {
	t.Helper()
	var refused *openapi.DocumentError
	if !errors.As(err, &refused) {
		t.Fatalf("want a DocumentError, got %v", err)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q\n says nothing of %q", err, want)
	}
	if strings.Contains(err.Error(), os.TempDir()) {
		t.Errorf("error shows the directory: %q", err)
	}
}

// Components that refer to each other without end are refused, whatever they are.
func TestComponentsThatReferToEachOther(t *testing.T) {
	for section, use := range map[string]string{
		"schemas":         "responses: {'200': {description: ok, content: {a/b: {schema: {$ref: '#/components/schemas/A'}}}}}",
		"parameters":      "parameters: [{$ref: '#/components/parameters/A'}]\n      responses: {}",
		"responses":       "responses: {'200': {$ref: '#/components/responses/A'}}",
		"headers":         "responses: {'200': {description: ok, headers: {H: {$ref: '#/components/headers/A'}}}}",
		"requestBodies":   "requestBody: {$ref: '#/components/requestBodies/A'}\n      responses: {}",
		"examples":        "responses: {'200': {description: ok, content: {a/b: {examples: {x: {$ref: '#/components/examples/A'}}}}}}",
		"links":           "responses: {'200': {description: ok, links: {x: {$ref: '#/components/links/A'}}}}",
		"callbacks":       "callbacks: {x: {$ref: '#/components/callbacks/A'}}\n      responses: {}",
		"securitySchemes": "security: [{A: []}]\n      responses: {}",
	} {
		t.Run(section, func(t *testing.T) {
			file := write(t, "a.yaml", "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    post:\n      operationId: op\n      "+use+
				"\ncomponents:\n  "+section+":\n    A: {$ref: '#/components/"+section+"/B'}\n    B: {$ref: '#/components/"+section+"/A'}\n")
			within(t, func() {
				_, err := openapi.Load(file)
				wantRefusal(t, err, "a.yaml:")
			})
		})
	}
}

// Byte order marks, carriage returns and lines of three dashes do no harm.
func TestDocumentsOfOtherEditors(t *testing.T) {
	text := bodyDocument("3.1.0", "S: {type: integer}")
	for _, text := range []string{"\ufeff" + text, strings.ReplaceAll(text, "\n", "\r\n"), "---\n" + text + "...\n", "---\n" + text + "---\n"} {
		wantBrief(t, load(t, "a.yaml", text).Operation("op").ValidateRequest(jsonRequest(`"x"`)), []string{"body type"})
	}
	json := document(t, load(t, "a.yaml", text), openapi.DocumentOptions{JSON: true})
	wantBrief(t, load(t, "a.json", "\ufeff"+string(json)).Operation("op").ValidateRequest(jsonRequest(`"x"`)), []string{"body type"})
}

// A link out of the directory is no way around the rule.
func TestSymbolicLinkOutIsRefused(t *testing.T) {
	secret := write(t, "secret.yaml", "type: string\n")
	file := write(t, "a.yaml", bodyDocument("3.1.0", "S: {$ref: link.yaml}"))
	if err := os.Symlink(secret, filepath.Join(filepath.Dir(file), "link.yaml")); err != nil {
		t.Skip("no symbolic links here")
	}
	_, err := openapi.Load(file)
	wantRefusal(t, err, "a.yaml:12: link.yaml cannot be read")
}

func TestUnreadableDocument(t *testing.T) {
	for _, name := range []string{"none.yaml", "none/none.yaml", "."} {
		_, err := openapi.Load(filepath.Join(filepath.Dir(write(t, "x", "")), name))
		var refused *openapi.DocumentError
		if !errors.As(err, &refused) || refused.Err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A schema that cannot be compiled is found by Compile, and by a message that needs it: never silently passed.
func TestSchemaThatCannotBeCompiled(t *testing.T) {
	spec, err := openapi.Load(write(t, "a.yaml", bodyDocument("3.1.0", "S: {type: string, pattern: '('}")))
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, spec.Compile(), "cannot be used")
	wantBrief(t, spec.Operation("op").ValidateRequest(jsonRequest(`"x"`)), []string{"body schema"})
}

func TestYAMLAnchorsAndMergeKeys(t *testing.T) {
	op := load(t, "a.yaml", bodyDocument("3.1.0", `
Base: &base {type: string, maxLength: 1}
S: {<<: *base, maxLength: 2}
Copy: *base`)).Operation("op")
	wantBrief(t, op.ValidateRequest(jsonRequest(`"ab"`)), nil)
	wantBrief(t, op.ValidateRequest(jsonRequest(`"abc"`)), []string{"body maxLength"})
}

// sent is a request as a client writes it: path, query, headers.
func sent(t *testing.T, spec *openapi.Spec, target string, header ...string) (*openapi.Operation, openapi.Request) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	op, values, err := spec.Find("GET", u.EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	r := openapi.Request{Path: values, Query: u.Query(), Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return op, r
}

const (
	integers = "{type: array, items: {type: integer}}"
	point    = "{type: object, required: [x], properties: {x: {type: integer}, y: {type: boolean}}}"
)

func TestStyledParameters(t *testing.T) {
	for _, row := range []struct {
		why, parameter string
		sound, broken  []string // target, then header and value in turn
		want           []string
	}{
		{"form, exploded, is the default of a query", "{name: p, in: query, schema: " + integers + "}", []string{"/x?p=1&p=2"}, []string{"/x?p=1&p=b"}, []string{"query p /1 type"}},
		{"form, not exploded", "{name: p, in: query, explode: false, schema: " + integers + "}", []string{"/x?p=1,2"}, []string{"/x?p=1,b"}, []string{"query p /1 type"}},
		{"form, an object, exploded", "{name: p, in: query, schema: " + point + "}", []string{"/x?x=1&y=true"}, []string{"/x?x=1&y=2"}, []string{"query p /y type"}},
		{"form, an object, not exploded", "{name: p, in: query, explode: false, schema: " + point + "}", []string{"/x?p=x,1,y,true"}, []string{"/x?p=y,true"}, []string{"query p /x required"}},
		{"spaceDelimited", "{name: p, in: query, style: spaceDelimited, explode: false, schema: " + integers + "}", []string{"/x?p=1%202"}, []string{"/x?p=1%20b"}, []string{"query p /1 type"}},
		{"pipeDelimited", "{name: p, in: query, style: pipeDelimited, explode: false, schema: " + integers + "}", []string{"/x?p=1|2"}, []string{"/x?p=b|2"}, []string{"query p /0 type"}},
		{"pipeDelimited, exploded", "{name: p, in: query, style: pipeDelimited, explode: true, schema: " + integers + "}", []string{"/x?p=1&p=2"}, []string{"/x?p=1&p=b"}, []string{"query p /1 type"}},
		{"deepObject", "{name: p, in: query, style: deepObject, explode: true, schema: " + point + "}", []string{"/x?p[x]=1&p[y]=true"}, []string{"/x?p[y]=1"},
			[]string{"query p /x required", "query p /y type"}},
		{"deepObject, required", "{name: p, in: query, required: true, style: deepObject, schema: " + point + "}", []string{"/x?p[x]=1"}, []string{"/x?p=1"}, []string{"query p required"}},
		{"a number", "{name: p, in: query, schema: {type: number, maximum: 2}}", []string{"/x?p=1.5e0"}, []string{"/x?p=3"}, []string{"query p maximum"}},
		{"a number or a word", "{name: p, in: query, schema: {oneOf: [{type: integer}, {type: string, enum: [all]}]}}", []string{"/x?p=all"}, []string{"/x?p=some"}, []string{"query p oneOf"}},
		{"digits are a string where one is asked for", "{name: p, in: query, schema: {type: string, maxLength: 2}}", []string{"/x?p=12"}, []string{"/x?p=123"}, []string{"query p maxLength"}},
		{"null where it is allowed", "{name: p, in: query, schema: {type: [integer, 'null']}}", []string{"/x?p=null"}, []string{"/x?p=nil"}, []string{"query p type"}},
		{"JSON text", "{name: p, in: query, content: {application/json: {schema: " + point + "}}}", []string{`/x?p={"x":1}`}, []string{`/x?p={"x":"1"}`}, []string{"query p /x type"}},
		{"JSON text that is none", "{name: p, in: query, content: {application/json: {schema: " + point + "}}}", []string{`/x?p={"x":1}`}, []string{"/x?p={"}, []string{"query p syntax"}},
		{"not sent", "{name: p, in: query, required: true, schema: {type: string}}", []string{"/x?p="}, []string{"/x?q="}, []string{"query p required"}},

		{"header", "{name: x-p, in: header, required: true, schema: {type: integer}}", []string{"/x", "X-P", "1"}, []string{"/x", "X-P", "b"}, []string{"header x-p type"}},
		{"header with a list", "{name: X-P, in: header, schema: " + integers + "}", []string{"/x", "X-P", "1,2"}, []string{"/x", "X-P", "1", "X-P", "b"}, []string{"header X-P /1 type"}},
		{"header with an object", "{name: X-P, in: header, explode: true, schema: " + point + "}", []string{"/x", "X-P", "x=1,y=true"}, []string{"/x", "X-P", "x=b"}, []string{"header X-P /x type"}},
		{"header missing", "{name: X-P, in: header, required: true, schema: {type: string}}", []string{"/x", "X-P", ""}, []string{"/x"}, []string{"header X-P required"}},
		{"cookie", "{name: p, in: cookie, required: true, schema: {type: integer}}", []string{"/x", "Cookie", "q=2; p=1"}, []string{"/x", "Cookie", "p=b"}, []string{"cookie p type"}},
		{"cookie missing", "{name: p, in: cookie, required: true, schema: {type: integer}}", []string{"/x", "Cookie", "p=1"}, []string{"/x", "Cookie", "q=1"}, []string{"cookie p required"}},
	} {
		t.Run(row.why, func(t *testing.T) { wantParameter(t, "/x", row.parameter, row.sound, row.broken, row.want) })
	}
}

func TestStyledPathParameters(t *testing.T) {
	for _, row := range []struct {
		why, style, schema, sound, broken string
		want                              []string
	}{
		{"simple", "simple", "{type: integer}", "/x/1", "/x/b", []string{"path p type"}},
		{"simple, a list", "simple", integers, "/x/1,2", "/x/1,b", []string{"path p /1 type"}},
		{"simple, an object", "simple", point, "/x/x,1,y,true", "/x/y,true", []string{"path p /x required"}},
		{"simple, an object, exploded", "simple, explode: true", point, "/x/x=1,y=true", "/x/x=b", []string{"path p /x type"}},
		{"label", "label", "{type: integer}", "/x/.1", "/x/.b", []string{"path p type"}},
		{"label, a list, exploded", "label, explode: true", integers, "/x/.1.2", "/x/.1.b", []string{"path p /1 type"}},
		{"label, an object, exploded", "label, explode: true", point, "/x/.x=1.y=true", "/x/.x=b", []string{"path p /x type"}},
		{"matrix", "matrix", "{type: integer}", "/x/;p=1", "/x/;p=b", []string{"path p type"}},
		{"matrix, a list", "matrix", integers, "/x/;p=1,2", "/x/;p=1,b", []string{"path p /1 type"}},
		{"matrix, a list, exploded", "matrix, explode: true", integers, "/x/;p=1;p=2", "/x/;p=1;p=b", []string{"path p /1 type"}},
		{"matrix, an object", "matrix", point, "/x/;p=x,1,y,true", "/x/;p=x,b", []string{"path p /x type"}},
		{"matrix, an object, exploded", "matrix, explode: true", point, "/x/;x=1;y=true", "/x/;x=b", []string{"path p /x type"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			parameter := "{name: p, in: path, required: true, style: " + row.style + ", schema: " + row.schema + "}"
			wantParameter(t, "/x/{p}", parameter, []string{row.sound}, []string{row.broken}, row.want)
		})
	}
}

// wantParameter judges two requests of an operation with one parameter: the first is sound, the second is broken so.
func wantParameter(t *testing.T, path, parameter string, sound, broken, want []string) {
	t.Helper()
	spec := load(t, "a.yaml", "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  "+path+
		":\n    get:\n      parameters: ["+parameter+"]\n      responses: {'200': {description: ok}}\n")
	op, r := sent(t, spec, sound[0], sound[1:]...)
	wantBrief(t, op.ValidateRequest(r), nil)
	op, r = sent(t, spec, broken[0], broken[1:]...)
	wantBrief(t, op.ValidateRequest(r), want)
}

func TestBodiesThatAreNotJSON(t *testing.T) {
	op := load(t, "a.yaml", `openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /x:
    post:
      operationId: op
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, required: [a], properties: {a: {type: integer}, b: {type: array, items: {type: string, maxLength: 1}}, c: {type: boolean}}}
          text/*: {schema: {type: string, maxLength: 2}}
          application/vnd.x+json: {schema: {type: integer}}
          image/png: {schema: {type: string, format: binary}}
      responses: {default: {description: any}}
`).Operation("op")
	for _, row := range []struct {
		why, media, body string
		want             []string
	}{
		{"form", "application/x-www-form-urlencoded", "a=1&b=x&b=y&c=true", nil},
		{"form, broken", "application/x-www-form-urlencoded", "b=x&b=yy&c=1", []string{"body /a required", "body /b/1 maxLength", "body /c type"}},
		{"form, malformed", "application/x-www-form-urlencoded", "a=%zz", []string{"body syntax"}},
		{"text", "text/plain; charset=utf-8", "ab", nil},
		{"text, too long", "text/plain", "abc", []string{"body maxLength"}},
		{"a relative of JSON", "application/vnd.x+json", `"a"`, []string{"body type"}},
		{"bytes are not judged", "image/png", "\x89PNG", nil},
		{"another", "image/gif", "GIF", []string{"header Content-Type content"}},
		{"an optional body", "", "", nil},
	} {
		t.Run(row.why, func(t *testing.T) {
			r := openapi.Request{Header: http.Header{"Content-Type": {row.media}}, Body: []byte(row.body)}
			wantBrief(t, op.ValidateRequest(r), row.want)
		})
	}
}

const statuses = `openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /x:
    get:
      operationId: get
      responses:
        '200': {description: a, content: {application/json: {schema: {type: integer}}}}
        2XX: {description: b, content: {application/json: {schema: {type: string}}}}
        default: {description: c, content: {application/json: {schema: {type: boolean}}}}
    head:
      operationId: head
      responses:
        '200': {description: a, content: {application/json: {schema: {type: integer}}}}
`

func TestWhichAnswerAStatusMeans(t *testing.T) {
	op := load(t, "a.yaml", statuses).Operation("get")
	for status, sound := range map[int]string{200: "1", 201: `"x"`, 299: `"x"`, 404: "true", 500: "true"} {
		for _, body := range []string{"1", `"x"`, "true"} {
			r := jsonResponse(body)
			r.Status = status
			if broken := len(op.ValidateResponse(r)) > 0; broken != (body != sound) {
				t.Errorf("status %d with %s: broken is %v", status, body, broken)
			}
		}
	}
	if status, answer := op.Success(); status != 200 || answer.Status != "200" {
		t.Errorf("the success is %d %v", status, answer)
	}
}

// An answer to HEAD has no body, whatever GET would have sent (RFC 9110, section 9.3.2).
func TestAnswerToHead(t *testing.T) {
	op := load(t, "a.yaml", statuses).Operation("head")
	wantBrief(t, op.ValidateResponse(jsonResponse("")), nil)
}

func TestServersGiveBasePaths(t *testing.T) {
	spec := load(t, "a.yaml", `openapi: 3.1.0
info: {title: t, version: "1"}
servers:
  - {url: 'https://{host}.example.com/{stage}/v1/', variables: {host: {default: a}, stage: {default: prod}}}
  - {url: /other}
paths:
  /x: {get: {operationId: x, responses: {'200': {description: ok}}}}
  /y:
    servers: [{url: 'http://example.com'}]
    get: {operationId: y, responses: {'200': {description: ok}}}
    put:
      servers: [{url: 'http://example.com/own'}]
      operationId: z
      responses: {'200': {description: ok}}
`)
	for request, want := range map[string]string{"GET /prod/v1/x": "x", "GET /other/x": "x", "GET /x": "", "GET /y": "y", "PUT /own/y": "z", "GET /prod/v1/y": ""} {
		method, path, _ := strings.Cut(request, " ")
		op, _, err := spec.Find(method, path)
		if got := ""; err == nil {
			if got = op.ID; got != want {
				t.Errorf("%s is %q", request, got)
			}
		} else if want != "" {
			t.Errorf("%s: %v", request, err)
		}
	}
	if base := spec.Operation("x").Base; base != "/prod/v1" {
		t.Errorf("base %q", base)
	}
}

// Parameters of a path hold for its operations; the operation's own wins.
func TestParametersOfThePath(t *testing.T) {
	op := load(t, "a.yaml", `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /x:
    parameters:
      - {name: a, in: query, schema: {type: integer, default: 1}}
      - {name: b, in: query, schema: {type: integer}}
    get:
      parameters: [{name: a, in: query, schema: {type: boolean, default: true}}, {name: a, in: header, schema: {type: string}}]
      responses: {'200': {description: ok}}
`).Operation("GET /x")
	var names []string
	for _, p := range op.Parameters {
		names = append(names, string(p.In)+" "+p.Name)
	}
	if want := []string{"query a", "query b", "header a"}; !slices.Equal(names, want) {
		t.Errorf("parameters %q", names)
	}
	wantBrief(t, op.ValidateRequest(openapi.Request{Query: url.Values{"a": {"1"}, "b": {"x"}}}), []string{"query a type", "query b type"})
	if value, ok := op.Parameters[0].Default(); value != true || !ok {
		t.Errorf("default %v", value)
	}
	if _, ok := op.Parameters[1].Default(); ok {
		t.Error("b has no default")
	}
}

// One operation may be a resource's create and its update.
func TestResourceWithOneOperationForTwo(t *testing.T) {
	spec := load(t, "a.yaml", bodyDocument("3.1.0", "S: {}")+"x-counterpart: {resources: {r: {create: op, update: op}}}\n")
	for range 20 {
		if r := spec.Resources()[0]; r.Create == nil || r.Update == nil || r.List != nil || r.Delete != nil {
			t.Fatalf("resource %+v", r)
		}
	}
}

func TestRefusals(t *testing.T) {
	op := shared(t).Operation("createDataConnector")
	for _, row := range []struct{ why, body, code string }{
		{"the name", create("connector_name", ""), "12000002"},
		{"inside source_info", info("password", ""), "MRS.0010"},
		{"source_info itself", create("source_info", ""), "MRS.0010"},
		{"an unknown type", create("source_type", `"x"`), "MRS.0010"},
		{"no type", create("source_type", ""), "12000002"},
		{"no body", "", "12000002"},
	} {
		refusal, ok := shared(t).Refusal(openapi.Invalid, op.ValidateRequest(createRequest(row.body)))
		if !ok || refusal.Body["error_code"] != row.code {
			t.Errorf("%s: %v %v", row.why, ok, refusal.Body)
		}
	}
	if _, ok := load(t, "a.yaml", bodyDocument("3.1.0", "S: {}")).Refusal(openapi.Invalid, nil); ok {
		t.Error("a document without the extension has no refusals")
	}
}

func TestProjectParameter(t *testing.T) {
	builtin, err := openapi.Default()
	if err != nil {
		t.Fatal(err)
	}
	shop := load(t, "a.yaml", paths("GET /shops/{shop}/pets; ; 200 Pets")+"x-counterpart: {project: shop}\n")
	silent := load(t, "a.yaml", paths("GET /shops/{shop}/pets; ; 200 Pets"))
	for spec, want := range map[*openapi.Spec]string{builtin: "project_id", shop: "shop", silent: ""} {
		if got := spec.ProjectParameter(); got != want {
			t.Errorf("the project parameter is %q, not %q", got, want)
		}
	}
}
