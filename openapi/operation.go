package openapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Operation is one method of one path.
type Operation struct {
	ID          string // operationId, or "METHOD path" where the document gives none
	Method      string // upper case
	Path        string // template as in the document: /v2/{project_id}/data-connectors
	Base        string // path of the document's first server, in front of Path; "" for the root
	Summary     string
	Tags        []string
	Parameters  []*Parameter // of the path and of the operation, each (In, Name) once
	RequestBody *RequestBody // nil when none is described
	Responses   []*Answer    // in the document's order
	Secured     bool         // the document asks for credentials (`security`)
	Security    []Security   // in which ways they may be given; none where nothing is asked for

	spec     *Spec
	bases    []string // Base, and the paths of the document's other servers
	at       place
	security place // what says Security; not ok() where nothing does
}

// Parameter is a described parameter, or header of an answer.
type Parameter struct {
	Name     string
	In       Location
	Required bool
	Schema   *Schema // nil when the document says nothing about the value
	Examples []Example

	style   string
	explode bool
	json    bool // the value is JSON text (`content` instead of `schema`)
	at      place
}

// RequestBody is a described request body.
type RequestBody struct {
	Required bool
	Content  []*MediaType
	at       place
}

// MediaType is one described representation of a body.
type MediaType struct {
	Range    string // application/json, text/*, */*
	Schema   *Schema
	Examples []Example
	at       place
}

// Example is a documented value.
type Example struct {
	Name  string // "" for the unnamed one
	Value any    // decoded JSON
}

// Answer is a described response of an operation.
type Answer struct {
	Status  string // 201, 2XX or default
	Headers []*Parameter
	Content []*MediaType
	at      place
}

// Schema is a described value, seen from the side of the message it belongs to. Compiled at first use.
type Schema struct {
	spec *Spec
	view view
	at   place

	once   sync.Once
	js     *jsonschema.Schema
	accept *acceptor // nil with err
	err    error

	typesOnce sync.Once
	typeSet   map[string]bool

	projectOnce sync.Once
	projection  *projection

	samples [2]atomic.Pointer[any] // the plain one, and the one of all that is described
}

func (s *Schema) compiled() (*jsonschema.Schema, error) {
	s.once.Do(func() { s.js, s.accept, s.err = s.spec.compile(s.view, s.at) })
	return s.js, s.err
}

// methods are the fields of a path item that hold operations; query is one since OpenAPI 3.2.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

func (s *Spec) describeOperations() error {
	bases := s.basePaths(s.root.top())
	var failed error
	s.root.top().at("paths").each(func(path string, item place) {
		item, err := s.follow(item)
		failed = errors.Join(failed, err)
		for _, method := range methods {
			if at := item.at(method); at.ok() && (method != "query" || s.is32) {
				failed = errors.Join(failed, s.describeOperation(strings.ToUpper(method), path, bases, item, at))
			}
		}
		item.at("additionalOperations").each(func(method string, at place) {
			if s.is32 {
				failed = errors.Join(failed, s.describeOperation(method, path, bases, item, at))
			}
		})
	})
	return failed
}

func (s *Spec) describeOperation(method, path string, bases []string, item, at place) error {
	op := &Operation{Method: method, Path: path, Summary: at.text("summary"), spec: s, at: at}
	s.nameOperation(op)
	for _, own := range []place{item, at} {
		if own.at("servers").ok() {
			bases = s.basePaths(own)
		}
	}
	op.Base, op.bases = bases[0], bases
	s.setSecurity(op)
	at.at("tags").each(func(_ string, tag place) { op.Tags = append(op.Tags, tag.node.Value) })
	if err := errors.Join(s.describeParameters(op, item), s.describeParameters(op, at), s.describeBody(op), s.describeAnswers(op)); err != nil {
		return err
	}
	s.matchTemplate(op)
	s.operations = append(s.operations, op)
	s.byID[op.ID] = op
	for _, base := range bases {
		s.routes.insert(base+path, op)
	}
	return nil
}

// secured says whether one of the alternatives must be met; an empty one allows everybody (OpenAPI 3.1, section 4.8.30).
func secured(alternatives place) bool {
	asked, open := false, false
	alternatives.each(func(_ string, one place) {
		empty := true
		one.each(func(string, place) { empty = false })
		asked, open = true, open || empty
	})
	return asked && !open
}

// basePaths are the paths of the servers, variables at their defaults. Scheme and host say where the service runs,
// not what the contract is.
func (s *Spec) basePaths(p place) []string {
	if s.base != nil {
		return []string{*s.base}
	}
	var bases []string
	p.at("servers").each(func(_ string, server place) {
		text := server.text("url")
		server.at("variables").each(func(name string, variable place) {
			text = strings.ReplaceAll(text, "{"+name+"}", variable.text("default"))
		})
		if u, err := url.Parse(text); err == nil {
			bases = append(bases, strings.TrimSuffix(u.EscapedPath(), "/"))
		}
	})
	if len(bases) == 0 {
		return []string{""}
	}
	return bases
}

func (s *Spec) describeParameters(op *Operation, owner place) error {
	var failed error
	owner.at("parameters").each(func(_ string, p place) {
		p, err := s.follow(p)
		if err != nil {
			failed = errors.Join(failed, err)
			return
		}
		if p.text("in") == "querystring" { // see Spec.Unsupported
			return
		}
		param := s.parameter(p, p.text("name"), Location(p.text("in")), requestView)
		for i, earlier := range op.Parameters {
			if earlier.Name == param.Name && earlier.In == param.In {
				op.Parameters[i] = param
				return
			}
		}
		op.Parameters = append(op.Parameters, param)
	})
	return failed
}

// parameter describes a Parameter Object or a Header Object (OpenAPI 3.1, sections 4.8.12 and 4.8.21).
func (s *Spec) parameter(p place, name string, in Location, v view) *Parameter {
	style := map[Location]string{InPath: "simple", InHeader: "simple", InQuery: "form", InCookie: "form"}[in]
	if own := p.text("style"); own != "" {
		style = own
	}
	param := &Parameter{Name: name, In: in, Required: p.flag("required"), style: style, explode: style == "form", at: p}
	if p.at("explode").ok() {
		param.explode = p.flag("explode")
	}
	param.Schema, param.Examples = s.schema(p.at("schema"), v), s.examples(p)
	p.at("content").each(func(_ string, media place) {
		param.json, param.Schema = true, s.schema(media.at("schema"), v)
	})
	return param
}

func (s *Spec) describeBody(op *Operation) error {
	at := op.at.at("requestBody")
	if !at.ok() {
		return nil
	}
	at, err := s.follow(at)
	op.RequestBody = &RequestBody{Required: at.flag("required"), Content: s.content(at, requestView), at: at}
	return err
}

func (s *Spec) describeAnswers(op *Operation) error {
	var failed error
	op.at.at("responses").each(func(status string, p place) {
		if strings.HasPrefix(status, "x-") {
			return
		}
		p, err := s.follow(p)
		failed = errors.Join(failed, err)
		answer := &Answer{Status: status, Content: s.content(p, responseView), at: p}
		p.at("headers").each(func(name string, header place) {
			header, err := s.follow(header)
			failed = errors.Join(failed, err)
			if !strings.EqualFold(name, "Content-Type") { // OpenAPI 3.1, section 4.8.17.1: ignored
				answer.Headers = append(answer.Headers, s.parameter(header, name, InHeader, responseView))
			}
		})
		op.Responses = append(op.Responses, answer)
	})
	return failed
}

func (s *Spec) content(owner place, v view) []*MediaType {
	var list []*MediaType
	owner.at("content").each(func(mediaRange string, p place) {
		if media, err := s.follow(p); err == nil { // OpenAPI 3.2
			p = media
		}
		list = append(list, &MediaType{Range: strings.ToLower(mediaRange), Schema: s.schema(p.at("schema"), v), Examples: s.examples(p), at: p})
	})
	return list
}

func (s *Spec) schema(p place, v view) *Schema {
	if !p.ok() {
		return nil
	}
	return &Schema{spec: s, view: v, at: p}
}

// examples are `example` and `examples` of a parameter, header or media type.
func (s *Spec) examples(p place) []Example {
	var list []Example
	if one := p.at("example"); one.ok() {
		list = append(list, Example{Value: nodeValue(one.node)})
	}
	p.at("examples").each(func(name string, example place) {
		if example, err := s.follow(example); err == nil && example.at("value").ok() {
			list = append(list, Example{Name: name, Value: nodeValue(example.at("value").node)})
		}
	})
	return list
}

// follow resolves a chain of references. It is an error when one leads nowhere or in a circle.
func (s *Spec) follow(p place) (place, error) {
	for range maxRefChain {
		if p.text("$ref") == "" {
			return p, nil
		}
		next := s.target(p)
		if !next.ok() {
			return p, &DocumentError{File: p.doc.name, Line: p.doc.line(p.pointer), Err: fmt.Errorf("$ref %q leads nowhere", p.text("$ref"))}
		}
		p = next
	}
	return p, &DocumentError{File: p.doc.name, Line: p.doc.line(p.pointer), Err: errors.New("$ref leads in a circle")}
}

// target is what the place's $ref points at; not ok() where there is none.
func (s *Spec) target(p place) place {
	ref := p.text("$ref")
	if ref == "" {
		return place{}
	}
	return s.resolve(p.doc, ref)
}

// resolve is what a reference in the document points at; not ok() where there is none.
func (s *Spec) resolve(from *document, ref string) place {
	name, fragment, err := resolveRef(from.name, ref)
	d := s.docs[name]
	if err != nil || d == nil {
		return place{}
	}
	if decoded, err := url.PathUnescape(fragment); err == nil {
		fragment = decoded
	}
	return d.top().lookup(fragment)
}

// rule finds a rule's place in this version of the document.
func (s *Spec) rule(r Rule) place {
	d := s.docs[r.Document]
	if d == nil {
		return place{}
	}
	return d.top().lookup(r.Pointer)
}

func (p place) rule() Rule { return Rule{p.doc.name, p.doc.users(p.pointer), p.doc.line(p.pointer)} }

// Answer finds the described response for a status: exact, then its class (2XX), then default. Nil when there is none.
func (o *Operation) Answer(status int) *Answer {
	code := strconv.Itoa(status)
	var class, fallback *Answer
	for _, a := range o.Responses {
		switch {
		case a.Status == code:
			return a
		case len(a.Status) == 3 && strings.EqualFold(a.Status[1:], "XX") && a.Status[0] == code[0]:
			class = a
		case a.Status == "default":
			fallback = a
		}
	}
	if class != nil {
		return class
	}
	return fallback
}

// Success is the answer of a request that is carried out, with its status: the first described 2xx, else the first
// redirection, else `default` as 200, and 204 where nothing is described at all. (0, nil) where the document describes
// failures alone.
func (o *Operation) Success() (int, *Answer) {
	if len(o.Responses) == 0 {
		return http.StatusNoContent, &Answer{Status: "204"}
	}
	for _, class := range []byte{'2', '3'} {
		for _, a := range o.Responses {
			if status := a.Code(); status > 0 && a.Status[0] == class {
				return status, a
			}
		}
	}
	for _, a := range o.Responses {
		if a.Status == "default" {
			return http.StatusOK, a
		}
	}
	return 0, nil
}

// Code is the status that the answer is described for, the first one of a class; 0 for `default`.
func (a *Answer) Code() int {
	if len(a.Status) != 3 {
		return 0
	}
	status, err := strconv.Atoi(strings.Replace(strings.ToUpper(a.Status), "XX", "00", 1))
	if err != nil {
		return 0
	}
	return status
}

// CommonAnswer is what most operations describe for a status, by the status itself or by its class; the first of those
// that as many describe. It stands for requests that are for no operation. Where none describes it, that is what all of them
// answer by default; nil where that differs.
func (s *Spec) CommonAnswer(status int) *Answer {
	var best, byDefault *Answer
	described, defaults := map[string]int{}, 0
	for _, op := range s.operations {
		a := op.Answer(status)
		if a == nil {
			continue
		}
		key := s.sameAs(a)
		if a.Status == "default" {
			if byDefault == nil {
				byDefault = a
			}
			if key == s.sameAs(byDefault) {
				defaults++
			}
			continue
		}
		if described[key]++; best == nil || described[key] > described[s.sameAs(best)] {
			best = a
		}
	}
	if best == nil && defaults == len(s.operations) {
		return byDefault
	}
	return best
}

// sameAs is a text that answers share which have the same content.
func (s *Spec) sameAs(a *Answer) string {
	if len(a.Content) == 0 || a.Content[0].Schema == nil {
		return ""
	}
	at := a.Content[0].Schema.at
	if target := s.target(at); target.ok() {
		at = target
	}
	return a.Content[0].Range + " " + at.doc.name + "#" + at.pointer
}

// statuses lists what the operation may answer with, as JSON text.
func (o *Operation) statuses() string {
	list := make([]any, len(o.Responses))
	for i, a := range o.Responses {
		list[i] = a.Status
	}
	return string(encodeJSON(list))
}

func (o *Operation) schemas() []*Schema {
	var list []*Schema
	add := func(params []*Parameter, content []*MediaType) {
		for _, p := range params {
			list = append(list, p.Schema)
		}
		for _, m := range content {
			list = append(list, m.Schema)
		}
	}
	add(o.Parameters, nil)
	if o.RequestBody != nil {
		add(nil, o.RequestBody.Content)
	}
	for _, a := range o.Responses {
		add(a.Headers, a.Content)
	}
	present := list[:0]
	for _, s := range list {
		if s != nil {
			present = append(present, s)
		}
	}
	return present
}

// media finds the described media type for a Content-Type: exact, then type/*, then */*. Nil when there is none.
func media(content []*MediaType, contentType string) *MediaType {
	var best *MediaType
	for _, m := range content {
		wild, isWild := strings.CutSuffix(m.Range, "*")
		switch {
		case mediaName(m.Range) == contentType:
			return m
		case isWild && wild == "*/" && best == nil, isWild && wild != "*/" && strings.HasPrefix(contentType, wild):
			best = m
		}
	}
	return best
}

func mediaName(contentType string) string {
	name, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

func mediaRanges(content []*MediaType) string {
	list := make([]any, len(content))
	for i, m := range content {
		list[i] = m.Range
	}
	return string(encodeJSON(list))
}

func isJSON(contentType string) bool {
	return contentType == "application/json" || strings.HasSuffix(contentType, "+json")
}
