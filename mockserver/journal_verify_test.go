package mockserver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	m.create("p1", "a", mysql)
	m.create("p1", "b", mysql)
	m.do(http.MethodGet, collection("p1")+"?limit=7", "")
	m.do(http.MethodPost, collection("p2"), sound("", mysql))
	m.do(http.MethodGet, collection("p1"), "")
	const (
		create = `"when":{"operation":"createDataConnector"}`
		list   = `"when":{"operation":"listDataConnectors"}`
		remove = `"when":{"operation":"deleteDataConnector"}`
	)
	for _, tc := range []struct {
		reason, expected string
		kept             bool
		found            []int
		says             string
	}{
		{"at least one", `{"calls":[{` + create + `}]}`, true, []int{3}, ""},
		{"exactly", `{"calls":[{` + create + `,"times":3}]}`, true, []int{3}, ""},
		{"not exactly", `{"calls":[{` + create + `,"times":2}]}`, false, []int{3}, "3 found, exactly 2 expected"},
		{"by status", `{"calls":[{` + create + `,"times":2,"status":201}]}`, true, []int{2}, ""},
		{"by body", `{"calls":[{"when":{"where":[{"in":"body","pointer":"/data_connector/connector_name","equals":"b"}]},"times":1}]}`, true, []int{1}, ""},
		{"a secret can be asked for", `{"calls":[{"when":{"where":[{"in":"body","pointer":"/data_connector/source_info#/password","equals":"` + password + `"}]},"times":3}]}`, true, []int{3}, ""},
		{"at least, too few", `{"calls":[{` + create + `,"at_least":4}]}`, false, []int{3}, "3 found, at least 4 expected"},
		{"at most, too many", `{"calls":[{` + create + `,"at_most":2}]}`, false, []int{3}, "3 found, at most 2 expected"},
		{"at most, none", `{"calls":[{` + remove + `,"at_most":2}]}`, false, []int{0}, "0 found, at least 1 expected"},
		{"never", `{"calls":[{` + remove + `,"never":true}]}`, true, []int{0}, ""},
		{"never, but it was", `{"calls":[{` + list + `,"never":true}]}`, false, []int{2}, "2 found, none expected"},
		{"several", `{"calls":[{` + remove + `},{` + create + `},{}]}`, false, []int{0, 3, 5}, "0 found"},
		{"in order", `{"in_order":true,"calls":[{` + create + `,"times":2},{` + list + `,"times":1},{` + create + `,"times":1},{` + list + `,"times":1}]}`, true, []int{2, 1, 1, 1}, ""},
		{"in order with others in between", `{"in_order":true,"calls":[{` + create + `},{` + list + `,"status":200}]}`, true, []int{2, 2}, ""},
		{"too early", `{"in_order":true,"calls":[{` + list + `,"times":2},{` + create + `}]}`, false, []int{2, 0}, "3 more came too early"},
		{"never in between", `{"in_order":true,"calls":[{` + create + `,"times":2},{` + remove + `,"never":true},{` + list + `}]}`, true, []int{2, 0, 2}, ""},
		{"but in between", `{"in_order":true,"calls":[{` + list + `,"times":1},{` + create + `,"never":true},{` + list + `}]}`, false, []int{1, 1, 1}, "1 found, none expected"},
		{"one too many before the next", `{"in_order":true,"calls":[{` + create + `,"times":1},{` + list + `}]}`, false, []int{2, 2}, "2 found, exactly 1 expected"},
	} {
		a := m.do(http.MethodPost, "/_counterpart/journal/verify", tc.expected)
		var verdict mockserver.Verdict
		if err := json.Unmarshal([]byte(a.body), &verdict); err != nil || a.status != http.StatusOK {
			t.Errorf("%s: %v %d %s", tc.reason, err, a.status, a.body)
			continue
		}
		said := ""
		for i, c := range verdict.Calls {
			said += c.Reason
			if c.Found != tc.found[i] || c.Kept != (c.Reason == "") {
				t.Errorf("%s: call %d: %+v", tc.reason, i, c)
			}
		}
		if verdict.Kept != tc.kept || !strings.Contains(said, tc.says) || tc.kept != (said == "") {
			t.Errorf("%s: %s", tc.reason, a.body)
		}
	}
}

func TestVerifyNamesTheNearest(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{})
	m.do(http.MethodGet, "/nowhere", "")
	near := m.do(http.MethodGet, collection("p1")+"?limit=7", "").header.Get("X-Request-Id")
	m.do(http.MethodGet, "/nowhere", "")
	verdict, err := srv.Journal().Verify(mockserver.Expectation{Calls: []mockserver.Call{{When: control.Match{Operation: "listDataConnectors", Project: "p2", Method: http.MethodGet}}}})
	if err != nil || verdict.Kept || len(verdict.Calls[0].Nearest) != 3 || verdict.Calls[0].Nearest[0] != near {
		t.Errorf("%v %+v, the nearest is %s", err, verdict, near)
	}
}

// What is not remembered of a body is not guessed.
func TestVerifyOfCutBodies(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{Limits: mockserver.Limits{JournalBody: 20}})
	m.create(project, "a", mysql)
	when := control.Match{Where: []control.Condition{{In: control.ConditionInBody, Pointer: "/data_connector/connector_name", Equals: "a"}}}
	for _, call := range []mockserver.Call{{When: when}, {When: when, Never: true}} {
		verdict, err := srv.Journal().Verify(mockserver.Expectation{Calls: []mockserver.Call{call}})
		if err != nil || verdict.Kept || !strings.Contains(verdict.Calls[0].Reason, "--journal-body") {
			t.Errorf("%v %+v", err, verdict)
		}
	}
}

func TestVerifyRefusesWhatCannotBeMet(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	for expected, pointers := range map[string][]string{
		`{"calls":[]}`: {"/calls"},
		`{"calls":[{},{"never":true,"times":2,"at_most":1}]}`:     {"/calls/1/times", "/calls/1/at_most"},
		`{"calls":[{"at_least":3,"at_most":2}]}`:                  {"/calls/0/at_least"},
		`{"calls":[{"times":3,"at_least":3}]}`:                    {"/calls/0/at_least"},
		`{"calls":[{"when":{"operation":"noSuchThing"}}]}`:        {"/calls/0/when/operation"},
		`{"calls":[{"times":0}]}`:                                 {"/calls/0/times"},
		`{"calls":[{"when":{"where":[{"in":"nowhere"}]}}],"x":1}`: {"/calls/0/when/where/0/in"},
	} {
		a := m.do(http.MethodPost, "/_counterpart/journal/verify", expected)
		for _, pointer := range pointers {
			if a.status != http.StatusBadRequest || !strings.Contains(a.body, `"pointer":"`+pointer+`"`) {
				t.Errorf("%s: %d %s, want %s", expected, a.status, a.body, pointer)
			}
		}
	}
}
