package mockserver_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore/postgrestest"
	"github.com/counterpart-go/counterpart/openapi"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	testStore(t, func(*testing.T) func() mockserver.Store {
		return func() mockserver.Store { return mockserver.NewMemory() }
	})
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	testLastingStore(t, func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a?b#c%20d.db") })
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	testLastingStore(t, func(t *testing.T) string { return postgrestest.Start(t) })
}

// testLastingStore is what a store must do that has an address. Place gives that of an empty one.
func testLastingStore(t *testing.T, place func(t *testing.T) string) {
	opener := func(t *testing.T) func() mockserver.Store {
		address := place(t)
		return func() mockserver.Store {
			store, err := sqlstore.Open(context.Background(), address, sqlstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return store
		}
	}
	testStore(t, opener)
	testRules(t, opener, []storeRule{
		{"what was acknowledged is there after reopening, in order", storeReopens},
		{"two handles are one store", storeIsShared},
		{"of two handles that race for a name, one gets it", storeIsSharedInARace},
	})
}

// testStore is what every [mockserver.Store] must do. Place makes an empty one, and gives what opens it.
func testStore(t *testing.T, place func(t *testing.T) func() mockserver.Store) {
	testRules(t, place, []storeRule{
		{"an unknown collection is empty", storeIsEmpty},
		{"documents come in the order of their creation", storeKeepsOrder},
		{"a document comes back as it was put", storeKeepsDocuments},
		{"a document that is put again keeps its place and forgets its old keys", storeReplacesInPlace},
		{"a deleted document is gone, and a new one of its id comes last", storeDeletes},
		{"filters match exactly and combine with AND", storeFilters},
		{"pages are a partition, and totals do not depend on them", storePages},
		{"collections are isolated", storeIsolates},
		{"the collections that hold documents have their names in a list", storeNamesCollections},
		{"an update sees its own writes", storeSeesOwnWrites},
		{"an update that returns an error changes nothing", storeRollsBackError},
		{"an update that panics changes nothing and blocks nobody", storeRollsBackPanic},
		{"a view cannot write", storeViewsCannotWrite},
		{"a view's error is returned", storeReturnsViewError},
		{"nothing runs once the context is cancelled", storeMindsContext},
		{"concurrent read-modify-writes lose nothing", storeLosesNothing},
		{"a view sees all of an update or nothing of it", storeViewsAreWhole},
		{"who waits for a collection leaves when the context is cancelled", storeMindsContextOfWaiters},
		{"who waits for a collection longer than the context allows is told that it is not available", storeMindsDeadline},
		{"concurrent creations have one order, the same for everybody", storeOrdersConcurrent},
		{"a store that is there says so", storeIsThere},
	})
}

type storeRule struct {
	rule string
	test func(s *storeTest)
}

func testRules(t *testing.T, place func(t *testing.T) func() mockserver.Store, rules []storeRule) {
	for _, tc := range rules {
		t.Run(tc.rule, func(t *testing.T) {
			open := place(t)
			s := &storeTest{T: t, Store: open(), open: open}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			tc.test(s)
		})
	}
}

type storeTest struct {
	*testing.T
	mockserver.Store
	open func() mockserver.Store // opens the same store once more
}

const things = "things/of-one"

func (s *storeTest) update(fn func(c mockserver.Collection) error) {
	s.Helper()
	if err := s.Update(s.Context(), things, fn); err != nil {
		s.Fatal(err)
	}
}

func (s *storeTest) view(fn func(c mockserver.Collection) error) {
	s.Helper()
	if err := s.View(s.Context(), things, fn); err != nil {
		s.Fatal(err)
	}
}

// thing is a document with keys as name, value, name, value.
func thing(id, body string, keysAndValues ...string) mockserver.Document {
	keys := map[string]string{"id": id}
	for pair := range slices.Chunk(keysAndValues, 2) {
		keys[pair[0]] = pair[1]
	}
	return mockserver.Document{ID: id, Keys: keys, Body: openapi.NewText([]byte(body))}
}

func (s *storeTest) put(documents ...mockserver.Document) {
	s.Helper()
	s.update(func(c mockserver.Collection) error {
		for _, d := range documents {
			if err := c.Put(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// wantIDs checks which documents a query finds; total is their number before paging.
func (s *storeTest) wantIDs(q mockserver.Query, total int, want ...string) {
	s.Helper()
	s.view(func(c mockserver.Collection) error {
		s.wantIDsIn(c, q, total, want...)
		return nil
	})
}

func (s *storeTest) wantIDsIn(c mockserver.Collection, q mockserver.Query, total int, want ...string) {
	s.Helper()
	documents, n, err := c.List(q)
	if err != nil {
		s.Fatal(err)
	}
	var ids []string
	for _, d := range documents {
		ids = append(ids, d.ID)
	}
	if n != total || !slices.Equal(ids, want) {
		s.Errorf("%+v finds %q of %d, want %q of %d", q, ids, n, want, total)
	}
}

func equal(keysAndValues ...string) mockserver.Query {
	q := mockserver.Query{Equal: map[string]string{}}
	for pair := range slices.Chunk(keysAndValues, 2) {
		q.Equal[pair[0]] = pair[1]
	}
	return q
}

func storeIsEmpty(s *storeTest) {
	s.wantIDs(mockserver.Query{}, 0)
	s.wantIDs(equal("id", "a"), 0)
	s.wantIDs(mockserver.Query{Offset: 5, Limit: 5}, 0)
	s.update(func(c mockserver.Collection) error {
		if _, found, err := c.Get("a"); found || err != nil {
			s.Errorf("got one: %v", err)
		}
		if found, err := c.Delete("a"); found || err != nil {
			s.Errorf("deleted one: %v", err)
		}
		return nil
	})
}

func storeKeepsOrder(s *storeTest) {
	for _, id := range []string{"z", "a", "m", "A", "10", "9"} {
		s.put(thing(id, "{}", "kind", "x"))
	}
	s.wantIDs(mockserver.Query{}, 6, "z", "a", "m", "A", "10", "9")
	s.wantIDs(equal("kind", "x"), 6, "z", "a", "m", "A", "10", "9")
}

func storeKeepsDocuments(s *storeTest) {
	want := thing("ä/%\x00'\"", "{\"n\": 1.50,\n\"t\": \"\u2028\"}", "key with 'quotes'", "value; DROP", "empty", "")
	s.put(want)
	s.view(func(c mockserver.Collection) error {
		got, found, err := c.Get(want.ID)
		if err != nil || !found || got.ID != want.ID || !maps.Equal(got.Keys, want.Keys) || got.Body.String() != want.Body.String() {
			s.Errorf("got %+v, %t, %v, want %+v", got, found, err, want)
		}
		list, _, err := c.List(equal("key with 'quotes'", "value; DROP"))
		if err != nil || len(list) != 1 || list[0].Body.String() != want.Body.String() {
			s.Errorf("listed %+v, %v", list, err)
		}
		return nil
	})
}

func storeReplacesInPlace(s *storeTest) {
	s.put(thing("a", "1", "kind", "x"), thing("b", "2", "kind", "x"), thing("c", "3", "kind", "y"))
	s.put(thing("b", "4", "kind", "y"), thing("a", "5", "kind", "x"))
	s.wantIDs(mockserver.Query{}, 3, "a", "b", "c")
	s.wantIDs(equal("kind", "x"), 1, "a")
	s.wantIDs(equal("kind", "y"), 2, "b", "c")
	s.view(func(c mockserver.Collection) error {
		if d, _, err := c.Get("b"); err != nil || d.Body.String() != "4" {
			s.Errorf("b is %s, %v", d.Body, err)
		}
		return nil
	})
}

func storeDeletes(s *storeTest) {
	s.put(thing("a", "1", "kind", "x"), thing("b", "2", "kind", "x"), thing("c", "3", "kind", "x"))
	for _, want := range []bool{true, false} {
		s.update(func(c mockserver.Collection) error {
			if found, err := c.Delete("b"); found != want || err != nil {
				s.Errorf("deleted %t, %v", found, err)
			}
			return nil
		})
	}
	s.wantIDs(mockserver.Query{}, 2, "a", "c")
	s.wantIDs(equal("id", "b"), 0)
	s.put(thing("b", "4", "kind", "x"))
	s.wantIDs(equal("kind", "x"), 3, "a", "c", "b")
}

func storeFilters(s *storeTest) {
	s.put(
		thing("1", "{}", "kind", "x", "color", "red"), thing("2", "{}", "kind", "y", "color", "red"),
		thing("3", "{}", "kind", "x", "color", "blue"), thing("4", "{}", "kind", "x", "color", "red", "empty", ""),
	)
	s.wantIDs(equal("kind", "x"), 3, "1", "3", "4")
	s.wantIDs(equal("kind", "x", "color", "red"), 2, "1", "4")
	s.wantIDs(equal("kind", "x", "color", "red", "id", "4"), 1, "4")
	s.wantIDs(equal("kind", "y", "color", "blue"), 0)
	s.wantIDs(equal("kind", "X"), 0)
	s.wantIDs(equal("kind", ""), 0)
	s.wantIDs(equal("unknown", "x"), 0)
	s.wantIDs(equal("kind", "x", "unknown", "x"), 0)
	s.wantIDs(equal("empty", ""), 1, "4")
	s.wantIDs(equal("empty", "", "kind", "x"), 1, "4") // a key without value is none of the value ""
	s.wantIDs(equal(), 4, "1", "2", "3", "4")
}

func storePages(s *storeTest) {
	var all, even []string
	for i := range 10 {
		id := strconv.Itoa(i)
		s.put(thing(id, "{}", "odd", strconv.Itoa(i%2)))
		if all = append(all, id); i%2 == 0 {
			even = append(even, id)
		}
	}
	for _, filter := range []struct {
		q    mockserver.Query
		want []string
	}{{mockserver.Query{}, all}, {equal("odd", "0"), even}} {
		for limit := 0; limit <= len(all)+1; limit++ {
			for offset := 0; offset <= len(all)+1; offset++ {
				q := filter.q
				q.Limit, q.Offset = limit, offset
				page := filter.want[min(offset, len(filter.want)):]
				if limit > 0 {
					page = page[:min(limit, len(page))]
				}
				s.wantIDs(q, len(filter.want), page...)
			}
		}
	}
}

func storeIsolates(s *storeTest) {
	s.put(thing("a", "1"))
	if err := s.Update(s.Context(), "things/of-other", func(c mockserver.Collection) error {
		s.wantIDsIn(c, mockserver.Query{}, 0)
		return c.Put(thing("a", "2"))
	}); err != nil {
		s.Fatal(err)
	}
	s.view(func(c mockserver.Collection) error {
		if d, _, err := c.Get("a"); err != nil || d.Body.String() != "1" {
			s.Errorf("a is %s, %v", d.Body, err)
		}
		return nil
	})
}

func storeNamesCollections(s *storeTest) {
	s.put(thing("a", "1"))
	for _, name := range []string{"\x1fb\x00'%", "emptied", "never filled", "a"} {
		if err := s.Update(s.Context(), name, func(c mockserver.Collection) error {
			if name == "never filled" {
				return nil
			}
			return c.Put(thing("a", "1"))
		}); err != nil {
			s.Fatal(err)
		}
	}
	if err := s.Update(s.Context(), "emptied", func(c mockserver.Collection) error {
		_, err := c.Delete("a")
		return err
	}); err != nil {
		s.Fatal(err)
	}
	names, err := s.Collections(s.Context())
	if want := []string{"\x1fb\x00'%", "a", things}; err != nil || !slices.Equal(names, want) {
		s.Errorf("%q, %v; want %q", names, err, want)
	}
}

func storeSeesOwnWrites(s *storeTest) {
	s.put(thing("a", "1", "kind", "x"))
	s.update(func(c mockserver.Collection) error {
		err := errors.Join(c.Put(thing("b", "2", "kind", "x")), c.Put(thing("a", "3", "kind", "y")))
		s.wantIDsIn(c, mockserver.Query{}, 2, "a", "b")
		s.wantIDsIn(c, equal("kind", "x"), 1, "b")
		if _, err := c.Delete("a"); err != nil {
			return err
		}
		s.wantIDsIn(c, mockserver.Query{}, 1, "b")
		return err
	})
	s.wantIDs(mockserver.Query{}, 1, "b")
}

// upheaval does everything that a store has to undo.
func upheaval(c mockserver.Collection) error {
	_, deleted := c.Delete("b")
	_, deletedNew := c.Delete("c")
	return errors.Join(deleted, deletedNew,
		c.Put(thing("a", "changed", "kind", "y")), c.Put(thing("a", "changed again", "kind", "z")), c.Put(thing("new", "{}", "kind", "x")),
		c.Put(thing("c", "back, but last", "kind", "x")), c.Put(thing("new", "changed", "kind", "y")))
}

func (s *storeTest) wantNoUpheaval() {
	s.Helper()
	s.wantIDs(mockserver.Query{}, 3, "a", "b", "c")
	s.wantIDs(equal("kind", "x"), 3, "a", "b", "c")
	s.wantIDs(equal("kind", "y"), 0)
	s.wantIDs(equal("kind", "z"), 0)
	s.wantIDs(equal("id", "new"), 0)
	s.view(func(c mockserver.Collection) error {
		for id, want := range map[string]string{"a": "1", "b": "2", "c": "3"} {
			if d, found, err := c.Get(id); err != nil || !found || d.Body.String() != want {
				s.Errorf("%s is %s, %t, %v", id, d.Body, found, err)
			}
		}
		return nil
	})
	s.put(thing("d", "4", "kind", "x"))
	s.wantIDs(equal("kind", "x"), 4, "a", "b", "c", "d")
}

func storeRollsBackError(s *storeTest) {
	s.put(thing("a", "1", "kind", "x"), thing("b", "2", "kind", "x"), thing("c", "3", "kind", "x"))
	failed := errors.New("changed my mind")
	err := s.Update(s.Context(), things, func(c mockserver.Collection) error {
		if err := upheaval(c); err != nil {
			s.Error(err)
		}
		return fmt.Errorf("wrapped: %w", failed)
	})
	if !errors.Is(err, failed) {
		s.Errorf("the update returns %v", err)
	}
	s.wantNoUpheaval()
}

func storeRollsBackPanic(s *storeTest) {
	s.put(thing("a", "1", "kind", "x"), thing("b", "2", "kind", "x"), thing("c", "3", "kind", "x"))
	func() {
		defer func() {
			if r := recover(); r != "help" {
				s.Errorf("the update panics with %v", r)
			}
		}()
		_ = s.Update(s.Context(), things, func(c mockserver.Collection) error {
			if err := upheaval(c); err != nil {
				s.Error(err)
			}
			panic("help")
		})
	}()
	s.wantNoUpheaval()
}

func storeViewsCannotWrite(s *storeTest) {
	s.put(thing("a", "1"))
	s.view(func(c mockserver.Collection) error {
		if err := c.Put(thing("b", "2")); err == nil {
			s.Error("a view may put")
		}
		if _, err := c.Delete("a"); err == nil {
			s.Error("a view may delete")
		}
		return nil
	})
	s.wantIDs(mockserver.Query{}, 1, "a")
}

func storeReturnsViewError(s *storeTest) {
	failed := errors.New("seen enough")
	if err := s.View(s.Context(), things, func(mockserver.Collection) error { return failed }); !errors.Is(err, failed) {
		s.Errorf("the view returns %v", err)
	}
}

func storeMindsContext(s *storeTest) {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	never := func(mockserver.Collection) error {
		s.Error("it ran")
		return nil
	}
	if err := s.Update(ctx, things, never); !errors.Is(err, context.Canceled) {
		s.Errorf("update returns %v", err)
	}
	if err := s.View(ctx, things, never); !errors.Is(err, context.Canceled) {
		s.Errorf("view returns %v", err)
	}
}

func storeLosesNothing(s *storeTest) {
	const goroutines, rounds = 20, 50
	s.put(thing("counter", "0"))
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for range rounds {
				if err := s.Update(s.Context(), things, increment); err != nil {
					s.Error(err)
				}
			}
		})
	}
	group.Wait()
	s.view(func(c mockserver.Collection) error {
		d, _, err := c.Get("counter")
		if d.Body.String() != strconv.Itoa(goroutines*rounds) {
			s.Errorf("%d increments made %s", goroutines*rounds, d.Body)
		}
		return err
	})
}

func increment(c mockserver.Collection) error {
	d, _, err := c.Get("counter")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(d.Body.String())
	if err != nil {
		return err
	}
	return c.Put(thing("counter", strconv.Itoa(n+1)))
}

func storeViewsAreWhole(s *storeTest) {
	s.put(thing("a", "0"), thing("b", "0"))
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	writers.Go(func() {
		for i := range 200 {
			body := strconv.Itoa(i)
			s.put(thing("a", body), thing("b", body))
		}
	})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s.view(func(c mockserver.Collection) error {
					list, total, err := c.List(mockserver.Query{})
					if total != 2 || len(list) != 2 || list[0].Body.String() != list[1].Body.String() {
						s.Errorf("half an update: %q", list)
					}
					return err
				})
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
}

// while holds the collection with an update until fn has returned.
func (s *storeTest) while(fn func()) {
	s.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		s.update(func(c mockserver.Collection) error {
			close(held)
			<-release
			return nil
		})
	})
	<-held
	fn()
	close(release)
	group.Wait()
}

func storeMindsContextOfWaiters(s *storeTest) {
	s.put(thing("a", "1"))
	s.while(func() {
		ctx, cancel := context.WithCancel(s.Context())
		waited := make(chan error)
		go func() {
			waited <- s.Update(ctx, things, func(mockserver.Collection) error {
				s.Error("it ran")
				return nil
			})
		}()
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			s.Errorf("the update returns %v", err)
		}
	})
	s.put(thing("b", "2"))
	s.wantIDs(mockserver.Query{}, 2, "a", "b")
}

func storeMindsDeadline(s *storeTest) {
	s.put(thing("a", "1"))
	s.while(func() {
		ctx, cancel := context.WithTimeout(s.Context(), 20*time.Millisecond)
		defer cancel()
		err := s.Update(ctx, things, func(c mockserver.Collection) error {
			s.Error("it ran")
			return nil
		})
		var away *mockserver.UnavailableError
		if !errors.As(err, &away) || !errors.Is(err, context.DeadlineExceeded) {
			s.Errorf("the update returns %v", err)
		}
	})
	s.put(thing("b", "2"))
	s.wantIDs(mockserver.Query{}, 2, "a", "b")
}

// storeOrdersConcurrent creates with several goroutines. Of each, the documents must come in its order; and a page that
// was full once never changes.
func storeOrdersConcurrent(s *storeTest) {
	const goroutines, each = 8, 20
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for i := range each {
				s.put(thing(fmt.Sprintf("%d-%d", g, i), "{}", "by", strconv.Itoa(g)))
				s.view(func(c mockserver.Collection) error {
					all, n, err := c.List(mockserver.Query{})
					if len(all) != n {
						s.Errorf("%d of %d", len(all), n)
					}
					head, _, errHead := c.List(mockserver.Query{Limit: i + 1})
					if !slices.EqualFunc(head, all[:i+1], func(a, b mockserver.Document) bool { return a.ID == b.ID }) {
						s.Error("a page and all have another order")
					}
					return errors.Join(err, errHead)
				})
			}
		})
	}
	group.Wait()
	s.view(func(c mockserver.Collection) error {
		for g := range goroutines {
			var want []string
			for i := range each {
				want = append(want, fmt.Sprintf("%d-%d", g, i))
			}
			s.wantIDsIn(c, equal("by", strconv.Itoa(g)), each, want...)
		}
		return nil
	})
}

func storeIsThere(s *storeTest) {
	if err := s.Ping(s.Context()); err != nil {
		s.Error(err)
	}
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := s.Ping(ctx); err != nil && !errors.Is(err, context.Canceled) {
		s.Errorf("ping returns %v", err)
	}
}

func storeReopens(s *storeTest) {
	s.put(thing("z", "1", "kind", "x"), thing("a", "2", "kind", "x"), thing("m", "3", "kind", "y"), thing("gone", "4", "kind", "x"))
	s.put(thing("z", "5", "kind", "y"))
	s.update(func(c mockserver.Collection) error {
		_, err := c.Delete("gone")
		return err
	})
	if err := s.Close(); err != nil {
		s.Fatal(err)
	}
	s.Store = s.open()
	s.wantIDs(mockserver.Query{}, 3, "z", "a", "m")
	s.wantIDs(equal("kind", "x"), 1, "a")
	s.wantIDs(equal("kind", "y"), 2, "z", "m")
	s.put(thing("gone", "6", "kind", "y"))
	s.wantIDs(equal("kind", "y"), 3, "z", "m", "gone")
}

func storeIsShared(s *storeTest) {
	other := &storeTest{T: s.T, Store: s.open()}
	defer func() { _ = other.Close() }()
	for i, one := range []*storeTest{s, other, s, other} {
		one.put(thing(strconv.Itoa(i), "{}", "kind", "x"))
	}
	s.put(thing("1", "{}", "kind", "y"))
	other.update(func(c mockserver.Collection) error {
		_, err := c.Delete("2")
		return err
	})
	for _, one := range []*storeTest{s, other} {
		one.wantIDs(mockserver.Query{}, 3, "0", "1", "3")
		one.wantIDs(equal("kind", "x"), 2, "0", "3")
		one.wantIDs(equal("kind", "y"), 1, "1")
	}
}

var errTaken = errors.New("the name is taken")

// storeIsSharedInARace lets handles create a document of one name, unless there is one, in a collection that is new to all.
func storeIsSharedInARace(s *storeTest) {
	const handles, rounds = 4, 25
	var stores []mockserver.Store
	for range handles {
		stores = append(stores, s.open())
	}
	for round := range rounds {
		collection := fmt.Sprintf("round-%d", round)
		results := make([]error, handles)
		var group sync.WaitGroup
		for i, store := range stores {
			group.Go(func() {
				results[i] = store.Update(s.Context(), collection, func(c mockserver.Collection) error {
					if _, n, err := c.List(equal("name", "one")); n > 0 || err != nil {
						return errors.Join(err, errTaken)
					}
					return c.Put(thing(strconv.Itoa(i), "{}", "name", "one"))
				})
			})
		}
		group.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, errTaken) {
				s.Error(err)
			}
		}
		if won != 1 {
			s.Errorf("%s: %d got the name", collection, won)
		}
	}
	for _, store := range stores {
		if err := store.Close(); err != nil {
			s.Error(err)
		}
	}
}
