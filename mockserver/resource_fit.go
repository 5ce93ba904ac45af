package mockserver

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// resourceCollections begins the names of the store's collections.
const resourceCollections = "resources/"

// keeps says whether the collection is one of the document's outermost ones.
func (e *resources) keeps(collection string) bool {
	rest, ours := strings.CutPrefix(collection, resourceCollections)
	name, _, _ := strings.Cut(rest, "/")
	name, err := url.PathUnescape(name)
	if !ours || err != nil {
		return false
	}
	for _, k := range e.kinds {
		if k.chain[0].Name == name {
			return true
		}
	}
	return false
}

// fits is what the item breaks of what any answer that shows it would have to keep. An item that breaks nothing is found
// by the filters that the document has.
func (e *resources) fits(collection string, d *Document) openapi.Violations {
	if d.Keys == nil && !e.place(collection, d) {
		return openapi.Violations{{In: openapi.InBody, Detail: "no path of the document leads to an item of this id, in this collection"}}
	}
	if isCounter(d.ID) {
		return noCount(d)
	}
	k := e.kinds[d.Keys[keyKind]]
	if k == nil {
		return openapi.Violations{{In: openapi.InBody, Detail: "the document has no such items"}}
	}
	k.once.Do(k.plan)
	item, err := e.decoded(*d)
	if err != nil {
		return openapi.Violations{{In: openapi.InBody, Keyword: "type", Want: `"object"`}}
	}
	broken := k.broken(d.ID, item)
	if len(broken) > 0 {
		return broken
	}
	for name := range d.Keys {
		if strings.HasPrefix(name, "/") {
			delete(d.Keys, name)
		}
	}
	k.index(d.Keys, item)
	return nil
}

// noCount is what a counter has to be: a number.
func noCount(d *Document) openapi.Violations {
	if n, err := strconv.ParseInt(d.Body.String(), 10, 64); err != nil || n < 0 {
		return openapi.Violations{{In: openapi.InBody, Detail: "it counts items, and so must be a whole number from 0"}}
	}
	return nil
}

// broken is what the item breaks of the schemas of all answers that show it, each violation once.
func (k *kind) broken(id string, item map[string]any) openapi.Violations {
	var all openapi.Violations
	for _, t := range k.tasks() {
		s := k.shapes[t]
		if !s.ofItems || s.item == nil {
			continue
		}
		for _, v := range s.item.Validate(s.show(item)) {
			v.In = openapi.InBody
			if !slices.ContainsFunc(all, func(known openapi.Violation) bool { return known.String() == v.String() }) {
				all = append(all, v)
			}
		}
	}
	own, has := openapi.Lookup(item, k.itemPointer())
	if last := id[strings.LastIndex(id, "/")+1:]; has && k.ofID != nil && url.PathEscape(stringOf(own)) != last {
		all = append(all, openapi.Violation{In: openapi.InBody, Pointer: k.itemPointer(), Detail: "it is another than the id of the item"})
	}
	return all
}

// place sets the keys that say where a document lies.
func (e *resources) place(collection string, d *Document) bool {
	k, a, _ := e.whereabouts(collection, d)
	if k == nil {
		return false
	}
	d.Keys = map[string]string{}
	for level, above := range a.above {
		d.Keys[keyBelow+strconv.Itoa(level)] = above
	}
	if !isCounter(d.ID) {
		d.Keys[keyKind], d.Keys[keyIn] = k.Name, a.in
	}
	return true
}

// whereabouts is the kind of a document, where it lies and the path parameters that lead there; nil for none.
func (e *resources) whereabouts(collection string, d *Document) (*kind, address, map[string]string) {
	id := d.ID
	if isCounter(id) {
		id = strings.TrimPrefix(id, counterMark) + "/" // of the item without an id
	}
	for _, name := range slices.Sorted(maps.Keys(e.kinds)) {
		k := e.kinds[name]
		if of := d.Keys[keyKind]; of != "" && of != name {
			continue
		}
		if a, path, ok := k.located(collection, id); ok {
			return k, a, path
		}
	}
	return nil, address{}, nil
}

func (e *resources) project(collection string, d Document) string {
	_, _, path := e.whereabouts(collection, &d)
	return path[e.spec.ProjectParameter()]
}

// put stores an item as a request would, in an item that is there and with values that no other has.
func (e *resources) put(c Collection, d Document, number int64) error {
	if isCounter(d.ID) {
		return countUpTo(c, d)
	}
	k := e.kinds[d.Keys[keyKind]]
	if holder, held := d.Keys[keyBelow+strconv.Itoa(len(k.chain)-2)]; held && k.parent != nil && !k.parent.Singleton() {
		if _, found, err := c.Get(holder); err != nil || !found {
			return cmp.Or(err, unknown(holder))
		}
	}
	if err := k.unique(c, d); err != nil {
		return err
	}
	if k.Cursor == "" {
		return c.Put(d)
	}
	counter := counterOf(counterMark+d.Keys[keyIn], map[string]string{}, number)
	for name, above := range d.Keys {
		if strings.HasPrefix(name, keyBelow) {
			counter.Keys[name] = above
		}
	}
	number, err := k.numbered(c, d.ID, counter, number)
	if err != nil {
		return err
	}
	d.Keys[keyNumber] = strconv.FormatInt(number, 10)
	return c.Put(d)
}

// numbered is the number of an item: the one that is asked for, or, for 0, that which it has or the next.
func (k *kind) numbered(c Collection, id string, counter Document, asked int64) (int64, error) {
	if was, found, err := c.Get(id); asked == 0 && (found || err != nil) {
		n, _ := strconv.ParseInt(was.Keys[keyNumber], 10, 64)
		return n, err
	}
	if asked == 0 {
		last, err := countedSoFar(c, counter.ID)
		if err != nil {
			return 0, err
		}
		asked = last + 1
	}
	return asked, countUpTo(c, counterOf(counter.ID, counter.Keys, asked))
}

// countUpTo stores a counter unless there is one that has counted further.
func countUpTo(c Collection, counter Document) error {
	to, err := strconv.ParseInt(counter.Body.String(), 10, 64)
	if err != nil {
		return err
	}
	if last, err := countedSoFar(c, counter.ID); err != nil || last >= to && last > 0 {
		return err
	}
	return c.Put(counter)
}
