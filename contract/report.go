package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"
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

func newReport(target Target, o Options) *Report {
	r := &Report{Tool: "counterpart", Version: version(), Target: nameOf(target), Spec: ReportSpec{o.Spec.Title, o.Spec.Version}, Seed: o.Seed, Findings: []Finding{}}
	for _, op := range o.Spec.Operations() {
		r.Operations = append(r.Operations, &ReportOperation{ID: op.ID})
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

// add counts a case and keeps each of its findings once.
func (r *Report) add(c Case, found []Finding) {
	r.Cases++
	if len(found) == 0 {
		r.Passed++
	} else {
		r.Failed++
	}
	called := map[string]bool{}
	for _, step := range c.Steps {
		called[step.Operation.ID] = true
	}
	findings := map[string]int{}
	seen := map[[4]string]bool{}
	for _, f := range found {
		key := [4]string{f.Check, f.Operation, f.Pointer, f.Rule}
		if seen[key] {
			continue
		}
		seen[key] = true
		findings[f.Operation]++
		f.Case = c.Phase + "/" + c.Name
		r.Findings = append(r.Findings, f)
	}
	for _, op := range r.Operations {
		op.Findings += findings[op.ID]
		if called[op.ID] {
			op.Cases++
		}
	}
}

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes the report for people: the verdict, the operations, each finding.
func (r *Report) WriteText(w io.Writer) error {
	verdict := "keeps the contract"
	if r.Failed > 0 {
		verdict = "BREAKS the contract"
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s %s\n%s %s\n", r.Target, verdict, r.Spec.Title, r.Spec.Version)
	fmt.Fprintf(b, "%d of %d cases passed, %d findings, %d requests, %d ms, seed %d\n\n", r.Passed, r.Cases, len(r.Findings), r.Requests, r.DurationMS, r.Seed)
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "operation\tcases\tfindings")
	for _, op := range r.Operations {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\n", op.ID, op.Cases, op.Findings)
	}
	_ = table.Flush()
	for i, f := range r.Findings {
		fmt.Fprintf(b, "\n%d. %s\n", i+1, f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String gives the finding on several lines.
func (f Finding) String() string {
	lines := []string{fmt.Sprintf("%s: %s", f.Operation, f.Message), "check    " + f.Check, "case     " + f.Case}
	if f.Pointer != "" {
		lines = append(lines, "pointer  "+f.Pointer)
	}
	lines = append(lines, "rule     "+f.Rule, "replay   "+f.Reproduce)
	return strings.Join(lines, "\n   ")
}

// curl is the command line that sends the request to the target again.
func curl(target string, r *http.Request) (string, error) {
	parts := []string{"curl -sS -i -X", r.Method, shellQuote(target + r.URL.RequestURI())}
	for _, name := range sortedKeys(r.Header) {
		parts = append(parts, "-H", shellQuote(name+": "+r.Header.Get(name)))
	}
	if r.ContentLength > 0 {
		reader, err := r.GetBody()
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(reader)
		if err != nil {
			return "", err
		}
		parts = append(parts, "--data-binary", shellQuote(string(body)))
	}
	return strings.Join(parts, " "), nil
}

// shellQuote makes one word of a POSIX shell.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
