package mockserver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

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
		if !ok || strings.HasPrefix(request.URL.Path, "/_counterpart/") {
			return // it is no request, or one for the control API, which is no part of the document
		}
		wantSoundAnswer(t, spec, request)
	})
}

// FuzzRawRequest sends any bytes that net/http takes for a request: other methods, targets, headers and framings than
// FuzzRequest makes.
func FuzzRawRequest(f *testing.F) {
	spec := document(f)
	_, kept, _ := holding(f, spec, &logBuffer{})
	good := sound("name", mysql)
	raw := func(method, target, headers, body string) {
		f.Add([]byte(method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body))
	}
	chunks := fmt.Sprintf("%x\r\n%s\r\n0\r\n", len(good), good)
	json, chunked := "Content-Type: application/json\r\n", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
	for _, framing := range []string{fmt.Sprintf("Content-Length: %d\r\n", len(good)), "Content-Length: 5\r\n", "Content-Length: 99999\r\n", "Content-Length: +5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n", ""} {
		raw("POST", collection(project), json+framing, good)
	}
	for _, body := range []string{chunks + "\r\n", chunks + "X-A: b\r\n\r\n", chunks, "ffff\r\n" + good, "zz\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n", "-1\r\n\r\n", "0\r\n\r\n"} {
		raw("POST", collection(project), chunked, body)
		raw("PUT", item(project, kept), chunked+"Content-Length: 5\r\nTrailer: X-A\r\n", body)
	}
	for _, target := range []string{"*", "x:443", "http://x" + collection(project), "//x/" + project, "/%00", collection(project) + "/..;/" + kept, collection("%2e%2e"), collection(project) + "?limit=1&limit=2", collection(project) + "?%zz=1;a", collection(project) + "?available=true&offset=1&connector_id=" + kept} {
		raw("GET", target, "", "")
	}
	raw("CONNECT", "x:443", "", "")
	raw("DELETE", item(project, kept), "Connection: close\r\nExpect: 100-continue\r\nX-A: b\r\n c\r\n", "")
	raw("POST", collection(project), "Content-Type: multipart/form-data; boundary=\"\r\nContent-Length: 5\r\n", "--x--")
	f.Add([]byte("GET " + collection(project) + " HTTP/1.0\n\n"))

	f.Fuzz(func(t *testing.T, sent []byte) {
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent)))
		if err != nil || strings.HasPrefix(request.URL.Path, "/_counterpart/") {
			return // it is no request, or one for the control API, which is no part of the document
		}
		wantSoundAnswer(t, spec, request)
	})
}

// wantSoundAnswer sends a request to a mock that holds one connection.
func wantSoundAnswer(t *testing.T, spec *openapi.Spec, request *http.Request) {
	t.Helper()
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
	if tooLong := len(request.URL.EscapedPath())+len(request.URL.RawQuery) > 16<<10; operation == nil && w.Code != http.StatusNotFound && !tooLong {
		t.Errorf("%d for no operation", w.Code)
	}
	if operation != nil {
		if broken := operation.ValidateResponse(openapi.Response{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}); len(broken) > 0 {
			t.Errorf("%d %s breaks the document: %s", w.Code, w.Body, broken)
		}
	}
	// What stands in the request line is no secret: it is quoted where it is refused.
	if !strings.Contains(request.Method+request.URL.Path, password) && strings.Contains(w.Body.String()+log.String(), password) {
		t.Errorf("the password is shown: %s\n%s", w.Body, log)
	}
	if after := listOf(srv); w.Code >= 400 && after != before {
		t.Errorf("refused with %d, and yet the list went from %s to %s", w.Code, before, after)
	}
}

// FuzzEmbeddedJSON creates a connection with any text as its source_info: it is taken if, and only if, the text is JSON
// that its own schema allows.
func FuzzEmbeddedJSON(f *testing.F) {
	good := sourceInfo(mysql)
	for _, seed := range []string{"", " ", "{}", "[]", "null", "1e10001", good, " " + good + "\n", good + "x", good + good, "\ufeff" + good, strings.ToUpper(good), quoted(good), good[:20],
		strings.Replace(good, "{", `{"db_name":"x",`, 1), strings.Replace(good, "{", `{"x":{"db_name":1},`, 1), strings.Replace(good, "{", `{"n":`+strings.Repeat("9", 1001)+",", 1),
		strings.Replace(good, "{", `{"a":`+strings.Repeat("[", 512)+strings.Repeat("]", 512)+",", 1), sourceInfo(mysql, "password", `""`), sourceInfo(mysql, "password", `"\ud800"`),
		sourceInfo(mysql, "db_name", "null"), sourceInfo(mysql, "user_name", ""), sourceInfo(mysql, "rds_instance_id", `"x"`), sourceInfo(postgres), "{\x00}"} {
		f.Add(seed)
	}
	spec := document(f)
	schema, err := jsonschema.Compile("../openapi/source_info/RDS_MYSQL.schema.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, info string) {
		info = strings.ToValidUTF8(info, "\ufffd")
		request := httptest.NewRequest(http.MethodPost, collection(project), strings.NewReader(sent(`"fuzzed"`, quoted(mysql), quoted(info))))
		request.Header.Set("Content-Type", "application/json")
		if request.ContentLength > 1<<16 {
			t.Skip("it is over the limit of the mock")
		}
		srv, _, _ := holding(t, spec, &logBuffer{})
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, request)
		value, err := openapi.DecodeJSON([]byte(info))
		if err == nil {
			err = schema.Validate(value)
		}
		if taken := w.Code == http.StatusCreated; taken != (err == nil) || !taken && w.Code != http.StatusBadRequest {
			t.Errorf("source_info %q is answered with %d %s; by itself: %v", info, w.Code, w.Body, err)
		}
	})
}

// holding is a mock that holds one connection, always the same, with its id and the list.
func holding(t testing.TB, spec *openapi.Spec, log *logBuffer) (srv *mockserver.Server, id, list string) {
	t.Helper()
	srv, err := mockserver.New(mockserver.Options{Spec: spec, Seed: 1, Limits: mockserver.Limits{Body: 1 << 16}, Log: slog.New(slog.NewJSONHandler(log, nil)),
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
