package contract

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// Exchange is a step that was sent, and its answer.
type Exchange struct {
	Case      Case
	Step      Step
	ItemID    string // of the item that Step.Created made
	Response  openapi.Response
	Body      any // the answer's decoded body, nil when it is no JSON
	Reproduce string

	spec       *openapi.Spec
	violations openapi.Violations
	err        error // why there is no answer
}

// Finding is one way in which a server breaks the contract.
type Finding struct {
	Check     string   `json:"check"`
	Operation string   `json:"operation"`
	After     string   `json:"after,omitempty"` // the operation whose effect the answer does not show
	Case      string   `json:"case"`
	Pointer   string   `json:"pointer"` // into the answer's body, or the name of a header
	Rule      string   `json:"rule"`    // place in the document (file:line #pointer), or the check's rule in words
	Message   string   `json:"message"`
	Reproduce string   `json:"reproduce"` // curl lines that send the case's requests again, the last of them this one
	Request   *Message `json:"request"`
	Answer    *Message `json:"answer,omitempty"` // nil when there was none
	Known     bool     `json:"known,omitempty"`  // the baseline knows it
}

// Check is one rule that every exchange is held to.
type Check struct {
	Name  string
	Rule  string // in words
	judge func(Exchange) []Finding
}

// Checks is the table of all checks, in the order of their findings.
func Checks() []Check {
	return []Check{
		{"answer", "Every request is answered.", answered},
		{"server-error", "A request is never answered with a status of 500 or above, unless the document says so.", serverError},
		{"accepted", "A request that keeps the document is carried out.", accepted},
		{"refused", "A request that cannot be carried out is refused with the documented status.", refused},
		{"status", "The status of every answer is described.", violationsOf(func(v openapi.Violation) bool { return v.In == openapi.InStatus })},
		{"media-type", "The media type of every answer is described.", violationsOf(isMediaType)},
		{"header", "Every required header is there and keeps its schema.", violationsOf(func(v openapi.Violation) bool { return v.In == openapi.InHeader && !isMediaType(v) })},
		{"body", "The body of every answer keeps its schema.", violationsOf(func(v openapi.Violation) bool { return v.In == openapi.InBody && !isEmbedded(v) })},
		{"embedded-json", "JSON inside a string keeps the schema that its sibling chooses.", violationsOf(isEmbedded)},
		{"created-id", "Creating an item answers with its id.", createdID},
		{"listed", "A list shows what was created, and not what was deleted.", listed},
		{"filter", "A filtered list shows only what matches.", filtered},
		{"total", "The total is the number of items that match.", total},
		{"read-back", "A list shows an item as it was sent last.", readBack},
	}
}

func isMediaType(v openapi.Violation) bool {
	return v.In == openapi.InHeader && v.Keyword == openapi.KeywordContent
}

func isEmbedded(v openapi.Violation) bool {
	return v.In == openapi.InBody && (strings.Contains(v.Pointer, openapi.Embedded) || v.Keyword == openapi.KeywordEmbedded)
}

// violationsOf makes findings of the violations that are a check's business.
func violationsOf(mine func(openapi.Violation) bool) func(Exchange) []Finding {
	return func(x Exchange) []Finding {
		var found []Finding
		for _, v := range x.violations {
			if mine(v) {
				found = append(found, Finding{Pointer: v.Name + v.Pointer, Rule: v.Rule.String(), Message: v.String()})
			}
		}
		return found
	}
}

func one(pointer, format string, args ...any) []Finding {
	return []Finding{{Pointer: pointer, Message: fmt.Sprintf(format, args...)}}
}

func (x Exchange) succeeded() bool { return x.Response.Status >= 200 && x.Response.Status < 300 }

// wanted is the status that the document gives the refusal the step expects, 0 when it leaves that open.
func (x Exchange) wanted() int {
	row, _ := x.spec.Refusal(x.Step.Refused, nil)
	return row.Status
}

func answered(x Exchange) []Finding {
	if x.err == nil {
		return nil
	}
	return one("", "there was no answer: %v", x.err)
}

func serverError(x Exchange) []Finding {
	status := x.Response.Status
	if status < 500 || x.Step.Refused != "" && status == x.wanted() || status == x.Step.Status {
		return nil
	}
	return one("", "the server failed with status %d", status)
}

func accepted(x Exchange) []Finding {
	switch status := x.Response.Status; {
	case x.Step.Refused != "" || status >= 500:
		return nil
	case x.Step.Status != 0 && status != x.Step.Status:
		return one("", "the documented example must be answered with %d, but was with %d", x.Step.Status, status)
	case x.Step.Status == 0 && !x.succeeded():
		return one("", "a request that keeps the document was answered with %d", status)
	}
	return nil
}

func refused(x Exchange) []Finding {
	status, want := x.Response.Status, x.wanted()
	switch {
	case x.Step.Refused == "":
		return nil
	case want != 0 && status != want:
		return one("", "must be refused with %d (%s), but was answered with %d", want, x.Step.Refused, status)
	case want == 0 && (status < 400 || status >= 500):
		return one("", "must be refused (%s), but was answered with %d", x.Step.Refused, status)
	}
	return nil
}

func createdID(x Exchange) []Finding {
	r := x.Case.Resource
	if r == nil || x.Step.Operation != r.Create || !x.succeeded() || x.Step.Refused != "" {
		return nil
	}
	if idOf(x.Body, r.ID.Created) == "" {
		return one(r.ID.Created, "the answer gives no id")
	}
	return nil
}

func idOf(body any, pointer string) string {
	switch id, _ := openapi.Lookup(body, pointer); v := id.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// items are what a list shows; ok is false when there is no such list to judge.
func (x Exchange) items() (items []any, ok bool) {
	if x.Step.List == nil || !x.succeeded() || x.ItemID == "" {
		return nil, false
	}
	at, _ := openapi.Lookup(x.Body, x.Case.Resource.Items)
	items, ok = at.([]any)
	return items, ok
}

// find is the index of the item in a list, -1 when it is not there.
func (x Exchange) find(items []any) int {
	for i, item := range items {
		if idOf(item, x.Case.Resource.ID.Item) == x.ItemID {
			return i
		}
	}
	return -1
}

// number is the total that a list states, -1 when it states none.
func (x Exchange) number() int {
	if x.Case.Resource.Total == "" {
		return -1
	}
	at, _ := openapi.Lookup(x.Body, x.Case.Resource.Total)
	number, _ := at.(json.Number)
	n, err := number.Int64()
	if err != nil {
		return -1
	}
	return int(n)
}

func listed(x Exchange) []Finding {
	items, ok := x.items()
	if !ok {
		return nil
	}
	at := x.find(items)
	switch {
	case x.Step.List.Gone && at >= 0:
		return one(fmt.Sprintf("%s/%d", x.Case.Resource.Items, at), "the list shows an item that was deleted")
	case !x.Step.List.Gone && at < 0 && (x.Step.List.Only || x.number() <= len(items)):
		return one(x.Case.Resource.Items, "the list does not show the item that was created")
	}
	return nil
}

func filtered(x Exchange) []Finding {
	items, ok := x.items()
	if !ok || !x.Step.List.Only {
		return nil
	}
	var found []Finding
	for i, item := range items {
		if idOf(item, x.Case.Resource.ID.Item) != x.ItemID {
			found = append(found, one(fmt.Sprintf("%s/%d", x.Case.Resource.Items, i), "the list is filtered by id but shows another item")...)
		}
	}
	return found
}

// total is judged where the suite knows how many there are: filtered by id.
func total(x Exchange) []Finding {
	items, ok := x.items()
	if !ok || !x.Step.List.Only || x.number() < 0 || x.number() == len(items) {
		return nil
	}
	return one(x.Case.Resource.Total, "the total is %d, but the whole list has %d items", x.number(), len(items))
}

// readBack compares what was sent with what is listed: each described member, JSON text by what it holds.
func readBack(x Exchange) []Finding {
	items, ok := x.items()
	if !ok || x.Step.List.Gone {
		return nil
	}
	at := x.find(items)
	if at < 0 {
		return nil
	}
	pointer := fmt.Sprintf("%s/%d", x.Case.Resource.Items, at)
	schema := x.itemSchema()
	shown, _ := items[at].(map[string]any)
	if schema == nil || shown == nil {
		return nil
	}
	sent, _ := schema.Project(x.Step.List.Sent).(map[string]any)
	var found []Finding
	for _, name := range sortedKeys(sent) {
		if schema.Inside("/"+name) == nil || shows(shown[name], sent[name]) {
			continue
		}
		found = append(found, one(pointer+"/"+name, "the list does not show what was sent as %s", name)...)
	}
	return found
}

func (x Exchange) itemSchema() *openapi.Schema {
	answer := x.Step.Operation.Answer(x.Response.Status)
	if answer == nil || len(answer.Content) == 0 || answer.Content[0].Schema == nil {
		return nil
	}
	return answer.Content[0].Schema.Inside(x.Case.Resource.Items + "/-")
}

// shows says whether a value shows what was sent: an object may show more than was sent, text that holds JSON is taken
// for what it holds, and numbers are compared by value.
func shows(shown, sent any) bool {
	sent, shown = opened(sent), opened(shown)
	switch want := sent.(type) {
	case map[string]any:
		is, ok := shown.(map[string]any)
		for name, member := range want {
			at, there := is[name]
			ok = ok && there && shows(at, member)
		}
		return ok
	case json.Number:
		is, ok := shown.(json.Number)
		a, okA := new(big.Rat).SetString(want.String())
		b, okB := new(big.Rat).SetString(is.String())
		return ok && okA && okB && a.Cmp(b) == 0
	}
	return reflect.DeepEqual(shown, sent)
}

func opened(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	if inner, err := openapi.DecodeJSON([]byte(text)); err == nil {
		if _, isObject := inner.(map[string]any); isObject {
			return inner
		}
	}
	return value
}
