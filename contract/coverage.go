package contract

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/counterpart-go/counterpart/openapi"
)

// coverage notes what of the document was tried.
type coverage struct {
	called    map[string]bool             // operations, by id
	succeeded map[*openapi.Operation]bool // were carried out
	kinds     []*covered
}

// covered is one kind of thing that a document describes.
type covered struct {
	of    string
	all   []string // in the document's order, each once
	known map[string]bool
	tried map[string]bool
}

// The kinds, in the order of the report.
const (
	ofOperations = iota
	ofStatuses
	ofMediaTypes
	ofParameters
	ofRulesKept
	ofRulesBroken
	ofEmbedded
)

// CoverageKinds are the kinds of things whose coverage a report tells, in its order.
func CoverageKinds() []string {
	return []string{"operations", "statuses", "media types", "parameters", "rules kept", "rules broken", "embedded JSON"}
}

func newCoverage(operations []*openapi.Operation) *coverage {
	c := &coverage{called: map[string]bool{}, succeeded: map[*openapi.Operation]bool{}}
	for _, of := range CoverageKinds() {
		c.kinds = append(c.kinds, &covered{of: of, known: map[string]bool{}, tried: map[string]bool{}})
	}
	for _, op := range operations {
		c.expect(op)
	}
	return c
}

func (k *covered) expect(name string) {
	if !k.known[name] {
		k.known[name] = true
		k.all = append(k.all, name)
	}
}

// expect lists what an operation describes.
func (c *coverage) expect(op *openapi.Operation) {
	c.kinds[ofOperations].expect(op.ID)
	for _, a := range op.Responses {
		c.kinds[ofStatuses].expect(op.ID + " " + a.Status)
		for _, m := range a.Content {
			c.kinds[ofMediaTypes].expect(fmt.Sprintf("%s %s %s", op.ID, a.Status, m.Range))
		}
	}
	for _, p := range op.Parameters {
		c.kinds[ofParameters].expect(parameterName(op, p))
		c.expectRules(p.Schema, ofTexts)
	}
	if op.RequestBody != nil {
		for _, m := range op.RequestBody.Content {
			c.kinds[ofMediaTypes].expect(fmt.Sprintf("%s request %s", op.ID, m.Range))
			c.expectRules(m.Schema, ofValues)
		}
	}
}

func parameterName(op *openapi.Operation, p *openapi.Parameter) string {
	return fmt.Sprintf("%s %s %s", op.ID, p.In, p.Name)
}

// texture is whether a value is sent as text, which no type but string can break.
type texture int

const (
	ofValues texture = iota
	ofTexts
)

func (c *coverage) expectRules(schema *openapi.Schema, sent texture) {
	if schema == nil {
		return
	}
	for _, rule := range schema.Rules() {
		c.kinds[ofRulesKept].expect(rule.String())
		if sent != ofTexts || rule.Keyword() != "type" {
			c.kinds[ofRulesBroken].expect(rule.String())
		}
		if rule.Keyword() == openapi.KeywordEmbedded {
			c.kinds[ofEmbedded].expect(rule.String())
		}
	}
}

func (k *covered) complete() bool { return len(k.tried) >= len(k.all) }

// try takes down what the document of this run describes; what is not expected was sent for other operations' sake.
func (c *coverage) try(kind int, name string) {
	if c.kinds[kind].known[name] {
		c.kinds[kind].tried[name] = true
	}
}

// note takes an answered exchange down.
func (c *coverage) note(x *Exchange) {
	op := x.Step.Operation
	if raw := x.Step.Raw; raw != nil && (raw.Method != "" || raw.Suffix != "") {
		return
	}
	if !x.mayFail() {
		c.called[op.ID] = true
	}
	if answer := op.Answer(x.Response.Status); answer != nil {
		c.try(ofStatuses, op.ID+" "+answer.Status)
		for _, m := range answer.Content {
			if len(x.violations) == 0 {
				c.try(ofMediaTypes, fmt.Sprintf("%s %s %s", op.ID, answer.Status, m.Range))
			}
		}
	}
	if x.succeeded() {
		c.succeeded[op] = true
		c.try(ofOperations, op.ID)
		c.noteKept(x)
	} else if x.Step.Refused == openapi.Invalid && x.looked() {
		c.noteBroken(x)
	}
}

// looked says whether the server can have looked at the request: it does not where it wants credentials or a pause.
func (x *Exchange) looked() bool {
	return !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, x.Response.Status)
}

// noteKept takes down which rules the server was shown to keep: those of a request that was carried out.
func (c *coverage) noteKept(x *Exchange) {
	op := x.Step.Operation
	if x.Step.Refused == openapi.Invalid {
		return
	}
	for _, p := range op.Parameters {
		if x.sends(p) {
			c.try(ofParameters, parameterName(op, p))
			c.keep(p.Schema, x.argumentValue(p))
		}
	}
	if op.RequestBody != nil && x.Step.Body != nil {
		media := contentOf(x.Step)
		c.try(ofMediaTypes, fmt.Sprintf("%s request %s", op.ID, media.Range))
		c.keep(media.Schema, x.Step.Body)
	}
}

func (c *coverage) keep(schema *openapi.Schema, value any) {
	if schema == nil || c.kinds[ofRulesKept].complete() {
		return
	}
	for _, rule := range schema.Judging(value) {
		c.try(ofRulesKept, rule.String())
		if rule.Keyword() == openapi.KeywordEmbedded {
			c.try(ofEmbedded, rule.String())
		}
	}
}

func (c *coverage) noteBroken(x *Exchange) {
	violations, _ := x.request.broken(x.spec, x.Step.Operation)
	for _, v := range violations {
		c.try(ofRulesBroken, v.Rule.String())
	}
}

// sends says whether the request has the parameter.
func (x *Exchange) sends(p *openapi.Parameter) bool {
	texts, given := x.Step.argument(p)
	return given && len(texts) > 0 || !given && p.Required
}

// argumentValue is a parameter's value as the step has it.
func (x *Exchange) argumentValue(p *openapi.Parameter) any {
	if texts, given := x.Step.argument(p); given && len(texts) > 0 {
		return texts[0]
	}
	return x.request.path[p.Name]
}

// rows are the report's.
func (c *coverage) rows() []Coverage {
	var rows []Coverage
	for _, k := range c.kinds {
		row := Coverage{Of: k.of, Total: len(k.all), Missing: []string{}}
		for _, name := range k.all {
			if k.tried[name] {
				row.Covered++
			} else {
				row.Missing = append(row.Missing, name)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// count takes an exchange into the report and the coverage.
func (r *runner) count(x *Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x.err != nil {
		return
	}
	r.report.Requests++
	if op := r.report.byID[x.Step.Operation.ID]; op != nil && x.succeeded() {
		op.Succeeded++
	}
	r.coverage.note(x)
}

// carriedOut says whether the operation was ever answered with 2xx.
func (r *runner) carriedOut(op *openapi.Operation) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.coverage.succeeded[op]
}

// heard takes note that the target has begun an answer.
func (r *runner) heard() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alive = true
}

// neverAnswered says whether no request was answered yet, not even in part.
func (r *runner) neverAnswered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.alive
}
