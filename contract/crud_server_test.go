package contract_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// clinicDocument has a resource of every kind that the built-in document lacks.
const clinicDocument = `
openapi: 3.1.0
info: {title: clinic, version: '1'}
paths:
  /owners:
    post: {operationId: createOwner, tags: [people], requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Owner'}}}},
      responses: {'201': {description: made, content: {application/json: {schema: {$ref: '#/components/schemas/Owner'}}}}, '400': {description: invalid}, '409': {description: taken}}}
  /owners/{ownerId}:
    parameters: [{name: ownerId, in: path, required: true, schema: {type: string, format: uuid}}]
    get: {operationId: getOwner, tags: [people], responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Owner'}}}}, '404': {description: none}}}
    delete: {operationId: deleteOwner, tags: [people], responses: {'204': {description: gone}, '404': {description: none}}}
  /owners/{ownerId}/photo:
    parameters: [{name: ownerId, in: path, required: true, schema: {type: string, format: uuid}}]
    put: {operationId: setPhoto, requestBody: {required: true, content: {image/png: {}, application/octet-stream: {}}}, responses: {'204': {description: kept}, '404': {description: none}}}
  /owners/{ownerId}/pets:
    parameters: [{name: ownerId, in: path, required: true, schema: {type: string, format: uuid}}]
    get:
      operationId: listPets
      parameters:
        - {name: page, in: query, schema: {type: integer, minimum: 1}}
        - {name: size, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: sort, in: query, schema: {type: string, enum: [name, born]}}
        - {name: order, in: query, schema: {type: string, enum: [asc, desc]}}
      responses: {'200': {description: them, content: {application/json: {schema: {type: object, required: [pets], properties: {pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}}}}, '400': {description: invalid}, '404': {description: none}}
    post: {operationId: createPet, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}, application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Pet'}}}},
      responses: {'201': {description: made, headers: {Location: {schema: {type: string}}}}, '400': {description: invalid}, '404': {description: none}}}
  /owners/{ownerId}/pets/{petId}:
    parameters: [{name: ownerId, in: path, required: true, schema: {type: string, format: uuid}}, {name: petId, in: path, required: true, schema: {type: integer, minimum: 1}}]
    get: {operationId: getPet, responses: {'200': {description: it, headers: {ETag: {schema: {type: string}}}, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, '404': {description: none}}}
    put: {operationId: updatePet, parameters: [{name: If-Match, in: header, schema: {type: string}}], requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}},
      responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, '400': {description: invalid}, '404': {description: none}, '412': {description: stale}}}
    patch: {operationId: patchPet, requestBody: {required: true, content: {application/merge-patch+json: {schema: {type: object, properties: {name: {type: string}, kind: {type: string}}}}, application/json-patch+json: {schema: {type: array, items: {type: object}}}}},
      responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}, '400': {description: invalid}, '404': {description: none}}}
    delete: {operationId: deletePet, responses: {'204': {description: gone}, '404': {description: none}}}
  /notes:
    get:
      operationId: listNotes
      parameters: [{name: after, in: query, schema: {type: string}}, {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 50}}]
      responses: {'200': {description: them, content: {application/json: {schema: {type: object, required: [notes], properties: {next: {type: string}, notes: {type: array, items: {$ref: '#/components/schemas/Note'}}}}}}}, '400': {description: invalid}}
    post: {operationId: createNote, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}},
      responses: {'201': {description: made, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}, '400': {description: invalid}}}
  /notes/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
    delete: {operationId: deleteNote, responses: {'204': {description: gone}, '404': {description: none}}}
  /tags/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string, pattern: '^[a-z0-9-]+$'}}]
    get: {operationId: getTag, responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Tag'}}}}, '404': {description: none}}}
    put: {operationId: putTag, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Tag'}}}}, responses: {'200': {description: changed}, '201': {description: made}, '400': {description: invalid}}}
    delete: {operationId: deleteTag, responses: {'204': {description: gone}, '404': {description: none}}}
  /settings:
    get: {operationId: getSettings, responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Settings'}}}}}}
    put: {operationId: putSettings, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Settings'}}}}, responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Settings'}}}}, '400': {description: invalid}}}
components:
  schemas:
    Owner: {type: object, required: [email], properties: {id: {type: string, format: uuid, readOnly: true}, email: {type: string, format: email}}}
    Pet: {type: object, required: [name, kind], properties: {id: {type: integer, readOnly: true}, name: {type: string, minLength: 1}, kind: {type: string}, born: {type: string, format: date-time}, changed: {type: string, readOnly: true}}}
    Note: {type: object, required: [text], properties: {id: {type: integer, readOnly: true}, text: {type: string}}}
    Tag: {type: object, required: [color], properties: {name: {type: string, readOnly: true}, color: {type: string}}}
    Settings: {type: object, required: [theme], properties: {theme: {type: string, enum: [dark, light]}, version: {type: integer, readOnly: true}}}
x-counterpart:
  resources:
    owner: {create: createOwner, get: getOwner, delete: deleteOwner, id: {parameter: ownerId, created: /id, item: /id, kind: uuid}, unique: [/email]}
    pet: {parent: owner, holder: ownerId, create: createPet, list: listPets, get: getPet, update: updatePet, patch: patchPet, delete: deletePet,
      id: {parameter: petId, created: /id, item: /id, kind: integer}, items: /pets, page: page, first: 1, limit: size, sort: sort, order: order}
    note: {create: createNote, list: listNotes, delete: deleteNote, id: {parameter: id, created: /id, item: /id, kind: integer}, items: /notes, next: /next, cursor: after, limit: limit}
    tag: {get: getTag, update: putTag, delete: deleteTag, id: {parameter: name, item: /name}}
    settings: {get: getSettings, update: putSettings}
`

func specOf(t *testing.T, document string) *openapi.Spec {
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

// clinic is a server that keeps clinicDocument, but for its fault.
type clinic struct {
	spec  *openapi.Spec
	fault string

	mu       sync.Mutex // guards what follows
	rows     []*row
	made     int
	settings map[string]any
}

// row is an item: of a collection, and below an owner or "".
type row struct {
	collection, owner, id string
	fields                map[string]any
	version               int
}

func newClinic(spec *openapi.Spec, fault string) *clinic {
	return &clinic{spec: spec, fault: fault, settings: map[string]any{"theme": "dark"}}
}

func (s *clinic) is(fault string) bool { return s.fault == fault }

func (s *clinic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, path, err := s.spec.Find(r.Method, r.URL.EscapedPath())
	if err != nil {
		w.WriteHeader(map[bool]int{true: 405, false: 404}[strings.Contains(err.Error(), "has no operation")])
		return
	}
	body := make([]byte, 0)
	if r.Body != nil {
		body = readAll(r)
	}
	if vs := op.ValidateRequest(openapi.Request{Path: path, Query: r.URL.Query(), Header: r.Header, Body: body}); len(vs) > 0 && !s.is("accepts anything") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	value := map[string]any{}
	var patch []any
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form") {
		for _, pair := range strings.Split(string(body), "&") {
			name, text, _ := strings.Cut(pair, "=")
			value[name] = strings.NewReplacer("+", " ", "%3A", ":").Replace(text)
		}
	} else if decoded, err := openapi.DecodeJSON(body); err == nil {
		value, _ = decoded.(map[string]any)
		patch, _ = decoded.([]any)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve(w, r, op.ID, path, value, patch)
}

func readAll(r *http.Request) []byte {
	recorder := httptest.NewRecorder()
	_, _ = recorder.Body.ReadFrom(r.Body)
	return recorder.Body.Bytes()
}

func (s *clinic) find(collection, owner, id string) *row {
	for _, x := range s.rows {
		if x.collection == collection && x.id == id && (x.owner == owner || s.is("ignores the parent")) {
			return x
		}
	}
	return nil
}

func (s *clinic) serve(w http.ResponseWriter, r *http.Request, operation string, path map[string]string, value map[string]any, patch []any) {
	owner, known := path["ownerId"], s.find("Owner", "", path["ownerId"]) != nil
	collection := map[string]string{"createOwner": "Owner", "getOwner": "Owner", "deleteOwner": "Owner", "listNotes": "Note", "createNote": "Note", "deleteNote": "Note",
		"getTag": "Tag", "putTag": "Tag", "deleteTag": "Tag"}[operation]
	id := path["ownerId"] + path["id"] + path["name"]
	if strings.HasSuffix(operation, "Pet") || operation == "listPets" {
		collection, id = "Pet", path["petId"]
		lenient := s.is("takes unknown parents") && operation == "createPet" || s.is("leaves orphans") && operation == "getPet"
		if !known && !lenient {
			w.WriteHeader(404)
			return
		}
	} else {
		owner = ""
	}
	at := s.find(collection, owner, id)
	switch {
	case operation == "getSettings":
		answerJSON(w, 200, s.settings)
		return
	case operation == "putSettings":
		if !s.is("keeps its settings") {
			s.settings = map[string]any{"theme": value["theme"], "version": 3}
		}
		answerJSON(w, 200, s.settings)
		return
	case operation == "setPhoto":
		w.WriteHeader(map[bool]int{true: 204, false: 404}[known])
		return
	case strings.HasPrefix(operation, "create"), operation == "putTag" && at == nil:
		s.create(w, collection, owner, id, value)
		return
	case strings.HasPrefix(operation, "list"):
		s.list(w, r, collection, owner)
		return
	case at == nil && s.is("makes up what is not there") && strings.HasPrefix(operation, "get"):
		answerJSON(w, 200, map[string]any{"name": "a", "kind": "b", "email": "a@example.com", "color": "red"})
		return
	case at == nil:
		w.WriteHeader(404)
		return
	}
	s.one(w, r, operation, at, value, patch)
}

func (s *clinic) create(w http.ResponseWriter, collection, owner, id string, value map[string]any) {
	if collection == "Owner" && slices.ContainsFunc(s.rows, func(x *row) bool { return x.collection == "Owner" && x.fields["email"] == value["email"] }) && !s.is("takes an email twice") {
		w.WriteHeader(409)
		return
	}
	s.made++
	switch {
	case collection == "Owner":
		id = fmt.Sprintf("6ba7b810-9dad-41d1-80b4-%012d", s.made)
	case id == "" || collection != "Tag":
		id = strconv.Itoa(s.made)
	}
	s.rows = append(s.rows, &row{collection, owner, id, s.kept(value), 1})
	if collection == "Pet" {
		w.Header().Set("Location", "/owners/"+owner+"/pets/"+id)
		w.WriteHeader(201)
		return
	}
	if collection == "Tag" {
		w.WriteHeader(201)
		return
	}
	answerJSON(w, 201, s.shown(s.rows[len(s.rows)-1]))
}

func (s *clinic) kept(value map[string]any) map[string]any {
	fields := map[string]any{}
	for name, member := range value {
		if name != "id" && name != "changed" {
			fields[name] = member
		}
	}
	return fields
}

func (s *clinic) shown(x *row) map[string]any {
	fields := map[string]any{}
	for name, member := range x.fields {
		fields[name] = member
	}
	fields["id"] = json.Number(x.id)
	switch x.collection {
	case "Owner":
		fields["id"] = x.id
	case "Tag":
		delete(fields, "id")
		fields["name"] = x.id
	case "Pet":
		fields["changed"] = fmt.Sprint("version ", x.version)
		if born, ok := fields["born"].(string); ok && s.is("sound: it writes times in another way") {
			fields["born"] = strings.Replace(strings.Replace(born, ".123Z", "Z", 1), "Z", "+00:00", 1)
		}
	}
	return fields
}

func (s *clinic) list(w http.ResponseWriter, r *http.Request, collection, owner string) {
	var rows []*row
	for _, x := range s.rows {
		if x.collection == collection && x.owner == owner {
			rows = append(rows, x)
		}
	}
	q := r.URL.Query()
	if by := q.Get("sort"); by != "" && !s.is("does not sort") {
		slices.SortStableFunc(rows, func(a, b *row) int { return strings.Compare(fmt.Sprint(a.fields[by]), fmt.Sprint(b.fields[by])) })
		if q.Get("order") == "desc" && !s.is("sorts in one direction") {
			slices.Reverse(rows)
		}
	}
	size, from := 20, 0
	for _, name := range []string{"size", "limit"} {
		if n, err := strconv.Atoi(q.Get(name)); err == nil {
			size = n
		}
	}
	if page, err := strconv.Atoi(q.Get("page")); err == nil {
		from = (page - 1) * size
		if s.is("counts pages from 0") {
			from = page * size
		}
	}
	if after, err := strconv.Atoi(q.Get("after")); err == nil {
		from = after
		if s.is("skips one behind the cursor") {
			from++
		}
	}
	s.page(w, rows, from, size, collection)
}

func (s *clinic) page(w http.ResponseWriter, rows []*row, from, size int, collection string) {
	if from > 0 && from >= len(rows) && s.is("sound: there is no page behind the last") {
		w.WriteHeader(404)
		return
	}
	items := []any{}
	for i := from; i < from+size && i < len(rows); i++ {
		items = append(items, s.shown(rows[i]))
	}
	body := map[string]any{"pets": items}
	if collection == "Note" {
		body = map[string]any{"notes": items}
		if from+size < len(rows) {
			body["next"] = strconv.Itoa(from + size)
		}
	}
	answerJSON(w, 200, body)
}

func (s *clinic) one(w http.ResponseWriter, r *http.Request, operation string, at *row, value map[string]any, patch []any) {
	tag := strconv.Quote(strconv.Itoa(at.version))
	switch verb := operation[:3]; {
	case verb == "get":
		w.Header().Set("ETag", tag)
		answerJSON(w, 200, s.shown(at))
		return
	case verb == "del" && s.is("refuses to delete"):
		w.WriteHeader(404)
		return
	case verb == "del":
		s.remove(at)
		w.WriteHeader(204)
		return
	case operation == "patchPet":
		at.fields = s.patched(at, value, patch)
	default:
		if match := r.Header.Get("If-Match"); match != "" && match != "*" && match != tag && !s.is("ignores If-Match") {
			w.WriteHeader(412)
			return
		}
		if !s.is("forgets an update") {
			at.fields = s.kept(value)
		}
	}
	if at.version++; at.collection == "Tag" {
		w.WriteHeader(200)
		return
	}
	answerJSON(w, 200, s.shown(at))
}

func (s *clinic) remove(at *row) {
	if s.is("keeps what is deleted") {
		return
	}
	s.rows = slices.DeleteFunc(s.rows, func(x *row) bool {
		return x == at || x.owner == at.id && at.collection == "Owner" && !s.is("leaves orphans")
	})
}

func (s *clinic) patched(at *row, value map[string]any, patch []any) map[string]any {
	fields := s.kept(at.fields)
	if s.is("a patch replaces") {
		fields = map[string]any{}
	}
	for name, member := range value {
		fields[name] = member
	}
	for _, change := range patch {
		pointer, _ := openapi.Lookup(change, "/path")
		member, _ := openapi.Lookup(change, "/value")
		if !s.is("ignores a JSON patch") {
			fields[strings.TrimPrefix(fmt.Sprint(pointer), "/")] = member
		}
	}
	return fields
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
