package contract

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/counterpart-go/counterpart/openapi"
)

// boundaryCases send what the document just allows: it must be carried out, and shown as it was sent.
func boundaryCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for op := range m.sendable() {
			for t := range m.tries(op) {
				if len(t.violations) > 0 || !m.canSucceed(t) {
					continue
				}
				if !yield(m.boundary("boundary", t)) {
					return
				}
			}
		}
	}
}

// canSucceed leaves out what keeps the document and yet cannot be carried out: an id that nothing has, a value that must
// not change, another parent than the user's.
func (m *maker) canSucceed(t try) bool {
	r := m.owner(t.operation)
	if r != nil && (t.operation == r.Delete || (t.operation == r.Update || t.operation == r.Patch) && m.creator(r) == nil) {
		return false
	}
	if r != nil && slices.ContainsFunc(m.settled(r, t.operation), func(pointer string) bool { return t.changes(r.Sent + pointer) }) {
		return false
	}
	if r != nil && t.parameter != nil && t.parameter.In == openapi.InQuery && slices.Contains([]string{r.Page, r.Cursor}, t.parameter.Name) {
		return false // there may be no such page
	}
	if r != nil && t.operation == r.Patch && !m.leavesSound(r, t.body) {
		return false
	}
	if t.parameter == nil || t.parameter.In != openapi.InPath {
		return t.parameter == nil || r == nil || t.operation == r.List
	}
	_, given := m.values[t.parameter.Name]
	return !given && r != nil && m.relations.named(t.operation, t.parameter.Name) == nil && (t.operation == r.Create || t.operation == r.List)
}

// leavesSound says whether what a patch makes of an item could have been created: a patch may be described with fewer
// rules than the item.
func (m *maker) leavesSound(r *openapi.Resource, patch any) bool {
	members, isObject := lookup(patch, r.Sent).(map[string]any)
	item := m.variants(creator(r))[0].body
	for name, member := range members {
		at := r.Sent + "/" + escaped(name)
		if item = openapi.Set(item, at, member); member == nil && baseName(content(r.Patch).Range) == mergePatch {
			item = openapi.Remove(item, at)
		}
	}
	return isObject && m.valid(creator(r), item)
}

// settled are the pointers of what cannot have any value: an update's fixed members, an id that stands in paths, and what
// must be unique where nobody can look whether it is taken.
func (m *maker) settled(r *openapi.Resource, op *openapi.Operation) []string {
	var pointers []string
	if op == r.Update || op == r.Patch {
		pointers = slices.Clone(r.Fixed)
	}
	if r.ID.Sent != "" {
		pointers = append(pointers, r.ID.Sent)
	}
	if filter, _ := uniqueFilter(r); filter == "" {
		pointers = append(pointers, r.Unique...)
	}
	return pointers
}

// changes says whether the try changes what stands at the pointer.
func (t try) changes(pointer string) bool {
	return t.base != nil && fmt.Sprint(lookup(t.base, pointer)) != fmt.Sprint(lookup(t.body, pointer))
}

func (m *maker) boundary(phase string, t try) Case {
	s := m.story(phase, t.name, t.operation)
	switch {
	case s.r == nil:
		s.then(t.step())
	case t.operation == creator(s.r):
		m.guard(s, t)
		item := s.create(t.body)
		s.last().Arguments = append(s.last().Arguments, t.arguments...)
		s.shows(item, item, OfWrite, t.body)
		for _, a := range t.arguments {
			if a.In == openapi.InPath {
				s.last().Arguments = append(s.last().Arguments, a)
			}
		}
	case ofItem(s.r, t.operation) && m.creator(s.r) != nil:
		m.worked(s, t)
	case t.operation == s.r.List:
		step := t.step()
		step.List = m.listingOf(s.r, t.arguments)
		s.then(step)
	default:
		s.then(t.step())
	}
	return s.c
}

// worked does the try with an item that is there.
func (m *maker) worked(s *story, t try) {
	first, body := m.original(s.r, t.operation, t.base)
	item := s.create(first)
	step := t.step()
	step.Created = item
	if t.operation == s.r.Update && !sameShape(body, t.base) {
		step.Body = m.likeFirst(s.r, first, t.body)
	}
	write := s.then(step)
	if t.body != nil {
		s.shows(item, write, OfWrite, step.Body)
	}
}

// guard looks whether a name is taken that others may use, too.
func (m *maker) guard(s *story, t try) {
	filter, pointer := uniqueFilter(s.r)
	name := textOf(lookup(t.body, s.r.Sent+pointer))
	if filter != "" && t.parameter == nil && !m.isOwn(name) {
		s.then(Step{Operation: s.r.List, Arguments: []Argument{query(filter, name)}, List: &Listing{}, Guard: true})
	}
}

// listingOf is what a list must show when it is asked for with these arguments.
func (m *maker) listingOf(r *openapi.Resource, arguments []Argument) *Listing {
	l := &Listing{Where: map[string]any{}}
	for _, a := range arguments {
		if a.In != openapi.InQuery || len(a.Texts) == 0 {
			continue
		}
		if pointer, ok := r.Filters[a.Name]; ok {
			l.Where[pointer] = a.Texts[0]
		}
		if n, err := strconv.Atoi(a.Texts[0]); err == nil && n > 0 && a.Name == r.Limit {
			l.Limit = n
		}
	}
	return l
}

// textOf is a scalar as a parameter has it, "" for anything else.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
