package mockserver

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// address says where a request leads. Everything below one outermost collection lies in one collection of the store: so
// an item goes together with all that lies in it. Ids of documents are paths: pet/5/visit/2.
type address struct {
	store string   // the collection of the store
	above []string // documents of the items that this lies in, the outermost first
	ids   []string // of these, as clients know them
	in    string   // the collection below the innermost of these
	id    string   // of the item, as clients know it; "" for none
}

func (a address) document() string { return a.in + "/" + url.PathEscape(a.id) }

// counter is the document that holds the number of the newest item.
func (a address) counter() string { return counterMark + a.in }

const counterMark = "#"

func isCounter(document string) bool { return strings.HasPrefix(document, counterMark) }

var pathParameter = regexp.MustCompile(`\{([^{}]*)\}`)

// parametersOf are the names of the parameters of a path, in its order.
func parametersOf(path string) []string {
	var names []string
	for _, match := range pathParameter.FindAllStringSubmatch(path, -1) {
		names = append(names, match[1])
	}
	return names
}

// holders says which path parameters name items of which of the chain, by their place in names. One that has another name
// in this operation is the one before the next.
func (k *kind) holders(names []string) map[int]int {
	levels, before := map[int]int{}, len(names)
	if i := slices.Index(names, k.ID.Parameter); i >= 0 {
		before = i
	}
	for level := len(k.chain) - 2; level >= 0; level-- {
		at := slices.Index(names[:before], k.chain[level+1].Holder)
		if at < 0 {
			at = before - 1
		}
		if at < 0 {
			break
		}
		levels[at], before = level, at
	}
	return levels
}

// locate reads an address from path parameters. Those that name no item tell collections apart.
func (k *kind) locate(op *openapi.Operation, path map[string]string) address {
	names := parametersOf(op.Path)
	holders := k.holders(names)
	a := address{}
	prefix, level, further := "", 0, ""
	enter := func() { // the collection of the level
		a.in = prefix + url.PathEscape(k.chain[level].Name) + further
		a.store = cmp.Or(a.store, resourceCollections+a.in)
	}
	for i, name := range names {
		_, holds := holders[i]
		switch {
		case holds:
			enter()
			a.above, a.ids = append(a.above, a.in+"/"+url.PathEscape(path[name])), append(a.ids, path[name])
			prefix, further = a.above[level]+"/", ""
			level++
		case name == k.ID.Parameter:
			a.id = path[name]
		default:
			further += "/" + url.PathEscape(path[name])
		}
	}
	level = len(k.chain) - 1
	enter()
	return a
}

// mark stands in front of a path parameter's name, in the place of its value.
const mark = "\x1f"

// located reads back what locate has written: the address of a stored document, and the path parameters that lead there.
func (k *kind) located(collection, document string) (address, map[string]string, bool) {
	for _, op := range k.Operations() {
		names := map[string]string{}
		for _, name := range parametersOf(op.Path) {
			names[name] = mark + name
		}
		path, id, ok := valuesOf(k.locate(op, names).document(), document)
		if !ok {
			continue
		}
		a := k.locate(op, path)
		a.id, path[k.ID.Parameter] = id, id
		if a.store == collection {
			return a, path, true
		}
	}
	return address{}, nil, false
}

// valuesOf compares a document's id with one that has marked names in the place of values: it gives these and the last
// one, the item's own.
func valuesOf(marked, document string) (path map[string]string, id string, ok bool) {
	wanted, parts := strings.Split(marked, "/"), strings.Split(document, "/")
	if len(wanted) != len(parts) {
		return nil, "", false
	}
	path = map[string]string{}
	last := len(parts) - 1
	for i, part := range parts {
		value, err := url.PathUnescape(part)
		name, isValue := strings.CutPrefix(wanted[i], url.PathEscape(mark))
		switch {
		case err != nil || !isValue && i < last && part != wanted[i]:
			return nil, "", false
		case isValue:
			name, _ = url.PathUnescape(name)
			path[name] = value
		}
		id = value
	}
	return path, id, true
}

// find is the address of the request. An operation on an item whose path does not name it has the id in its body.
func (v *visit) find() (address, error) {
	a := v.locate(v.x.operation, v.x.request.Path)
	_, inPath := v.x.request.Path[v.ID.Parameter]
	if inPath || v.task == creating || v.task == listing || v.Singleton() {
		return a, nil
	}
	body, _ := v.x.operation.Body(v.x.request)
	for _, pointer := range []string{v.ID.Sent, v.ID.Item} {
		if id, ok := openapi.Lookup(body, v.Sent+pointer); ok && pointer != "" {
			a.id, _ = scalarText(id)
		}
		if a.id != "" {
			return a, nil
		}
	}
	return a, errStateless
}

// held refuses what lies in an item that is not there.
func (v *visit) held(c Collection) error {
	if v.parent == nil || v.parent.Singleton() || len(v.address.above) == 0 {
		return nil
	}
	last := len(v.address.above) - 1
	_, found, err := c.Get(v.address.above[last])
	if err == nil && !found {
		err = unknown(v.address.ids[last])
	}
	return err
}

func unknown(id string) error {
	return &refusal{reason: openapi.UnknownID, values: map[string]string{"id": id}}
}

// pathOf fills the parameters of an operation's path; names that the values lack stay.
func pathOf(op *openapi.Operation, values map[string]string) string {
	return pathParameter.ReplaceAllStringFunc(op.Path, func(braced string) string {
		value, ok := values[strings.Trim(braced, "{}")]
		if !ok {
			return braced
		}
		return url.PathEscape(value)
	})
}
