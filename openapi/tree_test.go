package openapi

import (
	"bytes"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/counterpart-go/counterpart/testdata/large"
)

// wantSameTree holds two trees against each other: kinds, values and lines.
func wantSameTree(t *testing.T, got, want *yaml.Node) {
	t.Helper()
	if got.Kind != want.Kind || got.Value != want.Value || got.Line != want.Line || len(got.Content) != len(want.Content) {
		t.Fatalf("%q at line %d with %d parts, not %q at line %d with %d", got.Value, got.Line, len(got.Content), want.Value, want.Line, len(want.Content))
	}
	for i := range got.Content {
		wantSameTree(t, got.Content[i], want.Content[i])
	}
}

// A large text that is parsed in two halves reads as it does in one, wherever it is cut.
func TestHalvesReadLikeTheWhole(t *testing.T) {
	filler := strings.Repeat("# nothing\n", minHalves/10)
	for _, row := range []struct {
		why, first, second string
		halves             bool
	}{
		{"mappings", "a: {b: 1}\nc:\n  d: |\n    text\n", "e: 2\nf:\n  - g\n", true},
		{"a block text before", "a: |\n  b\n", "c: d\n", true},
		{"an alias", "a: &x [1]\n", "b: *x\n", false},
		{"an alias of a name used again", "a: &x [1]\n", "b: &x [2]\nc: *x\n", true},
		{"a flow mapping over the cut", "a: {\n", "b: 1}\nc: 2\n", false},
		{"a quoted text over the cut", "a: \"x\n", "b: 1\"\nc: 2\n", false},
		{"single quotes over the cut", "a: 'x\n", "b: 1'\nc: 2\n", false},
		{"two documents", "a: 1\n---\n", "b: 2\n", false},
		{"a sequence first", "- a\n", "b: 2\n", false},
		{"an error behind", "a: 1\n", "b: [\n", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			text := []byte(row.first + filler + row.second)
			root := parseHalves("a.yaml", text)
			if (root != nil) != row.halves {
				t.Fatalf("parsed in halves: %v", root != nil)
			}
			whole, err := parseWhole("a.yaml", text)
			if root != nil && err == nil {
				wantSameTree(t, root, whole)
			} else if root != nil {
				t.Error(err)
			}
		})
	}
	text := large.YAML(400)
	whole, err := parseWhole("a.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	wantSameTree(t, parseHalves("a.yaml", text), whole)
}

// FuzzHalves holds halves against the whole, wherever a text is cut.
func FuzzHalves(f *testing.F) {
	for _, seed := range [][2]string{{"a: |\n  b\n", "c: d\n"}, {"a: {\n", "b: 1}\nc: 2\n"}, {"a: \"x\n", "b: 1\"\nc: 2\n"}, {"a: &x 1\n", "b: *x\n"}, {"a:\n- b\n", "c: 1\n"}, {"? a\n: b\n", "c: 1\n"}, {"a: b\n  c\n", "d: 1\n"}} {
		f.Add(seed[0], seed[1])
	}
	filler := strings.Repeat("#\n", minHalves/2)
	f.Fuzz(func(t *testing.T, first, second string) {
		text := []byte(first + "\n" + filler + second)
		root := parseHalves("a.yaml", text)
		if root == nil {
			return
		}
		whole, err := parseWhole("a.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		wantSameTree(t, root, whole)
	})
}

// FuzzParseJSON holds the reader of JSON against that of YAML: where both take a text, they make the same tree of it.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{}`, "{\n\"a\": [1, -2.5e3, true, null, \"x\\n\"],\n\"b\": {\"c\": {}}}", `{"a":"\u00e4\/"}`, "{\"<<\": {\"a\": 1}}", `{"a": 1, "a": 2}`, " {\"~\": \"\"}\n", `{"a":"b: c"}`, `{"0x1": "0x1", "y": "yes"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		root, ok := parseJSON(text)
		if !ok {
			return
		}
		other, err := parseWhole("a.json", text)
		if err != nil || bytes.ContainsAny(text, "\r\u0085\u2028\u2029") { // YAML knows more ends of lines
			return
		}
		wantSameTree(t, root, other)
		if got, want := appendNode(nil, root), appendNode(nil, other); !bytes.Equal(got, want) {
			t.Fatalf("%s, not %s", got, want)
		}
	})
}

// What is looked up in a large mapping is found, and so is its line, as in a small one.
func TestSettledTree(t *testing.T) {
	var text strings.Builder
	for i := range 3 * manyMembers {
		text.WriteString("k" + strings.Repeat("x", i) + ":\n  same: value\n")
	}
	d, err := parseDocument("a.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	before := appendNode(nil, d.root)
	d.settle()
	if after := appendNode(nil, d.root); !bytes.Equal(after, before) {
		t.Errorf("settled it reads %s, not %s", after, before)
	}
	if len(d.indexes) != 1 {
		t.Errorf("%d indexes", len(d.indexes))
	}
	for i := range 3 * manyMembers {
		key := "k" + strings.Repeat("x", i)
		if p := d.top().at(key, "same"); !p.ok() || p.node.Value != "value" || d.line(p.pointer) != 2*i+2 || d.line("/"+key) != 2*i+1 {
			t.Errorf("%s: %v at line %d", key, p.ok(), d.line(p.pointer))
		}
	}
	if d.top().at("none").ok() || d.line("/none") != 1 {
		t.Error("what is not there is found")
	}
}
