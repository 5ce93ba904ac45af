package contract

import (
	"regexp"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// relations are what the operations of a document have to do with each other. They are worked out once, so that no
// question about one operation walks through all of them.
type relations struct {
	resources []*openapi.Resource // without the operations that must not be sent

	owners map[*openapi.Operation]*openapi.Resource
	items  map[string]*openapi.Resource    // by the path of an item, names of parameters left out
	paths  map[string][]*openapi.Operation // by path, in the document's order
}

func relate(spec *openapi.Spec, chosen selection) *relations {
	to := &relations{owners: map[*openapi.Operation]*openapi.Resource{}, items: map[string]*openapi.Resource{}, paths: map[string][]*openapi.Operation{}}
	for _, op := range spec.Operations() {
		to.paths[op.Path] = append(to.paths[op.Path], op)
	}
	to.resources = allowed(spec.Resources(), chosen)
	for _, r := range to.resources {
		for _, op := range r.Operations() {
			if to.owners[op] == nil {
				to.owners[op] = r
			}
			if end := strings.Index(op.Path, "{"+r.ID.Parameter+"}"); end >= 0 && r.ID.Parameter != "" {
				to.item(op.Base+op.Path[:end]+"{}", r)
			}
		}
	}
	return to
}

// allowed are the resources without the operations that are excluded.
func allowed(resources []*openapi.Resource, chosen selection) []*openapi.Resource {
	if len(chosen.exclude) == 0 {
		return resources
	}
	copies := map[*openapi.Resource]*openapi.Resource{nil: nil}
	list := make([]*openapi.Resource, len(resources))
	for i, r := range resources {
		list[i] = new(*r)
		copies[r] = list[i]
	}
	for _, r := range list {
		r.Parent = copies[r.Parent]
		for _, op := range []**openapi.Operation{&r.Create, &r.List, &r.Get, &r.Update, &r.Patch, &r.Delete} {
			if *op != nil && chosen.excludes(*op) {
				*op = nil
			}
		}
	}
	return list
}

func (to *relations) item(path string, r *openapi.Resource) {
	if path = nameless(path); to.items[path] == nil {
		to.items[path] = r
	}
}

var templated = regexp.MustCompile(`\{[^}]*\}`)

func nameless(path string) string { return templated.ReplaceAllString(path, "{}") }

// named is the resource whose item a path parameter of the operation names, nil where nobody knows.
func (to *relations) named(op *openapi.Operation, parameter string) *openapi.Resource {
	if r := to.owners[op]; r != nil {
		if parameter == r.ID.Parameter {
			return r
		}
		for ; r.Parent != nil && r.Parent != r; r = r.Parent {
			if r.Holder == parameter {
				return r.Parent
			}
		}
	}
	before, _, found := strings.Cut(op.Path, "{"+parameter+"}")
	if !found {
		return nil
	}
	return to.items[nameless(op.Base+before+"{}")]
}

// inPathOrder are the path parameters of an operation, the first segment first.
func inPathOrder(op *openapi.Operation) []*openapi.Parameter {
	var list []*openapi.Parameter
	for _, p := range op.Parameters {
		if p.In == openapi.InPath {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *openapi.Parameter) int {
		return strings.Index(op.Path, "{"+a.Name+"}") - strings.Index(op.Path, "{"+b.Name+"}")
	})
	return list
}

// creator is the operation that creates items: Create, or a PUT that does so under an id that the client chooses. Nil
// where there is none.
func creator(r *openapi.Resource) *openapi.Operation {
	if r.Create != nil || r.Update == nil || r.ID.Parameter == "" {
		return r.Create
	}
	for _, a := range r.Update.Responses {
		if a.Status == "201" {
			return r.Update
		}
	}
	return nil
}

// readable says whether what an item is like can be seen.
func readable(r *openapi.Resource) bool { return r.Get != nil || r.List != nil }

// ofItem says whether the operation is about one item that must be there.
func ofItem(r *openapi.Resource, op *openapi.Operation) bool {
	return r != nil && r.ID.Parameter != "" && op != creator(r) && slices.Contains([]*openapi.Operation{r.Get, r.Update, r.Patch, r.Delete}, op)
}

// needed are the resources of which an item must be there before the operation can be called, outermost first; the
// operation's own resource is not among them, nor what the user has named.
func (m *maker) needed(op *openapi.Operation) []*openapi.Resource {
	n := &needs{m: m, known: map[*openapi.Resource]bool{m.owner(op): true}}
	n.gather(op)
	return n.list
}

type needs struct {
	m     *maker
	known map[*openapi.Resource]bool
	list  []*openapi.Resource
}

func (n *needs) gather(op *openapi.Operation) {
	for _, p := range inPathOrder(op) {
		r := n.m.relations.named(op, p.Name)
		if _, given := n.m.values[p.Name]; given || r == nil || n.known[r] || n.m.creator(r) == nil {
			continue
		}
		n.known[r] = true
		n.gather(n.m.creator(r))
		n.list = append(n.list, r)
	}
}

// creator is [creator] as far as this run may send it.
func (m *maker) creator(r *openapi.Resource) *openapi.Operation {
	op := creator(r)
	if op == nil || m.readOnly || !m.canSend(op) {
		return nil
	}
	return op
}

// before creates what the operation needs.
func (m *maker) before(op *openapi.Operation) []Step {
	var steps []Step
	for _, r := range m.needed(op) {
		steps = append(steps, m.creation(r, m.item(r)))
	}
	return steps
}

// creation is the step that creates an item.
func (m *maker) creation(r *openapi.Resource, body any) Step {
	step := Step{Operation: creator(r), Body: body}
	if step.Operation != r.Create {
		id := textOf(lookup(body, r.Sent+r.ID.Sent))
		if r.ID.Sent == "" || id == "" {
			id = m.freshID(r, step.Operation)
		}
		step.Arguments = []Argument{inPath(r.ID.Parameter, id)}
	}
	return step
}

// freshID is an id that nothing has, and that the operation's path takes.
func (m *maker) freshID(r *openapi.Resource, op *openapi.Operation) string {
	fresh := m.fresh()
	for _, p := range op.Parameters {
		if p.In == openapi.InPath && p.Name == r.ID.Parameter {
			if value, ok := fresh.fitting(r.ID.Kind, func(value any) bool { return p.Schema == nil || len(p.Schema.Validate(value)) == 0 }); ok {
				return textOf(value)
			}
		}
	}
	return fresh.name
}
