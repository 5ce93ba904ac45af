package openapi

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// treeReader makes of JSON the tree that YAML would make of it, a line for each node included.
type treeReader struct {
	decoder
	line    int // of the byte counted
	counted int
}

// parseJSON is not ok where the text is no JSON object, or not one that any reader would read the same way.
func parseJSON(data []byte) (root *yaml.Node, ok bool) {
	if start := bytes.TrimLeft(data, " \t\r\n"); len(start) == 0 || start[0] != '{' || !utf8.Valid(data) {
		return nil, false
	}
	limits := DefaultLimits()
	limits.Depth, limits.Values = maxDocumentDepth, maxDocumentNodes
	r := treeReader{decoder: decoder{limits: limits, data: data}, line: 1}
	root, err := r.node()
	if err != nil {
		return nil, false
	}
	r.next()
	return root, r.at == len(data)
}

func (r *treeReader) node() (*yaml.Node, error) {
	c := r.next()
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: r.here()}
	switch c {
	case '{':
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
		return n, r.nodes(n, '}', r.member)
	case '[':
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		return n, r.nodes(n, ']', r.item)
	}
	first := r.at
	value, err := r.value()
	if err != nil {
		return nil, err
	}
	n.Value, n.Tag = string(r.data[first:r.at]), "!!null"
	switch value := value.(type) {
	case string:
		n.Value, n.Tag, n.Style = value, "!!str", yaml.DoubleQuotedStyle
	case bool:
		n.Tag = "!!bool"
	case nil:
	default:
		n.Tag = numberTag(n.Value)
	}
	return n, nil
}

func numberTag(text string) string {
	if strings.ContainsAny(text, ".eE") {
		return "!!float"
	}
	return "!!int"
}

// nodes reads the items of an array, or the members of an object, into n.
func (r *treeReader) nodes(n *yaml.Node, end byte, read func(n *yaml.Node) error) error {
	more, err := r.open(end)
	for more && err == nil {
		if err = read(n); err == nil {
			more, err = r.more(end)
		}
	}
	return err
}

func (r *treeReader) item(n *yaml.Node) error {
	item, err := r.node()
	n.Content = append(n.Content, item)
	return err
}

func (r *treeReader) member(n *yaml.Node) error {
	if r.next() != '"' {
		return r.unexpected()
	}
	key, err := r.node()
	if err != nil {
		return err
	}
	if r.next() != ':' {
		return r.unexpected()
	}
	r.at++
	value, err := r.node()
	n.Content = append(n.Content, key, value)
	return err
}

// here is the line of the next byte.
func (r *treeReader) here() int {
	r.line += bytes.Count(r.data[r.counted:r.at], []byte{'\n'})
	r.counted = r.at
	return r.line
}

// manyMembers is from where on looking a key up among the members takes longer than in a map.
const manyMembers = 16

// settle copies the tree to a small one that things are looked up in quickly, once nothing changes it any more: equal keys,
// and equal values of members, become one node each. The lines of keys are kept beside the tree; those of such values mean
// nothing. It is a copy because what reading leaves behind would otherwise keep the memory around each node occupied.
func (d *document) settle() {
	s := &settler{doc: d, scalars: map[scalar]*yaml.Node{}, copies: map[*yaml.Node]*yaml.Node{}, moved: d.moved}
	d.indexes, d.keyLines = map[*yaml.Node]map[string]int{}, map[*yaml.Node][]int32{}
	if d.moved != nil {
		d.moved = make(map[*yaml.Node]string, len(s.moved))
	}
	d.root = s.copy(d.root)
}

type settler struct {
	doc     *document
	scalars map[scalar]*yaml.Node
	copies  map[*yaml.Node]*yaml.Node // of nodes that stand in several places, as in a converted document they may
	moved   map[*yaml.Node]string

	nodes slab[yaml.Node]
	parts slab[*yaml.Node]
	lines slab[int32]
}

// slab hands out parts of larger pieces of memory: to allocate each by itself takes longer than to fill it.
type slab[T any] struct {
	free  []T
	given int
}

const mostOfSlab = 1024 // items: what is not used of the last piece is lost

func (s *slab[T]) take(n int) []T {
	if len(s.free) < n {
		s.free = make([]T, max(n, min(s.given, mostOfSlab)))
	}
	taken := s.free[:n:n]
	s.free, s.given = s.free[n:], s.given+n
	return taken
}

type scalar struct {
	tag, value string
	style      yaml.Style
}

func (s *settler) copy(n *yaml.Node) *yaml.Node {
	if known := s.copies[n]; known != nil {
		return known
	}
	copied := s.copyOf(n)
	copied.Content = s.parts.take(len(n.Content))
	isMapping := n.Kind == yaml.MappingNode
	for i, c := range n.Content {
		if c.Kind == yaml.ScalarNode && isMapping {
			copied.Content[i] = s.shared(c)
		} else {
			copied.Content[i] = s.copy(c)
		}
	}
	if isMapping {
		s.doc.keyLines[copied] = s.keyLines(n)
	}
	if isMapping && len(n.Content) > 2*manyMembers {
		s.doc.indexes[copied] = index(copied)
	}
	if pointer, ok := s.moved[n]; ok {
		s.copies[n], s.doc.moved[copied] = copied, pointer
	}
	return copied
}

func (s *settler) copyOf(n *yaml.Node) *yaml.Node {
	copied := &s.nodes.take(1)[0]
	*copied = *n
	return copied
}

// shared is one node for all that read the same.
func (s *settler) shared(n *yaml.Node) *yaml.Node {
	key := scalar{n.Tag, n.Value, n.Style}
	if known := s.scalars[key]; known != nil && n.HeadComment+n.LineComment+n.FootComment == "" {
		return known
	}
	copied := s.copyOf(n)
	copied.Value = strings.Clone(n.Value)
	key.value = copied.Value
	s.scalars[key] = copied
	return copied
}

func index(n *yaml.Node) map[string]int {
	members := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		members[n.Content[i].Value] = i + 1
	}
	return members
}

func (s *settler) keyLines(n *yaml.Node) []int32 {
	lines := s.lines.take(len(n.Content) / 2)
	for i := range lines {
		lines[i] = int32(n.Content[2*i].Line)
	}
	return lines
}

// find is where in the node's Content the value of a member is, or the item of a sequence; negative where there is none.
func (d *document) find(n *yaml.Node, key string) int {
	if d == nil || n == nil || len(n.Content) <= 2*manyMembers || d.indexes[n] == nil {
		return find(n, key)
	}
	if i, found := d.indexes[n][key]; found {
		return i
	}
	return -1
}

func (d *document) child(n *yaml.Node, key string) *yaml.Node {
	if i := d.find(n, key); i >= 0 {
		return n.Content[i]
	}
	return nil
}
