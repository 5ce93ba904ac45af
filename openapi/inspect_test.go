package openapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

func TestInspectFindsProblems(t *testing.T) {
	for _, row := range []struct {
		why, schemas string
		want         []string // kind and pointer below the schema S
	}{
		{"nothing", "S: {type: object, required: [a], properties: {a: {type: string, format: date, default: 2024-01-01, example: 2024-02-03}}}", nil},
		{"bounds that exclude each other", "S: {type: integer, minimum: 5, maximum: 3}", []string{"contradiction /minimum"}},
		{"in a property that need not be there", "S: {type: object, properties: {a: {type: string, minLength: 2, maxLength: 1}}}", []string{"contradiction /properties/a/minLength"}},
		{"an enum of another type", "S: {type: integer, enum: [a, b]}", []string{"contradiction /enum"}},
		{"an enum with one value too much", "S: {type: string, maxLength: 2, enum: [a, abc]}", []string{"contradiction /enum"}},
		{"parts that exclude each other", "S: {allOf: [{type: object, required: [a], properties: {a: {type: string}}}, {properties: {a: {type: integer}}}]}", []string{"no-sample "}},
		{"a default", "S: {type: integer, maximum: 3, default: 4}", []string{"default /default"}},
		{"an example", "S: {type: object, required: [a], example: {b: 1}}", []string{"example /example"}},
		{"one of the examples", "S: {type: integer, examples: [1, two]}", []string{"example /examples/1"}},
		{"an example that only answers or requests may be", "S: {type: object, required: [id, pin], properties: {id: {type: string, readOnly: true}, pin: {type: string, writeOnly: true}}, examples: [{id: a}, {pin: b}]}", nil},
	} {
		t.Run(row.why, func(t *testing.T) {
			spec, err := openapi.Load(write(t, "a.yaml", bodyDocument("3.1.0", row.schemas)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range spec.Inspect().Problems {
				got = append(got, string(p.Kind)+" "+strings.TrimPrefix(p.Rule.Pointer, "/components/schemas/S"))
				if p.Words == "" || p.Rule.Line == 0 {
					t.Errorf("%+v has no words or no line", p)
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestInspectFindsTheRest(t *testing.T) {
	spec, err := openapi.Load(write(t, "a.yaml", `
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /x:
    post:
      operationId: op
      parameters: [{name: q, in: query, schema: {type: integer}, example: many}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/S'}, examples: {bad: {value: {a: x}}, good: {value: {a: bb}}}}}}
      responses: {'200': {description: ok}}
      callbacks: {done: {'{$request.body#/url}': {post: {responses: {'200': {description: ok}}}}}}
webhooks:
  moved: {post: {responses: {'200': {description: ok}}}}
components:
  schemas:
    S: {type: object, required: [a], properties: {a: {type: string, pattern: '^(?!x)'}}}
    Left: {type: object}
`))
	if err != nil {
		t.Fatal(err)
	}
	found := spec.Inspect()
	for _, row := range []struct {
		what string
		list []openapi.Problem
		want []string
	}{
		{"problems", found.Problems, []string{"/paths/~1x/post/parameters/0/example", "/paths/~1x/post/requestBody/content/application~1json/examples/bad/value"}},
		{"backtracking", found.Backtracking, []string{"/components/schemas/S/properties/a/pattern"}},
		{"unused", found.Unused, []string{"/components/schemas/Left"}},
		{"unsupported", found.Unsupported, []string{"/paths/~1x/post/callbacks", "/webhooks"}},
	} {
		var got []string
		for _, p := range row.list {
			got = append(got, p.Rule.Pointer)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
	}
	if found.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %q", found.OpenAPI)
	}
}

// TestBuiltInDocumentIsSound: there is nothing to say against the document that comes with the package.
func TestBuiltInDocumentIsSound(t *testing.T) {
	found := shared(t).Inspect()
	for _, list := range [][]openapi.Problem{found.Problems, found.Backtracking, found.Unused, found.Unsupported} {
		for _, p := range list {
			t.Errorf("%s: %s", p.Rule, p.Words)
		}
	}
}
