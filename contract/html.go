package contract

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed report.html
var reportPage string

// mostOpen is how many findings the page shows unfolded.
const mostOpen = 3

// htmlReport is what the page shows.
type htmlReport struct {
	*Report
	Verdict string
	Class   string // of the verdict
	Policy  string // of the page's content: nothing but its own style
	Groups  []*group
	Known   []*group
	Counts  map[string]int // of findings: "fresh" and "known"
}

// WriteHTML writes the report as one page that needs nothing else, runs no script and loads nothing. Whatever a server
// or a document says is escaped.
func (r *Report) WriteHTML(w io.Writer) error {
	page, err := template.New("report").Funcs(template.FuncMap{
		"add":    func(a, b int) int { return a + b },
		"plural": plural,
		"duration": func(us int64) string {
			return (time.Duration(us) * time.Microsecond).Round(100 * time.Microsecond).String()
		},
		"isPlace": func(rule string) bool { _, ok := parsePlace(rule); return ok },
		"opens":   func(i int) bool { return i < mostOpen },
		"percent": Coverage.percent,
		"pretty":  prettyBody,
	}).Parse(reportPage)
	if err != nil {
		return err
	}
	b := &strings.Builder{}
	if err := page.Execute(b, r.html()); err != nil {
		return err
	}
	_, err = io.WriteString(w, printable(b.String()))
	return err
}

func (r *Report) html() htmlReport {
	fresh, known := r.byBaseline()
	return htmlReport{
		Report:  r,
		Verdict: r.verdict(),
		Class:   r.verdictClass(),
		Policy:  contentPolicy(reportPage),
		Groups:  groups(fresh),
		Known:   groups(known),
		Counts:  map[string]int{"fresh": len(fresh), "known": len(known)},
	}
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

// contentPolicy allows a page nothing but the style that stands in it.
func contentPolicy(page string) string {
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// prettyBody indents a body that is JSON, and leaves any other as it is.
func prettyBody(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") == nil {
		return b.String()
	}
	return body
}
