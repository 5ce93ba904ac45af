package mockserver

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// haltedStore halts an update until it is released.
type haltedStore struct {
	Store

	entered, released chan struct{}
}

func (s *haltedStore) View(ctx context.Context, collection string, fn func(Collection) error) error {
	close(s.entered)
	<-s.released
	return s.Store.View(ctx, collection, fn)
}

// A request that is being carried out ends under the document that it began with; Replace waits for it.
func TestReplaceWaitsForRequests(t *testing.T) {
	store := &haltedStore{NewMemory(), make(chan struct{}), make(chan struct{})}
	s := newServer(t, Options{Store: store})
	old := s.site.Load()
	other, err := old.services[0].spec.Under("/other")
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	var status int
	both.Go(func() { status = list(s).Code })
	<-store.entered
	both.Go(func() {
		if err := s.Replace(t.Context(), old.services[0].spec, other); err != nil {
			t.Error(err)
		}
	})
	for s.gate.TryRLock() { // until Replace waits for it
		s.gate.RUnlock()
		runtime.Gosched()
	}
	if s.site.Load() != old {
		t.Error("the document was replaced under a request")
	}
	close(store.released)
	both.Wait()
	if status != 200 {
		t.Errorf("the request that was under way got %d", status)
	}
	if w := list(s); w.Code != 404 {
		t.Errorf("a later request got %d", w.Code)
	}
}

func TestFitCollection(t *testing.T) {
	for _, n := range []int{0, 1, fitAtOnce - 1, fitAtOnce, fitAtOnce + 1, 3*fitAtOnce + 7} {
		for _, tc := range []struct {
			kept string
			fits func(i int) bool
		}{
			{"all", func(int) bool { return true }},
			{"none", func(int) bool { return false }},
			{"a third", func(i int) bool { return i%3 == 0 }},
			{"the last", func(i int) bool { return i == n-1 }},
		} {
			store, want := NewMemory(), []string(nil)
			if err := store.Update(t.Context(), "c", func(c Collection) error {
				for i := range n {
					if err := c.Put(Document{ID: strconv.Itoa(i), Body: openapi.NewText(strconv.AppendInt(nil, int64(i), 10))}); err != nil {
						return err
					}
					if tc.fits(i) {
						want = append(want, strconv.Itoa(i))
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			removed, err := fitCollection(t.Context(), store, "c", func(d *Document) bool {
				i, err := strconv.Atoi(d.Body.String())
				return err == nil && tc.fits(i)
			})
			if err != nil || removed != n-len(want) {
				t.Errorf("%d, %s: removed %d, %v", n, tc.kept, removed, err)
			}
			var got []string
			if err := store.View(t.Context(), "c", func(c Collection) error {
				all, _, err := c.List(Query{})
				for _, d := range all {
					got = append(got, d.ID)
				}
				return err
			}); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d, %s: %d are left (%v), want %d", n, tc.kept, len(got), err, len(want))
			}
		}
	}
}
