package mockserver

import "context"

// Document is one item of state.
type Document struct {
	ID   string
	Keys map[string]string // what the collection is filtered by: name → value
	Body []byte            // JSON; never changed once stored
}

// Query picks documents of a collection, in the order of their creation.
type Query struct {
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
	// List returns the page and the number of documents that pass Equal, whatever the page.
	List(Query) ([]Document, int, error)
}

// Store keeps state. Safe for concurrent use.
type Store interface {
	// View runs fn on a collection that nobody changes meanwhile. fn must not write.
	View(ctx context.Context, collection string, fn func(Collection) error) error
	// Update runs fn on a collection that nobody else reads or changes meanwhile. When fn returns an error, that is
	// returned and nothing is changed.
	Update(ctx context.Context, collection string, fn func(Collection) error) error
	// Close ends the use of the store.
	Close() error
}
