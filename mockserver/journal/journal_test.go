package journal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/journal"
	"github.com/counterpart-go/counterpart/openapi"
)

const canary = "cAnaRy7f3d"

func spec(t testing.TB) *openapi.Spec {
	t.Helper()
	s, err := openapi.Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func empty(s *openapi.Spec, l journal.Limits) *journal.Journal {
	return journal.New(l, func() []*openapi.Spec { return []*openapi.Spec{s} })
}

// entry is an exchange with a secret in all its parts.
func entry(s *openapi.Spec, id string) *journal.Entry {
	return &journal.Entry{
		ID: id, At: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), Duration: 1500 * time.Microsecond, Method: http.MethodPost, Host: "h:1", TLS: true, Proto: "HTTP/2.0",
		URL: &url.URL{Path: "/v2/p/data-connectors", RawQuery: "limit=1&password=" + canary + "&a=b%20c&&d"}, Spec: s, Operation: s.Operation("createDataConnector"),
		Request: openapi.Request{Path: map[string]string{"project_id": "p"}, Header: http.Header{"Content-Type": {"application/json"}, "X-Auth-Token": {canary}},
			Body: []byte(`{"password":"` + canary + `"}`)},
		Response: openapi.Response{Status: http.StatusFound, Header: http.Header{"Location": {"/x?" + canary}, "Content-Type": {"image/png"}}, Body: []byte("\xff" + canary)},
		Refused:  "invalid", Reason: errors.New("it has " + canary), Violations: openapi.Violations{{In: openapi.InBody, Pointer: "/" + canary, Keyword: "not"}},
		NearMisses: []control.NearMiss{{Stub: "s", Reasons: []string{"is " + canary}}},
	}
}

func TestHAR(t *testing.T) {
	t.Parallel()
	s := spec(t)
	j := empty(s, journal.Limits{Entries: 10, Bytes: 1 << 20, Body: 1000})
	j.Add(entry(s, "1"))
	j.Add(&journal.Entry{ID: "2", Method: http.MethodGet, Host: "h", Proto: "HTTP/1.1", URL: &url.URL{Path: "/"}, Spec: s}) // never answered
	text, err := json.Marshal(j.HAR(journal.Filter{}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), canary) {
		t.Errorf("it shows the secret: %s", text)
	}
	if err := harSchema(t).Validate(decoded(t, text)); err != nil {
		t.Errorf("%#v\n%s", err, text)
	}
	for _, part := range []string{`"startedDateTime":"2026-01-02T03:04:05.000000678Z"`, `"time":1.5`, `"url":"https://h:1/v2/p/data-connectors?limit=1\u0026password=***\u0026a=b%20c\u0026\u0026d"`,
		`"queryString":[{"name":"limit","value":"1"},{"name":"password","value":"***"},{"name":"a","value":"b c"},{"name":"d","value":""}]`,
		`"postData":{"mimeType":"application/json","params":[],"text":"{\"password\":\"***\"}"}`, `"encoding":"base64"`, `"redirectURL":"/x?***"`, `"statusText":"Found"`, `"httpVersion":"HTTP/2.0"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("it lacks %s: %s", part, text)
		}
	}
	broken := strings.Replace(string(text), `"startedDateTime"`, `"started"`, 1)
	if harSchema(t).Validate(decoded(t, []byte(broken))) == nil {
		t.Error("the schema finds nothing")
	}
}

func harSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/har.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	if err := compiler.AddResource("har.schema.json", bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("har.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func decoded(t *testing.T, text []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// A secret that is known by its name is shown nowhere, whatever stands there.
func TestExchangeShowsNoSecret(t *testing.T) {
	t.Parallel()
	s := spec(t)
	j := empty(s, journal.Limits{Entries: 10, Bytes: 1 << 20, Body: 1000})
	j.Add(entry(s, "1"))
	x := j.Exchanges(journal.Filter{})[0]
	text, err := json.Marshal(x)
	if err != nil || strings.Contains(string(text), canary) || strings.Contains(x.Response.Body, "Y0FuYVJ5") {
		t.Errorf("%v %s", err, text)
	}
	const want = `curl -sS -i -X POST 'https://h:1/v2/p/data-connectors?limit=1&password='"${SECRET_PASSWORD:?}"'&a=b%20c&&d'` +
		` -H 'Content-Type: application/json' -H 'X-Auth-Token: '"${SECRET_X_AUTH_TOKEN:?}" -H Accept: -H User-Agent: --data-raw '{"password":"'"${SECRET_PASSWORD:?}"'"}'`
	if x.Curl != want {
		t.Errorf("the curl line is\n%s, want\n%s", x.Curl, want)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	s := spec(t)
	size := func(l journal.Limits, body int) (entries int, bytes int64) {
		j := empty(s, l)
		for range 20 {
			e := entry(s, "1")
			e.Response.Body = make([]byte, body)
			j.Add(e)
		}
		if told := j.Query(journal.Filter{Limit: 1}); told.Last != 20 {
			t.Errorf("%d are counted", told.Last)
		}
		return j.Extent()
	}
	for _, tc := range []struct {
		reason      string
		limits      journal.Limits
		body        int
		least, most int
	}{
		{"by entries", journal.Limits{Entries: 3, Bytes: 1 << 20, Body: 1000}, 10, 3, 3},
		{"by bytes", journal.Limits{Entries: 100, Bytes: 100_000, Body: 10_000}, 10_000, 7, 9},
		{"bodies are cut first", journal.Limits{Entries: 100, Bytes: 100_000, Body: 10_000}, 1 << 20, 7, 9},
		{"never one that does not fit", journal.Limits{Entries: 100, Bytes: 5_000, Body: 10_000}, 10_000, 0, 0},
	} {
		if entries, bytes := size(tc.limits, tc.body); entries < tc.least || entries > tc.most || bytes > tc.limits.Bytes {
			t.Errorf("%s: %d entries of %d bytes", tc.reason, entries, bytes)
		}
	}
	j := empty(s, journal.Limits{Entries: 3, Bytes: 1 << 20, Body: 1000})
	j.Add(entry(s, "1"))
	j.Clear("another")
	if n, _ := j.Extent(); n != 1 {
		t.Error("what another project has is forgotten")
	}
	j.Clear("p")
	if n, bytes := j.Extent(); n != 0 || bytes != 0 {
		t.Errorf("%d entries of %d bytes are left", n, bytes)
	}
}

// Who waits gets what passes the filter, and nothing else ends it but the end of the journal.
func TestWait(t *testing.T) {
	t.Parallel()
	s := spec(t)
	j := empty(s, journal.Limits{Entries: 10, Bytes: 1 << 20, Body: 1000})
	found := make(chan control.Journal)
	go func() { found <- j.Wait(t.Context(), journal.Filter{Status: "201"}) }()
	j.Add(entry(s, "1"))
	e := entry(s, "2")
	e.Response.Status = http.StatusCreated
	j.Add(e)
	if told := <-found; len(told.Exchanges) != 1 || told.Exchanges[0].RequestID != "2" {
		t.Errorf("%+v", told)
	}
	go func() { found <- j.Wait(t.Context(), journal.Filter{Status: "500"}) }()
	j.Close()
	j.Close()
	if told := <-found; len(told.Exchanges) != 0 || told.Last != 2 {
		t.Errorf("%+v", told)
	}
}

// Not parallel: allocations are counted.
func TestAddAllocatesNothing(t *testing.T) {
	s := spec(t)
	j, e := empty(s, journal.Limits{Entries: 10, Bytes: 1 << 20, Body: 1000}), entry(s, "1")
	if allocations := testing.AllocsPerRun(100, func() { j.Add(e) }); allocations > 0 {
		t.Errorf("adding allocates %v times", allocations)
	}
}

// After another document has come, exchanges are told as they were.
func TestSettle(t *testing.T) {
	t.Parallel()
	old := spec(t)
	j := empty(old, journal.Limits{Entries: 10, Bytes: 1 << 20, Body: 1000})
	j.Add(entry(old, "1"))
	before := j.Query(journal.Filter{})
	j.Settle(old, spec(t))
	if after := j.Query(journal.Filter{Operation: "createDataConnector", Project: "p"}); !reflect.DeepEqual(after, before) {
		t.Errorf("%+v was %+v", after, before)
	}
}
