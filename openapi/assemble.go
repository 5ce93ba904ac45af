package openapi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// kin-openapi's own decoding reads every byte two or three times for each level that it is nested, which is most of what
// loading a large document would take. So it is given small pieces, which are put together here, on all processors; and
// what says nothing about the structure, such as descriptions, is left out.

// assembly lists what is to be assembled, in the document's order.
type assembly []assembled

type assembled struct {
	at       place
	assemble func(a *assembler)
}

// assembler makes the parts of a document as kin-openapi knows them, until one of them cannot be decoded.
type assembler struct {
	*bench
	spec   *Spec
	failed error
	at     place // of what failed
}

// bench is what one assembler leaves to the next: the memory of its texts, and what kin-openapi made of those that a large
// document has many times.
type bench struct {
	text       []byte // of the last piece
	schemas    map[string]*openapi3.Schema
	parameters map[string]*openapi3.ParameterRef
	component  *openapi3.Schema // stands for every one that is referred to
}

// do assembles everything and returns the first error, in the document's order, with its place.
func (w assembly) do(s *Spec) (place, error) {
	done := make([]assembler, len(w))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			b := &bench{schemas: map[string]*openapi3.Schema{}, parameters: map[string]*openapi3.ParameterRef{}, component: openapi3.NewSchema()}
			for i := next.Add(1) - 1; i < int64(len(w)); i = next.Add(1) - 1 {
				done[i] = assembler{bench: b, spec: s}
				w[i].into(&done[i])
				done[i].bench = nil
			}
		})
	}
	workers.Wait()
	for _, a := range done {
		if a.failed != nil {
			return a.at, a.failed
		}
	}
	return place{}, nil
}

// into assembles with a; what kin-openapi panics on cannot be decoded.
func (p assembled) into(a *assembler) {
	defer func() {
		if reason := recover(); reason != nil {
			a.failed, a.at = fmt.Errorf("kin-openapi panics: %v", reason), p.at
		}
	}()
	p.assemble(a)
}

// paths adds the path items and webhooks.
func (w *assembly) paths(doc *openapi3.T, top place) {
	top.at("paths").each(func(path string, at place) {
		if strings.HasPrefix(path, "x-") {
			return
		}
		item := &openapi3.PathItem{}
		doc.Paths.Set(path, item)
		*w = append(*w, assembled{at, func(a *assembler) { a.pathItem(at, item) }})
	})
	if webhooks := top.at("webhooks"); webhooks.ok() {
		doc.Webhooks = decodeAll[openapi3.PathItem](w, webhooks)
	}
}

// components adds the components; doc has some already where they are no mapping.
func (w *assembly) components(doc *openapi3.T, at place) {
	if !at.ok() || doc.Components != nil {
		return
	}
	doc.Components = &openapi3.Components{
		Schemas:         assembleAll(w, at.at("schemas"), (*assembler).schemaInto),
		Responses:       assembleAll(w, at.at("responses"), (*assembler).responseInto),
		Parameters:      decodeAll[openapi3.ParameterRef](w, at.at("parameters")),
		Headers:         decodeAll[openapi3.HeaderRef](w, at.at("headers")),
		RequestBodies:   decodeAll[openapi3.RequestBodyRef](w, at.at("requestBodies")),
		SecuritySchemes: decodeAll[openapi3.SecuritySchemeRef](w, at.at("securitySchemes")),
		Examples:        decodeAll[openapi3.ExampleRef](w, at.at("examples")),
		Links:           decodeAll[openapi3.LinkRef](w, at.at("links")),
		Callbacks:       decodeAll[openapi3.CallbackRef](w, at.at("callbacks")),
	}
}

func assembleAll[T any](w *assembly, owner place, assemble func(a *assembler, at place, into *T)) map[string]*T {
	if !owner.ok() {
		return nil
	}
	all := map[string]*T{}
	owner.each(func(name string, at place) {
		value := new(T)
		all[soundName(name)] = value
		*w = append(*w, assembled{at, func(a *assembler) { assemble(a, at, value) }})
	})
	return all
}

func decodeAll[T any](w *assembly, owner place) map[string]*T {
	return assembleAll(w, owner, func(a *assembler, at place, into *T) { a.decode(at, into) })
}

// decode lets kin-openapi decode the part, without the members that are assembled.
func (a *assembler) decode(at place, into any, without ...string) {
	if a.write(at, without) {
		a.read(at, into)
	}
}

// decodeOnce is decode for what a document has many times; known is what the texts so far were decoded to.
func decodeOnce[T any](a *assembler, known map[string]*T, at place, into *T, without ...string) {
	if !a.write(at, without) {
		return
	}
	if same := known[string(a.text)]; same != nil {
		*into = *same
		return
	}
	a.read(at, into)
	if a.failed == nil && !bytes.Contains(a.text, []byte(`"$ref"`)) { // what a reference leads to is set in each
		same := *into
		known[string(a.text)] = &same
	}
}

// write makes the text of the part; false where there is nothing to decode.
func (a *assembler) write(at place, without []string) bool {
	part := at.node
	if len(without) > 0 && part.Kind == yaml.MappingNode {
		part = &yaml.Node{Kind: yaml.MappingNode}
		for i := 0; i+1 < len(at.node.Content); i += 2 {
			if !slices.Contains(without, at.node.Content[i].Value) {
				part.Content = append(part.Content, at.node.Content[i], at.node.Content[i+1])
			}
		}
		if len(part.Content) == 0 {
			return false
		}
	}
	a.text = outline{a.spec, at.doc}.append(a.text[:0], part, false)
	return a.failed == nil
}

func (a *assembler) read(at place, into any) {
	if err := json.Unmarshal(a.text, into); err != nil {
		a.failed, a.at = err, at
	}
}

// memberKind is the kind of a member's value; 0 where there is none.
func (p place) memberKind(key string) yaml.Kind {
	if member := p.doc.child(p.node, key); member != nil {
		return member.Kind
	}
	return 0
}

// mappings are those of the members that are mappings; kin-openapi is to see what the others are.
func mappings(at place, keys ...string) (list []string) {
	for _, key := range keys {
		if at.memberKind(key) == yaml.MappingNode {
			list = append(list, key)
		}
	}
	return list
}

func sequences(at place, keys ...string) (list []string) {
	for _, key := range keys {
		if at.memberKind(key) == yaml.SequenceNode {
			list = append(list, key)
		}
	}
	return list
}

// isSchema says whether a reference names a schema among the components of the document itself, which is no reference.
func (s *Spec) isSchema(ref string) bool {
	name, ok := strings.CutPrefix(ref, "#/components/schemas/")
	if !ok || strings.ContainsAny(name, "/%~") {
		return false
	}
	schema := s.root.top().at("components", "schemas", name)
	return schema.ok() && schema.node.Kind == yaml.MappingNode && schema.memberKind("$ref") == 0
}

// reference is the $ref of what is nothing but a reference.
func (a *assembler) reference(at place) (string, bool) {
	if at.node.Kind != yaml.MappingNode || len(at.node.Content) != 2 || at.node.Content[0].Value != "$ref" {
		return "", false
	}
	ref := at.text("$ref")
	return soundReference(ref), ref != "" && !a.spec.opaque(at.doc, ref)
}

func (a *assembler) pathItem(at place, item *openapi3.PathItem) {
	own, additional := mappings(at, methods...), mappings(at, "additionalOperations")
	a.decode(at, item, append(additional, own...)...)
	for _, method := range own {
		item.SetOperation(strings.ToUpper(method), a.operation(at.at(method)))
	}
	if len(additional) > 0 {
		item.AdditionalOperations = map[string]*openapi3.Operation{}
		at.at("additionalOperations").each(func(method string, op place) { item.AdditionalOperations[method] = a.operation(op) })
	}
}

func (a *assembler) operation(at place) *openapi3.Operation {
	op, own := &openapi3.Operation{}, mappings(at, "responses", "requestBody")
	own = append(own, sequences(at, "parameters")...)
	a.decode(at, op, own...)
	for _, key := range own {
		switch member := at.at(key); key {
		case "parameters":
			member.each(func(_ string, p place) { op.Parameters = append(op.Parameters, a.parameter(p)) })
		case "requestBody":
			op.RequestBody = a.requestBody(member)
		case "responses":
			op.Responses = a.responses(member)
		}
	}
	return op
}

func (a *assembler) parameter(at place) *openapi3.ParameterRef {
	into := &openapi3.ParameterRef{}
	if ref, ok := a.reference(at); ok {
		into.Ref = ref
	} else {
		decodeOnce(a, a.parameters, at, into)
	}
	return into
}

func (a *assembler) requestBody(at place) *openapi3.RequestBodyRef {
	into := &openapi3.RequestBodyRef{}
	if at.text("$ref") != "" {
		a.decode(at, into)
		return into
	}
	into.Value = &openapi3.RequestBody{}
	own := mappings(at, "content")
	a.decode(at, into.Value, own...)
	if len(own) > 0 {
		into.Value.Content = a.content(at.at("content"))
	}
	return into
}

func (a *assembler) responses(at place) *openapi3.Responses {
	all := openapi3.NewResponsesWithCapacity(0)
	at.each(func(status string, answer place) {
		if !strings.HasPrefix(status, "x-") {
			ref := &openapi3.ResponseRef{}
			a.responseInto(answer, ref)
			all.Set(status, ref)
		}
	})
	return all
}

func (a *assembler) responseInto(at place, into *openapi3.ResponseRef) {
	if ref, ok := a.reference(at); ok {
		into.Ref = ref
		return
	}
	if at.text("$ref") != "" || at.node.Kind != yaml.MappingNode {
		a.decode(at, into)
		return
	}
	into.Value = &openapi3.Response{Description: new(string)} // need not be there since OpenAPI 3.2; see Spec.Warnings
	own := mappings(at, "content")
	if at.memberKind("description") == yaml.ScalarNode {
		own = append(own, "description")
	}
	a.decode(at, into.Value, own...)
	if into.Value.Description == nil {
		into.Value.Description = new(string)
	}
	if slices.Contains(own, "content") {
		into.Value.Content = a.content(at.at("content"))
	}
}

func (a *assembler) content(at place) openapi3.Content {
	all := openapi3.Content{}
	at.each(func(mediaRange string, media place) { all[mediaRange] = a.mediaType(media) })
	return all
}

func (a *assembler) mediaType(at place) *openapi3.MediaType {
	media, own := &openapi3.MediaType{}, mappings(at, "schema")
	a.decode(at, media, own...)
	if len(own) > 0 {
		media.Schema = a.schema(at.at("schema"))
	}
	return media
}

func (a *assembler) schema(at place) *openapi3.SchemaRef {
	ref := &openapi3.SchemaRef{}
	a.schemaInto(at, ref)
	return ref
}

func (a *assembler) schemaInto(at place, into *openapi3.SchemaRef) {
	if ref, ok := a.reference(at); ok {
		into.Ref = ref
		// A component is checked where it stands. kin-openapi would do so at each reference, and for all that it refers to.
		if a.spec.isSchema(at.text("$ref")) {
			into.Value = a.component
		}
		return
	}
	if ref := at.text("$ref"); ref != "" && !a.spec.opaque(at.doc, ref) || at.node.Kind != yaml.MappingNode {
		a.decode(at, into)
		return
	}
	own := append(mappings(at, "properties", "items"), sequences(at, "allOf", "anyOf", "oneOf")...)
	into.Value = &openapi3.Schema{}
	decodeOnce(a, a.schemas, at, into.Value, own...)
	for _, key := range own {
		switch key {
		case "items":
			into.Value.Items = a.schema(at.at(key))
		case "allOf":
			into.Value.AllOf = a.schemaList(at.at(key))
		case "anyOf":
			into.Value.AnyOf = a.schemaList(at.at(key))
		case "oneOf":
			into.Value.OneOf = a.schemaList(at.at(key))
		case "properties":
			into.Value.Properties = openapi3.Schemas{}
			at.at(key).each(func(name string, property place) { into.Value.Properties[name] = a.schema(property) })
		}
	}
}

func (a *assembler) schemaList(at place) (list openapi3.SchemaRefs) {
	at.each(func(_ string, item place) { list = append(list, a.schema(item)) })
	return list
}

// outline writes parts of a document as JSON without what says nothing about their structure.
type outline struct {
	spec *Spec
	from *document
}

// append writes a part. The keys of a named mapping are names that the document's author chose.
func (o outline) append(dst []byte, n *yaml.Node, named bool) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		open := len(dst)
		for key, value := range members(n) {
			if named || !o.skips(n, key, value) {
				dst = append(appendString(append(dst, ','), key), ':')
				dst = o.appendMember(dst, key, value, named)
			}
		}
		if len(dst) == open {
			dst = append(dst, '{')
		}
		dst[open] = '{'
		return append(dst, '}')
	case yaml.SequenceNode:
		dst = append(dst, '[')
		for i, item := range n.Content {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = o.append(dst, item, false)
		}
		return append(dst, ']')
	}
	return appendScalar(dst, n)
}

// skips says whether a keyword is left out: extensions, examples, which are judged elsewhere, and what kin-openapi does
// not understand.
func (o outline) skips(owner *yaml.Node, key string, value *yaml.Node) bool {
	switch key {
	case "example", "collectionFormat": // the latter of Swagger 2.0, see Spec.Unsupported
		return true
	case "examples":
		return value.Kind != yaml.ScalarNode
	case "required":
		return misplacedRequired(owner, value)
	case "$ref":
		return value.Kind == yaml.ScalarNode && o.spec.opaque(o.from, value.Value)
	}
	return strings.HasPrefix(key, "x-")
}

// misplacedRequired recognises a property that says of itself whether it is required, as JSON Schema had it once.
func misplacedRequired(owner, value *yaml.Node) bool {
	return value.ShortTag() == "!!bool" && child(owner, "in") == nil && child(owner, "schema") == nil && child(owner, "content") == nil
}

func (o outline) appendMember(dst []byte, key string, value *yaml.Node, named bool) []byte {
	isText := value.Kind == yaml.ScalarNode && value.ShortTag() == "!!str"
	switch {
	case named:
		return o.append(dst, value, false)
	case key == "description" && isText:
		return append(dst, `""`...)
	case key == "$ref" && isText:
		return appendString(dst, soundReference(value.Value))
	case o.spec.is30 && bound31(key, value):
		return append(dst, "true"...)
	case o.spec.is30 && key == "type" && value.Kind == yaml.SequenceNode && len(value.Content) > 0:
		return o.append(dst, value.Content[0], false)
	case literal(key, value):
		return appendNode(dst, value)
	}
	return o.append(dst, value, value.Kind == yaml.MappingNode && (schemaMapKeys[key] || objectMapKeys[key]))
}

// bound31 recognises an exclusive bound as OpenAPI 3.1 writes it: as a number.
func bound31(key string, value *yaml.Node) bool {
	tag := value.ShortTag()
	return (key == "exclusiveMinimum" || key == "exclusiveMaximum") && (tag == "!!int" || tag == "!!float")
}

// soundName is what kin-openapi is told that a component is called: it refuses names that OpenAPI 3 does not allow, such
// as the `Page«Pet»` of some generators.
func soundName(name string) string {
	if openapi3.ValidateIdentifier(name) == nil {
		return name
	}
	return "_" + hex.EncodeToString([]byte(name))
}

// soundReference names the component as soundName does.
func soundReference(ref string) string {
	section, name, isComponent := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	if !isComponent || !strings.HasPrefix(ref, "#/components/") {
		return ref
	}
	name, rest, nested := strings.Cut(name, "/")
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	ref = "#/components/" + section + "/" + soundName(pointerUnescaper.Replace(name))
	if nested {
		ref += "/" + rest
	}
	return ref
}
