package mockserver_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// FuzzRequest sends anything to a mock that holds one connection. It must answer as the document describes, never with
// a failure of its own, and never with the password.
func FuzzRequest(f *testing.F) {
	spec := document(f)
	_, kept, _ := holding(f, spec, &logBuffer{})
	good := sound("name", mysql)
	for _, row := range badBodies() {
		contentType := "application/json"
		if len(row.headers) > 0 {
			contentType = row.headers[1]
		}
		if len(row.body) < 1000 && !strings.Contains(row.body, postgres) && !strings.Contains(row.body, taurus) { // one type is enough to start from
			f.Add(http.MethodPost, collection(project), "", contentType, []byte(row.body))
		}
	}
	for _, row := range badRequests() {
		path, query, _ := strings.Cut(row.path, "?")
		f.Add(row.method, path, query, "application/json", []byte(row.body))
	}
	f.Add(http.MethodPost, collection(project), "", "application/json", []byte(good))
	f.Add(http.MethodPut, item(project, kept), "", "application/json", []byte(good))
	f.Add(http.MethodPut, item(project, kept), "", "application/json; charset=utf-8", []byte(sound("kept", mysql)))
	f.Add(http.MethodDelete, item(project, kept), "", "", []byte(nil))
	f.Add(http.MethodGet, collection(project), "limit=1&offset=0&connector_name=kept&source_type=RDS_MYSQL&available=true&connector_id="+kept, "", []byte(nil))

	f.Fuzz(func(t *testing.T, method, path, query, contentType string, body []byte) {
		request, ok := requestOf(method, path, query, contentType, body)
		if !ok || strings.HasPrefix(request.URL.Path, "/_counterpart/") { // the control API is no part of the document
			t.Skip()
		}
		log := &logBuffer{}
		srv, _, before := holding(t, spec, log)
		operation, _, _ := spec.Find(request.Method, request.URL.EscapedPath())
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, request)

		if !hex32.MatchString(w.Header().Get("X-Request-Id")) {
			t.Errorf("X-Request-Id is %q", w.Header().Get("X-Request-Id"))
		}
		if w.Code >= 500 {
			t.Errorf("the mock failed: %d %s", w.Code, w.Body)
		}
		if operation == nil && w.Code != http.StatusNotFound {
			t.Errorf("%d for no operation", w.Code)
		}
		if operation != nil {
			if broken := operation.ValidateResponse(openapi.Response{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}); len(broken) > 0 {
				t.Errorf("%d %s breaks the document: %s", w.Code, w.Body, broken)
			}
		}
		// What stands in the path is no secret: it is quoted where it is refused.
		if !strings.Contains(request.URL.Path, password) && strings.Contains(w.Body.String()+log.String(), password) {
			t.Errorf("the password is shown: %s\n%s", w.Body, log)
		}
		if after := listOf(srv); w.Code >= 400 && after != before {
			t.Errorf("refused with %d, and yet the list went from %s to %s", w.Code, before, after)
		}
	})
}

// holding is a mock that holds one connection, always the same, with its id and the list.
func holding(t testing.TB, spec *openapi.Spec, log *logBuffer) (srv *mockserver.Server, id, list string) {
	t.Helper()
	srv, err := mockserver.New(mockserver.Options{Spec: spec, Seed: 1, MaxBody: 1 << 16, Log: slog.New(slog.NewJSONHandler(log, nil)),
		Now: func() time.Time { return time.UnixMilli(1733800000000) }})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, collection(project), strings.NewReader(sound("kept", mysql)))
	request.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, request)
	var created struct {
		ID string `json:"connector_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &created); err != nil || created.ID == "" {
		t.Fatalf("created %s (%v)", w.Body, err)
	}
	return srv, created.ID, listOf(srv)
}

func listOf(srv *mockserver.Server) string {
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, collection(project), nil))
	return w.Body.String()
}

// requestOf is what net/http would make of it; false when that refuses it first.
func requestOf(method, path, query, contentType string, body []byte) (*http.Request, bool) {
	target, err := url.ParseRequestURI(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.ContainsAny(path+query, "?# \r\n\x00") {
		return nil, false
	}
	request, err := http.NewRequest(method, "http://mock/", strings.NewReader(string(body)))
	if err != nil || method == "" {
		return nil, false
	}
	target.RawQuery = query
	request.URL, request.RequestURI = target, target.RequestURI()
	request.Header.Set("Content-Type", contentType)
	return request, true
}
