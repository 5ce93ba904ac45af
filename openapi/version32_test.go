package openapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

const flights = `openapi: 3.2.0
$self: https://example.com/api.yaml
info: {title: flights, version: '1', summary: short}
servers: [{url: /v1, name: only}]
tags:
  - {name: flights, summary: Flights, kind: nav}
  - {name: domestic, parent: flights, kind: nav}
paths:
  /flights:
    query:
      operationId: search
      requestBody: {content: {application/json: {schema: {type: object, required: [to]}}}}
      responses:
        '200':
          summary: found
          content:
            application/jsonl:
              itemSchema: {type: object}
    get:
      operationId: whole
      parameters:
        - {name: q, in: querystring, content: {application/x-www-form-urlencoded: {schema: {type: object}}}}
      responses: {'200': {description: ok, content: {application/json: {$ref: '#/components/mediaTypes/Flights'}}}}
    additionalOperations:
      COPY:
        operationId: copy
        tags: [domestic]
        callbacks: {done: {'{$request.body#/url}': {post: {responses: {'200': {description: ok}}}}}}
        responses: {'201': {description: ok, links: {there: {operationRef: 'https://example.com/other.yaml#/paths/~1x/get'}}}}
webhooks:
  landed: {post: {responses: {'200': {description: ok}}}}
components:
  mediaTypes:
    Flights: {schema: {type: array}}
`

func TestOpenAPI32(t *testing.T) {
	spec := load(t, "a.yaml", flights)
	for request, want := range map[string]string{"QUERY /v1/flights": "search", "COPY /v1/flights": "copy", "GET /v1/flights": "whole"} {
		method, path, _ := strings.Cut(request, " ")
		if op, _, err := spec.Find(method, path); err != nil || op.ID != want || op.Method != method {
			t.Errorf("%s: %v, %v", request, op, err)
		}
	}
	wantBrief(t, spec.Operation("search").ValidateRequest(jsonRequest(`{}`)), []string{"body /to required"})
	wantBrief(t, spec.Operation("whole").ValidateResponse(jsonResponse(`{}`)), []string{"body type"})
	wantRemarks(t, spec.Unsupported(), []string{
		"a.yaml:2 #/$self: the document names its own address",
		"a.yaml:18 #/paths/~1flights/query/responses/200/content/application~1jsonl/itemSchema: the body is a stream of items",
		"a.yaml:22 #/paths/~1flights/get/parameters/0/in: a parameter is the whole query string",
		"a.yaml:28 #/paths/~1flights/additionalOperations/COPY/callbacks: the operation has callbacks",
		"a.yaml:29 #/paths/~1flights/additionalOperations/COPY/responses/201/links/there/operationRef: a link leads to another document",
		"a.yaml:30 #/webhooks: the document has webhooks",
	})
	wantRemarks(t, spec.Warnings(), nil)
}

func wantRemarks(t *testing.T, got []openapi.Remark, want []string) {
	t.Helper()
	fits := slices.EqualFunc(got, want, func(r openapi.Remark, text string) bool { return strings.HasPrefix(r.String(), text+": ") })
	if !fits {
		var list []string
		for _, r := range got {
			list = append(list, r.String())
		}
		t.Errorf("got\n%s\nwant\n%s", strings.Join(list, "\n"), strings.Join(want, "\n"))
	}
}

// An older document has no such operations.
func TestOperationsOf32InOlderDocuments(t *testing.T) {
	spec, err := openapi.Load(write(t, "a.yaml", strings.Replace(flights, "3.2.0", "3.1.0", 1)))
	if err == nil {
		_, _, err = spec.Find("QUERY", "/v1/flights")
	}
	if err == nil {
		t.Error("QUERY is an operation of OpenAPI 3.1")
	}
}

// What every reader of documents puts up with is put up with, and told.
func TestWarnings(t *testing.T) {
	const head, answer = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n", "responses: {'200': {description: ok}}"
	for _, row := range []struct{ why, text, want string }{
		{"a path parameter that is not described", head + "paths: {'/x/{id}': {get: {" + answer + "}}}", `a.yaml:3 #/paths/~1x~1{id}/get: the path parameter "id" is not described`},
		{"a path parameter that the path does not have", head + "paths: {/x: {get: {parameters: [{name: id, in: path, required: true, schema: {}}], " + answer + "}}}",
			`a.yaml:3 #/paths/~1x/get/parameters/0: the path /x has no parameter "id"`},
		{"an id twice", head + "paths:\n  /x: {get: {operationId: a, " + answer + "}}\n  /y: {get: {operationId: a, " + answer + "}}", `a.yaml:5 #/paths/~1y/get/operationId: another operation is called "a", too`},
		{"security that is not defined", head + "security: [{key: []}]\npaths: {/x: {get: {" + answer + "}}}", `a.yaml:3 #/security/0/key: no security scheme is called "key"`},
		{"a field that nobody knows", head + "paths: {/x: {get: {colour: red, " + answer + "}}}", "a.yaml:3 #/paths/~1x/get: OpenAPI 3.0.3 has no colour here"},
		{"a keyword of 3.1 in 3.0", head + "paths: {/x: {get: {" + answer + "}}}\ncomponents: {schemas: {S: {const: a}}}", "a.yaml:4 #/components/schemas/S: OpenAPI 3.0.3 has no const here"},
		{"an answer without description", head + "paths: {/x: {get: {responses: {'200': {}}}}}", "a.yaml:3 #/paths/~1x/get/responses/200: the answer has no description"},
		{"types in a list", head + "paths: {/x: {get: {" + answer + "}}}\ncomponents: {schemas: {S: {type: [string, 'null']}}}", "a.yaml:4 #/components/schemas/S/type: type is a list, as in OpenAPI 3.1"},
		{"paths that differ in names only", head + "paths:\n  '/x/{a}': {get: {parameters: [{name: a, in: path, required: true, schema: {}}], " + answer +
			"}}\n  '/x/{b}': {put: {parameters: [{name: b, in: path, required: true, schema: {}}], " + answer + "}}", `a.yaml:5 #/paths/~1x~1{b}: the path differs from /x/{a} only in the names of its parameters`},
		{"a component with a name that is none", head + "paths: {/x: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Page«X»'}}}}}}}}\ncomponents: {schemas: {Page«X»: {}}}",
			"a.yaml:4 #/components/schemas/Page«X»: the name has characters that OpenAPI does not allow"},
	} {
		t.Run(row.why, func(t *testing.T) {
			spec := load(t, "a.yaml", row.text)
			wantRemarks(t, spec.Warnings(), []string{row.want})
			for _, op := range spec.Operations() {
				op.ValidateRequest(openapi.Request{Path: map[string]string{"id": "x"}, Header: http.Header{}})
			}
		})
	}
}

// Paths that differ only in the names of their parameters are told apart by the method.
func TestSimilarPaths(t *testing.T) {
	spec := load(t, "a.yaml", "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n"+
		"  '/x/{a}': {get: {parameters: [{name: a, in: path, required: true, schema: {}}], responses: {'200': {description: ok}}}}\n"+
		"  '/x/{b}': {put: {parameters: [{name: b, in: path, required: true, schema: {}}], responses: {'200': {description: ok}}}}\n")
	for method, name := range map[string]string{"GET": "a", "PUT": "b"} {
		if op, values, err := spec.Find(method, "/x/1"); err != nil || op.Path != "/x/{"+name+"}" || values[name] != "1" {
			t.Errorf("%s: %v %v %v", method, op, values, err)
		}
	}
}
