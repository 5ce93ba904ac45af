package openapi

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Under is the same contract with its paths below another base path than those of its servers: "/v2", or "/" for the
// root. The error says that there can be no such base path.
func (s *Spec) Under(base string) (*Spec, error) {
	if u, err := url.Parse(base); err != nil || !path.IsAbs(base) || u.EscapedPath() != path.Clean(base) || strings.ContainsAny(base, "{}") {
		return nil, fmt.Errorf("%q is no base path: use one such as /v2, or / for the root", base)
	}
	base = strings.TrimSuffix(base, "/")
	moved := &Spec{limits: s.limits, root: s.root, docs: s.docs, builtin: s.builtin, overlays: s.overlays, base: &base, is30: s.is30, is32: s.is32,
		leftover: s.leftover, byID: map[string]*Operation{}, routes: &node{}}
	if err := moved.describe(); err != nil {
		return nil, err
	}
	moved.warnings = s.warnings
	return moved, moved.describeResources()
}

// Bases are the base paths of all operations, each once, in the document's order; "" is the root.
func (s *Spec) Bases() []string {
	var bases []string
	for _, op := range s.operations {
		for _, base := range op.bases {
			if !slices.Contains(bases, base) {
				bases = append(bases, base)
			}
		}
	}
	return bases
}

// Spec is the contract that the operation belongs to.
func (o *Operation) Spec() *Spec { return o.spec }

// setServer makes a server of the base path the only one of a document.
func setServer(root *yaml.Node, base string) {
	for _, item := range members(child(root, "paths")) {
		deleteMember(item, "servers")
		for _, method := range methods {
			if op := child(item, method); op != nil {
				deleteMember(op, "servers")
			}
		}
	}
	server := mappingNode("url", stringNode(cmp.Or(base, "/")))
	setMember(root, "servers", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{server}})
}

// Routes find operations of several contracts. They never change; safe for concurrent use.
type Routes struct{ root *node }

// NewRoutes takes the contracts in their order, each at its own base paths. The error is a [*ClashError] when two
// describe the same method and path.
func NewRoutes(specs ...*Spec) (*Routes, error) {
	if len(specs) == 1 {
		return &Routes{specs[0].routes}, nil
	}
	routes, taken := &Routes{&node{}}, map[string]*Operation{}
	var clash ClashError
	for _, s := range specs {
		for _, op := range s.operations {
			for _, base := range op.bases {
				key := op.Method + " " + nameless(base+op.Path)
				if other := taken[key]; other != nil && other.spec != s {
					clash.Pairs = append(clash.Pairs, [2]*Operation{other, op})
				}
				taken[key] = op
				routes.root.insert(base+op.Path, op)
			}
		}
	}
	if len(clash.Pairs) > 0 {
		return nil, &clash
	}
	return routes, nil
}

// Find is [Spec.Find] among the operations of all contracts: a concrete segment wins over a templated one, whichever
// contract it is of. Every path and method that the error of an unknown one names is one of theirs.
func (r *Routes) Find(method, escapedPath string) (*Operation, map[string]string, error) {
	return r.root.operation(method, escapedPath)
}

// nameless is a template without the names of its parameters: two that differ in these only take the same paths.
func nameless(template string) string {
	parts := splitTemplate(template)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "{}"
	}
	return strings.Join(parts, "")
}

// ClashError says that contracts that are to be served together describe the same method and path.
type ClashError struct {
	Pairs [][2]*Operation // of two contracts, in their order
}

// Error names the places of the first three pairs.
func (e *ClashError) Error() string {
	const most = 3
	parts := make([]string, 0, most+2)
	for _, pair := range e.Pairs[:min(most, len(e.Pairs))] {
		parts = append(parts, fmt.Sprintf("%s %s is described by %s and by %s", pair[1].Method, pair[1].Base+pair[1].Path, pair[0].place(), pair[1].place()))
	}
	if more := len(e.Pairs) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(append(parts, "put one of them below another base path"), "; ")
}

// place names the title too: documents of several directories have names such as openapi.yaml.
func (o *Operation) place() string {
	rule := o.at.rule()
	return fmt.Sprintf("%q (%s:%d)", o.spec.Title, rule.Document, rule.Line)
}
