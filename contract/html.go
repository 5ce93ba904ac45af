package contract

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed" // the style
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

//go:embed report.css
var reportStyle string

// mostOpen is how many findings the page shows unfolded.
const mostOpen = 3

// WriteHTML writes the report as one page that needs nothing else, runs no script and loads nothing. Whatever a server
// or a document says is escaped.
func (r *Report) WriteHTML(w io.Writer) error {
	// Not with html/template, which finds methods by their names: for it the linker keeps every exported method of the
	// program. What it knows of contexts is not needed here: nobody else's words stand in an attribute, style or script.
	page := g.Group{
		g.Raw("<!DOCTYPE html>\n"),
		h.HTML(h.Lang("en"), htmlLines(r.htmlHead(), r.htmlBody())),
		g.Raw("\n"),
	}
	out := htmlWriter{bufio.NewWriter(w)}
	if err := page.Render(out); err != nil {
		return err
	}
	return out.page.Flush()
}

// htmlWriter writes all of a page printably. A text comes in one piece: no character is cut in two.
type htmlWriter struct{ page *bufio.Writer }

func (w htmlWriter) Write(text []byte) (int, error) { return w.WriteString(string(text)) }

func (w htmlWriter) WriteString(text string) (int, error) {
	_, err := w.page.WriteString(printable(text))
	return len(text), err
}

func (r *Report) htmlHead() g.Node {
	return h.Head(htmlLines(
		h.Meta(h.Charset("utf-8")),
		h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content(contentPolicy(reportStyle))),
		h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
		h.Meta(h.Name("color-scheme"), h.Content("light dark")),
		h.Meta(h.Name("referrer"), h.Content("no-referrer")),
		h.TitleEl(g.Text(r.Target+" "+r.verdict())),
		h.StyleEl(g.Raw(reportStyle)),
	))
}

// contentPolicy allows a page nothing but this style.
func contentPolicy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

func (r *Report) htmlBody() g.Node {
	return h.Body(htmlLines(
		h.Header(htmlLines(r.htmlVerdict(), r.htmlNumbers(), r.htmlNav())),
		h.Main(htmlLines(r.htmlOperations(), r.htmlCoverage(), r.htmlWarnings(), r.htmlFindings(), r.htmlCases())),
		h.Footer(h.P(g.Textf("%s %s, %s UTC", r.Tool, r.Version, r.Started.UTC().Format(time.DateTime)))),
	))
}

func (r *Report) htmlVerdict() g.Node {
	return h.Div(h.Class("verdict "+r.verdictClass()), htmlLines(
		h.H1(h.Span(h.Class("mono"), g.Text(r.Target)), g.Text(" "), h.Strong(g.Text(r.verdict()))),
		h.P(g.Text(r.Spec.Title+" "+r.Spec.Version)),
		g.If(r.Interrupted != "", h.P(h.Class("why"), g.Text("Interrupted: "+r.Interrupted))),
	))
}

func (r *Report) verdictClass() string {
	switch {
	case r.Failed > 0:
		return "broken"
	case r.Interrupted != "", r.Passed == 0:
		return "interrupted"
	}
	return "kept"
}

func (r *Report) htmlNumbers() g.Node {
	fresh, known := r.byBaseline()
	return h.Dl(h.Class("numbers card"), htmlLines(
		htmlNumber("cases", r.Cases),
		htmlNumber("passed", r.Passed),
		htmlBadNumber("failed", r.Failed),
		htmlNumber("skipped", r.Skipped),
		htmlBadNumber("findings", len(fresh)),
		g.If(len(known) > 0, htmlNumber("known findings", len(known))),
		htmlNumber("requests", r.Requests),
		htmlNumber("milliseconds", r.DurationMS),
		htmlNumber("seed", r.Seed),
	))
}

func htmlNumber[N int | int64 | uint64](label string, n N) g.Node {
	return h.Div(h.Dt(g.Text(label)), h.Dd(g.Textf("%d", n)))
}

// htmlBadNumber is a number that should be 0.
func htmlBadNumber(label string, n int) g.Node {
	return h.Div(h.Dt(g.Text(label)), h.Dd(g.If(n > 0, h.Class("bad")), htmlInt(n)))
}

// htmlNav leads to the parts that the page has.
func (r *Report) htmlNav() g.Node {
	return h.Nav(h.Aria("label", "Parts of the report"), h.Ul(htmlLines(
		htmlNavItem("#operations", "Operations"),
		g.If(len(r.Coverage) > 0, htmlNavItem("#coverage", "Coverage")),
		g.If(len(r.Warnings) > 0, htmlNavItem("#warnings", "Warnings")),
		htmlNavItem("#findings", "Findings"),
		g.If(len(r.Results) > 0, htmlNavItem("#cases", "Cases")),
	)))
}

func htmlNavItem(href, text string) g.Node { return h.Li(h.A(h.Href(href), g.Text(text))) }

func (r *Report) htmlOperations() g.Node {
	heads := g.Group{htmlColumn("operation"), htmlColumn("request"), htmlNumberColumn("cases"), htmlNumberColumn("succeeded"), htmlNumberColumn("findings")}
	table := htmlTable("What was done with each operation, and found about it", heads, g.Map(r.Operations, htmlOperation))
	return htmlSection("operations", "Operations", htmlScroll("operations", "card scroll", table))
}

func htmlOperation(op *ReportOperation) g.Node {
	findings := htmlNumberCell(htmlInt(op.Findings))
	if op.Findings > 0 {
		findings = h.Td(h.Class("number bad"), htmlInt(op.Findings))
	}
	return h.Tr(
		h.Th(h.Scope("row"), h.Class("wrap"), g.Text(op.ID)),
		h.Td(h.Class("wrap"), htmlCode(op.Method+" "+op.Path)),
		htmlNumberCell(htmlInt(op.Cases)),
		htmlNumberCell(htmlInt(op.Succeeded)),
		findings,
	)
}

func (r *Report) htmlCoverage() g.Node {
	if len(r.Coverage) == 0 {
		return nil
	}
	heads := g.Group{htmlColumn("of"), htmlNumberColumn("covered"), htmlNumberColumn("percent"), htmlColumn("missing")}
	table := htmlTable("How much of what the document describes was tried", heads, g.Map(r.Coverage, htmlCovered))
	return htmlSection("coverage", "Coverage", htmlScroll("coverage", "card scroll", table))
}

func htmlCovered(c Coverage) g.Node {
	return h.Tr(
		h.Th(h.Scope("row"), g.Text(c.Of), htmlBar(c)),
		htmlNumberCell(g.Textf("%d of %d", c.Covered, c.Total)),
		htmlNumberCell(g.Text(c.percent())),
		h.Td(h.Class("wrap"), g.If(len(c.Missing) > 0, h.Details(
			h.Summary(g.Textf("%d missing", len(c.Missing))),
			h.Ul(g.Map(c.Missing, func(missing string) g.Node { return h.Li(htmlCode(missing)) })),
		))),
	)
}

// htmlBar draws the part that is covered. Of nothing, all is a bar as well: a picture of no width has no scale.
func htmlBar(c Coverage) g.Node {
	all := strconv.Itoa(max(c.Total, 1))
	return h.SVG(h.Class("bar"), g.Attr("viewBox", "0 0 "+all+" 1"), g.Attr("preserveAspectRatio", "none"), h.Aria("hidden", "true"),
		g.El("rect", h.Class("all"), h.Width(all), h.Height("1")),
		g.El("rect", h.Class("part"), h.Width(strconv.Itoa(c.Covered)), h.Height("1")),
	)
}

func (r *Report) htmlWarnings() g.Node {
	if len(r.Warnings) == 0 {
		return nil
	}
	return htmlSection("warnings", "Warnings", h.Ul(h.Class("warnings card"), htmlLines(g.Map(r.Warnings, htmlWarning)...)))
}

func htmlWarning(w Warning) g.Node {
	return h.Li(
		g.If(w.Operation != "", g.Group{htmlCode(w.Operation), g.Text(" ")}),
		g.Text(w.Message),
	)
}

func (r *Report) htmlFindings() g.Node {
	fresh, known := r.byBaseline()
	content := g.Group{}
	for i, alike := range groups(fresh) {
		content = append(content, htmlFinding(i, alike))
	}
	switch {
	case len(fresh) == 0 && len(known) > 0:
		content = append(content, h.P(h.Class("soft"), g.Text("Nothing that the baseline does not know.")))
	case len(fresh) == 0:
		content = append(content, h.P(h.Class("soft"), g.Text("None.")))
	}
	return htmlSection("findings", "Findings", append(content, htmlKnown(known), r.htmlGone())...)
}

// htmlFinding is the first of findings that are alike in full, and where the others were. It is the ith of the page.
func htmlFinding(i int, alike *group) g.Node {
	f := alike.First
	return h.Details(h.Class("finding card"), g.If(i < mostOpen, g.Attr("open")), htmlLines(
		h.Summary(htmlLines(h.H3(g.Textf("%d. %s", i+1, f.Message)), htmlTags(alike))),
		h.Div(h.Class("inside"), htmlLines(htmlFacts(f), htmlExchange(f), htmlReplay(f), htmlMore(alike))),
	))
}

func htmlTags(alike *group) g.Node {
	return h.Span(h.Class("tags"),
		htmlCheck(alike.First.Check),
		h.Span(g.Text(alike.First.Operation)),
		g.If(len(alike.More) > 0, h.Span(htmlMoreLikeIt(alike))),
	)
}

func htmlCheck(name string) g.Node { return h.Span(h.Class("check"), g.Text(name)) }

func htmlMoreLikeIt(alike *group) g.Node { return g.Textf("and %d more like it", len(alike.More)) }

func htmlFacts(f Finding) g.Node {
	rule := g.Text(f.Rule)
	if _, ok := parsePlace(f.Rule); ok {
		rule = htmlCode(f.Rule)
	}
	return h.Dl(h.Class("facts"), htmlLines(
		g.If(f.After != "", htmlFact("after", g.Text(f.After))),
		htmlFact("case", g.Text(f.Case)),
		g.If(f.Pointer != "", htmlFact("pointer", htmlCode(f.Pointer))),
		htmlFact("rule", rule),
	))
}

func htmlFact(label string, value g.Node) g.Node { return g.Group{h.Dt(g.Text(label)), h.Dd(value)} }

// htmlExchange is what was sent and answered, side by side.
func htmlExchange(f Finding) g.Node {
	if f.Request == nil {
		return nil
	}
	answer := h.P(h.Class("soft"), g.Text("There was none."))
	if f.Answer != nil {
		answer = htmlMessage(f.Answer)
	}
	return h.Div(h.Class("exchange"), htmlLines(
		h.Div(h.H4(g.Text("Request")), htmlMessage(f.Request)),
		h.Div(h.H4(g.Text("Answer")), answer),
	))
}

func htmlMessage(m *Message) g.Node {
	return g.Group{
		h.Pre(h.Class("head"), h.Strong(g.Text(m.Start)), g.Map(m.Header, func(line string) g.Node { return g.Text("\n" + line) })),
		g.If(m.Body != "", h.Pre(h.TabIndex("0"), g.Text(prettyBody(m.Body)))),
	}
}

// prettyBody indents a body that is JSON, and leaves any other as it is.
func prettyBody(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") == nil {
		return b.String()
	}
	return body
}

func htmlReplay(f Finding) g.Node {
	if f.Reproduce == "" {
		return nil
	}
	return g.Group{h.H4(g.Text("Replay")), h.Pre(h.Class("replay"), h.TabIndex("0"), g.Text(f.Reproduce))}
}

// htmlMore lists where the other findings of a group were.
func htmlMore(alike *group) g.Node {
	if len(alike.More) == 0 {
		return nil
	}
	return h.Details(h.Class("more"),
		h.Summary(g.Textf("%d more like it", len(alike.More))),
		h.Ul(htmlLines(g.Map(alike.More, htmlOther)...)),
	)
}

func htmlOther(f Finding) g.Node {
	return h.Li(g.Text(f.Case), g.If(f.Pointer != "", g.Group{g.Text(" "), htmlCode(f.Pointer)}))
}

// htmlKnown lists the findings that the baseline knows.
func htmlKnown(known []Finding) g.Node {
	if len(known) == 0 {
		return nil
	}
	return h.Details(h.Class("folded known card"),
		h.Summary(g.Text(plural(len(known), "known finding")+" (baseline)")),
		h.Ul(htmlLines(g.Map(groups(known), htmlKnownItem)...)),
	)
}

func htmlKnownItem(alike *group) g.Node {
	return h.Li(
		htmlCheck(alike.First.Check),
		g.Text(" "+alike.First.Operation+": "+alike.First.Message),
		g.If(len(alike.More) > 0, g.Group{g.Text(" "), h.Span(h.Class("soft"), htmlMoreLikeIt(alike))}),
	)
}

// htmlGone lists what the baseline knows and the run did not find.
func (r *Report) htmlGone() g.Node {
	if len(r.Gone) == 0 {
		return nil
	}
	return h.Details(h.Class("folded known card"),
		h.Summary(g.Textf("%d gone from the baseline", len(r.Gone))),
		h.Ul(htmlLines(g.Map(r.Gone, func(gone string) g.Node { return h.Li(g.Text(gone)) })...)),
	)
}

func (r *Report) htmlCases() g.Node {
	if len(r.Results) == 0 {
		return nil
	}
	heads := g.Group{htmlColumn("case"), htmlColumn("operation"), htmlColumn("outcome"), htmlNumberColumn("requests"), htmlNumberColumn("time")}
	table := htmlTable("The outcome of every case, in order", heads, g.Map(r.Results, htmlCase))
	return htmlSection("cases", "Cases", h.Details(h.Class("folded card"), htmlLines(
		h.Summary(g.Text("All "+plural(len(r.Results), "case"))),
		htmlScroll("cases", "scroll", table),
	)))
}

func htmlCase(result Result) g.Node {
	took := time.Duration(result.DurationUS) * time.Microsecond
	return h.Tr(
		h.Td(h.Class("wrap"), g.Text(result.Case)),
		h.Td(g.Text(result.Operation)),
		h.Td(h.Class("wrap"),
			h.Span(h.Class(result.Outcome.htmlClass()), g.Text(string(result.Outcome))),
			g.If(result.Reason != "", g.Group{g.Text(" "), h.Span(h.Class("soft"), g.Text(result.Reason))}),
		),
		htmlNumberCell(htmlInt(result.Requests)),
		htmlNumberCell(g.Text(took.Round(100*time.Microsecond).String())),
	)
}

func (o Outcome) htmlClass() string {
	switch o {
	case Failed:
		return "bad"
	case Skipped:
		return "warn"
	}
	return "good"
}

// htmlSection is a part of the page, named by its heading.
func htmlSection(id, heading string, content ...g.Node) g.Node {
	return h.Section(h.Aria("labelledby", id), htmlLines(append(g.Group{h.H2(h.ID(id), g.Text(heading))}, content...)...))
}

// htmlScroll lets a table be wider than the page. It takes the focus, so that the keyboard can scroll it, and is named
// by the heading of its section.
func htmlScroll(id, class string, table g.Node) g.Node {
	return h.Div(h.Class(class), h.Role("group"), h.Aria("labelledby", id), h.TabIndex("0"), htmlLines(table))
}

func htmlTable(caption string, heads, rows g.Group) g.Node {
	return h.Table(htmlLines(
		h.Caption(g.Text(caption)),
		h.THead(h.Tr(heads)),
		h.TBody(htmlLines(rows...)),
	))
}

func htmlColumn(name string) g.Node { return h.Th(h.Scope("col"), g.Text(name)) }

func htmlNumberColumn(name string) g.Node {
	return h.Th(h.Scope("col"), h.Class("number"), g.Text(name))
}

func htmlNumberCell(number g.Node) g.Node { return h.Td(h.Class("number"), number) }

func htmlInt(n int) g.Node { return g.Text(strconv.Itoa(n)) }

func htmlCode(text string) g.Node { return h.Code(g.Text(text)) }

// htmlLines puts each node on a line of its own, so that the page can be read, and compared, as text.
func htmlLines(nodes ...g.Node) g.Group {
	lines := g.Group{g.Raw("\n")}
	for _, node := range nodes {
		if node != nil {
			lines = append(lines, node, g.Raw("\n"))
		}
	}
	return lines
}
