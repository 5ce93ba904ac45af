package stub_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/mockserver/stub"
	"github.com/counterpart-go/counterpart/openapi"
)

const accounts = `openapi: 3.1.0
info: {title: accounts, version: "1"}
paths:
  /accounts/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    put:
      operationId: putAccount
      parameters:
        - {name: page, in: query, schema: {type: integer}}
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Account'}
      responses:
        '200':
          description: done
          headers:
            X-Left: {schema: {type: integer, minimum: 0}}
          content:
            application/json:
              schema: {}
              examples:
                sound: {value: {name: a}}
        '207':
          description: strict
          content:
            application/json:
              schema: {type: object, required: [n], properties: {n: {type: integer}}}
              examples:
                sound: {value: {n: 1}}
                broken: {value: {n: one}}
        '209': {description: text, content: {'text/*': {schema: {type: string}}}}
        '204': {description: nothing}
components:
  schemas:
    Account:
      type: object
      properties:
        name: {type: string}
        full name: {type: string}
        password: {type: string, writeOnly: true}
        pin: {type: string, format: password}
        settings: {type: string, contentMediaType: application/json, contentSchema: {type: object, additionalProperties: false, properties: {theme: {type: string}, password: {type: string, writeOnly: true}}}}
        closed: {type: object, additionalProperties: false, properties: {a: {}}}
        further: {type: object}
`

func spec(t testing.TB) *openapi.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(file, []byte(accounts), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newSet(t testing.TB) (*stub.Set, *openapi.Operation) {
	t.Helper()
	s := spec(t)
	ids := 0
	o := stub.Options{
		Now:    func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC) },
		NewID:  func() string { ids++; return fmt.Sprintf("%032x", ids) },
		Number: func(most int64) int64 { return most },
	}
	return stub.New(o, s), s.Operation("putAccount")
}

func parsed(t testing.TB, text string) (one control.Stub) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatal(err)
	}
	return one
}

func put(op *openapi.Operation, body string) *match.Request {
	return &match.Request{Method: http.MethodPut, Path: "/accounts/7", Project: "p1", Operation: op, Message: openapi.Request{
		Path: map[string]string{"id": "7"}, Query: map[string][]string{"page": {"3"}, "q": {"x\r\nSet-Cookie: a=b"}},
		Header: http.Header{"Content-Type": {"application/json"}, "X-Team": {"blue"}, "X-Config": {"password=hunter2"}}, Body: []byte(body)}}
}

const account = `{"name":"Ann","full name":"Ann B","password":"hunter2","pin":"4711","settings":"{\"theme\":\"dark\",\"password\":\"hunter2\"}","further":{"password":"hunter2","list":[{"pin":"4711"}],"text":"{\"password\":\"hunter2\",\"open\":1}"}}`

func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, want string }{
		{`"plain"`, `"plain"`},
		{`{"a":[1,true,null,"x"]}`, `{"a":[1,true,null,"x"]}`},
		{`"{{request.path id}}"`, `"7"`},
		{`"{{request.query page}}"`, `3`}, // the type of the value
		{`"page {{ request.query page }}!"`, `"page 3!"`},
		{`"{{request.header x-team}}"`, `"blue"`},
		{`"{{request.method}} {{request.id}} {{project}}"`, `"PUT r1 p1"`},
		{`"{{request.body /name}}"`, `"Ann"`},
		{`"{{request.body /full name}}"`, `"Ann B"`},
		{`"{{request.body /settings#/theme}}"`, `"dark"`},
		{`"{{id}}"`, `"00000000000000000000000000000001"`},
		{`"{{uuid}}"`, `"00000000-0000-4000-8000-000000000001"`},
		{`["{{now}}","{{now date}}","{{now unix}}","{{now unixms}}","{{now +1h}}","{{now -24h date}}"]`, `["2026-01-02T03:04:05Z","2026-01-02",1767323045,1767323045006,"2026-01-02T04:04:05Z","2026-01-01"]`},
		{`"{{number 1 6}}"`, `6`},
		{`"{{count}}"`, `1`},
		{`"{{state}}"`, `""`},
	} {
		set, op := newSet(t)
		if _, err := set.Add(parsed(t, `{"answer":{"template":`+c.template+`}}`)); err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		a, _ := set.Find(put(op, account))
		value, err := a.Body("r1")
		if got := string(openapi.AppendJSON(nil, value)); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.template, got, err)
		}
	}
}

// However a template takes a part of the request, no secret comes with it.
func TestTemplatesTellNoSecrets(t *testing.T) {
	t.Parallel()
	for _, template := range []string{`{{request.body}}`, `{{request.body /settings}}`, `{{request.body /settings#}}`, `{{request.body /further}}`,
		`{{request.body /further/text}}`, `{{request.body /further/text#}}`, `{{request.body /further/list/0}}`, `{{request.header X-Config}}`} {
		set, op := newSet(t)
		if _, err := set.Add(parsed(t, `{"answer":{"template":["`+template+`","in {{project}}: `+template+`"]}}`)); err != nil {
			t.Fatal(err)
		}
		a, _ := set.Find(put(op, account))
		value, err := a.Body("r1")
		if text := string(openapi.AppendJSON(nil, value)); err != nil || strings.Contains(text, "hunter2") || strings.Contains(text, "4711") {
			t.Errorf("%s: %s, %v", template, text, err)
		}
	}
}

// Large values that are taken often make no large answer, and cost no more than a moment.
func TestTemplatesAreBounded(t *testing.T) {
	t.Parallel()
	set, op := newSet(t)
	large := `{"name":"` + strings.Repeat("n", 200_000) + `","settings":` + string(openapi.AppendJSON(nil, `{"theme":"`+strings.Repeat("t", 100_000)+`"}`)) + `}`
	for _, placeholder := range []string{`{{request.body /name}}`, `{{request.body}}`, `{{request.body /settings#}}`} {
		if _, err := set.Put(control.Stub{ID: "large", Answer: control.StubAnswer{Template: strings.Split(strings.Repeat(placeholder+",", 5000), ",")}}); err != nil {
			t.Fatal(err)
		}
		a, _ := set.Find(put(op, large))
		if _, err := a.Body("r1"); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
			t.Errorf("%s: %v", placeholder, err)
		}
	}
	if _, err := set.Put(control.Stub{ID: "large", Answer: control.StubAnswer{Template: strings.Repeat("{{request.body /settings#/theme/0}}{{project}}", 1)}}); err == nil {
		t.Error("a place that is never there is taken")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	set, op := newSet(t)
	if _, err := set.Add(parsed(t, `{"answer":{"template":{},"headers":{"X-Page":"{{request.query page}}","X-Q":"{{request.query q}}"}}}`)); err != nil {
		t.Fatal(err)
	}
	a, _ := set.Find(put(op, account))
	if _, err := a.Headers("r1"); err == nil || !strings.Contains(err.Error(), "X-Q") {
		t.Errorf("a value with a line end splits the answer: %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stub, want string }{
		{`{"answer":{"status":418}}`, "body /answer/status: putAccount describes no such answer: use 200, 207, 209, 204"},
		{`{"answer":{"status":204,"body":{}}}`, "body /answer/body: the answer 204 of putAccount has no body"},
		{`{"answer":{"example":"sund"}}`, "body /answer/example: the answer 200 of putAccount has no example of this name"},
		{`{"answer":{"status":207,"example":"broken"}}`, "body /answer/example: the example breaks the document itself: /n must be integer"},
		{`{"answer":{"status":207,"body":{"n":"x"}}}`, "body /answer/body/n: must be integer"},
		{`{"answer":{"body":1,"template":2}}`, "body /answer: body and template exclude each other"},
		{`{"answer":{"media_type":"text/csv","body":"x"}}`, "body /answer/media_type: the answer 200 of putAccount is not described with it"},
		{`{"answer":{"headers":{"X-Left":"few"}}}`, "body /answer/headers/X-Left: the document allows no such value: must be integer"},
		{`{"answer":{"headers":{"X-A":"a\r\nSet-Cookie: b=c"}}}`, "body /answer/headers/X-A: it has a character that no header may have"},
		{`{"answer":{"headers":{"X A":"a"}}}`, "body /answer/headers/X A: it is no name of a header"},
		{`{"answer":{"headers":{"Transfer-Encoding":"chunked"}}}`, "body /answer/headers/Transfer-Encoding: the mock itself gives"},
		{`{"answer":{"template":"{{request.path nr}}"}}`, "body /answer/template: {{request.path nr}}: the path of putAccount has no such parameter"},
		{`{"answer":{"template":{"a~b":["{{request.body /password}}"]}}}`, "body /answer/template/a~0b/0: {{request.body /password}}: it may be a secret"},
		{`{"answer":{"template":"{{request.body /settings#/password}}"}}`, "it may be a secret"},
		{`{"answer":{"template":"{{request.body /closed/b}}"}}`, "/closed has no property b"},
		{`{"answer":{"template":"{{request.body name}}"}}`, "it is no JSON Pointer"},
		{`{"answer":{"template":"{{request.header Authorization}}"}}`, "it may be a secret"},
		{`{"answer":{"template":"{{request.header X-Api-Key}}"}}`, "it may be a secret"},
		{`{"answer":{"template":"{{request.query access_token}}"}}`, "it may be a secret"},
		{`{"answer":{"template":"x","headers":{"X-A":"{{request.header Cookie}}"}}}`, "body /answer/headers/X-A: {{request.header Cookie}}: it may be a secret"},
		{`{"answer":{"template":"{{}}"}}`, "a placeholder is empty"},
		{`{"answer":{"template":"{{id"}}`, "has no }}"},
		{`{"answer":{"template":"{{number 6 1}}"}}`, "use two whole numbers"},
		{`{"answer":{"template":"{{number 1}}"}}`, "use {{number LEAST MOST}}"},
		{`{"answer":{"template":"{{now tomorrow}}"}}`, "use a time such as +1h"},
		{`{"when":{"operation":"nope"},"answer":{"status":9}}`, "body /when/operation: no document has the operation nope"},
	} {
		set, _ := newSet(t)
		_, err := set.Add(parsed(t, c.stub))
		var wrong *stub.Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.stub, err)
		}
		if !set.Empty() {
			t.Errorf("%s: it is there", c.stub)
		}
	}
}

func TestTaken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"answer":{"status":209,"media_type":"text/csv","body":"a,b"}}`,
		`{"answer":{"headers":{"X-Left":"3","X-Other":"few"}}}`,
		`{"answer":{"status":207,"example":"sound"}}`,
		`{"answer":{"template":"{{request.body /further/anything}}"}}`,
		`{"answer":{"body":"{{id}} is no placeholder here"}}`,
		`{"answer":{"status":204}}`,
	} {
		set, _ := newSet(t)
		if _, err := set.Add(parsed(t, text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A literal is what it was when it was given, whoever changes the value later.
func TestLiteralsOfGo(t *testing.T) {
	t.Parallel()
	set, op := newSet(t)
	body := map[string]any{"n": 9007199254740993}
	if _, err := set.Add(control.Stub{Answer: control.StubAnswer{Status: 207, Body: body}}); err != nil {
		t.Fatal(err)
	}
	body["n"] = "changed"
	a, _ := set.Find(put(op, account))
	value, err := a.Body("r1")
	if text := string(openapi.AppendJSON(nil, value)); err != nil || text != `{"n":9007199254740993}` {
		t.Errorf("%s, %v", text, err)
	}
}

// A stub answers as often as it may, and a scenario takes each step once, however many ask at a time.
func TestOnceIsOnce(t *testing.T) {
	t.Parallel()
	set, op := newSet(t)
	for _, text := range []string{`{"id":"times","times":7,"answer":{}}`, `{"id":"step","scenario":{"name":"s","state":"start","next":"end"},"answer":{}}`} {
		if _, err := set.Add(parsed(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	var answered, missed atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if a, misses := set.Find(put(op, account)); a != nil {
				answered.Add(1)
			} else if len(misses) == 2 {
				missed.Add(1)
			}
		})
	}
	all.Wait()
	if answered.Load() != 8 || missed.Load() != 42 {
		t.Errorf("%d answered, %d missed", answered.Load(), missed.Load())
	}
	_, misses := set.Find(put(op, account))
	text := fmt.Sprint(misses)
	if !regexp.MustCompile(`the scenario s is in the state end, not in start.*step.*answered all of its 7 times.*times`).MatchString(text) {
		t.Error(text)
	}
}

// The nearest are told first, and never more than ten.
func TestNearMisses(t *testing.T) {
	t.Parallel()
	set, op := newSet(t)
	for i := range 20 {
		where := `{"in":"query","name":"page","equals":4}`
		if i != 5 {
			where += `,{"in":"header","name":"x-team","equals":"red"}`
		}
		if _, err := set.Add(parsed(t, fmt.Sprintf(`{"id":"s%d","when":{"where":[%s]},"answer":{}}`, i, where))); err != nil {
			t.Fatal(err)
		}
	}
	_, misses := set.Find(put(op, account))
	if len(misses) != 10 || misses[0].Stub != "s5" || misses[1].Stub != "s19" || len(misses[1].Reasons) != 2 {
		t.Errorf("%+v", misses)
	}
}
