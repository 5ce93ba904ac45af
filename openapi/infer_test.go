package openapi_test

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

const petSchemas = `
components:
  schemas:
    Pet: {type: object, required: [id, name], properties: {id: {type: integer, readOnly: true}, name: {type: string}, tag: {type: string}, age: {type: integer}}}
    NewPet: {type: object, required: [name], properties: {name: {type: string}, tag: {type: string}, age: {type: integer}}}
    Profile: {type: object, properties: {motto: {type: string}, color: {type: string}}}
    Pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}
`

// paths makes a document of operations, each a line `METHOD path parameters; body; answer`. A schema is the name of a
// component, or YAML; a parameter is `name` or `name:schema`.
func paths(lines string) string {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n")
	byPath := map[string][]string{}
	var order []string
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		parts := strings.Split(strings.TrimSpace(line), ";")
		head := strings.Fields(parts[0])
		if !slices.Contains(order, head[1]) {
			order = append(order, head[1])
		}
		byPath[head[1]] = append(byPath[head[1]], operation(head[0], head[1], head[2:], parts[1:]))
	}
	for _, path := range order {
		b.WriteString("  " + path + ":\n" + strings.Join(byPath[path], ""))
	}
	return b.String() + petSchemas
}

func operation(method, path string, query, messages []string) string {
	var b strings.Builder
	b.WriteString("    " + strings.ToLower(method) + ":\n      parameters:\n")
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			b.WriteString("        - {name: " + strings.TrimSuffix(name, "}") + ", in: path, required: true, schema: {type: string}}\n")
		}
	}
	for _, one := range query {
		name, schema, _ := strings.Cut(one, ":")
		b.WriteString("        - {name: " + name + ", in: query, schema: " + strings.NewReplacer(",", ", ", ":", ": ").Replace(schema) + "}\n")
	}
	messages = append(messages, "", "")
	if body := strings.TrimSpace(messages[0]); body != "" {
		b.WriteString("      requestBody: {content: {application/json: {schema: " + byName(body) + "}}}\n")
	}
	b.WriteString("      responses:\n        default: {description: wrong}\n")
	status, answer, _ := strings.Cut(strings.TrimSpace(messages[1])+" ", " ")
	if status == "" {
		status = "204"
	}
	b.WriteString("        '" + status + "':\n          description: ok\n")
	if answer = strings.TrimSpace(answer); strings.HasPrefix(answer, "headers:") {
		b.WriteString("          " + answer + "\n")
	} else if answer != "" {
		b.WriteString("          content: {application/json: {schema: " + byName(answer) + "}}\n")
	}
	return b.String()
}

func byName(schema string) string {
	if strings.HasPrefix(schema, "{") {
		return schema
	}
	return "{$ref: '#/components/schemas/" + schema + "'}"
}

func TestInferredResources(t *testing.T) {
	for _, row := range []struct {
		why, paths string
		want       string // as summary writes it
	}{
		{"a collection and its items", `
POST /pets; NewPet; 201 Pet
GET /pets; ; 200 Pets
GET /pets/{petId}; ; 200 Pet
PUT /pets/{petId}; NewPet; 200 Pet
PATCH /pets/{petId}; NewPet; 200 Pet
DELETE /pets/{petId}`, `
pets
  create POST /pets
  list GET /pets
  get GET /pets/{petId}
  update PUT /pets/{petId}
  patch PATCH /pets/{petId}
  delete DELETE /pets/{petId}
  id.parameter petId
  id.created /id
  id.item /id
  id.kind integer`},
		{"the plural beside the singular, and a literal beside the items", `
POST /pet; NewPet; 201 Pet
PUT /pet; Pet; 200 Pet
GET /pet/{id}; ; 200 Pet
GET /pets; ; 200 Pets
GET /pet/findByTag tag:{type:string}; ; 200 Pets`, `
pet
  create POST /pet
  list GET /pets
  get GET /pet/{id}
  id.parameter id
  id.created /id
  id.item /id
  id.kind integer
- PUT /pet: it takes the id in the body, or all items at once: only a path can name an item
- GET /pet/findByTag: it stands beside the items of pet, and names none`},
		{"wrapped, with a total, a cursor and a link to the header", `
POST /pets; {type: object, properties: {pet: {$ref: '#/components/schemas/NewPet'}}}; 201 headers: {Location: {schema: {type: string}}}
GET /pets limit:{type:integer} cursor:{type:string}; ; 200 {type: object, properties: {data: {$ref: '#/components/schemas/Pets'}, total: {type: integer}, meta: {type: object, properties: {next_cursor: {type: string}}}}}
GET /pets/{id}; ; 200 {type: object, properties: {data: {$ref: '#/components/schemas/Pet'}, meta: {type: object}}}`, `
pets
  create POST /pets
  list GET /pets
  get GET /pets/{id}
  id.parameter id
  id.created Location
  id.item /id
  id.kind integer
  sent /pet
  shown /data
  items /data
  total /total
  next /meta/next_cursor
  limit limit
  cursor cursor`},
		{"pages from 0, sorted, and filtered by what is equal only", `
POST /pets; NewPet; 201 Pet
GET /pets page:{type:integer,default:0} size:{type:integer} sort:{type:string} order:{type:string} tag:{type:string} min_age:{type:integer} age:{type:string} q:{type:string} name:{type:string}; ; 200 Pets
DELETE /pets/{id}`, `
pets
  create POST /pets
  list GET /pets
  delete DELETE /pets/{id}
  id.parameter id
  id.created /id
  id.item /id
  id.kind integer
  limit size
  page page
  first 0
  sort sort
  order order
  filters.name /name
  filters.tag /tag`},
		{"page numbers that are no numbers choose no page", `
POST /pets; NewPet; 201 Pet
GET /pets page:{type:string} per_page:{type:string} offset:{type:string}; ; 200 Pets
DELETE /pets/{id}`, `
pets
  create POST /pets
  list GET /pets
  delete DELETE /pets/{id}
  id.parameter id
  id.created /id
  id.item /id
  id.kind integer`},
		{"a parent, and a scope that is none", `
POST /shops/{shop}/owners; Profile; 201 {type: object, properties: {id: {type: string, format: uuid}, motto: {type: string}, color: {type: string}}}
GET /shops/{shop}/owners/{owner_id}; ; 200 {type: object, properties: {id: {type: string, format: uuid}, motto: {type: string}, color: {type: string}}}
POST /shops/{shop}/owners/{id}/pets; NewPet; 201 Pet
GET /shops/{shop}/owners/{id}/pets; ; 200 Pets
GET /shops/{shop}/owners/{id}/pets/{petId}; ; 200 Pet
POST /shops/{shop}/owners/{id}/feed`, `
owners
  create POST /shops/{shop}/owners
  get GET /shops/{shop}/owners/{owner_id}
  id.parameter owner_id
  id.created /id
  id.item /id
  id.kind uuid
pets
  parent owners by id
  create POST /shops/{shop}/owners/{id}/pets
  list GET /shops/{shop}/owners/{id}/pets
  get GET /shops/{shop}/owners/{id}/pets/{petId}
  id.parameter petId
  id.created /id
  id.item /id
  id.kind integer
- POST /shops/{shop}/owners/{id}/feed: it stands below an item of owners, and is neither a collection nor a singleton: an action or a view`},
		{"singletons, alone and below an item", `
GET /settings; ; 200 Profile
PATCH /settings; Profile; 200 Profile
POST /pets; NewPet; 201 Pet
GET /pets/{petId}; ; 200 Pet
GET /pets/{petId}/profile; ; 200 Profile
PUT /pets/{petId}/profile; Profile; 200 Profile`, `
settings
  get GET /settings
  patch PATCH /settings
  id.kind text
pets
  create POST /pets
  get GET /pets/{petId}
  id.parameter petId
  id.created /id
  id.item /id
  id.kind integer
profile
  parent pets by petId
  get GET /pets/{petId}/profile
  update PUT /pets/{petId}/profile
  id.kind text`},
		{"the client chooses the id", `
POST /users; {type: object, required: [username], properties: {username: {type: string}, mail: {type: string}}}; 201 {type: object, properties: {username: {type: string}, mail: {type: string}}}
GET /users/{username}; ; 200 {type: object, properties: {username: {type: string}, mail: {type: string}}}`, `
users
  create POST /users
  get GET /users/{username}
  id.parameter username
  id.created /username
  id.item /username
  id.sent /username
  id.kind text
  unique /username`},
		{"a PUT that creates", `
PUT /notes/{slug}; Profile; 201
GET /notes/{slug}; ; 200 Profile`, `
notes
  get GET /notes/{slug}
  update PUT /notes/{slug}
  id.parameter slug
  id.kind text`},
		{"a collection whose items have no path", `
POST /pets; NewPet; 201
GET /pets; ; 200 Pets`, `
pets
  create POST /pets
  list GET /pets
  id.item /id
  id.kind integer`},
		{"what nothing creates", `
GET /pets; ; 200 Pets
GET /pets/{id}; ; 200 Pet
POST /search; NewPet; 200 Pets
POST /login; NewPet; 200 Pet
GET /settings; ; 200 Profile`, `
- GET /pets: nothing in the document creates what /pets/{id} names: /pets has no POST
- GET /pets/{id}: nothing in the document creates what /pets/{id} names: /pets has no POST
- POST /search: it is an action: nothing in the document shows what it leaves behind
- POST /login: it is an action: nothing in the document shows what it leaves behind
- GET /settings: it only reads: nothing in the document changes what it shows`},
		{"several at once, an unlike body, and a body-less action", `
POST /pets; Pets; 201 Pets
GET /pets; ; 200 Pets
POST /shops; {type: object, properties: {query: {type: string}}}; 200 {type: object, properties: {hits: {type: integer}}}
GET /shops; ; 200 Pets
DELETE /shops/{id}
PUT /shops/{id}`, `
- GET /pets: nothing in the document creates what it lists
- POST /pets: it answers with an array, so it makes no single item
- GET /shops: nothing in the document creates what /shops/{id} names: there is no POST with a fitting body beside it
- POST /shops: what it takes and gives shares too little with the items
- PUT /shops/{id}: it has no body, so it is an action on the item
- DELETE /shops/{id}: nothing in the document creates what /shops/{id} names: there is no POST with a fitting body beside it`},
	} {
		t.Run(row.why, func(t *testing.T) {
			got := summary(load(t, "a.yaml", paths(row.paths)))
			if want := strings.TrimSpace(row.want); strings.TrimSpace(got) != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestInferenceAgreesWithTheBuiltInDocument holds inference to what its author wrote: all that a document can say
// without x-counterpart is found.
func TestInferenceAgreesWithTheBuiltInDocument(t *testing.T) {
	overlay := write(t, "bare.yaml", "overlay: 1.0.0\ninfo: {title: bare, version: '1'}\nactions:\n  - {target: $.x-counterpart.resources, remove: true}\n")
	bare, err := openapi.Default(overlay)
	if err != nil {
		t.Fatal(err)
	}
	want, got := *shared(t).Resources()[0], *bare.Resources()[0]
	if len(bare.Resources()) != 1 {
		t.Fatalf("inferred %s", summary(bare))
	}
	want.Unique, want.Fixed = nil, nil // which no document can say
	wanted, inferred := partsOf(&want), partsOf(&got)
	if !reflect.DeepEqual(wanted, inferred) {
		t.Errorf("inferred\n%s\nwant\n%s", strings.Join(inferred, "\n"), strings.Join(wanted, "\n"))
	}
}

// TestBuiltInResource: what x-counterpart says stays as it is beside inference.
func TestBuiltInResource(t *testing.T) {
	want := `data-connector
  create POST /v2/{project_id}/data-connectors
  list GET /v2/{project_id}/data-connectors
  update PUT /v2/{project_id}/data-connectors/{connector_id}
  delete DELETE /v2/{project_id}/data-connectors/{connector_id}
  id.parameter connector_id
  id.created /connector_id
  id.item /connector_id
  id.kind text
  sent /data_connector
  items /data_connectors
  total /total_count
  limit limit
  offset offset
  filters.connector_id /connector_id
  filters.connector_name /connector_name
  filters.source_type /source_type
  unique /connector_name
  fixed /source_type
`
	if got := summary(shared(t)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCorrections(t *testing.T) {
	document := paths(`
POST /pets; NewPet; 201 Pet
GET /pets limit:{type:integer} tag:{type:string}; ; 200 Pets
GET /pets/{petId}; ; 200 Pet
PUT /pets/{petId}; NewPet; 200 Pet
POST /pets/{petId}/toys; Profile; 201 Profile
GET /pets/{petId}/toys; ; 200 {type: array, items: {$ref: '#/components/schemas/Profile'}}
GET /dogs; ; 200 Pets`)
	inferred := `pets
  create POST /pets
  list GET /pets
  get GET /pets/{petId}
  update PUT /pets/{petId}
  id.parameter petId
  id.created /id
  id.item /id
  id.kind integer
  limit limit
  filters.tag /tag
toys
  parent pets by petId
  create POST /pets/{petId}/toys
  list GET /pets/{petId}/toys
  id.kind text
- GET /dogs: it only reads: nothing in the document changes what it shows
`
	for _, row := range []struct {
		why, extension string
		from, to       string // what of the summary changes
	}{
		{"nothing", `{}`, "", ""},
		{"keys that are given win, all others stay", `{resources: {pets: {unique: [/name], filters: {}, limit: null}}}`,
			"  limit limit\n  filters.tag /tag\n", "  unique /name\n"},
		{"an operation in common is enough, and gives a new name", `{resources: {animal: {get: GET /pets/{petId}, id: {kind: text}}}}`,
			"pets\n  create POST /pets\n  list GET /pets\n  get GET /pets/{petId}\n  update PUT /pets/{petId}\n  id.parameter petId\n  id.created /id\n  id.item /id\n  id.kind integer\n  limit limit\n  filters.tag /tag\ntoys\n  parent pets",
			"animal\n  create POST /pets\n  list GET /pets\n  get GET /pets/{petId}\n  update PUT /pets/{petId}\n  id.parameter petId\n  id.created /id\n  id.item /id\n  id.kind text\n  limit limit\n  filters.tag /tag\ntoys\n  parent animal"},
		{"one is turned off, and those in it belong to none", `{resources: {pets: false}}`,
			inferred, `toys
  create POST /pets/{petId}/toys
  list GET /pets/{petId}/toys
  id.kind text
- GET /pets: x-counterpart turns the resource pets off
- POST /pets: x-counterpart turns the resource pets off
- GET /pets/{petId}: x-counterpart turns the resource pets off
- PUT /pets/{petId}: x-counterpart turns the resource pets off
- GET /dogs: it only reads: nothing in the document changes what it shows
`},
		{"an operation is taken from another", `{resources: {toys: {update: PUT /pets/{petId}, parent: null, holder: null}}}`,
			"  update PUT /pets/{petId}\n  id.parameter petId\n  id.created /id\n  id.item /id\n  id.kind integer\n  limit limit\n  filters.tag /tag\ntoys\n  parent pets by petId\n  create POST /pets/{petId}/toys\n  list GET /pets/{petId}/toys\n",
			"  id.parameter petId\n  id.created /id\n  id.item /id\n  id.kind integer\n  limit limit\n  filters.tag /tag\ntoys\n  create POST /pets/{petId}/toys\n  list GET /pets/{petId}/toys\n  update PUT /pets/{petId}\n"},
		{"a resource that nobody would infer", `{resources: {dogs: {list: GET /dogs}}}`,
			"- GET /dogs: it only reads: nothing in the document changes what it shows\n", "dogs\n  list GET /dogs\n  id.kind text\n"},
	} {
		t.Run(row.why, func(t *testing.T) {
			got := summary(load(t, "a.yaml", document+"x-counterpart: "+quoted(row.extension)+"\n"))
			if want := strings.Replace(inferred, row.from, row.to, 1); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// quoted puts operation ids with braces into quotes, as YAML asks for.
func quoted(extension string) string {
	for _, id := range []string{"GET /pets/{petId}", "PUT /pets/{petId}"} {
		extension = strings.ReplaceAll(extension, id, "'"+id+"'")
	}
	return extension
}

func TestInferenceTurnedOff(t *testing.T) {
	spec := load(t, "a.yaml", paths("POST /pets; NewPet; 201 Pet\nGET /pets; ; 200 Pets")+"x-counterpart: {infer: false}\n")
	if len(spec.Resources()) != 0 || len(spec.Stateless()) != 2 || !strings.Contains(spec.Stateless()[0].Because, "turns inference off") {
		t.Errorf("got\n%s", summary(spec))
	}
}

// TestEvidence: every part that was concluded has a reason and a place; what x-counterpart says is its own reason.
func TestEvidence(t *testing.T) {
	spec := load(t, "a.yaml", paths("POST /pets; NewPet; 201 Pet\nGET /pets limit:{type:integer} tag:{type:string}; ; 200 Pets\nGET /pets/{id}; ; 200 Pet")+
		"x-counterpart: {resources: {pets: {unique: [/name], limit: null}}}\n")
	var parts []string
	for _, e := range spec.Resources()[0].Evidence {
		if e.Because == "" || e.Rule.Line == 0 || e.Rule.Document != "a.yaml" {
			t.Errorf("%s: %+v", e.Part, e)
		}
		parts = append(parts, e.Part)
	}
	want := []string{"list", "get", "create", "id.item", "id.created", "id.kind", "id.parameter", "filters.tag", "limit", "unique"}
	if !slices.Equal(parts, want) {
		t.Errorf("parts %q, want %q", parts, want)
	}
}

func TestEvidenceOfUniqueAndFixed(t *testing.T) {
	spec := load(t, "a.yaml", `
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /teams:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Team'}}}}
      responses:
        '201': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Team'}}}}
        '409': {description: Another team has this e-mail or the same slug}
  /teams/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string, format: uuid}}]
    get: {responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Team'}}}}}}
    put:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Team'}}}}
      responses: {'200': {description: ok}}
components:
  schemas:
    Team:
      type: object
      properties:
        id: {type: string, readOnly: true}
        slug: {type: string, description: Short name. Cannot be changed later.}
        title: {type: string}
`)
	want := "teams\n  create POST /teams\n  get GET /teams/{id}\n  update PUT /teams/{id}\n  id.parameter id\n  id.created /id\n  id.item /id\n  id.kind uuid\n  unique /slug\n  fixed /slug\n"
	if got := summary(spec); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestInferenceCostIsLinear counts allocations: of a document four times as large they are about four times as many.
func TestInferenceCostIsLinear(t *testing.T) {
	allocations := func(collections int) float64 {
		var lines []string
		for i := range collections {
			path := "/things" + strconv.Itoa(i)
			lines = append(lines, "POST "+path+"; NewPet; 201 Pet", "GET "+path+" limit:{type:integer} tag:{type:string}; ; 200 Pets",
				"GET "+path+"/{id}; ; 200 Pet", "PUT "+path+"/{id}; NewPet; 200 Pet", "DELETE "+path+"/{id}")
		}
		file := write(t, "a.yaml", paths(strings.Join(lines, "\n")))
		with := testing.AllocsPerRun(1, func() { mustLoad(t, file) })
		off := write(t, "off.yaml", paths(strings.Join(lines, "\n"))+"x-counterpart: {infer: false}\n")
		return with - testing.AllocsPerRun(1, func() { mustLoad(t, off) })
	}
	small, large := allocations(25), allocations(100)
	if large > 6*small {
		t.Errorf("%v allocations for 125 operations, but %v for 500", small, large)
	}
	if perOperation := large / 500; perOperation > 300 {
		t.Errorf("%v allocations for an operation", perOperation)
	}
}

func mustLoad(t *testing.T, file string) {
	t.Helper()
	if _, err := openapi.Load(file); err != nil {
		t.Fatal(err)
	}
}
