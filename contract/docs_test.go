package contract_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
)

const verifyDoc = "../docs/verify.md"

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is what stands under a heading of the second level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", verifyDoc, heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

var tableRow = regexp.MustCompile("(?m)^\\| `([^` ]+)[^`]*` \\|")

// rowNames are the names that the rows of a section's tables begin with, each once.
func rowNames(section string) []string {
	var names []string
	for _, row := range tableRow.FindAllStringSubmatch(section, -1) {
		if !slices.Contains(names, row[1]) {
			names = append(names, row[1])
		}
	}
	return names
}

func compareNames(t *testing.T, what string, documented, present []string) {
	t.Helper()
	for _, name := range present {
		if !slices.Contains(documented, name) {
			t.Errorf("%s does not describe the %s %s", verifyDoc, what, name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(present, name) {
			t.Errorf("%s describes the %s %s, which does not exist", verifyDoc, what, name)
		}
	}
}

func TestDocsNameEveryCheck(t *testing.T) {
	var names []string
	text := section(t, readDoc(t, verifyDoc), "Checks")
	for _, check := range contract.Checks() {
		names = append(names, check.Name)
		if row := "| `" + check.Name + "` | " + check.Rule + " |"; !strings.Contains(text, row) {
			t.Errorf("%s has no row that begins with %s", verifyDoc, row)
		}
	}
	compareNames(t, "check", rowNames(text), names)
}

func TestDocsNameEveryPhase(t *testing.T) {
	compareNames(t, "phase", rowNames(section(t, readDoc(t, verifyDoc), "Phases")), contract.Phases())
}

func TestDocsNameEveryCoverage(t *testing.T) {
	text := section(t, readDoc(t, verifyDoc), "Reports")
	for _, of := range contract.CoverageKinds() {
		if !strings.Contains(text, "\n| "+of+" | ") {
			t.Errorf("%s does not say when %s are covered", verifyDoc, of)
		}
	}
}

// verifyFlags are the names of the flags in the files that declare those of verify and cleanup.
func verifyFlags(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range []string{"verify.go", "cleanup.go", "credentials.go", "report.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../cmd/counterpart", name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if flag := flagName(n); flag != "" && !slices.Contains(names, flag) {
				names = append(names, flag)
			}
			return true
		})
	}
	return append(names, "overlay", "seed", "spec") // which other files make for several commands
}

// flagName is the Name of a literal of a type like cli.StringFlag, "" for any other node.
func flagName(n ast.Node) string {
	literal, _ := n.(*ast.CompositeLit)
	if literal == nil {
		return ""
	}
	kind, _ := literal.Type.(*ast.SelectorExpr)
	if kind == nil || !strings.HasSuffix(kind.Sel.Name, "Flag") {
		return ""
	}
	for _, element := range literal.Elts {
		pair, _ := element.(*ast.KeyValueExpr)
		if pair == nil {
			continue
		}
		key, _ := pair.Key.(*ast.Ident)
		value, _ := pair.Value.(*ast.BasicLit)
		if key != nil && key.Name == "Name" && value != nil {
			name, _ := strconv.Unquote(value.Value)
			return name
		}
	}
	return ""
}

func TestDocsNameEveryFlag(t *testing.T) {
	flags := verifyFlags(t)
	if len(flags) < 10 {
		t.Fatalf("only %d flags were found in the source: %v", len(flags), flags)
	}
	text := section(t, readDoc(t, verifyDoc), "Flags")
	var documented []string
	for _, name := range rowNames(text) {
		documented = append(documented, strings.TrimPrefix(name, "--"))
	}
	compareNames(t, "flag", documented, flags)
	for _, flag := range flags {
		if variable := "`COUNTERPART_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")) + "`"; !strings.Contains(text, variable) {
			t.Errorf("%s does not name the variable %s", verifyDoc, variable)
		}
	}
}

var markdownLink = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

func TestDocsLinkToFiles(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../README.md", "../CONTRIBUTING.md") {
		for _, link := range markdownLink.FindAllStringSubmatch(readDoc(t, file), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), link[1])); err != nil {
				t.Errorf("%s links to %s: %v", file, link[1], err)
			}
		}
	}
}
