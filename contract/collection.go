package contract

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// collectionCases hold lists to what they say about each other: pages are parts of the whole, filters choose from it.
func collectionCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for _, r := range m.relations.resources {
			if op := m.creator(r); op == nil || r.List == nil || schemaOf(op) == nil || !m.selection.chooses(op) {
				continue
			}
			for _, tell := range []func(*openapi.Resource) []Case{m.pagings, m.filterings, m.sortings} {
				for _, c := range tell(r) {
					if !yield(c) {
						return
					}
				}
			}
		}
	}
}

// crowded is how many items a case creates that reads the whole.
const crowded = 12

// collected are the items that a collection case creates: two of every variant, and never less than seven, which no page
// size that is tried divides.
func (m *maker) collected(s *story) []any {
	return m.many(s, max(2*len(m.variants(creator(s.r)))+1, 7))
}

func (m *maker) many(s *story, n int) []any {
	var bodies []any
	variants := m.variants(creator(s.r))
	for i := range n {
		body := m.own(creator(s.r), variants[i%len(variants)])
		bodies = append(bodies, body)
		s.create(body)
	}
	return bodies
}

func (m *maker) collection(r *openapi.Resource, name string) *story {
	return m.story("collection", r.Name+"/"+name, r.List)
}

func all(bodies []any, r *openapi.Resource) []Shown {
	var shown []Shown
	for i, body := range bodies {
		shown = append(shown, Shown{Created: i + 1, Sent: []any{lookup(body, r.Sent)}})
	}
	return shown
}

// pagings read the collection in pages of several sizes, between two readings of the whole.
func (m *maker) pagings(r *openapi.Resource) []Case {
	var cases []Case
	s := m.collection(r, "the whole")
	bodies := m.many(s, crowded)
	s.whole(Listing{Shows: all(bodies, r)})
	s.whole(Listing{Shows: all(bodies, r)})
	cases = append(cases, s.c)
	if r.Limit == "" {
		return cases
	}
	s = m.collection(r, "limits")
	m.collected(s)
	s.whole(Listing{})
	for _, limit := range m.limits(r) {
		s.then(Step{Operation: r.List, Arguments: []Argument{query(r.Limit, fmt.Sprint(limit))}, List: &Listing{Limit: limit}})
	}
	s.whole(Listing{})
	cases = append(cases, s.c)
	if r.Offset == "" && r.Page == "" && (r.Cursor == "" || r.Next == "") {
		return cases
	}
	for _, size := range []int{1, 2, 3} {
		s := m.collection(r, fmt.Sprintf("pages of %d", size))
		bodies := m.collected(s)
		s.whole(Listing{Shows: all(bodies, r)})
		s.then(Step{Operation: r.List, Pages: size, List: &Listing{Limit: size}})
		s.whole(Listing{Shows: all(bodies, r)})
		cases = append(cases, s.c)
	}
	if r.Offset == "" {
		return cases
	}
	s = m.collection(r, "behind the end")
	m.collected(s)
	s.then(Step{Operation: r.List, Arguments: []Argument{query(r.Offset, "1000000")}, List: &Listing{Alone: true}})
	return append(cases, s.c)
}

// limits are page sizes that the document allows.
func (m *maker) limits(r *openapi.Resource) []int {
	return slices.DeleteFunc([]int{1, 2, 4, 1000}, func(size int) bool {
		return slices.ContainsFunc(r.List.Parameters, func(p *openapi.Parameter) bool {
			return p.Name == r.Limit && p.In == openapi.InQuery && p.Schema != nil && !takesCount(p, strconv.Itoa(size))
		})
	})
}

// sortings ask for an order by each property that the document names, or, where it names none, by the first text.
func (m *maker) sortings(r *openapi.Resource) []Case {
	var cases []Case
	for _, pointer := range m.sortable(r) {
		s := m.collection(r, "sorted by "+strings.TrimPrefix(pointer, "/"))
		base := m.name()
		for _, end := range []string{"b", "c", "a"} {
			s.create(m.changed(creator(r), m.item(r), r.Sent+pointer, base+end))
		}
		by := append(m.roomy(r), query(r.Sort, strings.TrimPrefix(pointer, "/")))
		directions := m.directions(r)
		if len(directions) == 0 {
			s.then(Step{Operation: r.List, Arguments: by, List: &Listing{Order: []int{3, 1, 2}}})
		}
		for i, direction := range directions {
			order := [][]int{{3, 1, 2}, {2, 1, 3}}[i]
			s.then(Step{Operation: r.List, Arguments: append(slices.Clone(by), query(r.Order, direction)), List: &Listing{Order: order}})
		}
		cases = append(cases, s.c)
	}
	return cases
}

// sortable are the pointers of texts that a list may be sorted by.
func (m *maker) sortable(r *openapi.Resource) []string {
	at := slices.IndexFunc(r.List.Parameters, func(p *openapi.Parameter) bool { return p.Name == r.Sort && p.In == openapi.InQuery })
	if r.Sort == "" || at < 0 {
		return nil
	}
	p, body := r.List.Parameters[at], m.item(r)
	item, _ := lookup(body, r.Sent).(map[string]any)
	var pointers []string
	for _, name := range sortedKeys(item) {
		pointer := "/" + escaped(name)
		named := p.Schema == nil || len(p.Schema.Validate(name)) == 0
		marked := openapi.Set(body, r.Sent+pointer, m.name()+"b")
		if _, isText := item[name].(string); isText && named && !m.spec.Secret(name) && m.valid(creator(r), marked) {
			pointers = append(pointers, pointer)
		}
	}
	if len(pointers) > 1 && !isEnum(p) {
		return pointers[:1]
	}
	return pointers
}

// isEnum says whether the document lists the values of a parameter.
func isEnum(p *openapi.Parameter) bool {
	return p.Schema != nil && slices.ContainsFunc(p.Schema.Rules(), func(rule openapi.Rule) bool { return rule.Keyword() == "enum" })
}

// directions are the values of the parameter for ascending and for descending order; none where the document names none.
func (m *maker) directions(r *openapi.Resource) []string {
	for _, p := range r.List.Parameters {
		if p.Name != r.Order || p.In != openapi.InQuery || p.Schema == nil {
			continue
		}
		for _, pair := range [][]string{{"asc", "desc"}, {"ASC", "DESC"}, {"ascending", "descending"}} {
			if len(p.Schema.Validate(pair[0]))+len(p.Schema.Validate(pair[1])) == 0 {
				return pair
			}
		}
	}
	return nil
}

// filterings ask for what each filter names, for what it does not, and for two filters at once.
func (m *maker) filterings(r *openapi.Resource) []Case {
	var cases []Case
	for _, name := range sortedKeys(r.Filters) {
		pointer := r.Filters[name]
		if pointer == r.ID.Item {
			cases = append(cases, m.byID(r, name))
			continue
		}
		s := m.collection(r, "filtered by "+name)
		bodies := m.collected(s)
		for _, body := range bodies {
			if text := textOf(lookup(body, r.Sent+pointer)); text != "" {
				s.then(m.filtered(r, bodies, map[string]string{name: text}))
			}
		}
		m.limited(s, bodies, 0, name)
		m.limited(s, bodies, 1, name)
		for _, text := range m.nearMisses(r, name, textOf(lookup(bodies[0], r.Sent+pointer))) {
			s.then(m.filtered(r, bodies, map[string]string{name: text}))
		}
		cases = append(cases, s.c)
	}
	return append(append(cases, m.wildcards(r)...), m.pairs(r)...)
}

// wildcards filters by a name that differs from another in one `_`, which SQL takes for any character.
func (m *maker) wildcards(r *openapi.Resource) []Case {
	filter, pointer := uniqueFilter(r)
	if filter == "" {
		return nil
	}
	s := m.collection(r, "filtered by a "+filter+" with _")
	name := m.name()
	first := m.changed(creator(r), m.item(r), r.Sent+pointer, name+"-x")
	second := m.changed(creator(r), m.item(r), r.Sent+pointer, name+"_x")
	bodies := []any{first, second}
	for _, body := range bodies {
		s.create(body)
	}
	s.then(m.filtered(r, bodies, map[string]string{filter: textOf(lookup(second, r.Sent+pointer))}))
	return []Case{s.c}
}

// byID filters by ids, one by one, and by texts that are nearly an id.
func (m *maker) byID(r *openapi.Resource, filter string) Case {
	s := m.collection(r, "filtered by "+filter)
	for i, body := range m.collected(s) {
		s.shows(i+1, i+1, OfWrite, body)
	}
	for _, text := range []string{HalfOfID, CapitalsOfID, m.unknownID(r)} {
		if text != "" {
			s.then(Step{Operation: r.List, Created: 1, Arguments: []Argument{query(filter, text)}, Refused: openapi.Invalid, Open: true, List: &Listing{Where: map[string]any{r.ID.Item: nil}, Hides: []int{1}}})
		}
	}
	return s.c
}

// limited asks for the items that pass a filter one by one, between two readings of all of them.
func (m *maker) limited(s *story, bodies []any, i int, filter string) {
	text := textOf(lookup(bodies[i], s.r.Sent+s.r.Filters[filter]))
	if s.r.Limit == "" || text == "" {
		return
	}
	chosen := map[string]string{filter: text}
	s.then(m.filtered(s.r, bodies, chosen))
	one := m.filtered(s.r, bodies, chosen)
	one.Arguments = append(one.Arguments, query(s.r.Limit, "1"))
	one.List.Limit, one.List.Shows = 1, nil
	s.then(one)
	if s.r.Offset != "" || s.r.Page != "" || s.r.Cursor != "" && s.r.Next != "" {
		pages := m.filtered(s.r, bodies, chosen)
		pages.Pages, pages.List.Limit, pages.List.Shows = 1, 1, nil
		s.then(pages)
	}
	s.then(m.filtered(s.r, bodies, chosen))
}

// filtered lists what has all of the values: every item that was created with them must be there and no other.
func (m *maker) filtered(r *openapi.Resource, bodies []any, values map[string]string) Step {
	step := Step{Operation: r.List, List: &Listing{Where: map[string]any{}}}
	for _, name := range sortedKeys(values) {
		step.Arguments = append(step.Arguments, query(name, values[name]))
		step.List.Where[r.Filters[name]] = values[name]
	}
	for i, body := range bodies {
		matches := true
		for name, text := range values {
			matches = matches && textOf(lookup(body, r.Sent+r.Filters[name])) == text
		}
		if matches {
			step.List.Shows = append(step.List.Shows, Shown{Created: i + 1, Sent: []any{lookup(body, r.Sent)}})
		} else {
			step.List.Hides = append(step.List.Hides, i+1)
		}
	}
	return step
}

// nearMisses are valid values of a filter that a careless comparison takes for the text, and one that nothing has.
func (m *maker) nearMisses(r *openapi.Resource, filter, text string) []string {
	var list []string
	for _, p := range r.List.Parameters {
		if p.Name != filter || p.In != openapi.InQuery || p.Schema == nil || text == "" {
			continue
		}
		for _, near := range []string{text[:len(text)-1], text[1:], strings.ToUpper(text), text + "x", m.name(), "%", "*"} {
			if near != text && near != "" && len(p.Schema.Validate(near)) == 0 {
				list = append(list, near)
			}
		}
	}
	return list
}

// pairs combine filters of one item, and of two different ones.
func (m *maker) pairs(r *openapi.Resource) []Case {
	var names []string
	for _, name := range sortedKeys(r.Filters) {
		if r.Filters[name] != r.ID.Item {
			names = append(names, name)
		}
	}
	if len(names) < 2 {
		return nil
	}
	s := m.collection(r, "filtered by "+strings.Join(names, " and "))
	bodies := m.collected(s)
	for i, body := range bodies {
		other := bodies[(i+1)%len(bodies)]
		same, mixed := map[string]string{}, map[string]string{}
		for k, name := range names {
			if same[name] = textOf(lookup(body, r.Sent+r.Filters[name])); k > 0 {
				mixed[name] = textOf(lookup(other, r.Sent+r.Filters[name]))
			} else {
				mixed[name] = same[name]
			}
		}
		for _, values := range []map[string]string{same, mixed} {
			if !slices.Contains(slices.Collect(maps.Values(values)), "") { // an item without a value is found by no filter
				s.then(m.filtered(r, bodies, values))
			}
		}
	}
	return []Case{s.c}
}
