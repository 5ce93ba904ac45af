package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/openapi"
)

// errWrong makes the exit status of --strict; the words are in the output.
var errWrong = errors.New("something is wrong with the document")

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:  "inspect",
		Usage: "say what was understood of a document, and what is wrong with it",
		Description: withOverlays("Its operations, the resources that they make up with the evidence for each conclusion, what stays stateless and why,\n" +
			"and what is wrong with it. Exit status: 0, 1 with --strict where something is wrong, 2 where the document cannot be used."),
		Flags: []cli.Flag{
			specFlag(),
			overlayFlag(),
			choiceFlag("format", "print it as", "text", "json"),
			&cli.BoolFlag{Name: "strict", Usage: "end with exit status 1 where the document contradicts itself, or its examples do", Sources: env("strict")},
		},
		Action: inspect,
	}
}

func inspect(_ context.Context, c *cli.Command) error {
	if err := noArguments(c); err != nil {
		return err
	}
	spec, err := loadSpec(c)
	if err != nil {
		return err
	}
	found := inspectionOf(c.String("spec"), spec)
	write := found.writeText
	if c.String("format") == "json" {
		write = found.writeJSON
	}
	if err := write(c.Root().Writer); err != nil {
		return fmt.Errorf("writing what was found: %w", err)
	}
	if c.Bool("strict") && found.wrong > 0 {
		return errWrong
	}
	return nil
}

// inspection is what the command prints; docs/inspect.schema.json describes its JSON.
type inspection struct {
	Document     documentSeen   `json:"document"`
	Operations   []string       `json:"operations"`
	Resources    []resourceSeen `json:"resources"`
	Stateless    []stateless    `json:"stateless"`
	Problems     []problemSeen  `json:"problems"`
	Backtracking []problemSeen  `json:"backtracking"`
	Unused       []problemSeen  `json:"unused"`
	Unsupported  []problemSeen  `json:"unsupported"`

	wrong int // problems that are the document's own fault
}

type documentSeen struct {
	File     string   `json:"file"` // "" for the built-in one
	Title    string   `json:"title"`
	Version  string   `json:"version"`
	OpenAPI  string   `json:"openapi"`
	Overlays []string `json:"overlays"`
}

type resourceSeen struct {
	Name     string         `json:"name"`
	Parts    []partSeen     `json:"parts"`
	Evidence []evidenceSeen `json:"evidence"`
}

// partSeen is a key of x-counterpart's resources, and its value.
type partSeen struct {
	Part  string `json:"part"`
	Value string `json:"value"`
}

type evidenceSeen struct {
	partSeen
	Because string `json:"because"`
	placeSeen
}

type stateless struct {
	Operation string `json:"operation"`
	Because   string `json:"because"`
}

type problemSeen struct {
	Kind  string `json:"kind"`
	Words string `json:"words"`
	placeSeen
}

type placeSeen struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Pointer string `json:"pointer"`
}

func inspectionOf(file string, spec *openapi.Spec) *inspection {
	found := spec.Inspect()
	i := &inspection{
		Document:   documentSeen{file, spec.Title, spec.Version, found.OpenAPI, append([]string{}, spec.Overlays()...)},
		Operations: []string{}, Resources: []resourceSeen{}, Stateless: []stateless{},
		Problems: problemsSeen(found.Problems), Backtracking: problemsSeen(found.Backtracking),
		Unused: problemsSeen(found.Unused), Unsupported: problemsSeen(found.Unsupported),
	}
	for _, op := range spec.Operations() {
		i.Operations = append(i.Operations, inWords(op))
	}
	for _, r := range spec.Resources() {
		i.Resources = append(i.Resources, resourceOf(r))
	}
	for _, u := range spec.Stateless() {
		i.Stateless = append(i.Stateless, stateless{inWords(u.Operation), u.Because})
	}
	for _, p := range found.Problems {
		if p.Wrong() {
			i.wrong++
		}
	}
	return i
}

// inWords is an operation as the document's reader knows it.
func inWords(op *openapi.Operation) string { return op.Method + " " + op.Base + op.Path }

func placeOf(r openapi.Rule) placeSeen { return placeSeen{r.Document, r.Line, r.Pointer} }

func problemsSeen(list []openapi.Problem) []problemSeen {
	seen := make([]problemSeen, 0, len(list))
	for _, p := range list {
		seen = append(seen, problemSeen{string(p.Kind), p.Words, placeOf(p.Rule)})
	}
	return seen
}

func resourceOf(r *openapi.Resource) resourceSeen {
	seen := resourceSeen{Name: r.Name, Parts: []partSeen{}, Evidence: []evidenceSeen{}}
	for _, p := range r.Parts() {
		seen.Parts = append(seen.Parts, partSeen{p.Name, p.Value})
	}
	for _, e := range r.Evidence {
		seen.Evidence = append(seen.Evidence, evidenceSeen{partSeen{e.Part, e.Value}, e.Because, placeOf(e.Rule)})
	}
	return seen
}

func (i *inspection) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(i)
}

// writeText says the same to people: a table for each resource, then lists.
func (i *inspection) writeText(w io.Writer) error {
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	name := "the built-in document"
	if i.Document.File != "" {
		name = filepath.Base(i.Document.File)
	}
	_, _ = fmt.Fprintf(t, "%s: %s %s, OpenAPI %s\n", name, i.Document.Title, i.Document.Version, i.Document.OpenAPI)
	_, _ = fmt.Fprintf(t, "%s, of which %s in %s\n", count(len(i.Operations), "operation"), count(len(i.Operations)-len(i.Stateless), "stands", "stand"), count(len(i.Resources), "resource"))
	for _, r := range i.Resources {
		r.writeText(t)
	}
	writeSection(t, "Stateless: answered by examples and samples", i.Stateless, func(s stateless) string { return s.Operation + "\t" + s.Because })
	writeProblems(t, "Problems of the document", i.Problems)
	writeProblems(t, "Patterns that are judged by a slower engine", i.Backtracking)
	writeProblems(t, "Schemas that nothing uses", i.Unused)
	writeProblems(t, "Not supported", i.Unsupported)
	_, _ = fmt.Fprint(t, i.correction())
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func (r resourceSeen) writeText(w io.Writer) {
	_, _ = fmt.Fprintf(w, "\n%s\n", r.Name)
	for _, p := range r.Parts {
		because, at := "", ""
		if k := slices.IndexFunc(r.Evidence, func(e evidenceSeen) bool { return e.Part == p.Part && e.Value == p.Value }); k >= 0 {
			because, at = r.Evidence[k].Because, r.Evidence[k].String()
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", p.Part, p.Value, because, at)
	}
}

func (p placeSeen) String() string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

func writeProblems(w io.Writer, title string, list []problemSeen) {
	writeSection(w, title, list, func(p problemSeen) string { return p.String() + "\t" + p.Words })
}

func writeSection[T any](w io.Writer, title string, list []T, line func(T) string) {
	if len(list) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\n%s\n", title)
	for _, one := range list {
		_, _ = fmt.Fprintln(w, "  "+line(one))
	}
}

// count is a number with its word: 1 operation, 2 operations.
func count(n int, one string, many ...string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, cmp.Or(strings.Join(many, " "), one+"s"))
}

// correction shows how to say it better.
func (i *inspection) correction() string {
	name := "pets"
	if len(i.Resources) > 0 {
		name = i.Resources[0].Name
	}
	return fmt.Sprintf(`
If a conclusion is wrong, say it better in the document or in an overlay (docs/x-counterpart.md):
  x-counterpart:
    resources:
      %s: {filters: {}, unique: [/name]}  # the keys that are given win, all others stay
      other: false  # no resource after all
`, name)
}
