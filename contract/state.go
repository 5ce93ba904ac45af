package contract

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// stateCases hold a resource to what its operations say together: what was created is there, what was refused was not
// done, what was deleted is gone, each item belongs to one parent, and nothing changes that when requests meet.
func stateCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for _, r := range m.relations.resources {
			for _, tell := range m.tales(r) {
				for _, c := range tell(r) {
					if !yield(c) {
						return
					}
				}
			}
		}
	}
}

// tales are the stories that can be told of a resource: none where its items cannot be created, or the user does not
// want that judged.
func (m *maker) tales(r *openapi.Resource) []func(*openapi.Resource) []Case {
	switch op := m.creator(r); {
	case r.Singleton() && r.Get != nil && r.Update != nil && m.selection.chooses(r.Update) && !m.readOnly:
		return []func(*openapi.Resource) []Case{m.rewritings}
	case op == nil || !m.selection.chooses(op) || schemaOf(op) == nil:
		return nil
	}
	return []func(*openapi.Resource) []Case{m.lives, m.replacements, m.patches, m.refusals, m.neighbours, m.strangers, m.isolations, m.kinships, m.preconditions, m.meetings}
}

func (m *maker) state(r *openapi.Resource, name string) *story {
	return m.story("state", r.Name+"/"+name, creator(r))
}

// item is a body of the resource's first variant, with values of its own.
func (m *maker) item(r *openapi.Resource) any { return m.own(creator(r), m.variants(creator(r))[0]) }

// lives take an item of every variant from its creation to its end.
func (m *maker) lives(r *openapi.Resource) []Case {
	var cases []Case
	for _, v := range m.variants(creator(r)) {
		s := m.state(r, "life of "+v.name)
		body := m.own(creator(r), v)
		s.whole(Listing{})
		item := s.create(body)
		s.whole(Listing{Shows: []Shown{{Created: item}}, After: item})
		s.shows(item, item, OfWrite, body)
		if r.Update != nil {
			for _, changed := range append(m.variations(r, body), body) {
				s.shows(item, s.update(item, changed), OfWrite, changed)
			}
			m.repeat(s, item, body)
		}
		if r.Delete != nil {
			m.end(s, item, body)
		}
		cases = append(cases, s.c)
	}
	return cases
}

// end deletes an item: nothing can be done with it any more.
func (m *maker) end(s *story, item int, body any) {
	s.hides(item, s.remove(item), OfWrite)
	if s.foresees(s.r.Delete, openapi.UnknownID) {
		s.remove(item)
		s.refuse(openapi.UnknownID)
	}
	if creator(s.r) == s.r.Create && s.foresees(s.r.Update, openapi.UnknownID) {
		s.update(item, body)
		write := s.refuse(openapi.UnknownID)
		s.hides(item, write, OfRefusal)
	}
	if len(s.r.Unique) > 0 || s.r.ID.Sent != "" {
		again := s.create(body) // what made it unique is free again
		s.shows(again, again, OfWrite, body)
	}
}

// replacements give an item other values for all that may change: nothing of the old ones stays.
func (m *maker) replacements(r *openapi.Resource) []Case {
	if r.Update == nil || !readable(r) {
		return nil
	}
	var cases []Case
	if body, extended, dropped := m.extended(r); dropped != "" {
		s := m.state(r, "an update leaves out what it does not send")
		item := s.create(extended)
		s.shows(item, item, OfWrite, extended)
		s.shows(item, s.update(item, body), OfWrite, body)
		s.last().List.Shows[0].Dropped = []string{dropped}
		cases = append(cases, s.c)
	}
	for _, pointer := range r.Unique {
		s := m.state(r, "an update changes "+strings.TrimPrefix(pointer, "/"))
		body := m.item(r)
		renamed := m.renamed(r.Update, body, r.Sent+pointer)
		if shows(lookup(renamed, r.Sent), lookup(body, r.Sent)) || pointer == r.ID.Sent {
			continue // no other value is allowed there
		}
		item := s.create(body)
		write := s.update(item, renamed)
		s.shows(item, write, OfWrite, renamed)
		if filter, filtered := uniqueFilter(r); filtered == pointer {
			s.none(filter, pointer, textOf(lookup(body, r.Sent+pointer)))
			s.last().List.After = write
		}
		s.matches(item, write, renamed)
		other := s.create(body) // the old value is free
		s.shows(other, other, OfWrite, body)
		s.shows(item, other, OfWrite, renamed)
		if r.Delete != nil {
			s.update(item, m.renamed(r.Update, renamed, r.Sent+pointer))
			s.hides(item, s.remove(item), OfWrite)
		}
		cases = append(cases, s.c)
	}
	return cases
}

// extended is an item, and the same item with one more member where the document allows it; dropped is the pointer of
// that member, "" where there is none.
func (m *maker) extended(r *openapi.Resource) (body, extended any, dropped string) {
	body = m.item(r)
	for _, x := range schemaOf(creator(r)).Variations(body) {
		_, there := openapi.Lookup(body, x.Pointer)
		if there || x.Missing || x.Pointer == r.Sent+r.ID.Item || !strings.HasPrefix(x.Pointer, r.Sent+"/") {
			continue
		}
		if extended = x.Of(body); m.valid(creator(r), extended) && m.valid(r.Update, extended) {
			return body, extended, strings.TrimPrefix(x.Pointer, r.Sent)
		}
	}
	return body, nil, ""
}

// refusals write what must be refused: nothing may come of it.
func (m *maker) refusals(r *openapi.Resource) []Case {
	cases := m.duplicates(r)
	base := m.item(r)
	for i, invalid := range m.invalid(creator(r), base) {
		if filter, pointer := uniqueFilter(r); filter != "" {
			s := m.state(r, fmt.Sprintf("a refused creation leaves nothing behind (%d)", i+1))
			name := textOf(lookup(invalid, r.Sent+pointer))
			s.none(filter, pointer, name)
			s.create(invalid)
			write := s.refuse(openapi.Invalid)
			s.none(filter, pointer, name)
			s.last().List.After, s.last().List.Of = write, OfRefusal
			cases = append(cases, s.c)
		}
		if r.Update != nil && !m.valid(r.Update, invalid) {
			s := m.state(r, fmt.Sprintf("a refused update changes nothing (%d)", i+1))
			body := m.item(r)
			item := s.create(body)
			s.shows(item, item, OfWrite, body)
			s.update(item, invalid)
			write := s.refuse(openapi.Invalid)
			s.shows(item, write, OfRefusal, body)
			cases = append(cases, s.c)
		}
	}
	return append(cases, m.fixed(r)...)
}

// invalid are a few bodies that the document forbids for different reasons, their unique values being sound.
func (m *maker) invalid(op *openapi.Operation, body any) []any {
	if !m.varies(op) {
		return nil
	}
	var list []any
	wanted := []func(openapi.Variation) bool{
		func(x openapi.Variation) bool { return x.Missing },
		func(x openapi.Variation) bool { return strings.Contains(x.Pointer, openapi.Embedded) && x.Missing },
		func(x openapi.Variation) bool { return x.Keyword() == "enum" || x.Keyword() == "pattern" },
	}
	r := m.owner(op)
	for _, want := range wanted {
		for _, x := range slices.Backward(schemaOf(op).Variations(body)) {
			unique := slices.ContainsFunc(r.Unique, func(p string) bool { return r.Sent+p == x.Pointer })
			if want(x) && !unique && strings.HasPrefix(x.Pointer, r.Sent+"/") && !m.valid(op, x.Of(body)) {
				list = append(list, x.Of(body))
				break
			}
		}
	}
	return list
}

func lookup(value any, pointer string) any {
	at, _ := openapi.Lookup(value, pointer)
	return at
}

// uniqueFilter is a query parameter that filters by a unique value, and its pointer; "" where there is none.
func uniqueFilter(r *openapi.Resource) (filter, pointer string) {
	if r.List == nil {
		return "", ""
	}
	for _, name := range sortedKeys(r.Filters) {
		if slices.Contains(r.Unique, r.Filters[name]) {
			return name, r.Filters[name]
		}
	}
	return "", ""
}

// duplicates use a value again that must be unique.
func (m *maker) duplicates(r *openapi.Resource) []Case {
	var cases []Case
	for _, pointer := range r.Unique {
		if creator(r) != r.Create { // a PUT under another id
			continue
		}
		name := strings.TrimPrefix(pointer, "/")
		first, second := m.item(r), m.item(r)
		again := openapi.Set(second, r.Sent+pointer, lookup(first, r.Sent+pointer))
		s := m.state(r, "creating a second "+name)
		item := s.create(first)
		s.shows(item, item, OfWrite, first)
		s.create(again)
		write := s.refuse(openapi.Duplicate)
		s.shows(item, write, OfRefusal, first)
		if filter, filtered := uniqueFilter(r); filter != "" && filtered == pointer {
			s.then(Step{Operation: r.List, Created: item, Arguments: []Argument{query(filter, textOf(lookup(first, r.Sent+pointer)))},
				List: &Listing{Shows: []Shown{{Created: item}}, Alone: true, After: write, Of: OfRefusal}})
		}
		cases = append(cases, s.c)
		if r.Update != nil && pointer != r.ID.Sent {
			cases = append(cases, m.takenName(r, "updating to a taken "+name, pointer))
		}
		cases = append(cases, m.elsewhere(r, pointer)...)
	}
	return cases
}

// elsewhere creates a second item with a unique value in another variant, and one whose value differs in capitals only.
func (m *maker) elsewhere(r *openapi.Resource, pointer string) []Case {
	name := strings.TrimPrefix(pointer, "/")
	var cases []Case
	if variants := m.variants(creator(r)); len(variants) > 1 {
		s := m.state(r, "creating a second "+name+" of another kind")
		first := m.item(r)
		second := m.own(creator(r), variants[1])
		s.create(first)
		s.create(openapi.Set(second, r.Sent+pointer, lookup(first, r.Sent+pointer)))
		s.refuse(openapi.Duplicate)
		cases = append(cases, s.c)
	}
	first, second := m.item(r), m.item(r)
	capitals := openapi.Set(second, r.Sent+pointer, strings.ToUpper(textOf(lookup(first, r.Sent+pointer))))
	guessed := r.Guessed("unique") // then nobody has said how values are compared
	if !guessed && m.valid(creator(r), capitals) {
		s := m.state(r, "creating a "+name+" that differs in capitals only")
		one, two := s.create(first), s.create(capitals)
		s.shows(one, two, OfWrite, first)
		s.shows(two, two, OfWrite, capitals)
		cases = append(cases, s.c)
	}
	return cases
}

func (m *maker) takenName(r *openapi.Resource, name, pointer string) Case {
	s := m.state(r, name)
	first, second := m.item(r), m.item(r)
	again := openapi.Set(second, r.Sent+pointer, lookup(first, r.Sent+pointer))
	one, two := s.create(first), s.create(second)
	s.shows(one, one, OfWrite, first)
	s.shows(two, two, OfWrite, second)
	s.update(two, again)
	write := s.refuse(openapi.Duplicate)
	s.shows(one, write, OfRefusal, first)
	s.shows(two, write, OfRefusal, second)
	return s.c
}

// fixed updates an item with another variant's value of what must not change.
func (m *maker) fixed(r *openapi.Resource) []Case {
	if r.Update == nil || len(r.Fixed) == 0 {
		return nil
	}
	var cases []Case
	variants := m.variants(creator(r))
	for i, v := range variants {
		other := variants[(i+1)%len(variants)]
		differs := slices.ContainsFunc(r.Fixed, func(p string) bool { return lookup(v.body, r.Sent+p) != lookup(other.body, r.Sent+p) })
		if !differs {
			continue
		}
		s := m.state(r, fmt.Sprintf("updating %s to %s", v.name, other.name))
		body := m.own(creator(r), v)
		item := s.create(body)
		s.shows(item, item, OfWrite, body)
		s.update(item, m.own(creator(r), other))
		write := s.refuse(openapi.Fixed)
		s.shows(item, write, OfRefusal, body)
		cases = append(cases, s.c)
	}
	return cases
}

// neighbours look at the other items while one of three changes: the first, the middle, the last.
func (m *maker) neighbours(r *openapi.Resource) []Case {
	var cases []Case
	for i, which := range []string{"first", "middle", "last"} {
		s := m.state(r, "the neighbours of the "+which+" item")
		bodies := []any{m.item(r), m.item(r), m.item(r)}
		for _, body := range bodies {
			s.create(body)
		}
		if r.Update != nil {
			changed := m.variations(r, bodies[i])
			if len(changed) > 0 {
				bodies[i] = changed[0]
			}
			m.undisturbed(s, s.update(i+1, bodies[i]), bodies, 0)
		}
		if r.Delete != nil {
			m.undisturbed(s, s.remove(i+1), bodies, i+1)
		}
		cases = append(cases, s.c)
	}
	return cases
}

// undisturbed lists all of the items, of which one may be gone.
func (m *maker) undisturbed(s *story, after int, bodies []any, gone int) {
	if s.r.List == nil {
		for k, body := range bodies {
			if k+1 != gone {
				s.shows(k+1, after, OfWrite, body)
			}
		}
		return
	}
	l := Listing{After: after}
	for k, body := range bodies {
		if k+1 == gone {
			l.Hides = []int{gone}
			continue
		}
		l.Shows = append(l.Shows, Shown{Created: k + 1, Sent: []any{lookup(body, s.r.Sent)}})
	}
	s.whole(l)
}

// strangers are ids that nothing has.
func (m *maker) strangers(r *openapi.Resource) []Case {
	unknown := m.unknownID(r)
	if unknown == "" {
		return nil
	}
	arguments := []Argument{inPath(r.ID.Parameter, unknown)}
	var cases []Case
	if m.foreseen(r.Get, openapi.UnknownID) {
		s := m.state(r, "reading an id that nothing has")
		s.then(Step{Operation: r.Get, Arguments: arguments, Refused: openapi.UnknownID})
		cases = append(cases, s.c)
	}
	if m.foreseen(r.Delete, openapi.UnknownID) {
		s := m.state(r, "deleting an id that nothing has")
		s.then(Step{Operation: r.Delete, Arguments: arguments, Refused: openapi.UnknownID})
		cases = append(cases, s.c)
	}
	if filter, pointer := uniqueFilter(r); creator(r) == r.Create && m.foreseen(r.Update, openapi.UnknownID) {
		s := m.state(r, "updating an id that nothing has")
		body := m.item(r)
		name := textOf(lookup(body, r.Sent+pointer))
		s.none(filter, pointer, name)
		write := s.then(Step{Operation: r.Update, Body: body, Arguments: arguments, Refused: openapi.UnknownID})
		if filter != "" {
			s.none(filter, pointer, name)
			s.last().List.After, s.last().List.Of = write, OfRefusal
		}
		cases = append(cases, s.c)
	}
	return cases
}

// unknownID is an id that keeps the document and that no server has given, "" where none can be made.
func (m *maker) unknownID(r *openapi.Resource) string {
	for _, op := range []*openapi.Operation{r.Delete, r.Update, r.Get, r.Patch} {
		if op == nil {
			continue
		}
		for _, p := range op.Parameters {
			if p.In == openapi.InPath && p.Name == r.ID.Parameter {
				return m.another(p, fmt.Sprintf("%s%x", NamePrefix, m.seed))
			}
		}
	}
	return ""
}

// another is a text of the parameter that is not the one it usually has; wish where the document allows it.
func (m *maker) another(p *openapi.Parameter, wish string) string {
	usual := m.parameter(p)[0]
	if p.Schema == nil {
		return wish
	}
	candidates := []any{wish, reversed(usual), json.Number("987654321"), "5f0c6a1e-3d0b-4b58-9a86-0e6a9f6b7c11", "000000000000000000000001"}
	for _, candidate := range candidates {
		if text := textOf(candidate); text != usual && len(p.Schema.Validate(candidate)) == 0 {
			return text
		}
	}
	return ""
}

func reversed(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}

// isolations reach for an item through another parent.
func (m *maker) isolations(r *openapi.Resource) []Case {
	var cases []Case
	for _, p := range creator(r).Parameters {
		if p.In != openapi.InPath || m.relations.named(creator(r), p.Name) != nil {
			continue
		}
		other := m.another(p, reversed(m.parameter(p)[0]))
		if other == "" {
			continue
		}
		elsewhere := []Argument{inPath(p.Name, other)}
		s := m.state(r, "an item seen from another "+p.Name)
		body := m.item(r)
		item := s.create(body)
		s.shows(item, item, OfWrite, body)
		m.reach(s, item, body, elsewhere)
		cases = append(cases, s.c)
	}
	return cases
}

// reach tries everything with an item through another parent.
func (m *maker) reach(s *story, item int, body any, elsewhere []Argument) {
	r := s.r
	elsewhere = slices.Clip(elsewhere)
	if r.Get != nil && takes(r.Get, elsewhere) {
		s.then(Step{Operation: r.Get, Created: item, Arguments: elsewhere, Refused: foreign, Open: true, List: &Listing{Hides: []int{item}, Of: OfOther}})
	}
	if r.List != nil && takes(r.List, elsewhere) {
		s.then(Step{Operation: r.List, Created: item, Arguments: elsewhere, Refused: foreign, Open: true, List: &Listing{Hides: []int{item}, Of: OfOther}})
	}
	if filter := s.idFilter(); filter != "" && takes(r.List, elsewhere) {
		s.then(Step{Operation: r.List, Created: item, Arguments: append(elsewhere, query(filter, ItemID)), Refused: foreign, Open: true, List: &Listing{Hides: []int{item}, Alone: true, Of: OfOther}})
	}
	if r.Create != nil {
		s.then(Step{Operation: r.Create, Body: body, Arguments: elsewhere, Refused: foreign, Open: true})
	}
	for _, write := range []Step{{Operation: r.Update, Body: m.item(r)}, {Operation: r.Delete}} {
		if write.Operation != nil && write.Operation != creator(r) && takes(write.Operation, elsewhere) {
			write.Created, write.Arguments, write.Refused = item, elsewhere, foreign
			s.shows(item, s.then(write), OfOther, body)
		}
	}
}

// takes says whether the operation has all of the parameters.
func takes(op *openapi.Operation, arguments []Argument) bool {
	return !slices.ContainsFunc(arguments, func(a Argument) bool { return !describes(op, a) })
}

// meeting is how many requests are sent at the same time.
const meeting = 8

// rounds is how often the requests for one name meet: servers that are wrong only when two of them come at the very same
// time are not wrong each time.
const rounds = 3

// meetings send requests at the same time.
func (m *maker) meetings(r *openapi.Resource) []Case {
	cases := []Case{m.crowd(r)}
	for round := 1; round <= rounds && len(r.Unique) > 0 && creator(r) == r.Create; round++ {
		cases = append(cases, m.rivals(r, round))
	}
	if r.Update != nil && readable(r) {
		cases = append(cases, m.writers(r))
	}
	for round := 1; round <= rounds && r.Update != nil && creator(r) == r.Create && len(r.Unique) > 0 && !slices.Contains(r.Unique, r.ID.Sent); round++ {
		cases = append(cases, m.rivalUpdates(r, round))
	}
	if readable(r) {
		cases = append(cases, m.readers(r))
	}
	if m.foreseen(r.Delete, openapi.UnknownID) {
		s := m.state(r, "one item deleted at the same time")
		item := s.create(m.item(r))
		for range meeting {
			s.then(Step{Operation: r.Delete, Created: item, Together: 1, Rivals: true, Refused: openapi.UnknownID})
		}
		s.hides(item, len(s.c.Steps), OfRivals)
		cases = append(cases, s.c)
	}
	return cases
}

func (m *maker) crowd(r *openapi.Resource) Case {
	s := m.state(r, "many created at the same time")
	var bodies []any
	for range meeting {
		body := m.item(r)
		bodies = append(bodies, body)
		s.create(body)
		s.last().Together = 1
	}
	for i, body := range bodies {
		s.shows(i+1, i+1, OfWrite, body)
	}
	return s.c
}

func (m *maker) rivals(r *openapi.Resource, round int) Case {
	s := m.state(r, fmt.Sprintf("one created many times at the same time (%d)", round))
	body := m.item(r)
	filter, pointer := uniqueFilter(r)
	name := textOf(lookup(body, r.Sent+pointer))
	s.none(filter, pointer, name)
	for range meeting {
		s.then(Step{Operation: r.Create, Body: body, Together: 1, Rivals: true, Refused: openapi.Duplicate})
	}
	if filter != "" {
		write := len(s.c.Steps)
		s.then(Step{Operation: r.List, Arguments: []Argument{query(filter, name)}, List: &Listing{Count: 1, After: write, Of: OfRivals}})
	}
	return s.c
}

// rivalUpdates give several items the same unique value.
func (m *maker) rivalUpdates(r *openapi.Resource, round int) Case {
	s := m.state(r, fmt.Sprintf("many given one name at the same time (%d)", round))
	var bodies []any
	for range meeting {
		bodies = append(bodies, m.item(r))
		s.create(bodies[len(bodies)-1])
	}
	taken := m.item(r)
	for i, body := range bodies {
		for _, pointer := range r.Unique {
			body = openapi.Set(body, r.Sent+pointer, lookup(taken, r.Sent+pointer))
		}
		s.then(Step{Operation: r.Update, Body: body, Created: i + 1, Together: 1, Rivals: true, Refused: openapi.Duplicate})
	}
	return s.c
}

// readers list an item while others are created.
func (m *maker) readers(r *openapi.Resource) Case {
	s := m.state(r, "an item listed while others are created")
	item := s.create(m.item(r))
	for range meeting / 2 {
		s.create(m.item(r))
		s.last().Together = 1
		read := Step{Operation: r.List, Created: item, Together: 1, List: &Listing{Shows: []Shown{{Created: item}}}}
		if r.List == nil {
			read.Operation = r.Get
		} else {
			read.Arguments = m.roomy(r)
		}
		s.then(read)
	}
	return s.c
}

func (m *maker) writers(r *openapi.Resource) Case {
	s := m.state(r, "one updated many times at the same time")
	body := m.item(r)
	item := s.create(body)
	var sent []any
	for i := range meeting {
		changed := m.distinct(r, body, fmt.Sprintf("-%d", i+1))
		for _, pointer := range r.Unique {
			if pointer != r.ID.Sent {
				changed = m.renamed(r.Update, changed, r.Sent+pointer)
			}
		}
		sent = append(sent, changed)
		s.then(Step{Operation: r.Update, Body: changed, Created: item, Together: 1})
	}
	s.shows(item, len(s.c.Steps), OfWrite, sent...)
	return s.c
}

// variations are the body with one text changed each that a list shows: not unique, not fixed, not secret, and still
// valid.
func (m *maker) variations(r *openapi.Resource, body any) []any {
	var list []any
	for _, pointer := range m.changeable(r, body) {
		if changed := openapi.Set(body, pointer, textOf(lookup(body, pointer))+"2"); m.valid(r.Update, changed) {
			list = append(list, changed)
		}
	}
	return list
}

// distinct is the body with all of these texts changed.
func (m *maker) distinct(r *openapi.Resource, body any, suffix string) any {
	for _, pointer := range m.changeable(r, body) {
		body = m.changed(r.Update, body, pointer, textOf(lookup(body, pointer))+suffix)
	}
	return body
}

// changeable are the pointers of the texts that an update may change and a list shows.
func (m *maker) changeable(r *openapi.Resource, body any) []string {
	var pointers []string
	kept := append(slices.Clone(r.Unique), append(slices.Clone(r.Fixed), r.ID.Sent, r.ID.Item)...)
	eachText(body, "", func(pointer, name, text string) {
		_, holdsJSON := opened(text).(map[string]any)
		at, inItem := strings.CutPrefix(pointer, r.Sent)
		if inItem && !holdsJSON && !slices.Contains(kept, at) && !m.spec.Secret(name) {
			pointers = append(pointers, pointer)
		}
	})
	return pointers
}
