package openapi

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"encoding/json"

	"gopkg.in/yaml.v3"
)

// DocumentOptions says how [Spec.Document] writes. The zero value is YAML in the document's own version.
type DocumentOptions struct {
	JSON    bool
	OpenAPI string // "3.1", "3.0" for tools that cannot read 3.1, or "" for the document's own
}

// Document writes the contract, overlays applied, as one self-contained document: what it refers to in other files
// becomes its own. As 3.0 it loses what 3.0 cannot say (conditions, embedded JSON); structure and types stay.
func (s *Spec) Document(o DocumentOptions) ([]byte, error) {
	root := (&bundler{spec: s, root: cloneNode(s.root.root), names: map[string]string{}}).bundle()
	if s.base != nil {
		setServer(root, *s.base)
	}
	switch {
	case o.OpenAPI == "3.0" && !s.is30:
		lower30(root)
	case o.OpenAPI == "3.1" && s.is30:
		eachSchema(root, lift30)
		setMember(root, "openapi", stringNode("3.1.0"))
	case o.OpenAPI != "" && o.OpenAPI != "3.0" && o.OpenAPI != "3.1":
		return nil, fmt.Errorf("OpenAPI version %q cannot be written: use 3.0 or 3.1", o.OpenAPI)
	}
	if o.JSON {
		var out bytes.Buffer
		if err := json.Indent(&out, appendNode(nil, root), "", "  "); err != nil {
			return nil, fmt.Errorf("writing the document: %w", err)
		}
		out.WriteByte('\n')
		return out.Bytes(), nil
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("writing the document: %w", err)
	}
	return out.Bytes(), enc.Close()
}

// bundler brings what other files hold into one document.
type bundler struct {
	spec  *Spec
	root  *yaml.Node
	names map[string]string // file#fragment → component
}

func (b *bundler) bundle() *yaml.Node {
	b.take(b.root, b.spec.root.name)
	return b.root
}

// take rewrites the references of a part that comes from the named file: schemas become components, anything else is
// put in the place of its reference.
func (b *bundler) take(n *yaml.Node, from string) {
	eachSchema(n, func(schema *yaml.Node) {
		b.renameBranches(schema, from)
		if ref := child(schema, "$ref"); ref != nil {
			ref.Value = "#" + b.component(from, ref.Value)
			ref.Tag = "!!done" // seen, see inline
		}
	})
	b.inline(n, from)
}

func (b *bundler) inline(n *yaml.Node, from string) {
	if b.replace(n, from) {
		return
	}
	var owners []*yaml.Node
	eachKeyword(n, func(_ string, value *yaml.Node) {
		owners = append(owners, value)
		owners = append(owners, value.Content...)
	})
	for _, owner := range owners {
		b.replace(owner, from)
	}
}

// replace puts what a reference to another file points at into its place, and says whether there was one.
func (b *bundler) replace(n *yaml.Node, from string) bool {
	ref := child(n, "$ref")
	switch {
	case ref == nil || n.Kind != yaml.MappingNode || ref.Kind != yaml.ScalarNode:
		return false
	case ref.Tag == "!!done":
		ref.Tag = "!!str"
		return false
	}
	name, fragment, err := resolveRef(from, ref.Value)
	if target := b.spec.target(place{doc: b.spec.docs[from], node: n}); err == nil && name != b.spec.root.name && target.ok() {
		*n = *cloneNode(target.node)
		b.take(n, name)
		return true
	}
	ref.Value = "#" + fragment
	return false
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// component is the JSON Pointer of the component that stands for a reference.
func (b *bundler) component(from, ref string) string {
	name, fragment, err := resolveRef(from, ref)
	if err != nil || name == b.spec.root.name {
		return fragment
	}
	key := name + "#" + fragment
	if b.names[key] == "" {
		found := b.part(name, fragment)
		if !found.ok() {
			return fragment
		}
		b.names[key] = b.freeName(name, fragment)
		part := cloneNode(found.node)
		deleteMember(part, "$schema")
		deleteMember(part, "$id")
		setMember(b.schemas(), b.names[key], part)
		walkSchema(part, func(schema *yaml.Node) {
			b.renameBranches(schema, name)
			if ref := child(schema, "$ref"); ref != nil {
				ref.Value = "#" + b.component(name, ref.Value)
			}
		})
	}
	return "/components/schemas/" + b.names[key]
}

// part is what stands at a JSON Pointer in a file. It is not there where nothing but an unknown key, which means nothing, refers
// to it: such a reference is not followed.
func (b *bundler) part(file, pointer string) place {
	if doc := b.spec.docs[file]; doc != nil {
		return doc.top().lookup(pointer)
	}
	return place{}
}

// renameBranches does for a discriminator's mapping what component does for the branches that it names.
func (b *bundler) renameBranches(schema *yaml.Node, from string) {
	for _, branch := range members(child(child(schema, "discriminator"), "mapping")) {
		if name, _, err := resolveRef(from, branch.Value); err == nil && b.spec.docs[name] != nil {
			branch.Value = "#" + b.component(from, branch.Value)
		}
	}
}

func (b *bundler) schemas() *yaml.Node {
	n := b.root
	for _, key := range []string{"components", "schemas"} {
		if child(n, key) == nil {
			setMember(n, key, mappingNode())
		}
		n = child(n, key)
	}
	return n
}

func (b *bundler) freeName(file, fragment string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(file, path.Ext(file)), ".schema")
	if fragment != "" {
		base = lastToken(fragment)
	}
	base = notInName.ReplaceAllString(base, "_")
	name := base
	for i := 2; child(b.schemas(), name) != nil; i++ {
		name = base + strconv.Itoa(i)
	}
	return name
}

// keywords30 are what a schema may say in OpenAPI 3.0 (3.0.4, section 4.7.24).
var keywords30 = words(`title multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems
	uniqueItems maxProperties minProperties required enum type allOf oneOf anyOf not items properties additionalProperties description
	format default nullable discriminator readOnly writeOnly xml externalDocs example deprecated $ref`)

// lower30 turns a 3.1 document into a 3.0 one. No library does it for Go: kin-openapi only goes up.
func lower30(root *yaml.Node) {
	setMember(root, "openapi", stringNode("3.0.3"))
	deleteMember(root, "jsonSchemaDialect")
	deleteMember(root, "webhooks")
	deleteMember(child(root, "info"), "summary")
	deleteMember(child(child(root, "info"), "license"), "identifier")
	deleteMember(child(root, "components"), "pathItems")
	if child(root, "paths") == nil {
		setMember(root, "paths", mappingNode())
	}
	eachSchema(root, lowerSchema)
	eachSchema(root, dropEmptyParts)
}

func lowerSchema(n *yaml.Node) {
	if ref := child(n, "$ref"); ref != nil {
		n.Content = []*yaml.Node{stringNode("$ref"), ref}
		return
	}
	lowerTypes(n)
	if value := child(n, "const"); value != nil {
		setMember(n, "enum", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{value}})
	}
	if list := child(n, "examples"); list != nil && len(list.Content) > 0 {
		setMember(n, "example", list.Content[0])
	}
	for _, pair := range exclusiveBounds {
		exclusive, bound := pair[0], pair[1]
		if limit := child(n, exclusive); limit != nil {
			setMember(n, bound, limit)
			setMember(n, exclusive, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		}
	}
	if (place{node: n}).text("type") == "array" && child(n, "items") == nil {
		setMember(n, "items", mappingNode())
	}
	for i := 0; i+1 < len(n.Content); {
		if key := n.Content[i].Value; keywords30[key] || strings.HasPrefix(key, "x-") {
			lowerBoolean(key, n.Content[i+1])
			i += 2
			continue
		}
		n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
	}
}

// lowerTypes turns a list of types into one type or into alternatives, nullable where null is among them.
func lowerTypes(n *yaml.Node) {
	types := child(n, "type")
	if types == nil || types.Kind == yaml.ScalarNode && types.Value != "null" {
		return
	}
	list := types.Content
	if types.Kind == yaml.ScalarNode {
		list = []*yaml.Node{types}
	}
	var alternatives []*yaml.Node
	null := false
	for _, t := range list {
		if t.Value == "null" {
			null = true
			continue
		}
		alternatives = append(alternatives, mappingNode("type", t))
	}
	deleteMember(n, "type")
	switch {
	case len(alternatives) == 0:
		setMember(n, "enum", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}}})
		alternatives = append(alternatives, n)
	case len(alternatives) == 1:
		setMember(n, "type", child(alternatives[0], "type"))
		alternatives[0] = n
	case child(n, "anyOf") == nil:
		setMember(n, "anyOf", &yaml.Node{Kind: yaml.SequenceNode, Content: alternatives})
	}
	for _, alternative := range alternatives {
		if null {
			setMember(alternative, "nullable", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		}
	}
}

// lowerBoolean turns boolean schemas, which 3.0 knows only in additionalProperties, into objects.
func lowerBoolean(key string, value *yaml.Node) {
	lower := func(n *yaml.Node) {
		if n.ShortTag() == "!!bool" && n.Value == "true" {
			*n = *mappingNode()
		} else if n.ShortTag() == "!!bool" {
			*n = *mappingNode("not", mappingNode())
		}
	}
	switch key {
	case "items", "not":
		lower(value)
	case "properties", "allOf", "anyOf", "oneOf":
		for _, schema := range members(value) {
			lower(schema)
		}
	}
}

// dropEmptyParts removes the parts of an allOf that said only what 3.0 cannot say.
func dropEmptyParts(n *yaml.Node) {
	parts := child(n, "allOf")
	if parts == nil {
		return
	}
	kept := parts.Content[:0:0]
	for _, part := range parts.Content {
		if len(part.Content) > 0 {
			kept = append(kept, part)
		}
	}
	if parts.Content = kept; len(kept) == 0 {
		deleteMember(n, "allOf")
	}
}
