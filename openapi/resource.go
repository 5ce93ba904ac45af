package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Resource is something that a document lets clients create, list, change and delete: the operations that belong
// together, and where in their messages the parts of an item stand. Operations that the document lacks are nil.
type Resource struct {
	Name                         string
	Create, List, Update, Delete *Operation

	ID struct {
		Parameter string // path parameter of Update and Delete
		Created   string // JSON Pointer into Create's answer
		Item      string // JSON Pointer into a listed item
	}
	Sent    string            // JSON Pointer to the item in the bodies of Create and Update
	Items   string            // JSON Pointer to the items in List's answer
	Total   string            // JSON Pointer to their number in List's answer, "" for none
	Limit   string            // query parameter of List, "" for none
	Offset  string            // query parameter of List that counts items, "" for none
	Filters map[string]string // query parameter of List → JSON Pointer into an item that equals it
	Unique  []string          // JSON Pointers into an item, each unique in its collection
	Fixed   []string          // JSON Pointers into an item that an update may not change
}

// Refusal says how the service answers a request that it does not carry out: a row of x-counterpart's refusals.
type Refusal struct {
	Reason  string         `json:"reason"`
	In      Location       `json:"in"`      // with the reason "invalid": only violations there; "" for any
	Name    string         `json:"name"`    // only of this parameter
	Pointer string         `json:"pointer"` // only at this JSON Pointer or inside it
	Keyword string         `json:"keyword"` // only of this rule
	Status  int            `json:"status"`
	Body    map[string]any `json:"body"` // texts hold placeholders such as {violations}
}

// Reasons for a refusal, beside those of [RouteError].
const (
	Invalid         = "invalid"          // the request breaks the document
	TooLarge        = "too-large"        // the body is over the server's limit
	MediaTypeReason = "media-type"       // the body has another media type
	Duplicate       = "duplicate"        // a value that must be unique is taken
	UnknownID       = "unknown-id"       // the collection has no such item
	Fixed           = "fixed"            // a value that may not change would
	InUse           = "in-use"           // something depends on the item
	UnknownInstance = "unknown-instance" // the item names something that does not exist
	Internal        = "internal"         // the server failed
)

type extension struct {
	Resources map[string]*struct {
		Create, List, Update, Delete string
		ID                           struct{ Parameter, Created, Item string }
		Sent, Items, Total           string
		Limit, Offset                string
		Filters                      map[string]string
		Unique, Fixed                []string
	} `json:"resources"`
	Refusals []Refusal `json:"refusals"`
}

// readExtension reads x-counterpart from the document's root.
func (s *Spec) readExtension() error {
	at := s.root.top().at("x-counterpart")
	if !at.ok() {
		return nil
	}
	var x extension
	dec := json.NewDecoder(bytes.NewReader(appendNode(nil, at.node)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&x); err != nil {
		return s.extensionError(at, errors.New(strings.TrimPrefix(err.Error(), "json: ")))
	}
	s.refusals = x.Refusals
	var failed error
	at.at("resources").each(func(name string, p place) {
		r := x.Resources[name]
		if r == nil {
			failed = errors.Join(failed, s.extensionError(p, errors.New("a resource must be an object")))
			return
		}
		resource := &Resource{Name: name, Sent: r.Sent, Items: r.Items, Total: r.Total, Limit: r.Limit, Offset: r.Offset,
			Filters: r.Filters, Unique: r.Unique, Fixed: r.Fixed, ID: r.ID}
		for i, op := range []**Operation{&resource.Create, &resource.List, &resource.Update, &resource.Delete} {
			id := []string{r.Create, r.List, r.Update, r.Delete}[i]
			if *op = s.byID[id]; *op == nil && id != "" {
				failed = errors.Join(failed, s.extensionError(p, fmt.Errorf("no operation has the id %q", id)))
			}
		}
		s.resources = append(s.resources, resource)
	})
	return failed
}

func (s *Spec) extensionError(at place, err error) error {
	return &DocumentError{File: at.doc.name, Line: at.doc.line(at.pointer), Err: fmt.Errorf("x-counterpart: %w", err)}
}

// Refusal finds the row for a reason; violations are those of an invalid request, the first decides. False when the
// document has no such row.
func (s *Spec) Refusal(reason string, violations Violations) (Refusal, bool) {
	for _, row := range s.refusals {
		if row.Reason == reason && row.fits(violations) {
			return row, true
		}
	}
	return Refusal{}, false
}

func (r Refusal) fits(violations Violations) bool {
	if r.In == "" && r.Name == "" && r.Pointer == "" && r.Keyword == "" {
		return true
	}
	if len(violations) == 0 {
		return false
	}
	v := violations[0]
	inside := v.Pointer == r.Pointer || strings.HasPrefix(v.Pointer, r.Pointer+"/") || strings.HasPrefix(v.Pointer, r.Pointer+Embedded)
	return (r.In == "" || r.In == v.In) && (r.Name == "" || r.Name == v.Name) &&
		(r.Pointer == "" || inside) && (r.Keyword == "" || r.Keyword == v.Keyword)
}
