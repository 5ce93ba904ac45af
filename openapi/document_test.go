package openapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/counterpart-go/counterpart/openapi"
)

func document(t testing.TB, spec *openapi.Spec, o openapi.DocumentOptions) []byte {
	t.Helper()
	text, err := spec.Document(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// everyContract visits the built-in document, plain and with each overlay.
func everyContract(t *testing.T, visit func(t *testing.T, spec *openapi.Spec)) {
	t.Run("plain", func(t *testing.T) { visit(t, builtin(t)) })
	for _, o := range openapi.Overlays() {
		t.Run(o.Name, func(t *testing.T) { visit(t, builtin(t, o.Name)) })
	}
}

var fileReference = regexp.MustCompile(`\$ref"?: *["']?[^#"' ]`)

func wantSelfContained(t *testing.T, text []byte) {
	t.Helper()
	if ref := fileReference.Find(text); ref != nil {
		t.Errorf("refers to another file: %s", ref)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.DisableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

func TestDocument(t *testing.T) {
	everyContract(t, func(t *testing.T, spec *openapi.Spec) {
		for _, o := range []openapi.DocumentOptions{{}, {OpenAPI: "3.1"}, {OpenAPI: "3.1", JSON: true}, {OpenAPI: "3.0"}, {OpenAPI: "3.0", JSON: true}} {
			text := document(t, spec, o)
			wantSelfContained(t, text)
			if !bytes.Equal(text, document(t, spec, o)) {
				t.Errorf("%+v: another time it reads differently", o)
			}
			if o.JSON != json.Valid(text) {
				t.Errorf("%+v: JSON is %v", o, !o.JSON)
			}
			if o.OpenAPI == "3.0" != bytes.Contains(text, []byte("3.0.3")) {
				t.Errorf("%+v: not the version that was asked for", o)
			}
			again := load(t, "a.yaml", string(text))
			if again.Title != spec.Title || len(again.Operations()) != len(spec.Operations()) || len(again.Resources()) != len(spec.Resources()) {
				t.Errorf("%+v: loaded again it is another document", o)
			}
		}
	})
}

// What is printed as 3.1 judges the documented messages, and messages that break each rule inside them, like the original.
func TestDocumentJudgesTheSame(t *testing.T) {
	everyContract(t, func(t *testing.T, spec *openapi.Spec) {
		again := load(t, "a.yaml", string(document(t, spec, openapi.DocumentOptions{OpenAPI: "3.1"})))
		eachExample(spec, func(at string, op *openapi.Operation, status int, value any) {
			for _, v := range append(broken(value), value) {
				first, second := judge(op, status, v), judge(again.Operation(op.ID), status, v)
				if !reflect.DeepEqual(brief(first), brief(second)) {
					t.Errorf("%s: printed\n%s\noriginal\n%s", at, second, first)
				}
			}
		})
	})
}

// eachExample visits every documented body: of requests with status 0, of answers with theirs.
func eachExample(spec *openapi.Spec, visit func(at string, op *openapi.Operation, status int, value any)) {
	for _, op := range spec.Operations() {
		if op.RequestBody != nil {
			for _, m := range op.RequestBody.Content {
				for _, e := range m.Examples {
					visit(op.ID+" "+e.Name, op, 0, e.Value)
				}
			}
		}
		for _, answer := range op.Responses {
			for _, m := range answer.Content {
				for _, e := range m.Examples {
					status, _ := strconv.Atoi(answer.Status)
					visit(op.ID+" "+answer.Status+" "+e.Name, op, status, e.Value)
				}
			}
		}
	}
}

func judge(op *openapi.Operation, status int, value any) openapi.Violations {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // values come from a document
	}
	header := http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r"}, "Retry-After": {"1"}}
	if status == 0 {
		return op.ValidateRequest(openapi.Request{Path: map[string]string{"project_id": hex32, "connector_id": "c"}, Header: header, Body: body})
	}
	return op.ValidateResponse(openapi.Response{Status: status, Header: header, Body: body})
}

// broken are copies of the value with one member each made null, at every depth, also inside text that holds JSON.
func broken(value any) []any {
	switch v := value.(type) {
	case map[string]any:
		var list []any
		for name, member := range v {
			for _, b := range append(broken(member), nil) {
				changed := make(map[string]any, len(v))
				for n, m := range v {
					changed[n] = m
				}
				changed[name] = b
				list = append(list, changed)
			}
		}
		return list
	case []any:
		var list []any
		for _, item := range v {
			for _, b := range broken(item) {
				list = append(list, []any{b})
			}
		}
		return list
	case string:
		inner, err := openapi.DecodeJSON([]byte(v))
		if _, isObject := inner.(map[string]any); err != nil || !isObject {
			return nil
		}
		var list []any
		for _, b := range broken(inner) {
			text, _ := json.Marshal(b)
			list = append(list, string(text))
		}
		return list
	}
	return nil
}

// Every documented message keeps the contract, whatever the overlay, as do the examples of parameters and headers.
func TestExamplesKeepTheContract(t *testing.T) {
	everyContract(t, func(t *testing.T, spec *openapi.Spec) {
		count := 0
		eachExample(spec, func(at string, op *openapi.Operation, status int, value any) {
			count++
			if vs := judge(op, status, value); len(vs) > 0 {
				t.Errorf("%s: %s", at, vs)
			}
		})
		if count < 40 {
			t.Errorf("only %d examples", count)
		}
		for _, op := range spec.Operations() {
			wantSoundExamples(t, op.ID, op.Parameters)
			for _, answer := range op.Responses {
				wantSoundExamples(t, op.ID+" "+answer.Status, answer.Headers)
			}
		}
	})
}

func wantSoundExamples(t *testing.T, at string, parameters []*openapi.Parameter) {
	t.Helper()
	for _, p := range parameters {
		for _, e := range p.Examples {
			if vs := p.Schema.Validate(e.Value); len(vs) > 0 {
				t.Errorf("%s %s: %s", at, p.Name, vs)
			}
		}
	}
}

// Parts in files of their own become the document's own.
func TestDocumentTakesFilesIn(t *testing.T) {
	original := load(t, external...)
	r := jsonRequest(`{"id":"long","value":{"inner":"long"}}`)
	r.Path = map[string]string{"id": "long"}
	for _, version := range []string{"", "3.0", "3.1"} {
		text := document(t, original, openapi.DocumentOptions{OpenAPI: version})
		wantSelfContained(t, text)
		op := load(t, "b.yaml", string(text)).Operation("op")
		wantBrief(t, op.ValidateRequest(r), brief(original.Operation("op").ValidateRequest(r)))
		wantBrief(t, op.ValidateResponse(jsonResponse(`{"id":"long"}`)), []string{"body /id maxLength", "header x-lower required"})
	}
}

// Two files that hold schemas of one name become two components.
func TestDocumentKeepsNamesApart(t *testing.T) {
	spec := load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: object, properties: {a: {$ref: x/id.yaml}, b: {$ref: y/id.yaml}, c: {$ref: 'z.yaml#/$defs/id'}}}"),
		"x/id.yaml", "type: integer\n", "y/id.yaml", "{type: object, properties: {again: {$ref: id.yaml}, n: {type: integer}}}\n",
		"z.yaml", "{type: object, $defs: {id: {type: boolean}}}\n")
	text := document(t, spec, openapi.DocumentOptions{})
	wantSelfContained(t, text)
	body := jsonRequest(`{"a":"x","b":{"again":{"n":"x"}},"c":"x"}`)
	want := []string{"body /a type", "body /b/again/n type", "body /c type"}
	wantBrief(t, spec.Operation("op").ValidateRequest(body), want)
	wantBrief(t, load(t, "a.yaml", string(text)).Operation("op").ValidateRequest(body), want)
}

// A discriminator's mapping follows the branches that it names into the document.
func TestDocumentTakesMappingsIn(t *testing.T) {
	spec := load(t, "a.yaml", bodyDocument("3.0.3", "S: {oneOf: [{$ref: p/cat.yaml}, {$ref: p/dog.yaml}], discriminator: {propertyName: kind, mapping: {miau: p/cat.yaml, wuff: p/dog.yaml}}}"),
		"p/cat.yaml", "{type: object, required: [lives]}\n", "p/dog.yaml", "{type: object, required: [bark]}\n")
	for _, version := range []string{"3.0", "3.1"} {
		again := load(t, "a.yaml", string(document(t, spec, openapi.DocumentOptions{OpenAPI: version})))
		for _, s := range []*openapi.Spec{spec, again} {
			wantBrief(t, s.Operation("op").ValidateRequest(jsonRequest(`{"kind":"wuff"}`)), []string{"body /bark required"})
		}
	}
}

func TestDocumentLiftsAndLowers(t *testing.T) {
	for _, row := range []struct {
		why, from, to, schema string
		sound, broken         []string
	}{
		{"nullable to a list of types", "3.0.3", "3.1", "S: {type: string, nullable: true}", []string{"null", `"a"`}, []string{"1"}},
		{"a list of types to nullable", "3.1.0", "3.0", "S: {type: [string, 'null']}", []string{"null", `"a"`}, []string{"1"}},
		{"several types to alternatives", "3.1.0", "3.0", "S: {type: [string, integer]}", []string{"1", `"a"`}, []string{"true", "null"}},
		{"several types and null", "3.1.0", "3.0", "S: {type: [string, integer, 'null']}", []string{"1", `"a"`, "null"}, []string{"true"}},
		{"a type that is only null", "3.1.0", "3.0", "S: {anyOf: [{type: string}, {type: 'null'}]}", []string{"null", `"a"`}, []string{"1"}},
		{"exclusive bounds up", "3.0.3", "3.1", "S: {type: integer, minimum: 1, exclusiveMinimum: true, maximum: 4, exclusiveMaximum: true}", []string{"2", "3"}, []string{"1", "4"}},
		{"exclusive bounds down", "3.1.0", "3.0", "S: {type: integer, exclusiveMinimum: 1, exclusiveMaximum: 4}", []string{"2", "3"}, []string{"1", "4"}},
		{"the constant", "3.1.0", "3.0", "S: {const: a}", []string{`"a"`}, []string{`"b"`}},
		{"boolean schemas", "3.1.0", "3.0", "S: {type: object, properties: {a: true, b: false}}", []string{`{"a":1}`}, []string{`{"b":1}`}},
		{"a list of anything", "3.1.0", "3.0", "S: {type: array}", []string{"[1]"}, []string{"1"}},
		{"beside a reference, what 3.0 would ignore is left out", "3.0.3", "3.1", "S: {$ref: '#/components/schemas/T', maxLength: 1}\nT: {type: string}", []string{`"ab"`}, []string{"1"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			spec := load(t, "a.yaml", bodyDocument(row.from, row.schema))
			text := document(t, spec, openapi.DocumentOptions{OpenAPI: row.to})
			wantSelfContained(t, text)
			for range 20 {
				if !bytes.Equal(text, document(t, spec, openapi.DocumentOptions{OpenAPI: row.to})) {
					t.Fatal("another time it reads differently")
				}
			}
			for _, s := range []*openapi.Spec{spec, load(t, "a.yaml", string(text))} {
				wantVerdicts(t, s.Operation("op"), row.sound, row.broken)
			}
		})
	}
}

func wantVerdicts(t *testing.T, op *openapi.Operation, sound, broken []string) {
	t.Helper()
	for _, body := range sound {
		wantBrief(t, op.ValidateRequest(jsonRequest(body)), nil)
	}
	for _, body := range broken {
		if len(op.ValidateRequest(jsonRequest(body))) == 0 {
			t.Errorf("%s passes", body)
		}
	}
}

func TestDocumentVersionIsChecked(t *testing.T) {
	if _, err := shared(t).Document(openapi.DocumentOptions{OpenAPI: "2.0"}); err == nil || !strings.Contains(err.Error(), "use 3.0 or 3.1") {
		t.Errorf("error %v", err)
	}
	if _, err := load(t, "a.yaml", bodyDocument("3.0.3", "S: {}")).Document(openapi.DocumentOptions{OpenAPI: "4"}); err == nil {
		t.Error("version 4 is written")
	}
}
