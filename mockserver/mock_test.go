package mockserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

const (
	project   = "ac66f1a5e8f443998ec62c8cb1aefda7"
	unknownID = "00000000000000000000000000000000"
	password  = "Canary*7f3d*Secret" // must never come back, nor be logged

	mysql    = "RDS_MYSQL"
	postgres = "RDS_POSTGRES"
	taurus   = "gaussdb-mysql"
)

// instances are RDS instances as each source type wants them.
var instances = map[string]string{
	mysql:    "3aa55f1cb4c3491686936130f21e9f16in01",
	postgres: "5c8bd3a1f0e94f27a6b1d2c3e4f50617in03",
	taurus:   "9d7e6f5a4b3c2d1e0f9a8b7c6d5e4f30in07",
}

var hex32 = regexp.MustCompile(`^[0-9a-f]{32}$`)

// mock is a running mock as a client without any library sees it.
type mock struct {
	testing.TB
	url string
	log *logBuffer
}

// builtIn is the document that comes with the project; loading it takes most of the time of a short test.
var builtIn = sync.OnceValues(func() (*openapi.Spec, error) { return openapi.Default() })

// start runs a mock, of the built-in document unless told otherwise, whose log is kept.
func start(t testing.TB, o mockserver.Options) *mock {
	t.Helper()
	if o.Spec == nil {
		o.Spec = document(t)
	}
	log := &logBuffer{}
	o.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return &mock{t, mockserver.Start(t, o).URL, log}
}

// with is the same mock for a subtest.
func (m *mock) with(t testing.TB) *mock { return &mock{t, m.url, m.log} }

// logBuffer is a log that many goroutines may write.
type logBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

type answer struct {
	status int
	header http.Header
	body   string
}

// plain neither follows redirects nor asks for compression.
var plain = &http.Client{
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends a request, JSON if there is a body, with headers as name, value, name, value. Whatever is asked, the answer
// has a request id and not the password.
func (m *mock) do(method, path, body string, headers ...string) answer {
	m.Helper()
	request, err := http.NewRequestWithContext(m.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	return m.send(request)
}

func (m *mock) send(request *http.Request) answer {
	m.Helper()
	response, err := plain.Do(request)
	if err != nil {
		m.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		m.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, string(read)}
	if id := a.header.Get("X-Request-Id"); !hex32.MatchString(id) {
		m.Errorf("%s %s: X-Request-Id is %q, not 32 hexadecimal digits", request.Method, request.URL.Path, id)
	}
	if strings.Contains(a.body, password) {
		m.Errorf("%s %s: the answer holds the password: %s", request.Method, request.URL.Path, a.body)
	}
	return a
}

// want checks an answer's status and, when the code is given, its error code, and returns its message.
func (a answer) want(t testing.TB, status int, code string) string {
	t.Helper()
	var refused struct {
		Code      string `json:"error_code"`
		Message   string `json:"error_msg"`
		RequestID string `json:"request_id"`
	}
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if code == "" {
		return ""
	}
	if err := json.Unmarshal([]byte(a.body), &refused); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	if refused.Code != code || refused.Message == "" {
		t.Errorf("the error is %s %q, want %s and a message", refused.Code, refused.Message, code)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	if gateway := strings.HasPrefix(code, "APIGW."); gateway != (refused.RequestID != "") ||
		gateway && refused.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("request_id %q in the body, %q in the header, code %s", refused.RequestID, a.header.Get("X-Request-Id"), code)
	}
	return refused.Message
}

func collection(project string) string { return "/v2/" + project + "/data-connectors" }

func item(project, id string) string { return collection(project) + "/" + id }

// sourceInfo is the JSON text of a sound source_info, changed: each key gets the value, which is JSON; "" takes it out.
func sourceInfo(sourceType string, keysAndValues ...string) string {
	raw := map[string]json.RawMessage{
		"db_name": json.RawMessage(`"default"`), "user_name": json.RawMessage(`"mrs"`), "password": json.RawMessage(`"` + password + `"`),
		"rds_instance_id": json.RawMessage(`"` + instances[sourceType] + `"`),
	}
	for pair := range slices.Chunk(keysAndValues, 2) {
		if raw[pair[0]] = json.RawMessage(pair[1]); pair[1] == "" {
			delete(raw, pair[0])
		}
	}
	parts := make([]string, 0, len(raw))
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		parts = append(parts, fmt.Sprintf("%q:%s", key, raw[key]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// quoted is the text as a JSON string.
func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// sent is a request body of three JSON values; "" leaves the key out.
func sent(name, sourceType, info string) string {
	var parts []string
	for _, p := range [][2]string{{"connector_name", name}, {"source_type", sourceType}, {"source_info", info}} {
		if p[1] != "" {
			parts = append(parts, quoted(p[0])+":"+p[1])
		}
	}
	return `{"data_connector":{` + strings.Join(parts, ",") + `}}`
}

// sound is a request body that keeps the contract; the changes are those of sourceInfo.
func sound(name, sourceType string, keysAndValues ...string) string {
	return sent(quoted(name), quoted(sourceType), quoted(sourceInfo(sourceType, keysAndValues...)))
}

// create makes a sound connection and returns its id.
func (m *mock) create(project, name, sourceType string) string {
	m.Helper()
	a := m.do(http.MethodPost, collection(project), sound(name, sourceType))
	a.want(m, http.StatusCreated, "")
	var created struct {
		ID string `json:"connector_id"`
	}
	if err := json.Unmarshal([]byte(a.body), &created); err != nil || !hex32.MatchString(created.ID) {
		m.Fatalf("created %s (%v)", a.body, err)
	}
	return created.ID
}

// connection is a listed one.
type connection struct {
	ID             string  `json:"connector_id"`
	Name           string  `json:"connector_name"`
	Type           string  `json:"source_type"`
	Info           any     `json:"source_info"`
	Created        int64   `json:"create_time"`
	Updated        int64   `json:"last_update_time"`
	CreateBy       string  `json:"create_by"`
	CreateUser     string  `json:"create_user"`
	LastUpdateBy   string  `json:"last_update_by"`
	Tenant         string  `json:"tenant_id"`
	Status         *int    `json:"status"`
	UsedClusters   *string `json:"used_clusters"`
	EncryptionType *int    `json:"encrypt_type"`
}

type page struct {
	Total int          `json:"total_count"`
	Items []connection `json:"data_connectors"`
}

func (p page) ids() []string {
	ids := make([]string, 0, len(p.Items))
	for _, c := range p.Items {
		ids = append(ids, c.ID)
	}
	return ids
}

// list asks for a page, with query parameters as name, value, name, value.
func (m *mock) list(project string, query ...string) page {
	m.Helper()
	values := url.Values{}
	for pair := range slices.Chunk(query, 2) {
		values.Set(pair[0], pair[1])
	}
	a := m.do(http.MethodGet, collection(project)+"?"+values.Encode(), "")
	a.want(m, http.StatusOK, "")
	var p page
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		m.Fatal(err)
	}
	if p.Items == nil {
		m.Errorf("data_connectors is not an array: %s", a.body)
	}
	return p
}

func (m *mock) wantList(project string, want []string, query ...string) {
	m.Helper()
	got := m.list(project, query...)
	if got.Total != len(want) || !slices.Equal(got.ids(), want) {
		m.Errorf("list %q: total_count %d, ids %q; want %d, %q", query, got.Total, got.ids(), len(want), want)
	}
}

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func document(t testing.TB, overlays ...string) *openapi.Spec {
	t.Helper()
	load := func() (*openapi.Spec, error) { return openapi.Default(overlays...) }
	if len(overlays) == 0 {
		load = builtIn
	}
	spec, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}
