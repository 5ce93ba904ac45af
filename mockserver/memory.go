package mockserver

import (
	"context"
	"errors"
	"slices"
	"sort"
	"sync"
)

// Memory keeps state in memory; it is gone when the process ends. Make one with [NewMemory].
type Memory struct {
	mu          sync.Mutex // guards collections
	collections map[string]*memoryCollection
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{collections: map[string]*memoryCollection{}} }

// View implements [Store].
func (m *Memory) View(ctx context.Context, collection string, fn func(Collection) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := m.collection(collection)
	c.mu.RLock()
	defer c.mu.RUnlock()
	return fn(&memoryTx{c: c})
}

// Update implements [Store].
func (m *Memory) Update(ctx context.Context, collection string, fn func(Collection) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := m.collection(collection)
	c.mu.Lock()
	defer c.mu.Unlock()
	tx := &memoryTx{c: c, writable: true}
	defer func() {
		if r := recover(); r != nil {
			tx.rollback()
			panic(r)
		}
		if err != nil {
			tx.rollback()
		}
	}()
	return fn(tx)
}

// Close implements [Store]; there is nothing to close.
func (m *Memory) Close() error { return nil }

func (m *Memory) collection(name string) *memoryCollection {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.collections[name]
	if c == nil {
		c = &memoryCollection{byID: map[string]*entry{}, byKey: map[keyValue][]*entry{}}
		m.collections[name] = c
	}
	return c
}

// entry is a document with its place in the order of creation.
type entry struct {
	Document
	seq uint64
}

type keyValue struct{ key, value string }

// memoryCollection indexes its entries by id, by order and by each key's value, the latter two in order of seq.
type memoryCollection struct {
	mu    sync.RWMutex // guards all below
	seq   uint64
	byID  map[string]*entry
	order []*entry
	byKey map[keyValue][]*entry
}

func (c *memoryCollection) insert(e *entry) {
	c.byID[e.ID] = e
	c.order = insertEntry(c.order, e)
	for k, v := range e.Keys {
		c.byKey[keyValue{k, v}] = insertEntry(c.byKey[keyValue{k, v}], e)
	}
}

func (c *memoryCollection) remove(e *entry) {
	delete(c.byID, e.ID)
	c.order = removeEntry(c.order, e)
	for k, v := range e.Keys {
		if rest := removeEntry(c.byKey[keyValue{k, v}], e); len(rest) > 0 {
			c.byKey[keyValue{k, v}] = rest
		} else {
			delete(c.byKey, keyValue{k, v})
		}
	}
}

func position(list []*entry, e *entry) int {
	return sort.Search(len(list), func(i int) bool { return list[i].seq >= e.seq })
}

func insertEntry(list []*entry, e *entry) []*entry { return slices.Insert(list, position(list, e), e) }

func removeEntry(list []*entry, e *entry) []*entry {
	i := position(list, e)
	return slices.Delete(list, i, i+1)
}

// memoryTx is a collection inside View or Update.
type memoryTx struct {
	c        *memoryCollection
	writable bool
	undo     []func()
}

var errReadOnly = errors.New("mockserver: a view of the store cannot write")

func (t *memoryTx) rollback() {
	for _, undo := range slices.Backward(t.undo) {
		undo()
	}
}

func (t *memoryTx) Get(id string) (Document, bool, error) {
	if e := t.c.byID[id]; e != nil {
		return e.Document, true, nil
	}
	return Document{}, false, nil
}

func (t *memoryTx) Put(d Document) error {
	if !t.writable {
		return errReadOnly
	}
	next := &entry{Document: d}
	if old := t.c.byID[d.ID]; old != nil {
		next.seq = old.seq
		t.c.remove(old)
		t.undo = append(t.undo, func() { t.c.insert(old) })
	} else {
		t.c.seq++
		next.seq = t.c.seq
	}
	t.c.insert(next)
	t.undo = append(t.undo, func() { t.c.remove(next) })
	return nil
}

func (t *memoryTx) Delete(id string) (bool, error) {
	if !t.writable {
		return false, errReadOnly
	}
	old := t.c.byID[id]
	if old == nil {
		return false, nil
	}
	t.c.remove(old)
	t.undo = append(t.undo, func() { t.c.insert(old) })
	return true, nil
}

// List scans the shortest index that fits; a single filter and no filter need no scan at all.
func (t *memoryTx) List(q Query) ([]Document, int, error) {
	list := t.c.order
	for k, v := range q.Equal {
		if index := t.c.byKey[keyValue{k, v}]; len(index) <= len(list) {
			list = index
		}
	}
	if len(q.Equal) > 1 {
		list = matching(list, q.Equal)
	}
	total := len(list)
	list = list[min(q.Offset, total):]
	if q.Limit > 0 {
		list = list[:min(q.Limit, len(list))]
	}
	page := make([]Document, len(list))
	for i, e := range list {
		page[i] = e.Document
	}
	return page, total, nil
}

func matching(list []*entry, equal map[string]string) []*entry {
	var kept []*entry
	for _, e := range list {
		fits := true
		for k, v := range equal {
			fits = fits && e.Keys[k] == v
		}
		if fits {
			kept = append(kept, e)
		}
	}
	return kept
}
