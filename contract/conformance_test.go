package contract_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

var (
	writeConformance = flag.Bool("conformance", false, "TestConformance: write docs/conformance.md")
	conformanceOnly  = flag.String("document", "", "TestConformance: only documents whose path contains this text, with all that is found")
)

// yardstick is a collection of public documents and how many of them must be kept by our mock as our suite sees it.
type yardstick struct {
	folder, what string
	least        float64 // of the documents that can be used, in percent
}

func yardsticks() []yardstick {
	return []yardstick{
		{"specmatic/specs", "documents of one feature each", 97},
		{"wfd", "services as they describe themselves", 100},
		{"learn", "examples of the OpenAPI Initiative", 100},
	}
}

// TestConformance loads public documents, serves each and lets the suite judge the mock with all phases but fuzz: what
// one of them says against the other, one of them has understood wrongly.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	root := corpus(t)
	var measured []measurement
	for _, y := range yardsticks() {
		t.Run(y.folder, func(t *testing.T) {
			m := y.measure(t, root)
			if *conformanceOnly == "" {
				m.judge(t)
			}
			measured = append(measured, m)
		})
	}
	if *conformanceOnly == "" && !t.Failed() {
		publish(t, conformanceReport(t, measured))
	}
}

// publish writes the page, or holds it to what was measured.
func publish(t *testing.T, page string) {
	t.Helper()
	const file = "../docs/conformance.md"
	if *writeConformance {
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if published, err := os.ReadFile(file); err != nil || string(published) != page {
		t.Errorf("%s is not what was measured (%v): run make conformance", file, err)
	}
}

// corpus is the folder of the public documents. They are not part of the project.
func corpus(t *testing.T) string {
	t.Helper()
	root := cmp.Or(os.Getenv("COUNTERPART_CORPUS"), filepath.Join("..", "..", "shared", "corpus"))
	if _, err := os.Stat(root); err != nil {
		t.Skipf("there are no public documents: %v; COUNTERPART_CORPUS names their folder", err)
	}
	return root
}

// measurement is what a yardstick gave.
type measurement struct {
	yardstick

	documents []*judged
}

// judged is one document: what became of it.
type judged struct {
	name       string
	refused    string   // why it cannot be used
	operations int      // that it describes
	unanswered []string // operations that the mock has no sound answer for
	reached    int      // operations that the suite had a success from
	cases      int
	findings   []string
}

func (y yardstick) measure(t *testing.T, root string) measurement {
	m := measurement{yardstick: y}
	for _, name := range documentsIn(t, filepath.Join(root, filepath.FromSlash(y.folder))) {
		if strings.Contains(name, *conformanceOnly) {
			m.documents = append(m.documents, &judged{name: name})
		}
	}
	t.Run("documents", func(t *testing.T) {
		for _, d := range m.documents {
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				d.judge(t, filepath.Join(root, filepath.FromSlash(y.folder), d.name))
			})
		}
	})
	return m
}

// documentsIn are the files that say that they are OpenAPI or Swagger documents; others are parts of these.
func documentsIn(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(path)) {
			return err
		}
		data, err := os.ReadFile(path)
		if head := string(data[:min(len(data), 4<<10)]); strings.Contains(head, "openapi") || strings.Contains(head, "swagger") {
			name, _ := filepath.Rel(folder, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func (d *judged) judge(t *testing.T, file string) {
	spec, err := openapi.Load(file)
	if err == nil {
		err = spec.Compile()
	}
	var refused *openapi.DocumentError
	if errors.As(err, &refused) {
		d.refused = refused.Error()
		return
	}
	if err != nil {
		t.Fatalf("an error that names no place: %v", err)
	}
	d.operations = len(spec.Operations())
	failures := &failureLog{failed: map[string]bool{}}
	mock, err := mockserver.New(mockserver.Options{Spec: spec, Seed: 1, Log: slog.New(failures)})
	if err != nil {
		t.Fatal(err)
	}
	if d.operations == 0 {
		return
	}
	defer func() { d.unanswered = failures.operations() }()
	report, err := contract.Verify(t.Context(), contract.Handler(mock), contract.Options{Spec: spec, Seed: 7})
	if err != nil {
		d.findings = []string{err.Error()}
		return
	}
	d.cases = report.Cases
	for _, op := range report.Operations {
		if op.Succeeded > 0 {
			d.reached++
		}
	}
	for _, f := range report.Findings {
		d.findings = append(d.findings, fmt.Sprintf("%s: %s", f.Case, f))
	}
	if *conformanceOnly != "" {
		t.Logf("%d operations, %d reached, %d cases, %d requests", d.operations, d.reached, report.Cases, report.Requests)
		for _, f := range append(d.findings, d.unanswered...) {
			t.Log(f)
		}
	}
}

// failureLog keeps which operations the mock itself failed at: it says so on the level of errors.
type failureLog struct {
	mu     sync.Mutex // guards all below
	failed map[string]bool
}

func (l *failureLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}

func (l *failureLog) Handle(_ context.Context, record slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	words := record.Message
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == "operation" || a.Key == "refused" || a.Key == "violations" {
			words += " " + a.Value.String()
		}
		return true
	})
	l.failed[words] = true
	return nil
}

func (l *failureLog) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l *failureLog) WithGroup(string) slog.Handler { return l }

func (l *failureLog) operations() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.failed))
}

// judge holds the measurement to the yardstick and to the list of what is known.
func (m measurement) judge(t *testing.T) {
	t.Helper()
	gaps := knownGaps()
	for _, d := range m.documents {
		name := m.folder + "/" + d.name
		known, listed := gaps[name]
		fault := d.fault()
		switch {
		case fault == "" && listed:
			t.Errorf("%s is a known gap (%s) and has none: take it off the list", name, known)
		case fault != "" && !listed:
			t.Errorf("%s: %s", name, fault)
		}
	}
	if share := m.share(); share < m.least {
		t.Errorf("%.1f %% of the documents under %s are kept, and %.1f %% is the least", share, m.folder, m.least)
	}
}

// fault is the first thing that is wrong, "" where there is none.
func (d *judged) fault() string {
	switch {
	case d.refused != "":
		return "is refused: " + d.refused
	case len(d.unanswered) > 0:
		return fmt.Sprintf("%d operations are not answered: %s", len(d.unanswered), d.unanswered[0])
	case len(d.findings) > 0:
		return fmt.Sprintf("%d findings: %s", len(d.findings), d.findings[0])
	}
	return ""
}

func (m measurement) share() float64 {
	kept, usable := 0, 0
	for _, d := range m.documents {
		if d.refused != "" {
			continue
		}
		usable++
		if d.fault() == "" {
			kept++
		}
	}
	return 100 * float64(kept) / float64(max(usable, 1))
}

// knownGaps are the documents that are refused, or that our mock and our suite do not agree about, and why.
func knownGaps() map[string]string {
	return map[string]string{
		"wfd/blogapi.json":        "the document has a key twice",
		"wfd/ohsome-api.json":     "a reference leads nowhere",
		"wfd/proxyprint.json":     "a reference leads nowhere",
		"wfd/quartz-manager.json": "a reference leads nowhere",
	}
}

// conformanceReport is docs/conformance.md.
func conformanceReport(t *testing.T, all []measurement) string {
	suite, err := os.ReadFile("../openapi/testdata/json-schema-suite.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, notes, _ := strings.Cut(string(suite), "- ")
	var b strings.Builder
	b.WriteString(conformanceHead)
	for _, m := range all {
		m.row(&b)
	}
	fmt.Fprintf(&b, suiteSection, rows, "- "+notes)
	for _, m := range all {
		fmt.Fprintf(&b, "\n## %s: %s\n\n| document | operations | reached | cases | findings | verdict |\n|---|--:|--:|--:|--:|---|\n", m.folder, m.what)
		for _, d := range m.documents {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %s |\n", d.name, d.operations, d.reached, d.cases, len(d.findings), d.verdict(m.folder))
		}
	}
	return b.String()
}

const conformanceHead = `# Conformance

Written by ` + "`make conformance`" + `; do not edit. Public documents, none of them made for this project, are loaded, served by the
mock with no configuration, and the mock is judged by the suite with all phases but fuzz. A document is *kept* when every
operation is answered and the suite has no finding. *Reached* are the operations that gave the suite a success; the
others need what no request can make, such as an item of a collection that has no operation to create one.

CI runs the same and fails when a document falls behind, and when a gap that is listed here has gone.

| documents | | refused | kept | of those that can be used |
|---|--:|--:|--:|--:|
`

const suiteSection = `
## The JSON Schema suite

The official tests of JSON Schema 2020-12, each schema the request body of an OpenAPI 3.1 document, each value sent through
` + "`Operation.ValidateRequest`" + `. Tests that say that a keyword checks nothing which here does, on purpose, are counted apart.

| tests | run | agree | of those run | differ on purpose |
|---|--:|--:|--:|--:|
%s
%s`

func (m measurement) row(b *strings.Builder) {
	refused, kept := 0, 0
	for _, d := range m.documents {
		switch {
		case d.refused != "":
			refused++
		case d.fault() == "":
			kept++
		}
	}
	fmt.Fprintf(b, "| %s (%s) | %d | %d | %d | %.1f %% |\n", m.folder, m.what, len(m.documents), refused, kept, m.share())
}

func (d *judged) verdict(folder string) string {
	switch reason, listed := knownGaps()[folder+"/"+d.name]; {
	case d.refused != "":
		return "refused: " + strings.ReplaceAll(reason+" ("+firstLine(d.refused)+")", "|", "\\|")
	case listed:
		return "gap: " + reason
	}
	return "kept"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
