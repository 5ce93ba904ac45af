package openapi_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// Samples keep the schema whatever keywords it is made of: the smallest, the largest, and any other.
func TestSamplesOfEveryKeyword(t *testing.T) {
	for _, row := range []struct{ why, version, schemas string }{
		{"an example that breaks its schema", "3.0.3", "S: {type: object, required: [a], properties: {a: {type: integer, example: ten}}}"},
		{"an example that is not quoted", "3.0.3", "S: {type: object, required: [a], properties: {a: {type: string, example: 10115}}}"},
		{"examples, the first is broken", "3.1.0", "S: {type: integer, examples: [a, 7]}"},
		{"a discriminator without mapping", "3.0.3", "S: {oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}], discriminator: {propertyName: k}}\nA: {type: object, required: [k], properties: {k: {type: string}}}\nB: {type: object, required: [k, b], properties: {k: {type: string}, b: {type: integer}}}"},
		{"a discriminator that a constant answers", "3.1.0", "S: {oneOf: [{$ref: '#/components/schemas/A'}], discriminator: {propertyName: k}}\nA: {type: object, required: [k], properties: {k: {const: a}}}"},
		{"a discriminator of what includes it", "3.0.3", "S: {allOf: [{$ref: '#/components/schemas/P'}, {type: object, required: [n], properties: {n: {type: integer}}}]}\nP: {type: object, required: [k], properties: {k: {type: string}}, discriminator: {propertyName: k, mapping: {es: '#/components/schemas/S'}}}"},
		{"anyOf with a discriminator", "3.0.3", "S: {anyOf: [{$ref: '#/components/schemas/A'}], discriminator: {propertyName: k, mapping: {x: '#/components/schemas/A'}}}\nA: {type: object, required: [k], properties: {k: {type: string}}}"},
		{"not a type", "3.1.0", "S: {not: {type: [object, string]}}"},
		{"not a constant", "3.1.0", "S: {type: string, not: {enum: [text, a]}}"},
		{"not this number", "3.1.0", "S: {type: integer, not: {const: 0}}"},
		{"not this property", "3.1.0", "S: {type: object, properties: {a: {type: string}, b: {type: string}}, not: {required: [a]}}"},
		{"different items", "3.1.0", "S: {type: array, minItems: 3, uniqueItems: true, items: {type: string}}"},
		{"different items of an enum", "3.1.0", "S: {type: array, minItems: 3, uniqueItems: true, items: {enum: [a, b, c]}}"},
		{"different numbers between bounds", "3.1.0", "S: {type: array, minItems: 3, uniqueItems: true, items: {type: integer, minimum: 5, maximum: 7}}"},
		{"different objects", "3.1.0", "S: {type: array, minItems: 2, uniqueItems: true, items: {type: object, required: [a], properties: {a: {type: string, example: x}}}}"},
		{"different booleans", "3.1.0", "S: {type: array, minItems: 2, uniqueItems: true, items: {type: boolean}}"},
		{"members without names", "3.1.0", "S: {type: object, minProperties: 3, additionalProperties: {type: integer}}"},
		{"members of described names first", "3.1.0", "S: {type: object, minProperties: 2, properties: {a: {type: integer}, b: {type: integer}}, additionalProperties: false}"},
		{"members whose names match", "3.1.0", "S: {type: object, minProperties: 2, patternProperties: {'^x-[a-z]+$': {type: integer}}, additionalProperties: false}"},
		{"names with a rule", "3.1.0", "S: {type: object, minProperties: 2, propertyNames: {pattern: '^[A-Z]{3}$'}}"},
		{"names of an enum", "3.1.0", "S: {type: object, minProperties: 2, propertyNames: {enum: [a, b]}}"},
		{"at most so many", "3.1.0", "S: {type: object, maxProperties: 1, required: [b], properties: {a: {}, b: {}, c: {}}}"},
		{"contains", "3.1.0", "S: {type: array, contains: {const: 5}, items: {type: integer}}"},
		{"contains several", "3.1.0", "S: {type: array, minItems: 4, contains: {type: integer, minimum: 5}, minContains: 2, maxContains: 3, items: {type: [integer, string]}}"},
		{"first items", "3.1.0", "S: {type: array, minItems: 3, prefixItems: [{type: string}, {type: boolean}], items: {type: integer}}"},
		{"first items and no others", "3.1.0", "S: {type: array, minItems: 2, prefixItems: [{type: string}, {type: boolean}], items: false}"},
		{"what a property requires", "3.1.0", "S: {type: object, required: [a], properties: {a: {}, b: {type: integer}, c: {type: string}}, dependentRequired: {a: [b], b: [c]}}"},
		{"what a property brings with it", "3.1.0", "S: {type: object, required: [a], properties: {a: {type: string}}, dependentSchemas: {a: {required: [d], properties: {d: {type: integer, minimum: 9}}}}}"},
		{"the first alternative matches another", "3.1.0", "S: {oneOf: [{type: number}, {type: integer}, {type: string}]}"},
		{"alternatives that a property tells apart", "3.1.0", "S: {type: object, oneOf: [{required: [a], properties: {a: {type: string}}}, {required: [b], properties: {b: {type: string}}}]}"},
		{"an alternative that forbids what others describe", "3.0.3", "S: {oneOf: [{type: object}, {type: object, properties: {a: {type: integer}}}]}"},
		{"alternatives in alternatives", "3.1.0", "S: {anyOf: [{oneOf: [{type: integer, minimum: 5, maximum: 4}, {type: string, maxLength: 0, minLength: 1}]}, {allOf: [{oneOf: [{type: string}, {type: integer}]}, {type: integer, minimum: 3}]}]}"},
		{"bounds of several parts", "3.1.0", "S: {allOf: [{type: integer, minimum: 3, maximum: 10}, {minimum: 5, multipleOf: 2}, {multipleOf: 3}]}"},
		{"an interval without its ends", "3.1.0", "S: {type: number, exclusiveMinimum: 0, exclusiveMaximum: 1}"},
		{"a negative interval without its end", "3.1.0", "S: {type: number, maximum: 0.5, exclusiveMaximum: -0.25}"},
		{"multiples of a fraction", "3.1.0", "S: {type: number, minimum: 0.3, multipleOf: 0.25}"},
		{"multiples below a bound", "3.1.0", "S: {type: integer, maximum: -7, multipleOf: 5}"},
		{"a number or null, in 3.0", "3.0.3", "S: {type: object, required: [a], properties: {a: {nullable: true, allOf: [{$ref: '#/components/schemas/T'}]}}}\nT: {type: object, required: [t], properties: {t: {type: boolean}}}"},
		{"itself or null", "3.1.0", "S: {type: object, required: [next], properties: {next: {oneOf: [{$ref: '#/components/schemas/S'}, {type: 'null'}]}}}"},
		{"itself or a leaf, through lists", "3.1.0", "S: {oneOf: [{type: object, required: [and], properties: {and: {type: array, minItems: 2, items: {$ref: '#/components/schemas/S'}}}, additionalProperties: false}, {type: object, required: [leaf], properties: {leaf: {type: string}}, additionalProperties: false}]}"},
		{"two that contain each other", "3.1.0", "S: {type: object, required: [t], properties: {t: {$ref: '#/components/schemas/T'}}}\nT: {type: object, required: [s], properties: {s: {anyOf: [{$ref: '#/components/schemas/S'}, {type: string}]}}}"},
		{"characters, not bytes", "3.1.0", "S: {type: string, pattern: '^ä+$', minLength: 3, maxLength: 3}"},
		{"a format that is too long", "3.0.3", "S: {type: string, format: email, maxLength: 10}"},
		{"a format that is too short", "3.0.3", "S: {type: string, format: email, minLength: 40}"},
		{"an address that must be long", "3.0.3", "S: {type: string, format: uri, minLength: 60}"},
		{"a pattern with a length", "3.1.0", "S: {type: string, pattern: '^[a-z]+-[0-9]*$', minLength: 12, maxLength: 12}"},
		{"a pattern of alternatives with a length", "3.1.0", "S: {type: string, pattern: '^(|[0-9]+)$', minLength: 5}"},
		{"a pattern that is not anchored", "3.1.0", "S: {type: string, pattern: 'abc', minLength: 9}"},
		{"a pattern of what is not there", "3.1.0", "S: {type: string, pattern: '^[^a0A]{4}$'}"},
		{"a pattern that looks ahead", "3.1.0", `S: {type: string, pattern: '^(?=.*[A-Z])(?=.*\d)(?=.*[!?]).{8,}$'}`},
		{"a pattern that looks ahead, and forbids", "3.1.0", `S: {type: string, pattern: '^(?!text)[a-z]{4}$'}`},
		{"two patterns", "3.1.0", "S: {allOf: [{type: string, pattern: '^[a-z]+$'}, {pattern: 'b$'}, {enum: [xa, xb]}]}"},
		{"base64", "3.1.0", "S: {type: string, contentEncoding: base64, minLength: 8}"},
		{"JSON in a string", "3.1.0", "S: {type: string, contentMediaType: application/json, contentSchema: {type: object, required: [a], properties: {a: {type: integer, minimum: 2}}}}"},
		{"a choice by a condition", "3.1.0", "S: {type: object, required: [k], properties: {k: {enum: [x, y]}}, if: {properties: {k: {const: y}}}, then: {required: [n]}, else: {required: [m], properties: {m: {type: integer, minimum: 3}}}}"},
		{"nothing else", "3.1.0", "S: {allOf: [{type: object, required: [a], properties: {a: {type: string}}}], unevaluatedProperties: false}"},
		{"false and true", "3.1.0", "S: {type: object, required: [b], properties: {a: false, b: true}}"},
	} {
		t.Run(row.why, func(t *testing.T) {
			op := load(t, "a.yaml", bodyDocument(row.version, row.schemas)).Operation("op")
			schema := op.RequestBody.Content[0].Schema
			wantSample(t, schema, nil)
			for vary := range uint64(20) {
				for _, all := range []bool{false, true} {
					o := openapi.SampleOptions{All: all, Vary: vary}
					if vs := schema.Validate(schema.SampleWith(o)); len(vs) > 0 {
						t.Fatalf("%+v: %v: %s", o, schema.SampleWith(o), vs)
					}
				}
			}
		})
	}
}

func TestSampleTakesWhatTheDocumentOffers(t *testing.T) {
	for _, row := range []struct {
		why, schemas string
		want         any
	}{
		{"the example before the default", "S: {type: string, default: d, example: e}", "e"},
		{"the default where the example is broken", "S: {type: string, default: d, example: {a: b}}", "d"},
		{"the constant before all", "S: {const: c, example: e}", "c"},
		{"the first of an enum that is allowed", "S: {enum: [a, bb], minLength: 2}", "bb"},
		{"no hidden property of an example", "S: {type: object, properties: {id: {type: string, readOnly: true}, n: {type: string}}, example: {id: a, n: b}}", map[string]any{"n": "b"}},
		{"the format", "S: {type: object, required: [a], properties: {a: {type: string, format: email}}}", map[string]any{"a": "user@example.com"}},
		{"the name", "S: {type: object, required: [firstName, home_city, t], properties: {firstName: {type: string}, home_city: {type: string}, t: {type: string}}}",
			map[string]any{"firstName": "Ada", "home_city": "London", "t": "text"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			schema := load(t, "a.yaml", bodyDocument("3.1.0", row.schemas)).Operation("op").RequestBody.Content[0].Schema
			if got := schema.Sample(nil); !reflect.DeepEqual(got, row.want) {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
}

// Another number is another value, the same every time.
func TestSamplesVary(t *testing.T) {
	schema := load(t, "a.yaml", bodyDocument("3.1.0", `S: {type: object, required: [name, email, id, kind, n], properties: {name: {type: string, example: fixed}, email: {type: string, format: email}, id: {type: string, format: uuid}, kind: {enum: [a, b, c]}, n: {type: integer, minimum: 1, maximum: 1000}}}`)).Operation("op").RequestBody.Content[0].Schema
	seen := map[string]map[any]bool{}
	for vary := range uint64(50) {
		value, _ := schema.SampleWith(openapi.SampleOptions{Vary: vary}).(map[string]any)
		if again := schema.SampleWith(openapi.SampleOptions{Vary: vary}); !reflect.DeepEqual(again, any(value)) {
			t.Fatalf("%v, another time %v", value, again)
		}
		for name, member := range value {
			if seen[name] == nil {
				seen[name] = map[any]bool{}
			}
			seen[name][member] = true
		}
	}
	for name, values := range seen {
		if least := map[string]int{"kind": 3}[name]; len(values) < max(least, 3) {
			t.Errorf("%s has only the values %v", name, values)
		}
	}
}

// A document cannot make a sample cost what it likes.
func TestHostileSchemasAreSampledInBoundedTime(t *testing.T) {
	wide := "S: {oneOf: [" + strings.Repeat("{oneOf: [{$ref: '#/components/schemas/T'}, {$ref: '#/components/schemas/T'}]}, ", 20) + "{type: 'null'}]}\n" +
		"T: {type: object, required: [a], properties: {a: {oneOf: [" + strings.Repeat("{$ref: '#/components/schemas/S'}, ", 20) + "{$ref: '#/components/schemas/T'}]}}}"
	deep := "S: {$ref: '#/components/schemas/S0'}\n"
	for i := range 12 {
		next := fmt.Sprintf("{$ref: '#/components/schemas/S%d'}", i+1)
		deep += fmt.Sprintf("S%d: {anyOf: [{type: object, required: [a, b], properties: {a: %s, b: %s}}, {type: integer, minimum: 2, maximum: 1}]}\n", i, next, next)
	}
	deep += "S12: {type: integer, minimum: 2, maximum: 1}"
	for _, row := range []struct{ why, schemas string }{
		{"a billion items", "S: {type: array, minItems: 1000000000, items: {type: array, minItems: 1000000000, items: {type: array, minItems: 1000000000}}}"},
		{"a billion characters", "S: {type: array, minItems: 100, items: {type: string, minLength: 1000000000}}"},
		{"a million characters, many times", "S: {type: array, minItems: 1000, uniqueItems: true, items: {type: string, minLength: 1000000}}"},
		{"a billion members", "S: {type: object, minProperties: 1000000000}"},
		{"a pattern that asks for much", "S: {type: string, pattern: '^((a{50}){10}(b{50}){10}){1}$', minLength: 100000}"},
		{"alternatives of alternatives", wide},
		{"nothing fits, many levels down", deep},
		{"itself, everywhere", "S: {type: object, properties: {" + strings.Join(selves(60), ", ") + "}}"},
	} {
		t.Run(row.why, func(t *testing.T) {
			spec, err := openapi.Load(write(t, "a.yaml", bodyDocument("3.1.0", row.schemas)))
			if err != nil {
				t.Fatal(err)
			}
			schema := spec.Operation("op").RequestBody.Content[0].Schema
			within(t, func() {
				start := time.Now()
				schema.Sample(nil)
				schema.SampleAll(nil)
				schema.SampleWith(openapi.SampleOptions{Vary: 5})
				t.Log(time.Since(start))
			})
		})
	}
}

// selves are properties that are the schema itself.
func selves(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "p" + strings.Repeat("x", i) + ": {$ref: '#/components/schemas/S'}"
	}
	return list
}
