package mockserver

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// naturalStatus is the status of a refusal that the document does not foresee: of those that are usual for the reason
// the first that the operation describes exactly, else by its class, else by `default`, else the first.
func (s *Server) naturalStatus(x *exchange) (int, *openapi.Answer) {
	usual := openapi.UsualStatuses(x.refused.reason)
	if x.operation == nil {
		return usual[0], x.service.spec.CommonAnswer(usual[0])
	}
	var byClass, byDefault int
	for _, status := range usual {
		switch answer := x.operation.Answer(status); {
		case answer == nil:
		case answer.Status == strconv.Itoa(status):
			return status, answer
		case answer.Status == "default":
			byDefault = cmp.Or(byDefault, status)
		default:
			byClass = cmp.Or(byClass, status)
		}
	}
	status := cmp.Or(byClass, byDefault, usual[0])
	return status, x.operation.Answer(status)
}

// describedRefusal answers a refusal in the document's own words for such an answer: its schema, filled with what is
// known. It is false where nothing is described, or no value keeps the schema.
func (s *Server) describedRefusal(x *exchange, status int, described *openapi.Answer) bool {
	if described == nil {
		return false
	}
	answered := false
	err := s.guard(x, func(x *exchange) error {
		x.answer = openapi.Response{Status: status, Header: http.Header{}}
		if len(described.Content) > 0 && hasBody(x.Request().Method, status) {
			m, name := acceptance(nil).choose(described.Content)
			value, ok := s.errorValue(x, m, status)
			if err := x.answerWith(m, name, value); err != nil || !ok {
				return err
			}
		}
		addHeaders(x, described, 0)
		answered = true
		return nil
	})
	return err == nil && answered
}

// errorValue is a value of the schema that says what was wrong.
func (s *Server) errorValue(x *exchange, m *openapi.MediaType, status int) (any, bool) {
	if m.Schema == nil {
		return x.refused.plain(), true
	}
	plain, fromDocument := exampleOf(m, preference{})
	if !fromDocument {
		plain = m.Schema.SampleAll(nil)
	}
	said := &sayer{schema: m.Schema, violations: x.refused.violations, root: plain, madeUp: !fromDocument}
	known := s.factsOf(x, status)
	if text, isText := plain.(string); isText {
		said.try("", text, known["message"])
	} else {
		said.fill("", plain, known)
	}
	return said.root, len(m.Schema.Validate(said.root)) == 0
}

// plain is the body where the document describes none.
func (r *refusal) plain() map[string]any {
	return map[string]any{"error": r.reason, "message": r.message()}
}

// message says in words what was wrong, without values of the request.
func (r *refusal) message() string {
	if len(r.violations) > 0 {
		return r.violations.String()
	}
	if r.reason == openapi.Internal && r.cause != nil {
		return r.cause.Error()
	}
	if words, ok := reasonWords[r.reason]; ok {
		return words
	}
	return strings.ReplaceAll(r.reason, "-", " ")
}

// reasonWords say reasons that no violation explains.
var reasonWords = map[string]string{
	string(openapi.UnknownPath): "No operation has this path.", string(openapi.UnknownMethod): "The path has no operation of this method.",
	openapi.TooLarge: "The body is too large.", openapi.TooLong: "The URL is too long.", openapi.Duplicate: "A value that must be unique is taken.",
	openapi.UnknownID: "There is no such item.", openapi.Fixed: "A value that may not change would.", openapi.InUse: "Something depends on the item.",
	openapi.Unauthenticated: "The request does not show who sent it.", openapi.Forbidden: "The sender may not do that.",
	openapi.Unavailable: "The service cannot answer now.", openapi.Timeout: "The answer took too long.",
	openapi.Throttled: "Too many requests: ask again later.",
}

// facts are what an error body may say, by what its properties are about: the first value that the schema allows is it.
type facts map[string][]any

func (s *Server) factsOf(x *exchange, status int) facts {
	text := http.StatusText(status)
	upper := strings.ToUpper(strings.ReplaceAll(text, " ", "_"))
	code := json.Number(strconv.Itoa(status))
	now := s.options.Now().UTC()
	return facts{
		"message": {x.refused.message()}, "reason": {x.refused.reason}, "title": {text},
		"status": {code, code.String(), code.String() + " " + upper, upper, text},
		"code":   {code}, "type": {"about:blank"},
		"path": {x.Request().URL.EscapedPath(), "/"}, "method": {x.Request().Method}, "request": {x.id},
		"time": {now.Format(time.RFC3339), now.Format(time.DateTime), json.Number(strconv.FormatInt(now.UnixMilli(), 10))},
	}
}

// about are the facts about one violation.
func (f facts) about(v openapi.Violation) facts {
	one := maps.Clone(f)
	place := v.Pointer
	if place == "" {
		place = v.Name
	}
	one["message"], one["field"], one["in"], one["reason"] = []any{v.Words()}, []any{place, strings.Trim(place, "/")}, []any{string(v.In)}, []any{v.Keyword}
	return one
}

// aboutProperty is what properties of these names are about, without case and separators.
var aboutProperty = map[string]string{
	"message": "message", "msg": "message", "errormessage": "message", "errormsg": "message", "errordescription": "message", "detail": "message",
	"details": "message", "description": "message", "reason": "message", "usermessage": "message", "developermessage": "message", "text": "message",
	"cause": "message", "info": "message", "error": "title", "title": "title", "status": "status", "statuscode": "status", "httpstatus": "status",
	"httpstatuscode": "status", "code": "code", "errorcode": "code", "type": "type", "path": "path", "instance": "path", "uri": "path",
	"method": "method", "requestid": "request", "traceid": "request", "correlationid": "request", "timestamp": "time", "time": "time", "date": "time",
	"field": "field", "pointer": "field", "property": "field", "propertypath": "field", "param": "field", "parameter": "field", "location": "in", "in": "in",
}

// sayer changes a sample of an error's schema, one place at a time, to say what was wrong. Every change keeps the schema.
type sayer struct {
	schema     *openapi.Schema
	root       any
	violations openapi.Violations
	madeUp     bool // no example of the document: members that say nothing need not be there
}

// fill changes the members of an object, and the objects inside.
func (s *sayer) fill(pointer string, value any, known facts) {
	object, ok := value.(map[string]any)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		member, said := object[name], false
		at := pointer + pointerTo(name)
		switch member := member.(type) {
		case map[string]any:
			s.fill(at, member, known)
			rest, _ := openapi.Lookup(s.root, at)
			left, _ := rest.(map[string]any)
			said = len(left) > 0
		case []any:
			said = s.list(at, member, known)
		case string, json.Number:
			said = s.say(at, name, member, known)
		}
		if !said && s.madeUp {
			s.leaveOut(at)
		}
	}
}

// leaveOut takes a member away that says nothing, unless the schema requires it.
func (s *sayer) leaveOut(at string) {
	if without := openapi.Remove(s.root, at); len(s.schema.Validate(without)) == 0 {
		s.root = without
	}
}

// pointerTo leads from an object to its member (RFC 6901, section 3).
func pointerTo(member string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(member)
}

// say changes a text or a number by its name. What the document gives as an example of a code is left.
func (s *sayer) say(at, name string, member any, known facts) bool {
	key := strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name))
	about := aboutProperty[key]
	values := known[about]
	if _, isText := member.(string); about == "code" && isText {
		if member != "text" {
			return true
		}
		values = known["reason"]
	}
	return s.try(at, member, values)
}

// list gives a list of objects or texts one for each violation.
func (s *sayer) list(at string, items []any, known facts) bool {
	if len(items) == 0 || len(s.violations) == 0 {
		return false
	}
	before := s.root
	list := make([]any, 0, len(s.violations))
	for range s.violations {
		list = append(list, items[0])
	}
	if s.root = openapi.Set(s.root, at, list); len(s.schema.Validate(s.root)) > 0 {
		s.root = before
		return false
	}
	for i, v := range s.violations {
		place := at + "/" + strconv.Itoa(i)
		if text, isText := items[0].(string); isText {
			s.try(place, text, []any{v.String()})
		} else {
			s.fill(place, items[0], known.about(v))
		}
	}
	return true
}

// try puts the first of the values that the schema allows into its place; a text for a text, a number for a number.
func (s *sayer) try(at string, was any, values []any) bool {
	_, wasText := was.(string)
	for _, value := range values {
		if _, isText := value.(string); isText != wasText {
			continue
		}
		if changed := openapi.Set(s.root, at, value); len(s.schema.Validate(changed)) == 0 {
			s.root = changed
			return true
		}
	}
	return false
}
