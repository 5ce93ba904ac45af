package contract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"golang.org/x/net/html"

	"github.com/counterpart-go/counterpart/contract"
)

var update = flag.Bool("update", false, "write the golden files of the reports anew")

// formats are all reports, by the name of their golden file.
var formats = []struct {
	golden string
	write  func(*contract.Report, io.Writer) error
}{
	{"report.txt", (*contract.Report).WriteText},
	{"report.json", (*contract.Report).WriteJSON},
	{"report.junit.xml", (*contract.Report).WriteJUnit},
	{"report.sarif", (*contract.Report).WriteSARIF},
	{"report.html", (*contract.Report).WriteHTML},
	{"report.github", (*contract.Report).WriteGitHub},
}

// brokenReport is of a run that has something of everything.
func brokenReport() *contract.Report {
	listRule := "api.yaml:412 #/components/schemas/Pet/required"
	request := &contract.Message{Start: "GET /v2/pets?limit=3", Header: []string{"Accept: application/json", "X-Auth-Token: ***"}}
	answer := &contract.Message{Start: "200 OK", Header: []string{"Content-Type: application/json"}, Body: `{"pets":[{"id":1,"name":"Rex"},{"id":2}],"total":2}`}
	missing := contract.Finding{Check: "body", Operation: "listPets", Case: "examples/listPets: first page", Pointer: "/pets/1/name", Rule: listRule, Message: "body /pets/1/name: is required", Reproduce: "curl -sS -i -X GET 'http://localhost:8080/v2/pets?limit=3' -H 'Accept: application/json'", Request: request, Answer: answer}
	again, other := missing, missing
	again.Case, again.Pointer = "state/pets: create, list, delete", "/pets/7/name"
	other.Case, other.Pointer = "state/pets: create, update", "/pets/3/name"
	stale := contract.Finding{Check: "read-back", Operation: "listPets", After: "updatePet", Case: "state/pets: create, update", Pointer: "/pets/0/name", Rule: "A list shows an item as it was sent last.", Message: "the list does not show what was sent as name", Reproduce: "curl -sS -i -X PUT 'http://localhost:8080/v2/pets/1' --data-binary '{\"name\":\"Max\"}'\ncurl -sS -i -X GET 'http://localhost:8080/v2/pets'", Request: &contract.Message{Start: "GET /v2/pets"}, Answer: answer}
	silent := contract.Finding{Check: "answer", Operation: "deletePet", Case: "state/pets: create, list, delete", Rule: "Every request is answered.", Message: "there was no answer: connection reset by peer", Reproduce: "curl -sS -i -X DELETE 'http://localhost:8080/v2/pets/1'", Request: &contract.Message{Start: "DELETE /v2/pets/1"}}
	known := contract.Finding{Check: "status", Operation: "deletePet", Case: "examples/deletePet: plain", Rule: "api.yaml:88 #/paths/~1v2~1pets~1{id}/delete/responses", Message: "status: is not described: 404", Reproduce: "curl -sS -i -X DELETE 'http://localhost:8080/v2/pets/0'", Request: &contract.Message{Start: "DELETE /v2/pets/0"}, Answer: &contract.Message{Start: "404 Not Found", Body: "no such pet"}, Known: true}
	return &contract.Report{
		Tool: "counterpart", Version: "v1.2.3", Target: "http://localhost:8080", Spec: contract.ReportSpec{Title: "Pets", Version: "2.0"},
		Seed: 42, Started: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), DurationMS: 1234, Interrupted: "there was no time left after 1 s",
		Requests: 17, Cases: 6, Passed: 2, Failed: 3, Skipped: 1,
		Operations: []*contract.ReportOperation{
			{ID: "listPets", Method: "GET", Path: "/v2/pets", Cases: 3, Succeeded: 8, Findings: 4},
			{ID: "updatePet", Method: "PUT", Path: "/v2/pets/{id}", Cases: 1, Succeeded: 1},
			{ID: "deletePet", Method: "DELETE", Path: "/v2/pets/{id}", Cases: 3, Succeeded: 1, Findings: 2},
		},
		Results: []contract.Result{
			{Case: "examples/listPets: first page", Operation: "listPets", Outcome: contract.Failed, Requests: 1, DurationUS: 2345},
			{Case: "examples/deletePet: plain", Operation: "deletePet", Outcome: contract.Passed, Requests: 1, DurationUS: 1500},
			{Case: "examples/updatePet: other", Operation: "updatePet", Outcome: contract.Skipped, Reason: "the document gives no example of the path parameter id"},
			{Case: "state/pets: create, list, delete", Operation: "listPets", Outcome: contract.Failed, Requests: 8, DurationUS: 700123},
			{Case: "state/pets: create, update", Operation: "updatePet", Outcome: contract.Failed, Requests: 6, DurationUS: 1000},
			{Case: "state/pets: list", Operation: "listPets", Outcome: contract.Passed, Requests: 1, DurationUS: 999},
		},
		Findings: []contract.Finding{missing, known, again, silent, other, stale},
		Warnings: []contract.Warning{
			{Operation: "listPets", Message: "the document gives the answer no example"},
			{Message: "the server closes every connection"},
		},
		Coverage: []contract.Coverage{
			{Of: "operations", Covered: 3, Total: 3},
			{Of: "statuses", Covered: 5, Total: 11, Missing: []string{"listPets 400", "listPets 500", "updatePet 400", "updatePet 404", "deletePet 409", "deletePet 500"}},
			{Of: "callbacks"},
		},
		Gone: []string{"header: listPets answered without ETag"},
	}
}

// keptReport is of a run that found nothing.
func keptReport() *contract.Report {
	r := brokenReport()
	r.Passed, r.Failed, r.Skipped, r.Interrupted, r.Findings, r.Warnings, r.Gone = r.Cases, 0, 0, "", nil, nil, nil
	for i := range r.Results {
		r.Results[i].Outcome, r.Results[i].Reason = contract.Passed, ""
	}
	for _, op := range r.Operations {
		op.Findings = 0
	}
	return r
}

// nasty is text that none of the formats can hold as it is.
const nasty = "<script>alert(1)</script> <b onclick='x'> ]]> --> \" & \x00\x1b[31m\u009b\ufffe \xff 100%25 a:b,c\r\n::error::spoofed\n\tend"

func nastyReport() *contract.Report { return reportSaying(nasty) }

// reportSaying has a text wherever somebody else's words can be.
func reportSaying(text string) *contract.Report {
	r := brokenReport()
	r.Target, r.Interrupted, r.Spec = text, text, contract.ReportSpec{Title: text, Version: text}
	message := &contract.Message{Start: text, Header: []string{text}, Body: text}
	r.Findings = append(r.Findings,
		contract.Finding{Check: text, Operation: text, After: text, Case: "state/" + text, Pointer: "/" + text, Rule: text, Message: text, Reproduce: text, Request: message, Answer: message},
		contract.Finding{Check: "body", Operation: "listPets", Case: text, Rule: text + ":12 #/" + text, Message: text, Known: true},
		contract.Finding{Message: text})
	r.Results = append(r.Results, contract.Result{Case: text, Operation: text, Outcome: contract.Skipped, Reason: text})
	r.Operations = append(r.Operations, &contract.ReportOperation{ID: text, Method: text, Path: text})
	r.Warnings = append(r.Warnings, contract.Warning{Operation: text, Message: text})
	r.Coverage = append(r.Coverage, contract.Coverage{Of: text, Missing: []string{text}})
	r.Gone = []string{text}
	return r
}

// longReport has n findings, the first few alike, then the next few and so on, and bodies as long as those of real answers.
func longReport(n, alike int) *contract.Report {
	r := brokenReport()
	body := `{"pets":[` + strings.Repeat(`{"id":1,"name":"Rex","tags":["a","b"]},`, 40) + `{"id":2}]}`
	first := r.Findings[0]
	r.Findings, r.Results = nil, nil
	for i := range n {
		f := first
		f.Case = fmt.Sprintf("state/case %d", i)
		f.Rule = fmt.Sprintf("api.yaml:%d #/components/schemas/Pet%d/required", i/alike+1, i/alike)
		f.Answer = &contract.Message{Start: "200 OK", Header: first.Answer.Header, Body: body}
		r.Findings = append(r.Findings, f)
		r.Results = append(r.Results, contract.Result{Case: f.Case, Operation: f.Operation, Outcome: contract.Failed, Requests: 3, DurationUS: 1000})
	}
	r.Cases, r.Failed, r.Passed, r.Skipped = n, n, 0, 0
	return r
}

// written is a report in the format of a golden file.
func written(t testing.TB, golden string, r *contract.Report) string {
	t.Helper()
	for _, format := range formats {
		if format.golden == golden {
			var b bytes.Buffer
			if err := format.write(r, &b); err != nil {
				t.Fatalf("%s: %v", golden, err)
			}
			return b.String()
		}
	}
	t.Fatalf("there is no format %s", golden)
	return ""
}

func TestReportsAreGolden(t *testing.T) {
	for _, format := range formats {
		t.Run(format.golden, func(t *testing.T) {
			got, file := written(t, format.golden, brokenReport()), filepath.Join("testdata", format.golden)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s (go test -update writes it):\n%s", file, got)
			}
		})
	}
}

func TestReportsTellTheirWriterFails(t *testing.T) {
	broken := errors.New("the disk is full")
	for _, format := range formats {
		if err := format.write(brokenReport(), failingWriter{broken}); !errors.Is(err, broken) {
			t.Errorf("%s: %v", format.golden, err)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// TestReportsHoldAnyText says that nobody's words break out of a report, whatever they are.
func TestReportsHoldAnyText(t *testing.T) {
	for _, format := range formats {
		t.Run(format.golden, func(t *testing.T) {
			got := written(t, format.golden, nastyReport())
			if !utf8.ValidString(got) {
				t.Error("is no UTF-8")
			}
			for _, c := range got {
				if unicode.IsControl(c) && c != '\n' && c != '\t' && format.golden != "report.json" && format.golden != "report.sarif" {
					t.Fatalf("has the control character %q", c)
				}
			}
		})
	}
}

func TestTextReport(t *testing.T) {
	for _, row := range []struct {
		name   string
		report *contract.Report
		want   []string
		not    []string
	}{
		{"kept", keptReport(), []string{"http://localhost:8080 keeps the contract\n", "6 of 6 cases passed", "0 findings"}, []string{"warnings", "baseline", "interrupted"}},
		{"empty", &contract.Report{}, []string{"0 of 0 cases passed"}, []string{"coverage"}},
		{"known only", knownReport(), []string{"keeps the contract", "0 findings", "1 known finding (baseline)"}, []string{"curl"}},
		{"interrupted", interruptedReport(), []string{"kept the contract until the run was interrupted\n", "\ninterrupted: SIGTERM\n"}, nil},
		{"long", longReport(1500, 10), []string{"1500 findings", "\n150. listPets: ", "   and 9 more like it:\n   - state/case 1\n", "   - state/case 5\n   - … (4 more)\n"}, []string{"\n151. "}},
	} {
		got := written(t, "report.txt", row.report)
		for _, want := range row.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: has not %q:\n%.2000s", row.name, want, got)
			}
		}
		for _, not := range row.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: has %q:\n%.2000s", row.name, not, got)
			}
		}
	}
}

func knownReport() *contract.Report {
	r := keptReport()
	r.Findings = []contract.Finding{brokenReport().Findings[1]}
	return r
}

func interruptedReport() *contract.Report {
	r := keptReport()
	r.Interrupted = "SIGTERM"
	return r
}

func TestJSONReportMatchesItsSchema(t *testing.T) {
	schema, err := jsonschema.Compile(filepath.Join("..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*contract.Report{"broken": brokenReport(), "kept": keptReport(), "long": longReport(20, 10)} {
		if err := schema.Validate(decoded(t, written(t, "report.json", r))); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSARIFMatchesItsSchema(t *testing.T) {
	schema, err := jsonschema.Compile(filepath.Join("testdata", "schemas", "sarif-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*contract.Report{"broken": brokenReport(), "kept": keptReport(), "empty": {}, "nasty": nastyReport(), "long": longReport(20, 10)} {
		if err := schema.Validate(decoded(t, written(t, "report.sarif", r))); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

// sarif is what the tests read of a SARIF report.
type sarif struct {
	Runs []struct {
		Tool struct {
			Driver struct{ Rules []struct{ ID string } }
		}
		Invocations []struct{ ExecutionSuccessful bool }
		Results     []sarifResult
	}
}

type sarifResult struct {
	RuleID, Level, BaselineState string
	PartialFingerprints          map[string]string
	Locations                    []struct {
		PhysicalLocation *struct {
			ArtifactLocation struct{ URI string }
			Region           struct{ StartLine int }
		}
	}
}

func sarifOf(t *testing.T, r *contract.Report) sarif {
	t.Helper()
	var log sarif
	if err := json.Unmarshal([]byte(written(t, "report.sarif", r)), &log); err != nil {
		t.Fatal(err)
	}
	return log
}

func TestSARIFReport(t *testing.T) {
	run := sarifOf(t, brokenReport()).Runs[0]
	if len(run.Tool.Driver.Rules) != len(contract.Checks()) {
		t.Errorf("%d rules for %d checks", len(run.Tool.Driver.Rules), len(contract.Checks()))
	}
	if run.Invocations[0].ExecutionSuccessful || !sarifOf(t, keptReport()).Runs[0].Invocations[0].ExecutionSuccessful {
		t.Error("only an interrupted run has no success")
	}
	if got := run.Results[1]; got.Level != "note" || got.BaselineState != "unchanged" {
		t.Errorf("a known finding: %+v", got)
	}
	if got := run.Results[0]; got.Level != "error" || got.BaselineState != "new" {
		t.Errorf("a new finding: %+v", got)
	}
	if got := sarifOf(t, longReport(1, 1)).Runs[0].Results[0].PartialFingerprints["counterpart/v1"]; got != "body | listPets | /pets/-/name | #/components/schemas/Pet0/required" {
		t.Errorf("fingerprint %q", got)
	}
}

// TestFingerprints says which findings are the same one in another run.
func TestFingerprints(t *testing.T) {
	one := contract.Finding{Check: "body", Operation: "listPets", Case: "a", Pointer: "/pets/1/name", Rule: "api.yaml:12 #/x/allOf/0", Message: "m"}
	for _, row := range []struct {
		change func(*contract.Finding)
		same   bool
	}{
		{func(f *contract.Finding) { f.Case, f.Message, f.Reproduce, f.Known = "b", "n", "curl", true }, true},
		{func(f *contract.Finding) { f.Pointer = "/pets/200/name" }, true},
		{func(f *contract.Finding) { f.Rule = "api.yaml:99 #/x/allOf/0" }, true},
		{func(f *contract.Finding) { f.Rule = "api.yaml:12 #/x/allOf/1" }, false},
		{func(f *contract.Finding) { f.Pointer = "/pets/1/id" }, false},
		{func(f *contract.Finding) { f.Pointer = "/pets/1a/name" }, false},
		{func(f *contract.Finding) { f.Operation = "listCats" }, false},
		{func(f *contract.Finding) { f.Check = "header" }, false},
	} {
		other := one
		row.change(&other)
		results := sarifOf(t, &contract.Report{Findings: []contract.Finding{one, other}}).Runs[0].Results
		a, b := results[0].PartialFingerprints["counterpart/v1"], results[1].PartialFingerprints["counterpart/v1"]
		if (a == b) != row.same {
			t.Errorf("%q and %q: want the same: %v", a, b, row.same)
		}
	}
}

// TestPlaces reads rules that are places in the document, and leaves those in words.
func TestPlaces(t *testing.T) {
	for _, row := range []struct {
		rule, uri string
		line      int
	}{
		{"api.yaml:12 #/components", "api.yaml", 12},
		{"api.yaml:12 #", "api.yaml", 12},
		{"source info/my schema.json:3 #/a #b:4", "source%20info/my%20schema.json", 3},
		{"c:/api.yaml:7 #/a", "./c:/api.yaml", 7},
		{"api.yaml:0 #/a", "api.yaml", 0},
		{"Every request is answered.", "", 0},
		{"A list: see #3.", "", 0},
		{":3 #/a", "", 0},
		{"in words: see #3", "", 0},
		{"", "", 0},
	} {
		at := sarifOf(t, &contract.Report{Findings: []contract.Finding{{Rule: row.rule}}}).Runs[0].Results[0].Locations[0].PhysicalLocation
		switch {
		case row.uri == "" && at != nil:
			t.Errorf("%q has the place %+v", row.rule, at)
		case row.uri != "" && (at == nil || at.ArtifactLocation.URI != row.uri || at.Region.StartLine != row.line):
			t.Errorf("%q has the place %+v", row.rule, at)
		}
	}
}

// junit is what the schemas of JUnit XML demand: what is missing here is missing there.
type junit struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []struct {
		ID        string      `xml:"id,attr"`
		Package   string      `xml:"package,attr"`
		Name      string      `xml:"name,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Hostname  string      `xml:"hostname,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      float64     `xml:"time,attr"`
		Cases     []junitCase `xml:"testcase"`
		Out       string      `xml:"system-out"`
		Err       string      `xml:"system-err"`
	} `xml:"testsuite"`
}

type junitCase struct {
	Name    string  `xml:"name,attr"`
	Class   string  `xml:"classname,attr"`
	Time    float64 `xml:"time,attr"`
	Skipped *string `xml:"skipped"`
	Failure *struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	} `xml:"failure"`
}

func junitOf(t *testing.T, r *contract.Report) junit {
	t.Helper()
	var report junit
	if err := xml.Unmarshal([]byte(written(t, "report.junit.xml", r)), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

func TestJUnitReport(t *testing.T) {
	report := junitOf(t, brokenReport())
	if len(report.Suites) != 2 || report.Suites[0].Name != "examples" || report.Suites[1].Name != "state" {
		t.Fatalf("the suites are not the phases: %+v", report)
	}
	for i, s := range report.Suites {
		if s.ID != fmt.Sprint(i) || s.Package == "" || s.Hostname == "" {
			t.Errorf("%s: id %q, package %q, hostname %q", s.Name, s.ID, s.Package, s.Hostname)
		}
		if _, err := time.Parse("2006-01-02T15:04:05", s.Timestamp); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		failures, skipped := 0, 0
		for _, c := range s.Cases {
			if c.Name == "" || c.Class == "" || c.Failure != nil && c.Failure.Type == "" {
				t.Errorf("%s: %+v", s.Name, c)
			}
			if c.Failure != nil {
				failures++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Skipped != skipped || s.Errors != 0 {
			t.Errorf("%s counts %d tests, %d failures, %d skipped, but has %d, %d, %d", s.Name, s.Tests, s.Failures, s.Skipped, len(s.Cases), failures, skipped)
		}
	}
	examples, state := report.Suites[0], report.Suites[1]
	if c := examples.Cases[1]; c.Failure != nil || !strings.Contains(examples.Out, "known: deletePet: status: is not described: 404") {
		t.Errorf("a known finding fails the case %+v, or is not in the output: %s", c, examples.Out)
	}
	if c := examples.Cases[2]; c.Skipped == nil || *c.Skipped != "the document gives no example of the path parameter id" {
		t.Errorf("a skipped case says no reason: %+v", c)
	}
	if f := state.Cases[0].Failure; f.Type != "body" || f.Message != "body /pets/1/name: is required (and 1 more)" || strings.Count(f.Text, "replay") != 2 {
		t.Errorf("a case with two findings: %+v", f)
	}
	if !strings.Contains(examples.Err, "interrupted: ") || !strings.Contains(examples.Err, "warning: listPets: ") {
		t.Errorf("the interruption or the warnings are missing: %q", examples.Err)
	}
}

func TestJUnitReportLosesNoFinding(t *testing.T) {
	r := brokenReport()
	r.Results = nil
	cases := 0
	for _, s := range junitOf(t, r).Suites {
		cases += s.Failures
	}
	if cases != 3 {
		t.Errorf("%d failures of cases without a result, want 3", cases)
	}
}

func TestJUnitReportMatchesItsSchema(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed")
	}
	for name, r := range map[string]*contract.Report{"broken": brokenReport(), "kept": keptReport(), "empty": {}, "nasty": nastyReport()} {
		file := filepath.Join(t.TempDir(), "report.xml")
		if err := os.WriteFile(file, []byte(written(t, "report.junit.xml", r)), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", filepath.Join("testdata", "schemas", "junit-jenkins.xsd"), file).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestHTMLReportRunsNothing says that the page loads nothing, runs nothing, and that its policy lets its own style pass.
func TestHTMLReportRunsNothing(t *testing.T) {
	for name, r := range map[string]*contract.Report{"broken": brokenReport(), "kept": keptReport(), "empty": {}, "nasty": nastyReport()} {
		page := written(t, "report.html", r)
		for _, not := range []string{"<script", "<b onclick", " style=", "javascript:", "<link", "<img", "@import", "url(", " src="} {
			if strings.Contains(page, not) {
				t.Errorf("%s: has %q", name, not)
			}
		}
		if href := regexp.MustCompile(`href="[^#]`).FindString(page); href != "" {
			t.Errorf("%s: leads elsewhere: %s", name, href)
		}
		style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(page)
		sum := sha256.Sum256([]byte(style[1]))
		policy := "default-src &#39;none&#39;; style-src &#39;sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "&#39;"
		if !strings.Contains(html.UnescapeString(page), html.UnescapeString(policy)) {
			t.Errorf("%s: the policy does not allow the style", name)
		}
	}
}

// TestHTMLReportHoldsTextAsText says that a browser sees the same elements and attributes whatever the words are, and all
// of the words.
func TestHTMLReportHoldsTextAsText(t *testing.T) {
	const plain = "somebody's words"
	shown := strings.NewReplacer("\x00", "\ufffd", "\x1b", "\ufffd", "\u009b", "\ufffd", "\ufffe", "\ufffd", "\xff", "\ufffd", "\r", "\ufffd").Replace(nasty)
	tags, words := parsedPage(t, written(t, "report.html", reportSaying(plain)))
	want := strings.Count(words, plain)
	if want == 0 {
		t.Fatal("the page does not have the words")
	}
	for text, shown := range map[string]string{nasty: shown, "</title></style></pre>": "</title></style></pre>", "&lt;b&gt; &amp; &#34;": "&lt;b&gt; &amp; &#34;", `" onclick="x`: `" onclick="x`} {
		gotTags, gotWords := parsedPage(t, written(t, "report.html", reportSaying(text)))
		if gotTags != tags {
			t.Errorf("%q changes the page:\n%s", text, gotTags)
		}
		if got := strings.Count(gotWords, shown); got != want {
			t.Errorf("%q stands there %d times, want %d", text, got, want)
		}
	}
}

// parsedPage are the elements of a page with their attributes, as a browser finds them, and all texts.
func parsedPage(t *testing.T, page string) (tags, words string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var elements, texts strings.Builder
	for node := range doc.Descendants() {
		switch node.Type {
		case html.TextNode:
			texts.WriteString(node.Data)
		case html.ElementNode:
			fmt.Fprintln(&elements, node.Parent.Data, node.Data, node.Attr)
		default:
			fmt.Fprintln(&elements, node.Type, node.Data)
		}
	}
	return elements.String(), texts.String()
}

func TestHTMLReport(t *testing.T) {
	page := written(t, "report.html", brokenReport())
	for _, want := range []string{
		"BREAKS the contract", "Interrupted: there was no time left", "and 2 more like it", "1 known finding (baseline)", "1 gone from the baseline",
		"&#34;name&#34;: &#34;Rex&#34;", "There was none.", "6 missing", "All 6 cases",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("has not %q", want)
		}
	}
	if page := written(t, "report.html", keptReport()); !strings.Contains(page, "keeps the contract") || !strings.Contains(page, "None.") {
		t.Error("a kept contract is not said to be kept")
	}
}

func TestGitHubReport(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(written(t, "report.github", brokenReport())), "\n")
	for i, want := range []string{
		"::error title=body%3A listPets,file=api.yaml,line=412::listPets: body /pets/1/name: is required%0A",
		"::error title=answer%3A deletePet::deletePet: there was no answer: connection reset by peer%0A",
		"::error title=read-back%3A listPets::listPets: ",
		"::warning title=interrupted::there was no time left after 1 s",
		"::warning title=listPets::the document gives the answer no example",
		"::warning::the server closes every connection",
		"::notice title=status%3A deletePet,file=api.yaml,line=88::",
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("no line %d that starts with %q: %q", i+1, want, lines)
		}
	}
	command := regexp.MustCompile(`^::(error|warning|notice)( title=[^:,]*(,file=[^:,]*,line=\d+)?| file=[^:,]*,line=\d+)?::`)
	for line := range strings.Lines(written(t, "report.github", nastyReport())) {
		if !command.MatchString(line) {
			t.Errorf("is no command: %q", line)
		}
	}
	if got := written(t, "report.github", &contract.Report{Findings: []contract.Finding{{Check: "c", Operation: "o", Rule: "in words: see #3"}}}); !strings.HasPrefix(got, "::error title=c%3A o::") {
		t.Errorf("a rule in words has a place: %q", got)
	}
	if got := written(t, "report.github", &contract.Report{Warnings: []contract.Warning{{Operation: "a:b,c%\r\n", Message: "a:b,c%\r\n"}}}); got != "::warning title=a%3Ab%2Cc%25%0D%0A::a:b,c%25%0D%0A\n" {
		t.Errorf("escaped as %q", got)
	}
}

func BenchmarkReports(b *testing.B) {
	for _, alike := range []int{1, 10} {
		r := longReport(1500, alike)
		for _, format := range formats {
			b.Run(fmt.Sprintf("%s/alike=%d", format.golden, alike), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := format.write(r, io.Discard); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
