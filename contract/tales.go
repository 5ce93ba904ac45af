package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// repeat sends the same update again: it must be carried out, and change nothing (RFC 9110, section 9.3.4). It needs an
// answer that shows one item.
func (m *maker) repeat(s *story, item int, body any) {
	if s.r.Get != nil {
		s.shows(item, s.update(item, body), OfWrite, body)
	}
}

// patches change one member of an item: the others stay as they are.
func (m *maker) patches(r *openapi.Resource) []Case {
	if r.Patch == nil || !readable(r) || content(r.Patch) == nil {
		return nil
	}
	var cases []Case
	for _, media := range r.Patch.RequestBody.Content {
		if rank(media.Range) > rank(jsonPatch) {
			continue
		}
		s := m.state(r, "a patch as "+media.Range)
		body := m.item(r)
		item := s.create(body)
		s.shows(item, item, OfWrite, body)
		n := len(s.c.Steps)
		for _, pointer := range m.patchable(r, body) {
			changed := openapi.Set(body, r.Sent+pointer, textOf(lookup(body, r.Sent+pointer))+"2")
			patch := patchOf(media, r, pointer, lookup(changed, r.Sent+pointer))
			if !m.valid(creator(r), changed) || media.Schema != nil && len(media.Schema.Validate(patch)) > 0 {
				continue
			}
			body = changed
			s.shows(item, s.then(Step{Operation: r.Patch, Created: item, Body: patch, Media: media.Range}), OfWrite, body)
		}
		if len(s.c.Steps) > n {
			cases = append(cases, s.c)
		}
	}
	return cases
}

// patchable are the pointers, into the item, of texts directly in it that a client may change.
func (m *maker) patchable(r *openapi.Resource, body any) []string {
	var pointers []string
	for _, pointer := range m.changeable(r, body) {
		if at := strings.TrimPrefix(pointer, r.Sent); strings.Count(at, "/") == 1 && !strings.Contains(at, openapi.Embedded) {
			pointers = append(pointers, at)
		}
	}
	return pointers
}

// patchOf is a patch that sets one member of an item.
func patchOf(media *openapi.MediaType, r *openapi.Resource, pointer string, value any) any {
	if baseName(media.Range) == jsonPatch {
		return []any{map[string]any{"op": "replace", "path": r.Sent + pointer, "value": value}}
	}
	return openapi.Set(openapi.Set(map[string]any{}, r.Sent, map[string]any{}), r.Sent+pointer, value)
}

// kinships are about the items that a collection belongs to: what there is not has no children, what goes takes them
// with it, and each has its own.
func (m *maker) kinships(r *openapi.Resource) []Case {
	parent := r.Parent
	if parent == nil || parent == r || r.Holder == "" || m.creator(parent) == nil || creator(r) != r.Create {
		return nil
	}
	if _, given := m.values[r.Holder]; given {
		return nil
	}
	var cases []Case
	if unknown := m.unknownID(parent); unknown != "" {
		s := m.state(r, "creating in what is not there")
		s.create(m.item(r))
		s.last().Arguments = []Argument{inPath(r.Holder, unknown)}
		s.refuse(openapi.UnknownID)
		cases = append(cases, s.c)
	}
	cases = append(cases, m.siblings(r))
	if parent.Delete != nil && readable(r) {
		cases = append(cases, m.orphans(r))
	}
	return cases
}

// siblings reach for an item through another parent that is there.
func (m *maker) siblings(r *openapi.Resource) Case {
	s := m.state(r, "an item seen from another "+r.Parent.Name)
	other := s.then(m.creation(r.Parent, m.item(r.Parent)))
	body := m.item(r)
	item := s.create(body)
	s.shows(item, item, OfWrite, body)
	m.reach(s, item, body, []Argument{{In: openapi.InPath, Name: r.Holder, From: Source{Step: other}}})
	return s.c
}

// orphans are gone with what they belonged to. Where a parent that has children must not be deleted, nothing follows.
func (m *maker) orphans(r *openapi.Resource) Case {
	s := m.state(r, "items of what is deleted")
	parent := s.then(m.creation(r.Parent, m.item(r.Parent)))
	within := []Argument{{In: openapi.InPath, Name: r.Holder, From: Source{Step: parent}}}
	item := s.create(m.item(r))
	s.last().Arguments = within
	deletion := s.then(Step{Operation: r.Parent.Delete, Created: parent, Refused: openapi.InUse, Open: true})
	for _, op := range []*openapi.Operation{r.Get, r.List} {
		if op != nil {
			s.then(Step{Operation: op, Created: item, Arguments: within, If: deletion, Refused: openapi.UnknownID, Open: op == r.List || !m.foreseen(op, openapi.UnknownID),
				List: &Listing{Hides: []int{item}, After: deletion}})
		}
	}
	return s.c
}

// rewritings write what is always there, read it back, and put it back as it was.
func (m *maker) rewritings(r *openapi.Resource) []Case {
	var cases []Case
	for _, v := range m.variants(r.Update) {
		s := m.story("state", r.Name+"/rewritten as "+v.name, r.Update)
		original := s.then(Step{Operation: r.Get})
		s.then(Step{Operation: r.Update, Put: original}) // before anything is changed: what cannot be put back stays
		body := m.own(r.Update, v)
		write := s.then(Step{Operation: r.Update, Body: body})
		s.then(Step{Operation: r.Get, List: &Listing{Shows: []Shown{{Sent: []any{lookup(body, r.Sent)}}}, After: write}})
		s.then(Step{Operation: r.Update, Put: original})
		cases = append(cases, s.c)
	}
	return cases
}

// preconditions change an item under the condition that nobody else has done so.
func (m *maker) preconditions(r *openapi.Resource) []Case {
	if r.Update == nil || r.Get == nil || header(r.Update, "If-Match") == nil || !givesETag(r.Get) {
		return nil
	}
	s := m.state(r, "an update of what has changed meanwhile")
	first, second, third := m.item(r), m.item(r), m.item(r)
	item := s.create(first)
	read := s.then(Step{Operation: r.Get, Created: item, List: &Listing{Shows: []Shown{{Created: item}}}})
	match := []Argument{{In: openapi.InHeader, Name: "If-Match", From: Source{read, "$response.header.ETag"}}}
	second, third = m.likeFirst(r, first, second), m.likeFirst(r, first, third)
	write := s.then(Step{Operation: r.Update, Created: item, Body: second, Arguments: match})
	s.then(Step{Operation: r.Update, Created: item, Body: third, Arguments: match, If: write, Refused: openapi.PreconditionFailed})
	s.shows(item, len(s.c.Steps), OfRefusal, second)
	return []Case{s.c, m.lostUpdates(r)}
}

// lostUpdates send several updates under the same condition at the same time: one of them makes it untrue for the others.
func (m *maker) lostUpdates(r *openapi.Resource) Case {
	s := m.state(r, "updates under the same condition at the same time")
	first := m.item(r)
	item := s.create(first)
	read := s.then(Step{Operation: r.Get, Created: item, List: &Listing{Shows: []Shown{{Created: item}}}})
	match := []Argument{{In: openapi.InHeader, Name: "If-Match", From: Source{read, "$response.header.ETag"}}}
	for i := range meeting {
		body := m.distinct(r, m.likeFirst(r, first, m.item(r)), fmt.Sprintf("-%d", i+1))
		s.then(Step{Operation: r.Update, Created: item, Body: body, Arguments: match, Together: 1, Rivals: true, Refused: openapi.PreconditionFailed})
	}
	return s.c
}

// likeFirst gives a body the values that an update of the first must keep.
func (m *maker) likeFirst(r *openapi.Resource, first, body any) any {
	for _, pointer := range append(slices.Clone(r.Fixed), r.ID.Sent) {
		if value, there := openapi.Lookup(first, r.Sent+pointer); there && pointer != "" {
			body = openapi.Set(body, r.Sent+pointer, value)
		}
	}
	return body
}

// header is the operation's parameter of that name, or nil.
func header(op *openapi.Operation, name string) *openapi.Parameter {
	for _, p := range op.Parameters {
		if p.In == openapi.InHeader && strings.EqualFold(p.Name, name) {
			return p
		}
	}
	return nil
}

func givesETag(op *openapi.Operation) bool {
	return slices.ContainsFunc(op.Responses, func(a *openapi.Answer) bool {
		return slices.ContainsFunc(a.Headers, func(h *openapi.Parameter) bool { return http.CanonicalHeaderKey(h.Name) == "Etag" })
	})
}

// isConditional says whether a header makes a request depend on the state of the item, so that a value made from its
// schema alone says nothing.
func isConditional(name string) bool {
	return slices.Contains([]string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range", "Idempotency-Key"}, http.CanonicalHeaderKey(name))
}
