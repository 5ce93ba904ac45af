package contract

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// creates says whether the step is to create an item: a PUT that names an item which is there does not.
func (s Step) creates(r *openapi.Resource) bool {
	return s.Operation != nil && s.Operation == creator(r) && (s.Operation == r.Create || s.Created == 0 && s.Refused != openapi.UnknownID)
}

// departs says whether the request is one of another method or path.
func (x *Exchange) departs() bool {
	return x.Step.Raw != nil && x.Step.Raw.Suffix+x.Step.Raw.Method != ""
}

// idMade is the id of the item that the exchange created: where the document says, as the client chose it, or as the
// header Location ends. "" where none of these gives one.
func (x *Exchange) idMade(r *openapi.Resource) string {
	if x.Step.Operation != r.Create {
		return x.request.path[r.ID.Parameter]
	}
	_, isNumber := x.Body.(json.Number)
	if id := idOf(x.Body, r.ID.Created); id != "" && (r.ID.Created != "" || isNumber) { // a text alone may say anything
		return id
	}
	if r.ID.Sent != "" {
		if id := textOf(lookup(x.Step.Body, r.Sent+r.ID.Sent)); id != "" {
			return id
		}
	}
	location, _, _ := strings.Cut(x.Response.Header.Get("Location"), "?")
	if location = strings.TrimRight(location, "/"); location == "" {
		return ""
	}
	return path.Base(location)
}

// promisesID says whether the document describes the id in the answer to the creation.
func (x *Exchange) promisesID(r *openapi.Resource) bool {
	answer := x.Step.Operation.Answer(x.Response.Status)
	if answer == nil || r.ID.Created == "" {
		return false
	}
	for _, media := range answer.Content {
		if media.Schema != nil && isJSON(baseName(media.Range)) && media.Schema.Inside(r.ID.Created) != nil {
			return true
		}
	}
	return false
}

// filledIn is the step with what earlier exchanges give; false where they do not give it.
func (s *session) filledIn(step Step) (Step, bool) {
	if step.Put > 0 {
		body, ok := s.sentBack(step)
		if !ok {
			s.skipped = "what it would change could not be put back as it was"
			return step, false
		}
		step.Body = body
	}
	arguments := make([]Argument, len(step.Arguments))
	for i, a := range step.Arguments {
		if a.From != (Source{}) {
			text := s.part(a.From)
			if text == "" {
				return step, false
			}
			a.Texts = []string{text}
		}
		arguments[i] = a
	}
	step.Arguments = arguments
	return step, true
}

// sentBack is what an earlier answer shows, as the operation takes it.
func (s *session) sentBack(step Step) (any, bool) {
	r, from := s.maker.owner(step.Operation), s.answers[step.Put]
	if from == nil || !from.succeeded() || r == nil {
		return nil, false
	}
	item, there := openapi.Lookup(from.Body, r.Shown)
	if object, isObject := item.(map[string]any); isObject {
		item = s.maker.settable(step.Operation, r, object)
	}
	var body = item
	if r.Sent != "" {
		body = openapi.Set(map[string]any{}, r.Sent, item)
	}
	return body, there && s.maker.valid(step.Operation, body)
}

// settable leaves out of an item what the operation does not describe.
func (m *maker) settable(op *openapi.Operation, r *openapi.Resource, item map[string]any) map[string]any {
	schema := schemaOf(op)
	if schema == nil || schema.Inside(r.Sent) == nil {
		return item
	}
	taken := map[string]any{}
	for name, member := range item {
		if schema := schema.Inside(r.Sent); schema.Describes(name) && !schema.ReadOnly(name) {
			taken[name] = member
		}
	}
	return taken
}

// part is a piece of an earlier exchange as text, "" where it has none.
func (s *session) part(from Source) string {
	if from.Part == "" {
		return s.idOfStep(from.Step)
	}
	x := s.answers[from.Step]
	if x == nil || x.err != nil {
		return ""
	}
	kind, rest, _ := strings.Cut(from.Part, ".")
	where, name, _ := strings.Cut(rest, ".")
	body, pointer, inBody := strings.Cut(rest, "#")
	switch {
	case kind == "$response" && inBody && body == "body":
		return textOf(lookup(x.Body, pointer))
	case kind == "$request" && inBody && body == "body":
		return textOf(lookup(x.Step.Body, pointer))
	case kind == "$response" && where == "header":
		return x.Response.Header.Get(name)
	case kind == "$request" && where == "path":
		return x.request.path[name]
	case kind == "$request" && where == "header":
		return x.request.header.Get(name)
	case kind == "$request" && where == "query":
		return x.request.query.Get(name)
	case strings.HasPrefix(kind, "$"):
		return ""
	}
	return from.Part // a constant
}

func (s *session) idOfStep(number int) string {
	if number > 0 {
		return s.ids[number]
	}
	x := s.answers[number]
	if x == nil {
		return ""
	}
	r := s.maker.owner(x.Step.Operation)
	if r == nil || !x.Step.creates(r) || !x.succeeded() {
		return ""
	}
	return x.idMade(r)
}
