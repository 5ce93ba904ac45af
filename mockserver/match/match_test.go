package match_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

func spec(t testing.TB) *openapi.Spec {
	t.Helper()
	s, err := openapi.Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parsed(t testing.TB, text string) (m control.Match) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func compiled(t testing.TB, text string) *match.Match {
	t.Helper()
	m, err := match.Compile(parsed(t, text), spec(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// request is one for the built-in document.
func request(t testing.TB, method, target, body string, headers ...string) *match.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	op, path, err := spec(t).Find(method, r.URL.EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	return &match.Request{Method: method, Path: r.URL.EscapedPath(), Project: path["project_id"], Operation: op,
		Message: openapi.Request{Path: path, Query: r.URL.Query(), Header: r.Header, Body: []byte(body)}}
}

const creation = `{"data_connector":{"connector_name":"hive","source_type":"RDS_MYSQL","source_info":"{\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\",\"db_name\":\"default\",\"user_name\":\"mrs\",\"password\":\"hunter2\",\"port\":3306,\"tags\":[{\"k\":1.0}]}"}}`

func TestMatches(t *testing.T) {
	t.Parallel()
	list := request(t, http.MethodGet, "/v2/p1/data-connectors?limit=10&source_type=RDS_MYSQL&available=true&id=x&id=y", "", "X-Team", "blue", "Cookie", "a=1; b=2")
	create := request(t, http.MethodPost, "/v2/p1/data-connectors", creation)
	for _, c := range []struct {
		name, match string
		of          *match.Request
		want        bool
	}{
		{"everything", `{}`, list, true},
		{"operation", `{"operation":"listDataConnectors"}`, list, true},
		{"other operation", `{"operation":"createDataConnector"}`, list, false},
		{"method in any case", `{"method":"get"}`, list, true},
		{"other method", `{"method":"PUT"}`, list, false},
		{"path", `{"path":"/v2/p1/data-connectors"}`, list, true},
		{"other path", `{"path":"/v2/p2/data-connectors"}`, list, false},
		{"project", `{"project":"p1"}`, list, true},
		{"other project", `{"project":"p2"}`, list, false},
		{"path parameter", `{"where":[{"in":"path","name":"project_id","equals":"p1"}]}`, list, true},
		{"number in the query", `{"where":[{"in":"query","name":"limit","equals":10}]}`, list, true},
		{"number as text", `{"where":[{"in":"query","name":"limit","equals":"10"}]}`, list, true},
		{"other number", `{"where":[{"in":"query","name":"limit","equals":11}]}`, list, false},
		{"switch", `{"where":[{"in":"query","name":"available","equals":true}]}`, list, true},
		{"undescribed key, any of its values", `{"where":[{"in":"query","name":"id","equals":"y"}]}`, list, true},
		{"there", `{"where":[{"in":"query","name":"limit"}]}`, list, true},
		{"not there", `{"where":[{"in":"query","name":"offset"}]}`, list, false},
		{"absent", `{"where":[{"in":"query","name":"offset","absent":true}]}`, list, true},
		{"not absent", `{"where":[{"in":"query","name":"limit","absent":true}]}`, list, false},
		{"expression", `{"where":[{"in":"query","name":"source_type","matches":"^RDS_"}]}`, list, true},
		{"other expression", `{"where":[{"in":"query","name":"source_type","matches":"^gauss"}]}`, list, false},
		{"header in any case", `{"where":[{"in":"header","name":"x-team","equals":"blue"}]}`, list, true},
		{"cookie", `{"where":[{"in":"cookie","name":"b","equals":"2"}]}`, list, true},
		{"all must hold", `{"where":[{"in":"cookie","name":"b","equals":"2"},{"in":"cookie","name":"a","equals":"2"}]}`, list, false},
		{"body", `{"where":[{"in":"body","pointer":"/data_connector/connector_name","equals":"hive"}]}`, create, true},
		{"embedded JSON", `{"where":[{"in":"body","pointer":"/data_connector/source_info#/db_name","equals":"default"}]}`, create, true},
		{"embedded number by value", `{"where":[{"in":"body","pointer":"/data_connector/source_info#/port","equals":3306.0}]}`, create, true},
		{"embedded object", `{"where":[{"in":"body","pointer":"/data_connector/source_info#/tags","equals":[{"k":1}]}]}`, create, true},
		{"embedded, other value", `{"where":[{"in":"body","pointer":"/data_connector/source_info#/db_name","equals":"x"}]}`, create, false},
		{"a number is no text in a body", `{"where":[{"in":"body","pointer":"/data_connector/source_info#/port","equals":"3306"}]}`, create, false},
		{"JSONPath", `{"where":[{"in":"body","jsonpath":"$.data_connector.connector_name","equals":"hive"}]}`, create, true},
		{"JSONPath, one of what it finds", `{"where":[{"in":"body","jsonpath":"$..*","matches":"^RDS_"}]}`, create, true},
		{"JSONPath into embedded JSON", `{"where":[{"in":"body","pointer":"/data_connector/source_info#","jsonpath":"$.tags[?@.k == 1]"}]}`, create, true},
		{"JSONPath that finds nothing", `{"where":[{"in":"body","pointer":"/data_connector/source_info#","jsonpath":"$.tags[?@.k == 2]"}]}`, create, false},
		{"JSONPath, absent", `{"where":[{"in":"body","jsonpath":"$.nothing","absent":true}]}`, create, true},
		{"no body", `{"where":[{"in":"body","pointer":"/data_connector"}]}`, list, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, of := compiled(t, c.match), *c.of // a copy: a request remembers, and is shared with the other cases
			if got := m.Matches(&of); got != c.want {
				t.Errorf("matches: %v", got)
			}
			if reasons := m.Misses(&of); (len(reasons) == 0) != c.want {
				t.Errorf("misses: %q", reasons)
			}
		})
	}
}

func TestMissesSayWhyWithoutValues(t *testing.T) {
	t.Parallel()
	m := compiled(t, `{"operation":"createDataConnector","project":"p2","where":[
		{"in":"body","pointer":"/data_connector/source_info#/password","equals":"letmein"},
		{"in":"header","name":"x-team"},{"in":"query","name":"limit","absent":true}]}`)
	got := m.Misses(request(t, http.MethodPost, "/v2/p1/data-connectors?limit=1", creation))
	want := []string{"the project is not p2", "body /data_connector/source_info#/password is not the value that is wanted", "header x-team is not there", "query limit is there"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWhatCanNeverMatchIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, match, want string }{
		{"unknown operation", `{"operation":"nope"}`, "body /operation: no document has the operation nope: use createDataConnector, deleteDataConnector, listDataConnectors, updateDataConnector"},
		{"another method", `{"operation":"listDataConnectors","method":"POST"}`, "body /method: the operation listDataConnectors has another method: leave the method out"},
		{"no such method", `{"method":"PATCH"}`, "body /method: no operation has this method: use DELETE, GET, POST, PUT"},
		{"no such path", `{"path":"/v3/x"}`, "body /path: the path leads to none of the operations"},
		{"path of another operation", `{"operation":"deleteDataConnector","path":"/v2/p/data-connectors"}`, "body /path: the path leads to none"},
		{"no name", `{"where":[{"in":"query"}]}`, "body /where/0/name: say which one"},
		{"name in the body", `{"where":[{"in":"body","name":"x","pointer":"/x"}]}`, "body /where/0/name: a part of the body has no name"},
		{"no place in the body", `{"where":[{"in":"body","absent":true}]}`, "body /where/0: say which part of the body"},
		{"pointer outside of the body", `{"where":[{"in":"query","name":"x","pointer":"/x"}]}`, "body /where/0/pointer: only the body"},
		{"JSONPath outside of the body", `{"where":[{"in":"query","name":"x","jsonpath":"$"}]}`, "body /where/0/jsonpath: only the body"},
		{"no pointer", `{"where":[{"in":"body","pointer":"x"}]}`, "body /where/0/pointer: it is no JSON Pointer"},
		{"bad escape", `{"where":[{"in":"body","pointer":"/a~2"}]}`, "body /where/0/pointer: it is no JSON Pointer"},
		{"no JSONPath", `{"where":[{"in":"body","jsonpath":"$.["}]}`, "body /where/0/jsonpath: it is no JSONPath"},
		{"no expression", `{"where":[{"in":"query","name":"x","matches":"("}]}`, "body /where/0/matches: it is no regular expression"},
		{"absent with a value", `{"where":[{"in":"query","name":"x","equals":1,"absent":true}]}`, "body /where/0/absent: what is absent has no value"},
		{"no such path parameter", `{"operation":"listDataConnectors","where":[{"in":"path","name":"connector_id"}]}`, "body /where/0/name: the path of listDataConnectors has no parameter connector_id"},
		{"required and absent", `{"where":[{"in":"path","name":"project_id","absent":true}]}`, "body /where/0/absent: "},
		{"parameter that is never so", `{"operation":"listDataConnectors","where":[{"in":"query","name":"limit","equals":5000}]}`, "body /where/0/equals: the document allows no such value for limit"},
		{"no body", `{"operation":"listDataConnectors","where":[{"in":"body","pointer":"/x"}]}`, "body /where/0/in: listDataConnectors takes no body"},
		{"value that is never so", `{"operation":"createDataConnector","where":[{"in":"body","pointer":"/data_connector/connector_name","equals":"no spaces"}]}`, "body /where/0/equals: the document allows no such value at /data_connector/connector_name"},
		{"body that is never so", `{"where":[{"in":"body","equals":{"a":1}}]}`, "body /where/0/equals: the document allows no such value"},
		{"two values at one place", `{"where":[{"in":"body","pointer":"/a","equals":1},{"in":"body","pointer":"/a","equals":2}]}`, "body /where/1: it never holds together with /where/0"},
		{"there and absent", `{"where":[{"in":"query","name":"a"},{"in":"query","name":"a","absent":true}]}`, "body /where/1: it never holds together with /where/0"},
		{"all that is wrong", `{"operation":"nope","where":[{"in":"query"}]}`, "; body /where/0/name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := match.Compile(parsed(t, c.match), spec(t))
			var wrong *match.Error
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// What is only unusual is no reason to refuse a match.
func TestWhatMayMatchIsTaken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"where":[{"in":"query","name":"undescribed","equals":"x"}]}`,
		`{"where":[{"in":"body","pointer":"/data_connector/source_info#/further","equals":"x"}]}`,
		`{"operation":"listDataConnectors","where":[{"in":"body","pointer":"/x","absent":true}]}`,
		`{"where":[{"in":"query","name":"id","equals":"x"},{"in":"query","name":"id","equals":"y"}]}`,
		`{"where":[{"in":"query","name":"limit","equals":"10"}]}`,
	} {
		if _, err := match.Compile(parsed(t, text), spec(t)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true}, {`1e2`, `100`, true}, {`1`, `"1"`, false}, {`true`, `true`, true}, {`null`, `null`, true}, {`null`, `false`, false},
		{`{"a":1,"b":[1,2]}`, `{"b":[1.0,2],"a":1}`, true}, {`[1,2]`, `[2,1]`, false}, {`{}`, `[]`, false}, {`"a"`, `{}`, false},
		{`0.1`, `0.10`, true}, {`{"a":null}`, `{}`, false},
	} {
		a, _ := openapi.DecodeJSON([]byte(c.a))
		b, _ := openapi.DecodeJSON([]byte(c.b))
		if got := match.Equal(a, b); got != c.want {
			t.Errorf("%s, %s: %v", c.a, c.b, got)
		}
	}
}

func BenchmarkMatches(b *testing.B) {
	m := compiled(b, `{"operation":"createDataConnector","where":[{"in":"body","pointer":"/data_connector/connector_name","equals":"hive"}]}`)
	r := request(b, http.MethodPost, "/v2/p1/data-connectors", creation)
	r.Message.Value, _ = openapi.DecodeJSON(r.Message.Body)
	b.ReportAllocs()
	for b.Loop() {
		if !m.Matches(r) {
			b.Fatal("it does not match")
		}
	}
}

// What breaks the document comes to the journal, too.
func TestAnyTakesWhatNoSoundRequestCouldBe(t *testing.T) {
	t.Parallel()
	bad := request(t, http.MethodGet, "/v2/p1/data-connectors?limit=5000", "")
	unknown := &match.Request{Method: http.MethodPatch, Path: "/v3/x"}
	for text, of := range map[string]*match.Request{
		`{"operation":"listDataConnectors","where":[{"in":"query","name":"limit","equals":5000}]}`: bad,
		`{"method":"patch","path":"/v3/x"}`: unknown,
	} {
		m, err := match.Any(parsed(t, text), spec(t))
		if err != nil || !m.Matches(of) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`{"operation":"nope"}`, `{"where":[{"in":"query"}]}`} {
		if _, err := match.Any(parsed(t, text), spec(t)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
