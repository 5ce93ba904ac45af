package mockserver_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

const stateless = `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /named:
    get:
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Pet'}
              examples:
                broken: {value: {id: x}}
                cat: {value: {id: 1, name: Tom}}
                dog: {value: {id: 2, name: Rex}}
        '404': {description: no, content: {application/json: {schema: {$ref: '#/components/schemas/Error'}, examples: {gone: {value: {code: 404, message: gone}}}}}}
        5XX: {description: failed, headers: {Retry-After: {required: true, schema: {type: integer, minimum: 7}}}}
  /sampled/{petId}:
    get:
      parameters: [{name: petId, in: path, required: true, schema: {type: integer, minimum: 1}}]
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
  /many:
    get:
      responses:
        '200':
          description: ok
          content:
            application/xml: {schema: {$ref: '#/components/schemas/Pet'}}
            text/plain: {schema: {type: string, minLength: 1}}
            application/vnd.pet+json: {schema: {$ref: '#/components/schemas/Pet'}}
            image/*: {schema: {type: string, contentMediaType: image/png}}
            text/event-stream: {schema: {$ref: '#/components/schemas/Pet'}}
            application/x-ndjson: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
  /any: {get: {responses: {'200': {description: ok, content: {'*/*': {schema: {$ref: '#/components/schemas/Pet'}}}}}}}
  /default: {get: {responses: {default: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}}}
  /away: {get: {responses: {'302': {description: there}}}}
  /nothing: {get: {responses: {'204': {description: done, content: {application/json: {schema: {type: object}}}}}}}
  /head: {head: {responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}}}
  /failures: {get: {responses: {'404': {description: never there}}}}
  /identified: {get: {responses: {'200': {description: ok, headers: {X-Request-Id: {schema: {type: string, format: uuid}}}}}}}
components:
  schemas:
    Pet: {type: object, required: [id, name], properties: {id: {type: integer}, name: {type: string}, email: {type: string, format: email}}}
    Error: {type: object, required: [code, message], properties: {code: {type: integer}, message: {type: string}}}
`

// startOf starts a mock of a document.
func startOf(t testing.TB, document string) *mock {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2024, 12, 10, 8, 0, 0, 0, time.UTC)
	return start(t, mockserver.Options{Spec: spec, Seed: 1, Now: func() time.Time { return now }})
}

func TestEverythingWithoutStateIsAnswered(t *testing.T) {
	m := startOf(t, stateless)
	const json, pet = "application/json", `{"email":"user@example.com","id":0,"name":"text"}`
	for _, row := range []struct {
		why, path, header string // "Name: value"
		status            int
		media, body       string
	}{
		{"the first example that keeps its schema", "/named", "", 200, json, `{"id":1,"name":"Tom"}`},
		{"the example that is preferred", "/named", "Prefer: example=dog", 200, json, `{"id":2,"name":"Rex"}`},
		{"the example of another status", "/named", `Prefer: example="gone"`, 404, json, `{"code":404,"message":"gone"}`},
		{"the status that is preferred", "/named", "Prefer: status=404", 404, json, `{"code":404,"message":"gone"}`},
		{"as Prism calls it", "/named", "Prefer: respond-async, code=404; x=y", 404, json, `{"code":404,"message":"gone"}`},
		{"a status of a class", "/named", "Prefer: status=503", 503, "", ""},
		{"a preference of somebody else", "/named", "Prefer: return=minimal", 200, json, `{"id":1,"name":"Tom"}`},
		{"an unknown status", "/named", "Prefer: status=418", 400, json, `{"error":"invalid","message":"header Prefer: must be one of 200, 404, 5XX (the preference status names nothing that is described)"}`},
		{"no status", "/named", "Prefer: status=many", 400, json, ""},
		{"an unknown example", "/named", "Prefer: example=cow", 400, json, `{"error":"invalid","message":"header Prefer: must be one of broken, cat, dog, gone (the preference example names nothing that is described)"}`},
		{"the id of the path", "/sampled/7", "", 200, json, `{"email":"user@example.com","id":7,"name":"text"}`},
		{"JSON before others", "/many", "", 200, "application/vnd.pet+json", pet},
		{"what is accepted", "/many", "Accept: text/plain", 200, "text/plain", "text"},
		{"the best of what is accepted", "/many", "Accept: text/plain;q=0.2, application/xml;q=0.9, */*;q=0.1", 200, "application/xml",
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Pet><email>user@example.com</email><id>0</id><name>text</name></Pet>"},
		{"one of a range", "/many", "Accept: image/gif", 200, "image/gif", "text"},
		{"a range of ours for a range of theirs", "/many", "Accept: image/*", 200, "image/png", "text"},
		{"events", "/many", "Accept: text/event-stream", 200, "text/event-stream", "data: " + pet + "\n\n"},
		{"lines", "/many", "Accept: application/x-ndjson", 200, "application/x-ndjson", pet + "\n"},
		{"all but one", "/many", "Accept: application/vnd.pet+json;q=0, text/plain;q=0.5", 200, "text/plain", "text"},
		{"nothing that is there", "/sampled/7", "Accept: text/html, application/json;q=0", 406, json, `{"error":"not-acceptable","message":"header Accept: must be one of application/json"}`},
		{"nonsense excludes nothing", "/sampled/7", "Accept: ;;,", 200, json, ""},
		{"any media type", "/any", "", 200, json, pet},
		{"any media type, asked for one", "/any", "Accept: text/yaml", 200, "text/yaml", pet},
		{"only the default", "/default", "", 200, json, pet},
		{"a redirection", "/away", "", 302, "", ""},
		{"no content, whatever is described", "/nothing", "", 204, "", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			name, value, _ := strings.Cut(row.header, ": ")
			var headers []string
			if name != "" {
				headers = []string{name, value}
			}
			a := m.with(t).do(http.MethodGet, row.path, "", headers...)
			if a.status != row.status || a.header.Get("Content-Type") != row.media || row.body != "" && strings.TrimSuffix(a.body, "\n") != strings.TrimSuffix(row.body, "\n") {
				t.Errorf("%d %s %s, want %d %s %s", a.status, a.header.Get("Content-Type"), a.body, row.status, row.media, row.body)
			}
		})
	}
}

func TestHeadersOfWhatHasNoState(t *testing.T) {
	m := startOf(t, stateless)
	for _, row := range []struct{ path, prefer, header, want string }{
		{"/named", "status=404", "Preference-Applied", "status=404"},
		{"/named", "example=dog, dynamic=true", "Preference-Applied", `example="dog", dynamic=true`},
		{"/named", "status=503", "Retry-After", "7"},
		{"/away", "", "Location", "/"},
	} {
		if got := m.do(http.MethodGet, row.path, "", "Prefer", row.prefer).header.Get(row.header); got != row.want {
			t.Errorf("%s, prefer %s: %s is %q, want %q", row.path, row.prefer, row.header, got, row.want)
		}
	}
	if a := m.do(http.MethodHead, "/head", ""); a.status != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	if a := m.do(http.MethodPut, "/named", ""); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET" {
		t.Errorf("%d, Allow %q", a.status, a.header.Get("Allow"))
	}
	if a := m.do(http.MethodGet, "/failures", ""); a.status != http.StatusInternalServerError || !strings.Contains(a.body, "Prefer: status=") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := m.do(http.MethodGet, "/failures", "", "Prefer", "status=404"); a.status != http.StatusNotFound {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Dynamic answers differ, but are the same for the same seed.
func TestDynamicAnswers(t *testing.T) {
	var all []string
	for range 2 {
		m := startOf(t, stateless)
		for range 3 {
			all = append(all, m.do(http.MethodGet, "/named", "", "Prefer", "dynamic=true").body)
		}
	}
	if all[0] == all[1] || all[1] == all[2] {
		t.Errorf("they are the same: %q", all[:3])
	}
	for i := range 3 {
		if all[i] != all[i+3] {
			t.Errorf("with the same seed %s and %s", all[i], all[i+3])
		}
	}
}

// The request's id has the shape that the document gives it.
func TestRequestIDAsUUID(t *testing.T) {
	m := startOf(t, stateless)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.url+"/identified", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := plain.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if id := response.Header.Get("X-Request-Id"); response.StatusCode != http.StatusOK || len(id) != 36 {
		t.Errorf("%d, id %q", response.StatusCode, id)
	}
}

// A preference changes nothing, also where the answer is usually made from what is stored.
func TestPreferenceComesBeforeState(t *testing.T) {
	m := start(t, mockserver.Options{})
	if a := m.do(http.MethodPost, collection(project), sound("one", mysql), "Prefer", "status=400"); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.body)
	}
	m.do(http.MethodPost, collection(project), sound("two", mysql), "Prefer", "dynamic=true").want(t, http.StatusCreated, "")
	m.wantList(project, nil)
}

const refusing = `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [n, m], properties: {n: {type: integer}, m: {type: integer}}}}}}
      responses:
        '201': {description: ok}
        '422': {description: no, content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}}
        '404': {$ref: '#/components/responses/NotFound'}
  /b:
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [n]}}}}
      responses:
        '201': {description: ok}
        4XX:
          description: no
          headers: {X-Hint: {required: true, schema: {enum: [look]}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Spring'}}}
  /c:
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [n]}}}}
      responses:
        '201': {description: ok}
        default: {description: no, content: {text/plain: {schema: {type: string, maxLength: 30}}}}
  /d:
    post:
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [n]}}}}
      responses:
        '201': {description: ok}
        '400': {description: no, content: {application/json: {schema: {type: object, required: [kind], properties: {kind: {enum: [bad]}, message: {maxLength: 3}}}}}}
  /e:
    get: {responses: {'200': {description: ok}, '404': {$ref: '#/components/responses/NotFound'}}}
components:
  responses:
    NotFound: {description: no, content: {application/json: {schema: {type: object, required: [error_msg], properties: {error_msg: {type: string}, requestId: {type: string}}}}}}
  schemas:
    Problem:
      type: object
      required: [type, title, status]
      properties:
        type: {type: string, format: uri-reference}
        title: {type: string}
        status: {type: integer}
        detail: {type: string}
        instance: {type: string, format: uri-reference}
        errors: {type: array, minItems: 1, items: {type: object, required: [pointer, message], properties: {pointer: {type: string}, message: {type: string}}}}
    Spring:
      type: object
      properties: {timestamp: {type: string, format: date-time}, status: {type: integer}, error: {type: string}, message: {type: string}, path: {type: string}, errors: {type: array, items: {type: string}}}
`

func TestRefusalsInTheDocumentsOwnWords(t *testing.T) {
	m := startOf(t, refusing)
	for _, row := range []struct {
		why, method, path, body string
		status                  int
		media, want             string
	}{
		{"a problem, with an error for each violation", "POST", "/a", "{}", 422, "application/problem+json",
			`{"detail":"body /m: is required; body /n: is required","errors":[{"message":"is required","pointer":"/m"},{"message":"is required","pointer":"/n"}],"instance":"/a","status":422,"title":"Unprocessable Entity","type":"about:blank"}`},
		{"what Spring says", "POST", "/b", "{}", 400, "application/json",
			`{"error":"Bad Request","errors":["body /n: is required"],"message":"body /n: is required","path":"/b","status":400,"timestamp":"2024-12-10T08:00:00Z"}`},
		{"a text that is too short for words", "POST", "/c", "{}", 400, "text/plain", "body /n: is required"},
		{"a schema that leaves no room", "POST", "/d", "{}", 400, "application/json", `{"kind":"bad"}`},
		{"an unknown path, as most operations say it", "GET", "/x", "", 404, "application/json", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			a := m.with(t).do(row.method, row.path, row.body)
			if a.status != row.status || a.header.Get("Content-Type") != row.media || row.want != "" && strings.TrimSpace(a.body) != row.want {
				t.Errorf("%d %s %s\nwant %d %s %s", a.status, a.header.Get("Content-Type"), a.body, row.status, row.media, row.want)
			}
		})
	}
	if got := m.do(http.MethodPost, "/b", "{}").header.Get("X-Hint"); got != "look" {
		t.Errorf("X-Hint %q", got)
	}
	a := m.do(http.MethodGet, "/x", "")
	var said struct {
		Message string `json:"error_msg"`
		ID      string `json:"requestId"`
	}
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || said.Message != "No operation has this path." || said.ID != a.header.Get("X-Request-Id") {
		t.Errorf("%s (%v)", a.body, err)
	}
	if strings.Contains(m.log.String(), "breaks the document") {
		t.Error(m.log.String())
	}
}

// A request for no operation is refused as all operations answer by default; where they differ, in plain words.
func TestUnknownPathByDefault(t *testing.T) {
	const problem = "default: {description: no, content: {application/problem+json: {schema: {$ref: '#/components/schemas/P'}}}}"
	const text = "default: {description: no, content: {text/plain: {schema: {type: string}}}}"
	for _, row := range []struct{ why, first, second, media string }{
		{"all of them alike", problem, problem, "application/problem+json"},
		{"one is another", problem, text, "application/json"},
		{"one has none", problem, "'204': {description: ok}", "application/json"},
	} {
		t.Run(row.why, func(t *testing.T) {
			m := startOf(t, "openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\npaths:\n  /a: {get: {responses: {"+row.first+"}}}\n  /b: {get: {responses: {"+row.second+
				"}}}\ncomponents: {schemas: {P: {type: object, required: [title], properties: {title: {type: string}, unsaid: {type: array, items: {type: string}}}}}}\n")
			a := m.do("GET", "/x", "")
			if a.status != 404 || a.header.Get("Content-Type") != row.media || strings.Contains(a.body, "unsaid") {
				t.Errorf("%d %s %s", a.status, a.header.Get("Content-Type"), a.body)
			}
		})
	}
}
