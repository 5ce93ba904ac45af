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
	if got.Kind != want.Kind || got.Value != want.Value || got.Tag != want.Tag || got.Line != want.Line || len(got.Content) != len(want.Content) {
		t.Fatalf("%q at line %d with %d parts, not %q at line %d with %d", got.Value, got.Line, len(got.Content), want.Value, want.Line, len(want.Content))
	}
	for i := range got.Content {
		wantSameTree(t, got.Content[i], want.Content[i])
	}
}

// A large text that is parsed in pieces reads as it does in one, wherever it is cut.
func TestPiecesReadLikeTheWhole(t *testing.T) {
	filler := strings.Repeat("# nothing\n", 20)
	for _, row := range []struct {
		why, first, second string
		pieces             bool
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
		{"members", "a:\n  /b: 1\n", "  'c': {d: 2}\n  \"e\":\n    f: 3\ng: 4\n", true},
		{"members to the end", "z: 0\na:\n    b:\n        c: 1\n", "    d: 2\n", true},
		{"members below a remark", "a:\n    # here\n  b: 1\n", "  c: 2\n", true},
		{"members after a deeper line", "a:\n  b:\n    c: 1\n", "  d: 2\n", true},
		{"members of a tagged mapping", "a: !!map\n  b: 1\n", "  d: 2\n", true},
		{"a block text that looks like members", "a: |\n  b: 1\n", "  c: 2\n", false},
		{"a plain text over the cut", "a: b\n  c\n", "  d\n", false},
		{"a flow mapping of members over the cut", "a: {\n  b: 1,\n", "  c: 2}\nd: 3\n", false},
		{"a flow sequence of members over the cut", "a:\n  b: [\n", "  c, d]\ne: 3\n", false},
		{"a quoted text between members", "a:\n  b: \"x\n", "  c: 1\"\nd: 2\n", false},
		{"items that are mappings", "a:\n- b: 1\n  c: 2\n", "  d: 3\n", false},
		{"members that are further in", "a:\n  b: 1\n", "   c: 2\n", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			text := []byte(row.first + filler + row.second)
			root := parsePieces("a.yaml", text, 2)
			if (root != nil) != row.pieces {
				t.Fatalf("parsed in pieces: %v", root != nil)
			}
			whole, err := parseWhole("a.yaml", text)
			if root != nil && err == nil {
				wantSameTree(t, root, whole)
			} else if root != nil {
				t.Error(err)
			}
		})
	}
}

func TestPiecesOfALargeDocument(t *testing.T) {
	text := large.YAML(400)
	whole, err := parseWhole("a.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	for n := 2; n <= mostPieces; n++ {
		begin, most := 0, 0
		for _, end := range append(cuts(text, n), len(text)) {
			begin, most = end, max(most, end-begin)
		}
		if most > len(text)*6/5/n {
			t.Errorf("the largest of %d pieces has %d of %d bytes", n, most, len(text))
		}
		wantSameTree(t, parsePieces("a.yaml", text, n), whole)
	}
}

// FuzzPieces holds pieces against the whole, wherever a text is cut.
func FuzzPieces(f *testing.F) {
	for _, seed := range [][2]string{{"a: |\n  b\n", "c: d\n"}, {"a: {\n", "b: 1}\nc: 2\n"}, {"a: \"x\n", "b: 1\"\nc: 2\n"}, {"a: &x 1\n", "b: *x\n"}, {"a:\n- b\n", "c: 1\n"}, {"? a\n: b\n", "c: 1\n"}, {"a: b\n  c\n", "d: 1\n"},
		{"a:\n  b: |\n    c\n", "  d: 1\ne: 2\n"}, {"a: |\n  b: 1\n", "  c: 2\n"}, {"a: {\n  b: 1,\n", "  c: 2}\n"}, {"a:\n  b: 'x\n", "  c: 1'\n"}, {"a: &x\n  b: 1\n", "  c: 2\nd: *x\n"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		text := []byte(first + "\n" + second)
		for _, n := range []int{2, 5} {
			root := parsePieces("a.yaml", text, n)
			if root == nil {
				continue
			}
			whole, err := parseWhole("a.yaml", text)
			if err != nil {
				t.Fatal(err)
			}
			wantSameTree(t, root, whole)
		}
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
