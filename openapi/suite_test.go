package openapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// onPurpose are the files whose failing tests say that a keyword checks nothing which here does, by design.
var onPurpose = map[string]string{
	"content.json": "contentMediaType and contentEncoding are checked: JSON in strings is contract",
	"format.json":  "formats are checked",
}

// suiteGaps are the required tests that fail, by file and group, and why.
var suiteGaps = map[string]string{
	"dynamicRef.json: $dynamicRef skips over intermediate resources - direct reference":      "jsonschema v5 looks for a dynamic anchor in resources that are only passed through",
	"vocabulary.json: schema that uses custom metaschema with with no validation vocabulary": "metaschemas of one's own are not supported: every schema is read as JSON Schema 2020-12",
}

// TestJSONSchemaSuite runs the official tests of JSON Schema 2020-12 through Operation.ValidateRequest: each schema is a
// file beside a document whose one operation takes what the schema allows.
func TestJSONSchemaSuite(t *testing.T) {
	suite := corpus(t, "json-schema-test-suite")
	required := runSuite(t, suite, "*.json")
	for _, gap := range required.gaps {
		if suiteGaps[gap] == "" {
			t.Errorf("fails and is not known to: %s", gap)
		}
	}
	if part := float64(required.agreed) / float64(required.tests); part < 0.995 {
		t.Errorf("only %.2f %% of the required tests agree", 100*part)
	}
	measured := fmt.Sprintf("| required | %s |\n| optional | %s |\n| optional formats | %s |\n",
		required.row(), runSuite(t, suite, "optional/*.json").row(), runSuite(t, suite, "optional/format/*.json").row())
	for _, gap := range slices.Sorted(maps.Keys(suiteGaps)) {
		measured += fmt.Sprintf("- %s: %s\n", gap, suiteGaps[gap])
	}
	for _, file := range slices.Sorted(maps.Keys(onPurpose)) {
		measured += fmt.Sprintf("- all that differs on purpose in %s: %s\n", file, onPurpose[file])
	}
	wantGolden(t, filepath.Join("testdata", "json-schema-suite.md"), measured)
}

// wantGolden holds what was measured to a file, which docs/conformance.md shows too.
func wantGolden(t *testing.T, file, measured string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(measured), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if golden, err := os.ReadFile(file); err != nil || string(golden) != measured {
		t.Errorf("%s is not what was measured (%v): run make conformance\n%s", file, err, measured)
	}
}

// agreement is how many tests agree; those that differ on purpose are counted apart.
type agreement struct {
	agreed, tests, onPurpose int
	gaps                     []string // file and group of the others
}

func (a agreement) row() string {
	return fmt.Sprintf("%d | %d | %.2f %% | %d", a.tests, a.agreed, 100*float64(a.agreed)/float64(a.tests), a.onPurpose)
}

type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

func runSuite(t *testing.T, suite, pattern string) (all agreement) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(suite, "tests", "draft2020-12", filepath.FromSlash(pattern)))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var groups []suiteGroup
		if err := json.Unmarshal(data, &groups); err != nil {
			t.Fatal(err)
		}
		for _, group := range groups {
			all.run(t, filepath.Join(suite, "remotes"), filepath.Base(file), group)
		}
	}
	return all
}

func (a *agreement) run(t *testing.T, remotes, file string, group suiteGroup) {
	t.Helper()
	op, err := suiteOperation(t, remotes, group.Schema)
	for _, test := range group.Tests {
		agrees := err == nil && (len(op.ValidateRequest(jsonRequest(string(test.Data)))) == 0) == test.Valid
		switch {
		case agrees:
			a.agreed++
		case onPurpose[file] != "" && test.Valid: // it expects less than is checked
			a.onPurpose++
			continue
		default:
			a.gaps = append(a.gaps, file+": "+group.Description)
		}
		a.tests++
	}
}

// suiteOperation finds what the tests expect on another host in files beside the document: no reference goes to the network.
func suiteOperation(t *testing.T, remotes string, text json.RawMessage) (*openapi.Operation, error) {
	t.Helper()
	host := ""
	if strings.Contains(string(text), `"$id"`) { // in such schemas a reference is relative to that
		host = "/"
	}
	schema := strings.ReplaceAll(string(text), "http://localhost:1234/", host)
	files := []string{"api.yaml", bodyDocument("3.1.0", "S: {$ref: schema.json}"), "schema.json", schema}
	if schema[0] != '{' { // true or false: no file of its own
		files = []string{"api.yaml", bodyDocument("3.1.0", "S: "+schema)}
	}
	file := write(t, files...)
	if strings.Contains(string(text), "localhost") {
		if err := os.CopyFS(filepath.Dir(file), os.DirFS(remotes)); err != nil {
			t.Fatal(err)
		}
	}
	spec, err := openapi.Load(file)
	if err != nil {
		return nil, err
	}
	if err := spec.Compile(); err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return spec.Operation("op"), nil
}
