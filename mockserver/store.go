package mockserver

import (
	"context"
	"fmt"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// Document is one item of state.
type Document struct {
	ID   string
	Keys map[string]string // what the collection is filtered by: name → value
	Body *openapi.Text     // never changed once stored
}

// Query picks documents of a collection, in the order of their creation.
type Query struct {
	ID     string            // only the document of this id; "" for all
	Equal  map[string]string // each key must have this value
	Offset int               // how many to leave out first
	Limit  int               // how many at most; 0 is all
}

// Collection is the documents of one kind below one parent, inside View or Update.
type Collection interface {
	// Get returns false when there is no document of the id.
	Get(id string) (Document, bool, error)
	// Put stores the document: a new one last, a known one in its place.
	Put(Document) error
	// Delete returns false when there is no document of the id.
	Delete(id string) (bool, error)
	// List returns the page and the number of documents that pass ID and Equal, whatever the page.
	List(Query) ([]Document, int, error)
}

// Store keeps state. Safe for concurrent use. What Update has acknowledged lasts as long as the store promises: [Memory]
// until the process ends, a database until it is changed again. When the store cannot be reached, or not in time, the
// error is an [*UnavailableError].
type Store interface {
	// View runs fn on a collection that nobody changes meanwhile. fn must not write.
	View(ctx context.Context, collection string, fn func(Collection) error) error
	// Update runs fn on a collection that nobody else reads or changes meanwhile. When fn returns an error, that is
	// returned and nothing is changed. fn may run more than once, as if the runs before the last had never been: a
	// database that has to give up a transaction gets another try.
	Update(ctx context.Context, collection string, fn func(Collection) error) error
	// Collections are the names of all collections that hold documents, sorted. There may be more of those that are being
	// changed at the same time.
	Collections(ctx context.Context) ([]string, error)
	// Ping says whether View and Update would work now.
	Ping(ctx context.Context) error
	// Close ends the use of the store.
	Close() error
}

// boundedStore ends what takes too long.
type boundedStore struct {
	Store

	most time.Duration
}

func (b boundedStore) View(ctx context.Context, collection string, fn func(Collection) error) error {
	ctx, cancel := context.WithTimeout(ctx, b.most)
	defer cancel()
	return b.Store.View(ctx, collection, fn)
}

func (b boundedStore) Update(ctx context.Context, collection string, fn func(Collection) error) error {
	ctx, cancel := context.WithTimeout(ctx, b.most)
	defer cancel()
	return b.Store.Update(ctx, collection, fn)
}

// UnavailableError says that a store cannot do its work at the moment: its database is away, its disk is full. A later
// request may succeed. What an update was to change may or may not have been changed, all of it or nothing: a database
// that is lost while it commits leaves that open.
type UnavailableError struct {
	Err error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the store is not available: %v", e.Err)
}

// Unwrap gives the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }
