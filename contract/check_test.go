package contract_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
)

// storyPhases are those that look at more than one answer.
var storyPhases = []string{"examples", "state", "collection"}

// phases are all but fuzz, and with -short those that take little time.
func phases() []string {
	if testing.Short() {
		return storyPhases
	}
	return nil
}

// answer is what the mock said, for a server to change.
type answer struct {
	status int
	header http.Header
	body   string
}

// change is a server like our mock, but for some of its answers.
type change func(r *http.Request, a *answer)

func changed(h http.Handler, change change) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		r.Body = io.NopCloser(bytes.NewReader(body))
		a := &answer{rec.Code, rec.Header(), rec.Body.String()}
		change(r, a)
		for name, values := range a.header {
			w.Header()[name] = values
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	})
}

func on(method string, do func(a *answer)) change {
	return func(r *http.Request, a *answer) {
		if r.Method == method && a.status < 300 {
			do(a)
		}
	}
}

func replace(was, is string) func(*answer) {
	return func(a *answer) { a.body = strings.Replace(a.body, was, is, 1) }
}

// brokenServer breaks one rule. The finding must name the check and the operation; alone says that no other check may
// report anything.
type brokenServer struct {
	name, check, operation string
	alone                  bool
	change                 change // nil: see broken
}

func brokenServers() []brokenServer {
	return []brokenServer{
		{"cuts the connection on delete", "answer", "deleteDataConnector", true, on(http.MethodDelete, func(*answer) { panic(http.ErrAbortHandler) })},
		{"fails on create", "server-error", "createDataConnector", false, on(http.MethodPost, func(a *answer) { a.status, a.body = 500, `{"error_code":"1","error_msg":"x"}` })},
		{"fails on delete", "server-error", "deleteDataConnector", false, on(http.MethodDelete, func(a *answer) {
			a.status, a.body = 500, `{"error_code":"1","error_msg":"x"}`
			a.header.Set("Content-Type", "application/json")
		})},
		{"refuses a valid update", "accepted", "updateDataConnector", false, on(http.MethodPut, func(a *answer) { a.status, a.body = 400, `{"error_code":"1","error_msg":"x"}` })},
		{"accepts a taken name", "refused", "createDataConnector", false, func(r *http.Request, a *answer) {
			if r.Method == http.MethodPost && a.status == 400 {
				a.status, a.body = 201, `{"connector_id":"0822239c1e80d4502f82c008937da9b5"}`
			}
		}},
		{"accepts deleting twice", "refused", "deleteDataConnector", false, func(r *http.Request, a *answer) {
			if r.Method == http.MethodDelete && a.status == 400 {
				a.status, a.body = 204, ""
				a.header.Del("Content-Type")
			}
		}},
		{"refuses deleting twice with 404", "refused", "deleteDataConnector", false, func(r *http.Request, a *answer) {
			if r.Method == http.MethodDelete && a.status == 400 {
				a.status = 404
			}
		}},
		{"answers 202", "status", "createDataConnector", true, on(http.MethodPost, func(a *answer) { a.status = 202 })},
		{"answers text", "media-type", "listDataConnectors", true, on(http.MethodGet, func(a *answer) { a.header.Set("Content-Type", "text/plain") })},
		{"answers without a type", "media-type", "createDataConnector", true, on(http.MethodPost, func(a *answer) { a.header["Content-Type"] = []string{""} })},
		{"forgets the request id", "header", "listDataConnectors", true, on(http.MethodGet, func(a *answer) { a.header.Del("X-Request-Id") })},
		{"gives an empty request id", "header", "deleteDataConnector", true, on(http.MethodDelete, func(a *answer) { a.header.Set("X-Request-Id", "") })},
		{"gives a result that is not described", "body", "updateDataConnector", true, on(http.MethodPut, replace("succeeded", "done"))},
		{"sends a body after the body", "json", "listDataConnectors", true, on(http.MethodGet, func(a *answer) { a.body += "{}" })},
		{"sends a total of text", "body", "listDataConnectors", false, on(http.MethodGet, func(a *answer) {
			a.body = strings.Replace(strings.Replace(a.body, `"total_count":0`, `"total_count":"0"`, 1), `"total_count":1`, `"total_count":"1"`, 1)
		})},
		{"sends a key twice", "json", "createDataConnector", false, on(http.MethodPost, replace("{", `{"connector_id":"0822239c1e80d4502f82c008937da9b5",`))},
		{"says a refusal in other words", "error-body", "createDataConnector", true, func(r *http.Request, a *answer) {
			if r.Method == http.MethodPost && a.status == 400 {
				a.body = `{"message":"taken"}`
			}
		}},
		{"sends a body with 204", "no-body", "deleteDataConnector", true, on(http.MethodDelete, func(a *answer) { a.body = "gone" })},
		{"gives a password back", "embedded-json", "listDataConnectors", true, on(http.MethodGet, replace(`{\"db_name`, `{\"password\":\"x\",\"db_name`))},
		{"gives broken embedded JSON", "embedded-json", "listDataConnectors", false, on(http.MethodGet, replace(`{\"db_name`, `{db_name`))},
		{"gives another type inside", "embedded-json", "listDataConnectors", false, on(http.MethodGet, replace(`\"user_name\":\"mrs\"`, `\"user_name\":1`))},
		{"breaks only one type inside", "embedded-json", "listDataConnectors", false, on(http.MethodGet, replace(`in07\"`, `in01\"`))},
		{"gives no id", "created-id", "createDataConnector", false, on(http.MethodPost, func(a *answer) { a.body = `{"connector_id":""}` })},
		{"does not list", "listed", "listDataConnectors", false, on(http.MethodGet, func(a *answer) { a.body = `{"total_count":0,"data_connectors":[]}` })},
		{"does not carry out deletes", "listed", "listDataConnectors", false, nil},
		{"ignores the filter", "filter", "listDataConnectors", false, nil},
		{"miscounts", "total", "listDataConnectors", true, on(http.MethodGet, replace(`"total_count":1`, `"total_count":2`))},
		{"does not carry out updates", "read-back", "listDataConnectors", false, nil},
		{"swaps names", "read-back", "listDataConnectors", false, on(http.MethodGet, replace(`"connector_name":"`, `"connector_name":"x`))},
		{"lists another database", "read-back", "listDataConnectors", true, on(http.MethodGet, replace(`\"db_name\":\"default\"`, `\"db_name\":\"other\"`))},
	}
}

func TestBrokenServers(t *testing.T) {
	for _, row := range brokenServers() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			report := verify(t, broken(t, row.name, row.change), contract.Options{Phases: storyPhases})
			caught, others := false, []string{}
			for _, f := range report.Findings {
				caught = caught || f.Check == row.check && f.Operation == row.operation
				if f.Check != row.check {
					others = append(others, f.Check)
				}
			}
			if !caught {
				t.Errorf("not caught by %s on %s, but by %v", row.check, row.operation, others)
			}
			if row.alone && len(others) > 0 {
				t.Errorf("also reported by %v", others)
			}
		})
	}
}

// broken is the mock with its answers changed; a few servers have to change requests instead.
func broken(t *testing.T, name string, change change) http.Handler {
	t.Helper()
	mock := newMock(t)
	if change != nil {
		return changed(mock, change)
	}
	other := httptest.NewRequest(http.MethodPost, "/v2/ac66f1a5e8f443998ec62c8cb1aefda7/data-connectors", strings.NewReader(
		`{"data_connector":{"connector_name":"other","source_type":"RDS_MYSQL","source_info":"{\"db_name\":\"d\",\"user_name\":\"u\",\"password\":\"*****\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\"}"}}`))
	other.Header.Set("Content-Type", "application/json")
	mock.ServeHTTP(httptest.NewRecorder(), other)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case name == "ignores the filter":
			r.URL.RawQuery = ""
		case name == "does not carry out deletes" && r.Method == http.MethodDelete:
			w.Header().Set("X-Request-Id", "1")
			w.WriteHeader(http.StatusNoContent)
			return
		case name == "does not carry out updates" && r.Method == http.MethodPut:
			rec := httptest.NewRecorder()
			mock.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v2/ac66f1a5e8f443998ec62c8cb1aefda7/data-connectors?connector_id="+r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], nil))
			if strings.Contains(rec.Body.String(), `"total_count":1`) {
				w.Header().Set("X-Request-Id", "1")
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"result":"succeeded"}`)
				return
			}
		}
		mock.ServeHTTP(w, r)
	})
}

// Sound servers that do what the document leaves open are not accused.
func TestSoundServers(t *testing.T) {
	for _, row := range []struct {
		name   string
		change change
	}{
		{"adds fields", on(http.MethodGet, replace(`{"total_count"`, `{"more":[1],"total_count"`))},
		{"adds fields to items", on(http.MethodGet, replace(`"connector_id"`, `"more":null,"connector_id"`))},
		{"adds keys inside embedded JSON", on(http.MethodGet, replace(`{\"db_name`, `{\"port\":3306,\"db_name`))},
		{"writes embedded JSON with spaces", on(http.MethodGet, replace(`{\"db_name\":`, `{ \"db_name\" : `))},
		{"leaves optional fields out", on(http.MethodGet, replace(`"create_by":"counterpart",`, ``))},
		{"says other words", func(_ *http.Request, a *answer) { a.body = strings.ReplaceAll(a.body, "already exists", "is taken") }},
		{"names its charset", on(http.MethodGet, func(a *answer) { a.header.Set("Content-Type", "application/json; charset=utf-8") })},
		{"writes the media type in capitals", on(http.MethodPost, func(a *answer) { a.header.Set("Content-Type", "Application/JSON") })},
		{"says failed updates", on(http.MethodPut, replace("succeeded", "failed"))},
		{"adds headers", func(_ *http.Request, a *answer) { a.header.Set("Server", "api-gateway") }},
		{"adds white space", func(_ *http.Request, a *answer) {
			if a.body != "" {
				a.body = "\n " + a.body + "\n"
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			report := verify(t, changed(newMock(t), row.change), contract.Options{Phases: phases()})
			for _, f := range report.Findings {
				t.Errorf("a false alarm: %s", f)
			}
		})
	}
}

func TestEveryCheckHasABrokenServer(t *testing.T) {
	seen := map[string]bool{}
	for _, check := range contract.Checks() {
		if check.Rule == "" || seen[check.Name] {
			t.Errorf("check %q needs a rule in words and a name of its own", check.Name)
		}
		seen[check.Name] = true
		caught := slices.ContainsFunc(brokenServers(), func(s brokenServer) bool { return s.check == check.Name }) ||
			slices.ContainsFunc(clinicFaults(), func(f clinicFault) bool { return f.check == check.Name })
		if !caught && !slices.ContainsFunc(classes(), func(c class) bool {
			return slices.ContainsFunc(c.mutants, func(m mutant) bool { return m.checks == check.Name })
		}) {
			t.Errorf("no broken server is caught by %q", check.Name)
		}
	}
}
