package contract

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// How much of a list a report for people shows.
const (
	mostCases   = 5 // names of cases with findings like the one shown
	mostMissing = 3 // of a row of the coverage
)

// WriteText writes the report for people: the verdict, the numbers, the warnings, and findings that are alike once.
func (r *Report) WriteText(w io.Writer) error {
	b := &strings.Builder{}
	r.textSummary(b)
	r.textOperations(b)
	r.textCoverage(b)
	textList(b, "warnings", warningLines(r.Warnings))
	r.textFindings(b)
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// verdict says in words whether the contract is kept; an interrupted run can only say that it was so
// far, and one that judged no case nothing.
func (r *Report) verdict() string {
	switch {
	case r.Failed > 0:
		return "BREAKS the contract"
	case r.Passed == 0:
		return "could not be judged"
	case r.Interrupted != "":
		return "kept the contract until the run was interrupted"
	}
	return "keeps the contract"
}

func (r *Report) textSummary(b *strings.Builder) {
	fresh, _ := r.byBaseline()
	fmt.Fprintf(b, "%s %s\n%s %s\n", r.Target, r.verdict(), r.Spec.Title, r.Spec.Version)
	fmt.Fprintf(b, "%d of %s passed, %d failed, %d skipped\n", r.Passed, plural(r.Cases, "case"), r.Failed, r.Skipped)
	fmt.Fprintf(b, "%s, %s, %d ms, seed %d\n", plural(len(fresh), "finding"), plural(r.Requests, "request"), r.DurationMS, r.Seed)
	if r.Interrupted != "" {
		fmt.Fprintf(b, "interrupted: %s\n", oneLine(r.Interrupted))
	}
}

func (r *Report) textOperations(b *strings.Builder) {
	table := newTextTable(b, "operation", "request", "cases", "succeeded", "findings")
	for _, op := range r.Operations {
		table.row(op.ID, op.Method+" "+op.Path, op.Cases, op.Succeeded, op.Findings)
	}
	table.end()
}

func (r *Report) textCoverage(b *strings.Builder) {
	if len(r.Coverage) == 0 {
		return
	}
	table := newTextTable(b, "coverage", "covered", "percent", "missing")
	for _, c := range r.Coverage {
		table.row(c.Of, fmt.Sprintf("%d/%d", c.Covered, c.Total), c.percent(), firstOf(c.Missing, mostMissing))
	}
	table.end()
}

func (r *Report) textFindings(b *strings.Builder) {
	fresh, known := r.byBaseline()
	for i, g := range groups(fresh) {
		fmt.Fprintf(b, "\n%d. %s\n", i+1, g)
	}
	if len(known) > 0 {
		fmt.Fprintf(b, "\n%s (baseline)\n", plural(len(known), "known finding"))
	}
	textList(b, "gone from the baseline", r.Gone)
}

// textList writes a heading and a line an item, or nothing where there is none.
func textList(b *strings.Builder, heading string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", heading)
	for _, item := range items {
		fmt.Fprintf(b, "- %s\n", oneLine(item))
	}
}

func warningLines(warnings []Warning) []string {
	var lines []string
	for _, w := range warnings {
		lines = append(lines, w.String())
	}
	return lines
}

// String gives the warning on one line.
func (w Warning) String() string {
	if w.Operation == "" {
		return w.Message
	}
	return w.Operation + ": " + w.Message
}

// percent is rounded down, so that only what is complete has 100 %; it is "-" where there is nothing to cover.
func (c Coverage) percent() string {
	if c.Total == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", 100*c.Covered/c.Total)
}

// String gives the finding on several lines.
func (f Finding) String() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s: %s", f.Operation, oneLine(f.Message))
	for _, line := range []struct{ label, text string }{
		{"check", f.Check},
		{"after", f.After},
		{"case", f.Case},
		{"pointer", f.Pointer},
		{"rule", f.Rule},
	} {
		if line.text != "" {
			fmt.Fprintf(b, "\n   %-8s %s", line.label, oneLine(line.text))
		}
	}
	if f.Reproduce != "" {
		// Only the starts of command lines are moved: a line break inside of one belongs to a body.
		fmt.Fprintf(b, "\n   %-8s %s", "replay", strings.ReplaceAll(f.Reproduce, "\ncurl ", "\n            curl "))
	}
	return b.String()
}

// group is findings that are alike: the same check says that the same operation breaks the same rule.
type group struct {
	First Finding
	More  []Finding
}

// groups puts findings that are alike together, in the order of the first of each.
func groups(findings []Finding) []*group {
	var all []*group
	byKey := map[[3]string]*group{}
	for _, f := range findings {
		key := [3]string{f.Check, f.Operation, f.Rule}
		if g, ok := byKey[key]; ok {
			g.More = append(g.More, f)
			continue
		}
		byKey[key] = &group{First: f}
		all = append(all, byKey[key])
	}
	return all
}

// String gives the first finding in full, and the cases of the next few.
func (g group) String() string {
	if len(g.More) == 0 {
		return g.First.String()
	}
	lines := []string{g.First.String(), fmt.Sprintf("   and %d more like it:", len(g.More))}
	names := g.cases()
	for i, name := range names {
		if i == mostCases {
			lines = append(lines, fmt.Sprintf("   - … (%d more)", len(names)-i))
			break
		}
		lines = append(lines, "   - "+oneLine(name))
	}
	return strings.Join(lines, "\n")
}

// cases are those of the other findings, each once.
func (g group) cases() []string {
	var names []string
	seen := map[string]bool{}
	for _, f := range g.More {
		if !seen[f.Case] {
			seen[f.Case] = true
			names = append(names, f.Case)
		}
	}
	return names
}

// byBaseline parts the findings that the baseline does not know from those that it does.
func (r *Report) byBaseline() (fresh, known []Finding) {
	for _, f := range r.Findings {
		if f.Known {
			known = append(known, f)
		} else {
			fresh = append(fresh, f)
		}
	}
	return fresh, known
}

// textTable aligns columns. Its rows go to a builder, which takes everything.
type textTable struct{ tabs *tabwriter.Writer }

func newTextTable(b *strings.Builder, heads ...any) textTable {
	b.WriteString("\n")
	t := textTable{tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)}
	t.row(heads...)
	return t
}

func (t textTable) row(cells ...any) {
	line := make([]string, len(cells))
	for i, cell := range cells {
		line[i] = strings.ReplaceAll(oneLine(fmt.Sprint(cell)), "\t", " ")
	}
	_, _ = io.WriteString(t.tabs, strings.Join(line, "\t")+"\n")
}

func (t textTable) end() { _ = t.tabs.Flush() }

// plural is a number and its noun, in the plural where that is due.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// firstOf joins the first few of a list and says how many are left; "-" is none.
func firstOf(items []string, most int) string {
	if len(items) == 0 {
		return "-"
	}
	if len(items) <= most {
		return strings.Join(items, ", ")
	}
	return fmt.Sprintf("%s, … (%d more)", strings.Join(items[:most], ", "), len(items)-most)
}

// oneLine puts text on one line, so that nobody's words pass for a line of the report.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' {
			return ' '
		}
		return c
	}, text)
}

// printable replaces what neither a terminal should be sent nor XML can hold: control characters other than tab and
// line feed, noncharacters, and what is no UTF-8.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\t' && c != '\n' && unicode.IsControl(c) || c == 0xFFFE || c == 0xFFFF {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}
