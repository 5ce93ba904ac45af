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
	"time"
	"unicode/utf8"

	"github.com/counterpart-go/counterpart/openapi"
)

// FuzzDecodeJSON holds the decoder against encoding/json: it takes what is valid JSON in valid UTF-8, but for keys that
// occur twice and what is over its limits, and gives the same value.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{"", " ", "null", "{}", "[]", `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":[1,2.5e-3,true,"x\n"]}`, `[1,]`, `{"a":1,}`, "1 2", "{}x",
		"\xff", `"\ud800"`, "1e10001", "-0", "01", `{1:2}`, `[}`, `{"a":1]`, strings.Repeat("[", 513) + strings.Repeat("]", 513), strings.Repeat("9", 1001), "\ufeff{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := openapi.DecodeJSON(data)
		want, sound := reference(data)
		if sound != (err == nil) {
			t.Fatalf("DecodeJSON(%q): %v, but it is sound: %v", data, err, sound)
		}
		var syntax *openapi.SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			t.Fatalf("DecodeJSON(%q): %T", data, err)
		}
		if err == nil && !reflect.DeepEqual(value, want) {
			t.Fatalf("DecodeJSON(%q) = %v, not %v", data, value, want)
		}
		if err == nil {
			wantReencoded(t, value)
		}
	})
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
	return value, withinLimits(data) && members(value) == membersWritten(data)
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
		bodyDocument("3.1.0", "S: {}") + "x-counterpart: {resources: {r: {create: op}}}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "a.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		within(t, 20*time.Second, func() { use(t, file) })
	})
}

func use(t *testing.T, file string) {
	t.Helper()
	spec, err := openapi.Load(file)
	var refused *openapi.DocumentError
	switch {
	case err != nil && !errors.As(err, &refused):
		t.Fatalf("error of type %T: %v", err, err)
	case err != nil:
		return
	}
	_ = spec.Compile()
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
