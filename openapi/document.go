package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits on what a document may be, so that a hostile one costs bounded time and memory.
const (
	maxDocumentBytes = 32 << 20
	maxDocumentNodes = 2_000_000 // after aliases are expanded: ends "billion laughs"
	maxDocumentDepth = 1_000
	maxNestedBytes   = 1 << 29
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
	name     string // path below the root document's directory
	root     *yaml.Node
	named    bool // schemas have names of their own: `$id`, `$anchor`
	leftover bool // a schema speaks of what its other keywords leave over: `unevaluatedProperties`, `unevaluatedItems`

	indexes  map[*yaml.Node]map[string]int // of large mappings: where in Content a key's value is, see settle
	keyLines map[*yaml.Node][]int32        // of each mapping
	moved    map[*yaml.Node]string         // where the user wrote a value, see swagger
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
		p = place{p.doc, p.pointer + "/" + escapePointer(key), p.doc.child(p.node, key)}
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
	if n := p.doc.child(p.node, key); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

func (p place) flag(key string) bool { return p.text(key) == "true" }

// line is where a pointer's last key stands in the file, or its deepest ancestor that exists.
func (d *document) line(pointer string) int {
	n, line := d.root, d.root.Line
	for _, token := range splitPointer(pointer) {
		i := d.find(n, token)
		if i < 0 {
			break
		}
		line = n.Content[i].Line
		if n.Kind == yaml.MappingNode {
			line = d.keyLine(n, i)
		}
		n = n.Content[i]
	}
	return line
}

// keyLine is the line of the key of the value at Content[i].
func (d *document) keyLine(n *yaml.Node, i int) int {
	if lines := d.keyLines[n]; lines != nil {
		return int(lines[i/2])
	}
	return n.Content[i-1].Line
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

// find is where in the node's Content the value of a member is, or the item of a sequence; negative where there is none.
func find(n *yaml.Node, key string) int {
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return i + 1
			}
		}
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return i
		}
	}
	return -1
}

func child(n *yaml.Node, key string) *yaml.Node {
	if i := find(n, key); i >= 0 {
		return n.Content[i]
	}
	return nil
}

// library reads documents from one directory and nowhere else.
type library struct {
	files fs.FS
	docs  map[string]*document
	refs  []reference

	ids  map[string]bool // that schemas give themselves, as URLs
	open []openReference // by such an id, perhaps
}

// reference is a $ref: where it stands, and what it says.
type reference struct {
	from *document
	line int
	to   string
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
	refs := d.scan()
	if d.named {
		return l.addNamed(d)
	}
	l.refs = append(l.refs, refs...)
	for _, ref := range refs {
		target, _, err := resolveRef(d.name, ref.to)
		if err == nil {
			_, err = l.read(target)
		}
		var inner *DocumentError
		if err != nil && !errors.As(err, &inner) {
			err = &DocumentError{File: d.name, Line: ref.line, Err: err}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *library) bytes(name string) ([]byte, error) {
	info, err := fs.Stat(l.files, name)
	if err := checkFile(info, err); err != nil {
		return nil, unreadable(err)
	}
	f, err := l.files.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { _ = f.Close() }()
	data, err := readDocument(f, int(info.Size()))
	if err != nil {
		return nil, unreadable(err)
	}
	return data, nil
}

// checkFile refuses what may never end, or never begin: pipes and devices.
func checkFile(info fs.FileInfo, err error) error {
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return errors.New("it is a pipe or a device: save the document as a file")
	}
	return err
}

// unreadable leaves out the path: the caller names the file as the user knows it.
func unreadable(err error) error {
	var perr *fs.PathError
	if errors.As(err, &perr) {
		err = perr.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// readDocument reads what is likely to have so many bytes.
func readDocument(r io.Reader, size int) ([]byte, error) {
	data := bytes.NewBuffer(make([]byte, 0, min(size, maxDocumentBytes)+bytes.MinRead))
	_, err := data.ReadFrom(io.LimitReader(r, maxDocumentBytes+1))
	if err == nil && data.Len() > maxDocumentBytes {
		err = fmt.Errorf("is larger than %d MB", maxDocumentBytes>>20)
	}
	return data.Bytes(), err
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

// checkReferences refuses the document when a reference leads nowhere. What a reference means to schemas with names of
// their own is jsonschema's business.
func (s *Spec) checkReferences(refs []reference) error {
	seen := map[reference]bool{}
	for _, ref := range refs {
		once := reference{from: ref.from, to: ref.to}
		_, fragment, _ := strings.Cut(ref.to, "#")
		if seen[once] || fragment != "" && !strings.HasPrefix(fragment, "/") {
			continue
		}
		seen[once] = true
		if !s.resolve(ref.from, ref.to).ok() {
			return &DocumentError{File: ref.from.name, Line: ref.line, Err: fmt.Errorf("$ref %q leads nowhere", ref.from.usersReference(ref.to))}
		}
	}
	return nil
}

// scan lists every $ref that is a reference, that is, not part of an example or another literal value, and notices
// whether schemas have names of their own.
func (d *document) scan() (refs []reference) {
	eachKeyword(d.root, func(key string, value *yaml.Node) {
		switch key {
		case "$ref":
			if value.Kind == yaml.ScalarNode {
				refs = append(refs, reference{d, value.Line, value.Value})
				d.named = d.named || isDraft(value.Value)
			}
		case "$id", "$anchor", "$dynamicAnchor", "$dynamicRef":
			d.named = true
		case "unevaluatedProperties", "unevaluatedItems":
			d.leftover = true
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
				walk(value, value.Kind == yaml.MappingNode && namesMembers(key))
			}
		}
	}
	walk(root, false)
}

// namesMembers says that the keys of a keyword's mapping are names.
func namesMembers(key string) bool {
	return schemaMapKeys[key] || objectMapKeys[key] || key == "examples"
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

// parseDocument reads one file. JSON has a way of its own, which is ten times as quick; whatever it cannot read is left to
// YAML, which contains JSON and says where an error is.
func parseDocument(name string, data []byte) (*document, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	root, ok := parseJSON(data)
	if !ok {
		var err error
		if root, err = parseYAML(name, data); err != nil {
			return nil, err
		}
	}
	e := expander{name: name}
	root, err := e.expand(root, nil, 0)
	if err != nil {
		return nil, err
	}
	return &document{name: name, root: root}, nil
}

func parseYAML(name string, data []byte) (*yaml.Node, error) {
	if len(data) >= minPieces {
		if root := parsePieces(name, data, runtime.GOMAXPROCS(0)); root != nil {
			return root, nil
		}
	}
	return parseWhole(name, data)
}

func parseWhole(name string, data []byte) (*yaml.Node, error) {
	var n, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&n); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(name, err)
	}
	if n.Kind != yaml.DocumentNode || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return nil, &DocumentError{File: name, Err: errors.New("is not a YAML or JSON object")}
	}
	switch err := dec.Decode(&more); {
	case err == nil && len(more.Content) == 1 && more.Content[0].Kind == yaml.ScalarNode && more.Content[0].Value == "": // a line too many
	case err == nil:
		return nil, &DocumentError{File: name, Line: more.Line, Err: errors.New("a second document follows the first: put it into a file of its own")}
	case !errors.Is(err, io.EOF):
		return nil, yamlError(name, err)
	}
	return n.Content[0], nil
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

// expander turns a tree into a plain one: aliases and merge keys are replaced by what they stand for.
type expander struct {
	name  string
	nodes int
	bytes int // of all scalars, each as often as it is nested: what reading the document level by level costs
}

// expand changes the tree in place. What an alias stands for is copied: open lists the aliases that are being expanded.
func (e *expander) expand(n *yaml.Node, open []*yaml.Node, depth int) (*yaml.Node, error) {
	if err := e.count(n, depth); err != nil {
		return nil, err
	}
	if n.Kind == yaml.AliasNode {
		if slices.Contains(open, n.Alias) {
			return nil, e.fail(n, fmt.Errorf("alias *%s contains itself", n.Value))
		}
		return e.expand(n.Alias, append(open, n.Alias), depth)
	}
	if len(open) > 0 {
		copied := *n
		copied.Content = slices.Clone(n.Content)
		n = &copied
	}
	n.Anchor = ""
	for i, c := range n.Content {
		item, err := e.expand(c, open, depth+1)
		if err != nil {
			return nil, err
		}
		n.Content[i] = item
	}
	if n.Kind == yaml.MappingNode {
		return n, e.checkKeys(n)
	}
	return n, nil
}

func (e *expander) count(n *yaml.Node, depth int) error {
	e.nodes++
	e.bytes += depth * len(n.Value)
	switch {
	case e.nodes > maxDocumentNodes:
		return e.fail(n, fmt.Errorf("has more than %d values once its aliases are expanded", maxDocumentNodes))
	case depth > maxDocumentDepth:
		return e.fail(n, fmt.Errorf("is nested deeper than %d", maxDocumentDepth))
	case e.bytes > maxNestedBytes:
		return e.fail(n, errors.New("is nested too deeply for its size"))
	}
	return nil
}

// checkKeys refuses what is no key, or occurs twice, and puts what merge keys bring behind the mapping's own members.
func (e *expander) checkKeys(n *yaml.Node) error {
	keys := newKeySet(n)
	own := n.Content[:0]
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Tag == "!!merge":
			merged = append(merged, value)
			continue
		case key.Kind != yaml.ScalarNode:
			return e.fail(key, errors.New("a key is not a string"))
		case !utf8.ValidString(key.Value):
			return e.fail(key, errors.New("a key is not valid UTF-8"))
		case !keys.add(own, key.Value):
			return e.fail(key, fmt.Errorf("key %q occurs twice", key.Value))
		}
		own = append(own, key, value)
	}
	n.Content = own
	for _, m := range merged {
		mergeInto(n, m, keys)
	}
	return nil
}

// keySet are the keys of a mapping where there are many; to look a few up needs no set.
type keySet map[string]bool

const fewKeys = 8

func newKeySet(n *yaml.Node) keySet {
	if len(n.Content) <= 2*fewKeys && find(n, "<<") < 0 {
		return nil
	}
	return make(keySet, len(n.Content)/2)
}

// add says whether the key is new to the members before it.
func (s keySet) add(before []*yaml.Node, key string) bool {
	if s == nil {
		for i := 0; i < len(before); i += 2 {
			if before[i].Value == key {
				return false
			}
		}
		return true
	}
	known := s[key]
	s[key] = true
	return !known
}

// mergeInto adds the members that a merge key (`<<`) brings; keys that are there win.
func mergeInto(flat, m *yaml.Node, seen keySet) {
	if m.Kind == yaml.SequenceNode {
		for _, item := range m.Content {
			mergeInto(flat, item, seen)
		}
		return
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if key := m.Content[i]; seen.add(flat.Content, key.Value) {
			flat.Content = append(flat.Content, key, m.Content[i+1])
		}
	}
}

func (e *expander) fail(n *yaml.Node, err error) error {
	return &DocumentError{File: e.name, Line: n.Line, Err: err}
}
