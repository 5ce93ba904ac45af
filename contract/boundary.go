package contract

import (
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"github.com/counterpart-go/counterpart/openapi"
)

// boundaryCases send what the document just allows: it must be carried out, and shown as it was sent.
func boundaryCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for _, op := range m.spec.Operations() {
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
	if r != nil && (t.operation == r.Delete || t.operation == r.Update && r.Create == nil) {
		return false
	}
	if r != nil && t.operation == r.Update {
		for _, pointer := range r.Fixed {
			was, _ := openapi.Lookup(t.base, r.Sent+pointer)
			is, _ := openapi.Lookup(t.body, r.Sent+pointer)
			if fmt.Sprint(was) != fmt.Sprint(is) {
				return false
			}
		}
	}
	if t.parameter == nil || t.parameter.In != openapi.InPath {
		return t.parameter == nil || r == nil || t.operation == r.List
	}
	_, given := m.values[t.parameter.Name]
	return !given && r != nil && (t.operation == r.Create || t.operation == r.List)
}

func (m *maker) boundary(phase string, t try) Case {
	s := m.story(phase, t.name, t.operation)
	switch {
	case s.r == nil:
		s.then(t.step())
	case t.operation == s.r.Create:
		m.guard(s, t)
		item := s.then(t.step())
		s.shows(item, item, OfWrite, t.body)
		for _, a := range t.arguments {
			if a.In == openapi.InPath {
				s.last().Arguments = append(s.last().Arguments, a)
			}
		}
	case t.operation == s.r.Update && s.r.Create != nil:
		item := s.create(t.base)
		write := s.update(item, t.body)
		s.shows(item, write, OfWrite, t.body)
	case t.operation == s.r.List:
		step := t.step()
		step.List = m.listingOf(s.r, t.arguments)
		s.then(step)
	default:
		s.then(t.step())
	}
	return s.c
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
		if n, err := strconv.Atoi(a.Texts[0]); err == nil && a.Name == r.Limit {
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
