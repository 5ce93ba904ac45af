package openapi_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

func TestParseYAML(t *testing.T) {
	t.Parallel()
	const text = `# A comment.
name: 007
list: [a, {b/c: ~}]
base: &base {x: 1}
merged: {<<: *base, y: true}
when: 2026-01-01T00:00:00Z
`
	y, err := openapi.ParseYAML("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	number := func(n string) json.Number { return json.Number(n) }
	want := map[string]any{"name": number("7"), "list": []any{"a", map[string]any{"b/c": nil}}, "base": map[string]any{"x": number("1")},
		"merged": map[string]any{"x": number("1"), "y": true}, "when": "2026-01-01T00:00:00Z"}
	if got := y.Value(); !reflect.DeepEqual(got, want) {
		t.Errorf("the value is %#v, want %#v", got, want)
	}
	for pointer, line := range map[string]int{"/name": 2, "/list/1/b~1c": 3, "/merged/y": 5, "/merged/nothing": 5, "/nothing": 2} {
		if got := y.Line(pointer); got != line {
			t.Errorf("%s stands in line %d, want %d", pointer, got, line)
		}
	}
	for pointer, text := range map[string]string{"/name": "007", "/list/0": "a", "/merged/y": "true", "/when": "2026-01-01T00:00:00Z"} {
		if got, ok := y.Text(pointer); got != text || !ok {
			t.Errorf("%s is written %q, want %q", pointer, got, text)
		}
	}
	for _, pointer := range []string{"", "/list", "/list/1/b~1c", "/nothing"} {
		if got, ok := y.Text(pointer); ok {
			t.Errorf("%s is no text, but %q", pointer, got)
		}
	}
}

func TestParseYAMLIsStrict(t *testing.T) {
	t.Parallel()
	for text, line := range map[string]int{"a: 1\na: 2\n": 2, "a: 1\n---\nb: 2\n": 2, "a: &a [*a]\n": 1, "- a\n": 0, "": 0, "a: [\n": 1, "{\"a\": 1, \"a\": 2}": 1} {
		_, err := openapi.ParseYAML("a.yaml", []byte(text))
		var broken *openapi.DocumentError
		if !errors.As(err, &broken) || broken.File != "a.yaml" || broken.Line != line {
			t.Errorf("%q: %v, want one in line %d", text, err, line)
		}
	}
}

func TestComponent(t *testing.T) {
	t.Parallel()
	spec, err := openapi.Limits{}.Control()
	if err != nil {
		t.Fatal(err)
	}
	if spec.Component("NoSuch") != nil {
		t.Error("there is a component that nobody has described")
	}
	schema := spec.Component("Clock")
	if vs := schema.Validate(map[string]any{"frozen": true}); len(vs) > 0 {
		t.Errorf("a clock: %v", vs)
	}
	if vs := schema.Validate(map[string]any{"frozen": "yes"}); len(vs) != 1 || vs[0].Pointer != "/frozen" {
		t.Errorf("no clock: %v", vs)
	}
}
