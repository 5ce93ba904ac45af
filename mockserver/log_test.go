package mockserver_test

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

// lines are the log lines so far.
func (m *mock) lines() (lines []map[string]any) {
	m.Helper()
	scanner := bufio.NewScanner(strings.NewReader(m.log.String()))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			m.Fatalf("%v: %s", err, scanner.Text())
		}
		lines = append(lines, line)
	}
	return lines
}

// vendorsExample is the request of the vendor's page: its project id has hyphens, its path lacks the s.
var vendorsExample = `{
  "data_connector" : {
    "connector_name" : "mrs-mysql-connector",
    "source_type" : "RDS_MYSQL",
    "source_info" : ` + quoted(sourceInfo(mysql)) + `
  }
}`

func TestLogHelps(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		reason, method, path, body string
		attribute                  string
		says                       []string
	}{
		{"the vendor's example: the hyphens", http.MethodPost, collection(hyphenated), vendorsExample,
			"hint", []string{"--overlay hyphenated-project-id"}},
		{"the vendor's example: what is wrong with it", http.MethodPost, collection(hyphenated), vendorsExample,
			"refused", []string{"path project_id", "^[A-Za-z0-9]{1,64}$"}},
		{"the vendor's example: the rule's place", http.MethodPost, collection(hyphenated), vendorsExample,
			"rules", []string{"api.yaml:", "/components/schemas/ProjectId/pattern"}},
		{"the vendor's example: the singular path", http.MethodPost, "/v2/" + hyphenated + "/data-connector", vendorsExample,
			"refused", []string{"/v2/{project_id}/data-connectors"}},
		{"an unknown method, with those that the path has", http.MethodPatch, collection(project), "",
			"refused", []string{"GET, POST"}},
		{"source_info as an object is no known deviation of requests", http.MethodPost, collection(project), sent(`"a"`, quoted(mysql), sourceInfo(mysql)),
			"refused", []string{"/data_connector/source_info"}},
		{"all that is wrong", http.MethodPost, collection(project), sent(`""`, quoted(mysql), quoted(sourceInfo(mysql, "db_name", "", "user_name", "5"))),
			"refused", []string{"/data_connector/connector_name", "/source_info#/db_name", "/source_info#/user_name"}},
		{"a rule of embedded JSON stands in its own file", http.MethodPost, collection(project), sound("a", mysql, "db_name", ""),
			"rules", []string{"RDS_MYSQL.schema.json:"}},
		{"what the state refuses", http.MethodDelete, item(project, unknownID), "", "refused", []string{"unknown-id"}},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			t.Parallel()
			m := start(t, mockserver.Options{})
			a := m.do(tc.method, tc.path, tc.body)
			lines := m.lines()
			if len(lines) != 1 {
				t.Fatalf("%d lines for one request: %v", len(lines), lines)
			}
			line := lines[0]
			value, _ := line[tc.attribute].(string)
			for _, says := range tc.says {
				if !strings.Contains(value, says) {
					t.Errorf("%s does not say %q: %v", tc.attribute, says, line)
				}
			}
			if line["level"] != "WARN" || line["method"] != tc.method || line["path"] != tc.path ||
				line["status"] != float64(a.status) || line["request_id"] != a.header.Get("X-Request-Id") {
				t.Errorf("%v for the answer %d %v", line, a.status, a.header)
			}
			m.wantNoPasswordInLog()
		})
	}
}

// A hint is given only where an overlay would help.
func TestNoFalseHint(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	for _, path := range []string{collection("a_b"), collection(project) + "?limit=0"} {
		m.do(http.MethodGet, path, "").want(t, http.StatusBadRequest, "")
	}
	m.do(http.MethodPost, collection(hyphenated), `{}`).want(t, http.StatusBadRequest, "")
	for _, line := range m.lines() {
		if hint, ok := line["hint"]; ok {
			t.Errorf("the hint %q in %v", hint, line)
		}
	}
}

func TestLogOfGoodRequest(t *testing.T) {
	t.Parallel()
	m := start(t, mockserver.Options{})
	a := m.do(http.MethodPost, collection(project)+"?password="+escape(password), sound("one", mysql), "X-Auth-Token", password)
	a.want(t, http.StatusCreated, "")
	line := m.lines()[0]
	if line["level"] != "INFO" || line["operation"] != "createDataConnector" || line["status"] != 201.0 ||
		line["request_id"] != a.header.Get("X-Request-Id") || line["refused"] != nil || line["took"] == nil {
		t.Errorf("%v", line)
	}
	m.wantNoPasswordInLog()
}

// A path cannot start a line of its own.
func TestLogIsOneLineARequest(t *testing.T) {
	t.Parallel()
	var log logBuffer
	srv, err := mockserver.New(mockserver.Options{Spec: document(t), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v2/a%0Alevel=ERROR/data-connectors", "/%0A", "/v2/%E2%80%A8/data-connectors/%0D%0A"} {
		srv.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, path, io.NopCloser(strings.NewReader("\n"))))
	}
	if lines := strings.Count(log.String(), "\n"); lines != 3 {
		t.Errorf("3 requests made %d lines:\n%s", lines, &log)
	}
}
