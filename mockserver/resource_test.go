package mockserver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore"
	"github.com/counterpart-go/counterpart/openapi"
)

// step is a request, and what its answer must be.
type step struct {
	request string // METHOD path, and headers: `GET /pets If-Match: "a"`; "$1" is the header kept by the step before
	body    string
	status  int
	want    map[string]string // JSON Pointer → JSON; "-" for nothing there, "header Name" for a header
}

// scenario is a document with the requests that show what is made of it.
type scenario struct {
	name     string
	document string
	steps    []step
}

// specOf loads a document from its text.
func specOf(t testing.TB, document string) *openapi.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func resourceOptions(t testing.TB, document string) mockserver.Options {
	return mockserver.Options{Spec: specOf(t, document), Seed: 1, Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }}
}

func (s scenario) run(t *testing.T, o mockserver.Options) {
	m := start(t, o)
	kept := ""
	for i, step := range s.steps {
		words := strings.SplitN(strings.ReplaceAll(step.request, "$1", kept), " ", 3)
		headers := []string{}
		if len(words) == 3 {
			for _, header := range strings.Split(words[2], "; ") {
				name, value, _ := strings.Cut(header, ": ")
				headers = append(headers, name, value)
			}
		}
		a := m.do(words[0], words[1], step.body, headers...)
		if a.status != step.status {
			t.Fatalf("step %d, %s: %d %s, want %d", i+1, step.request, a.status, a.body, step.status)
		}
		if tag := a.header.Get("ETag"); tag != "" {
			kept = tag
		}
		value, _ := openapi.DecodeJSON([]byte(strings.ReplaceAll(a.body, strings.TrimPrefix(m.url, "http://"), "HOST")))
		for pointer, want := range step.want {
			if got := found(a, value, pointer); got != want {
				t.Errorf("step %d, %s: %s is %s, want %s in %s", i+1, step.request, pointer, got, want, a.body)
			}
		}
	}
}

func found(a answer, value any, pointer string) string {
	if name, ok := strings.CutPrefix(pointer, "header "); ok {
		return a.header.Get(name)
	}
	at, ok := openapi.Lookup(value, pointer)
	if !ok {
		return "-"
	}
	return string(openapi.AppendJSON(nil, at))
}

const openapiHead = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"

// pets has a wrapped list with all that a list may have, and an item with all that a server may make.
const pets = openapiHead + `
paths:
  /pets:
    get:
      operationId: list
      parameters:
        - {name: limit, in: query, schema: {type: integer, default: 3}}
        - {name: offset, in: query, schema: {type: integer}}
        - {name: sort, in: query, schema: {type: string}}
        - {name: order, in: query, schema: {type: string, enum: [asc, desc]}}
        - {name: kind, in: query, schema: {type: string}}
        - {name: age, in: query, schema: {type: integer}}
        - {name: kinds, in: query, schema: {type: array, items: {type: string}}}
        - {name: tag, in: query, schema: {type: string}}
        - {name: id, in: query, schema: {type: integer}}
      responses:
        '200':
          description: d
          headers: {X-Total-Count: {schema: {type: integer}}}
          content:
            application/json:
              schema:
                type: object
                required: [items, meta]
                properties:
                  items: {type: array, items: {$ref: '#/components/schemas/Pet'}}
                  meta:
                    type: object
                    required: [total, served_by]
                    properties:
                      total: {type: integer}
                      limit: {type: integer}
                      offset: {type: integer}
                      has_more: {type: boolean}
                      served_by: {type: string, example: us}
    post:
      operationId: create
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        '201':
          description: d
          headers: {Location: {schema: {type: string}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}
        '409': {description: taken}
  /pets/{petId}:
    parameters: [{name: petId, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: get
      responses: {'200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, '404': {description: none}}
    put:
      operationId: replace
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses: {'200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, '404': {description: none}}
    patch:
      operationId: patch
      requestBody:
        content:
          application/merge-patch+json: {schema: {type: object}}
          application/json-patch+json: {schema: {type: array, items: {type: object}}}
          application/json: {schema: {type: object}}
      responses: {'200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
    delete:
      operationId: delete
      responses: {'204': {description: d}, '404': {description: none}}
components:
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string, minLength: 1}
        kind: {type: string, default: cat}
        age: {type: number}
        tags: {type: array, items: {type: string}}
        owner: {type: object, properties: {city: {type: string, default: Rome}, secret: {type: string, writeOnly: true}}}
        pin: {type: string, writeOnly: true}
        vet: {type: string, readOnly: true, enum: [Ann]}
        created_at: {type: string, format: date-time, readOnly: true}
        lastModified: {type: integer, format: int64, readOnly: true}
        revision: {type: integer, readOnly: true}
x-counterpart:
  resources:
    pet:
      {create: create, list: list, get: get, update: replace, patch: patch, delete: delete,
       id: {parameter: petId, created: /id, item: /id, kind: integer}, items: /items, total: /meta/total, limit: limit, offset: offset,
       sort: sort, order: order, filters: {kind: /kind, age: /age, kinds: /kind, tag: /tags, id: /id}, unique: [/name], fixed: [/kind]}
`

func named(name, more string) string { return fmt.Sprintf(`{"name":%q%s}`, name, more) }

var petScenarios = []scenario{
	{"an item is stored as sent, completed", pets, []step{
		{"POST /pets", named("Tom", `,"id":77,"revision":9,"pin":"1234","owner":{"secret":"s"},"x":[1.50]`), 201, map[string]string{
			"/id": "1", "/name": `"Tom"`, "/kind": `"cat"`, "/owner": `{"city":"Rome"}`, "/pin": "-", "/x/0": "1.50", "/revision": "1", "/vet": "-",
			"/created_at": `"2026-01-02T03:04:05.000Z"`, "/lastModified": "1767323045000", "header Location": "/pets/1"}},
		{"GET /pets/1", "", 200, map[string]string{"/name": `"Tom"`, "/pin": "-", "/owner": `{"city":"Rome"}`, "/x/0": "1.50"}},
		{"GET /pets", "", 200, map[string]string{"/items/0/name": `"Tom"`, "/items/0/pin": "-", "/meta/total": "1", "/meta/served_by": `"us"`,
			"/meta/has_more": "false", "/meta/limit": "3", "/meta/offset": "0", "header X-Total-Count": "1"}},
	}},
	{"a replacement replaces all that clients can set", pets, []step{
		{"POST /pets", named("Tom", `,"age":3`), 201, nil},
		{"PUT /pets/1", named("Tim", `,"id":5`), 200, map[string]string{"/id": "1", "/name": `"Tim"`, "/age": "-", "/revision": "2", "/kind": `"cat"`,
			"/created_at": `"2026-01-02T03:04:05.000Z"`}},
		{"GET /pets/1", "", 200, map[string]string{"/name": `"Tim"`, "/age": "-"}},
		{"PUT /pets/2", named("Tim", ""), 404, nil},
	}},
	{"patches change parts", pets, []step{
		{"POST /pets", named("Tom", `,"age":3,"tags":["a","b"]`), 201, nil},
		{"PATCH /pets/1 Content-Type: application/merge-patch+json", `{"age":null,"tags":["c"],"id":9,"owner":{"city":"Bonn"}}`, 200,
			map[string]string{"/age": "-", "/tags": `["c"]`, "/id": "1", "/name": `"Tom"`, "/revision": "2", "/owner/city": `"Bonn"`}},
		{"PATCH /pets/1", `{"age":4.0}`, 200, map[string]string{"/age": "4.0"}},
		{"PATCH /pets/1 Content-Type: application/json-patch+json", `[{"op":"add","path":"/tags/-","value":"d"},{"op":"replace","path":"/id","value":8},{"op":"remove","path":"/age"}]`, 200,
			map[string]string{"/tags": `["c","d"]`, "/id": "1", "/age": "-", "/revision": "4"}},
		{"PATCH /pets/1 Content-Type: application/json-patch+json", `[{"op":"test","path":"/name","value":"Jim"},{"op":"remove","path":"/tags"}]`, 400, nil},
		{"PATCH /pets/1 Content-Type: application/json-patch+json", `[{"op":"remove","path":"/none"}]`, 400, nil},
		{"PATCH /pets/1", `{"name":""}`, 400, nil},
		{"PATCH /pets/1", `{"name":null}`, 400, nil},
		{"PATCH /pets/1", `{"pin":"1234"}`, 200, map[string]string{"/pin": "-"}},
		{"PATCH /pets/9", `{"age":1}`, 404, nil},
		{"GET /pets/1", "", 200, map[string]string{"/tags": `["c","d"]`, "/name": `"Tom"`, "/revision": "5"}},
	}},
	{"ids are never given again", pets, []step{
		{"POST /pets", named("a", ""), 201, map[string]string{"/id": "1"}},
		{"DELETE /pets/1", "", 204, nil},
		{"GET /pets/1", "", 404, nil},
		{"DELETE /pets/1", "", 404, nil},
		{"POST /pets", named("a", ""), 201, map[string]string{"/id": "2"}},
	}},
	{"unique and fixed values", pets, []step{
		{"POST /pets", named("a", ""), 201, nil},
		{"POST /pets", named("a", ""), 409, nil},
		{"POST /pets", named("b", ""), 201, map[string]string{"/id": "2"}},
		{"PUT /pets/2", named("a", ""), 409, nil},
		{"PUT /pets/2", named("b", `,"kind":"dog"`), 409, nil},
		{"PATCH /pets/2", `{"name":"a"}`, 409, nil},
		{"PUT /pets/2", named("c", ""), 200, nil},
		{"POST /pets", named("b", ""), 201, nil},
	}},
	{"filters", pets, []step{
		{"POST /pets", named("a", `,"age":5,"tags":["x","y"]`), 201, nil},
		{"POST /pets", named("b", `,"age":5.0,"kind":"dog"`), 201, nil},
		{"POST /pets", named("c", `,"kind":"cow","tags":["y"]`), 201, nil},
		{"GET /pets?kind=dog", "", 200, map[string]string{"/meta/total": "1", "/items/0/name": `"b"`}},
		{"GET /pets?kind=dog&age=6", "", 200, map[string]string{"/meta/total": "0", "/items": "[]"}},
		{"GET /pets?age=5", "", 200, map[string]string{"/meta/total": "2"}},
		{"GET /pets?kinds=cow&kinds=dog", "", 200, map[string]string{"/meta/total": "2", "/items/0/name": `"b"`, "/items/1/name": `"c"`}},
		{"GET /pets?kinds=cow&kinds=dog&limit=1", "", 200, map[string]string{"/meta/total": "2", "/items/1": "-", "/meta/has_more": "true"}},
		{"GET /pets?tag=y", "", 200, map[string]string{"/meta/total": "2", "/items/1/name": `"c"`}},
		{"GET /pets?tag=x&kind=cat", "", 200, map[string]string{"/meta/total": "1"}},
		{"GET /pets?id=2", "", 200, map[string]string{"/meta/total": "1", "/items/0/name": `"b"`}},
		{"GET /pets?id=9", "", 200, map[string]string{"/meta/total": "0"}},
		{"DELETE /pets/2", "", 204, nil},
		{"GET /pets?kind=dog", "", 200, map[string]string{"/meta/total": "0"}},
	}},
	{"order and pages", pets, []step{
		{"POST /pets", named("b", `,"age":10`), 201, nil},
		{"POST /pets", named("a", `,"age":9`), 201, nil},
		{"POST /pets", named("d", `,"age":10`), 201, nil},
		{"POST /pets", named("c", ""), 201, nil},
		{"GET /pets", "", 200, map[string]string{"/items/0/name": `"b"`, "/items/2/name": `"d"`, "/items/3": "-", "/meta/total": "4", "/meta/has_more": "true"}},
		{"GET /pets?offset=3", "", 200, map[string]string{"/items/0/name": `"c"`, "/items/1": "-", "/meta/offset": "3", "/meta/has_more": "false"}},
		{"GET /pets?offset=99", "", 200, map[string]string{"/items": "[]", "/meta/total": "4"}},
		{"GET /pets?limit=-1&offset=-5", "", 200, map[string]string{"/items": "[]", "/meta/total": "4"}},
		{"GET /pets?limit=0", "", 200, map[string]string{"/items": "[]", "/meta/total": "4"}},
		{"GET /pets?offset=99999999999999999999", "", 200, map[string]string{"/items": "[]"}},
		{"GET /pets?sort=name", "", 200, map[string]string{"/items/0/name": `"a"`, "/items/2/name": `"c"`}},
		{"GET /pets?sort=-name&limit=2&offset=1", "", 200, map[string]string{"/items/0/name": `"c"`, "/items/1/name": `"b"`}},
		{"GET /pets?sort=name&order=desc", "", 200, map[string]string{"/items/0/name": `"d"`}},
		{"GET /pets?sort=name,desc", "", 200, map[string]string{"/items/0/name": `"d"`}},
		{"GET /pets?sort=age", "", 200, map[string]string{"/items/0/name": `"c"`, "/items/1/name": `"a"`, "/items/2/name": `"b"`}},
		{"GET /pets?sort=-age,-name", "", 200, map[string]string{"/items/0/name": `"d"`, "/items/1/name": `"b"`, "/items/2/name": `"a"`}},
		{"GET /pets?sort=nothing", "", 200, map[string]string{"/items/0/name": `"b"`}},
	}},
}

// nested has visits in pets, notes in visits, and a bare list with pages by number.
const nested = openapiHead + `
paths:
  /{zoo}/pets:
    post: {operationId: createPet, parameters: [{$ref: '#/components/parameters/zoo'}], requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {'201': {description: d, content: {application/json: {schema: {type: object}}}}}}
  /{zoo}/pets/{pet}:
    delete: {operationId: deletePet, parameters: [{$ref: '#/components/parameters/zoo'}, {$ref: '#/components/parameters/pet'}], responses: {'200': {description: d, content: {application/json: {schema: {type: object}}}}}}
  /{zoo}/pets/{petId}/visits:
    parameters: [{$ref: '#/components/parameters/zoo'}, {$ref: '#/components/parameters/petId'}]
    post: {operationId: createVisit, requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {'201': {description: d, content: {application/json: {schema: {type: object}}}}}}
    get:
      operationId: listVisits
      parameters: [{name: page, in: query, schema: {type: integer}}, {name: size, in: query, schema: {type: integer, default: 2}}]
      responses: {'200': {description: d, content: {application/json: {schema: {type: array, items: {type: object}}}}}}
  /{zoo}/pets/{petId}/visits/{visit}:
    parameters: [{$ref: '#/components/parameters/zoo'}, {$ref: '#/components/parameters/petId'}, {name: visit, in: path, required: true, schema: {type: string}}]
    get: {operationId: getVisit, responses: {'200': {description: d, content: {application/json: {schema: {type: object}}}}}}
  /{zoo}/pets/{petId}/visits/{visitId}/notes/{note}:
    parameters: [{$ref: '#/components/parameters/zoo'}, {$ref: '#/components/parameters/petId'}, {name: visitId, in: path, required: true, schema: {type: string}}, {name: note, in: path, required: true, schema: {type: string}}]
    put: {operationId: putNote, requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {'200': {description: d, content: {application/json: {schema: {type: object}}}}, '201': {description: d, content: {application/json: {schema: {type: object}}}}}}
    get: {operationId: getNote, responses: {'200': {description: d, content: {application/json: {schema: {type: object}}}}}}
components:
  parameters:
    zoo: {name: zoo, in: path, required: true, schema: {type: string}}
    pet: {name: pet, in: path, required: true, schema: {type: string}}
    petId: {name: petId, in: path, required: true, schema: {type: string}}
x-counterpart:
  resources:
    pet: {create: createPet, delete: deletePet, id: {parameter: pet, item: /name, sent: /name}}
    visit: {parent: pet, holder: petId, create: createVisit, list: listVisits, get: getVisit, page: page, first: 1, limit: size, id: {parameter: visit, created: /no, item: /no, kind: integer}}
    note: {parent: visit, holder: visitId, get: getNote, update: putNote, id: {parameter: note, item: /id}}
`

var nestedScenarios = []scenario{
	{"what lies in an item needs it, and goes with it", nested, []step{
		{"POST /a/pets/1/visits", `{}`, 404, nil},
		{"GET /a/pets/1/visits", "", 404, nil},
		{"POST /a/pets", `{"name":"1"}`, 201, map[string]string{"/name": `"1"`}},
		{"POST /a/pets", `{"name":"1"}`, 409, nil},
		{"POST /b/pets", `{"name":"1"}`, 201, nil},
		{"POST /a/pets", `{"name":"a/b"}`, 201, nil},
		{"POST /a/pets/1/visits", `{"why":"x"}`, 201, map[string]string{"/no": `"1"`, "/why": `"x"`}},
		{"POST /a/pets/a%2Fb/visits", `{"why":"y"}`, 201, map[string]string{"/no": `"1"`}},
		{"GET /a/pets/1/visits/1", "", 200, map[string]string{"/why": `"x"`}},
		{"GET /b/pets/1/visits/1", "", 404, nil},
		{"PUT /a/pets/1/visits/1/notes/n", `{"text":"t"}`, 201, map[string]string{"/id": `"n"`}},
		{"PUT /a/pets/1/visits/1/notes/n", `{"text":"u"}`, 200, map[string]string{"/text": `"u"`}},
		{"PUT /a/pets/1/visits/2/notes/n", `{"text":"u"}`, 404, nil},
		{"DELETE /a/pets/1", "", 200, map[string]string{"/name": `"1"`}},
		{"GET /a/pets/1/visits/1", "", 404, nil},
		{"GET /a/pets/1/visits/1/notes/n", "", 404, nil},
		{"GET /a/pets/a%2Fb/visits/1", "", 200, map[string]string{"/why": `"y"`}},
		{"POST /a/pets", `{"name":"1"}`, 201, nil},
		{"GET /a/pets/1/visits", "", 200, map[string]string{"": "[]"}},
	}},
	{"a bare list by numbered pages", nested, []step{
		{"POST /a/pets", `{"name":"1"}`, 201, nil},
		{"POST /a/pets/1/visits", `{}`, 201, nil},
		{"POST /a/pets/1/visits", `{}`, 201, nil},
		{"POST /a/pets/1/visits", `{}`, 201, nil},
		{"GET /a/pets/1/visits", "", 200, map[string]string{"": `[{"no":"1"},{"no":"2"}]`}},
		{"GET /a/pets/1/visits?page=1", "", 200, map[string]string{"": `[{"no":"1"},{"no":"2"}]`}},
		{"GET /a/pets/1/visits?page=2", "", 200, map[string]string{"": `[{"no":"3"}]`}},
		{"GET /a/pets/1/visits?page=3", "", 200, map[string]string{"": `[]`}},
		{"GET /a/pets/1/visits?page=1&size=3", "", 200, map[string]string{"/2/no": `"3"`}},
	}},
}

const settings = openapiHead + `
paths:
  /{user}/settings:
    parameters: [{name: user, in: path, required: true, schema: {type: string}}]
    get:
      operationId: get
      parameters: [{name: If-None-Match, in: header, schema: {type: string}}]
      responses:
        '200': {description: d, headers: {ETag: {schema: {type: string}}}, content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}
        '304': {description: same}
    put:
      operationId: put
      parameters: [{name: If-Match, in: header, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}
      responses: {'204': {description: d, headers: {ETag: {schema: {type: string}}}}, '412': {description: other}}
components: {schemas: {S: {type: object, required: [theme], properties: {theme: {type: string, enum: [dark, light]}, size: {type: integer}}}}}
x-counterpart: {resources: {settings: {get: get, update: put}}}
`

var settingsScenarios = []scenario{
	{"a singleton is there before anybody writes it", settings, []step{
		{"GET /a/settings", "", 200, map[string]string{"/theme": `"dark"`}},
		{"PUT /a/settings", `{"theme":"light","size":3}`, 204, nil},
		{"GET /a/settings", "", 200, map[string]string{"/theme": `"light"`, "/size": "3"}},
		{"GET /b/settings", "", 200, map[string]string{"/theme": `"dark"`}},
	}},
	{"entity tags", settings, []step{
		{"GET /a/settings", "", 200, nil},
		{"GET /a/settings If-None-Match: $1", "", 304, nil},
		{"GET /a/settings If-None-Match: \"x\", W/$1", "", 304, nil},
		{"PUT /a/settings If-Match: \"x\"", `{"theme":"light"}`, 412, nil},
		{"GET /a/settings", "", 200, map[string]string{"/theme": `"dark"`}},
		{"PUT /a/settings If-Match: $1", `{"theme":"light"}`, 204, nil},
		{"GET /a/settings If-None-Match: $1", "", 304, nil},
		{"PUT /a/settings If-Match: *", `{"theme":"dark"}`, 204, nil},
		{"PUT /a/settings If-Match: W/$1", `{"theme":"light"}`, 412, nil},
	}},
}

// events has a cursor, and answers that differ in what they show of an item.
const events = openapiHead + `
paths:
  /events:
    get:
      operationId: list
      parameters:
        - {name: cursor, in: query, schema: {type: string}}
        - {name: max, in: query, schema: {type: integer, default: 2}}
        - {name: sort, in: query, schema: {type: string}}
      responses:
        '200':
          description: d
          content:
            application/json:
              schema:
                type: object
                required: [data, hasMore]
                properties:
                  data: {type: array, items: {type: object, required: [id], properties: {id: {type: string}, name: {type: string}}}}
                  hasMore: {type: boolean}
                  nextCursor: {type: [string, 'null']}
                  count: {type: integer}
                  links: {type: object, properties: {next: {type: string}, self: {type: string}}}
    post:
      operationId: create
      requestBody: {content: {application/json: {schema: {type: object, properties: {name: {type: string}, detail: {type: string}, password: {type: string}}}}}}
      responses: {'202': {description: d, content: {application/json: {schema: {type: object, additionalProperties: false, properties: {eventId: {type: string}, state: {type: string, example: queued}}, required: [state]}}}}}
  /events/{id}:
    get:
      operationId: get
      parameters: [{name: id, in: path, required: true, schema: {type: string, pattern: '^evt_[a-z]{6}$'}}]
      responses: {'200': {description: d, content: {application/json: {schema: {type: object, properties: {id: {type: string}, name: {type: string}, detail: {type: string}, host: {type: string, const: h}}, required: [host]}}}}}
x-counterpart:
  resources:
    event: {create: create, list: list, get: get, id: {parameter: id, created: /eventId, item: /id}, items: /data, next: /nextCursor, cursor: cursor, limit: max, sort: sort}
`

// spring has the page of Spring Data.
const spring = openapiHead + `
paths:
  /things:
    get:
      operationId: list
      parameters: [{name: page, in: query, schema: {type: integer, default: 0}}, {name: size, in: query, schema: {type: integer, default: 2}}]
      responses:
        '200':
          description: d
          content:
            application/json:
              schema:
                type: object
                properties:
                  content: {type: array, items: {type: object, properties: {id: {type: string, format: uuid}, name: {type: string}}}}
                  totalElements: {type: integer, format: int64}
                  totalPages: {type: integer}
                  number: {type: integer}
                  size: {type: integer}
                  numberOfElements: {type: integer}
                  first: {type: boolean}
                  last: {type: boolean}
                  empty: {type: boolean}
    post:
      operationId: create
      requestBody: {content: {application/json: {schema: {type: object, properties: {name: {type: string}}}}}}
      responses: {'201': {description: d, headers: {Location: {schema: {type: string, format: uri}}}}}
x-counterpart:
  resources:
    thing: {create: create, list: list, id: {item: /id, kind: uuid}, items: /content, total: /totalElements, page: page, limit: size}
`

var springScenarios = []scenario{
	{"a page of Spring Data", spring, []step{
		{"GET /things", "", 200, map[string]string{"/empty": "true", "/first": "true", "/last": "true", "/totalPages": "0", "/numberOfElements": "0"}},
		{"POST /things", `{"name":"a"}`, 201, nil},
		{"POST /things", `{"name":"b"}`, 201, nil},
		{"POST /things", `{"name":"c"}`, 201, nil},
		{"GET /things", "", 200, map[string]string{"/totalElements": "3", "/totalPages": "2", "/number": "0", "/size": "2", "/first": "true", "/last": "false", "/empty": "false"}},
		{"GET /things?page=1", "", 200, map[string]string{"/content/0/name": `"c"`, "/content/1": "-", "/number": "1", "/numberOfElements": "1", "/first": "false", "/last": "true"}},
		{"GET /things?page=7", "", 200, map[string]string{"/content": "[]", "/totalElements": "3", "/empty": "true", "/last": "true"}},
	}},
}

// linked has a list with links to its pages.
const linked = openapiHead + `
paths:
  /things:
    get:
      operationId: list
      parameters: [{name: page, in: query, schema: {type: integer}}, {name: q, in: query, schema: {type: string}}]
      responses:
        '200':
          description: d
          content:
            application/json:
              schema:
                type: object
                required: [count, results]
                properties:
                  count: {type: integer}
                  next: {type: [string, 'null'], format: uri}
                  previous: {type: [string, 'null'], format: uri}
                  results: {type: array, maxItems: 2, items: {type: object}}
    post: {operationId: create, requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {'201': {description: d}}}
x-counterpart:
  resources: {thing: {create: create, list: list, id: {item: /id}, items: /results, page: page, first: 1}}
`

var linkScenarios = []scenario{
	{"links to pages", linked, []step{
		{"POST /things", `{}`, 201, nil},
		{"POST /things", `{}`, 201, nil},
		{"POST /things", `{}`, 201, nil},
		{"GET /things?q=x", "", 200, map[string]string{"/count": "3", "/results/2": "-", "/previous": "null", "/next": `"http://HOST/things?page=2&q=x"`}},
		{"GET /things?page=2", "", 200, map[string]string{"/results/0/id": `"62e691d5d936647c26f940a79ffa6b69"`, "/next": "null", "/previous": `"http://HOST/things?page=1"`}},
	}},
}

func TestResources(t *testing.T) {
	t.Parallel()
	for _, scenarios := range [][]scenario{petScenarios, nestedScenarios, settingsScenarios, springScenarios, linkScenarios} {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.run(t, resourceOptions(t, s.document))
			})
		}
	}
}

// TestResourcesInADatabase: a database keeps what memory keeps, and a mock that is started again goes on with it.
func TestResourcesInADatabase(t *testing.T) {
	t.Parallel()
	for _, scenarios := range [][]scenario{petScenarios, nestedScenarios, settingsScenarios} {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				o := resourceOptions(t, s.document)
				o.Store = sqlite(t, filepath.Join(t.TempDir(), "state"))
				s.run(t, o)
			})
		}
	}
}

func sqlite(t testing.TB, file string) mockserver.Store {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), "sqlite:"+file, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestResourcesOutliveTheMock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	for i := range 2 {
		o := resourceOptions(t, pets)
		o.Store = sqlite(t, file)
		mock, err := mockserver.New(o)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/pets", strings.NewReader(named(fmt.Sprint("pet ", i), "")))
		r.Header.Set("Content-Type", "application/json")
		mock.ServeHTTP(w, r)
		if want := fmt.Sprintf(`"id":%d,`, i+1); w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d %s, want %s", w.Code, w.Body, want)
		}
		if err := mock.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSameSeedSameResources: the same requests have the same answers, byte for byte.
func TestSameSeedSameResources(t *testing.T) {
	t.Parallel()
	answers := func() (all string) {
		m := start(t, resourceOptions(t, events))
		m.named("a", "b", "c")
		for _, path := range []string{"/events?sort=-name", "/events?max=1", "/events"} {
			a := m.do(http.MethodGet, path, "")
			all += a.body
		}
		return strings.ReplaceAll(all, m.url, "")
	}
	if one, two := answers(), answers(); one != two {
		t.Errorf("%s\nis not\n%s", one, two)
	}
}

// TestResourcesUnderManyHands: a name that must be free is given once, and no number twice.
func TestResourcesUnderManyHands(t *testing.T) {
	t.Parallel()
	m := start(t, resourceOptions(t, pets))
	var group sync.WaitGroup
	var mu sync.Mutex // guards made
	made := map[string]int{}
	for i := range 40 {
		group.Go(func() {
			a := m.do(http.MethodPost, "/pets", named(fmt.Sprint("pet ", i%20), ""))
			m.do(http.MethodGet, "/pets?sort=name", "")
			mu.Lock()
			defer mu.Unlock()
			if a.status == http.StatusCreated {
				made[found(a, decode(t, a.body), "/id")]++
			}
		})
	}
	group.Wait()
	if len(made) != 20 {
		t.Errorf("%d of 20 were made: %v", len(made), made)
	}
}

// TestEachAnswerShowsWhatItDescribes: the answer to a creation is a receipt, a list is a summary, one item is told in
// full, and what no answer describes stays inside.
func TestEachAnswerShowsWhatItDescribes(t *testing.T) {
	t.Parallel()
	m := start(t, resourceOptions(t, events))
	made := m.do(http.MethodPost, "/events", `{"name":"n","detail":"d","password":"p","mine":1}`)
	id, _ := openapi.Lookup(decode(t, made.body), "/eventId")
	if made.status != http.StatusAccepted || len(fmt.Sprint(id)) != len("evt_abcdef") {
		t.Fatalf("%d %s", made.status, made.body)
	}
	if want := fmt.Sprintf(`{"eventId":%q,"state":"queued"}`, id); strings.TrimSpace(made.body) != want {
		t.Errorf("created %s, want %s", made.body, want)
	}
	one := m.do(http.MethodGet, fmt.Sprintf("/events/%s", id), "").body
	if want := fmt.Sprintf(`{"detail":"d","host":"h","id":%q,"mine":1,"name":"n"}`, id); strings.TrimSpace(one) != want {
		t.Errorf("got %s, want %s", one, want)
	}
	list := m.do(http.MethodGet, "/events", "").body
	if want := fmt.Sprintf(`"data":[{"id":%q,"mine":1,"name":"n"}]`, id); !strings.Contains(list, want) {
		t.Errorf("listed %s, want %s", list, want)
	}
}

func decode(t testing.TB, text string) any {
	t.Helper()
	value, err := openapi.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// strict answers with less than it takes: an answer of the state would break the document.
const strict = openapiHead + `
paths:
  /things:
    post:
      operationId: create
      requestBody: {content: {application/json: {schema: {type: object}}, application/x-www-form-urlencoded: {schema: {type: object, properties: {size: {type: integer}}}}}}
      responses: {'200': {description: d, content: {application/json: {schema: {type: string, format: uuid}}}}}
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: get
      responses:
        '200': {description: d, content: {application/json: {schema: {type: object, required: [name], properties: {name: {type: string, enum: [good]}, size: {type: integer}}}}}}
    delete:
      operationId: delete
      responses: {'200': {description: d, content: {application/json: {schema: {type: object, required: [done], properties: {done: {type: string, example: yes!}}}}}}}
x-counterpart:
  resources: {thing: {create: create, get: get, delete: delete, id: {parameter: id, item: /id, kind: uuid}}}
`

// TestNoAnswerBreaksTheDocument: what the document does not allow in an answer gives way to what it samples.
func TestNoAnswerBreaksTheDocument(t *testing.T) {
	t.Parallel()
	m := start(t, resourceOptions(t, strict))
	for _, body := range []string{`{"name":"bad","size":7}`, `{"name":5,"size":7}`, "size=7"} {
		headers := []string{}
		if !strings.HasPrefix(body, "{") {
			headers = []string{"Content-Type", "application/x-www-form-urlencoded"}
		}
		id, _ := decode(t, m.do(http.MethodPost, "/things", body, headers...).body).(string)
		got := decode(t, m.do(http.MethodGet, "/things/"+id, "").body)
		for pointer, want := range map[string]string{"/name": "good", "/size": "7"} {
			if value, _ := openapi.Lookup(got, pointer); fmt.Sprint(value) != want {
				t.Errorf("%s: %s is %v, want %s", body, pointer, value, want)
			}
		}
		if a := m.do(http.MethodDelete, "/things/"+id, ""); strings.TrimSpace(a.body) != `{"done":"yes!"}` {
			t.Errorf("deleted: %d %s", a.status, a.body)
		}
		if a := m.do(http.MethodGet, "/things/"+id, ""); a.status != http.StatusNotFound {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

// TestCursors: pages that follow each other are a partition, whatever is created and deleted meanwhile.
func TestCursors(t *testing.T) {
	t.Parallel()
	for _, sort := range []string{"", "&sort=name"} {
		m := start(t, resourceOptions(t, events))
		m.named("a", "b", "c", "d", "e")
		got := ""
		cursor := ""
		for range 5 {
			page := decode(t, m.do(http.MethodGet, "/events?cursor="+cursor+sort, "").body)
			for _, at := range []string{"/data/0/name", "/data/1/name"} {
				if name, ok := openapi.Lookup(page, at); ok {
					got += fmt.Sprint(name)
				}
			}
			next, _ := openapi.Lookup(page, "/nextCursor")
			if more, _ := openapi.Lookup(page, "/hasMore"); more != (next != nil) {
				t.Errorf("hasMore %v, next %v", more, next)
			}
			if next == nil {
				break
			}
			cursor = fmt.Sprint(next)
			m.named("z")
		}
		if want := "abcdezz"; !strings.HasPrefix(got, want) {
			t.Errorf("pages%s: %s, want %s", sort, got, want)
		}
		for _, bad := range []string{"x", "AAAAAAAAAA", "%20", strings.Repeat("a", 500)} {
			if a := m.do(http.MethodGet, "/events?cursor="+bad+sort, ""); a.status != http.StatusBadRequest {
				t.Errorf("the cursor %s: %d %s", bad, a.status, a.body)
			}
		}
	}
}

func (m *mock) named(names ...string) {
	m.Helper()
	for _, name := range names {
		if a := m.do(http.MethodPost, "/events", fmt.Sprintf(`{"name":%q}`, name)); a.status != http.StatusAccepted {
			m.Fatalf("%d %s", a.status, a.body)
		}
	}
}

// shelves is a document of shelves with books in them, below which more can be said of a book.
func shelves(book, filters string) string {
	return openapiHead + `
paths:
  /shelves:
    post:
      operationId: addShelf
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Shelf'}}}}
      responses: {'201': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Shelf'}}}}}
  /shelves/{shelfId}:
    get:
      operationId: getShelf
      parameters: [{name: shelfId, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Shelf'}}}}}
  /shelves/{shelfId}/books:
    parameters: [{name: shelfId, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: listBooks
      parameters: [` + filters + `]
      responses: {'200': {description: d, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Book'}}}}}}
    post:
      operationId: addBook
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}
      responses: {'201': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}}
components:
  schemas:
    Shelf: {type: object, properties: {id: {type: integer, readOnly: true}, room: {type: string}}}
    Book:
      type: object
      properties:
        id: {type: integer, readOnly: true}
        ` + book + "\n"
}

// Items that keep a changed document stay, and are found by the filters that it has; others are gone.
func TestResourcesUnderAChangedDocument(t *testing.T) {
	before := specOf(t, shelves("title: {type: string}", ""))
	srv, m := startKept(t, mockserver.Options{Spec: before, Seed: 1})
	for _, s := range []struct{ path, body string }{
		{"/shelves", `{"room":"a"}`}, {"/shelves/1/books", `{"title":"short"}`}, {"/shelves/1/books", `{"title":"much too long"}`},
	} {
		if a := m.do(http.MethodPost, s.path, s.body); a.status != http.StatusCreated {
			t.Fatalf("%s: %d %s", s.path, a.status, a.body)
		}
	}
	filter := "{name: title, in: query, schema: {type: string}}"
	after := specOf(t, shelves("title: {type: string, maxLength: 8}", filter))
	if err := srv.Replace(t.Context(), before, after); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/shelves/1":                   `{"id":1,"room":"a"}`,
		"/shelves/1/books":             `[{"id":1,"title":"short"}]`,
		"/shelves/1/books?title=short": `[{"id":1,"title":"short"}]`,
		"/shelves/1/books?title=other": `[]`,
	} {
		if a := m.do(http.MethodGet, path, ""); strings.TrimSpace(a.body) != want {
			t.Errorf("%s: %d %s, want %s", path, a.status, a.body, want)
		}
	}
}
