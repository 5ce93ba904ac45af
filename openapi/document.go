package openapi

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Limits on what a document may be, so that a hostile one costs bounded time and memory.
const (
	maxDocumentBytes = 32 << 20
	maxDocumentNodes = 2_000_000 // after aliases are expanded: ends "billion laughs"
	maxDocumentFiles = 1_000
	maxRefChain      = 100
)

// DocumentError says that a document cannot be used: where and why.
type DocumentError struct {
	File string // as the user named it, or relative to the root document
	Line int    // 0 when unknown
	Err  error
}

func (e *DocumentError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.File, e.Err)
}

func (e *DocumentError) Unwrap() error { return e.Err }

// document is one parsed file, a plain tree without aliases and merge keys.
type document struct {
	name string // path below the root document's directory
	root *yaml.Node
}

// place is a value in a document.
type place struct {
	doc     *document
	pointer string // JSON Pointer, RFC 6901
	node    *yaml.Node
}

func (d *document) top() place { return place{d, "", d.root} }

// url is the name under which the document's schemas are compiled.
func (d *document) url() string { return "file:///" + d.name }

func (p place) ok() bool { return p.node != nil }

// at walks down by keys and array indexes; the result is not ok() where a step is missing.
func (p place) at(keys ...string) place {
	for _, key := range keys {
		p = place{p.doc, p.pointer + "/" + escapePointer(key), child(p.node, key)}
	}
	return p
}

// lookup walks down by a JSON Pointer.
func (p place) lookup(pointer string) place {
	for _, token := range splitPointer(pointer) {
		p = p.at(token)
	}
	return p
}

// each visits the members of a mapping or the items of a sequence in document order.
func (p place) each(visit func(key string, member place)) {
	for key, node := range members(p.node) {
		visit(key, place{p.doc, p.pointer + "/" + escapePointer(key), node})
	}
}

// text is the value of a scalar member, "" where there is none.
func (p place) text(key string) string {
	if n := child(p.node, key); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

func (p place) flag(key string) bool { return p.text(key) == "true" }

// line is where a pointer's last key stands in the file, or its deepest ancestor that exists.
func (d *document) line(pointer string) int {
	n, line := d.root, d.root.Line
	for _, token := range splitPointer(pointer) {
		key, value := member(n, token)
		if value == nil {
			break
		}
		n, line = value, key.Line
	}
	return line
}

// members yields the key and value of each member of a mapping, or the index and item of a sequence.
func members(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		switch {
		case n == nil:
		case n.Kind == yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if !yield(n.Content[i].Value, n.Content[i+1]) {
					return
				}
			}
		case n.Kind == yaml.SequenceNode:
			for i, item := range n.Content {
				if !yield(strconv.Itoa(i), item) {
					return
				}
			}
		}
	}
}

// member finds the key node and the value node; of a sequence both are the item.
func member(n *yaml.Node, key string) (*yaml.Node, *yaml.Node) {
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i], n.Content[i+1]
			}
		}
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	}
	return nil, nil
}

func child(n *yaml.Node, key string) *yaml.Node {
	_, value := member(n, key)
	return value
}

// library reads documents from one directory and nowhere else.
type library struct {
	files fs.FS
	docs  map[string]*document
}

// read parses the file and everything its references name, and returns it.
func (l *library) read(name string) (*document, error) {
	if d, ok := l.docs[name]; ok {
		return d, nil
	}
	data, err := l.bytes(name)
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, err) // add knows which reference asks for it
	}
	d, err := parseDocument(name, data)
	if err != nil {
		return nil, err
	}
	return d, l.add(d)
}

// add takes the document in and reads what it refers to.
func (l *library) add(d *document) error {
	if len(l.docs) >= maxDocumentFiles {
		return &DocumentError{File: d.name, Err: fmt.Errorf("the document refers to more than %d files", maxDocumentFiles)}
	}
	l.docs[d.name] = d
	for _, ref := range references(d.root) {
		target, _, err := resolveRef(d.name, ref.Value)
		if err == nil {
			_, err = l.read(target)
		}
		var inner *DocumentError
		if err != nil && !errors.As(err, &inner) {
			err = &DocumentError{File: d.name, Line: ref.Line, Err: err}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *library) bytes(name string) ([]byte, error) {
	f, err := l.files.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { _ = f.Close() }()
	data, err := readDocument(f)
	if err != nil {
		return nil, unreadable(err)
	}
	return data, nil
}

// unreadable leaves out the path: the caller names the file as the user knows it.
func unreadable(err error) error {
	var perr *fs.PathError
	if errors.As(err, &perr) {
		err = perr.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

func readDocument(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDocumentBytes+1))
	if err == nil && len(data) > maxDocumentBytes {
		err = fmt.Errorf("is larger than %d MB", maxDocumentBytes>>20)
	}
	return data, err
}

// resolveRef splits a reference found in the named file into the file it points at and the fragment in it.
// References out of the root document's directory and to the network are refused.
func resolveRef(from, ref string) (name, fragment string, err error) {
	file, fragment, _ := strings.Cut(ref, "#")
	if file == "" {
		return from, fragment, nil
	}
	if strings.Contains(file, "://") || strings.HasPrefix(file, "//") {
		return "", "", fmt.Errorf("$ref %q goes to the network, which is not allowed: save the file beside the document", ref)
	}
	name = path.Join(path.Dir(from), file)
	if path.IsAbs(file) || !fs.ValidPath(name) {
		return "", "", fmt.Errorf("$ref %q leaves the document's directory, which is not allowed: move the file below it", ref)
	}
	return name, fragment, nil
}

// references lists every $ref that is a reference, that is, not part of an example or another literal value.
func references(root *yaml.Node) []*yaml.Node {
	var refs []*yaml.Node
	eachKeyword(root, func(key string, value *yaml.Node) {
		if key == "$ref" && value.Kind == yaml.ScalarNode {
			refs = append(refs, value)
		}
	})
	return refs
}

// eachKeyword visits every member of a document whose key is a keyword, not a name that the document's author chose
// (of a property, a component, a path) and not part of a literal value. Keywords are visited before what they hold.
func eachKeyword(root *yaml.Node, visit func(key string, value *yaml.Node)) {
	var walk func(n *yaml.Node, named bool)
	walk = func(n *yaml.Node, named bool) {
		for key, value := range members(n) {
			switch {
			case n.Kind == yaml.SequenceNode:
				walk(value, false)
			case named:
				walk(value, false)
			case literal(key, value):
			default:
				visit(key, value)
				walk(value, value.Kind == yaml.MappingNode && (schemaMapKeys[key] || objectMapKeys[key] || key == "examples"))
			}
		}
	}
	walk(root, false)
}

// literal says that a keyword holds a value of the API, in which keywords mean nothing. `examples` is a list of such in
// a schema, and a map of objects elsewhere.
func literal(key string, value *yaml.Node) bool {
	switch key {
	case "example", "enum", "const", "default", "value":
		return true
	case "examples":
		return value.Kind == yaml.SequenceNode
	}
	return strings.HasPrefix(key, "x-")
}

func parseDocument(name string, data []byte) (*document, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(data, &n); err != nil {
		return nil, yamlError(name, err)
	}
	if n.Kind != yaml.DocumentNode || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return nil, &DocumentError{File: name, Err: errors.New("is not a YAML or JSON object")}
	}
	e := expander{name: name}
	root, err := e.expand(n.Content[0], nil)
	if err != nil {
		return nil, err
	}
	return &document{name: name, root: root}, nil
}

// yamlError turns yaml.v3's "yaml: line 3: what" into a place and a reason.
func yamlError(name string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, found := strings.CutPrefix(text, "line "); found {
		if number, what, cut := strings.Cut(rest, ": "); cut {
			if line, convErr := strconv.Atoi(number); convErr == nil {
				return &DocumentError{File: name, Line: line, Err: errors.New(what)}
			}
		}
	}
	return &DocumentError{File: name, Err: errors.New(text)}
}

// expander copies a tree, replacing aliases and merge keys by what they stand for.
type expander struct {
	name  string
	nodes int
}

func (e *expander) expand(n *yaml.Node, open []*yaml.Node) (*yaml.Node, error) {
	if e.nodes++; e.nodes > maxDocumentNodes {
		return nil, e.fail(n, fmt.Errorf("has more than %d values once its aliases are expanded", maxDocumentNodes))
	}
	if n.Kind == yaml.AliasNode {
		for _, a := range open {
			if a == n.Alias {
				return nil, e.fail(n, fmt.Errorf("alias *%s contains itself", n.Value))
			}
		}
		return e.expand(n.Alias, append(open, n.Alias))
	}
	flat := *n
	flat.Anchor, flat.Content = "", make([]*yaml.Node, 0, len(n.Content))
	if n.Kind == yaml.MappingNode {
		return &flat, e.expandMapping(&flat, n, open)
	}
	for _, c := range n.Content {
		item, err := e.expand(c, open)
		if err != nil {
			return nil, err
		}
		flat.Content = append(flat.Content, item)
	}
	return &flat, nil
}

func (e *expander) expandMapping(flat, n *yaml.Node, open []*yaml.Node) error {
	seen := make(map[string]bool, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := e.expand(n.Content[i], open)
		if err != nil {
			return err
		}
		value, err := e.expand(n.Content[i+1], open)
		if err != nil {
			return err
		}
		switch {
		case key.Tag == "!!merge":
			merged = append(merged, value)
			continue
		case key.Kind != yaml.ScalarNode:
			return e.fail(key, errors.New("a key is not a string"))
		case seen[key.Value]:
			return e.fail(key, fmt.Errorf("key %q occurs twice", key.Value))
		}
		seen[key.Value] = true
		flat.Content = append(flat.Content, key, value)
	}
	for _, m := range merged {
		mergeInto(flat, m, seen)
	}
	return nil
}

// mergeInto adds the members that a merge key (`<<`) brings; keys that are there win.
func mergeInto(flat, m *yaml.Node, seen map[string]bool) {
	if m.Kind == yaml.SequenceNode {
		for _, item := range m.Content {
			mergeInto(flat, item, seen)
		}
		return
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if key := m.Content[i]; !seen[key.Value] {
			seen[key.Value] = true
			flat.Content = append(flat.Content, key, m.Content[i+1])
		}
	}
}

func (e *expander) fail(n *yaml.Node, err error) error {
	return &DocumentError{File: e.name, Line: n.Line, Err: err}
}
