package openapi

import (
	"maps"
	"slices"
	"strconv"
)

// Resource is something that a document lets clients create, read, list, change and delete: the operations that belong
// together, and where in their messages the parts of an item stand. Operations that the document lacks are nil, names
// and pointers of what it lacks are "".
//
// The path parameters of List and Create say which collection is meant: each combination of their values has its own.
// A resource without List and Create whose Get needs no id of its own is a singleton: there is one item for each
// combination, and it is always there.
type Resource struct {
	Name   string
	Parent *Resource // a collection belongs to an item of Parent, and goes with it; nil where it belongs to none
	Holder string    // path parameter of all operations that names the item of Parent

	Create, List, Get *Operation
	Update            *Operation // replaces an item (PUT); may also create one where Create is nil and it describes 201
	Patch             *Operation // changes parts of an item
	Delete            *Operation

	ID struct {
		Parameter string // path parameter of Get, Update, Patch and Delete; "" for a singleton
		Created   string // JSON Pointer into Create's answer, or LocationHeader; "" where the answer does not say
		Item      string // JSON Pointer into an item
		Sent      string // JSON Pointer into an item as it is sent, where the client chooses the id; "" where the server does
		Kind      IDKind
	}
	Sent    string            // JSON Pointer to the item in the bodies of Create and Update, and to its parts in Patch's
	Shown   string            // JSON Pointer to the item in the answers of Get, Create, Update and Patch that show it
	Items   string            // JSON Pointer to the items in List's answer
	Total   string            // JSON Pointer to their number in List's answer
	Next    string            // JSON Pointer in List's answer to what Cursor takes for the next page
	Limit   string            // query parameter of List: the most items of an answer
	Offset  string            // query parameter of List that counts items
	Page    string            // query parameter of List that counts pages
	First   int               // the number of the first page, 0 or 1
	Cursor  string            // query parameter of List that takes what Next gave
	Sort    string            // query parameter of List that names the property to sort by
	Order   string            // query parameter of List that says in which direction
	Filters map[string]string // query parameter of List → JSON Pointer into an item that equals it
	Unique  []string          // JSON Pointers into an item, each unique in its collection
	Fixed   []string          // JSON Pointers into an item that an update may not change

	Evidence []Evidence // why all this is believed, the most important first
}

// LocationHeader stands in the place of a pointer where the answer to Create names the new item in this header: the
// last segment of its path is the id.
const LocationHeader = "Location"

// IDKind is what ids look like that a server makes.
type IDKind string

// The kinds of ids.
const (
	TextID    IDKind = "text"    // any text that the document allows
	IntegerID IDKind = "integer" // counted up
	UUID      IDKind = "uuid"    // RFC 9562
)

// Evidence is a reason for a part of a resource.
type Evidence struct {
	Part    string // as in x-counterpart: create, id.parameter, filters.status, parent
	Value   string // what was concluded: an operation's id, a parameter, a pointer
	Because string // words for people
	Said    bool   // by x-counterpart; false where it was inferred
	Rule    Rule   // the place in the document that says so
}

// Singleton says whether the resource is one item and no collection.
func (r *Resource) Singleton() bool { return r.ID.Parameter == "" && r.List == nil && r.Create == nil }

// Guessed says whether a part, named as in x-counterpart, was inferred: its author may mean something else.
func (r *Resource) Guessed(part string) bool {
	return slices.ContainsFunc(r.Evidence, func(e Evidence) bool { return e.Part == part && !e.Said })
}

// Operations are those that the resource has.
func (r *Resource) Operations() []*Operation {
	var list []*Operation
	for _, op := range []*Operation{r.Create, r.List, r.Get, r.Update, r.Patch, r.Delete} {
		if op != nil && !slices.Contains(list, op) {
			list = append(list, op)
		}
	}
	return list
}

// Part is a key of a resource and its value, both as in x-counterpart.
type Part struct{ Name, Value string }

// Parts are all that is known of the resource, without what is "", in the order of the documentation.
func (r *Resource) Parts() []Part {
	var list []Part
	add := func(name, value string) {
		if value != "" {
			list = append(list, Part{name, value})
		}
	}
	if r.Parent != nil {
		add("parent", r.Parent.Name)
	}
	add("holder", r.Holder)
	for _, key := range lifecycle {
		if op := *r.operation(key); op != nil {
			add(key, op.ID)
		}
	}
	for _, p := range r.texts() {
		if p.key != "id.kind" || r.ID.Parameter != "" || r.ID.Item != "" { // else there are no ids
			add(p.key, *p.into)
		}
	}
	if r.Page != "" {
		add("first", strconv.Itoa(r.First))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Filters)) {
		add("filters."+name, r.Filters[name])
	}
	for _, pointer := range r.Unique {
		add("unique", pointer)
	}
	for _, pointer := range r.Fixed {
		add("fixed", pointer)
	}
	return list
}

// text is a part that is one text.
type text struct {
	key  string
	into *string
}

func (r *Resource) texts() []text {
	return []text{
		{"id.parameter", &r.ID.Parameter}, {"id.created", &r.ID.Created}, {"id.item", &r.ID.Item}, {"id.sent", &r.ID.Sent},
		{"id.kind", (*string)(&r.ID.Kind)}, {"sent", &r.Sent}, {"shown", &r.Shown}, {"items", &r.Items}, {"total", &r.Total},
		{"next", &r.Next}, {"limit", &r.Limit}, {"offset", &r.Offset}, {"page", &r.Page}, {"cursor", &r.Cursor},
		{"sort", &r.Sort}, {"order", &r.Order},
	}
}
