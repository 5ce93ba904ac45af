package openapi_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// routes is a document with the operations, given as "get /path"; the id of each is just that.
func routes(t testing.TB, operations ...string) *openapi.Spec {
	t.Helper()
	var paths []string
	members := map[string]string{}
	for _, o := range operations {
		method, path, _ := strings.Cut(o, " ")
		if members[path] == "" {
			paths = append(paths, path)
		}
		members[path] += fmt.Sprintf("\n    %s: {operationId: '%s', parameters: [%s], responses: {'200': {description: ok}}}", method, o, pathParameters(path))
	}
	text := "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:"
	for _, path := range paths {
		text += "\n  '" + path + "':" + members[path]
	}
	spec, err := openapi.Load(write(t, "a.yaml", text+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func pathParameters(path string) string {
	var list []string
	for _, part := range strings.Split(path, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		list = append(list, "{name: "+name+", in: path, required: true, schema: {type: string}}")
	}
	return strings.Join(list, ", ")
}

func TestFind(t *testing.T) {
	spec := routes(t, "get /", "get /a", "post /a", "get /a/", "get /a/b", "get /a/{id}", "put /a/{id}", "get /a/{id}.json", "get /a/{id}/c",
		"get /a/b/d", "get /r/{x}-{y}.json", "get /r/{id}", "get /t/{x}to{y}", "get /u/v:{verb}", "get /{any}/z", "get /e f")
	for _, row := range []struct {
		why, method, path, want string
		values                  map[string]string
	}{
		{"the root", "GET", "/", "get /", nil},
		{"a literal", "GET", "/a", "get /a", nil},
		{"another method", "POST", "/a", "post /a", nil},
		{"a trailing slash is another path", "GET", "/a/", "get /a/", nil},
		{"concrete before templated", "GET", "/a/b", "get /a/b", nil},
		{"templated where the concrete path lacks the method", "PUT", "/a/b", "put /a/{id}", map[string]string{"id": "b"}},
		{"templated", "GET", "/a/x", "get /a/{id}", map[string]string{"id": "x"}},
		{"back from the concrete branch", "GET", "/a/b/c", "get /a/{id}/c", map[string]string{"id": "b"}},
		{"the concrete branch", "GET", "/a/b/d", "get /a/b/d", nil},
		{"part of a segment", "GET", "/a/x.json", "get /a/{id}.json", map[string]string{"id": "x"}},
		{"a part takes all it can", "GET", "/a/x.json.json", "get /a/{id}.json", map[string]string{"id": "x.json"}},
		{"a part takes at least one byte", "GET", "/a/.json", "get /a/{id}", map[string]string{"id": ".json"}},
		{"two parts", "GET", "/r/1-2.json", "get /r/{x}-{y}.json", map[string]string{"x": "1", "y": "2"}},
		{"of a template that did not fit nothing stays", "GET", "/r/1-2", "get /r/{id}", map[string]string{"id": "1-2"}},
		{"text between parts", "GET", "/t/atob", "get /t/{x}to{y}", map[string]string{"x": "a", "y": "b"}},
		{"text in front of a part", "GET", "/u/v:go", "get /u/v:{verb}", map[string]string{"verb": "go"}},
		{"a template at the front", "GET", "/q/z", "get /{any}/z", map[string]string{"any": "q"}},
		{"an encoded slash stays in its segment", "GET", "/a/x%2Fc", "get /a/{id}", map[string]string{"id": "x/c"}},
		{"values are decoded", "GET", "/a/%C3%A4+%25", "get /a/{id}", map[string]string{"id": "ä+%"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			op, values, err := spec.Find(row.method, row.path)
			if err != nil {
				t.Fatal(err)
			}
			if op.ID != row.want || len(values)+len(row.values) > 0 && !reflect.DeepEqual(values, row.values) {
				t.Errorf("got %s with %v", op.ID, values)
			}
		})
	}
}

func TestFindNothing(t *testing.T) {
	spec := shared(t)
	const connectors = "/v2/{project_id}/data-connectors"
	for _, row := range []struct {
		why, method, path string
		want              openapi.RouteError
	}{
		{"the seed's singular path", "POST", "/v2/p/data-connector", openapi.RouteError{Reason: openapi.UnknownPath, Near: connectors}},
		{"the singular path of one connection", "PUT", "/v2/p/data-connector/c", openapi.RouteError{Reason: openapi.UnknownPath, Near: connectors + "/{connector_id}"}},
		{"another word for it", "GET", "/v2/p/data-connections", openapi.RouteError{Reason: openapi.UnknownPath, Near: connectors}},
		{"nothing like it", "GET", "/healthz", openapi.RouteError{Reason: openapi.UnknownPath}},
		{"the root", "GET", "/", openapi.RouteError{Reason: openapi.UnknownPath}},
		{"nothing at all", "GET", "", openapi.RouteError{Reason: openapi.UnknownPath}},
		{"an empty project id routes nowhere", "GET", "/v2//data-connectors", openapi.RouteError{Reason: openapi.UnknownPath}},
		{"an escape that is none", "DELETE", "/v2/p/data-connectors/%zz", openapi.RouteError{Reason: openapi.UnknownPath}},
		{"an unknown method", "PATCH", "/v2/p/data-connectors", openapi.RouteError{Reason: openapi.UnknownMethod, Allowed: []string{"GET", "POST"}}},
		{"another path's method", "POST", "/v2/p/data-connectors/c", openapi.RouteError{Reason: openapi.UnknownMethod, Allowed: []string{"DELETE", "PUT"}}},
		{"methods have letters of one case", "get", "/v2/p/data-connectors", openapi.RouteError{Reason: openapi.UnknownMethod, Allowed: []string{"GET", "POST"}}},
	} {
		t.Run(row.why, func(t *testing.T) {
			row.want.Method, row.want.Path = row.method, row.path
			_, _, err := spec.Find(row.method, row.path)
			var got *openapi.RouteError
			if !errors.As(err, &got) || !reflect.DeepEqual(*got, row.want) {
				t.Errorf("got %+v", got)
			}
			if got != nil && got.Near != "" && !strings.Contains(got.Error(), got.Near) {
				t.Errorf("words %q", got)
			}
		})
	}
}

// Maps are walked to guess; the guess must not depend on it.
func TestNearIsDeterministic(t *testing.T) {
	spec := routes(t, "get /orders", "get /ordera", "get /orderb", "get /orders/{id}", "get /ordera/{id}", "get /orderb/{id}")
	for range 100 {
		for path, want := range map[string]string{"/order": "/ordera", "/order/1": "/ordera/{id}"} {
			var e *openapi.RouteError
			if _, _, err := spec.Find("GET", path); !errors.As(err, &e) || e.Near != want {
				t.Fatalf("near %s: %+v", path, e)
			}
		}
	}
}
