package openapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Unbound is an operation that belongs to no resource: what it answers does not depend on what was done before.
type Unbound struct {
	Operation *Operation
	Because   string // words for people
}

// Stateless are the operations that belong to no resource, in the document's order, each with the reason.
func (s *Spec) Stateless() []Unbound {
	owned := map[*Operation]bool{}
	for _, r := range s.resources {
		for _, op := range r.Operations() {
			owned[op] = true
		}
	}
	var list []Unbound
	for _, op := range s.operations {
		if !owned[op] {
			list = append(list, Unbound{op, s.whyStateless(op)})
		}
	}
	return list
}

func (s *Spec) whyStateless(op *Operation) string {
	if s.stateless == nil {
		return "x-counterpart turns inference off, and names it in no resource"
	}
	return s.stateless[op]
}

// inference finds out, from paths, schemas, links and names, which operations belong together. It looks at each path,
// operation and schema a bounded number of times, and compiles nothing.
type inference struct {
	*shapes
	sites     []*site            // in the document's order
	byPath    map[string]*site   // by base and template
	siblings  map[string][]*site // that end in the same noun beside each other
	found     []*Resource
	home      map[*Resource]*site // where the collection is, or the singleton
	items     map[string]*Resource
	bound     map[*Operation]bool
	stateless map[*Operation]string
}

// site is one path with its operations.
type site struct {
	path     string // base and template
	template string // as the document has it
	parent   string // path without the last segment
	last     string // the last segment
	ops      map[string]*Operation
}

// infer finds the resources that the document describes by itself. The second result says why operations that it passed
// over stay stateless.
func (s *Spec) infer() ([]*Resource, map[*Operation]string) {
	in := &inference{shapes: newShapes(s), byPath: map[string]*site{}, siblings: map[string][]*site{}, home: map[*Resource]*site{},
		items: map[string]*Resource{}, bound: map[*Operation]bool{}, stateless: map[*Operation]string{}}
	for _, op := range s.operations {
		in.place(op)
	}
	for _, find := range []func(*site){in.findOwnCollection, in.findCollection, in.findPlainCollection, in.findSingleton} {
		for _, one := range in.sites {
			find(one)
		}
	}
	in.order()
	in.nameResources()
	in.findParents()
	in.explainRest()
	return in.found, in.stateless
}

// place puts an operation at its site.
func (in *inference) place(op *Operation) {
	path := op.Base + op.Path
	one := in.byPath[path]
	if one == nil {
		cut := strings.LastIndexByte(path, '/')
		one = &site{path: path, template: op.Path, parent: path[:max(cut, 0)], last: path[cut+1:], ops: map[string]*Operation{}}
		in.sites = append(in.sites, one)
		in.byPath[path] = one
		if one.literal() {
			in.siblings[one.key()] = append(in.siblings[one.key()], one)
		}
	}
	one.ops[op.Method] = op
}

// parameter is the path parameter that the last segment is; "" where it is none, or has text beside it.
func (s *site) parameter() string {
	if strings.HasPrefix(s.last, "{") && strings.HasSuffix(s.last, "}") && strings.Count(s.last, "{") == 1 {
		return s.last[1 : len(s.last)-1]
	}
	return ""
}

func (s *site) literal() bool { return s.last != "" && !strings.Contains(s.last, "{") }

// key is the same for /people and /person below the same path.
func (s *site) key() string { return s.parent + "/" + singular(s.last) }

// shapeOf is a path without the names of its parameters: /owners/{id}/pets and /owners/{ownerId}/pets are one.
func shapeOf(path string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(path, "{")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		b.WriteString("{}")
		_, path, _ = strings.Cut(rest, "}")
	}
}

const maxHomes = 8 // paths that differ in capitals only are a document's mistake

// homes are the sites where the collection of an item's site may be: its parent, and those beside it that name the
// same thing in another number.
func (in *inference) homes(item *site) []*site {
	home := in.byPath[item.parent]
	if home != nil && !home.literal() {
		return nil
	}
	cut := strings.LastIndexByte(item.parent, '/')
	if cut < 0 || strings.HasSuffix(item.parent, "}") {
		return nil
	}
	near := &site{parent: item.parent[:cut], last: item.parent[cut+1:]}
	var list []*site
	if home != nil {
		list = append(list, home)
	}
	for _, sibling := range in.siblings[near.key()] {
		if sibling != home && len(list) < maxHomes {
			list = append(list, sibling)
		}
	}
	return list
}

// take makes a resource of what was found.
func (in *inference) take(r *Resource, home *site) {
	in.found = append(in.found, r)
	in.home[r] = home
	for _, op := range r.Operations() {
		in.bound[op] = true
	}
}

// pass notes why an operation belongs to no resource; the first reason stays.
func (in *inference) pass(op *Operation, format string, args ...any) {
	if op != nil && in.stateless[op] == "" {
		in.stateless[op] = fmt.Sprintf(format, args...)
	}
}

// explainRest says of what is left how it stands to the resources.
func (in *inference) explainRest() {
	collections := map[string]*Resource{}
	for _, r := range in.found {
		collections[in.home[r].path] = r
	}
	for _, one := range in.sites {
		near, below := collections[one.parent], in.itemAbove(one.parent)
		for _, op := range one.ops {
			switch {
			case below != nil:
				in.pass(op, "it stands below an item of %s, and is neither a collection nor a singleton: an action or a view", below.Name)
			case near != nil:
				in.pass(op, "it stands beside the items of %s, and names none", near.Name)
			case op.Method == "GET" || op.Method == "HEAD" || op.Method == "OPTIONS":
				in.pass(op, "it only reads: nothing in the document changes what it shows")
			default:
				in.pass(op, "it is an action: nothing in the document shows what it leaves behind")
			}
		}
	}
}

// itemAbove is the resource whose item a path is, or is below; nil where there is none.
func (in *inference) itemAbove(path string) *Resource {
	for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '/') {
		if r := in.items[shapeOf(path[:end])]; r != nil {
			return r
		}
	}
	return nil
}

// order sorts the resources as the document has their first operations.
func (in *inference) order() {
	index := make(map[*Operation]int, len(in.spec.operations))
	for i, op := range in.spec.operations {
		index[op] = i
	}
	first := func(r *Resource) int {
		least := len(index)
		for _, op := range r.Operations() {
			least = min(least, index[op])
		}
		return least
	}
	slices.SortStableFunc(in.found, func(a, b *Resource) int { return first(a) - first(b) })
}

// nameResources names each by the last word of its path, and by as many more words before it as tell it from others.
func (in *inference) nameResources() {
	taken := map[string]int{}
	for depth := 1; ; depth++ {
		clear(taken)
		for _, r := range in.found {
			taken[r.Name]++
		}
		changed := false
		for _, r := range in.found {
			if r.Name == "" || taken[r.Name] > 1 {
				longer := lastWords(in.home[r].path, depth)
				changed = changed || longer != r.Name
				r.Name = longer
			}
		}
		if !changed {
			break
		}
	}
	clear(taken)
	for _, r := range in.found { // the same words around different parameters
		if taken[r.Name]++; taken[r.Name] > 1 {
			r.Name = fmt.Sprintf("%s-%d", r.Name, taken[r.Name])
		}
	}
}

// lastWords joins so many of a path's literal segments, from its end.
func lastWords(path string, n int) string {
	var literals []string
	for _, segment := range strings.Split(path, "/") {
		if segment != "" && !strings.Contains(segment, "{") {
			literals = append(literals, segment)
		}
	}
	return cmp.Or(strings.Join(literals[max(0, len(literals)-n):], "-"), "root")
}

// findParents gives each collection below an item of another resource that resource as its parent.
func (in *inference) findParents() {
	for _, r := range in.found {
		if r.ID.Parameter != "" && (r.Create != nil || r.Update != nil) {
			in.items[shapeOf(itemPath(r))] = r
		}
	}
	for _, r := range in.found {
		in.findParent(r)
	}
}

// itemPath is the path of a resource's items; "" where none has it.
func itemPath(r *Resource) string {
	for _, op := range []*Operation{r.Get, r.Update, r.Patch, r.Delete} {
		if op != nil {
			return op.Base + op.Path
		}
	}
	return ""
}

func (in *inference) findParent(r *Resource) {
	path := in.home[r].path
	end := strings.LastIndexByte(path, '}')
	begin := strings.LastIndexByte(path, '{')
	if end < 0 || !strings.HasPrefix(path[end:], "}/") {
		return
	}
	holder := path[begin+1 : end]
	parent := in.items[shapeOf(path[:end+1])]
	if parent == nil || parent == r || !allNamed(r, holder) {
		return
	}
	r.Parent, r.Holder = parent, holder
	because := fmt.Sprintf("the path %s begins with that of an item of %s", r.Operations()[0].Path, parent.Name)
	r.believe("parent", parent.Name, because, r.Operations()[0].at)
	r.believe("holder", holder, because, r.Operations()[0].at)
}

// allNamed says whether all operations of a resource have a path parameter.
func allNamed(r *Resource, parameter string) bool {
	return !slices.ContainsFunc(r.Operations(), func(op *Operation) bool { return !strings.Contains(op.Path, "{"+parameter+"}") })
}

// believe notes why a part of the resource is what it is. What is "" needs no reason.
func (r *Resource) believe(part, value, because string, at place) {
	if value != "" {
		r.Evidence = append(r.Evidence, Evidence{part, value, because, false, ruleOf(at)})
	}
}

// ruleOf is the place as a rule; the zero Rule for no place.
func ruleOf(at place) Rule {
	if at.doc == nil {
		return Rule{}
	}
	return at.rule()
}
