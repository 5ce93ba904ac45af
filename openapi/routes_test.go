package openapi_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/counterpart-go/counterpart/openapi"
)

// described is a document with GET operations at some paths; at is what else it says, such as its servers.
func described(t *testing.T, title, at string, paths ...string) *openapi.Spec {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "openapi: 3.1.0\ninfo: {title: %s, version: '1'}\n%s\npaths:\n", title, at)
	for _, path := range paths {
		var parameters strings.Builder
		for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
			fmt.Fprintf(&parameters, "{name: %s, in: path, required: true, schema: {type: string}}", name[1])
		}
		fmt.Fprintf(&text, "  '%s': {get: {operationId: '%s %s', parameters: [%s], responses: {'204': {description: done}}}}\n", path, title, path, &parameters)
	}
	spec, err := openapi.Limits{}.LoadFS(fstest.MapFS{"d.yaml": {Data: []byte(text.String())}}, "d.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestUnder(t *testing.T) {
	const servers = "servers: [{url: 'https://example.com/v1'}, {url: /v2}]"
	for _, tc := range []struct {
		base, found, lost string
	}{
		{"/b", "/b/pets", "/v1/pets"},
		{"/b/c", "/b/c/pets", "/b/pets"},
		{"/a%20b", "/a%20b/pets", "/pets"},
		{"/", "/pets", "/v2/pets"},
	} {
		spec, err := described(t, "Pets", servers, "/pets").Under(tc.base)
		if err != nil {
			t.Fatal(err)
		}
		if op, _, err := spec.Find("GET", tc.found); err != nil || op.Base+op.Path != tc.found || op.Spec() != spec {
			t.Errorf("%s: GET %s: %v, %v", tc.base, tc.found, op, err)
		}
		if _, _, err := spec.Find("GET", tc.lost); err == nil {
			t.Errorf("%s: GET %s is found", tc.base, tc.lost)
		}
		text := document(t, spec, openapi.DocumentOptions{})
		if !strings.Contains(string(text), "url: "+tc.base+"\n") || strings.Contains(string(text), "/v1") {
			t.Errorf("%s: the document has other servers:\n%s", tc.base, text)
		}
	}
	for _, base := range []string{"", "b", "/b/", "//b", "/b/../c", "/b?c", "/b#c", "/{b}", "/b c", "https://example.com/b"} {
		if _, err := described(t, "Pets", servers, "/pets").Under(base); err == nil {
			t.Errorf("%q is taken for a base path", base)
		}
	}
}

// The servers of a path count no more either, not even where another file describes it.
func TestUnderMovesEveryOperation(t *testing.T) {
	files := fstest.MapFS{
		"d.yaml": {Data: []byte("openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths:\n  /a: {$ref: 'paths.yaml#/a'}\n" +
			"  /b: {servers: [{url: /x}], get: {servers: [{url: /y}], responses: {'204': {description: done}}}}\n")},
		"paths.yaml": {Data: []byte("a: {servers: [{url: /x}], get: {responses: {'204': {description: done}}}}\n")},
	}
	spec, err := openapi.Limits{}.LoadFS(files, "d.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := spec.Bases(); !slices.Equal(got, []string{"/x", "/y"}) {
		t.Errorf("base paths %q", got)
	}
	moved, err := spec.Under("/v2")
	if err != nil {
		t.Fatal(err)
	}
	if got := moved.Bases(); !slices.Equal(got, []string{"/v2"}) {
		t.Errorf("base paths %q", got)
	}
	if text := document(t, moved, openapi.DocumentOptions{}); strings.Count(string(text), "servers:") != 1 {
		t.Errorf("servers of paths are left:\n%s", text)
	}
}

// A concrete path wins over a template, whichever document comes first.
func TestRoutes(t *testing.T) {
	all := described(t, "All", "", "/{any}", "/{any}/more")
	some := described(t, "Some", "servers: [{url: /}, {url: /v1}]", "/pets")
	for _, specs := range [][]*openapi.Spec{{all, some}, {some, all}} {
		routes, err := openapi.NewRoutes(specs...)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{"/pets": "Some /pets", "/v1/pets": "Some /pets", "/dogs": "All /{any}", "/pets/more": "All /{any}/more"} {
			if op, _, err := routes.Find("GET", path); err != nil || op.ID != want {
				t.Errorf("%s: %v, %v; want %s", path, op, err, want)
			}
		}
		var unknown *openapi.RouteError
		if _, _, err := routes.Find("PUT", "/pets"); !errors.As(err, &unknown) || unknown.Reason != openapi.UnknownMethod {
			t.Errorf("PUT: %v", err)
		}
	}
}

func TestRoutesClash(t *testing.T) {
	pets, owners := described(t, "Pets", "", "/pets", "/pets/{id}"), described(t, "Owners", "", "/owners", "/pets/{name}")
	_, err := openapi.NewRoutes(pets, owners)
	var clash *openapi.ClashError
	if !errors.As(err, &clash) || len(clash.Pairs) != 1 || clash.Pairs[0][0].Spec() != pets || clash.Pairs[0][1].Spec() != owners {
		t.Fatalf("%v", err)
	}
	const want = `GET /pets/{name} is described by "Pets" (d.yaml:6) and by "Owners" (d.yaml:6); put one of them below another base path`
	if err.Error() != want {
		t.Errorf("%s\nwant\n%s", err, want)
	}
	apart, err := owners.Under("/owned")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openapi.NewRoutes(pets, apart); err != nil {
		t.Error(err)
	}
}
