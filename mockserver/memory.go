package mockserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/counterpart-go/counterpart/mockserver/internal/seqset"
)

// Memory keeps state in memory; it is gone when the process ends. Make one with [NewMemory].
type Memory struct {
	mu          sync.Mutex // guards collections and their users
	collections map[string]*memoryCollection
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{collections: map[string]*memoryCollection{}} }

// View implements [Store].
func (m *Memory) View(ctx context.Context, collection string, fn func(Collection) error) error {
	c := m.enter(collection)
	defer m.leave(collection, c)
	if err := c.acquire(ctx, oneViewer); err != nil {
		return err
	}
	defer c.lock.Release(oneViewer)
	return fn(&memoryTx{c: c})
}

// Update implements [Store].
func (m *Memory) Update(ctx context.Context, collection string, fn func(Collection) error) (err error) {
	c := m.enter(collection)
	defer m.leave(collection, c)
	if err := c.acquire(ctx, everybody); err != nil {
		return err
	}
	defer c.lock.Release(everybody)
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

// Collections implements [Store].
func (m *Memory) Collections(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.collections)), nil
}

// Ping implements [Store]; memory is always there.
func (m *Memory) Ping(context.Context) error { return nil }

// Close implements [Store]; there is nothing to close.
func (m *Memory) Close() error { return nil }

func (m *Memory) enter(name string) *memoryCollection {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.collections[name]
	if c == nil {
		c = &memoryCollection{lock: semaphore.NewWeighted(everybody), byID: map[string]*entry{}, bySeq: map[uint64]*entry{}, byKey: map[keyValue]seqset.Set{}}
		m.collections[name] = c
	}
	c.users++
	return c
}

// leave forgets a collection without documents: clients may ask for any number of them.
func (m *Memory) leave(name string, c *memoryCollection) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.users--; c.users == 0 && len(c.byID) == 0 {
		delete(m.collections, name)
	}
}

// entry is a document with its place in the order of creation.
type entry struct {
	Document
	seq uint64
}

type keyValue struct{ key, value string }

// memoryCollection indexes its entries by id, by order and by each key's value.
type memoryCollection struct {
	users int                 // who are inside or wait; of the store's mu
	lock  *semaphore.Weighted // guards all below; a mutex would not let go of who waits when their context ends
	seq   uint64
	all   seqset.Set
	byID  map[string]*entry
	bySeq map[uint64]*entry
	byKey map[keyValue]seqset.Set
}

// What of a collection's lock a view takes, and what an update takes.
const (
	oneViewer = 1
	everybody = 1 << 30
)

// spins is how often the lock is tried before a queue is formed: it is held for microseconds, and to be woken takes longer.
const spins = 20

// acquire says the same about a context that is over as a database does.
func (c *memoryCollection) acquire(ctx context.Context, weight int64) error {
	err := ctx.Err()
	for range spins {
		if err == nil && c.lock.TryAcquire(weight) {
			return nil
		}
		runtime.Gosched()
	}
	if err == nil {
		err = c.lock.Acquire(ctx, weight)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &UnavailableError{fmt.Errorf("it was not free in time: %w", err)}
	}
	return err
}

func (c *memoryCollection) insert(e *entry) {
	c.byID[e.ID], c.bySeq[e.seq], c.all = e, e, c.all.Add(e.seq)
	for k, v := range e.Keys {
		c.addKey(keyValue{k, v}, e.seq)
	}
}

func (c *memoryCollection) remove(e *entry) {
	delete(c.byID, e.ID)
	delete(c.bySeq, e.seq)
	c.all = c.all.Remove(e.seq)
	for k, v := range e.Keys {
		c.removeKey(keyValue{k, v}, e.seq)
	}
}

// replace puts e where old is: only the indexes of keys whose value is another are touched.
func (c *memoryCollection) replace(old, e *entry) {
	c.byID[e.ID], c.bySeq[e.seq] = e, e
	for k, v := range old.Keys {
		if now, ok := e.Keys[k]; !ok || now != v {
			c.removeKey(keyValue{k, v}, e.seq)
		}
	}
	for k, v := range e.Keys {
		if was, ok := old.Keys[k]; !ok || was != v {
			c.addKey(keyValue{k, v}, e.seq)
		}
	}
}

func (c *memoryCollection) addKey(k keyValue, seq uint64) { c.byKey[k] = c.byKey[k].Add(seq) }

func (c *memoryCollection) removeKey(k keyValue, seq uint64) {
	if rest := c.byKey[k].Remove(seq); len(rest) > 0 {
		c.byKey[k] = rest
	} else {
		delete(c.byKey, k)
	}
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
	if old := t.c.byID[d.ID]; old != nil {
		next := &entry{d, old.seq}
		t.c.replace(old, next)
		t.undo = append(t.undo, func() { t.c.replace(next, old) })
		return nil
	}
	t.c.seq++
	next := &entry{d, t.c.seq}
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

// List looks at no document that is not on the page.
func (t *memoryTx) List(q Query) ([]Document, int, error) {
	sets := make([]seqset.Set, 0, 4)
	for k, v := range q.Equal {
		sets = append(sets, t.c.byKey[keyValue{k, v}])
	}
	switch e := t.c.byID[q.ID]; {
	case q.ID != "" && e == nil:
		return nil, 0, nil
	case q.ID != "":
		sets = append(sets, seqset.Set(nil).Add(e.seq))
	case len(sets) == 0:
		sets = append(sets, t.c.all)
	}
	seqs, total := seqset.Select(sets, q.Offset, q.Limit)
	page := make([]Document, len(seqs))
	for i, seq := range seqs {
		page[i] = t.c.bySeq[seq].Document
	}
	return page, total, nil
}
