package contract

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The elements and attributes here are those that the schemas of Ant and of Jenkins have in common: readers of JUnit XML
// know no more for certain. That is why a case has one failure with the text of all findings, a skipped case says why in
// its text, and the sums are not repeated at the root.

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []*junitSuite
}

type junitSuite struct {
	XMLName    xml.Name        `xml:"testsuite"`
	ID         int             `xml:"id,attr"`
	Name       string          `xml:"name,attr"`
	Package    string          `xml:"package,attr"`
	Hostname   string          `xml:"hostname,attr"`
	Timestamp  string          `xml:"timestamp,attr"` // without a time zone, as the schemas have it: UTC
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        junitText       `xml:"system-out"`
	Err        junitText       `xml:"system-err"`

	durationUS int64
	known      []string
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Skipped *junitText    `xml:"skipped"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

type junitText struct {
	Text string `xml:",cdata"`
}

// WriteJUnit writes the report as JUnit XML: a test suite a phase, a test case a case. A finding that the baseline knows
// is in its suite's output, and fails nothing.
func (r *Report) WriteJUnit(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Suites: r.junitSuites()}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Report) junitSuites() []*junitSuite {
	found := map[string][]Finding{}
	for _, f := range r.Findings {
		found[f.Case] = append(found[f.Case], f)
	}
	var suites []*junitSuite
	byPhase := map[string]*junitSuite{}
	for _, result := range r.allResults() {
		name, _, _ := strings.Cut(result.Case, "/")
		if byPhase[name] == nil {
			byPhase[name] = r.junitSuite(len(suites), name)
			suites = append(suites, byPhase[name])
		}
		byPhase[name].add(result, found[result.Case])
	}
	for _, s := range suites {
		s.Time, s.Out.Text = junitSeconds(s.durationUS), printable(strings.Join(s.known, "\n\n"))
	}
	if len(suites) > 0 {
		suites[0].Err.Text = printable(strings.Join(r.junitRemarks(), "\n"))
	}
	return suites
}

// allResults are the results, and one for each case that has findings but no result: no finding is lost.
func (r *Report) allResults() []Result {
	all := r.Results[:len(r.Results):len(r.Results)]
	there := map[string]bool{}
	for _, result := range r.Results {
		there[result.Case] = true
	}
	for _, f := range r.Findings {
		if !there[f.Case] {
			there[f.Case] = true
			all = append(all, Result{Case: f.Case, Operation: f.Operation, Outcome: Failed})
		}
	}
	return all
}

func (r *Report) junitSuite(id int, name string) *junitSuite {
	return &junitSuite{
		ID:        id,
		Name:      printable(name),
		Package:   "counterpart",
		Hostname:  "localhost",
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"seed", strconv.FormatUint(r.Seed, 10)},
			{"target", printable(r.Target)},
			{"spec", printable(r.Spec.Title + " " + r.Spec.Version)},
		},
	}
}

// junitRemarks is what is about no case.
func (r *Report) junitRemarks() []string {
	var lines []string
	if r.Interrupted != "" {
		lines = append(lines, "interrupted: "+oneLine(r.Interrupted))
	}
	for _, line := range warningLines(r.Warnings) {
		lines = append(lines, "warning: "+oneLine(line))
	}
	return lines
}

func (s *junitSuite) add(result Result, found []Finding) {
	c := junitCase{Class: printable(result.Operation), Name: printable(result.Case), Time: junitSeconds(result.DurationUS)}
	var fresh []Finding
	for _, f := range found {
		if f.Known {
			s.known = append(s.known, "known: "+f.String())
		} else {
			fresh = append(fresh, f)
		}
	}
	switch {
	case len(fresh) > 0:
		s.Failures++
		c.Failure = junitFailureOf(fresh)
	case result.Outcome == Skipped:
		s.Skipped++
		c.Skipped = &junitText{printable(result.Reason)}
	}
	s.Tests++
	s.durationUS += result.DurationUS
	s.Cases = append(s.Cases, c)
}

func junitFailureOf(found []Finding) *junitFailure {
	texts := make([]string, len(found))
	for i, f := range found {
		texts[i] = f.String()
	}
	message := oneLine(found[0].Message)
	if len(found) > 1 {
		message = fmt.Sprintf("%s (and %d more)", message, len(found)-1)
	}
	return &junitFailure{printable(found[0].Check), printable(message), printable(strings.Join(texts, "\n\n"))}
}

func junitSeconds(us int64) string { return fmt.Sprintf("%.3f", float64(us)/1e6) }
