package openapi

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// view is the side from which a schema is seen: readOnly values are not required of a request, writeOnly ones must
// not occur in a response (OpenAPI 3.1, section 4.8.24.4; 3.0.4, section 4.7.24.2).
type view int

const (
	requestView view = iota
	responseView
)

// hides is the flag of the properties that messages of this side do without.
func (v view) hides() string {
	return [...]string{requestView: "readOnly", responseView: "writeOnly"}[v]
}

// compiler compiles the schemas of one view of the document, on demand.
type compiler struct {
	mu        sync.Mutex // guards all
	c         *jsonschema.Compiler
	units     map[string]place // by URL: what may have to be loaded
	acceptors acceptors
}

// compile compiles the schema at the place, and what tells its valid values quickly. Both compilers keep what they have
// compiled.
func (s *Spec) compile(v view, p place) (*jsonschema.Schema, *acceptor, error) {
	c := &s.compilers[v]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.c == nil {
		c.c, c.units, c.acceptors.limits = newCompiler(s.limits), map[string]place{}, s.limits
		c.c.LoadURL = func(url string) (io.ReadCloser, error) { return s.loadUnit(v, url) }
	}
	schema, err := c.c.Compile(c.locate(p.doc, p.pointer))
	if err != nil {
		return nil, nil, &DocumentError{File: p.doc.name, Line: p.doc.line(p.pointer), Err: fmt.Errorf("the schema at #%s cannot be used: %w", p.pointer, err)}
	}
	return schema, c.acceptors.of(schema), nil
}

func newCompiler(l Limits) *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat, c.AssertContent = true, true
	c.Formats = formats
	c.Decoders = map[string]func(string) ([]byte, error){embeddedJSON: l.embedded, "base64+" + embeddedJSON: l.embeddedBase64}
	c.MediaTypes = map[string]func([]byte) error{"application/json": func([]byte) error { return nil }}
	c.RegisterExtension(backtracking, nil, patternCompiler{l.PatternTime})
	c.RegisterExtension(condition, nil, conditionCompiler{})
	return c
}

// rewrite copies a part of a document with its schemas changed to what plain JSON Schema 2020-12 asks of this view.
func (s *Spec) rewrite(v view, d *document, part *yaml.Node, each func(part *yaml.Node, visit func(*yaml.Node))) *yaml.Node {
	part = cloneNode(part)
	each(part, func(n *yaml.Node) {
		if s.is30 {
			lift30(n)
		}
		if required := child(n, "required"); required != nil && required.Kind == yaml.ScalarNode { // see Spec.Warnings
			deleteMember(n, "required")
		}
		s.rewriteProperties(v, d, n)
		s.rewriteDiscriminator(d, n)
		if !s.leftover { // what a condition looks at is left over by no other keyword
			rewriteCondition(n)
		}
		rewriteNothing(n)
		rewritePattern(n)
		rewriteEmbedded(n)
	})
	return part
}

// rewriteNothing says what jsonschema does not see: that an empty list of values allows none.
func rewriteNothing(n *yaml.Node) {
	if enum := child(n, "enum"); enum != nil && enum.Kind == yaml.SequenceNode && len(enum.Content) == 0 {
		setMember(n, "enum", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{mappingNode("x-counterpart-nothing", stringNode("nothing"))}})
	}
}

var exclusiveBounds = [][2]string{{"exclusiveMinimum", "minimum"}, {"exclusiveMaximum", "maximum"}}

// lift30 turns what OpenAPI 3.0 says its own way into JSON Schema: nullable, exclusive bounds, $ref without siblings.
// openapi3conv does the same to a kin-openapi document, which has lost the places that violations name.
func lift30(n *yaml.Node) {
	if ref := child(n, "$ref"); ref != nil {
		n.Content = []*yaml.Node{stringNode("$ref"), ref}
		return
	}
	if t := child(n, "type"); t != nil && (place{node: n}).flag("nullable") {
		setMember(n, "type", &yaml.Node{Kind: yaml.SequenceNode, Line: t.Line, Content: []*yaml.Node{t, stringNode("null")}})
	}
	for _, pair := range exclusiveBounds {
		exclusive, bound := pair[0], pair[1]
		flag, limit := child(n, exclusive), child(n, bound)
		if flag == nil || flag.ShortTag() != "!!bool" {
			continue
		}
		deleteMember(n, exclusive)
		if flag.Value == "true" && limit != nil {
			deleteMember(n, bound)
			setMember(n, exclusive, limit)
		}
	}
}

// rewriteProperties takes readOnly properties out of a request's required ones, and forbids writeOnly ones in a response.
// One part of an allOf may require what another part hides, so names are gathered from all parts.
func (s *Spec) rewriteProperties(v view, d *document, n *yaml.Node) {
	hidden := map[string]bool{}
	s.eachPart(place{doc: d, node: n}, func(part place) {
		part.at("properties").each(func(_ string, property place) {
			if s.marked(property, v.hides()) {
				hidden[lastToken(property.pointer)] = true
			}
		})
	})
	properties := child(n, "properties")
	for name := range hidden {
		removeItem(child(n, "required"), name)
		for _, part := range members(child(n, "allOf")) {
			removeItem(child(part, "required"), name)
		}
		if v == responseView && child(properties, name) != nil {
			setMember(properties, name, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"})
		}
	}
}

// marked says whether a property's schema, or one that it includes, has the flag.
func (s *Spec) marked(p place, flag string) (found bool) {
	s.eachPart(p, func(part place) { found = found || part.flag(flag) })
	return found
}

// rewriteDiscriminator makes the discriminator choose the branch, so that only the branch that was meant is judged.
func (s *Spec) rewriteDiscriminator(d *document, n *yaml.Node) {
	property := place{doc: d, node: child(n, "discriminator")}.text("propertyName")
	for _, keyword := range []string{"oneOf", "anyOf"} {
		branches := child(n, keyword)
		if property == "" || branches == nil {
			continue
		}
		names, values := s.branchNames(d, child(n, "discriminator"), branches), []*yaml.Node{}
		needed := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{stringNode(property)}}
		var rules []*yaml.Node
		for i, branch := range branches.Content {
			for _, name := range names[i] {
				values = append(values, stringNode(name))
				is := mappingNode("properties", mappingNode(property, mappingNode("const", stringNode(name))), "required", needed)
				rules = append(rules, mappingNode("if", is, "then", branch))
			}
		}
		if len(rules) == 0 {
			continue
		}
		deleteMember(n, keyword)
		known := mappingNode("properties", mappingNode(property, mappingNode("enum", &yaml.Node{Kind: yaml.SequenceNode, Content: values})),
			"required", needed)
		all := &yaml.Node{Kind: yaml.SequenceNode, Content: append([]*yaml.Node{known}, rules...)}
		if before := child(n, "allOf"); before != nil {
			all.Content = append(append([]*yaml.Node(nil), before.Content...), all.Content...)
		}
		setMember(n, "allOf", all)
	}
}

// branchNames lists, for each branch, the values of the discriminator that mean it: those that the mapping gives, or
// else the only one that the branch allows, or else the name of the schema (OpenAPI 3.1, section 4.8.25).
func (s *Spec) branchNames(d *document, discriminator, branches *yaml.Node) [][]string {
	mapping := child(discriminator, "mapping")
	names := make([][]string, len(branches.Content))
	for i, branch := range branches.Content {
		ref := place{doc: d, node: branch}.text("$ref")
		if ref == "" {
			continue
		}
		short := ref[strings.LastIndexAny(ref, "/#")+1:]
		for value, target := range members(mapping) {
			if target.Value == ref || target.Value == short {
				names[i] = append(names[i], value)
			}
		}
		if len(names[i]) == 0 {
			names[i] = []string{short}
			for _, property := range s.property(place{doc: d, node: branch}, place{node: discriminator}.text("propertyName")) {
				if only := property.text("const"); only != "" {
					names[i] = []string{only}
				}
			}
		}
	}
	return names
}

// secretNames are the names of all properties that hold secrets: writeOnly, or of the format password.
func (s *Spec) secretNames() map[string]bool {
	names := map[string]bool{}
	for _, d := range s.docs {
		eachSchema(d.root, func(n *yaml.Node) {
			for name, property := range members(child(n, "properties")) {
				names[name] = names[name] || s.secretPlace(place{doc: d, node: property})
			}
		})
	}
	return names
}

// What a key of the document leads to; any other key leads to plain structure.
var (
	schemaKeys     = words("schema items additionalProperties not if then else contains propertyNames unevaluatedItems unevaluatedProperties contentSchema")
	schemaListKeys = words("allOf anyOf oneOf prefixItems items")
	schemaMapKeys  = words("schemas properties patternProperties $defs definitions dependentSchemas")
	objectMapKeys  = words("parameters responses requestBodies headers securitySchemes links callbacks pathItems paths webhooks content encoding")
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// eachSchema visits every schema below the root, outermost first. The visitor may change the schema.
func eachSchema(root *yaml.Node, visit func(*yaml.Node)) {
	if child(root, "openapi") == nil && looksLikeSchema(root) {
		walkSchema(root, visit)
		return
	}
	walkObject(root, visit)
}

// looksLikeSchema tells a file that is a schema from one that holds parts of a document.
func looksLikeSchema(n *yaml.Node) bool {
	for _, key := range []string{"$schema", "$id", "type", "properties", "allOf", "anyOf", "oneOf", "enum", "const", "items"} {
		if child(n, key) != nil {
			return true
		}
	}
	return false
}

func walkObject(n *yaml.Node, visit func(*yaml.Node)) {
	for key, value := range members(n) {
		switch {
		case n.Kind == yaml.SequenceNode:
			walkObject(value, visit)
		case literal(key, value) || key == "examples":
		case key == "schema":
			walkSchema(value, visit)
		case key == "schemas":
			walkEach(value, visit, walkSchema)
		case objectMapKeys[key]:
			walkEach(value, visit, walkObject)
		case looksLikeSchema(value) && child(n, "openapi") == nil && child(value, "in") == nil && child(value, "scheme") == nil:
			walkSchema(value, visit)
		default:
			walkObject(value, visit)
		}
	}
}

func walkEach(n *yaml.Node, visit func(*yaml.Node), walk func(*yaml.Node, func(*yaml.Node))) {
	for _, value := range members(n) {
		walk(value, visit)
	}
}

func walkSchema(n *yaml.Node, visit func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		return
	}
	visit(n)
	for key, value := range members(n) {
		switch {
		case schemaListKeys[key] && value.Kind == yaml.SequenceNode, schemaMapKeys[key] && value.Kind == yaml.MappingNode:
			walkEach(value, visit, walkSchema)
		case schemaKeys[key]:
			walkSchema(value, visit)
		}
	}
}

func cloneNode(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i := range n.Content {
		c.Content[i] = cloneNode(n.Content[i])
	}
	return &c
}

func stringNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// mappingNode takes keys (string) and values (*yaml.Node) in turn.
func mappingNode(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Content = append(n.Content, stringNode(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}

func setMember(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, stringNode(key), value)
}

func deleteMember(n *yaml.Node, key string) {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
			return
		}
	}
}

func removeItem(list *yaml.Node, value string) {
	for i := 0; list != nil && i < len(list.Content); i++ {
		if list.Content[i].Value == value {
			list.Content = append(list.Content[:i:i], list.Content[i+1:]...)
			return
		}
	}
}
