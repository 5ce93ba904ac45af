package contract

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// everywhere has rules in every location that a request has.
const everywhere = `openapi: 3.1.0
info: {title: everywhere, version: "1"}
paths:
  /things/{size}:
    put:
      operationId: put
      parameters:
        - {name: size, in: path, required: true, schema: {type: integer, minimum: 3, maximum: 5}}
        - {name: kind, in: query, required: true, schema: {type: string, enum: [a, b]}}
        - {name: tags, in: query, explode: false, schema: {type: array, items: {type: string, maxLength: 3}, maxItems: 2}}
        - {name: X-Level, in: header, required: true, schema: {type: integer, minimum: 1}}
        - {name: session, in: cookie, required: true, schema: {type: string, pattern: '^[0-9a-f]{8}$'}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, inner]
              properties:
                name: {type: string, minLength: 1}
                inner: {type: string, contentMediaType: application/json, contentSchema: {type: object, required: [n], properties: {n: {type: integer}}}}
      responses: {'200': {description: ok}, '400': {description: refused}}
`

func load(t *testing.T, document string) *openapi.Spec {
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

// Every location is tried on both sides, and what is sent is on that side when a server reads it.
func TestTriesReachEveryLocation(t *testing.T) {
	spec := load(t, everywhere)
	m := newMaker(Options{Spec: spec, Seed: 1})
	kept, broken := map[string]int{}, map[string]int{}
	for x := range m.tries(spec.Operations()[0]) {
		location := "body"
		if x.parameter != nil {
			location = string(x.parameter.In)
		} else if len(x.violations) > 0 && strings.Contains(x.violations[0].Pointer, openapi.Embedded) {
			location = "embedded"
		}
		if len(x.violations) == 0 {
			kept[location]++
			continue
		}
		broken[location]++
		for _, v := range x.violations {
			if x.parameter != nil && (v.In != x.parameter.In || v.Name != x.parameter.Name) {
				t.Errorf("%s breaks something else: %s", x.name, v)
			}
		}
	}
	for _, location := range []string{"path", "query", "header", "cookie", "body", "embedded"} {
		if broken[location] == 0 || kept[location] == 0 && location != "embedded" {
			t.Errorf("%s: %d kept, %d broken", location, kept[location], broken[location])
		}
	}
}

// A server that judges by the document is not accused, one that looks at nothing is caught in every location.
func TestOtherDocuments(t *testing.T) {
	spec := load(t, everywhere)
	judging := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op, path, err := spec.Find(r.Method, r.URL.EscapedPath())
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		if err != nil || len(op.ValidateRequest(openapi.Request{Path: path, Query: r.URL.Query(), Header: r.Header, Body: body})) > 0 {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	if report, err := Verify(t.Context(), Handler(judging), Options{Spec: spec, Seed: 1}); err != nil || report.Failed > 0 {
		t.Errorf("a sound server: %v, %v", err, report.Findings)
	}
	blind := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	report, err := Verify(t.Context(), Handler(blind), Options{Spec: spec, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{"path size", "query kind", "query tags", "header X-Level", "cookie session", "/name missing", "/inner#/n missing"} {
		found := false
		for _, f := range report.Findings {
			found = found || strings.Contains(f.Case, wanted) && f.Check == "refused"
		}
		if !found {
			t.Errorf("nothing is said of %s", wanted)
		}
	}
}

// Long arrays are not varied item by item.
func TestLongArraysAreCheap(t *testing.T) {
	spec := load(t, `openapi: 3.1.0
info: {title: long, version: "1"}
paths:
  /a:
    post:
      requestBody: {content: {application/json: {schema: {type: array, minItems: 100, maxItems: 100, items: {type: object, required: [n, s], properties: {n: {type: integer, multipleOf: 6}, s: {type: string, minLength: 1}}}}}}}
      responses: {'200': {description: ok}}
`)
	cases, err := Plan(Options{Spec: spec, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	n, began := 0, time.Now()
	for range cases {
		n++
	}
	if n < 20 || n > 200 {
		t.Errorf("%d cases in %s", n, time.Since(began))
	}
}

func TestMasks(t *testing.T) {
	for value, want := range map[any]bool{nil: true, "": true, "*****": true, "••••": true, "secret": false, "*a*": false, true: false} {
		if isMask(value) != want {
			t.Errorf("%v: %t", value, !want)
		}
	}
}

func TestInsides(t *testing.T) {
	for text, want := range map[string]bool{
		`{"m":"panic: x\ngoroutine 12 [running]:"}`:                                true,
		`{"m":"\n\tat com.example.A.b(A.java:12)"}`:                                true,
		`{"m":"Traceback (most recent call last):"}`:                               true,
		`{"m":"ERROR: duplicate key value violates unique constraint \"a\""}`:      true,
		`{"m":"SELECT id FROM t WHERE a = 1"}`:                                     true,
		`{"m":"The parameter is invalid. body /a: must match ^[a-z]{1,64}$"}`:      false,
		`{"m":"select a name from the list, where it is not taken"}`:               false,
		`{"m":"Dataconnector error. A data connection named at a already exists"}`: false,
		`{"m":"update the name and set another value"}`:                            false,
	} {
		x := &Exchange{Response: openapi.Response{Status: 400, Body: []byte(text)}}
		if got := len(internals(x)) > 0; got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	if x := (&Exchange{Response: openapi.Response{Status: 200, Body: []byte("goroutine 1 [running]")}}); len(internals(x)) > 0 {
		t.Error("data that looks like a stack is accused")
	}
}
