package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// Report is the verdict. Its JSON form is described by docs/report.schema.json.
type Report struct {
	Tool        string             `json:"tool"`
	Version     string             `json:"version"`
	Target      string             `json:"target"`
	Spec        ReportSpec         `json:"spec"`
	Seed        uint64             `json:"seed"`
	Started     time.Time          `json:"started"`
	DurationMS  int64              `json:"duration_ms"`
	Interrupted string             `json:"interrupted,omitempty"` // why cases were left out at the end; "" when all were run
	Requests    int                `json:"requests"`
	Cases       int                `json:"cases"` // passed, failed and skipped
	Passed      int                `json:"passed"`
	Failed      int                `json:"failed"` // cases with a finding that the baseline does not know; 0: the contract is kept
	Skipped     int                `json:"skipped"`
	Operations  []*ReportOperation `json:"operations"`
	Results     []Result           `json:"results"` // of every case, in order
	Findings    []Finding          `json:"findings"`
	Warnings    []Warning          `json:"warnings"`
	Coverage    []Coverage         `json:"coverage"`
	Gone        []string           `json:"gone,omitempty"` // what the baseline knows and this run did not find, in words

	byID map[string]*ReportOperation // those of Operations
}

// ReportSpec names the document.
type ReportSpec struct {
	Title   string `json:"title"`
	Version string `json:"version"`
}

// ReportOperation counts what was done with an operation and found about it.
type ReportOperation struct {
	ID        string `json:"id"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Cases     int    `json:"cases"`
	Succeeded int    `json:"succeeded"` // answers with 2xx
	Findings  int    `json:"findings"`
}

// Outcome is what became of a case.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // it could not be judged
)

// Result is the outcome of a case.
type Result struct {
	Case       string  `json:"case"` // phase/name
	Operation  string  `json:"operation"`
	Outcome    Outcome `json:"outcome"`
	Reason     string  `json:"reason,omitempty"` // why it was skipped
	Requests   int     `json:"requests"`
	DurationUS int64   `json:"duration_us"`
}

// Warning is something that the user should know and that breaks no rule.
type Warning struct {
	Operation string `json:"operation,omitempty"`
	Message   string `json:"message"`
}

// Coverage says how much of what the document describes was tried.
type Coverage struct {
	Of      string   `json:"of"` // operations, statuses, …
	Covered int      `json:"covered"`
	Total   int      `json:"total"`
	Missing []string `json:"missing"`
}

// Message is a request or an answer as reports show it: without secrets, the body cut where it is long.
type Message struct {
	Start  string   `json:"start"`  // POST /v2/… or 201 Created
	Header []string `json:"header"` // Name: value, sorted
	Body   string   `json:"body"`
}

const module = "github.com/counterpart-go/counterpart"

func newReport(target Target, o Options, operations []*openapi.Operation) *Report {
	r := &Report{Tool: "counterpart", Version: version(), Target: nameOf(target), Spec: ReportSpec{o.Spec.Title, o.Spec.Version}, Seed: o.Seed,
		Started: o.Now().UTC(), Results: []Result{}, Findings: []Finding{}, Warnings: []Warning{}, Coverage: []Coverage{}}
	r.byID = map[string]*ReportOperation{}
	for _, op := range operations {
		line := &ReportOperation{ID: op.ID, Method: op.Method, Path: op.Base + op.Path}
		r.Operations, r.byID[op.ID] = append(r.Operations, line), line
	}
	return r
}

// version is that of this module in the program that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	if info.Main.Path == module && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// add counts a case, keeps each of its findings once, and gives these.
func (r *Report) add(result *Result, c Case, found []Finding) []Finding {
	kept := distinct(found)
	if result.Outcome == Failed && !slices.ContainsFunc(kept, func(f Finding) bool { return !f.Known }) {
		result.Outcome, result.Reason = Passed, "all findings are known"
	}
	r.Cases++
	*map[Outcome]*int{Passed: &r.Passed, Failed: &r.Failed, Skipped: &r.Skipped}[result.Outcome]++
	r.Results = append(r.Results, *result)
	r.Findings = append(r.Findings, kept...)
	counted := map[string]bool{}
	for _, s := range c.steps() {
		if op := r.byID[s.Operation.ID]; op != nil && !counted[op.ID] {
			counted[op.ID] = true
			op.Cases++
		}
	}
	for _, f := range kept {
		if op := r.byID[f.Operation]; op != nil {
			op.Findings++
		}
	}
	return kept
}

// distinct keeps each finding of a case once.
func distinct(found []Finding) []Finding {
	var kept []Finding
	seen := map[[4]string]bool{}
	for _, f := range found {
		key := [4]string{f.Check, f.Operation, f.Pointer, f.Rule}
		if !seen[key] {
			seen[key] = true
			kept = append(kept, f)
		}
	}
	return kept
}

// close writes what only the end of a run can tell.
func (r *Report) close(run *runner) {
	r.DurationMS = run.o.Now().Sub(run.began).Milliseconds()
	r.Coverage = run.coverage.rows()
	r.Gone = run.o.Baseline.gone(r)
	reached := run.lost.reasons()
	for _, op := range r.Operations {
		switch reason := reached[op.ID]; {
		case op.Succeeded > 0:
		case reason != "":
			r.Warnings = append(r.Warnings, Warning{op.ID, strings.TrimPrefix(reason, op.ID+" is ")})
		case run.coverage.called[op.ID]:
			r.Warnings = append(r.Warnings, Warning{op.ID, "no request was carried out: what such requests are answered with was not judged"})
		}
	}
	reasons := map[string]int{}
	for _, result := range r.Results {
		if result.Outcome == Skipped {
			reasons[result.Reason]++
		}
	}
	for _, reason := range sortedKeys(reasons) {
		r.Warnings = append(r.Warnings, Warning{"", fmt.Sprintf("not judged (%d of %d cases): %s", reasons[reason], r.Cases, reason)})
	}
	for _, entry := range run.o.Ledger.Open() {
		r.Warnings = append(r.Warnings, Warning{"", fmt.Sprintf("an item of %s may be left behind: %s", entry.Resource, cmp.Or(entry.ID, "its id is not known"))})
	}
}

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r.withLists())
}

// withLists is the report with an empty list wherever it has nil: JSON says [] where there is nothing, never null.
func (r *Report) withLists() *Report {
	full := *r
	full.Operations, full.Results, full.Warnings = orEmpty(r.Operations), orEmpty(r.Results), orEmpty(r.Warnings)
	full.Findings, full.Coverage = orEmpty(slices.Clone(r.Findings)), orEmpty(slices.Clone(r.Coverage))
	for i, f := range full.Findings {
		full.Findings[i].Request, full.Findings[i].Answer = f.Request.withLists(), f.Answer.withLists()
	}
	for i, c := range full.Coverage {
		full.Coverage[i].Missing = orEmpty(c.Missing)
	}
	return &full
}

func (m *Message) withLists() *Message {
	if m == nil {
		return nil
	}
	return &Message{m.Start, orEmpty(m.Header), m.Body}
}

func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// fingerprint names what is wrong, in the same words in every run: without the case, the index of an item, or the line
// of the rule.
func (f Finding) fingerprint() string {
	tokens := strings.Split(f.Pointer, "/")
	for i, token := range tokens[1:] {
		if isIndex(token) {
			tokens[i+1] = "-"
		}
	}
	rule := f.Rule
	if p, ok := parsePlace(rule); ok {
		rule = "#" + p.pointer
	}
	return strings.Join([]string{f.Check, f.Operation, strings.Join(tokens, "/"), rule}, " | ")
}

// isIndex says whether a token of a JSON Pointer can be the index of an item.
func isIndex(token string) bool {
	_, err := strconv.ParseUint(token, 10, 64)
	return err == nil
}

// place is where a rule stands in the document.
type place struct {
	file    string
	line    int // 1-based; 0 is unknown
	pointer string
}

// parsePlace reads a rule written as `file:line #pointer`, which is how [openapi.Rule] writes it; ok is false where the
// rule is in words.
func parsePlace(rule string) (p place, ok bool) {
	where, pointer, found := strings.Cut(rule, " #")
	colon := strings.LastIndexByte(where, ':')
	if !found || colon < 1 {
		return place{}, false
	}
	line, err := strconv.ParseUint(where[colon+1:], 10, 31)
	if err != nil {
		return place{}, false
	}
	return place{where[:colon], int(line), pointer}, true
}
