package mockserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore"
	"github.com/counterpart-go/counterpart/openapi"
)

// shops has shops with pets in them, which are listed with cursors, and that with notes; names of pets are unique in their shop.
const shops = `
openapi: 3.1.0
info: {title: Shops, version: "1"}
servers: [{url: /shop}]
x-counterpart: {project: shopId}
paths:
  /shops:
    post: {operationId: createShop, requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/New'}}}}, responses: {'201': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}
    get: {operationId: listShops, responses: {'200': {description: all, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Thing'}}}}}}}
  /shops/{shopId}:
    get: {operationId: getShop, parameters: [{$ref: '#/components/parameters/shop'}], responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}
    delete: {operationId: deleteShop, parameters: [{$ref: '#/components/parameters/shop'}], responses: {'204': {description: gone}}}
  /shops/{shopId}/pets:
    parameters: [{$ref: '#/components/parameters/shop'}]
    post: {operationId: createPet, requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/New'}}}}, responses: {'201': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}
    get:
      operationId: listPets
      parameters: [{name: cursor, in: query, schema: {type: string}}, {name: limit, in: query, schema: {type: integer}}]
      responses:
        '200': {description: all, content: {application/json: {schema: {type: object, required: [items], properties: {items: {type: array, items: {$ref: '#/components/schemas/Thing'}}, next_cursor: {type: string}}}}}}
  /shops/{shopId}/pets/{petId}:
    parameters: [{$ref: '#/components/parameters/shop'}, {name: petId, in: path, required: true, schema: {type: string}}]
    get: {operationId: getPet, responses: {'200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}
    delete: {operationId: deletePet, responses: {'204': {description: gone}}}
components:
  parameters:
    shop: {name: shopId, in: path, required: true, schema: {type: string}}
  schemas:
    New:
      type: object
      required: [name]
      properties: {name: {type: string, minLength: 1}, count: {type: integer}, secret: {type: string, writeOnly: true}}
    Thing:
      type: object
      required: [id, name]
      properties: {id: {type: string}, name: {type: string, minLength: 1}, count: {type: integer}, secret: {type: string, writeOnly: true}}
`

// inEveryStore runs a test with memory and with SQLite.
func inEveryStore(t *testing.T, test func(t *testing.T, o mockserver.Options)) {
	t.Run("memory", func(t *testing.T) { test(t, mockserver.Options{}) })
	t.Run("SQLite", func(t *testing.T) {
		store, err := sqlstore.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"), sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		test(t, mockserver.Options{Store: store})
	})
}

// fill makes two shops, the first with pets of which one is deleted, and gives their ids.
func (m *mock) fill() (first, second string) {
	id := func(a answer) string {
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(a.body), &made); err != nil || made.ID == "" {
			m.Fatalf("%d %s", a.status, a.body)
		}
		return made.ID
	}
	first = id(m.do(http.MethodPost, "/shop/shops", `{"name":"first","count":9007199254740993}`))
	second = id(m.do(http.MethodPost, "/shop/shops", `{"name":"second <&>"}`))
	for i := range 5 {
		pet := id(m.do(http.MethodPost, "/shop/shops/"+first+"/pets", fmt.Sprintf(`{"name":"p%d","secret":"hunter2"}`, i)))
		if i == 4 {
			m.do(http.MethodDelete, "/shop/shops/"+first+"/pets/"+pet, "").says(m, 204)
		}
	}
	m.do(http.MethodPost, "/shop/shops/"+second+"/pets", `{"name":"p0"}`).says(m, 201)
	return first, second
}

// What is exported is imported as it was: in another store, over other state, over the wire and in Go.
func TestStateRoundTrip(t *testing.T) {
	t.Parallel()
	inEveryStore(t, func(t *testing.T, o mockserver.Options) {
		o.Specs = append(o.Specs, document(t), specOf(t, shops))
		srv, m := startKept(t, o)
		first, _ := m.fill()
		m.create("p1", "a", mysql)
		m.create("p2", "b", postgres)
		exported := m.do(http.MethodGet, "/_counterpart/state", "")
		exported.says(t, 200, `"document":"/shop"`, "9007199254740993", `"project":"p1"`)
		if strings.Contains(exported.body, "hunter2") {
			t.Error("the export has a secret")
		}
		pets := "/shop/shops/" + first + "/pets?limit=2"
		var page struct {
			Next string `json:"next_cursor"`
		}
		before := m.do(http.MethodGet, pets, "")
		if err := json.Unmarshal([]byte(before.body), &page); err != nil || page.Next == "" {
			t.Fatalf("%v: %s", err, before.body)
		}
		behind := m.do(http.MethodGet, pets+"&cursor="+page.Next, "")
		want := func(why string, again answer) {
			t.Helper()
			if !reflect.DeepEqual(decoded(t, again.body), decoded(t, exported.body)) {
				t.Errorf("%s:\n%s\nbefore:\n%s", why, again.body, exported.body)
			}
		}

		m.do(http.MethodPost, "/_counterpart/reset", "").says(t, 204)
		m.do(http.MethodGet, "/_counterpart/state", "").says(t, 200, `{"collections":[]}`)
		m.do(http.MethodPut, "/_counterpart/state", exported.body).says(t, 204)
		want("after a reset", m.do(http.MethodGet, "/_counterpart/state", ""))

		m.create("p3", "c", mysql)
		m.fill()
		m.do(http.MethodPut, "/_counterpart/state", exported.body).says(t, 204)
		want("over other state", m.do(http.MethodGet, "/_counterpart/state", ""))
		m.do(http.MethodPost, "/_counterpart/state", exported.body).says(t, 204)
		want("added to itself", m.do(http.MethodGet, "/_counterpart/state", ""))

		if a := m.do(http.MethodGet, pets+"&cursor="+page.Next, ""); a.body != behind.body {
			t.Errorf("a cursor leads elsewhere: %s, not %s", a.body, behind.body)
		}
		state, err := srv.Export(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Import(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		want("imported in Go", m.do(http.MethodGet, "/_counterpart/state", ""))
		m.do(http.MethodDelete, "/shop/shops/"+first, "").says(t, 204)
		m.do(http.MethodGet, pets, "").says(t, 404) // what was imported lies where it lay
	})
}

func decoded(t testing.TB, text string) (value any) {
	t.Helper()
	value, err := openapi.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// State of one project is exported and forgotten alone, whether its collection or its documents' ids name it.
func TestStateOfOneProject(t *testing.T) {
	t.Parallel()
	inEveryStore(t, func(t *testing.T, o mockserver.Options) {
		o.Specs = append(o.Specs, document(t), specOf(t, shops))
		_, m := startKept(t, o)
		first, second := m.fill()
		m.create("p1", "a", mysql)
		m.create("p2", "b", mysql)
		for project, want := range map[string][2]int{"p1": {1, 0}, first: {0, 6}, "nobody": {0, 0}} { // a shop, its counter, 4 pets
			a := m.do(http.MethodGet, "/_counterpart/state?project="+project, "")
			connectors, things := strings.Count(a.body, `"connector_id"`), strings.Count(a.body, `"body"`)
			if connectors != want[0] || things-connectors != want[1] {
				t.Errorf("of %s: %s", project, a.body)
			}
		}
		m.do(http.MethodDelete, "/_counterpart/state?project=p1", "").says(t, 204)
		m.wantList("p1", nil)
		m.do(http.MethodGet, collection("p2"), "").says(t, 200, `"total_count":1`)
		m.do(http.MethodPost, "/_counterpart/reset?project="+first, "").says(t, 204)
		m.do(http.MethodGet, "/shop/shops/"+first, "").says(t, 404)
		m.do(http.MethodGet, "/shop/shops/"+second+"/pets", "").says(t, 200, `"p0"`)
		m.do(http.MethodGet, collection("p2"), "").says(t, 200, `"total_count":1`)
		m.do(http.MethodDelete, "/_counterpart/state", "").says(t, 204)
		m.do(http.MethodGet, "/_counterpart/state", "").says(t, 200, `{"collections":[]}`)
	})
}

// What is wrong with a state is said with its place, all of it, and nothing of the state is taken.
func TestStateThatDoesNotFit(t *testing.T) {
	t.Parallel()
	inEveryStore(t, func(t *testing.T, o mockserver.Options) {
		o.Specs = append(o.Specs, document(t), specOf(t, shops))
		_, m := startKept(t, o)
		first, _ := m.fill()
		kept := m.create("p1", "a", mysql)
		before := m.do(http.MethodGet, "/_counterpart/state", "").body
		connector := func(id, name string) string {
			return fmt.Sprintf(`{"id":%q,"body":{"connector_id":%q,"connector_name":%q,"source_type":"RDS_MYSQL","source_info":"{\"db_name\":\"d\",\"user_name\":\"u\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\"}","create_time":1,"last_update_time":1,"create_by":"c","create_user":"c","last_update_by":"c","tenant_id":"p1","status":0,"used_clusters":"","encrypt_type":0}}`, id, id, name)
		}
		other := "11111111111111111111111111111111"
		in := func(document, name, items string) string {
			return fmt.Sprintf(`{"collections":[{"document":%q,"name":%q,"items":[%s]}]}`, document, name, items)
		}
		good := fmt.Sprintf(`{"id":"shops/x","body":{"id":"x","name":"n"}},{"id":"shops/%s/pets/new","body":{"id":"new","name":"n"}}`, first)
		for _, tc := range []struct{ reason, method, state, pointer, says string }{
			{"not JSON", "PUT", `{`, `""`, "cannot be read"},
			{"an unknown member", "PUT", `{"collection":[]}`, "", "'collection'"},
			{"no such document", "PUT", in("/elsewhere", "resources/shops", ""), "/collections/0/document", "no document has this base path"},
			{"no such collection", "PUT", in("/shop", "resources/cars", ""), "/collections/0/name", "no such collection"},
			{"no such id", "PUT", in("/shop", "resources/shops", `{"id":"shops/1/cars/2","body":{}}`), "/collections/0/items/0/body", "no path"},
			{"of another collection", "PUT", in("/shop", "resources/shops", `{"id":"pets/1","body":{}}`), "/collections/0/items/0/body", "no path"},
			{"breaks the schema, each of them", "PUT", in("/shop", "resources/shops", good+`,{"id":"shops/1","body":{"id":"1"}},{"id":"shops/2","body":{"id":"2","name":""}}`), "/collections/0/items/3/body/name", "/collections/0/items/2/body/name"},
			{"a secret", "PUT", in("/shop", "resources/shops", `{"id":"shops/1","body":7}`), "/collections/0/items/0/body", "object"},
			{"its id is another", "POST", in("/shop", "resources/shops", `{"id":"shops/1","body":{"id":"2","name":"n"}}`), "/collections/0/items/0/body/id", "another"},
			{"it lies in what is not there", "POST", in("/shop", "resources/shops", good+`,{"id":"shops/none/pets/1","body":{"id":"1","name":"n"}}`), "/collections/0/items/2/body", "no such item"},
			{"a counter that does not count", "POST", in("/shop", "resources/shops", `{"id":"#shops/x/pets","body":"many"}`), "/collections/0/items/0/body", "whole number"},
			{"a connection's schema", "POST", in("", "data-connectors/p1", strings.Replace(connector(other, "b"), `"status":0`, `"status":"good"`, 1)), "/collections/0/items/0/body/status", "must be integer"},
			{"a connection of another project", "POST", in("", "data-connectors/p9", connector(other, "b")), "/collections/0/items/0/body/tenant_id", "another"},
			{"a name that is taken", "POST", in("", "data-connectors/p1", connector(other, "a")), "/collections/0/items/0/body", "taken"},
			{"a name twice", "PUT", in("", "data-connectors/p1", connector(other, "b")+","+connector(kept, "b")), "/collections/0/items/1/body", "taken"},
			{"a creation that breaks the document", "POST", `{"create":[{"path":"/v2/p1/data-connectors","body":` + sound("b", mysql) + `},{"path":"/v2/p1/data-connectors","body":{"data_connector":{"connector_name":"c"}}}]}`, "/create/1/body/data_connector/source_type", "is required"},
			{"a creation that the state refuses", "POST", `{"create":[{"path":"/v2/p1/data-connectors","body":` + sound("b", mysql) + `},{"path":"/v2/p1/data-connectors","body":` + sound("b", mysql) + `}]}`, "/create/1", "taken"},
			{"the same, in the place of all", "PUT", `{"create":[{"path":"/v2/p1/data-connectors","body":` + sound("b", mysql) + `},{"path":"/v2/p1/data-connectors","body":` + sound("b", mysql) + `}]}`, "/create/1", "taken"},
			{"a creation nowhere", "POST", `{"create":[{"path":"/v3","body":{}}]}`, "/create/0/path", "no items are created there"},
			{"a creation at a path that breaks the document", "POST", `{"create":[{"path":"/v2/-/data-connectors","body":` + sound("b", mysql) + `}]}`, "/create/0/path", "must match"},
			{"a creation in what is not there", "POST", `{"create":[{"path":"/shop/shops/none/pets","body":{"name":"n"}}]}`, "/create/0", "no such item"},
		} {
			a := m.do(tc.method, "/_counterpart/state", tc.state)
			t.Run(tc.reason, func(t *testing.T) { a.says(t, 400, `"pointer":"`+strings.Trim(tc.pointer, `"`), tc.says) })
			if after := m.do(http.MethodGet, "/_counterpart/state", "").body; after != before { // byte for byte
				t.Fatalf("%s: the state has changed:\n%s\nbefore:\n%s", tc.reason, after, before)
			}
		}
	})
}

// In Go a wrong state is an error with the places in it.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{})
	var broken *mockserver.StateError
	err := srv.Load(t.Context(), mockserver.State{Create: []mockserver.Creation{{Path: "/v2/p/data-connectors", Body: json.RawMessage(`{}`)}}})
	if !errors.As(err, &broken) || broken.Violations[0].Pointer != "/create/0/body/data_connector" {
		t.Errorf("%v", err)
	}
	if err := srv.Load(t.Context(), mockserver.State{Create: []mockserver.Creation{{Path: "/v2/p/data-connectors", Body: json.RawMessage(sound("a", mysql))}}}); err != nil {
		t.Error(err)
	}
	m.do(http.MethodGet, collection("p"), "").says(t, 200, `"connector_name":"a"`)
	if n := len(exchanges(srv)); n != 1 {
		t.Errorf("the journal has %d exchanges, not the one of the list alone", n)
	}
}

// More than a body may have is not exported at once: nobody could import it.
func TestExportIsBounded(t *testing.T) {
	t.Parallel()
	_, m := startKept(t, mockserver.Options{Limits: mockserver.Limits{Body: 2000}})
	for i := range 6 {
		m.create("p"+fmt.Sprint(i), "a", mysql)
	}
	m.do(http.MethodGet, "/_counterpart/state", "").says(t, 400, `"pointer":"project"`, "--max-body")
	m.do(http.MethodGet, "/_counterpart/state?project=p3", "").says(t, 200, `"tenant_id":"p3"`)
}

// Requests see the state before or after an import, never a part of it.
func TestImportIsSeenWhole(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Spec: document(t)})
	for i := range 20 {
		m.create(project, fmt.Sprint("c", i), mysql)
	}
	state, err := srv.Export(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			if err := srv.Import(t.Context(), state); err != nil {
				t.Error(err)
			}
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
			if n := m.list(project).Total; n != 20 {
				t.Fatalf("a list shows %d", n)
			}
		}
	}
}

// A reset takes everything back; of one project only what belongs to it.
func TestReset(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	srv, m := startKept(t, mockserver.Options{Now: func() time.Time { return noon }, DataConnectors: mockserver.DataConnectorOptions{Clusters: map[string][]string{"a": {"first"}}}})
	m.create("p", "a", mysql)
	m.do(http.MethodPut, "/_counterpart/settings/clusters", `{"value":null}`).says(t, 204)
	m.do(http.MethodGet, collection("p"), "").says(t, 200, `"used_clusters":""`)
	srv.Clock().Advance(time.Hour)
	m.do(http.MethodPost, "/_counterpart/reset?project=q", "").says(t, 204)
	m.do(http.MethodGet, collection("p"), "").says(t, 200, `"connector_name":"a"`)
	m.do(http.MethodPost, "/_counterpart/reset", "").says(t, 204)
	if n := len(exchanges(srv)); n != 0 {
		t.Errorf("the journal has %d exchanges", n)
	}
	m.wantList("p", nil)
	if now := srv.Clock().Now(); !now.Equal(noon) {
		t.Errorf("it is %v", now)
	}
	m.create("p", "a", mysql)
	m.do(http.MethodGet, collection("p"), "").says(t, 200, `"used_clusters":"first"`)
}

// failingStore fails one update: the one that comes after so many.
type failingStore struct {
	mockserver.Store

	left int // updates until that one; below 0 for none
}

func (s *failingStore) Update(ctx context.Context, collection string, fn func(mockserver.Collection) error) error {
	if s.left--; s.left == -1 {
		return &mockserver.UnavailableError{Err: errors.New("for a test")}
	}
	return s.Store.Update(ctx, collection, fn)
}

// A store that fails in the middle of an import, wherever that is, leaves the state as it was, in its order.
func TestImportIsUndone(t *testing.T) {
	t.Parallel()
	store := &failingStore{mockserver.NewMemory(), -1}
	srv := mockserver.InTest(t, mockserver.Options{Specs: []*openapi.Spec{document(t), specOf(t, shops)}, Store: store})
	create := func(path, body string) mockserver.Creation {
		return mockserver.Creation{Path: path, Body: json.RawMessage(body)}
	}
	filled := mockserver.State{Create: []mockserver.Creation{create(collection("p"), sound("a", mysql)), create(collection("p"), sound("b", mysql)), create(collection("q"), sound("a", mysql)), create("/shop/shops", `{"name":"n"}`)}}
	if err := srv.Load(t.Context(), filled); err != nil {
		t.Fatal(err)
	}
	before, err := srv.Export(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	failures := 0
	for updates := range 10 {
		store.left = updates
		err := srv.Import(t.Context(), mockserver.State{Collections: before.Collections, Create: []mockserver.Creation{create(collection("r"), sound("c", mysql))}})
		if err == nil {
			store.left = -1
			break
		}
		failures++
		var away *mockserver.UnavailableError
		if !errors.As(err, &away) {
			t.Errorf("after %d updates: %v", updates, err)
		}
		after, err := srv.Export(t.Context(), "")
		if err != nil || !reflect.DeepEqual(after, before) {
			t.Fatalf("%v: after %d updates there is\n%v\nbefore\n%v", err, updates, after, before)
		}
	}
	if failures != 7 { // three collections cleared, three put, one creation
		t.Errorf("%d of the updates have failed", failures)
	}
}

func exchanges(srv *mockserver.Server) []mockserver.Exchange {
	return srv.Journal().Exchanges(mockserver.JournalFilter{})
}
