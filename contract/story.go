package contract

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/counterpart-go/counterpart/openapi"
)

// story puts a case about a resource's items together.
type story struct {
	m *maker
	r *openapi.Resource
	c Case
}

func (m *maker) story(phase, name string, about *openapi.Operation) *story {
	return &story{m, m.owner(about), Case{Phase: phase, Name: name, Operation: about, Resource: m.owner(about), Before: m.before(about)}}
}

// then adds a step and gives its number.
func (s *story) then(step Step) int {
	s.c.Steps = append(s.c.Steps, step)
	return len(s.c.Steps)
}

func (s *story) create(body any) int { return s.then(s.m.creation(s.r, body)) }

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

// shows reads the item, and lists it alone where there is a filter by id, and else in the whole list: it must be as it
// was sent.
func (s *story) shows(item, after int, of Subject, sent ...any) {
	shown := Shown{Created: item}
	for _, body := range sent {
		at, _ := openapi.Lookup(body, s.r.Sent)
		shown.Sent = append(shown.Sent, at)
	}
	if s.r.Get != nil {
		s.then(Step{Operation: s.r.Get, Created: item, List: &Listing{Shows: []Shown{shown}, After: after, Of: of}})
	}
	if s.r.List == nil {
		return
	}
	step := Step{Operation: s.r.List, Created: item, List: &Listing{Shows: []Shown{shown}, After: after, Of: of}}
	if filter := s.idFilter(); filter != "" {
		step.Arguments, step.List.Alone = []Argument{query(filter, ItemID)}, true
	} else {
		step.Arguments = append(s.m.roomy(s.r), s.chosen(shown)...)
	}
	s.then(step)
}

// chosen are the filters that the list must be given: the item's own values, without which it would not be there.
func (s *story) chosen(shown Shown) []Argument {
	var arguments []Argument
	for _, p := range s.r.List.Parameters {
		pointer, filters := s.r.Filters[p.Name]
		if !p.Required || p.In != openapi.InQuery || !filters || len(shown.Sent) == 0 {
			continue
		}
		if value, sent := openapi.Lookup(shown.Sent[len(shown.Sent)-1], pointer); sent {
			arguments = append(arguments, query(p.Name, textOf(value)))
		}
	}
	return arguments
}

// hides reads and lists the item as shows does: it must not be there.
func (s *story) hides(item, after int, of Subject) {
	if s.r.Get != nil {
		s.then(Step{Operation: s.r.Get, Created: item, Refused: openapi.UnknownID, Open: !s.foresees(s.r.Get, openapi.UnknownID),
			List: &Listing{Hides: []int{item}, After: after, Of: of}})
	}
	if s.r.List == nil {
		return
	}
	s.then(Step{Operation: s.r.List, Created: item, Arguments: s.m.roomy(s.r), List: &Listing{Hides: []int{item}, After: after, Of: of}})
	if filter := s.idFilter(); filter != "" {
		s.then(Step{Operation: s.r.List, Created: item, Arguments: []Argument{query(filter, ItemID)},
			List: &Listing{Hides: []int{item}, Alone: true, After: after, Of: of}})
	}
}

// matches lists what has a value of the item, by every filter but that of the id: the item is there.
func (s *story) matches(item, after int, body any) {
	if s.r.List == nil {
		return
	}
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
	if filter != "" && s.r.List != nil {
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

// whole lists everything, where there is a list.
func (s *story) whole(l Listing) {
	if s.r.List != nil {
		s.then(Step{Operation: s.r.List, Arguments: s.m.roomy(s.r), List: &l})
	}
}

// foresees says whether the document says how the operation refuses for the reason.
func (s *story) foresees(op *openapi.Operation, reason string) bool {
	return s.m.foreseen(op, reason)
}

// foreseen says whether the document demands that the operation refuses for the reason: a range of statuses, and a
// default, may be there for others.
func (m *maker) foreseen(op *openapi.Operation, reason string) bool {
	if op == nil {
		return false
	}
	_, row := m.spec.Refusal(reason, nil)
	return row || slices.ContainsFunc(op.Responses, func(a *openapi.Answer) bool {
		return slices.ContainsFunc(openapi.UsualStatuses(reason), func(status int) bool { return a.Status == strconv.Itoa(status) })
	})
}

// roomy asks for a large page, where the document does not say how large one is that nobody asks for.
func (m *maker) roomy(r *openapi.Resource) []Argument {
	for _, p := range r.List.Parameters {
		if p.Name != r.Limit || p.In != openapi.InQuery || p.Schema == nil {
			continue
		}
		if _, known := p.Default(); known {
			return nil
		}
		for _, size := range []string{"100", "50", "25", "20", "10"} {
			if takesCount(p, size) {
				return []Argument{query(r.Limit, size)}
			}
		}
	}
	return nil
}

// takesCount says whether a parameter may have the number as its value: some documents describe it as a text.
func takesCount(p *openapi.Parameter, number string) bool {
	return len(p.Schema.Validate(json.Number(number))) == 0 || len(p.Schema.Validate(number)) == 0
}

func query(name, text string) Argument {
	return Argument{In: openapi.InQuery, Name: name, Texts: []string{text}}
}

func inPath(name, text string) Argument {
	return Argument{In: openapi.InPath, Name: name, Texts: []string{text}}
}
