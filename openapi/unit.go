package openapi

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strings"

	"gopkg.in/yaml.v3"
)

// A unit is what jsonschema takes in as one resource: a component, or a schema that stands in an operation. Units are
// loaded when something refers to them, so that the first message costs what its own schemas cost, whatever the size of
// the document. jsonschema also looks through a whole resource for each schema that it compiles in it.
//
// A document whose schemas have names of their own (`$id`, `$anchor`) is one unit: what a reference means depends on all
// of it. So is a file that is referred to.

const componentSchemas = "/components/schemas/"

// unitOf splits a pointer into that of its unit and the rest.
func (d *document) unitOf(pointer string) (unit, rest string) {
	if d.named || child(d.root, "openapi") == nil {
		return "", pointer
	}
	name, isComponent := strings.CutPrefix(pointer, componentSchemas)
	if end := strings.IndexByte(name, '/'); isComponent && end >= 0 {
		end += len(componentSchemas)
		return pointer[:end], pointer[end:]
	}
	return pointer, ""
}

// locate is the URL of a place in its unit, which may be loaded from now on.
func (c *compiler) locate(d *document, pointer string) string {
	unit, rest := d.unitOf(pointer)
	address := d.url() + (&url.URL{Path: unit}).EscapedPath()
	if _, known := c.units[address]; !known {
		c.units[address] = d.top().lookup(unit)
	}
	return address + "#" + (&url.URL{Fragment: rest}).EscapedFragment()
}

// loadUnit gives jsonschema a unit as JSON.
func (s *Spec) loadUnit(v view, address string) (io.ReadCloser, error) {
	c := &s.compilers[v]
	if d := s.docs[strings.TrimPrefix(address, "file:///")]; d != nil {
		c.units[address] = d.top()
	}
	unit := c.units[address]
	if !unit.ok() {
		return nil, fmt.Errorf("%s is not part of the document", address)
	}
	each := walkSchema
	if unit.pointer == "" {
		each = eachSchema
	}
	part := s.rewrite(v, unit.doc, unit.node, each)
	if dialect := child(part, "$schema"); dialect != nil && (unit.pointer != "" || !isDraft(dialect.Value)) {
		deleteMember(part, "$schema") // inside a document it means nothing; see Spec.Unsupported
	}
	each(part, func(n *yaml.Node) { s.rewriteReference(c, unit.doc, n) })
	return io.NopCloser(bytes.NewReader(appendNode(nil, part))), nil
}

// rewriteReference makes a reference name the unit that it leads into.
func (s *Spec) rewriteReference(c *compiler, from *document, n *yaml.Node) {
	ref := child(n, "$ref")
	if ref == nil || from.named && child(from.root, "openapi") == nil {
		return
	}
	name, fragment, err := resolveRef(from.name, ref.Value)
	if err != nil || s.docs[name] == nil { // has been rewritten, or is for jsonschema to refuse
		return
	}
	if decoded, err := url.PathUnescape(fragment); err == nil {
		fragment = decoded
	}
	setMember(n, "$ref", stringNode(c.locate(s.docs[name], fragment)))
}

// unitPlace is the place that jsonschema names by the URL of a unit and a pointer in it; not ok() for one that the view
// made, nor outside of the document.
func (s *Spec) unitPlace(v view, address, pointer string) place {
	c := &s.compilers[v]
	c.mu.Lock()
	unit := c.units[address]
	c.mu.Unlock()
	if !unit.ok() {
		return place{doc: &document{name: strings.TrimPrefix(address, "file:///"), root: mappingNode()}, pointer: pointer}
	}
	return unit.lookup(pointer)
}
