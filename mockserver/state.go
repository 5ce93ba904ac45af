package mockserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// State is what a server remembers, as it is exported and imported; openapi/control.yaml says what each field means.
type State = control.State

// StateCollection is the items of one collection.
type StateCollection = control.StateCollection

// StateItem is one item as lists show it, and its id.
type StateItem = control.StateItem

// Creation is a request to be carried out as if a client had sent it.
type Creation = control.Creation

// StateError says why a state is not taken: what in it breaks a document, or a rule that only the state knows, each with
// a JSON Pointer such as /collections/0/items/3/body/name. Nothing has been changed then.
type StateError struct{ Violations openapi.Violations }

func (e *StateError) Error() string { return "the state is not taken: " + e.Violations.String() }

// Export is what the server remembers, as Import takes it; of one project where it is not "". Requests wait meanwhile.
// The error is an [*UnavailableError] when the store is away.
func (s *Server) Export(ctx context.Context, project string) (State, error) {
	return s.export(ctx, project, math.MaxInt64)
}

// Import puts a state in the place of all that the server remembers: all of it or, on an error, nothing. No request sees
// a part of it. What does not fit is a [*StateError]. Creations that state.Create asks for are carried out at the end, as if
// a client had sent them, except that neither the journal nor a stub, a fault or authentication knows of them.
func (s *Server) Import(ctx context.Context, state State) error {
	return s.wholly(ctx, func(ctx context.Context) error {
		if err := s.clear(ctx, ""); err != nil {
			return err
		}
		return s.load(ctx, state)
	})
}

// Load adds to what the server remembers: as Import, but an item whose id is taken takes its place, and all others stay.
func (s *Server) Load(ctx context.Context, state State) error {
	return s.wholly(ctx, func(ctx context.Context) error { return s.load(ctx, state) })
}

// Clear forgets all items, or those of one project where it is not "".
func (s *Server) Clear(ctx context.Context, project string) error {
	return s.wholly(ctx, func(ctx context.Context) error { return s.clear(ctx, project) })
}

// tooMuchError says that there is more than may be exported at once.
type tooMuchError struct{ most int64 }

func (e *tooMuchError) Error() string {
	return fmt.Sprintf("the state has more than the %d bytes that a body may have (--max-body): export one project at a time, or allow more", e.most)
}

// atOnce is how many documents are read or changed in one transaction: a database gives one only so much time.
const atOnce = fitAtOnce

func (s *Server) export(ctx context.Context, project string, most int64) (State, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	state, size := State{}, int64(0)
	err := s.eachCollection(ctx, func(v *service, name string, k keeper) error {
		c := StateCollection{Document: v.base(), Name: name}
		err := eachPage(ctx, v.store, name, func(page []Document) error {
			for _, d := range page {
				if of := k.project(name, d); project == "" || of == project {
					c.Items, c.Project = append(c.Items, itemOf(d)), of
					size += int64(len(d.ID) + len(d.Body.Bytes()))
				}
			}
			if size > most {
				return &tooMuchError{most}
			}
			return nil
		})
		if len(c.Items) > 0 {
			state.Collections = append(state.Collections, c)
		}
		return err
	})
	return state, err
}

func itemOf(d Document) StateItem {
	number, _ := strconv.ParseInt(d.Keys[keyNumber], 10, 64)
	return StateItem{ID: d.ID, Body: json.RawMessage(d.Body.Bytes()), Number: number}
}

// eachCollection visits what the services keep, in the order of these and of the names.
func (s *Server) eachCollection(ctx context.Context, visit func(*service, string, keeper) error) error {
	for _, v := range s.site.Load().services {
		names, err := v.store.Collections(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			if k := v.keeper(name); k != nil {
				if err := visit(v, name, k); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// eachPage visits the documents of a collection, in the order of their creation.
func eachPage(ctx context.Context, store Store, name string, visit func([]Document) error) error {
	for offset, more := 0, true; more; {
		var page []Document
		err := store.View(ctx, name, func(c Collection) error {
			found, total, err := c.List(Query{Offset: offset, Limit: atOnce})
			page, more = found, offset+len(found) < total && len(found) > 0
			return err
		})
		if err == nil {
			err = visit(page)
		}
		if err != nil {
			return err
		}
		offset += len(page)
	}
	return nil
}

// clear deletes from the end, so that what is undone comes back in its order.
func (s *Server) clear(ctx context.Context, project string) error {
	return s.eachCollection(ctx, func(v *service, name string, k keeper) error {
		var ids []string
		err := eachPage(ctx, v.store, name, func(page []Document) error {
			for _, d := range page {
				if project == "" || k.project(name, d) == project {
					ids = append(ids, d.ID)
				}
			}
			return nil
		})
		slices.Reverse(ids)
		for some := range slices.Chunk(ids, atOnce) {
			if err == nil {
				err = v.store.Update(ctx, name, func(c Collection) error { return deleteAll(c, some) })
			}
		}
		return err
	})
}

func deleteAll(c Collection, ids []string) error {
	for _, id := range ids {
		if _, err := c.Delete(id); err != nil {
			return err
		}
	}
	return nil
}

// load judges everything before it changes anything.
func (s *Server) load(ctx context.Context, state State) error {
	var broken openapi.Violations
	lists := make([]*incoming, len(state.Collections))
	for i, c := range state.Collections {
		list, more := s.incoming(c)
		lists[i], broken = list, append(broken, more.Below(fmt.Sprintf("/collections/%d", i))...)
	}
	creations := make([]*exchange, len(state.Create))
	for i, c := range state.Create {
		x, err := s.creation(ctx, c)
		creations[i], broken = x, append(broken, violationsOf(x, err).Below(fmt.Sprintf("/create/%d", i))...)
	}
	if len(broken) > 0 {
		return &StateError{broken}
	}
	for i, list := range lists {
		if err := list.put(ctx, i); err != nil {
			return err
		}
	}
	for i, x := range creations {
		if err := s.guard(x, s.carryOut, created, s.check); err != nil {
			return refusedAt(fmt.Sprintf("/create/%d", i), violationsOf(x, err), err)
		}
	}
	return nil
}

// refusedAt is a *StateError where the request is to blame, and the error itself where the mock is.
func refusedAt(pointer string, why openapi.Violations, err error) error {
	var no *refusal
	if !errors.As(err, &no) || no.failure() {
		return err
	}
	return &StateError{why.Below(pointer)}
}

// incoming is a collection that has been judged.
type incoming struct {
	store     Store
	keeper    keeper
	name      string
	documents []Document
	items     []StateItem
}

func (s *Server) incoming(c StateCollection) (*incoming, openapi.Violations) {
	services := s.site.Load().services
	at := slices.IndexFunc(services, func(v *service) bool { return v.base() == c.Document })
	if at < 0 {
		return nil, openapi.Violations{wrong("/document", "no document has this base path: GET /_counterpart/documents lists them")}
	}
	v := services[at]
	in := &incoming{store: v.store, keeper: v.keeper(c.Name), name: c.Name, items: c.Items, documents: make([]Document, len(c.Items))}
	if in.keeper == nil {
		return nil, openapi.Violations{wrong("/name", "the document has no such collection: an export shows what it has, and create needs no names")}
	}
	var broken openapi.Violations
	for i, item := range c.Items {
		body, err := v.spec.DecodeJSON(item.Body)
		if err != nil {
			broken = append(broken, wrong(fmt.Sprintf("/items/%d/body", i), err.Error()))
			continue
		}
		in.documents[i] = Document{ID: item.ID, Body: openapi.NewText(openapi.AppendJSON(nil, body))}
		broken = append(broken, in.keeper.fits(c.Name, &in.documents[i]).Below(fmt.Sprintf("/items/%d/body", i))...)
	}
	return in, broken
}

// put stores the documents; number is the collection's, for the pointer.
func (in *incoming) put(ctx context.Context, number int) error {
	for first := 0; first < len(in.documents); first += atOnce {
		at := first
		err := in.store.Update(ctx, in.name, func(c Collection) error {
			for at = first; at < min(first+atOnce, len(in.documents)); at++ {
				if err := in.keeper.put(c, in.documents[at], in.items[at].Number); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			why := openapi.Violations{wrong("/body", messageOf(err))}
			return refusedAt(fmt.Sprintf("/collections/%d/items/%d", number, at), why, err)
		}
	}
	return nil
}

// creation is the exchange of a creation, up to where it would be carried out.
func (s *Server) creation(ctx context.Context, c Creation) (*exchange, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Path, nil)
	if err != nil {
		return nil, &refusal{reason: string(openapi.UnknownPath), cause: err}
	}
	r.Header.Set("Content-Type", "application/json")
	x := &exchange{Context: s.echo.NewContext(r, nil), id: s.control.ids.next(), start: time.Now(), site: s.site.Load()}
	body := func(x *exchange) error {
		x.request.Body = c.Body
		x.request.Value, _ = x.operation.DecodeBody("application/json", c.Body)
		return nil
	}
	return x, s.guard(x, s.find, body, s.validate)
}

// created refuses what has not made anything.
func created(x *exchange) error {
	if x.answer.Status/100 != 2 {
		return &refusal{reason: string(openapi.UnknownPath)}
	}
	return nil
}

// violationsOf are why a creation is refused, by the parts of a [Creation].
func violationsOf(x *exchange, err error) openapi.Violations {
	var no *refusal
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errStateless), errors.As(err, &no) && x != nil && x.operation == nil:
		return openapi.Violations{wrong("/path", "no items are created there: use the path of a collection, in a document that the mock serves")}
	case no == nil || len(no.violations) == 0:
		return openapi.Violations{wrong("", messageOf(err))}
	}
	broken := slices.Clone(no.violations)
	for i, v := range broken {
		broken[i].In, broken[i].Name, broken[i].Pointer = openapi.InBody, "", "/body"+v.Pointer
		if v.In != openapi.InBody {
			broken[i].Pointer, broken[i].Detail, broken[i].Keyword = "/path", v.String(), ""
		}
	}
	return broken
}

// messageOf says why a request was refused, with the value that is to blame.
func messageOf(err error) string {
	var no *refusal
	if !errors.As(err, &no) {
		return err.Error()
	}
	for _, name := range []string{"id", "value"} {
		if value := no.values[name]; value != "" {
			return strings.TrimSuffix(no.message(), ".") + ": " + shorten(value)
		}
	}
	return no.message()
}

// base is how a state names the service's document: by its base path, "" for the root. Of several with one base path, the
// later ones have their titles behind it.
func (v *service) base() string { return strings.ReplaceAll(v.namespace, separator, " ") }
