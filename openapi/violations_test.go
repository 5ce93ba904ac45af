package openapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// canary is the password of every request here. No violation may show it.
const canary = "Canary-9f3b-Pa55word"

const (
	hex32   = "ac66f1a5e8f443998ec62c8cb1aefda7"
	mysqlID = "3aa55f1cb4c3491686936130f21e9f16in01"
)

// brief gives the violations as "in name pointer keyword", parts that are empty left out.
func brief(vs openapi.Violations) []string {
	list := make([]string, 0, len(vs))
	for _, v := range vs {
		list = append(list, strings.Join(strings.Fields(fmt.Sprint(v.In, " ", v.Name, " ", v.Pointer, " ", v.Keyword)), " "))
	}
	return list
}

func wantBrief(t *testing.T, vs openapi.Violations, want []string) {
	t.Helper()
	if got := brief(vs); !slices.Equal(got, want) {
		t.Errorf("violations:\n got %q\nwant %q", got, want)
	}
	if shown := fmt.Sprintf("%+v %s", vs, vs); strings.Contains(shown, canary) {
		t.Errorf("the password is shown: %s", shown)
	}
}

// object writes members, given as key and raw JSON in turn, as they stand: keys may occur twice.
func object(members ...string) string {
	var parts []string
	for i := 0; i+1 < len(members); i += 2 {
		parts = append(parts, quote(members[i])+":"+members[i+1])
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// change replaces a member of the list, or drops it where raw is "".
func change(members []string, key, raw string) []string {
	var changed []string
	for i := 0; i+1 < len(members); i += 2 {
		switch {
		case members[i] != key:
			changed = append(changed, members[i], members[i+1])
		case raw != "":
			changed = append(changed, key, raw)
		}
	}
	return changed
}

var (
	soundInfo      = []string{"db_name", `"hivemeta"`, "user_name", `"root"`, "password", quote(canary), "rds_instance_id", quote(mysqlID)}
	soundConnector = []string{"connector_name", `"orders"`, "source_type", `"RDS_MYSQL"`, "source_info", quote(object(soundInfo...))}
)

// create is the body of a create request, one member changed.
func create(key, raw string) string {
	return object("data_connector", object(change(soundConnector, key, raw)...))
}

// withInfo is the body of a create request whose source_info holds the text.
func withInfo(text string) string { return create("source_info", quote(text)) }

// info is the body of a create request, one key inside source_info changed.
func info(key, raw string) string { return withInfo(object(change(soundInfo, key, raw)...)) }

func builtin(t testing.TB, overlays ...string) *openapi.Spec {
	t.Helper()
	spec, err := openapi.Default(overlays...)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func createRequest(body string) openapi.Request {
	return openapi.Request{
		Path:   map[string]string{"project_id": hex32},
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(body),
	}
}

const (
	connectorAt = "body /data_connector"
	infoAt      = "body /data_connector/source_info"
)

func TestCreateBody(t *testing.T) {
	name := func(text string) string { return create("connector_name", quote(text)) }
	badName := []string{connectorAt + "/connector_name pattern"}
	notJSON := []string{infoAt + " contentMediaType"}
	noBody := []string{"body required"}
	syntax := []string{"body syntax"}
	for _, row := range []struct {
		why, body string
		want      []string
	}{
		{"sound", create("", ""), nil},
		{"further keys are allowed everywhere", object("x", "1", "data_connector", object(append([]string{"y", "null"}, soundConnector...)...)), nil},
		{"white space around the document", " \r\n\t" + create("", "") + "\n", nil},

		{"empty body", "", noBody},
		{"white space only", "  \n", syntax},
		{"malformed", "{", syntax},
		{"truncated in the middle of the password", create("", "")[:150], syntax},
		{"trailing bytes", create("", "") + "x", syntax},
		{"a second document", create("", "") + create("", ""), syntax},
		{"trailing comma", `{"data_connector":{},}`, syntax},
		{"single quotes", strings.ReplaceAll(create("", ""), `"`, `'`), syntax},
		{"invalid UTF-8", strings.Replace(create("", ""), "orders", "ord\xff", 1), syntax},
		{"byte order mark", "\ufeff" + create("", ""), syntax},
		{"duplicate key at the top", object("data_connector", "{}", "data_connector", "{}"), syntax},
		{"duplicate key in the connector", object("data_connector", object(append([]string{"source_info", quote(canary)}, soundConnector...)...)), syntax},
		{"nested beyond the limit", strings.Repeat("[", 20_000), syntax},
		{"a number of 10,000 digits", object("data_connector", strings.Repeat("9", 10_000)), syntax},
		{"an exponent that would cost gigabytes", object("data_connector", "1e1000000000"), syntax},

		{"body null", "null", []string{"body type"}},
		{"body an array", "[]", []string{"body type"}},
		{"body a string", quote(create("", "")), []string{"body type"}},
		{"connector missing", "{}", []string{connectorAt + " required"}},
		{"connector null", object("data_connector", "null"), []string{connectorAt + " type"}},
		{"connector an array", object("data_connector", "[]"), []string{connectorAt + " type"}},
		{"connector empty: all three at once", object("data_connector", "{}"),
			[]string{connectorAt + "/connector_name required", infoAt + " required", connectorAt + "/source_type required"}},
		{"key in other letters is another key", object("data_connector", object(append([]string{"Connector_Name", `"a"`}, change(soundConnector, "connector_name", "")...)...)),
			[]string{connectorAt + "/connector_name required"}},

		{"name missing", create("connector_name", ""), []string{connectorAt + "/connector_name required"}},
		{"name a number", create("connector_name", "7"), []string{connectorAt + "/connector_name type"}},
		{"name null", create("connector_name", "null"), []string{connectorAt + "/connector_name type"}},
		{"name an object", create("connector_name", "{}"), []string{connectorAt + "/connector_name type"}},
		{"name of 0 characters", name(""), badName},
		{"name of 1 character", name("a"), nil},
		{"name of 64 characters", name(strings.Repeat("a", 64)), nil},
		{"name of 65 characters", name(strings.Repeat("a", 65)), badName},
		{"every kind of character that is allowed", name("aZ09_-"), nil},
		{"other letters", name("größe"), badName},
		{"a space", name("a b"), badName},
		{"a space at the end", name("a "), badName},
		{"a line feed at the end", name("a\n"), badName},
		{"a quote", name(`a"b`), badName},
		{"an apostrophe", name("a'b"), badName},
		{"a dot", name("a.b"), badName},
		{"NUL", name("a\x00"), badName},

		{"type missing: source_info cannot be judged", create("source_type", ""), []string{connectorAt + "/source_type required"}},
		{"type a number", create("source_type", "1"), []string{connectorAt + "/source_type type"}},
		{"type null", create("source_type", "null"), []string{connectorAt + "/source_type type"}},
		{"type empty", create("source_type", `""`), []string{connectorAt + "/source_type enum"}},
		{"type unknown", create("source_type", `"RDS_ORACLE"`), []string{connectorAt + "/source_type enum"}},
		{"type in other letters", create("source_type", `"rds_mysql"`), []string{connectorAt + "/source_type enum"}},

		{"source_info missing", create("source_info", ""), []string{infoAt + " required"}},
		{"source_info null", create("source_info", "null"), []string{infoAt + " type"}},
		{"source_info an object, not text", create("source_info", object(soundInfo...)), []string{infoAt + " type"}},
		{"source_info a number", create("source_info", "1"), []string{infoAt + " type"}},
		{"source_info empty", withInfo(""), notJSON},
		{"source_info not JSON", withInfo("password=" + canary), notJSON},
		{"source_info malformed", withInfo(`{"password":"` + canary + `"`), notJSON},
		{"source_info followed by bytes", withInfo(object(soundInfo...) + " " + canary), notJSON},
		{"duplicate key inside source_info", withInfo(object(append([]string{"password", quote(canary)}, soundInfo...)...)), notJSON},
		{"source_info nested beyond the limit", withInfo(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)), notJSON},
		{"source_info holds an array", withInfo("[" + quote(canary) + "]"), []string{infoAt + "# type"}},
		{"source_info holds a number", withInfo("1"), []string{infoAt + "# type"}},
		{"source_info holds null", withInfo("null"), []string{infoAt + "# type"}},
		{"source_info encoded twice", withInfo(quote(object(soundInfo...))), []string{infoAt + "# type"}},
		{"source_info of another type's connection", create("source_type", `"gaussdb-mysql"`), []string{infoAt + "#/rds_instance_id pattern"}},
		{"white space inside source_info", withInfo("\n" + object(soundInfo...) + "\n"), nil},
		{"further keys inside source_info", withInfo(object(append([]string{"ssl", "true"}, soundInfo...)...)), nil},
		{"source_info {}: all four at once", withInfo("{}"), []string{infoAt + "#/db_name required", infoAt + "#/password required",
			infoAt + "#/rds_instance_id required", infoAt + "#/user_name required"}},
		{"several things wrong, in a fixed order", object("data_connector", object("connector_name", `""`, "source_type", `"RDS_MYSQL"`,
			"source_info", quote(object("password", "7", "rds_instance_id", quote(canary))))),
			[]string{connectorAt + "/connector_name pattern", infoAt + "#/db_name required", infoAt + "#/password type",
				infoAt + "#/rds_instance_id pattern", infoAt + "#/user_name required"}},
		{"instance id of 35 characters", info("rds_instance_id", quote(mysqlID[1:])), []string{infoAt + "#/rds_instance_id pattern"}},
		{"instance id of 37 characters", info("rds_instance_id", quote(mysqlID+"a")), []string{infoAt + "#/rds_instance_id pattern"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			op := shared(t).Operation("createDataConnector")
			wantBrief(t, op.ValidateRequest(createRequest(row.body)), row.want)
		})
	}
}

// shared is the built-in document, compiled once for the whole test run.
var sharedSpec = sync.OnceValues(func() (*openapi.Spec, error) { return openapi.Default() })

func shared(t testing.TB) *openapi.Spec {
	t.Helper()
	spec, err := sharedSpec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// Each key inside source_info, of each type, in each way in which it can be wrong.
func TestSourceInfoKeys(t *testing.T) {
	op := shared(t).Operation("createDataConnector")
	empty := map[string]string{"db_name": "minLength", "user_name": "minLength", "password": "minLength", "rds_instance_id": "pattern"}
	for _, sourceType := range []string{"RDS_MYSQL", "RDS_POSTGRES", "gaussdb-mysql"} {
		for key, emptyKeyword := range empty {
			for raw, keyword := range map[string]string{"": "required", `""`: emptyKeyword, "null": "type", "7": "type", "[]": "type", "{}": "type"} {
				t.Run(sourceType+"/"+key+"="+raw, func(t *testing.T) {
					members := change(soundInfo, "rds_instance_id", quote(hex32+"in07"))
					text := object(change(members, key, raw)...)
					body := object("data_connector", object("connector_name", `"a"`, "source_type", quote(sourceType), "source_info", quote(text)))
					wantBrief(t, op.ValidateRequest(createRequest(body)), []string{infoAt + "#/" + key + " " + keyword})
				})
			}
		}
	}
}

func TestUpdateJudgesTheSameBody(t *testing.T) {
	op := shared(t).Operation("updateDataConnector")
	r := createRequest(info("password", `""`))
	r.Path["connector_id"] = "a b"
	wantBrief(t, op.ValidateRequest(r), []string{infoAt + "#/password minLength", "path connector_id pattern"})
}

func TestProjectID(t *testing.T) {
	bad := []string{"path project_id pattern"}
	for _, row := range []struct {
		why, id string
		want    []string
	}{
		{"0 characters", "", bad},
		{"1 character", "a", nil},
		{"64 characters", strings.Repeat("a", 64), nil},
		{"65 characters", strings.Repeat("a", 65), bad},
		{"a hyphen", "ac66f1a5-e8f4-4399-8ec6-2c8cb1aefda7", bad},
		{"another letter", "ä", bad},
		{"a slash that was encoded", "a/b", bad},
	} {
		t.Run(row.why, func(t *testing.T) {
			r := createRequest(create("", ""))
			r.Path["project_id"] = row.id
			wantBrief(t, shared(t).Operation("createDataConnector").ValidateRequest(r), row.want)
		})
	}
	r := createRequest(create("", ""))
	r.Path = nil
	wantBrief(t, shared(t).Operation("createDataConnector").ValidateRequest(r), []string{"path project_id required"})
}

func TestMediaTypes(t *testing.T) {
	bad := []string{"header Content-Type content"}
	for _, row := range []struct {
		why  string
		sent []string
		want []string
	}{
		{"with a charset", []string{"application/json; charset=utf-8"}, nil},
		{"letters have no case", []string{"Application/JSON"}, nil},
		{"XML", []string{"application/xml"}, bad},
		{"a form", []string{"application/x-www-form-urlencoded"}, bad},
		{"text", []string{"text/plain"}, bad},
		{"JSON's relatives are others", []string{"application/problem+json"}, bad},
		{"none", nil, bad},
		{"empty", []string{""}, bad},
		{"malformed", []string{"application"}, bad},
		{"a wildcard", []string{"*/*"}, bad},
	} {
		t.Run(row.why, func(t *testing.T) {
			r := createRequest(create("", ""))
			r.Header = http.Header{"Content-Type": row.sent}
			wantBrief(t, shared(t).Operation("createDataConnector").ValidateRequest(r), row.want)
		})
	}
}

func TestListQuery(t *testing.T) {
	for _, row := range []struct {
		why, query string
		want       []string
	}{
		{"nothing", "", nil},
		{"everything", "connector_id=a-b_1&source_type=RDS_MYSQL&connector_name=x&limit=1&offset=0&available=true", nil},
		{"a parameter that is not described", "id=7", nil},
		{"limit below", "limit=0", []string{"query limit minimum"}},
		{"limit at its least", "limit=1", nil},
		{"limit at its most", "limit=1000", nil},
		{"limit above", "limit=1001", []string{"query limit maximum"}},
		{"limit negative", "limit=-1", []string{"query limit minimum"}},
		{"limit not a number", "limit=x", []string{"query limit type"}},
		{"limit empty", "limit=", []string{"query limit type"}},
		{"limit a fraction", "limit=1.5", []string{"query limit type"}},
		{"limit with a space", "limit=+1", []string{"query limit type"}},
		{"limit in hexadecimal", "limit=0x1", []string{"query limit type"}},
		{"limit beyond int32", "limit=4294967297", []string{"query limit format", "query limit maximum"}},
		{"limit of 10,000 digits", "limit=" + strings.Repeat("9", 10_000), []string{"query limit type"}},
		{"offset negative", "offset=-1", []string{"query offset minimum"}},
		{"offset beyond int32", "offset=2147483648", []string{"query offset format"}},
		{"available not a boolean", "available=yes", []string{"query available type"}},
		{"source_type unknown", "source_type=x", []string{"query source_type enum"}},
		{"connector_id empty", "connector_id=", []string{"query connector_id pattern"}},
		{"all that is wrong at once, in a fixed order", "offset=-1&limit=0&source_type=x",
			[]string{"query limit minimum", "query offset minimum", "query source_type enum"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			query, err := url.ParseQuery(row.query)
			if err != nil {
				t.Fatal(err)
			}
			r := openapi.Request{Path: map[string]string{"project_id": hex32}, Query: query}
			wantBrief(t, shared(t).Operation("listDataConnectors").ValidateRequest(r), row.want)
		})
	}
}

// item is a listed connection whose source_info holds the text.
func item(info string, more ...string) string {
	return object(append([]string{"connector_id", `"c1"`, "connector_name", `"a"`, "source_type", `"RDS_MYSQL"`, "source_info", quote(info)}, more...)...)
}

func list(items ...string) string {
	return object("total_count", fmt.Sprint(len(items)), "data_connectors", "["+strings.Join(items, ",")+"]")
}

func TestResponses(t *testing.T) {
	shown := object(change(soundInfo, "password", "")...)
	id := http.Header{"X-Request-Id": {"r1"}, "Content-Type": {"application/json"}}
	refusal := object("error_code", `"MRS.0010"`, "error_msg", `"m"`)
	for _, row := range []struct {
		why, operation string
		status         int
		header         http.Header
		body           string
		want           []string
	}{
		{"created", "createDataConnector", 201, id, object("connector_id", quote(hex32)), nil},
		{"further fields and headers are allowed", "createDataConnector", 201, http.Header{"X-Request-Id": {"r"}, "X-More": {"1"},
			"Content-Type": {"application/json;charset=utf-8"}}, object("connector_id", quote(hex32), "more", "[]"), nil},
		{"status not described", "createDataConnector", 200, id, object("connector_id", quote(hex32)), []string{"status 200 responses"}},
		{"a redirect is not described either", "createDataConnector", 301, id, "", []string{"status 301 responses"}},
		{"a teapot", "createDataConnector", 418, id, refusal, []string{"status 418 responses"}},
		{"header missing", "createDataConnector", 201, http.Header{"Content-Type": {"application/json"}}, object("connector_id", quote(hex32)),
			[]string{"header X-Request-Id required"}},
		{"header empty", "createDataConnector", 201, http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {""}}, object("connector_id", quote(hex32)),
			[]string{"header X-Request-Id minLength"}},
		{"header not a number", "createDataConnector", 429, http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r"}, "Retry-After": {"soon"}},
			object("error_code", `"c"`, "error_msg", `"m"`, "request_id", `"r"`), []string{"header Retry-After type"}},
		{"wrong media type", "createDataConnector", 201, http.Header{"Content-Type": {"text/html"}, "X-Request-Id": {"r"}}, object("connector_id", quote(hex32)),
			[]string{"header Content-Type content"}},
		{"no body", "createDataConnector", 201, id, "", []string{"body required"}},
		{"body not JSON", "createDataConnector", 201, id, "<html>", []string{"body syntax"}},
		{"trailing bytes", "createDataConnector", 201, id, object("connector_id", quote(hex32)) + "{}", []string{"body syntax"}},
		{"duplicate key", "createDataConnector", 201, id, object("connector_id", quote(hex32), "connector_id", quote(hex32)), []string{"body syntax"}},
		{"id in upper case", "createDataConnector", 201, id, object("connector_id", quote(strings.ToUpper(hex32))), []string{"body /connector_id pattern"}},
		{"refusal", "createDataConnector", 400, id, refusal, nil},
		{"refusal without words", "createDataConnector", 400, id, object("error_code", `""`), []string{"body /error_code minLength", "body /error_msg required"}},
		{"the gateway's refusal names the request", "createDataConnector", 404, id, refusal, []string{"body /request_id required"}},

		{"deleted", "deleteDataConnector", 204, http.Header{"X-Request-Id": {"r1"}}, "", nil},
		{"a body on 204", "deleteDataConnector", 204, id, "{}", []string{"body content"}},

		{"listed", "listDataConnectors", 200, id, list(item(shown)), nil},
		{"listed with further fields", "listDataConnectors", 200, id, list(item(shown, "zone", `"x"`), item(object(append(change(soundInfo, "password", ""), "ssl", "1")...))), nil},
		{"empty list", "listDataConnectors", 200, id, list(), nil},
		{"list null", "listDataConnectors", 200, id, object("total_count", "0", "data_connectors", "null"), []string{"body /data_connectors type"}},
		{"total beyond int32", "listDataConnectors", 200, id, object("total_count", "2147483648", "data_connectors", "[]"), []string{"body /total_count format"}},
		{"time beyond int64", "listDataConnectors", 200, id, list(item(shown, "create_time", "9223372036854775808")), []string{"body /data_connectors/0/create_time format"}},
		{"password given back inside source_info", "listDataConnectors", 200, id, list(item(object(soundInfo...))),
			[]string{"body /data_connectors/0/source_info#/password writeOnly"}},
		{"embedded JSON wrong in item 2 only", "listDataConnectors", 200, id, list(item(shown), item(shown), item("{"+canary)),
			[]string{"body /data_connectors/2/source_info contentMediaType"}},
		{"embedded key wrong in item 2 only", "listDataConnectors", 200, id, list(item(shown), item(shown), item(object(change(change(soundInfo, "password", ""), "db_name", "1")...))),
			[]string{"body /data_connectors/2/source_info#/db_name type"}},
		{"embedded JSON followed by bytes", "listDataConnectors", 200, id, list(item(shown + "{}")), []string{"body /data_connectors/0/source_info contentMediaType"}},
		{"embedded JSON with a duplicate key", "listDataConnectors", 200, id, list(item(object(append([]string{"db_name", `"x"`}, change(soundInfo, "password", "")...)...))),
			[]string{"body /data_connectors/0/source_info contentMediaType"}},
		{"source_info an object", "listDataConnectors", 200, id, list(object(change([]string{"connector_id", `"c1"`, "connector_name", `"a"`,
			"source_type", `"RDS_MYSQL"`, "source_info", "{}"}, "", "")...)), []string{"body /data_connectors/0/source_info type"}},

		{"updated", "updateDataConnector", 200, id, object("result", `"succeeded"`), nil},
		{"the vendor's example contradicts its table", "updateDataConnector", 200, id, object("result", `"succeed"`), []string{"body /result enum"}},
	} {
		t.Run(row.operation+"/"+row.why, func(t *testing.T) {
			r := openapi.Response{Status: row.status, Header: row.header, Body: []byte(row.body)}
			wantBrief(t, shared(t).Operation(row.operation).ValidateResponse(r), row.want)
		})
	}
}

// A violation leads to its rule: file, line and pointer name the keyword, and the words say what it asks for.
func TestRuleOfAViolation(t *testing.T) {
	op := shared(t).Operation("createDataConnector")
	for _, row := range []struct{ why, body, document, pointer, words string }{
		{"in the document", create("connector_name", `""`), "api.yaml", "/components/schemas/DataConnector/allOf/0/properties/connector_name/pattern",
			"body /data_connector/connector_name: must match ^[A-Za-z0-9_-]{1,64}$"},
		{"required names the property", create("source_type", ""), "api.yaml", "/components/schemas/DataConnector/allOf/0/required",
			"body /data_connector/source_type: is required"},
		{"in a file of its own", info("password", `""`), "source_info/RDS_MYSQL.schema.json", "/properties/password/minLength",
			"body /data_connector/source_info#/password: must have at least 1 character"},
		{"text that holds no JSON", withInfo(canary), "api.yaml", "/components/schemas/SourceInfoByType/allOf/0/then/properties/source_info/contentMediaType",
			"body /data_connector/source_info: must be a string that holds application/json (it is not valid JSON: unexpected character at byte 1)"},
	} {
		t.Run(row.why, func(t *testing.T) {
			vs := op.ValidateRequest(createRequest(row.body))
			if len(vs) != 1 {
				t.Fatalf("want one violation, got %s", vs)
			}
			if r := vs[0].Rule; r.Document != row.document || r.Pointer != row.pointer || r.Line < 2 {
				t.Errorf("rule %s", r)
			}
			if vs[0].String() != row.words {
				t.Errorf("words %q", vs[0])
			}
		})
	}
}

// The validators walk maps; what they report must not depend on it.
func TestViolationsAreDeterministic(t *testing.T) {
	op := shared(t).Operation("createDataConnector")
	r := createRequest(object("data_connector", object("connector_name", "1", "source_type", `"RDS_MYSQL"`, "source_info", `"{\"password\":1}"`)))
	first := op.ValidateRequest(r)
	if len(first) != 5 {
		t.Fatalf("want five violations, got %s", first)
	}
	for range 200 {
		if vs := op.ValidateRequest(r); !reflect.DeepEqual(vs, first) {
			t.Fatalf("another time:\n%s\nfirst:\n%s", vs, first)
		}
	}
}

// A fresh document, compiled at first use from twenty goroutines at once.
func TestValidateConcurrently(t *testing.T) {
	spec := builtin(t)
	want := shared(t).Operation("createDataConnector").ValidateRequest(createRequest(withInfo("{}")))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			op, _, err := spec.Find("POST", "/v2/"+hex32+"/data-connectors")
			if err != nil {
				t.Error(err)
				return
			}
			if vs := op.ValidateRequest(createRequest(withInfo("{}"))); !reflect.DeepEqual(vs, want) {
				t.Errorf("got %s", vs)
			}
			op.ValidateResponse(openapi.Response{Status: 201})
		})
	}
	wg.Wait()
}
