package openapi

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A Swagger 2.0 document becomes an OpenAPI 3.0 one when it is read, node by node, so that every rule keeps its line. What
// ends up in another place remembers where the user wrote it. kin-openapi's openapi2conv keeps neither lines nor the order
// of members, and forgets the media types of `produces` at the root; a test holds this against it all the same.

// swagger converts one document.
type swagger struct {
	consumes, produces []string              // of the root
	parameters         map[string]*yaml.Node // of the root, by name
	moved              map[*yaml.Node]string // where the user wrote what stands elsewhere: JSON Pointer
}

// part is a value with its place in the user's document.
type part struct {
	node    *yaml.Node
	pointer string
}

func (p part) at(key string) part {
	return part{child(p.node, key), p.pointer + "/" + escapePointer(key)}
}

func (p part) text(key string) string { return place{node: p.node}.text(key) }

func (p part) each(visit func(key *yaml.Node, member part)) {
	if p.node == nil {
		return
	}
	for i := 0; p.node.Kind == yaml.MappingNode && i+1 < len(p.node.Content); i += 2 {
		key := p.node.Content[i]
		visit(key, part{p.node.Content[i+1], p.pointer + "/" + escapePointer(key.Value)})
	}
	for i := 0; p.node.Kind == yaml.SequenceNode && i < len(p.node.Content); i++ {
		visit(nil, part{p.node.Content[i], p.pointer + "/" + strconv.Itoa(i)})
	}
}

// isSwagger says whether the document is one of Swagger 2.0.
func isSwagger(root *yaml.Node) bool { return place{node: root}.text("swagger") == "2.0" }

// liftSwagger turns the document into OpenAPI 3.0.
func (d *document) liftSwagger() {
	s := &swagger{moved: map[*yaml.Node]string{}, parameters: map[string]*yaml.Node{}}
	top := part{d.root, ""}
	s.consumes, s.produces = texts(top.at("consumes").node), texts(top.at("produces").node)
	top.at("parameters").each(func(key *yaml.Node, p part) { s.parameters[key.Value] = p.node })
	d.root, d.moved = s.document(top), s.moved
}

// built is a new node for what the user wrote at the pointer, or below it.
func (s *swagger) built(from part, kind yaml.Kind) *yaml.Node {
	n := &yaml.Node{Kind: kind, Tag: map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq"}[kind]}
	if from.node != nil {
		n.Line = from.node.Line
	}
	s.moved[n] = from.pointer
	return n
}

// keep remembers where a node was that the user wrote.
func (s *swagger) keep(p part) *yaml.Node {
	s.moved[p.node] = p.pointer
	return p.node
}

// put adds a member whose key is new.
func put(n *yaml.Node, key string, value *yaml.Node) {
	k := stringNode(key)
	k.Line = value.Line
	n.Content = append(n.Content, k, value)
}

// putKey adds a member with the user's own key, which knows its line.
func putKey(n, key, value *yaml.Node) { n.Content = append(n.Content, key, value) }

func (s *swagger) document(top part) *yaml.Node {
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: top.node.Line}
	components := s.built(part{nil, ""}, yaml.MappingNode)
	top.each(func(key *yaml.Node, member part) {
		switch key.Value {
		case "swagger":
			putKey(root, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "openapi", Line: key.Line}, stringNode("3.0.3"))
		case "host", "basePath", "schemes", "consumes", "produces":
		case "paths":
			member.each(func(_ *yaml.Node, item part) { s.pathItem(item) })
			putKey(root, key, member.node)
		case "definitions":
			put(components, "schemas", s.keep(member))
		case "parameters":
			s.componentParameters(components, member)
		case "responses":
			member.each(func(_ *yaml.Node, p part) { s.response(p, s.produces) })
			put(components, "responses", s.keep(member))
		case "securityDefinitions":
			member.each(func(_ *yaml.Node, p part) { s.securityScheme(p) })
			put(components, "securitySchemes", s.keep(member))
		default:
			putKey(root, key, member.node)
		}
	})
	put(root, "servers", s.servers(top))
	put(root, "components", components)
	if child(root, "paths") == nil {
		put(root, "paths", mappingNode())
	}
	eachSchema(root, liftSwaggerSchema)
	eachKeyword(root, liftReference)
	return root
}

// servers are host, basePath and schemes as addresses.
func (s *swagger) servers(top part) *yaml.Node {
	list := s.built(top.at("basePath"), yaml.SequenceNode)
	host, base := top.text("host"), top.text("basePath")
	if host == "" {
		list.Content = append(list.Content, mappingNode("url", stringNode("/"+strings.TrimPrefix(base, "/"))))
		return list
	}
	schemes := texts(top.at("schemes").node)
	if len(schemes) == 0 {
		schemes = []string{"https"}
	}
	for _, scheme := range schemes {
		list.Content = append(list.Content, mappingNode("url", stringNode(scheme+"://"+host+"/"+strings.TrimPrefix(base, "/"))))
	}
	return list
}

func (s *swagger) componentParameters(components *yaml.Node, all part) {
	parameters, bodies := s.built(all, yaml.MappingNode), s.built(all, yaml.MappingNode)
	all.each(func(key *yaml.Node, p part) {
		switch p.text("in") {
		case "body":
			putKey(bodies, key, s.body(p, s.consumes))
		case "formData": // becomes part of the operations' own bodies
		default:
			putKey(parameters, key, s.parameter(p))
		}
	})
	put(components, "parameters", parameters)
	put(components, "requestBodies", bodies)
}

// pathItem changes a path item in place. Bodies that it describes for all its operations go to each of them.
func (s *swagger) pathItem(item part) {
	if item.node.Kind != yaml.MappingNode {
		return
	}
	shared := item.at("parameters")
	item.each(func(key *yaml.Node, op part) {
		if slices.Contains(methods, key.Value) && op.node.Kind == yaml.MappingNode {
			s.operation(op, shared)
		}
	})
	if shared.node != nil {
		setMember(item.node, "parameters", s.plainParameters(shared))
	}
}

func (s *swagger) operation(op, shared part) {
	consumes, produces := s.consumes, s.produces
	if own := op.at("consumes"); own.node != nil {
		consumes = texts(own.node)
	}
	if own := op.at("produces"); own.node != nil {
		produces = texts(own.node)
	}
	if body := s.requestBody(op, shared, consumes); body != nil {
		setMember(op.node, "requestBody", body)
	}
	if own := op.at("parameters"); own.node != nil {
		setMember(op.node, "parameters", s.plainParameters(own))
	}
	op.at("responses").each(func(_ *yaml.Node, p part) { s.response(p, produces) })
	for _, key := range []string{"consumes", "produces", "schemes"} {
		deleteMember(op.node, key)
	}
}

// plainParameters are those that OpenAPI 3 calls parameters, too.
func (s *swagger) plainParameters(list part) *yaml.Node {
	plain := s.built(list, yaml.SequenceNode)
	list.each(func(_ *yaml.Node, p part) {
		if in := s.in(p); in != "body" && in != "formData" {
			plain.Content = append(plain.Content, s.parameter(p))
		}
	})
	return plain
}

// in is the location of a parameter, or of the one that it refers to.
func (s *swagger) in(p part) string {
	if name, found := strings.CutPrefix(p.text("$ref"), "#/parameters/"); found {
		return place{node: s.parameters[pointerUnescaper.Replace(name)]}.text("in")
	}
	return p.text("in")
}

// requestBody is made of the body parameter, or of all form parameters; nil when there are none.
func (s *swagger) requestBody(op, shared part, consumes []string) *yaml.Node {
	var form []part
	var body *yaml.Node
	overridden := map[string]bool{}
	add := func(_ *yaml.Node, p part) {
		p = s.resolved(p)
		in, name := p.text("in"), p.text("name")
		if body == nil && in == "body" {
			body = s.body(p, consumes)
		}
		if in == "formData" && !overridden[name] {
			form, overridden[name] = append(form, p), true
		}
	}
	op.at("parameters").each(add)
	shared.each(add)
	if body == nil && len(form) > 0 {
		body = s.formBody(op.at("parameters"), form, consumes)
	}
	return body
}

// resolved is the parameter of the root that p refers to, or p.
func (s *swagger) resolved(p part) part {
	name, found := strings.CutPrefix(p.text("$ref"), "#/parameters/")
	if to := s.parameters[pointerUnescaper.Replace(name)]; found && to != nil {
		return part{to, "/parameters/" + name}
	}
	return p
}

func (s *swagger) body(p part, consumes []string) *yaml.Node {
	body := s.built(p, yaml.MappingNode)
	schema := mappingNode()
	if own := p.at("schema"); own.node != nil {
		schema = s.keep(own)
	}
	if len(consumes) == 0 {
		consumes = []string{"application/json"}
	}
	put(body, "content", s.content(p, schema, consumes))
	p.each(func(key *yaml.Node, member part) {
		if key.Value == "description" || key.Value == "required" || strings.HasPrefix(key.Value, "x-") {
			putKey(body, key, member.node)
		}
	})
	return body
}

func (s *swagger) content(from part, schema *yaml.Node, mediaTypes []string) *yaml.Node {
	content := s.built(from, yaml.MappingNode)
	for _, mediaType := range mediaTypes {
		media := s.built(from, yaml.MappingNode)
		if schema != nil {
			put(media, "schema", schema)
		}
		if child(content, mediaType) == nil {
			put(content, mediaType, media)
		}
	}
	return content
}

func (s *swagger) formBody(from part, form []part, consumes []string) *yaml.Node {
	properties, required := s.built(from, yaml.MappingNode), s.built(from, yaml.SequenceNode)
	hasFile := false
	for _, p := range form {
		hasFile = hasFile || p.text("type") == "file"
		put(properties, p.text("name"), s.valueSchema(p))
		if p.text("required") == "true" {
			required.Content = append(required.Content, stringNode(p.text("name")))
		}
	}
	schema := s.built(from, yaml.MappingNode)
	put(schema, "type", stringNode("object"))
	put(schema, "properties", properties)
	if len(required.Content) > 0 {
		put(schema, "required", required)
	}
	body := s.built(from, yaml.MappingNode)
	if len(required.Content) > 0 {
		put(body, "required", trueNode())
	}
	put(body, "content", s.content(from, schema, formMediaTypes(consumes, hasFile)))
	return body
}

// formMediaTypes are those of the media types that can hold a form; where none can, the one that is usual.
func formMediaTypes(consumes []string, hasFile bool) (list []string) {
	for _, mediaType := range consumes {
		name := mediaName(mediaType)
		if name == "multipart/form-data" || name == "application/x-www-form-urlencoded" && !hasFile {
			list = append(list, mediaType)
		}
	}
	switch {
	case len(list) > 0:
		return list
	case hasFile:
		return []string{"multipart/form-data"}
	}
	return []string{"application/x-www-form-urlencoded"}
}

// ownKeys stay with a parameter or a header; the rest describes its value.
var ownKeys = words("name in description required allowEmptyValue example examples deprecated $ref")

// parameter splits what describes the value off.
func (s *swagger) parameter(p part) *yaml.Node {
	if p.text("$ref") != "" || p.node.Kind != yaml.MappingNode {
		return s.keep(p)
	}
	out := s.built(p, yaml.MappingNode)
	p.each(func(key *yaml.Node, member part) {
		if ownKeys[key.Value] || strings.HasPrefix(key.Value, "x-") {
			putKey(out, key, member.node)
		}
	})
	in := p.text("in")
	if in == "path" {
		setMember(out, "required", trueNode())
	}
	put(out, "schema", s.valueSchema(p))
	style, explode := collectionStyle(p.text("collectionFormat"))
	if in == "query" && p.text("type") == "array" {
		put(out, "style", stringNode(style))
		put(out, "explode", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(explode)})
	}
	if format := p.at("collectionFormat"); p.text("collectionFormat") == "tsv" {
		put(out, "collectionFormat", format.node)
	}
	return out
}

// collectionStyle is the style of an array in a query. There is none for tab-separated values: see Spec.Unsupported.
func collectionStyle(format string) (style string, explode bool) {
	switch format {
	case "multi":
		return "form", true
	case "ssv":
		return "spaceDelimited", false
	case "pipes":
		return "pipeDelimited", false
	}
	return "form", false
}

// valueSchema is what a parameter says about its value.
func (s *swagger) valueSchema(p part) *yaml.Node {
	if own := p.at("schema"); own.node != nil {
		return s.keep(own)
	}
	schema := s.built(p, yaml.MappingNode)
	p.each(func(key *yaml.Node, member part) {
		if !ownKeys[key.Value] && !strings.HasPrefix(key.Value, "x-") && key.Value != "collectionFormat" {
			putKey(schema, key, member.node)
		}
	})
	return schema
}

// response changes an answer in place.
func (s *swagger) response(p part, produces []string) {
	if p.text("$ref") != "" || p.node.Kind != yaml.MappingNode {
		return
	}
	if len(produces) == 0 {
		produces = []string{"application/json"}
	}
	schema, examples, content := p.at("schema"), p.at("examples"), s.built(p, yaml.MappingNode)
	if schema.node != nil {
		content = s.content(p, s.keep(schema), produces)
	}
	examples.each(func(key *yaml.Node, example part) {
		if key == nil {
			return
		}
		if child(content, key.Value) == nil {
			putKey(content, key, s.built(p, yaml.MappingNode))
		}
		put(child(content, key.Value), "example", s.keep(example))
	})
	if len(content.Content) > 0 {
		setMember(p.node, "content", content)
	}
	p.at("headers").each(func(key *yaml.Node, header part) {
		if key != nil {
			setMember(p.at("headers").node, key.Value, s.parameter(header))
		}
	})
	if p.at("description").node == nil {
		put(p.node, "description", stringNode(""))
	}
	deleteMember(p.node, "schema")
	deleteMember(p.node, "examples")
}

var oauthFlows = map[string]string{"implicit": "implicit", "password": "password", "application": "clientCredentials", "accessCode": "authorizationCode"}

// securityScheme changes a security scheme in place.
func (s *swagger) securityScheme(p part) {
	switch p.text("type") {
	case "basic":
		setMember(p.node, "type", stringNode("http"))
		setMember(p.node, "scheme", stringNode("basic"))
	case "oauth2":
		flow := s.built(p, yaml.MappingNode)
		for _, key := range []string{"authorizationUrl", "tokenUrl", "scopes"} {
			if member := p.at(key); member.node != nil {
				put(flow, key, member.node)
			}
			deleteMember(p.node, key)
		}
		if child(flow, "scopes") == nil {
			put(flow, "scopes", mappingNode())
		}
		put(p.node, "flows", mappingNode(oauthFlows[p.text("flow")], flow))
		deleteMember(p.node, "flow")
	}
}

// liftSwaggerSchema says in the words of OpenAPI 3.0 what a schema of Swagger 2.0 says.
func liftSwaggerSchema(n *yaml.Node) {
	p := place{node: n}
	if p.text("type") == "file" {
		setMember(n, "type", stringNode("string"))
		setMember(n, "format", stringNode("binary"))
	}
	if p.flag("x-nullable") {
		setMember(n, "nullable", trueNode())
	}
	if name := child(n, "discriminator"); name != nil && name.Kind == yaml.ScalarNode {
		setMember(n, "discriminator", mappingNode("propertyName", name))
	}
	deleteMember(n, "collectionFormat")
}

func liftReference(key string, value *yaml.Node) {
	if key != "$ref" || value.Kind != yaml.ScalarNode {
		return
	}
	for _, section := range swaggerSections {
		if name, found := strings.CutPrefix(value.Value, section[0]); found {
			value.Value = section[1] + name
		}
	}
}

// swaggerSections are the beginnings of references: as Swagger 2.0 has them, and as OpenAPI 3 does.
var swaggerSections = [][2]string{{"#/definitions/", "#/components/schemas/"}, {"#/responses/", "#/components/responses/"}, {"#/parameters/", "#/components/parameters/"}}

// usersReference is a reference as the user wrote it.
func (d *document) usersReference(ref string) string {
	for _, section := range swaggerSections {
		if name, found := strings.CutPrefix(ref, section[1]); found && d.moved != nil {
			return section[0] + name
		}
	}
	return ref
}

func trueNode() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"} }

func texts(list *yaml.Node) (values []string) {
	for _, item := range members(list) {
		values = append(values, item.Value)
	}
	return values
}

// users is the pointer that the user wrote for a place: another one where a Swagger document was converted.
func (d *document) users(pointer string) string {
	if d.moved == nil {
		return pointer
	}
	n, users := d.root, ""
	for _, token := range splitPointer(pointer) {
		n, users = d.child(n, token), users+"/"+escapePointer(token)
		if moved, ok := d.moved[n]; ok && n != nil {
			users = moved
		}
	}
	return users
}
