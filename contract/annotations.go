package contract

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteGitHub writes workflow commands, which GitHub Actions shows as annotations: an error for findings that are alike,
// a warning for each warning, a notice for findings that the baseline knows.
func (r *Report) WriteGitHub(w io.Writer) error {
	b := &strings.Builder{}
	fresh, known := r.byBaseline()
	annotateFindings(b, "error", fresh)
	if r.Interrupted != "" {
		annotation{level: "warning", title: "interrupted", message: r.Interrupted}.write(b)
	}
	for _, warning := range r.Warnings {
		annotation{level: "warning", title: warning.Operation, message: warning.Message}.write(b)
	}
	annotateFindings(b, "notice", known)
	_, err := io.WriteString(w, b.String())
	return err
}

func annotateFindings(b *strings.Builder, level string, findings []Finding) {
	for _, g := range groups(findings) {
		rule, _ := parsePlace(g.First.Rule)
		annotation{level, g.First.Check + ": " + g.First.Operation, rule, g.String()}.write(b)
	}
}

// annotation is one workflow command. The zero place is none.
type annotation struct {
	level   string
	title   string
	place   place
	message string
}

func (a annotation) write(b *strings.Builder) {
	var properties []string
	add := func(name, value string) {
		if value != "" {
			properties = append(properties, name+"="+commandProperty(value))
		}
	}
	add("title", a.title)
	add("file", a.place.file)
	if a.place.line > 0 {
		add("line", strconv.Itoa(a.place.line))
	}
	command := strings.TrimSpace(a.level + " " + strings.Join(properties, ","))
	fmt.Fprintf(b, "::%s::%s\n", command, commandData(a.message))
}

// commandData escapes the message of a workflow command.
func commandData(text string) string {
	return printable(strings.NewReplacer("%", "%25", "\n", "%0A", "\r", "%0D").Replace(text))
}

// commandProperty escapes the value of a property of a workflow command.
func commandProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(text))
}
