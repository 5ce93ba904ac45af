package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// judged is a schema as both see it.
type judged struct {
	js     *jsonschema.Schema
	accept *acceptor
}

func compileText(t testing.TB, c *jsonschema.Compiler, url, text string) judged {
	t.Helper()
	if err := c.AddResource(url, strings.NewReader(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	js, err := c.Compile(url)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return judged{js, (&acceptors{limits: DefaultLimits()}).of(js)}
}

func judgedText(t testing.TB, text string) judged {
	return compileText(t, newCompiler(DefaultLimits()), "file:///schema.json", text)
}

// judge asks both; they must not contradict each other.
func (j judged) judge(t testing.TB, value any) verdict {
	t.Helper()
	v, err := j.accept.judge(value), j.js.Validate(value)
	if v != undecided && v != verdictOf(err == nil) {
		t.Fatalf("%s: %#v is accepted or refused against jsonschema: %v, not %v", j.js.Location, value, v == accepted, err)
	}
	if whole, parts := complaints(culprit{j.js, value, ""}), complaints(j.accept.culprits(value, "")...); v != accepted && !slices.Equal(whole, parts) {
		t.Fatalf("%s: %#v: jsonschema says\n%s\nof the whole, and of its culprits\n%s", j.js.Location, value, strings.Join(whole, "\n"), strings.Join(parts, "\n"))
	}
	return v
}

// complaints are what jsonschema says of parts of a value, sorted: where, by which rule, why.
func complaints(parts ...culprit) []string {
	var all []string
	for _, c := range parts {
		var broken *jsonschema.ValidationError
		if errors.As(c.schema.Validate(c.value), &broken) {
			all = append(all, complaintsOf(strings.ReplaceAll(c.pointer, Embedded, ""), broken)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func complaintsOf(prefix string, e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		at, _ := url.PathUnescape(e.InstanceLocation)
		return []string{prefix + at + " " + e.AbsoluteKeywordLocation + " " + sortedWords(e.Message)}
	}
	var all []string
	for _, cause := range e.Causes {
		all = append(all, complaintsOf(prefix, cause)...)
	}
	return all
}

// sortedWords takes out the order of a map in which jsonschema lists properties.
func sortedWords(message string) string {
	words := strings.FieldsFunc(message, func(r rune) bool { return r == ' ' || r == ',' })
	slices.Sort(words)
	return strings.Join(words, " ")
}

func decodedText(t testing.TB, text string) any {
	t.Helper()
	value, err := DecodeJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

// keywordRows are schemas with values, as JSON texts. Each value must be decided.
var keywordRows = []struct {
	schema         string
	sound, refused []string
}{
	{`true`, []string{`1`, `null`, `{}`}, nil},
	{`false`, nil, []string{`1`, `null`, `{}`}},
	{`{}`, []string{`1`, `null`, `[{}]`}, nil},
	{`{"type":"integer"}`, []string{`1`, `1.0`, `1e2`, `-0`, `1e400`, `10e-1`, `123456789012345678901234567890`}, []string{`1.5`, `1e-1`, `"1"`, `null`, `[]`}},
	{`{"type":"number"}`, []string{`1`, `1.5`, `1e400`}, []string{`"1"`, `true`}},
	{`{"type":["string","null"]}`, []string{`""`, `null`}, []string{`1`, `{}`, `false`}},
	{`{"type":["integer","number"]}`, []string{`1`, `1.5`}, []string{`"1"`}},
	{`{"type":"object"}`, []string{`{}`}, []string{`[]`}},
	{`{"type":"array"}`, []string{`[]`}, []string{`{}`}},
	{`{"type":"boolean"}`, []string{`true`, `false`}, []string{`null`, `0`}},
	{`{"minimum":1,"maximum":10}`, []string{`1`, `10`, `1.0`, `1e1`, `2.5`, `"x"`}, []string{`0`, `11`, `0.999`, `1e400`, `-0`, `10.000001`, `99999999999999999999`}},
	{`{"exclusiveMinimum":0,"exclusiveMaximum":1.5}`, []string{`1`, `1.4`, `1e-400`}, []string{`0`, `-0`, `0.0`, `1.5`, `15e-1`, `2`}},
	{`{"minimum":9223372036854775807}`, []string{`9223372036854775807`, `9223372036854775808`}, []string{`9223372036854775806`, `1`}},
	{`{"minimum":99999999999999999999}`, []string{`1e20`}, []string{`1`, `99999999999999999998`}},
	{`{"multipleOf":5}`, []string{`0`, `-0`, `10`, `-15`, `1e1`, `5.0`, `1e400`, `true`}, []string{`1`, `5.5`, `-14`, `99999999999999999999`}},
	{`{"multipleOf":0.01}`, []string{`1`, `19.99`, `1e2`}, []string{`0.001`, `1e-3`}},
	{`{"minLength":2,"maxLength":3}`, []string{`"ab"`, `"äöü"`, `"😀😀"`, `"\ud800\ud800"`, `1`}, []string{`"a"`, `""`, `"abcd"`, `"😀"`}},
	{`{"pattern":"^[a-c]{2}$"}`, []string{`"ab"`, `1`}, []string{`"a"`, `"ad"`, `"ab\n"`}},
	{`{"pattern":"b+"}`, []string{`"abc"`}, []string{`"ac"`}},
	{`{"x-counterpart-backtracking-pattern":"^(?!x)"}`, []string{`"abc"`, `1`}, []string{`"xa"`}},
	{`{"format":"uuid"}`, []string{`"3aa55f1c-b4c3-4916-8693-6130f21e9f16"`, `1`}, []string{`"3aa55f1c"`}},
	{`{"format":"date-time"}`, []string{`"2024-12-10T00:00:00Z"`}, []string{`"2024-12-10"`}},
	{`{"format":"int32"}`, []string{`2147483647`, `1.5`, `"x"`}, []string{`2147483648`, `1e10`}},
	{`{"format":"unknown"}`, []string{`1`, `"x"`}, nil},
	{`{"enum":["a",1,null,{"a":[1]},true]}`, []string{`"a"`, `1`, `1.0`, `10e-1`, `null`, `{"a":[1.0]}`, `true`}, []string{`"b"`, `2`, `false`, `{"a":[2]}`, `{"a":[1],"b":1}`, `[]`, `{"b":[1]}`}},
	{`{"const":"a"}`, []string{`"a"`}, []string{`"b"`, `1`, `null`}},
	{`{"const":null}`, []string{`null`}, []string{`0`, `false`, `""`}},
	{`{"const":0}`, []string{`0`, `-0`, `0.0`, `0e5`}, []string{`false`, `1`, `""`}},
	{`{"const":1e400}`, []string{`1e400`, `10e399`}, []string{`1e401`, `1`}},
	{`{"const":[1,[2]]}`, []string{`[1,[2]]`, `[1.0,[2]]`}, []string{`[1]`, `[[2],1]`, `{}`}},
	{`{"items":{"type":"string"}}`, []string{`[]`, `["a"]`, `{}`}, []string{`[1]`, `["a",null]`}},
	{`{"prefixItems":[{"type":"string"},true],"items":false}`, []string{`[]`, `["a"]`, `["a",1]`}, []string{`[1]`, `["a",1,2]`}},
	{`{"prefixItems":[{"type":"string"}]}`, []string{`["a",1]`}, []string{`[1]`}},
	{`{"minItems":1,"maxItems":2}`, []string{`[1]`, `[1,2]`, `""`}, []string{`[]`, `[1,2,3]`}},
	{`{"uniqueItems":true}`, []string{`[]`, `[1,2]`, `[1,"1",true]`, `[{"a":1},{"a":2}]`}, []string{`[1,1]`, `[1,1.0]`, `[1,10e-1]`, `[{"a":1},{"a":1.0}]`, `[[],[]]`}},
	{`{"contains":{"const":1}}`, []string{`[1]`, `[2,1]`, `{}`}, []string{`[]`, `[2]`}},
	{`{"contains":{"const":1},"minContains":2,"maxContains":3}`, []string{`[1,1]`, `[1,0,1,1]`}, []string{`[1]`, `[1,1,1,1]`}},
	{`{"contains":{"const":1},"minContains":0}`, []string{`[]`, `[2]`}, nil},
	{`{"properties":{"a":{"type":"string"}},"required":["a"]}`, []string{`{"a":""}`, `{"a":"","b":1}`, `[]`}, []string{`{}`, `{"a":1}`, `{"A":""}`}},
	{`{"properties":{"a":true},"additionalProperties":false}`, []string{`{}`, `{"a":1}`}, []string{`{"b":1}`, `{"a":1,"b":1}`}},
	{`{"properties":{"a":true},"additionalProperties":{"type":"string"}}`, []string{`{"a":1,"b":""}`}, []string{`{"b":1}`}},
	{`{"properties":{"ab":{"minimum":1}},"patternProperties":{"^a":{"type":"integer"},"b$":{"maximum":5}},"additionalProperties":false}`,
		[]string{`{"ab":1}`, `{"a":9}`, `{"b":5.5e0,"xb":"x"}`, `{"b":0}`}[:2], []string{`{"ab":0}`, `{"ab":6}`, `{"a":""}`, `{"c":1}`, `{"xb":6}`}},
	{`{"propertyNames":{"maxLength":1}}`, []string{`{}`, `{"a":1}`}, []string{`{"ab":1}`}},
	{`{"minProperties":1,"maxProperties":2}`, []string{`{"a":1}`, `[]`}, []string{`{}`, `{"a":1,"b":2,"c":3}`}},
	{`{"dependentRequired":{"a":["b"]}}`, []string{`{}`, `{"b":1}`, `{"a":1,"b":1}`}, []string{`{"a":1}`}},
	{`{"dependentSchemas":{"a":{"required":["b"]}}}`, []string{`{}`, `{"a":1,"b":1}`}, []string{`{"a":1}`}},
	{`{"allOf":[{"minimum":1},{"maximum":2}]}`, []string{`1`, `2`}, []string{`0`, `3`}},
	{`{"anyOf":[{"type":"string"},{"minimum":2}]}`, []string{`"a"`, `2`, `null`}, []string{`1`}},
	{`{"oneOf":[{"type":"integer"},{"minimum":2}]}`, []string{`1`, `2.5`, `"x"`}, []string{`2`, `1.5`}},
	{`{"not":{"type":"string"}}`, []string{`1`}, []string{`"a"`}},
	{`{"if":{"type":"string"},"then":{"minLength":1},"else":{"type":"integer"}}`, []string{`"a"`, `1`}, []string{`""`, `1.5`, `null`}},
	{`{"if":{"type":"string"},"then":{"minLength":1}}`, []string{`"a"`, `null`}, []string{`""`}},
	{`{"x-counterpart-condition":{"property":"k","value":"a"},"then":{"required":["b"]}}`, []string{`{}`, `{"k":"b"}`, `{"k":"a","b":1}`, `1`}, []string{`{"k":"a"}`}},
	{`{"$defs":{"tree":{"type":"object","properties":{"children":{"items":{"$ref":"#/$defs/tree"}}}}},"$ref":"#/$defs/tree"}`,
		[]string{`{}`, `{"children":[{"children":[]}]}`}, []string{`1`, `{"children":[{"children":[1]}]}`}},
	{`{"contentMediaType":"application/json","contentEncoding":"counterpart-json","contentSchema":{"required":["a"]}}`,
		[]string{`"{\"a\":1}"`, `" {\"a\":1} "`, `"1"`, `1`}, []string{`"{}"`, `""`, `"x"`, `"{} {}"`, `"{\"a\":1,\"a\":1}"`, `"1e99999"`}},
	{`{"contentMediaType":"application/json","contentEncoding":"counterpart-json"}`, []string{`"{}"`}, []string{`"{"`}},
	{`{"contentMediaType":"application/json","contentEncoding":"base64+counterpart-json","contentSchema":{"type":"object"}}`, []string{`"e30="`}, []string{`"e30"`, `"MQ=="`, `"e3s="`, `"{}"`}},
	{`{"contentEncoding":"base64"}`, []string{`"e30="`, `1`}, []string{`"e30"`}},
	{`{"contentMediaType":"image/png"}`, []string{`"x"`}, nil},
}

func TestAcceptorDecidesEveryKeywordItKnows(t *testing.T) {
	for _, row := range keywordRows {
		j := judgedText(t, row.schema)
		for want, texts := range map[verdict][]string{accepted: row.sound, refused: row.refused} {
			for _, text := range texts {
				if v := j.judge(t, decodedText(t, text)); v != want {
					t.Errorf("%s, %s: %d, not %d", row.schema, text, v, want)
				}
			}
		}
	}
}

// undecidedRows are schemas that are left to jsonschema, with a value for which they are.
var undecidedRows = []struct{ schema, value string }{
	{`{"unevaluatedProperties":false}`, `{"a":1}`},
	{`{"unevaluatedItems":false}`, `[1]`},
	{`{"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a","type":"string"}}}`, `"x"`},
	{`{"not":{"unevaluatedProperties":false}}`, `{"a":1}`},
	{`{"oneOf":[{"unevaluatedProperties":false},{"type":"object"}]}`, `{"a":1}`},
	{`{"if":{"unevaluatedProperties":false},"then":false}`, `{"a":1}`},
	{`{"contains":{"unevaluatedProperties":false}}`, `[{"a":1}]`},
	{`{"contentMediaType":"application/json","contentSchema":{"type":"object"}}`, `"{}"`},
	{`{"uniqueItems":true}`, `[` + strings.Repeat(`"a",`, 50) + `"b"]`},
	{`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}]}`, `["a"]`},
	{`{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["b"]}}`, `{"a":1}`},
	{`{"properties":{"a":{"unevaluatedItems":false}}}`, `{"a":[]}`},
	// These lead back to themselves on the same value, which jsonschema's compiler sees only while it judges.
	{`{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"properties":{"p":{"$ref":"#/$defs/a"}},"if":{"$ref":"#/$defs/a"}}},"anyOf":[true,{"$ref":"#/$defs/b"}]}`, `1`},
}

func TestAcceptorLeavesTheRestToJSONSchema(t *testing.T) {
	for _, row := range undecidedRows {
		if v := judgedText(t, row.schema).judge(t, decodedText(t, row.value)); v != undecided {
			t.Errorf("%s, %s: %d", row.schema, row.value, v)
		}
	}
}

func TestAcceptorLeavesStrangeValuesToJSONSchema(t *testing.T) {
	for _, schema := range []string{`{}`, `{"type":"integer"}`, `{"minimum":1}`, `{"enum":[1]}`, `{"not":{"const":1}}`} {
		for _, value := range []any{1, 1.5, struct{}{}, []string{"a"}, json.Number("x")} {
			if v := judgedText(t, schema).accept.judge(value); v != undecided && schema != `{}` {
				t.Errorf("%s, %#v: %d", schema, value, v)
			}
		}
	}
}

func TestAcceptorKnowsTheBuiltInDocument(t *testing.T) {
	wantKnown(t)
	for _, o := range Overlays() {
		wantKnown(t, o.Name)
	}
}

func wantKnown(t *testing.T, overlays ...string) {
	t.Helper()
	spec, err := Default(overlays...)
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Compile(); err != nil {
		t.Fatal(err)
	}
	for i := range spec.compilers {
		for js, a := range spec.compilers[i].acceptors.made {
			for k := nullKind; k < kinds; k++ {
				if slices.Contains(a.rules[k], rule(always(undecided))) {
					t.Errorf("%s is not decided for values of kind %d", js.Location, k)
				}
			}
		}
	}
}

func TestAcceptorAllocatesNothing(t *testing.T) {
	for _, row := range []struct{ schema, value string }{
		{`{"type":"integer","minimum":1,"maximum":9,"multipleOf":2,"format":"int32","enum":[2,4]}`, `4`},
		{`{"type":"string","minLength":1,"pattern":"^[a-z]{1,9}$","enum":["a","b"],"const":"b"}`, `"b"`},
		{`{"type":"array","items":{"type":"integer"},"uniqueItems":true,"contains":{"const":2}}`, `[1,2,3]`},
		{`{"type":"object","required":["a"],"properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"type":"null"}}}`, `{"a":null,"b":1}`},
		{`{"properties":{"a":true},"patternProperties":{"^x-[a-z]+$":{"type":"boolean"}},"additionalProperties":false}`, `{"a":1,"x-b":true}`},
		{`{"allOf":[{"minimum":1}],"anyOf":[{"type":"string"},true],"oneOf":[true,false],"not":{"const":2},"if":{"const":1},"then":true}`, `1`},
	} {
		j, value := judgedText(t, row.schema), decodedText(t, row.value)
		if j.judge(t, value) != accepted {
			t.Errorf("%s, %s is not accepted", row.schema, row.value)
		}
		if n := testing.AllocsPerRun(10, func() { j.accept.judge(value) }); n > 0 {
			t.Errorf("%s, %s: %v allocations", row.schema, row.value, n)
		}
	}
}

// The patterns that are matched without regexp, and some that look like them.
var patternRows = []string{`^[A-Za-z0-9_-]{1,64}$`, `^[A-Za-z0-9]{32}in07$`, `^[0-9a-f]{32}$`, `^a?$`, `^a*$`, `^a+b$`, `^$`, `^ab$`, `^[^a]$`, `^a{2,}b{3}$`, `^-?[0-9]+$`, `^a?b?$`,
	`(?i)^k$`, `^(?i:ab)$`, `(?m)^a$`, `^[é]$`, `^\d{4}-\d{2}$`, `^a{0}b$`, `^[a-z].$`, `^(a|b)c$`, `^(ab)+$`, `^\w+$`, `^\x{7f}$`, `^.$`, `a$`, `^a`, `^\$$`, `^a??$`, `\Aa\z`, `^a$|^b$`, `^a$$`, `^^a$`, `^[a-c]{2}-[a-c]{0,3}$`}

func FuzzRuns(f *testing.F) {
	for i := range patternRows {
		for _, text := range []string{"", "a", "ab", "aab", "aabbb", "b", "k", "K", "\u212a", "é", "\x7f", "\xff", "a\n", "$", "2024-12", "0822239c1e80d4502f82c008937da9b5", "-", "-12", "bc", "abab", "ab-", "ab-abc", "_-9", strings.Repeat("a", 64), strings.Repeat("a", 65)} {
			f.Add(patternRows[i], text)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return // Go has no such pattern to compare with
		}
		if got, want := matcherOf(re).MatchString(text), re.MatchString(text); got != want {
			t.Fatalf("%q, %q: %v", pattern, text, got)
		}
	})
}

func TestRunsAreUsed(t *testing.T) {
	for _, pattern := range patternRows[:8] {
		if _, ok := matcherOf(regexp.MustCompile(pattern)).(*runs); !ok {
			t.Errorf("%s is matched by regexp", pattern)
		}
	}
}

// FuzzAccept holds the acceptor against jsonschema: where it decides, both say the same.
func FuzzAccept(f *testing.F) {
	var schemas []judged
	for _, row := range keywordRows {
		for _, text := range append(row.sound, row.refused...) {
			f.Add(uint(len(schemas)), text)
		}
		schemas = append(schemas, judgedText(f, row.schema))
	}
	for _, row := range undecidedRows {
		f.Add(uint(len(schemas)), row.value)
		schemas = append(schemas, judgedText(f, row.schema))
	}
	spec, err := Default()
	if err != nil {
		f.Fatal(err)
	}
	for _, op := range spec.Operations() {
		for _, s := range op.schemas() {
			js, err := s.compiled()
			if err != nil {
				f.Fatal(err)
			}
			for _, text := range []string{`"a"`, `5`, `{"data_connector":{"connector_name":"a","source_type":"RDS_MYSQL","source_info":"{}"}}`,
				`{"total_count":1,"data_connectors":[{"connector_id":"a","connector_name":"a","source_type":"gaussdb-mysql","source_info":"{\"db_name\":\"a\"}"}]}`,
				`{"error_code":"a","error_msg":"b"}`, `{"connector_id":"0822239c1e80d4502f82c008937da9b5"}`, `{"result":"succeeded"}`} {
				f.Add(uint(len(schemas)), text)
			}
			schemas = append(schemas, judged{js, s.accept})
		}
	}
	f.Fuzz(func(t *testing.T, which uint, text string) {
		value, err := DecodeJSON([]byte(text))
		if err != nil {
			return // it is no JSON
		}
		schemas[which%uint(len(schemas))].judge(t, value)
	})
}

// TestAcceptorAgreesOnTheTestSuite runs the tests of JSON Schema itself through both.
func TestAcceptorAgreesOnTheTestSuite(t *testing.T) {
	corpus := os.Getenv("COUNTERPART_CORPUS")
	if corpus == "" {
		corpus = filepath.Join("..", "..", "shared", "corpus")
	}
	suite := filepath.Join(corpus, "json-schema-test-suite")
	if _, err := os.Stat(suite); err != nil {
		t.Skipf("the JSON Schema test suite is not there: set COUNTERPART_CORPUS: %v", err)
	}
	var files []string
	for _, pattern := range []string{"*.json", "optional/*.json", "optional/format/*.json"} {
		found, err := filepath.Glob(filepath.Join(suite, "tests", "draft2020-12", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	var all tally
	for _, file := range files {
		all.file(t, filepath.Join(suite, "remotes"), file)
	}
	t.Logf("of %d instances of %d files the acceptor decided %d; %d schemas cannot be compiled", all.instances, len(files), all.decided, all.broken)
	if all.decided < all.instances*2/3 {
		t.Error("the acceptor decides too few")
	}
}

type tally struct{ instances, decided, broken int }

func (n *tally) file(t *testing.T, remotes, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Description string
		Schema      json.RawMessage
		Tests       []struct{ Data json.RawMessage }
	}
	if err := json.Unmarshal(data, &groups); err != nil {
		t.Fatal(err)
	}
	for i, group := range groups {
		c := newCompiler(DefaultLimits())
		c.LoadURL = func(url string) (io.ReadCloser, error) {
			return os.Open(filepath.Join(remotes, filepath.FromSlash(strings.TrimPrefix(url, "http://localhost:1234/"))))
		}
		url := fmt.Sprintf("file:///%s/%d.json", filepath.Base(file), i)
		if c.AddResource(url, strings.NewReader(string(group.Schema))) != nil {
			n.broken++
			continue
		}
		js, err := c.Compile(url)
		if err != nil {
			n.broken++
			continue
		}
		j := judged{js, (&acceptors{limits: DefaultLimits()}).of(js)}
		for _, test := range group.Tests {
			value, err := DecodeJSON(test.Data)
			if err != nil {
				t.Fatal(err)
			}
			n.instances++
			if j.judge(t, value) != undecided {
				n.decided++
			}
		}
	}
}
