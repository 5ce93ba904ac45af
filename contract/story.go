package contract

import (
	"github.com/counterpart-go/counterpart/openapi"
)

// story puts a case about a resource's items together.
type story struct {
	m *maker
	r *openapi.Resource
	c Case
}

func (m *maker) story(phase, name string, about *openapi.Operation) *story {
	return &story{m, m.owner(about), Case{Phase: phase, Name: name, Operation: about, Resource: m.owner(about)}}
}

// then adds a step and gives its number.
func (s *story) then(step Step) int {
	s.c.Steps = append(s.c.Steps, step)
	return len(s.c.Steps)
}

func (s *story) create(body any) int { return s.then(Step{Operation: s.r.Create, Body: body}) }

func (s *story) update(item int, body any) int {
	return s.then(Step{Operation: s.r.Update, Body: body, Created: item})
}

func (s *story) remove(item int) int { return s.then(Step{Operation: s.r.Delete, Created: item}) }

// refuse makes the last step one that must be refused.
func (s *story) refuse(reason string) int {
	s.last().Refused = reason
	return len(s.c.Steps)
}

func (s *story) last() *Step { return &s.c.Steps[len(s.c.Steps)-1] }

// shows lists the item alone where there is a filter by id, and else in the whole list: it must be as it was sent.
func (s *story) shows(item, after int, of Subject, sent ...any) {
	if s.r.List == nil {
		return
	}
	shown := Shown{Created: item}
	for _, body := range sent {
		at, _ := openapi.Lookup(body, s.r.Sent)
		shown.Sent = append(shown.Sent, at)
	}
	step := Step{Operation: s.r.List, Created: item, List: &Listing{Shows: []Shown{shown}, After: after, Of: of}}
	if filter := s.idFilter(); filter != "" {
		step.Arguments, step.List.Alone = []Argument{{openapi.InQuery, filter, []string{ItemID}}}, true
	}
	s.then(step)
}

// hides lists the item as shows does: it must not be there.
func (s *story) hides(item, after int, of Subject) {
	if s.r.List == nil {
		return
	}
	s.then(Step{Operation: s.r.List, Created: item, List: &Listing{Hides: []int{item}, After: after, Of: of}})
	if filter := s.idFilter(); filter != "" {
		s.then(Step{Operation: s.r.List, Created: item, Arguments: []Argument{{openapi.InQuery, filter, []string{ItemID}}},
			List: &Listing{Hides: []int{item}, Alone: true, After: after, Of: of}})
	}
}

// matches lists what has a value of the item, by every filter but that of the id: the item is there.
func (s *story) matches(item, after int, body any) {
	for _, name := range sortedKeys(s.r.Filters) {
		pointer := s.r.Filters[name]
		if text := textOf(lookup(body, s.r.Sent+pointer)); text != "" && pointer != s.r.ID.Item {
			s.then(Step{Operation: s.r.List, Created: item, Arguments: []Argument{query(name, text)},
				List: &Listing{Shows: []Shown{{Created: item}}, Where: map[string]any{pointer: text}, After: after}})
		}
	}
}

// none lists what has a value that nothing has: it is empty. Without a filter there is nothing to list.
func (s *story) none(filter, pointer, value string) {
	if filter != "" {
		s.then(Step{Operation: s.r.List, Arguments: []Argument{query(filter, value)}, List: &Listing{Where: map[string]any{pointer: value}, Alone: true}})
	}
}

// idFilter is the query parameter that filters by id, "" where there is none.
func (s *story) idFilter() string {
	for _, name := range sortedKeys(s.r.Filters) {
		if s.r.Filters[name] == s.r.ID.Item {
			return name
		}
	}
	return ""
}

// whole lists everything.
func (s *story) whole(l Listing) int { return s.then(Step{Operation: s.r.List, List: &l}) }

func query(name, text string) Argument { return Argument{openapi.InQuery, name, []string{text}} }
