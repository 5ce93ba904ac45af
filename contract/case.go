package contract

import (
	"iter"

	"github.com/counterpart-go/counterpart/openapi"
)

// Case is one thing that the suite tries: steps, sent in order.
type Case struct {
	Phase     string
	Name      string             // unique in its phase
	Operation *openapi.Operation // the one that the case is about
	Resource  *openapi.Resource  // whose items the case creates, or nil
	Before    []Step             // create what the items of the case belong to, outermost first; sent before Steps
	Steps     []Step

	smaller func() []Case // gives simpler cases that may fail for the same reason; nil where there are none
}

// String is phase/name.
func (c Case) String() string { return c.Phase + "/" + c.Name }

// Step is one request of a case and what a server that keeps the contract does with it.
type Step struct {
	Operation *openapi.Operation
	Body      any        // decoded JSON; nil for none
	Put       int        // the step, counted from 1, whose answer shows an item that is sent back as the body; 0 for none
	Media     string     // range of the body's media type; "" is the one that is easiest to judge
	Arguments []Argument // beside, or in place of, what the operation requires
	Raw       *Raw       // departs from what the operation describes; nil for nothing
	Created   int        // the step, counted from 1, whose answer gave the id of the item; 0 for none
	If        int        // is sent only where that step was carried out; 0 is always
	Together  int        // steps that follow each other with the same number are sent at the same time; 0 is alone
	Pages     int        // asks for page after page of so many items; 0 asks once

	Refused string // reason for which it must be refused (see openapi.Refusal); "" when it must be carried out
	Status  int    // the only right status, 0 where the document leaves a choice
	Open    bool   // the document leaves open whether it is carried out; Refused is why it may not be
	Rivals  bool   // of the steps sent together one is carried out, the others are refused for the reason

	List  *Listing // what a list must show
	Guard bool     // where the list shows anything, the case is skipped: what it would create is there already
}

// Method is the request's.
func (s Step) Method() string {
	if s.Raw != nil && s.Raw.Method != "" {
		return s.Raw.Method
	}
	return s.Operation.Method
}

// Argument is a parameter's text in a request. A text ItemID stands for the id of the step's item.
type Argument struct {
	In    openapi.Location
	Name  string
	Texts []string // one for each time that it is sent; none leaves it out
	From  Source   // is sent in place of Texts
}

// Source is a part of an earlier exchange. The zero value is none.
type Source struct {
	Step int    // counted from 1; -1 is the first step of Case.Before, -2 the second
	Part string // a runtime expression (OpenAPI 3.1, section 4.8.20.4): $response.header.ETag; "" is the id of the item that it made
}

// Texts that stand for the id of the item that a step is about, and for texts that are nearly it.
const (
	ItemID       = "{id}"
	HalfOfID     = "{the first half of the id}"
	CapitalsOfID = "{the id in capitals}"
)

// Raw is what no operation describes.
type Raw struct {
	Method    string  // "" is the operation's
	Suffix    string  // behind the path
	Body      []byte  // in place of the encoded one; nil for that
	MediaType *string // in place of the described one; "" sends none
}

// Listing is what a list must show, or the answer that shows one item.
type Listing struct {
	Shows []Shown        // items that must be there
	Order []int          // steps whose items are there in this order; where no direction was asked for, in this or the opposite
	Hides []int          // steps whose items must not be there
	Where map[string]any // what every item must have, by pointer into the item: what the list is filtered by; nil is what no item has
	Alone bool           // nothing but Shows may be there
	Count int            // so many items must be there; 0 is any number
	Limit int            // the most items; 0 is the document's own
	After int            // the step whose effect the list shows, counted from 1; 0 for none
	Of    Subject
}

// Subject is what a list is evidence of, and so which check a wrong one belongs to.
type Subject int

// The subjects.
const (
	OfWrite   Subject = iota // what was carried out
	OfRefusal                // what was refused, and so must have had no effect
	OfOther                  // another parent's items
	OfRivals                 // what was sent at the same time
)

// Shown is an item that a list must show.
type Shown struct {
	Created int      // the step that made it
	Sent    []any    // the item is one of these, as they were sent; empty where only its presence matters
	Dropped []string // pointers into the item: members that were sent once and are not part of it any more
}

// phase makes cases from the document alone.
type phase struct {
	name     string
	optional bool // runs only where it is named
	cases    func(*maker) iter.Seq[Case]
}

// phases in the order in which they run: what finds most with fewest requests comes first.
func phases() []phase {
	return []phase{
		{"examples", false, exampleCases},
		{"state", false, stateCases},
		{"collection", false, collectionCases},
		{"protocol", false, protocolCases},
		{"boundary", false, boundaryCases},
		{"negative", false, negativeCases},
		{"fuzz", true, fuzzCases},
	}
}

// Phases are the names of all phases, in the order in which they run.
func Phases() []string { return phaseNames(func(phase) bool { return true }) }

// DefaultPhases are the names of the phases that run when none is named: all but fuzz.
func DefaultPhases() []string { return phaseNames(func(p phase) bool { return !p.optional }) }

func phaseNames(include func(phase) bool) []string {
	var names []string
	for _, p := range phases() {
		if include(p) {
			names = append(names, p.name)
		}
	}
	return names
}
