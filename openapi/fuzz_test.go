package openapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/counterpart-go/counterpart/openapi"
)

// FuzzDecodeJSON holds the decoder against encoding/json: it takes what is valid JSON in valid UTF-8, but for keys that
// occur twice and what is over its limits, and gives the same value.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{"", " ", "null", "{}", "[]", `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":[1,2.5e-3,true,"x\n"]}`, `[1,]`, `{"a":1,}`, "1 2", "{}x",
		"\xff", `"\ud800"`, `"\ud800\u0041"`, `"\ud83d\ude00\uD83D\uDE00"`, `"\ud800\ud83d\ude00"`, `"\ud800\u00g0"`, `"\u12"`, "\"\\u\x10\x11\x12\x13\"", `"\q"`, `"\"\\\/\b\f\n\r\t"`,
		"\"\x1f\"", "\"\x7f\"", `"a`, `"a\`, "-", "1.", "1e", "1e+", "1.5E-3", "nul", "trux", "[1 2]", `{"a" 1}`, `{"a":1 "b":2}`, "[1", `{"a":`, "\x00", "1e10001", "-0", "01", `{1:2}`, `[}`, `{"a":1]`, strings.Repeat("[", 513) + strings.Repeat("]", 513), strings.Repeat("9", 1001), "\ufeff{}"} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(manyMembers(40)))
	f.Add([]byte(strings.Replace(manyMembers(40), "39", "3", 1)))
	f.Add([]byte(`["` + strings.Repeat("a", 5000) + `","b","` + strings.Repeat(`c","`, 2000) + `"]`))
	f.Fuzz(func(t *testing.T, given []byte) {
		data := bytes.Clone(given)
		value, err := openapi.DecodeJSON(data)
		want, sound := reference(data)
		if sound != (err == nil) {
			t.Fatalf("DecodeJSON(%q): %v, but it is sound: %v", data, err, sound)
		}
		var syntax *openapi.SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			t.Fatalf("DecodeJSON(%q): %T", data, err)
		}
		if err != nil && !sound {
			wantReason(t, data, syntax)
		}
		clear(data) // what is decoded has been copied
		if err == nil && !reflect.DeepEqual(value, want) {
			t.Fatalf("DecodeJSON(%q) = %v, not %v", given, value, want)
		}
		if err == nil {
			wantReencoded(t, value)
		}
	})
}

// A text of many values would take many times as much memory. It is no seed: to change so long a text takes too long.
func TestManyValues(t *testing.T) {
	for n, sound := range map[int]bool{99_999: true, 100_000: false} { // and the array itself
		text := "[1" + strings.Repeat(",1", n-1) + "]"
		if _, err := openapi.DecodeJSON([]byte(text)); (err == nil) != sound {
			t.Errorf("%d numbers in an array: %v", n, err)
		}
	}
	few, err := openapi.Limits{Values: 3}.Default()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := few.DecodeJSON([]byte(`{"a":[1]}`)); err != nil {
		t.Error(err)
	}
	if _, err := few.DecodeJSON([]byte(`{"a":[1,2]}`)); err == nil {
		t.Error("four values are more than three")
	}
}

func manyMembers(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"%d":[]`, i)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// wantReason holds the reason for which text is no JSON against that of encoding/json, which sees a limit never and
// what follows the document only when it is asked again.
func wantReason(t *testing.T, data []byte, got *openapi.SyntaxError) {
	t.Helper()
	var value any
	var syntax *json.SyntaxError
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err, want := dec.Decode(&value), openapi.SyntaxError{}
	switch {
	case !utf8.Valid(data):
		want = openapi.SyntaxError{Reason: "invalid UTF-8"}
	case strings.Contains(got.Reason, "nested") || strings.Contains(got.Reason, "number") || strings.Contains(got.Reason, "twice") || strings.Contains(got.Reason, "values"):
		return
	case errors.Is(err, io.EOF):
		want = openapi.SyntaxError{Reason: "it is empty"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		want = openapi.SyntaxError{Offset: int64(len(data)), Reason: "it ends too early"}
	case errors.As(err, &syntax):
		want = openapi.SyntaxError{Offset: syntax.Offset, Reason: "unexpected character"}
	default:
		rest := bytes.TrimLeft(data[dec.InputOffset():], " \t\r\n")
		want = openapi.SyntaxError{Offset: int64(len(data) - len(rest)), Reason: "more bytes follow the document"}
	}
	if *got != want {
		t.Fatalf("DecodeJSON(%q): %v, not %v", data, got, &want)
	}
}

func wantReencoded(t *testing.T, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := openapi.DecodeJSON(text); err != nil || !reflect.DeepEqual(again, value) {
		t.Fatalf("%s, encoded again: %v, %v", text, again, err)
	}
}

// reference decodes with encoding/json and says whether DecodeJSON should take the text.
func reference(data []byte) (any, bool) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, false
	}
	return value, withinLimits(data) && values(value) <= 100_000 && members(value) == membersWritten(data)
}

func withinLimits(data []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	for depth := 0; ; {
		token, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return false
		case token == json.Delim('{') || token == json.Delim('['):
			depth++
		case token == json.Delim('}') || token == json.Delim(']'):
			depth--
		}
		if number, ok := token.(json.Number); depth > 512 || ok && !soundNumber(string(number)) {
			return false
		}
	}
}

func soundNumber(text string) bool {
	_, exponent, found := strings.Cut(strings.ToLower(text), "e")
	if !found {
		exponent = "0"
	}
	value, err := strconv.Atoi(exponent)
	return len(text) <= 1000 && err == nil && -10_000 <= value && value <= 10_000
}

// members counts the members of all objects in the value.
func members(value any) int {
	count := 0
	switch v := value.(type) {
	case map[string]any:
		count = len(v)
		for _, member := range v {
			count += members(member)
		}
	case []any:
		for _, item := range v {
			count += members(item)
		}
	}
	return count
}

// values counts a value and all inside it.
func values(value any) int {
	count := 1
	switch v := value.(type) {
	case map[string]any:
		for _, member := range v {
			count += values(member)
		}
	case []any:
		for _, item := range v {
			count += values(item)
		}
	}
	return count
}

// membersWritten counts the members as they are written: colons outside of strings.
func membersWritten(data []byte) int {
	count, inText := 0, false
	for i := 0; i < len(data); i++ {
		switch {
		case inText && data[i] == '\\':
			i++
		case data[i] == '"':
			inText = !inText
		case data[i] == ':' && !inText:
			count++
		}
	}
	return count
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"", "/", "//", "/v2/p/data-connectors", "/v2/p/data-connector", "/v2//data-connectors/%zz", "/v2/a%2Fb/data-connectors/x/", "/a/x.json", "/r/1-2.json", "/%"} {
		f.Add("GET", seed)
	}
	specs := []*openapi.Spec{builtin(f), routes(f, "get /a/{id}.json", "get /a/{id}", "get /r/{x}-{y}.json", "get /r/{x}{y}", "put /{a}/{b}/{c}")}
	f.Fuzz(func(t *testing.T, method, path string) {
		for _, spec := range specs {
			op, values, err := spec.Find(method, path)
			var route *openapi.RouteError
			switch {
			case err == nil && (op == nil || op.Method != method || len(values) != strings.Count(op.Path, "{")):
				t.Fatalf("Find(%q, %q) = %v with %q", method, path, op, values)
			case err != nil && (!errors.As(err, &route) || route.Error() == ""):
				t.Fatalf("Find(%q, %q): %v", method, path, err)
			}
		}
	})
}

// FuzzValidateRequest sends any bytes as the body of a create: no panic, the same violations twice, no secret shown.
func FuzzValidateRequest(f *testing.F) {
	for _, seed := range []string{"", "null", create("", ""), withInfo("{}"), withInfo("x"), create("source_type", "null"), info("password", ""),
		withInfo(quote(object(soundInfo...))), object("data_connector", "{}", "data_connector", "{}"), "[", "\xff", `{"data_connector":{"source_info":"\u0000"}}`} {
		f.Add([]byte(seed))
	}
	op := builtin(f).Operation("createDataConnector")
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, text := range []string{string(body), withInfo(string(body)), info("password", quote(canary)+string(body))} {
			first := op.ValidateRequest(createRequest(text))
			if again := op.ValidateRequest(createRequest(text)); !reflect.DeepEqual(first, again) {
				t.Fatalf("%q: %s, another time %s", text, first, again)
			}
			if shown := fmt.Sprintf("%+v %s", first, first); strings.Contains(shown, canary) {
				t.Fatalf("%q: the password is shown: %s", text, shown)
			}
		}
	})
}

// FuzzLoad reads any bytes as a document: no panic, an error that says which file, in bounded time. What it takes can
// be compiled or says why not, can be written, and judges.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"", "{}", "[]", "a: *a", "a: &a [*a]", bodyDocument("3.1.0", "S: {}"), bodyDocument("3.0.3", pets), bodyDocument("3.1.0", "S: {$ref: '#/components/schemas/S'}"),
		bodyDocument("3.1.0", "S: {type: string, pattern: '(?=a)b'}"), bodyDocument("3.0.3", "S: {type: integer, minimum: 1, exclusiveMinimum: true, nullable: true}"), statuses,
		bodyDocument("3.1.0", "S: {}") + "x-counterpart: {resources: {r: {create: op}}}\n", swaggerPets, flights, "swagger: '2.0'\npaths: {/x: {get: {parameters: [{in: body}, {in: formData}, 1], responses: [1]}}}\n",
		"swagger: '2.0'\ninfo: {}\npaths: {/x: {get: {responses: {'200': {content: 1, schema: 1, examples: {a/b: 1}, headers: {X: 1}}}}}}\nsecurityDefinitions: {a: {type: oauth2}, b: 1}\n",
		bodyDocument("3.1.0", "S: {$id: 'http://example.com/s', $ref: '#a', $anchor: a}"), `{"openapi": "3.0.3", "info": {}, "paths": {"/x": {"get": {"responses": {"200": {"$ref": 1}}}}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "a.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		within(t, func() { use(t, func() (*openapi.Spec, error) { return openapi.Load(file) }) })
	})
}

// FuzzOverlay changes the built-in document by any bytes: no panic, an error that says which file, in bounded time.
func FuzzOverlay(f *testing.F) {
	for _, seed := range []string{"", "{}", "overlay: 1.0.0", overlayHead, overlayHead + "  - {target: $, remove: true}\n", overlayHead + "  - {target: $.*, remove: true}\n", overlayHead + "  - {target: $..*, update: {a: 1}}\n",
		overlayHead + "  - {target: $.info, update: {title: Changed}}\n", overlayHead + "  - {target: '$..[?(@.type == \"string\")]', update: {pattern: '(?=a)b'}}\n", overlayHead + "  - {target: $.paths, update: [1]}\n",
		overlayHead + "  - {target: $.components.schemas.ProjectId, update: {$ref: '#/components/schemas/ProjectId'}}\n", overlayHead + "  - {target: $.components.schemas.ProjectId, update: {$ref: /etc/passwd}}\n",
		overlayHead + "  - {target: $.info, update: &a {x: *a}}\n", overlayHead + "  - {target: $.info, update: {x: &a [1], y: *a}}\n", overlayHead + "  - {target: '$[', remove: true}\n", overlayHead + "  - {target: $.x-counterpart.refusals, remove: true}\n",
		overlayHead + "  - {target: $.x-counterpart, update: {refusals: [{reason: invalid, status: 99}]}}\n", overlayHead + "  - {target: $.openapi, remove: true}\n", overlayHead + "  - {target: $.info, update: {<<: {a: 1}, ? [b] : 2}}\n"} {
		f.Add([]byte(seed))
	}
	for _, o := range openapi.Overlays() {
		text, err := os.ReadFile(filepath.Join("overlays", o.Name+".yaml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "o.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		within(t, func() { use(t, func() (*openapi.Spec, error) { return openapi.Default(file) }) })
	})
}

func use(t *testing.T, load func() (*openapi.Spec, error)) {
	t.Helper()
	spec, err := load()
	var refused *openapi.DocumentError
	switch {
	case err != nil && !errors.As(err, &refused):
		t.Fatalf("error of type %T: %v", err, err)
	case err != nil:
		return
	}
	_ = spec.Compile()
	for _, remark := range append(spec.Warnings(), spec.Unsupported()...) {
		if remark.Rule.Line == 0 || remark.What == "" || remark.Why == "" {
			t.Errorf("remark %q", remark)
		}
	}
	for _, version := range []string{"", "3.0", "3.1"} {
		if _, err := spec.Document(openapi.DocumentOptions{OpenAPI: version}); err != nil {
			t.Error(err)
		}
	}
	for _, op := range spec.Operations() {
		op.ValidateRequest(openapi.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"kind":"miau"}`)})
		op.ValidateResponse(jsonResponse(`{"kind":"miau"}`))
		if op.RequestBody == nil {
			continue
		}
		for _, m := range op.RequestBody.Content {
			if m.Schema != nil {
				m.Schema.Sample(nil)
			}
		}
	}
}
