package mockserver_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	testStore(t, func(*testing.T) mockserver.Store { return mockserver.NewMemory() })
}

// testStore is what every [mockserver.Store] must do. Open makes an empty one.
func testStore(t *testing.T, open func(t *testing.T) mockserver.Store) {
	for _, tc := range []struct {
		rule string
		test func(s *storeTest)
	}{
		{"an unknown collection is empty", storeIsEmpty},
		{"documents come in the order of their creation", storeKeepsOrder},
		{"a document comes back as it was put", storeKeepsDocuments},
		{"a document that is put again keeps its place and forgets its old keys", storeReplacesInPlace},
		{"a deleted document is gone, and a new one of its id comes last", storeDeletes},
		{"filters match exactly and combine with AND", storeFilters},
		{"pages are a partition, and totals do not depend on them", storePages},
		{"collections are isolated", storeIsolates},
		{"an update sees its own writes", storeSeesOwnWrites},
		{"an update that returns an error changes nothing", storeRollsBackError},
		{"an update that panics changes nothing and blocks nobody", storeRollsBackPanic},
		{"a view cannot write", storeViewsCannotWrite},
		{"a view's error is returned", storeReturnsViewError},
		{"nothing runs once the context is cancelled", storeMindsContext},
		{"concurrent read-modify-writes lose nothing", storeLosesNothing},
		{"a view sees all of an update or nothing of it", storeViewsAreWhole},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			store := open(t)
			t.Cleanup(func() {
				if err := store.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			tc.test(&storeTest{t, store})
		})
	}
}

type storeTest struct {
	*testing.T
	mockserver.Store
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
	return mockserver.Document{ID: id, Keys: keys, Body: []byte(body)}
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
		if err != nil || !found || got.ID != want.ID || !maps.Equal(got.Keys, want.Keys) || string(got.Body) != string(want.Body) {
			s.Errorf("got %+v, %t, %v, want %+v", got, found, err, want)
		}
		list, _, err := c.List(equal("key with 'quotes'", "value; DROP"))
		if err != nil || len(list) != 1 || string(list[0].Body) != string(want.Body) {
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
		if d, _, err := c.Get("b"); err != nil || string(d.Body) != "4" {
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
		if d, _, err := c.Get("a"); err != nil || string(d.Body) != "1" {
			s.Errorf("a is %s, %v", d.Body, err)
		}
		return nil
	})
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
			if d, found, err := c.Get(id); err != nil || !found || string(d.Body) != want {
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
		if string(d.Body) != strconv.Itoa(goroutines*rounds) {
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
	n, err := strconv.Atoi(string(d.Body))
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
					if total != 2 || len(list) != 2 || string(list[0].Body) != string(list[1].Body) {
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
