package openapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/counterpart-go/counterpart/openapi"
)

const swaggerPets = `swagger: '2.0'
info: {title: pets, version: '1'}
host: pets.example.com
basePath: /v1
schemes: [https, http]
consumes: [application/json]
produces: [application/json, application/vnd.pets+json]
parameters:
  Limit:
    name: limit
    in: query
    type: integer
    maximum: 10
  Pet:
    name: pet
    in: body
    required: true
    schema: {$ref: '#/definitions/Pet'}
  Colour: {name: colour, in: formData, type: string, maxLength: 3}
responses:
  Broken:
    description: it is broken
    schema: {$ref: '#/definitions/Error'}
paths:
  /pets:
    get:
      operationId: list
      parameters:
        - $ref: '#/parameters/Limit'
        - {name: tags, in: query, type: array, items: {type: string, maxLength: 2}}
        - {name: ids, in: query, type: array, collectionFormat: multi, items: {type: integer}}
        - {name: piped, in: query, type: array, collectionFormat: pipes, items: {type: integer}}
        - {name: X-Trace, in: header, type: string, minLength: 2}
        - {name: tabs, in: query, type: array, collectionFormat: tsv, items: {type: integer}}
      responses:
        '200':
          description: all
          schema: {type: array, items: {$ref: '#/definitions/Pet'}}
          examples:
            application/json: [{name: Rex}]
          headers:
            X-Total: {type: integer, minimum: 0}
        default: {$ref: '#/responses/Broken'}
    post:
      operationId: create
      parameters:
        - {name: dry, in: query, type: boolean}
        - $ref: '#/parameters/Pet'
      responses:
        201:
          description: made
          schema: {$ref: '#/definitions/Pet'}
  /pets/{id}:
    parameters:
      - {name: id, in: path, required: true, type: integer, minimum: 1}
      - name: pet
        in: body
        schema:
          $ref: '#/definitions/Pet'
    put:
      operationId: replace
      consumes: [application/vnd.pets+json]
      responses: {'204': {description: done}}
  /pets/{id}/photo:
    post:
      operationId: photo
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - {name: id, in: path, required: true, type: string}
        - $ref: '#/parameters/Colour'
        - name: title
          in: formData
          required: true
          type: string
          maxLength: 5
      produces: [image/png]
      responses:
        200: {description: it, schema: {type: file}}
definitions:
  Pet:
    type: object
    required: [name]
    discriminator: name
    properties:
      name: {type: string, maxLength: 8}
      nick: {type: string, x-nullable: true}
  Error: {type: object, required: [message], properties: {message: {type: string}}}
securityDefinitions:
  key: {type: apiKey, in: header, name: X-Key}
  login: {type: basic}
  oauth: {type: oauth2, flow: accessCode, authorizationUrl: 'https://a.example.com', tokenUrl: 'https://t.example.com', scopes: {read: reads}}
`

func form(text string) openapi.Request {
	return openapi.Request{Path: map[string]string{"id": "1"}, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(text)}
}

// Violations of a Swagger 2.0 document name the places where its author wrote the rules.
func TestSwaggerRules(t *testing.T) {
	spec := load(t, "a.yaml", swaggerPets)
	for _, row := range []struct {
		why, operation string
		request        openapi.Request
		want           []string
	}{
		{"a body", "create", jsonRequest(`{"nick":null}`), []string{"body /name: is required a.yaml:82 #/definitions/Pet/required"}},
		{"a body of the path", "replace", openapi.Request{Path: map[string]string{"id": "1"}, Header: http.Header{"Content-Type": {"application/vnd.pets+json"}}, Body: []byte(`{"name":"123456789"}`)},
			[]string{"body /name: must have at most 8 characters a.yaml:85 #/definitions/Pet/properties/name/maxLength"}},
		{"no body", "create", openapi.Request{}, []string{"body: is required a.yaml:17 #/parameters/Pet/required"}},
		{"another media type", "replace", openapi.Request{Path: map[string]string{"id": "1"}, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{}`)},
			[]string{"header Content-Type: the media type must be application/vnd.pets+json a.yaml:56 #/paths/~1pets~1{id}/parameters/1"}},
		{"a parameter of the root", "list", openapi.Request{Query: url.Values{"limit": {"11"}}}, []string{"query limit: must be at most 10 a.yaml:13 #/parameters/Limit/maximum"}},
		{"a parameter of the path", "replace", openapi.Request{Path: map[string]string{"id": "0"}}, []string{"path id: must be at least 1 a.yaml:55 #/paths/~1pets~1{id}/parameters/0/minimum"}},
		{"a header", "list", openapi.Request{Header: http.Header{"X-Trace": {"x"}}}, []string{"header X-Trace: must have at least 2 characters a.yaml:33 #/paths/~1pets/get/parameters/4/minLength"}},
		{"comma-separated values", "list", openapi.Request{Query: url.Values{"tags": {"ab,abc"}}}, []string{"query tags /1: must have at most 2 characters a.yaml:30 #/paths/~1pets/get/parameters/1/items/maxLength"}},
		{"values one by one", "list", openapi.Request{Query: url.Values{"ids": {"1", "x"}}}, []string{"query ids /1: must be integer a.yaml:31 #/paths/~1pets/get/parameters/2/items/type"}},
		{"piped values", "list", openapi.Request{Query: url.Values{"piped": {"1|x"}}}, []string{"query piped /1: must be integer a.yaml:32 #/paths/~1pets/get/parameters/3/items/type"}},
		{"a form", "photo", form("title=abcdef&colour=blue"), []string{"body /colour: must have at most 3 characters a.yaml:19 #/parameters/Colour/maxLength",
			"body /title: must have at most 5 characters a.yaml:75 #/paths/~1pets~1{id}~1photo/post/parameters/2/maxLength"}},
		{"a sound form", "photo", form("title=abc"), nil},
		{"a form without what it needs", "photo", form("colour=red"), []string{"body /title: is required a.yaml:69 #/paths/~1pets~1{id}~1photo/post/parameters"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			var got []string
			for _, v := range spec.Operation(row.operation).ValidateRequest(row.request) {
				got = append(got, v.String()+" "+v.Rule.String())
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
}

func TestSwaggerAnswers(t *testing.T) {
	spec := load(t, "a.yaml", swaggerPets)
	wantRemarks(t, spec.Unsupported(), []string{"a.yaml:34 #/paths/~1pets/get/parameters/5/collectionFormat: values are separated by tabs"})
	wantRemarks(t, spec.Warnings(), nil)
	list := spec.Operation("list")
	if list.Base != "/v1" || len(list.Answer(200).Content) != 2 || list.Answer(200).Content[0].Examples[0].Value == nil {
		t.Errorf("base %q, content %+v", list.Base, list.Answer(200).Content)
	}
	r := jsonResponse(`[{"nick":1}]`)
	r.Header.Set("X-Total", "-1")
	wantBrief(t, list.ValidateResponse(r), []string{"body /0/name required", "body /0/nick type", "header X-Total minimum"})
	r.Status, r.Body = 500, []byte(`{}`)
	r.Header.Del("X-Total")
	wantBrief(t, list.ValidateResponse(r), []string{"body /message required"})
	if media := spec.Operation("photo").Answer(200).Content; len(media) != 1 || media[0].Range != "image/png" {
		t.Errorf("photo %+v", media)
	}
	for _, version := range []string{"", "3.1"} {
		wantSelfContained(t, document(t, spec, openapi.DocumentOptions{OpenAPI: version}))
	}
}

// openapi2conv, which loses lines and order, finds the same operations, parameters, bodies and answers.
func TestSwaggerLikeOpenapi2conv(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpus(t, "wfd"), "*.json"))
	compared := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := openapi.Load(file)
		var two openapi2.T
		if err != nil || !strings.Contains(string(data[:200]), `"swagger"`) || json.Unmarshal(data, &two) != nil {
			continue
		}
		three, err := openapi2conv.ToV3(&two)
		if err != nil {
			t.Logf("%s: openapi2conv: %v", filepath.Base(file), err)
			continue
		}
		compared++
		for _, op := range spec.Operations() {
			got, want := ourOutline(op), theirOutline(three.Paths.Value(op.Path), op.Method)
			if got != want {
				t.Errorf("%s %s\n got %s\nwant %s", filepath.Base(file), op.ID, got, want)
			}
		}
	}
	if compared < 5 {
		t.Errorf("only %d documents are compared", compared)
	}
}

func ourOutline(op *openapi.Operation) string {
	var list []string
	for _, p := range op.Parameters {
		if p.In != openapi.InPath { // of these we mend some
			list = append(list, fmt.Sprint(p.In, " ", p.Name, " ", p.Required))
		}
	}
	for _, answer := range op.Responses {
		list = append(list, "answer "+answer.Status)
	}
	if op.RequestBody != nil {
		list = append(list, "body")
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func theirOutline(item *openapi3.PathItem, method string) string {
	op := item.GetOperation(method)
	var list []string
	for _, p := range append(slices.Clone(op.Parameters), item.Parameters...) {
		if p.Value.In != "path" {
			list = append(list, fmt.Sprint(p.Value.In, " ", p.Value.Name, " ", p.Value.Required))
		}
	}
	for _, status := range op.Responses.Keys() {
		list = append(list, "answer "+status)
	}
	if op.RequestBody != nil {
		list = append(list, "body")
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}
