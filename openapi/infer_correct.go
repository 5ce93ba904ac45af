package openapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

type extension struct {
	Infer     *bool                      `json:"infer"`
	Project   string                     `json:"project"`
	Resources map[string]json.RawMessage `json:"resources"`
	Refusals  []Refusal                  `json:"refusals"`
}

// correction is an entry of x-counterpart's resources.
type correction struct {
	Parent, Holder                           string
	Create, List, Get, Update, Patch, Delete string
	ID                                       struct {
		Parameter, Created, Item, Sent string
		Kind                           IDKind
	}
	Sent, Shown, Items, Total, Next          string
	Limit, Offset, Page, Cursor, Sort, Order string
	First                                    int
	Filters                                  map[string]string
	Unique, Fixed                            []string
}

// describeResources infers the resources, and corrects them by x-counterpart.
func (s *Spec) describeResources() error {
	at := s.root.top().at("x-counterpart")
	var x extension
	if err := s.strictly(at, &x); err != nil {
		return err
	}
	s.refusals = x.Refusals
	if err := s.setProject(x.Project, at.at("project")); err != nil {
		return err
	}
	if x.Infer == nil || *x.Infer {
		s.resources, s.stateless = s.infer()
	}
	c := corrector{spec: s}
	at.at("resources").each(c.entry)
	for _, set := range c.parents {
		set()
	}
	for _, r := range s.resources {
		r.renameParent()
	}
	return c.failed
}

// setProject notes which path parameter names the project. One that no operation has is an error: nothing would be told
// apart by it.
func (s *Spec) setProject(name string, at place) error {
	if !at.ok() {
		return nil
	}
	for _, op := range s.operations {
		if slices.ContainsFunc(op.Parameters, func(p *Parameter) bool { return p.In == InPath && p.Name == name }) {
			s.project = name
			return nil
		}
	}
	return s.extensionError(at, fmt.Errorf("project: no operation has a path parameter %q", name))
}

// ProjectParameter is the name of the path parameter that says whose items a request is about, as x-counterpart's
// `project` gives it; "" where the document names none, or where nothing is told apart by project.
func (s *Spec) ProjectParameter() string { return s.project }

// renameParent keeps the evidence true when the parent got another name.
func (r *Resource) renameParent() {
	for i := range r.Evidence {
		if e := &r.Evidence[i]; e.Part == "parent" && r.Parent != nil {
			e.Value = r.Parent.Name
		}
	}
}

// strictly reads a value of the document into data, unless it is not there. A key that data has not is an error.
func (s *Spec) strictly(at place, data any) error {
	if !at.ok() {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(appendNode(nil, at.node)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(data); err != nil {
		return s.extensionError(at, errors.New(strings.TrimPrefix(err.Error(), "json: ")))
	}
	return nil
}

func (s *Spec) extensionError(at place, err error) error {
	return &DocumentError{File: at.doc.name, Line: at.doc.line(at.pointer), Err: fmt.Errorf("x-counterpart: %w", err)}
}

func (s *Spec) resource(name string) *Resource {
	for _, r := range s.resources {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// corrector changes the inferred resources as x-counterpart says.
type corrector struct {
	spec    *Spec
	parents []func() // set when all entries are read: an entry may name one that follows
	failed  error
}

func (c *corrector) fail(at place, format string, args ...any) {
	c.failed = errors.Join(c.failed, c.spec.extensionError(at, fmt.Errorf(format, args...)))
}

// entry reads one entry: false turns the resource of its name off, an object changes it or makes one.
func (c *corrector) entry(name string, at place) {
	var e correction
	switch {
	case at.node.Kind == yaml.ScalarNode && at.node.Value == "false":
		if r := c.spec.resource(name); r != nil {
			c.remove(r, fmt.Sprintf("x-counterpart turns the resource %s off", name))
		} else {
			c.fail(at, "no resource has the name %q", name)
		}
		return
	case at.node.Kind != yaml.MappingNode:
		c.fail(at, "a resource must be an object, or false")
		return
	}
	if err := c.spec.strictly(at, &e); err != nil {
		c.failed = errors.Join(c.failed, err)
		return
	}
	named := c.operations(e, at)
	r := c.meant(name, named)
	r.Name = name
	c.setOperations(r, named, at)
	c.setParts(r, e, at)
	if at.at("parent").ok() {
		c.parents = append(c.parents, func() { c.setParent(r, e.Parent, at) })
	}
}

// lifecycle are the keys of a resource's operations.
var lifecycle = []string{"create", "list", "get", "update", "patch", "delete"}

// operations are those that an entry names, by key; nil for a key that it takes away.
func (c *corrector) operations(e correction, at place) map[string]*Operation {
	named := map[string]*Operation{}
	for i, id := range []string{e.Create, e.List, e.Get, e.Update, e.Patch, e.Delete} {
		if !at.at(lifecycle[i]).ok() {
			continue
		}
		named[lifecycle[i]] = c.spec.byID[id]
		if id != "" && c.spec.byID[id] == nil {
			c.fail(at, "no operation has the id %q", id)
		}
	}
	return named
}

// meant is the resource that an entry corrects: of its name, or else the first with an operation that it names. Where
// there is none it is a new one.
func (c *corrector) meant(name string, named map[string]*Operation) *Resource {
	if r := c.spec.resource(name); r != nil {
		return r
	}
	for _, key := range lifecycle {
		for _, r := range c.spec.resources {
			if named[key] != nil && slices.Contains(r.Operations(), named[key]) {
				return r
			}
		}
	}
	r := &Resource{}
	r.ID.Kind = TextID
	c.spec.resources = append(c.spec.resources, r)
	return r
}

func (r *Resource) operation(key string) **Operation {
	return []**Operation{&r.Create, &r.List, &r.Get, &r.Update, &r.Patch, &r.Delete}[slices.Index(lifecycle, key)]
}

func (c *corrector) setOperations(r *Resource, named map[string]*Operation, at place) {
	for _, key := range lifecycle {
		op, given := named[key]
		if !given {
			continue
		}
		*r.operation(key) = op
		id := ""
		if op != nil {
			id = op.ID
			c.takeFromOthers(op, r)
		}
		r.correct(key, id, at.at(key))
	}
}

// takeFromOthers leaves an operation with one resource. Another that nothing creates without it is none.
func (c *corrector) takeFromOthers(op *Operation, owner *Resource) {
	for _, r := range slices.Clone(c.spec.resources) {
		if r == owner || !slices.Contains(r.Operations(), op) {
			continue
		}
		if op == r.Create || len(r.Operations()) == 1 {
			c.remove(r, fmt.Sprintf("x-counterpart gives %s to %s", op.ID, owner.Name))
			continue
		}
		for _, key := range lifecycle {
			if at := r.operation(key); *at == op {
				*at = nil
				r.forget(key)
			}
		}
	}
}

// remove takes a resource away; those in it belong to none then.
func (c *corrector) remove(r *Resource, because string) {
	c.spec.resources = slices.DeleteFunc(c.spec.resources, func(one *Resource) bool { return one == r })
	for _, child := range c.spec.resources {
		if child.Parent == r {
			child.Parent, child.Holder = nil, ""
			child.forget("parent")
			child.forget("holder")
		}
	}
	for _, op := range r.Operations() {
		if c.spec.stateless != nil {
			c.spec.stateless[op] = because
		}
	}
}

func (c *corrector) setParent(r *Resource, name string, at place) {
	r.Parent = c.spec.resource(name)
	if r.Parent == nil && name != "" {
		c.fail(at, "no resource has the name %q", name)
	}
	r.correct("parent", name, at.at("parent"))
}

// setParts takes from an entry all keys that it gives, beside operations and the parent.
func (c *corrector) setParts(r *Resource, e correction, at place) {
	for _, part := range append(r.texts(), text{"holder", &r.Holder}) {
		if given := at.at(strings.Split(part.key, ".")...); given.ok() {
			*part.into = given.node.Value
			if given.node.ShortTag() == "!!null" {
				*part.into = ""
			}
			r.correct(part.key, *part.into, given)
		}
	}
	r.ID.Kind = cmp.Or(r.ID.Kind, TextID)
	c.setLists(r, e, at)
}

func (c *corrector) setLists(r *Resource, e correction, at place) {
	if given := at.at("first"); given.ok() {
		r.First = e.First
		r.correct("first", strconv.Itoa(e.First), given)
	}
	if given := at.at("filters"); given.ok() {
		r.Filters = e.Filters
		r.forget("filters")
		given.each(func(name string, one place) { r.correct("filters."+name, e.Filters[name], one) })
	}
	for i, list := range []*[]string{&r.Unique, &r.Fixed} {
		key := []string{"unique", "fixed"}[i]
		if given := at.at(key); given.ok() {
			*list = nil
			r.forget(key)
			given.each(func(_ string, one place) {
				*list = append(*list, one.node.Value)
				r.Evidence = append(r.Evidence, Evidence{key, one.node.Value, "x-counterpart says so", true, one.rule()})
			})
		}
	}
}

// correct puts x-counterpart in the place of what was believed about a part before.
func (r *Resource) correct(part, value string, at place) {
	r.forget(part)
	r.Evidence = append(r.Evidence, Evidence{part, value, "x-counterpart says so", true, at.rule()})
}

func (r *Resource) forget(part string) {
	r.Evidence = slices.DeleteFunc(r.Evidence, func(e Evidence) bool { return e.Part == part || strings.HasPrefix(e.Part, part+".") })
}
