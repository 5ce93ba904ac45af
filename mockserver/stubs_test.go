package mockserver_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/stub"
	"github.com/counterpart-go/counterpart/openapi"
)

const stubsPath = "/_counterpart/stubs"

// What has hit other mock servers, by the number of the advisory: each needs a function, a member or a name here that
// there is none of. GHSA-w7f9-wqc4-3wxr, for one, let the name of a file in a template leave its directory.
func TestAdvisoriesOfTheField(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Seed: 1})
	for _, c := range []struct{ advisory, of, stub, want string }{
		{"CVE-2021-32827", "MockServer, JavaScript in a template", `{"answer":{"template":{"connector_id":"{{this.engine.factory.scriptEngine.eval('java.lang.Runtime.getRuntime().exec(\"id\")')}}"}}}`, "there is no placeholder"},
		{"CVE-2021-32827", "MockServer, a template engine of choice", `{"answer":{"template":{"connector_id":"x"},"template_type":"VELOCITY"}}`, "template_type"},
		{"GHSA-w7f9-wqc4-3wxr", "Mockoon, a file that a helper names", `{"answer":{"template":{"connector_id":"{{file '../../../../etc/passwd'}}"}}}`, "there is no placeholder {{file}}"},
		{"GHSA-w7f9-wqc4-3wxr", "Mockoon, a file that a parameter names", `{"answer":{"file_path":"{{urlParam 'file'}}"}}`, "file_path"},
		{"CVE-2024-45388", "Hoverfly, a body in a file", `{"answer":{"bodyFile":"../../../../etc/passwd"}}`, "bodyFile"},
		{"CVE-2025-54123", "Hoverfly, a program as middleware", `{"answer":{},"middleware":{"binary":"/bin/sh","script":"id"}}`, "middleware"},
		{"CVE-2023-41329", "WireMock, answers of another server", `{"answer":{"proxyBaseUrl":"http://169.254.169.254/"}}`, "proxyBaseUrl"},
		{"CVE-2023-41327", "WireMock, webhooks", `{"answer":{},"webhooks":[{"url":"http://127.0.0.1:1/"}]}`, "webhooks"},
		{"CVE-2023-48910", "Microcks, an artifact by its URL", `{"answer":{"example":{"url":"http://127.0.0.1:1/"}}}`, "/answer/example"},
		{"CVE-2019-20920", "Handlebars, lookup of constructors", `{"answer":{"template":{"connector_id":"{{lookup this 'constructor'}}"}}}`, "there is no placeholder {{lookup}}"},
		{"CVE-2026-33938", "Handlebars, partials and blocks", `{"answer":{"template":{"connector_id":"{{#with \"s\" as |string|}}{{> @partial-block}}{{/with}}"}}}`, "there is no placeholder {{#with}}"},
		{"", "the environment", `{"answer":{"template":{"connector_id":"{{env HOME}}"}}}`, "there is no placeholder {{env}}"},
		{"", "system properties", `{"answer":{"template":{"connector_id":"{{systemValue type='ENVIRONMENT' key='PATH'}}"}}}`, "there is no placeholder {{systemValue}}"},
		{"", "methods of values", `{"answer":{"template":{"connector_id":"{{request.method.constructor}}"}}}`, "there is no placeholder {{request.method.constructor}}"},
		{"", "a second placeholder inside one", `{"answer":{"template":{"connector_id":"{{request.header {{id}}}}"}}}`, "one placeholder stands in another"},
		{"", "the splitting of answers (CWE-113)", `{"answer":{"headers":{"X-A":"a\r\nSet-Cookie: b=c"}}}`, "no header may have"},
		{"", "request smuggling (CWE-444)", `{"answer":{"headers":{"Transfer-Encoding":"chunked"}}}`, "the mock itself gives"},
		{"", "a scenario as a path", `{"scenario":{"name":"../../etc"},"answer":{}}`, "/scenario/name"},
		{"", "an id as a path", `{"id":"../../etc","answer":{}}`, "body /id"},
	} {
		stub := `{"when":{"operation":"createDataConnector"},` + strings.TrimPrefix(c.stub, "{")
		a := m.do(http.MethodPost, stubsPath, stub)
		var problem struct{ Detail string }
		if err := json.Unmarshal([]byte(a.body), &problem); err != nil || a.status != http.StatusBadRequest || !strings.Contains(problem.Detail, c.want) {
			t.Errorf("%s, %s: %d %s", c.advisory, c.of, a.status, a.body)
		}
	}
	for _, id := range []string{"..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "a%0d%0ab"} {
		if a := m.do(http.MethodPut, stubsPath+"/"+id, `{"answer":{}}`); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %d", id, a.status)
		}
	}
	if a := m.do(http.MethodGet, stubsPath, ""); a.body != `{"stubs":[]}`+"\n" {
		t.Errorf("some were taken: %s", a.body)
	}
}

// What a client sends is data: a placeholder in it stays as it is, and so does another engine's.
func TestWhatAClientSendsIsNoTemplate(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.do(http.MethodPut, stubsPath+"/echo", `{"when":{"operation":"listDataConnectors"},"answer":{"status":400,"template":
		{"error_code":"x","error_msg":"$class.forName('java.lang.Runtime') <%= 1+1 %> ${7*7} {{request.query connector_name}}"}}}`).want(t, 200, "")
	message := m.do(http.MethodGet, collection("p")+"?connector_name=%7B%7Bid%7D%7D%7B%7Bcount%7D%7D", "").want(t, 400, "x")
	if message != "$class.forName('java.lang.Runtime') <%= 1+1 %> ${7*7} {{id}}{{count}}" {
		t.Error(message)
	}
}

// A value with a line end makes no second header, and a template that breaks the document no answer of its own: both are
// the document's 500, and the next request is answered.
func TestTemplatesThatFail(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	for _, c := range []struct{ answer, want string }{
		{`{"template":{"total_count":0,"data_connectors":[]},"headers":{"X-Name":"{{request.query connector_name}}"}}`, "the header X-Name of the stub one"},
		{`{"template":{"total_count":"{{request.query connector_name}}","data_connectors":[]}}`, "the mock's own answer breaks the document"},
		{`{"template":{"total_count":"{{request.query offset}}{{request.header X-Nowhere}}","data_connectors":[]}}`, "{{request.header X-Nowhere}}: the request has no such value"},
	} {
		m.do(http.MethodPut, stubsPath+"/one", `{"when":{"operation":"listDataConnectors","where":[{"in":"query","name":"connector_name"}]},"answer":`+c.answer+`}`).want(t, 200, "")
		a := m.do(http.MethodGet, collection("p")+"?connector_name=a%0d%0aSet-Cookie:%20b=c", "")
		if message := a.want(t, http.StatusInternalServerError, "12000004"); !strings.Contains(message, c.want) || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s, not %s: %v", message, c.want, a.header)
		}
		m.do(http.MethodGet, collection("p"), "").want(t, http.StatusOK, "")
	}
	if log := m.log.String(); !strings.Contains(log, "the template of the stub one") {
		t.Error("the log does not tell it")
	}
}

// What a client prefers for one request wins.
func TestPreferWinsOverStubs(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.do(http.MethodPost, stubsPath, `{"when":{"operation":"listDataConnectors"},"answer":{"status":429}}`).want(t, 201, "")
	m.do(http.MethodGet, collection("p"), "").want(t, 429, "")
	for prefer, status := range map[string]int{"code=401": 401, "status=503": 503, "example=none": 200, "dynamic=true": 200} {
		m.do(http.MethodGet, collection("p"), "", "Prefer", prefer).want(t, status, "")
	}
}

const methodsDocument = `openapi: 3.1.0
info: {title: methods, version: "1"}
paths:
  /things:
    head:
      operationId: headThings
      responses: {'200': {description: there, headers: {X-Count: {required: true, schema: {type: integer}}}, content: {application/json: {schema: {type: array}}}}}
    delete:
      operationId: clearThings
      responses:
        '204': {description: gone}
        '303': {description: elsewhere}
    get:
      operationId: getThings
      responses:
        2XX: {description: any, content: {application/json: {schema: {type: array}}, text/plain: {schema: {type: string}}}}
        default: {description: other}
`

func TestStubsOfOtherMethodsAndStatuses(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Spec: specOf(t, methodsDocument)})
	for _, c := range []struct {
		stub, method string
		status       int
		body, header string
	}{
		{`{"when":{"method":"HEAD"},"answer":{"body":[1],"headers":{"X-Count":"7"}}}`, http.MethodHead, 200, "", "7"},
		{`{"when":{"operation":"clearThings"},"answer":{"headers":{"X-Count":"8"}}}`, http.MethodDelete, 204, "", "8"},
		{`{"when":{"operation":"clearThings"},"answer":{"status":303,"headers":{"Location":"/x"}}}`, http.MethodDelete, 303, "", ""},
		{`{"when":{"operation":"getThings"},"answer":{"status":207,"body":[]}}`, http.MethodGet, 207, "[]", ""},
		{`{"when":{"operation":"getThings"},"answer":{"body":"so","media_type":"text/plain"}}`, http.MethodGet, 200, "so", ""},
		{`{"when":{"operation":"getThings"},"answer":{"status":418}}`, http.MethodGet, 418, "", ""},
	} {
		m.do(http.MethodPut, stubsPath+"/one", c.stub).want(t, 200, "")
		if a := m.do(c.method, "/things", ""); a.status != c.status || a.body != c.body || a.header.Get("X-Count") != c.header {
			t.Errorf("%s: %d %q %v", c.stub, a.status, a.body, a.header)
		}
	}
}

// Digits that a floating-point number has no room for are kept.
func TestStubsKeepDigits(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{Spec: specOf(t, methodsDocument)})
	for _, answer := range []string{`{"body":[9007199254740993]}`, `{"template":[9007199254740993]}`} {
		m.do(http.MethodPut, stubsPath+"/one", `{"when":{"operation":"getThings"},"answer":`+answer+`}`).says(t, 200, "9007199254740993")
		m.do(http.MethodGet, "/things", "").says(t, 200, "[9007199254740993]")
	}
	m.do(http.MethodPut, stubsPath+"/one", `{"when":{"operation":"getThings","where":[{"in":"query","name":"n","equals":9007199254740993}]},"answer":{"body":["the very one"]}}`)
	m.do(http.MethodGet, "/things?n=9007199254740993", "").says(t, 200, "the very one")
	if a := m.do(http.MethodGet, "/things?n=9007199254740992", ""); strings.Contains(a.body, "the very one") {
		t.Error("another number is taken for it")
	}
}

// A stub without an operation answers those whose document has a place for its answer.
func TestStubForEveryOperation(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.do(http.MethodPost, stubsPath, `{"when":{"project":"down"},"answer":{"status":503}}`).want(t, 201, "")
	m.do(http.MethodGet, collection("down"), "").want(t, 503, "")
	m.do(http.MethodDelete, item("down", "c1"), "").want(t, 503, "")
	m.do(http.MethodGet, collection("up"), "").want(t, 200, "")
}

// A document in the place of another may have no place for a stub: it stays, says so, and answers again when it can.
func TestStubsAndOtherDocuments(t *testing.T) {
	t.Parallel()
	with, without := specOf(t, methodsDocument), specOf(t, strings.ReplaceAll(methodsDocument, "getThings", "readThings"))
	s := mockserver.Start(t, mockserver.Options{Spec: with})
	if err := s.Stub(mockserver.Stub{ID: "one", When: mockserver.Match{Operation: "getThings"}, Answer: mockserver.StubAnswer{Status: 207, Body: []int{1}}}); err != nil {
		t.Fatal(err)
	}
	ask := func() answer { return (&mock{t, s.URL, nil}).do(http.MethodGet, "/things", "") }
	ask().want(t, 207, "")
	if err := s.Replace(t.Context(), with, without); err != nil {
		t.Fatal(err)
	}
	ask().want(t, 200, "")
	if body := (&mock{t, s.URL, nil}).do(http.MethodGet, stubsPath+"/one", "").body; !strings.Contains(body, `"problem":"`) {
		t.Error(body)
	}
	if err := s.Replace(t.Context(), without, with); err != nil {
		t.Fatal(err)
	}
	ask().want(t, 207, "")
}

func TestStubRefusedInGo(t *testing.T) {
	t.Parallel()
	s := mockserver.Start(t, mockserver.Options{})
	err := s.Stub(mockserver.Stub{}, mockserver.Stub{When: mockserver.Match{Operation: "listDataConnector"}})
	var wrong *stub.Error
	if !errors.As(err, &wrong) || len(wrong.Violations) != 1 || wrong.Violations[0].In != openapi.InBody || wrong.Violations[0].Pointer != "/1/when/operation" ||
		!strings.Contains(err.Error(), "did you mean listDataConnectors?") {
		t.Error(err)
	}
	if body := (&mock{t, s.URL, nil}).do(http.MethodGet, stubsPath, "").body; body != `{"stubs":[]}`+"\n" {
		t.Errorf("the others were taken: %s", body)
	}
}
