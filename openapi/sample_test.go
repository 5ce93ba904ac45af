package openapi_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

func bodySchema(t testing.TB, spec *openapi.Spec) *openapi.Schema {
	t.Helper()
	return spec.Operation("createDataConnector").RequestBody.Content[0].Schema
}

// wantSample makes a sample, which must keep the schema and hold what is fixed, and be the same every time.
func wantSample(t *testing.T, schema *openapi.Schema, fixed map[string]any) any {
	t.Helper()
	value := schema.Sample(fixed)
	if vs := schema.Validate(value); len(vs) > 0 {
		t.Errorf("sample %v: %s", value, vs)
	}
	for pointer, want := range fixed {
		if got, ok := openapi.Lookup(value, pointer); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("sample %v has %v at %s, not %v", value, got, pointer, want)
		}
	}
	for range 20 {
		if again := schema.Sample(fixed); !reflect.DeepEqual(again, value) {
			t.Fatalf("sample %v, another time %v", value, again)
		}
	}
	return value
}

func TestSampleOfEveryVariant(t *testing.T) {
	schema := bodySchema(t, shared(t))
	const typeAt = "/data_connector/source_type"
	variants := schema.Variants("/data_connector")
	if len(variants) != 1 || !reflect.DeepEqual(variants[typeAt], []any{"RDS_POSTGRES", "RDS_MYSQL", "gaussdb-mysql"}) {
		t.Fatalf("variants %v", variants)
	}
	for _, sourceType := range variants[typeAt] {
		value := wantSample(t, schema, map[string]any{typeAt: sourceType, "/data_connector/connector_name": "mine"})
		if _, ok := openapi.Lookup(value, "/data_connector/source_info#/rds_instance_id"); !ok {
			t.Errorf("%v: no instance in %v", sourceType, value)
		}
	}
	value := wantSample(t, schema, map[string]any{typeAt: "gaussdb-mysql", "/data_connector/source_info#/db_name": "mine"})
	if id, _ := openapi.Lookup(value, "/data_connector/source_info#/rds_instance_id"); !strings.HasSuffix(id.(string), "in07") {
		t.Errorf("instance %v", id)
	}
}

func TestSamplesOfAnswers(t *testing.T) {
	everyContract(t, func(t *testing.T, spec *openapi.Spec) {
		for _, op := range spec.Operations() {
			for _, answer := range op.Responses {
				for _, m := range answer.Content {
					wantSample(t, m.Schema, nil)
				}
				for _, h := range answer.Headers {
					wantSample(t, h.Schema, nil)
				}
			}
		}
	})
}

func TestSamplesOfAnyDocument(t *testing.T) {
	for _, row := range []struct{ why, version, schemas string }{
		{"nothing said", "3.1.0", "S: {}"},
		{"types that only keywords imply", "3.1.0", "S: {required: [a, b, c], properties: {a: {minLength: 3}, b: {minimum: 2}, c: {items: {type: string}, minItems: 1}}}"},
		{"bounds of numbers", "3.1.0", "S: {type: object, required: [a, b, c, d], properties: {a: {type: integer, minimum: 7, multipleOf: 5}, b: {type: number, exclusiveMinimum: 1, maximum: 3}, c: {type: integer, maximum: -2}, d: {type: number, minimum: 0.5}}}"},
		{"bounds of 3.0", "3.0.3", "S: {type: integer, minimum: 5, exclusiveMinimum: true}"},
		{"lengths", "3.0.3", "S: {type: object, required: [a, b], properties: {a: {type: string, minLength: 5, maxLength: 5}, b: {type: string, maxLength: 1}}}"},
		{"patterns", "3.1.0", "S: {type: object, required: [a, b], properties: {a: {type: string, pattern: '^[A-Z]{2}-(x|y)+[0-9]?$'}, b: {type: string, pattern: '^.+@.+$'}}}"},
		{"formats", "3.1.0", "S: {type: object, required: [a, b, c, d], properties: {a: {type: string, format: uuid}, b: {type: string, format: date-time}, c: {type: string, format: ipv6}, d: {type: string, format: byte}}}"},
		{"lists", "3.1.0", "S: {type: array, minItems: 2, items: {type: object, required: [a], properties: {a: {type: boolean}}}}"},
		{"what is offered", "3.1.0", "S: {type: object, required: [a, b, c, d], properties: {a: {const: 1}, b: {enum: [x, y]}, c: {type: string, default: z}, d: {type: [string, 'null']}}}"},
		{"alternatives", "3.1.0", "S: {oneOf: [{type: object, required: [a], properties: {a: {type: string}}}, {type: string}]}"},
		{"parts", "3.1.0", "S: {allOf: [{type: object, required: [a], properties: {a: {type: string}}}, {type: object, required: [b], properties: {b: {type: integer}}}]}"},
		{"a condition", "3.1.0", "S: {type: object, required: [k], properties: {k: {enum: [x, y]}}, if: {properties: {k: {const: x}}}, then: {required: [n], properties: {n: {type: integer, minimum: 3}}}}"},
		{"a discriminator", "3.0.3", strings.Replace(pets, "kind: {type: string}, lives", "kind: {type: string, enum: [miau]}, lives", 1)},
		{"itself, not required", "3.1.0", "S: {type: object, properties: {s: {$ref: '#/components/schemas/S'}}}"},
	} {
		t.Run(row.why, func(t *testing.T) {
			op := load(t, "a.yaml", bodyDocument(row.version, row.schemas)).Operation("op")
			wantSample(t, op.RequestBody.Content[0].Schema, nil)
			wantSample(t, op.Responses[0].Content[0].Schema, nil)
		})
	}
}

// Each side of a message has a sample of its own.
func TestSampleLeavesOutTheOtherSide(t *testing.T) {
	op := load(t, "a.yaml", bodyDocument("3.0.3", `S: {type: object, required: [id, pw, n], properties: {id: {type: string, readOnly: true}, pw: {type: string, writeOnly: true}, n: {type: string}}}`)).Operation("op")
	if sent := wantSample(t, op.RequestBody.Content[0].Schema, nil); !reflect.DeepEqual(sent, map[string]any{"pw": "text", "n": "text"}) {
		t.Errorf("sent %v", sent)
	}
	if given := wantSample(t, op.Responses[0].Content[0].Schema, nil); !reflect.DeepEqual(given, map[string]any{"id": "text", "n": "text"}) {
		t.Errorf("given %v", given)
	}
}

// A schema that must contain itself has no sample, but asking for one ends.
func TestSampleOfEndlessSchemaEnds(t *testing.T) {
	op := load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: object, required: [s], properties: {s: {$ref: '#/components/schemas/S'}}}")).Operation("op")
	if op.RequestBody.Content[0].Schema.Sample(nil) == nil {
		t.Error("no sample at all")
	}
}

func TestProjectHidesThePassword(t *testing.T) {
	text := object(soundInfo...)
	sent := map[string]any{"connector_name": "a", "source_type": "RDS_MYSQL", "source_info": text}
	shown := func(overlays ...string) any {
		op := builtin(t, overlays...).Operation("listDataConnectors")
		return op.Responses[0].Content[0].Schema.Inside("/data_connectors/-").Project(sent)
	}
	object := map[string]any{"db_name": "hivemeta", "user_name": "root", "rds_instance_id": mysqlID}
	asText := `{"db_name":"hivemeta","rds_instance_id":"` + mysqlID + `","user_name":"root"}`
	for _, row := range []struct {
		why  string
		got  any
		want any
	}{
		{"as text", shown(), asText},
		{"as an object", shown("source-info-object"), object},
	} {
		want := map[string]any{"connector_name": "a", "source_type": "RDS_MYSQL", "source_info": row.want}
		if !reflect.DeepEqual(row.got, want) {
			t.Errorf("%s: %v", row.why, row.got)
		}
	}
	if sent["source_info"] != text {
		t.Error("what was sent is changed")
	}
}

func TestInsideAndLookup(t *testing.T) {
	schema := shared(t).Operation("listDataConnectors").Responses[0].Content[0].Schema
	if schema.Inside("/data_connectors/-/nothing") != nil || schema.Inside("/total_count") == nil {
		t.Error("Inside")
	}
	value, err := openapi.DecodeJSON([]byte(`{"a/b":[{"c~d":"{\"e\":1}"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, found := range map[string]bool{"": true, "/a~1b/0/c~0d#/e": true, "/a~1b/1": false, "/a~1b/x": false, "/a~1b#": false, "/a~1b/0/c~0d#/f": false} {
		if _, ok := openapi.Lookup(value, pointer); ok != found {
			t.Errorf("Lookup(%q) finds is %v", pointer, ok)
		}
	}
}

func TestSetLeavesTheOriginal(t *testing.T) {
	original := map[string]any{"a": []any{map[string]any{"b": 1}}}
	changed := openapi.Set(original, "/a/0/b", 2)
	if got, _ := openapi.Lookup(changed, "/a/0/b"); got != 2 {
		t.Errorf("changed %v", changed)
	}
	if got, _ := openapi.Lookup(original, "/a/0/b"); got != 1 {
		t.Errorf("original %v", original)
	}
	if made := openapi.Set(nil, "/x/y", 1); !reflect.DeepEqual(made, map[string]any{"x": map[string]any{"y": 1}}) {
		t.Errorf("made %v", made)
	}
	if same := openapi.Set(original, "/a/7", 1); !reflect.DeepEqual(same, original) {
		t.Errorf("beyond the list: %v", same)
	}
}
