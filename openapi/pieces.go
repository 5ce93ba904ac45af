package openapi

import (
	"bytes"
	"slices"
	"sync"

	"gopkg.in/yaml.v3"
)

// A large YAML text is parsed in pieces, on all processors. It is cut in front of a key of the outermost mapping, or of one
// of the mappings right in that. Inside a quoted text, a flow collection or an alias that would be wrong, and then one of
// the pieces cannot be parsed; a block text may look like keys, and then what is before the cut is no mapping. Nothing else
// of a block mapping reaches over such a line (YAML 1.2, chapter 8).

// minPieces is the size from where on a text is worth to be parsed in pieces, in bytes.
const minPieces = 128 << 10

// mostPieces is how many pay: what is three mappings in, as schemas are, stays together.
const mostPieces = 4

// parsePieces parses a text in so many pieces of about the same size. It is nil where that is not possible, or not safe.
func parsePieces(name string, data []byte, n int) *yaml.Node {
	ends := cuts(data, min(n, mostPieces))
	if len(ends) == 0 {
		return nil
	}
	ends = append(ends, len(data))
	pieces := make([]*yaml.Node, len(ends))
	var all sync.WaitGroup
	begin := 0
	for i, end := range ends {
		from := begin
		all.Go(func() {
			if pieces[i], _ = parseWhole(name, data[from:end]); pieces[i] != nil {
				shiftLines(pieces[i], bytes.Count(data[:from], []byte{'\n'}))
			}
		})
		begin = end
	}
	all.Wait()
	return join(pieces)
}

func shiftLines(n *yaml.Node, by int) {
	n.Line += by
	for _, c := range n.Content {
		shiftLines(c, by)
	}
}

// join puts the members of the pieces into the first one: those of an indented piece belong to its last member.
func join(pieces []*yaml.Node) *yaml.Node {
	if slices.Contains(pieces, nil) {
		return nil
	}
	whole := pieces[0]
	for _, piece := range pieces[1:] {
		owner := whole
		if column(piece) > 1 {
			owner = whole.Content[len(whole.Content)-1]
		}
		if !isBlock(owner) || !isBlock(piece) || column(owner) != column(piece) {
			return nil
		}
		owner.Content = append(owner.Content, piece.Content...)
	}
	return whole
}

func isBlock(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// column is where the keys of a mapping begin, from 1.
func column(mapping *yaml.Node) int {
	if len(mapping.Content) == 0 {
		return 0
	}
	return mapping.Content[0].Column
}

// cuts are where to cut a text, in ascending order: none where it offers no such place, or is more than one document.
func cuts(data []byte, n int) (list []int) {
	places := linesOfKeys(data)
	for i := 1; i < n && len(places) > 0; i++ {
		at := nearest(places, len(data)*i/n)
		list = append(list, places[at].begin)
		if !places[at].inner {
			continue
		}
		if end := slices.IndexFunc(places[at:], func(k lineOfKey) bool { return !k.inner }); end > 0 {
			list = append(list, places[at+end].begin) // where the mapping ends
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func nearest(places []lineOfKey, wanted int) int {
	next, _ := slices.BinarySearchFunc(places, wanted, func(k lineOfKey, at int) int { return k.begin - at })
	if next == len(places) || next > 0 && wanted-places[next-1].begin < places[next].begin-wanted {
		return next - 1
	}
	return next
}

// lineOfKey is a line that seems to begin with a key.
type lineOfKey struct {
	begin int
	inner bool // of a mapping in the outermost one
}

// linesOfKeys are those where a text may be cut; none where it is more than one document.
func linesOfKeys(data []byte) (list []lineOfKey) {
	const unknown, none = 0, -1
	indent := unknown // of the mapping in the outermost one that is in hand
	for at := 0; at < len(data); {
		line, _, _ := bytes.Cut(data[at:], []byte{'\n'})
		text := bytes.TrimLeft(line, " ")
		switch in := len(line) - len(text); {
		case len(text) == 0 || text[0] == '#':
		case in == 0 && (text[0] == '%' || at > 0 && bytes.HasPrefix(text, []byte("---")) || bytes.HasPrefix(text, []byte("..."))):
			return nil
		case in == 0 && beginsKey(text[0]):
			indent = unknown
			if at > 0 {
				list = append(list, lineOfKey{at, false})
			}
		case in == 0:
			indent = none
		case indent == unknown:
			indent = in
		case in == indent && beginsKey(text[0]):
			list = append(list, lineOfKey{at, true})
		}
		at += len(line) + 1
	}
	return list
}

func beginsKey(c byte) bool {
	return c == '"' || c == '\'' || c == '/' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
