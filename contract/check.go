package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// Exchange is a step that was sent, and its answer.
type Exchange struct {
	Case     Case
	Step     Step
	ItemID   string // of the item that Step.Created made
	Response openapi.Response
	Body     any // the answer's decoded body, nil when it is no JSON

	spec       *openapi.Spec
	items      *itemSchemas
	request    *request
	violations openapi.Violations
	err        error       // why there is no answer
	secrets    []string    // that the step sends
	number     int         // of the step, counted from 1
	ids        []string    // by step: of the items that the case created so far
	earlier    []*Exchange // of the same case
	last       bool        // of those that were sent together
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
	judge func(*Exchange) []Finding
}

// Checks is the table of all checks, in the order of their findings.
func Checks() []Check {
	return []Check{
		{"answer", "Every request is answered.", answered},
		{"server-error", "A request is never answered with a status of 500 or above, unless the document says so.", serverError},
		{"accepted", "A request that keeps the document is carried out.", accepted},
		{"refused", "A request that cannot be carried out is refused with the documented status.", refused},
		{"status", "The status of every answer is described.", violationsOf(isStatus)},
		{"media-type", "The media type of every answer is described.", violationsOf(isMediaType)},
		{"header", "Every required header is there and keeps its schema.", violationsOf(isHeader)},
		{"no-body", "An answer that is described without a body has none.", violationsOf(isUnwantedBody)},
		{"json", "A JSON body is one document in UTF-8, no key is in it twice, and nothing follows it.", violationsOf(isSyntax)},
		{"body", "The body of an answer keeps its schema.", onSuccess(violationsOf(isBody))},
		{"error-body", "The body of a refusal keeps its schema.", onRefusal(violationsOf(isBody))},
		{"embedded-json", "JSON inside a string keeps the schema that its sibling chooses.", violationsOf(isEmbedded)},
		{"secret", "A secret that was sent is never given back.", secretGivenBack},
		{"internals", "An answer shows nothing of the inside of the server: no stack, no query.", internals},
		{"created-id", "Creating an item answers with its id.", createdID},
		{"unique-id", "No two items have the same id.", uniqueID},
		{"rivals", "Of requests that exclude each other, sent at the same time, one is carried out.", rivals},
		{"listed", "A list shows what was created, and not what was deleted.", listed},
		{"filter", "A filtered list shows what matches, and only that.", filtered},
		{"limit", "A list shows no more items than were asked for.", limited},
		{"total", "The total is the number of items that match.", total},
		{"pages", "Pages have no item in common and are together the whole.", paged},
		{"order", "A list that is asked for twice has the same order, as long as nothing was changed.", ordered},
		{"sorted", "A list that is asked for in an order has that order.", sorted},
		{"read-back", "A list shows an item as it was sent last.", readBack},
		{"trace", "A request that was refused has changed nothing.", traces},
		{"isolation", "An item belongs to its own parent alone.", isolated},
	}
}

func isStatus(_ *Exchange, v openapi.Violation) bool { return v.In == openapi.InStatus }

func isMediaType(_ *Exchange, v openapi.Violation) bool {
	return v.In == openapi.InHeader && v.Keyword == openapi.KeywordContent
}

func isHeader(x *Exchange, v openapi.Violation) bool {
	return v.In == openapi.InHeader && !isMediaType(x, v)
}

// isUnwantedBody leaves a refusal alone that is described without a body: there documents are silent more often than they
// forbid one.
func isUnwantedBody(x *Exchange, v openapi.Violation) bool {
	return x.Response.Status < http.StatusBadRequest && v.In == openapi.InBody && v.Keyword == openapi.KeywordContent
}

func isSyntax(_ *Exchange, v openapi.Violation) bool {
	return v.In == openapi.InBody && v.Keyword == openapi.KeywordSyntax
}

// isEmbedded leaves a secret alone that is masked: it is not given back.
func isEmbedded(x *Exchange, v openapi.Violation) bool {
	inside := strings.Contains(v.Pointer, openapi.Embedded) || v.Keyword == openapi.KeywordEmbedded
	return v.In == openapi.InBody && inside && !x.isMasked(v)
}

func isBody(x *Exchange, v openapi.Violation) bool {
	inside := strings.Contains(v.Pointer, openapi.Embedded) || v.Keyword == openapi.KeywordEmbedded
	return v.In == openapi.InBody && !inside && !isSyntax(x, v) && v.Keyword != openapi.KeywordContent && !x.isMasked(v)
}

func (x *Exchange) isMasked(v openapi.Violation) bool {
	return v.Keyword == openapi.KeywordWriteOnly && isMask(lookup(x.Body, v.Pointer))
}

// isMask says whether a value stands for a secret that is not shown: null, empty, or one character again and again.
func isMask(value any) bool {
	text, isText := value.(string)
	return value == nil || isText && strings.Trim(text, "*") == "" || isText && strings.Trim(text, "•") == ""
}

// violationsOf makes findings of the violations that are a check's business.
func violationsOf(mine func(*Exchange, openapi.Violation) bool) func(*Exchange) []Finding {
	return func(x *Exchange) []Finding {
		var found []Finding
		for _, v := range x.violations {
			if mine(x, v) {
				found = append(found, Finding{Pointer: v.Name + v.Pointer, Rule: v.Rule.String(), Message: v.String()})
			}
		}
		return found
	}
}

func onSuccess(judge func(*Exchange) []Finding) func(*Exchange) []Finding {
	return func(x *Exchange) []Finding {
		if x.Response.Status >= http.StatusBadRequest {
			return nil
		}
		return judge(x)
	}
}

func onRefusal(judge func(*Exchange) []Finding) func(*Exchange) []Finding {
	return func(x *Exchange) []Finding {
		if x.Response.Status < http.StatusBadRequest {
			return nil
		}
		return judge(x)
	}
}

func one(pointer, format string, args ...any) []Finding {
	return []Finding{{Pointer: pointer, Message: fmt.Sprintf(format, args...)}}
}

// soFar are the exchanges of the case up to this one.
func (x *Exchange) soFar() []*Exchange { return append(slices.Clone(x.earlier), x) }

func (x *Exchange) succeeded() bool {
	return x.err == nil && x.Response.Status >= 200 && x.Response.Status < 300
}

// mayFail says whether the step may be, or must be, refused.
func (x *Exchange) mayFail() bool { return x.Step.Refused != "" }

// wanted is the status that the document gives the refusal the step expects, 0 when it leaves that open: a request that
// breaks the document may break it in more than one way, and so be refused in more than one.
func (x *Exchange) wanted() int {
	switch x.Step.Refused {
	case openapi.Duplicate, openapi.UnknownID, openapi.Fixed, openapi.InUse:
		row, _ := x.spec.Refusal(x.Step.Refused, nil)
		return row.Status
	}
	return 0
}

// unknownID is the status that the document gives to an id that nothing has, 0 where it gives none.
func (x *Exchange) unknownID() int {
	row, _ := x.spec.Refusal(openapi.UnknownID, nil)
	return row.Status
}

func answered(x *Exchange) []Finding {
	if x.err == nil {
		return nil
	}
	return one("", "there was no answer: %v", x.err)
}

func serverError(x *Exchange) []Finding {
	status := x.Response.Status
	routed := x.Step.Raw != nil && x.Step.Raw.Method != "" && status == http.StatusNotImplemented // RFC 9110, section 15.6.2
	if status < 500 || routed || x.mayFail() && status == x.wanted() || x.Step.Refused == foreign && status == x.unknownID() || status == x.Step.Status {
		return nil
	}
	return one("", "the server failed with status %d", status)
}

func accepted(x *Exchange) []Finding {
	switch status := x.Response.Status; {
	case x.mayFail() || status >= 500:
		return nil
	case x.Step.Status != 0 && status != x.Step.Status:
		return one("", "the documented example must be answered with %d, but was with %d", x.Step.Status, status)
	case x.Step.Status == 0 && !x.succeeded():
		return one("", "a request that keeps the document was answered with %d", status)
	}
	return nil
}

func refused(x *Exchange) []Finding {
	status, want := x.Response.Status, x.wanted()
	routed := x.Step.Raw != nil && status == http.StatusNotImplemented
	switch {
	case !x.mayFail() || x.succeeded() && (x.Step.Open || x.Step.Rivals) || routed:
		return nil
	case want != 0 && status != want:
		return one("", "must be refused with %d (%s), but was answered with %d", want, x.Step.Refused, status)
	case want == 0 && status < 400:
		return one("", "must be refused (%s), but was answered with %d", x.Step.Refused, status)
	}
	return nil
}

func createdID(x *Exchange) []Finding {
	r := x.Case.Resource
	if r == nil || x.Step.Operation != r.Create || x.departs() || !x.succeeded() || x.mayFail() || !x.promisesID(r) {
		return nil
	}
	if idOf(x.Body, r.ID.Created) == "" {
		return one(r.ID.Created, "the answer gives no id")
	}
	return nil
}

func uniqueID(x *Exchange) []Finding {
	r := x.Case.Resource
	if r == nil || r.ID.Sent != "" || x.Step.Operation != r.Create || !x.succeeded() || x.ids[x.number] == "" {
		return nil // an id that the client chooses is free again when its item is gone
	}
	for _, e := range x.earlier {
		same := e.Step.Operation == x.Step.Operation && e.number > 0 && e.err == nil && maps.Equal(e.request.path, x.request.path)
		if same && x.ids[e.number] == x.ids[x.number] {
			return one(r.ID.Created, "the answer gives the id of the item that step %d of the case made", e.number)
		}
	}
	return nil
}

// rivals counts where all of them have been answered, and where a list shows what came of them.
func rivals(x *Exchange) []Finding {
	if x.about(OfRivals) {
		if x.wrongBefore() {
			return nil
		}
		return x.evidence(append(x.counted(), x.presence()...))
	}
	if !x.Step.Rivals || !x.last {
		return nil
	}
	carriedOut, answered := 0, 0
	for _, e := range x.soFar() {
		if e.Step.Together == x.Step.Together && e.err == nil {
			answered++
			if e.succeeded() {
				carriedOut++
			}
		}
	}
	if carriedOut == 1 || answered == 0 {
		return nil
	}
	return one("", "of %d requests that exclude each other, %d were carried out", answered, carriedOut)
}

// counted compares the number of items in a list with what it must be.
func (x *Exchange) counted() []Finding {
	p, ok := x.list()
	if !ok || x.Step.List.Count == 0 || len(p.items) == x.Step.List.Count {
		return nil
	}
	return one(p.at, "the list must show %d items, but shows %d", x.Step.List.Count, len(p.items))
}

func idOf(body any, pointer string) string { return textOf(lookup(body, pointer)) }

// whole is a number that is not negative, -1 for anything else.
func whole(value any) int {
	number, _ := value.(json.Number)
	n, err := number.Int64()
	if err != nil || n < 0 {
		return -1
	}
	return int(n)
}
