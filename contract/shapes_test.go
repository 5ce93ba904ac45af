package contract_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

// answers of an operation, in the shapes in which documents of running services have them. OK stands for what success
// shows.
var answerShapes = []struct{ name, create, get, remove string }{
	{"only 200", `{'200': OK}`, `{'200': OK}`, `{'200': {description: gone}}`},
	{"only default", `{default: OK}`, `{default: OK}`, `{default: {description: anything}}`},
	{"springfox", `{'200': OK, '201': {description: Created}, '401': {description: Unauthorized}, '403': {description: Forbidden}, '404': {description: Not Found}}`,
		`{'200': OK, '401': {description: Unauthorized}, '403': {description: Forbidden}, '404': {description: Not Found}}`,
		`{'200': {description: OK}, '204': {description: No Content}, '401': {description: Unauthorized}, '403': {description: Forbidden}}`},
	{"a range", `{2XX: OK, 4XX: {description: wrong}}`, `{2XX: OK, 4XX: {description: wrong}}`, `{2XX: {description: gone}, 4XX: {description: wrong}}`},
	{"success and default", `{'200': OK, default: {description: wrong}}`, `{'200': OK, default: {description: wrong}}`, `{'200': {description: gone}, default: {description: wrong}}`},
	{"validation as 422", `{'200': OK, '422': {description: wrong}}`, `{'200': OK, '422': {description: wrong}}`, `{'200': {description: gone}, '422': {description: wrong}}`},
}

func shapedDocument(create, get, remove string) string {
	shown := `{description: it, content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}`
	in := func(responses string) string {
		return strings.NewReplacer("OK,", shown+",", "OK}", shown+"}").Replace(responses)
	}
	return strings.NewReplacer("CREATE", in(create), "GET", in(get), "DELETE", remove).Replace(`
openapi: 3.0.3
info: {title: shapes, version: '1'}
paths:
  /items:
    post: {operationId: createItem, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}, responses: CREATE}
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {operationId: getItem, responses: GET}
    delete: {operationId: deleteItem, responses: DELETE}
components: {schemas: {Item: {type: object, required: [name], properties: {id: {type: integer}, name: {type: string}}}}}
x-counterpart: {resources: {item: {create: createItem, get: getItem, delete: deleteItem, id: {parameter: id, created: /id, item: /id, kind: integer}}}}
`)
}

// shapedServer refuses with plain texts, as frameworks do by themselves.
func shapedServer(spec *openapi.Spec) http.Handler {
	var mu sync.Mutex // guards what follows
	items, made := map[string]any{}, 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op, path, err := spec.Find(r.Method, r.URL.EscapedPath())
		if err != nil {
			http.Error(w, "no", http.StatusNotFound)
			return
		}
		body := readAll(r)
		if vs := op.ValidateRequest(openapi.Request{Path: path, Header: r.Header, Body: body}); len(vs) > 0 {
			http.Error(w, "no", map[bool]int{true: 422, false: 400}[op.Answer(422) != nil && op.Answer(422).Status == "422"])
			return
		}
		mu.Lock()
		defer mu.Unlock()
		item := items[path["id"]]
		switch {
		case op.ID == "createItem":
			made++
			value, _ := openapi.DecodeJSON(body)
			items[fmt.Sprint(made)] = openapi.Set(value, "/id", made)
			answerJSON(w, 200, items[fmt.Sprint(made)])
		case op.ID == "deleteItem":
			delete(items, path["id"])
		case item == nil:
			http.Error(w, "no", http.StatusNotFound)
		default:
			answerJSON(w, 200, item)
		}
	})
}

func TestSoundServersOfEveryShape(t *testing.T) {
	for _, shape := range answerShapes {
		t.Run(shape.name, func(t *testing.T) {
			spec := specOf(t, shapedDocument(shape.create, shape.get, shape.remove))
			if report := verify(t, shapedServer(spec), contract.Options{Spec: spec}); report.Failed > 0 || report.Passed == 0 {
				t.Errorf("%v", report.Findings)
			}
		})
	}
}

const lonelyDocument = `
openapi: 3.0.3
info: {title: lonely, version: '1'}
paths:
  /pets: {get: {operationId: listPets, responses: {'200': {description: ok}}}}
  /pets/{petId}: {get: {operationId: getPet, parameters: [{name: petId, in: path, required: true, schema: {type: integer}}], responses: {'200': {description: ok}, '404': {description: none}}}}
  /secret: {get: {operationId: getSecret, security: [{key: []}], responses: {'200': {description: ok}}}}
  /xml: {post: {operationId: postXML, requestBody: {required: true, content: {application/xml: {schema: {type: object}}}}, responses: {'200': {description: ok}}}}
components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}
`

// TestWhatCannotBeReachedIsNoFinding: the report says of each such operation why, and what helps.
func TestWhatCannotBeReachedIsNoFinding(t *testing.T) {
	spec := specOf(t, lonelyDocument)
	requests := map[string]int{}
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests[r.URL.Path]++
		_, _, err := spec.Find(r.Method, r.URL.EscapedPath())
		switch {
		case r.URL.Path == "/pets/12", r.URL.Path == "/pets" && err == nil:
		case r.URL.Path == "/secret":
			w.WriteHeader(401)
		default:
			w.WriteHeader(404)
		}
	})
	report := verify(t, server, contract.Options{Spec: spec})
	if report.Failed > 0 {
		t.Errorf("%v", report.Findings)
	}
	warned := fmt.Sprint(report.Warnings)
	for _, want := range []string{"getPet: not reached (404)", "--parameter petId=", "getSecret: answered with 401", "postXML: not reached: no body can be made", "application/xml"} {
		if !strings.Contains(strings.ReplaceAll(warned, "{", ""), want) && !slices.ContainsFunc(report.Warnings, func(w contract.Warning) bool { return strings.Contains(w.String(), want) }) {
			t.Errorf("no warning says %q: %v", want, warned)
		}
	}
	if requests["/secret"] > 5 {
		t.Errorf("%d requests were sent without credentials", requests["/secret"])
	}
	report = verify(t, server, contract.Options{Spec: spec, Parameters: map[string]string{"petId": "12"}})
	for _, op := range report.Operations {
		if op.ID == "getPet" && op.Succeeded == 0 {
			t.Error("getPet is not reached with --parameter")
		}
	}
}

// TestCreationWithoutAnID: nothing is said of what nobody can name.
func TestCreationWithoutAnID(t *testing.T) {
	spec := specOf(t, shapedDocument(`{'200': {description: done}}`, `{'200': {description: it}, '404': {description: none}}`, `{'200': {description: gone}, '404': {description: none}}`))
	created := 0
	report := verify(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op, path, err := spec.Find(r.Method, r.URL.EscapedPath())
		switch {
		case err != nil || op.Method != http.MethodPost:
			w.WriteHeader(404)
		case len(op.ValidateRequest(openapi.Request{Path: path, Header: r.Header, Body: readAll(r)})) > 0:
			w.WriteHeader(400)
		default:
			created++
		}
	}), contract.Options{Spec: spec, Phases: []string{"examples", "state", "boundary"}})
	if report.Failed > 0 || !strings.Contains(fmt.Sprint(report.Warnings), "createItem gives no id") {
		t.Errorf("%v %v", report.Findings, report.Warnings)
	}
	if created > 20 {
		t.Errorf("%d items were created that nobody can delete", created)
	}
}

func TestSelection(t *testing.T) {
	spec := specOf(t, clinicDocument)
	for _, row := range []struct {
		name             string
		include, exclude []string
		judged, state    bool // getPet is judged; there are cases about the state of owners
	}{
		{"nothing is chosen", nil, nil, true, true},
		{"by operation", []string{"operation:getPet"}, nil, true, false},
		{"by an id alone", []string{"getPet"}, nil, true, false},
		{"by tag", []string{"tag:people"}, nil, false, true},
		{"by path", []string{"path:/owners/*/pets/*"}, nil, true, false},
		{"by the beginning of a path", []string{"/owners**"}, nil, true, true},
		{"by method", []string{"method:get"}, nil, true, false},
		{"any of several", []string{"tag:people", "getPet"}, nil, true, true},
		{"exclude wins", []string{"tag:people", "getPet"}, []string{"getPet"}, false, true},
		{"without creation", nil, []string{"createOwner"}, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := contract.Options{Spec: spec, Include: selectors(t, row.include), Exclude: selectors(t, row.exclude)}
			report := verify(t, newClinic(spec, ""), o)
			if report.Failed > 0 {
				t.Errorf("%v", report.Findings)
			}
			judged := slices.ContainsFunc(report.Operations, func(op *contract.ReportOperation) bool { return op.ID == "getPet" })
			state := slices.ContainsFunc(report.Results, func(r contract.Result) bool { return strings.HasPrefix(r.Case, "state/owner/") })
			if judged != row.judged || state != row.state {
				t.Errorf("judged %v, state %v", judged, state)
			}
		})
	}
}

func selectors(t *testing.T, texts []string) []contract.Selector {
	t.Helper()
	var list []contract.Selector
	for _, text := range texts {
		s, err := contract.ParseSelector(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func TestSelectionOfNothing(t *testing.T) {
	spec := specOf(t, clinicDocument)
	_, err := contract.Plan(contract.Options{Spec: spec, Include: selectors(t, []string{"tag:cats"})})
	if err == nil || !strings.Contains(err.Error(), "createOwner") || !strings.Contains(err.Error(), "people") {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"", "tag:", "colour:red", "path:/[", "/a["} {
		if s, err := contract.ParseSelector(text); err == nil {
			t.Errorf("%q is %+v", text, s)
		}
	}
}

// TestExcludedOperationsAreNeverSent, not even to clean up.
func TestExcludedOperationsAreNeverSent(t *testing.T) {
	spec := specOf(t, clinicDocument)
	server := newClinic(spec, "")
	verify(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if op, _, err := spec.Find(r.Method, r.URL.EscapedPath()); err == nil && op.ID == "deletePet" {
			t.Error("deletePet is sent")
		}
		server.ServeHTTP(w, r)
	}), contract.Options{Spec: spec, Exclude: selectors(t, []string{"deletePet"}), Phases: []string{"examples", "state", "collection", "boundary"}})
}

func TestHeaders(t *testing.T) {
	spec := specOf(t, lonelyDocument)
	var got http.Header
	target := contract.WithCredentials(contract.WithHeaders(contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		http.Error(w, "Bearer tok-3en", http.StatusInternalServerError)
	})), contract.Header{Name: "X-Tenant", Value: "a, b"}), contract.Credentials{AuthHeader: contract.Header{Name: "Authorization", Value: "Bearer tok-3en"}}, nil)
	report, err := contract.Verify(t.Context(), target, contract.Options{Spec: spec, Seed: 1, Phases: []string{"examples"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Get("X-Tenant") != "a, b" || got.Get("Authorization") != "Bearer tok-3en" {
		t.Errorf("sent %v", got)
	}
	for _, f := range report.Findings {
		if text := fmt.Sprint(f, f.Answer); strings.Contains(text, "tok-3en") || !strings.Contains(f.Reproduce, `-H "$COUNTERPART_AUTH_HEADER"`) || !strings.Contains(f.Reproduce, "-H 'X-Tenant: a, b'") {
			t.Errorf("%s", text)
		}
	}
	for _, text := range []string{"", "no colon", ": a", "A B: c", "A:", "A: b\nc"} {
		if h, err := contract.ParseHeader(text); err == nil {
			t.Errorf("%q is %+v", text, h)
		}
	}
}

// wideDocument has n operations on n/2 paths.
func wideDocument(n int) string {
	var b strings.Builder
	b.WriteString("openapi: 3.0.3\ninfo: {title: wide, version: '1'}\npaths:\n")
	for i := range n / 2 {
		fmt.Fprintf(&b, "  /things%d:\n    get: {operationId: list%d, parameters: [{name: q, in: query, schema: {type: integer}}], responses: {'200': {description: ok}, '400': {description: no}}}\n"+
			"    post: {operationId: make%d, requestBody: {content: {application/json: {schema: {type: object, required: [a], properties: {a: {type: string, maxLength: 5}}}}}}, responses: {'200': {description: ok}, '400': {description: no}}}\n", i, i, i)
	}
	return b.String()
}

// TestCostIsLinear: a request costs about the same however many operations there are. What else the machine does makes
// some runs longer: the shortest counts.
func TestCostIsLinear(t *testing.T) {
	cost := func(n int) float64 {
		spec := specOf(t, wideDocument(n))
		server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			op, path, err := spec.Find(r.Method, r.URL.EscapedPath())
			if err != nil || len(op.ValidateRequest(openapi.Request{Path: path, Query: r.URL.Query(), Header: r.Header, Body: readAll(r)})) > 0 {
				w.WriteHeader(400)
			}
		})
		o := contract.Options{Spec: spec, Phases: []string{"examples", "protocol"}, MaxRequests: 10 * n}
		start := time.Now()
		report := verify(t, server, o)
		if report.Failed > 0 {
			t.Errorf("%v", report.Findings[0])
		}
		return time.Since(start).Seconds() / float64(report.Requests)
	}
	few, many := cost(60), cost(1500)
	for range 4 {
		if many <= 4*few {
			return
		}
		few, many = min(few, cost(60)), min(many, cost(1500))
	}
	if many > 4*few {
		t.Errorf("a request costs %.0f µs with 60 operations and %.0f µs with 1500", few*1e6, many*1e6)
	}
}
