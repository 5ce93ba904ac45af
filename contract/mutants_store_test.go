package contract_test

import (
	"context"
	"errors"
	"io"
	"log"
	"strings"
	"sync"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// quiet drops what net/http logs about connections that a server cuts on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// storeTwist is a store whose collections behave in another way where a function is given.
type storeTwist struct {
	mockserver.Store
	put    func(c mockserver.Collection, d mockserver.Document) error
	remove func(c mockserver.Collection, id string) (bool, error)
	get    func(c mockserver.Collection, id string) (mockserver.Document, bool, error)
	list   func(c mockserver.Collection, q mockserver.Query) ([]mockserver.Document, int, error)
}

func (s *storeTwist) View(ctx context.Context, name string, fn func(mockserver.Collection) error) error {
	return s.Store.View(ctx, name, func(c mockserver.Collection) error { return fn(&twistedCollection{c, s}) })
}

func (s *storeTwist) Update(ctx context.Context, name string, fn func(mockserver.Collection) error) error {
	return s.Store.Update(ctx, name, func(c mockserver.Collection) error { return fn(&twistedCollection{c, s}) })
}

type twistedCollection struct {
	mockserver.Collection
	twist *storeTwist
}

func (c *twistedCollection) Put(d mockserver.Document) error {
	if c.twist.put == nil {
		return c.Collection.Put(d)
	}
	return c.twist.put(c.Collection, d)
}

func (c *twistedCollection) Delete(id string) (bool, error) {
	if c.twist.remove == nil {
		return c.Collection.Delete(id)
	}
	return c.twist.remove(c.Collection, id)
}

func (c *twistedCollection) Get(id string) (mockserver.Document, bool, error) {
	if c.twist.get == nil {
		return c.Collection.Get(id)
	}
	return c.twist.get(c.Collection, id)
}

func (c *twistedCollection) List(q mockserver.Query) ([]mockserver.Document, int, error) {
	if c.twist.list == nil {
		return c.Collection.List(q)
	}
	return c.twist.list(c.Collection, q)
}

// puts writes documents in another way.
func puts(put func(c mockserver.Collection, d mockserver.Document) error) twist {
	return twist{store: func(s mockserver.Store) mockserver.Store { return &storeTwist{Store: s, put: put} }}
}

// removes deletes documents in another way.
func removes(remove func(c mockserver.Collection, id string) (bool, error)) twist {
	return twist{store: func(s mockserver.Store) mockserver.Store { return &storeTwist{Store: s, remove: remove} }}
}

// listsAs lists documents in another way, also when the mock asks itself whether a name is free.
func listsAs(list func(c mockserver.Collection, q mockserver.Query) ([]mockserver.Document, int, error)) twist {
	return twist{store: func(s mockserver.Store) mockserver.Store { return &storeTwist{Store: s, list: list} }}
}

// known says whether the collection has the id.
func known(c mockserver.Collection, id string) bool {
	_, ok, err := c.Get(id)
	return ok && err == nil
}

// replaced is JSON text with another text in the place of one.
func replaced(t *openapi.Text, old, with string) *openapi.Text {
	return openapi.NewText([]byte(strings.Replace(t.String(), old, with, 1)))
}

// everything is the whole collection.
func everything(c mockserver.Collection) []mockserver.Document {
	all, _, _ := c.List(mockserver.Query{})
	return all
}

// narrowed says whether a list is asked for some of the documents only.
func narrowed(q mockserver.Query) bool { return q.ID != "" || len(q.Equal) > 0 }

// pageOf is the page of a list that is asked for.
func pageOf(list []mockserver.Document, q mockserver.Query) []mockserver.Document {
	list = list[min(q.Offset, len(list)):]
	if q.Limit > 0 {
		list = list[:min(q.Limit, len(list))]
	}
	return list
}

// fitsAll says whether a document has all values that are asked for, each judged by same.
func fitsAll(d mockserver.Document, equal map[string]string, same func(name, has, asked string) bool) bool {
	for name, asked := range equal {
		if !same(name, d.Keys[name], asked) {
			return false
		}
	}
	return true
}

// meeting lets requests wait for each other, for a short time.
type meeting struct {
	mu      sync.Mutex
	waiting map[string]chan struct{}
}

// meetingTime is how long a request waits for company.
const meetingTime = 3 * time.Millisecond

func newMeeting() *meeting { return &meeting{waiting: map[string]chan struct{}{}} }

// wait returns once another request waits at the same place, and says whether one came in time.
func (m *meeting) wait(place string) bool {
	m.mu.Lock()
	if other, ok := m.waiting[place]; ok {
		delete(m.waiting, place)
		close(other)
		m.mu.Unlock()
		return true
	}
	mine := make(chan struct{})
	m.waiting[place] = mine
	m.mu.Unlock()
	select {
	case <-mine:
		return true
	case <-time.After(meetingTime):
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[place] == mine {
		delete(m.waiting, place)
		return false
	}
	return true
}

// racyStore reads and writes in two steps, so that another request may come in between.
type racyStore struct {
	mockserver.Store
	kind    string // of the writes that are not atomic: create, update or delete
	meeting *meeting
}

// racy is a server without isolation between transactions that create, update or delete.
func racy(kind string) twist {
	return twist{store: func(s mockserver.Store) mockserver.Store { return &racyStore{s, kind, newMeeting()} }}
}

func (s *racyStore) Update(ctx context.Context, name string, fn func(mockserver.Collection) error) error {
	var noted *notedWrites
	err := s.View(ctx, name, func(c mockserver.Collection) error {
		noted = &notedWrites{Collection: c}
		return fn(noted)
	})
	if err != nil {
		return err
	}
	if !strings.Contains(strings.Join(noted.kinds, " "), s.kind) {
		return s.Store.Update(ctx, name, fn)
	}
	s.meeting.wait(name)
	return s.Store.Update(ctx, name, func(c mockserver.Collection) error {
		var failed error
		for _, write := range noted.writes {
			failed = errors.Join(failed, write(c))
		}
		return failed
	})
}

// notedWrites is a collection that only notes what is to be written.
type notedWrites struct {
	mockserver.Collection
	kinds  []string
	writes []func(mockserver.Collection) error
}

func (n *notedWrites) Put(d mockserver.Document) error {
	kind := "create"
	if known(n.Collection, d.ID) {
		kind = "update"
	}
	n.kinds = append(n.kinds, kind)
	n.writes = append(n.writes, func(c mockserver.Collection) error { return c.Put(d) })
	return nil
}

func (n *notedWrites) Delete(id string) (bool, error) {
	n.kinds = append(n.kinds, "delete")
	n.writes = append(n.writes, func(c mockserver.Collection) error {
		_, err := c.Delete(id)
		return err
	})
	return known(n.Collection, id), nil
}
