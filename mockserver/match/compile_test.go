package match_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

const zoo = `openapi: 3.1.0
info: {title: zoo, version: "1"}
paths:
  /animals:
    post:
      operationId: addAnimal
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [kind]
              oneOf:
                - {properties: {kind: {const: cat}, lives: {maximum: 9}}}
                - {properties: {kind: {const: dog}, lives: {maximum: 1}}}
              properties:
                lives: {type: integer}
                tag: {type: object, additionalProperties: false, properties: {color: {type: string}}}
          application/x-www-form-urlencoded:
            schema: {type: object, required: [kind], properties: {kind: {type: string}, tag: {type: object, additionalProperties: false, properties: {color: {type: string}}}}}
      responses: {'204': {description: done}}
  /cages:
    get:
      operationId: listCages
      parameters:
        - {name: size, in: query, style: deepObject, explode: true, schema: {type: object, properties: {w: {type: integer}}}}
        - {name: tags, in: query, explode: false, schema: {type: array, items: {type: string}}}
        - {name: page, in: query, schema: {type: integer, default: 1}}
      responses: {'204': {description: done}}
`

func load(t testing.TB, document string) *openapi.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOnlyWhatIsCertainIsRefused(t *testing.T) {
	t.Parallel()
	s := load(t, zoo)
	for _, c := range []struct{ match, want string }{
		{`{"where":[{"in":"body","pointer":"/kind","equals":"dog"}]}`, ""}, // the second of the alternatives
		{`{"where":[{"in":"body","pointer":"/lives","equals":5}]}`, ""},
		{`{"where":[{"in":"body","pointer":"/tag/color"}]}`, ""},
		{`{"where":[{"in":"body","pointer":"/further/x","equals":5}]}`, ""},
		{`{"where":[{"in":"body","pointer":"/tag","absent":true}]}`, ""},
		{`{"where":[{"in":"body","pointer":"/kind","absent":true}]}`, ""}, // of an operation without a body
		{`{"where":[{"in":"query","name":"tags","equals":"a,b"}]}`, ""},
		{`{"where":[{"in":"query","name":"tags","equals":["a","b"]}]}`, ""},
		{`{"where":[{"in":"query","name":"size","equals":{"w":3}}]}`, ""},
		{`{"where":[{"in":"body","jsonpath":"$..a","equals":1},{"in":"body","jsonpath":"$..a","equals":2}]}`, ""},
		{`{"where":[{"in":"body","pointer":"/kind","equals":"dog"},{"in":"body","pointer":"/kind","matches":"^d"}]}`, ""},
		{`{"where":[{"in":"query","name":"page","equals":1,"matches":"^1$"}]}`, ""},
		{`{"operation":"addAnimal","where":[{"in":"body","pointer":"/kind","absent":true}]}`, "body /where/0/absent: addAnimal requires it"},
		{`{"where":[{"in":"body","pointer":"/lives","equals":"five"}]}`, ""}, // of a form
		{`{"where":[{"in":"body","pointer":"/tag/colour"}]}`, "body /where/0/pointer: /tag has no property colour; did you mean color?"},
		{`{"where":[{"in":"body","pointer":"/tag/color/x"}]}`, "body /where/0/pointer: /tag/color is never an object"},
		{`{"where":[{"in":"body","pointer":"/tag/color","equals":5}]}`, "body /where/0/equals: the document allows no such value at /tag/color: must be string"},
		{`{"where":[{"in":"body","pointer":"/kind","equals":"dog","matches":"^c"}]}`, "body /where/0/matches: the value that equals wants has no match"},
		{`{"where":[{"in":"body","pointer":"/kind","equals":"dog"},{"in":"body","pointer":"/kind","matches":"^c"}]}`, "body /where/1: it never holds together with /where/0"},
		{`{"where":[{"in":"header","name":"X-A"},{"in":"header","name":"x-a","absent":true}]}`, "body /where/1: it never holds together"},
		{`{"operation":"addAnimals"}`, "body /operation: no document has the operation addAnimals; did you mean addAnimal?"},
	} {
		_, err := match.Compile(parsed(t, c.match), s)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.match, err)
		}
	}
}

// In Go a condition may have any value that JSON can say.
func TestValuesOfGo(t *testing.T) {
	t.Parallel()
	type tag struct {
		Color string `json:"color"`
	}
	for _, equals := range []any{tag{"red"}, map[string]string{"color": "red"}, []string{"a"}, 1, int64(1), 1.0} {
		one := control.Condition{In: control.ConditionInBody, Jsonpath: "$..*", Equals: equals}
		if _, err := match.Compile(control.Match{Where: []control.Condition{one, one}}, load(t, zoo)); err != nil {
			t.Errorf("%#v: %v", equals, err)
		}
	}
	m, err := match.Compile(control.Match{Where: []control.Condition{{In: control.ConditionInBody, Pointer: "/tag", Equals: tag{"red"}}}}, load(t, zoo))
	if err != nil {
		t.Fatal(err)
	}
	op := load(t, zoo).Operation("addAnimal")
	r := openapi.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"kind":"cat","tag":{"color":"red"}}`)}
	if r := (&match.Request{Method: http.MethodPost, Operation: op, Message: r}); !m.Matches(r) {
		t.Error(m.Misses(r))
	}
}

// A parameter is there when it was sent: a default is none, and an object may be sent by several keys.
func TestSentParameters(t *testing.T) {
	t.Parallel()
	s := load(t, zoo)
	for _, c := range []struct {
		query, match string
		want         bool
	}{
		{"", `{"where":[{"in":"query","name":"page","equals":1}]}`, false},
		{"", `{"where":[{"in":"query","name":"page","absent":true}]}`, true},
		{"page=01", `{"where":[{"in":"query","name":"page","equals":1,"matches":"^0"}]}`, false}, // 01 is no integer
		{"page=1", `{"where":[{"in":"query","name":"page","equals":1,"matches":"^2"}]}`, false},
		{"size[w]=3", `{"where":[{"in":"query","name":"size"}]}`, true},
		{"size[w]=3", `{"where":[{"in":"query","name":"size","equals":{"w":3}}]}`, true},
		{"size[w]=4", `{"where":[{"in":"query","name":"size","equals":{"w":3}}]}`, false},
		{"size[w]=3", `{"where":[{"in":"query","name":"size","absent":true}]}`, false},
		{"tags=a,b", `{"where":[{"in":"query","name":"tags","equals":["a","b"]}]}`, true},
		{"tags=a,b", `{"where":[{"in":"query","name":"tags","equals":"a,b"}]}`, true},
	} {
		m, err := match.Compile(parsed(t, c.match), s)
		if err != nil {
			t.Fatal(err)
		}
		r := request(t, http.MethodGet, "/v2/p/data-connectors?"+c.query, "")
		r.Operation = s.Operation("listCages")
		if got := m.Matches(r); got != c.want {
			t.Errorf("%s, %s: %v", c.query, c.match, got)
		}
	}
}
