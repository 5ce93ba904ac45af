package mockserver_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/journal"
	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/openapi/signature"
)

const (
	ownProject   = "ac66f1a5e8f443998ec62c8cb1aefda7"
	otherProject = "0123456789abcdef0123456789abcdef"
)

func someCredentials() *mockserver.Credentials {
	return &mockserver.Credentials{
		Projects: []mockserver.Project{{ID: ownProject, Name: "ap-southeast-1"}, {ID: otherProject, Name: "eu-west-101"}},
		Users:    []mockserver.User{{Name: "alice", Password: "alice-password"}, {Name: "bob", Password: "bob-password", Projects: []string{"ap-southeast-1"}}},
		Tokens: []mockserver.Token{{Token: "token-of-all"}, {Token: "token-of-bob", User: "bob"},
			{Token: "token-of-2026", Expires: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
		Keys: []mockserver.AccessKey{{Access: "AKALL", Secret: "secret-of-all"}, {Access: "AKOWN", Secret: "secret-of-own", Projects: []string{ownProject}}},
	}
}

// guarded is a mock that asks for credentials.
type guarded struct {
	*mockserver.Server

	t     *testing.T
	clock *clock
	log   *bytes.Buffer
}

func guard(t *testing.T, o mockserver.Options) *guarded {
	t.Helper()
	g := &guarded{t: t, clock: &clock{now: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}}
	o.Now, o.Log, o.Seed = g.clock.Now, slog.New(slog.NewTextHandler(g.log, nil)), 1
	if o.Auth == nil {
		o.Auth = someCredentials()
	}
	server, err := mockserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	g.Server = server
	return g
}

func (g *guarded) request(method, path, body string) *http.Request {
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(g.t.Context(), method, path, from)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (g *guarded) list(project string) *http.Request {
	return g.request(http.MethodGet, "/v2/"+project+"/data-connectors", "")
}

func (g *guarded) sign(r *http.Request, key signature.Key) *http.Request {
	key.Now = g.clock.Now
	if err := key.Sign(g.t.Context(), r); err != nil {
		g.t.Fatal(err)
	}
	return r
}

func (g *guarded) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func (g *guarded) want(r *http.Request, status int, message string) *httptest.ResponseRecorder {
	g.t.Helper()
	w := g.send(r)
	var said struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
		ID      string `json:"request_id"`
	}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
			g.t.Fatalf("%v: %s", err, w.Body)
		}
	}
	if w.Code != status || said.Message != message {
		g.t.Errorf("answered %d %q, not %d %q", w.Code, said.Message, status, message)
	}
	if code := map[int]string{401: "APIGW.0301", 403: "APIGW.0302"}[status]; code != "" && (said.Code != code || said.ID != w.Header().Get("X-Request-Id") || said.ID == "") {
		g.t.Errorf("the code is %q, not %q, or the request id %q not that of the header, %q", said.Code, code, said.ID, w.Header().Get("X-Request-Id"))
	}
	return w
}

var (
	keyOfAll = signature.Key{Access: "AKALL", Secret: "secret-of-all"}
	keyOfOwn = signature.Key{Access: "AKOWN", Secret: "secret-of-own"}
)

const incorrect = "Incorrect IAM authentication information: "

func withToken(r *http.Request, tokens ...string) *http.Request {
	r.Header["X-Auth-Token"] = tokens
	return r
}

func changed(r *http.Request, change func(*http.Request)) *http.Request {
	change(r)
	return r
}

const wholeConnector = `{"data_connector":{"connector_name":"hive","source_type":"RDS_MYSQL","source_info":` +
	`"{\"db_name\":\"d\",\"user_name\":\"u\",\"password\":\"p\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\"}"}}`

func TestAuthentication(t *testing.T) {
	g := guard(t, mockserver.Options{})
	const noSecret = "3aa55f1cb4c3491686936130f21e9f16in01"
	for _, row := range []struct {
		why     string
		request func() *http.Request
		status  int
		message string
	}{
		{"a token", func() *http.Request { return withToken(g.list(ownProject), "token-of-all") }, 200, ""},
		{"a signature", func() *http.Request { return g.sign(g.list(ownProject), keyOfAll) }, 200, ""},
		{"a signed query", func() *http.Request {
			return g.sign(g.request(http.MethodGet, "/v2/"+ownProject+"/data-connectors?limit=1&connector_name", ""), keyOfAll)
		}, 200, ""},
		{"a signed body", func() *http.Request {
			return g.sign(g.request(http.MethodPost, "/v2/"+ownProject+"/data-connectors", wholeConnector+"\n"), keyOfAll)
		}, 201, ""},
		{"a signature, and a token that is nobody's", func() *http.Request {
			return g.sign(withToken(g.list(ownProject), "nobody's"), keyOfAll)
		}, 200, ""},
		{"nothing", func() *http.Request { return g.list(ownProject) }, 401, incorrect + "x-auth-token not found"},
		{"nothing, and a request that breaks the document", func() *http.Request {
			return g.request(http.MethodPost, "/v2/"+ownProject+"/data-connectors", "{}")
		}, 401, incorrect + "x-auth-token not found"},
		{"another way", func() *http.Request {
			return changed(g.list(ownProject), func(r *http.Request) { r.SetBasicAuth("alice", "alice-password") })
		}, 401, incorrect + "x-auth-token not found"},
		{"a token that is nobody's", func() *http.Request { return withToken(g.list(ownProject), "nobody's") }, 401, incorrect + "decrypt token fail"},
		{"an empty token", func() *http.Request { return withToken(g.list(ownProject), "") }, 401, incorrect + "decrypt token fail"},
		{"two tokens", func() *http.Request { return withToken(g.list(ownProject), "token-of-all", "nobody's") }, 401, incorrect + "decrypt token fail"},
		{"an unknown key", func() *http.Request { return g.sign(g.list(ownProject), signature.Key{Access: "NOBODY", Secret: "x"}) }, 401, incorrect + "ak NOBODY not exist"},
		{"what is no signature", func() *http.Request {
			return changed(g.list(ownProject), func(r *http.Request) { r.Header.Set("Authorization", "SDK-HMAC-SHA256 Access=AKALL") })
		}, 401, incorrect + "verify aksk signature fail"},
		{"the date not signed", func() *http.Request {
			return changed(g.sign(g.list(ownProject), keyOfAll), func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), ";x-sdk-date", "", 1))
			})
		}, 401, incorrect + "verify aksk signature fail"},
		{"two signatures", func() *http.Request {
			return changed(g.sign(g.list(ownProject), keyOfAll), func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) })
		}, 401, incorrect + "verify aksk signature fail"},
		{"two dates", func() *http.Request {
			return changed(g.sign(g.list(ownProject), keyOfAll), func(r *http.Request) { r.Header.Add("X-Sdk-Date", r.Header.Get("X-Sdk-Date")) })
		}, 401, incorrect + "signature expired, signature time:20250601T120000Z,server time:20250601T120000Z"},
		{"no date", func() *http.Request {
			return changed(g.sign(g.list(ownProject), keyOfAll), func(r *http.Request) { r.Header.Del("X-Sdk-Date") })
		}, 401, incorrect + "signature expired, signature time:,server time:20250601T120000Z"},
		{"a security token with a key that has none", func() *http.Request {
			return g.sign(g.list(ownProject), signature.Key{Access: "AKALL", Secret: "secret-of-all", SecurityToken: "x"})
		}, 401, incorrect + "decrypt token fail"},
		{"a token of another project", func() *http.Request { return withToken(g.list(otherProject), "token-of-bob") }, 403, "The IAM user is not authorized to access the API."},
		{"a token of the project of its user", func() *http.Request { return withToken(g.list(ownProject), "token-of-bob") }, 200, ""},
		{"a key of another project", func() *http.Request { return g.sign(g.list(otherProject), keyOfOwn) }, 403, "The IAM user is not authorized to access the API."},
		{"a key of the project", func() *http.Request { return g.sign(g.list(ownProject), keyOfOwn) }, 200, ""},
		{"a path that nobody has", func() *http.Request { return g.request(http.MethodGet, "/nothing", "") }, 404, "The API does not exist or has not been published in the environment."},
	} {
		t.Run(row.why, func(t *testing.T) {
			g.t = t
			w := g.want(row.request(), row.status, row.message)
			if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") == "ApiKey in=header, SDK-HMAC-SHA256") {
				t.Errorf("WWW-Authenticate: %q", w.Header().Get("WWW-Authenticate"))
			}
		})
	}
	if strings.Contains(g.log.String(), noSecret) {
		t.Error("the log has the body")
	}
}

// What the signature covers may not change on the way; the answer tells what the server has worked out.
func TestSignedRequestsThatWereAltered(t *testing.T) {
	path := "/v2/" + ownProject + "/data-connectors"
	for _, row := range []struct {
		why   string
		alter func(r *http.Request)
	}{
		{"method", func(r *http.Request) { r.Method = http.MethodGet }},
		{"query", func(r *http.Request) { r.URL.RawQuery = "limit=1" }},
		{"path", func(r *http.Request) { r.URL.Path = "/v2/" + otherProject + "/data-connectors" }},
		{"body", func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(wholeConnector, "hive", "here", 1)))
		}},
		{"header", func(r *http.Request) { r.Header.Set("X-Project-Id", otherProject) }},
		{"header sent twice", func(r *http.Request) { r.Header.Add("X-Project-Id", otherProject) }},
		{"host", func(r *http.Request) { r.Host = "elsewhere" }},
		{"date", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "20250601T120001Z") }},
		{"list of headers", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "x-project-id;", "", 1))
		}},
		{"body said to be unsigned", func(r *http.Request) { r.Header.Set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD") }},
	} {
		t.Run(row.why, func(t *testing.T) {
			g := guard(t, mockserver.Options{})
			r := g.request(http.MethodPost, path, wholeConnector)
			r.Header.Set("X-Project-Id", ownProject)
			g.sign(r, keyOfAll)
			row.alter(r)
			w := g.send(r)
			if w.Code != 401 || !strings.Contains(w.Body.String(), "verify aksk signature fail, canonicalRequest:"+r.Method+"|"+r.URL.Path+"/|") {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
		})
	}
}

// Names of headers may have any case, and headers that are not signed any value.
func TestSignedRequestsThatLookUnusual(t *testing.T) {
	g := guard(t, mockserver.Options{})
	r := g.sign(g.list(ownProject), keyOfAll)
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "host;x-sdk-date", "Host;X-Sdk-Date", 1))
	r.Header.Set("X-Domain-Id", "added after signing")
	g.want(r, 200, "")
}

func TestWindowOfSigning(t *testing.T) {
	for _, row := range []struct {
		off    time.Duration
		status int
	}{
		{0, 200}, {15 * time.Minute, 200}, {-15 * time.Minute, 200}, {15*time.Minute + time.Second, 401}, {-15*time.Minute - time.Second, 401},
	} {
		g := guard(t, mockserver.Options{})
		r := g.sign(g.list(ownProject), keyOfAll)
		g.clock.advance(row.off)
		if w := g.send(r); w.Code != row.status {
			t.Errorf("%v after signing: %d %s", row.off, w.Code, w.Body)
		}
	}
}

func TestTokenThatExpires(t *testing.T) {
	g := guard(t, mockserver.Options{})
	until := someCredentials().Tokens[2].Expires
	g.clock.advance(until.Sub(g.clock.Now()) - time.Nanosecond)
	g.want(withToken(g.list(ownProject), "token-of-2026"), 200, "")
	g.clock.advance(time.Nanosecond)
	g.want(withToken(g.list(ownProject), "token-of-2026"), 401, incorrect+"token expires, expires_at: 2026-01-01T00:00:00.000000Z")
}

func TestKeyIsLocked(t *testing.T) {
	g := guard(t, mockserver.Options{})
	wrong := signature.Key{Access: "AKALL", Secret: "wrong"}
	fail := func(times int) {
		for range times {
			if w := g.send(g.sign(g.list(ownProject), wrong)); !strings.Contains(w.Body.String(), "verify aksk signature fail") {
				t.Fatalf("answered %s", w.Body)
			}
		}
	}
	fail(5)
	g.want(g.sign(g.list(ownProject), keyOfAll), 200, "") // five are not too many, and what is right begins anew
	fail(6)
	const locked = incorrect + "AK access failed to reach the limit,forbidden"
	g.want(g.sign(g.list(ownProject), keyOfAll), 401, locked)
	g.want(g.sign(g.list(ownProject), keyOfOwn), 200, "") // another key is not
	if err := g.SetCredentials(someCredentials()); err != nil {
		t.Fatal(err)
	}
	g.clock.advance(5*time.Minute - time.Second)
	g.want(g.sign(g.list(ownProject), keyOfAll), 401, locked)
	g.clock.advance(time.Second)
	g.want(g.sign(g.list(ownProject), keyOfAll), 200, "")
	fail(5)
	g.want(g.sign(g.list(ownProject), keyOfAll), 200, "")
}

// The vendor's own vectors, sent to a server.
func TestGoldenSignatures(t *testing.T) {
	spec := loadText(t, `openapi: 3.1.0
info: {title: golden, version: '1'}
security: [{signed: []}]
components: {securitySchemes: {signed: {type: apiKey, in: header, name: Authorization, x-counterpart: {signed: SDK-HMAC-SHA256}}}}
paths:
  /v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs: {get: {responses: {'204': {description: ok}}}}
  /path:
    get: {responses: {'204': {description: ok}}}
    post: {requestBody: {content: {application/json: {}}}, responses: {'204': {description: ok}}}
`)
	keys := []mockserver.AccessKey{{Access: "QTWAOYTTINDUT2QVKYUC", Secret: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"}, {Access: "AccessKey", Secret: "SecretKey"}}
	for _, row := range []struct{ why, method, target, host, date, access, signed, signature, body string }{
		{"the guide's", http.MethodGet, "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0", "service.region.example.com",
			"20191115T033655Z", "QTWAOYTTINDUT2QVKYUC", "content-type;host;x-sdk-date", "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe", ""},
		{"the SDK's, without a body", http.MethodGet, "/path?limit=1", "h", "20060102T150405Z", "AccessKey", "x-sdk-date", "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624", ""},
		{"the SDK's, with a body", http.MethodPost, "/path?key=value", "h", "20060102T150405Z", "AccessKey", "x-sdk-date", "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59", `{"Name":"test","Id":1}` + "\n"},
	} {
		t.Run(row.why, func(t *testing.T) {
			g := guard(t, mockserver.Options{Spec: spec, Auth: &mockserver.Credentials{Keys: keys}})
			date, err := time.Parse("20060102T150405Z", row.date)
			if err != nil {
				t.Fatal(err)
			}
			g.clock.advance(date.Sub(g.clock.Now()))
			for _, last := range []string{row.signature[63:], "x"} {
				r := g.request(row.method, row.target, row.body)
				r.Host = row.host
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Sdk-Date", row.date)
				r.Header.Set("Authorization", fmt.Sprintf("SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s", row.access, row.signed, row.signature[:63]+last))
				if w := g.send(r); (w.Code == http.StatusNoContent) != (last != "x") {
					t.Errorf("with …%s answered %d %s", last, w.Code, w.Body)
				}
			}
		})
	}
}

func loadText(t *testing.T, document string) *openapi.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "document.yaml")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// Every kind of security scheme, in a document that knows nothing of the gateway.
func TestAuthenticationOfAnyDocument(t *testing.T) {
	spec := loadText(t, `openapi: 3.1.0
info: {title: any, version: '1'}
security: [{header: []}]
components:
  securitySchemes:
    header: {type: apiKey, in: header, name: X-Key}
    query: {type: apiKey, in: query, name: key}
    cookie: {type: apiKey, in: cookie, name: session}
    bearer: {type: http, scheme: Bearer}
    basic: {type: http, scheme: basic}
    digest: {type: http, scheme: digest}
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://x.test/token', scopes: {}}}}
    oidc: {type: openIdConnect, openIdConnectUrl: 'https://x.test'}
    certificate: {type: mutualTLS}
    signed: {type: apiKey, in: header, name: Authorization, x-counterpart: {signed: SDK-HMAC-SHA256}}
x-counterpart: {project: tenant}
paths:
  /header: {get: {responses: {'204': {description: ok}}}}
  /query: {get: {security: [{query: []}], responses: {'204': {description: ok}}}}
  /cookie: {get: {security: [{cookie: []}], responses: {'204': {description: ok}}}}
  /bearer: {get: {security: [{bearer: []}], responses: {'204': {description: ok}}}}
  /basic: {get: {security: [{basic: []}], responses: {'204': {description: ok}}}}
  /digest: {get: {security: [{digest: []}], responses: {'204': {description: ok}}}}
  /oauth: {get: {security: [{oauth: []}], responses: {'204': {description: ok}}}}
  /oidc: {get: {security: [{oidc: []}], responses: {'204': {description: ok}}}}
  /certificate: {get: {security: [{certificate: []}], responses: {'204': {description: ok}}}}
  /both: {get: {security: [{header: [], basic: []}], responses: {'204': {description: ok}}}}
  /either: {get: {security: [{query: []}, {basic: []}], responses: {'204': {description: ok}}}}
  /optional: {get: {security: [{header: []}, {}], responses: {'204': {description: ok}}}}
  /open: {get: {security: [], responses: {'204': {description: ok}}}}
  /of/{tenant}: {get: {security: [{header: [], basic: []}], parameters: [{name: tenant, in: path, required: true, schema: {type: string}}], responses: {'204': {description: ok}}}}
`)
	g := guard(t, mockserver.Options{Spec: spec})
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	basic := func(name, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(name, password) }
	}
	both := func(changes ...func(*http.Request)) func(*http.Request) {
		return func(r *http.Request) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	for _, row := range []struct {
		target  string
		change  func(*http.Request)
		status  int
		message string
	}{
		{"/header", header("X-Key", "token-of-all"), 204, ""},
		{"/header", header("X-Key", "nobody's"), 401, "header X-Key: is not known"},
		{"/header", header("X-Other", "token-of-all"), 401, "header X-Key: credentials are missing"},
		{"/query?key=token-of-all", both(), 204, ""},
		{"/query?key=nobody", both(), 401, "query key: is not known"},
		{"/query", both(), 401, "query key: credentials are missing"},
		{"/cookie", header("Cookie", "a=b; session=token-of-all"), 204, ""},
		{"/cookie", header("Cookie", "session=nobody"), 401, "cookie session: is not known"},
		{"/bearer", header("Authorization", "Bearer token-of-all"), 204, ""},
		{"/bearer", header("Authorization", "bearer token-of-all"), 204, ""},
		{"/bearer", header("Authorization", "Basic token-of-all"), 401, "header Authorization: credentials are missing"},
		{"/oauth", header("Authorization", "Bearer token-of-all"), 204, ""},
		{"/oidc", header("Authorization", "Bearer token-of-all"), 204, ""},
		{"/oidc", header("Authorization", "Bearer nobody"), 401, "header Authorization: is not known"},
		{"/basic", basic("alice", "alice-password"), 204, ""},
		{"/basic", basic("alice", "bob-password"), 401, "header Authorization: is not known"},
		{"/basic", basic("nobody", ""), 401, "header Authorization: is not known"},
		{"/basic", both(), 401, "header Authorization: credentials are missing"},
		{"/digest", header("Authorization", "Digest token-of-all"), 401, "header Authorization: credentials are missing"},
		{"/certificate", both(), 401, "header Authorization: credentials are missing"},
		{"/both", header("X-Key", "token-of-all"), 401, "header Authorization: credentials are missing"},
		{"/both", both(header("X-Key", "token-of-all"), basic("alice", "alice-password")), 204, ""},
		{"/either", basic("alice", "alice-password"), 204, ""},
		{"/either", basic("alice", "wrong"), 401, "header Authorization: is not known"},
		{"/optional", both(), 204, ""},
		{"/open", both(), 204, ""},
		{"/of/" + ownProject, both(header("X-Key", "token-of-all"), basic("bob", "bob-password")), 204, ""},
		{"/of/" + otherProject, both(header("X-Key", "token-of-all"), basic("bob", "bob-password")), 403, "The sender may not do that."},
	} {
		r := g.request(http.MethodGet, row.target, "")
		row.change(r)
		w := g.send(r)
		var said struct{ Message string }
		_ = json.Unmarshal(w.Body.Bytes(), &said) // a 204 has none
		if w.Code != row.status || said.Message != row.message {
			t.Errorf("%s: answered %d %q, not %d %q", row.target, w.Code, said.Message, row.status, row.message)
		}
		if w.Code == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", row.target)
		}
	}
}

// Nothing secret leaves by the log, the journal or an answer.
func TestSecretsStayInside(t *testing.T) {
	g := guard(t, mockserver.Options{})
	key, issued := g.temporaryKey("token-of-all", 3600), g.tokenFor(passwordOf("alice", "alice-password", ""))
	requests := []*http.Request{
		g.list(ownProject), withToken(g.list(ownProject), "token-of-all"), withToken(g.list(otherProject), "token-of-bob"),
		g.sign(g.list(ownProject), keyOfAll), g.sign(g.list(ownProject), signature.Key{Access: "AKALL", Secret: "a-wrong-secret"}),
		withToken(g.list(ownProject), issued),
		g.request(http.MethodPost, "/v3/auth/tokens", `{"auth":{"identity":{"methods":["token"],"token":{"id":"`+issued+`"}}}}`),
		g.sign(g.list(ownProject), key), g.sign(g.list(ownProject), signature.Key{Access: key.Access, Secret: "a-wrong-secret", SecurityToken: key.SecurityToken}),
		g.request(http.MethodPost, "/v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","password":"a-wrong-secret"}}}}}`),
		g.request(http.MethodPost, "/v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","password":"alice-password"}}}}}`),
	}
	var said strings.Builder
	for _, r := range requests {
		said.WriteString(g.send(r).Body.String())
	}
	fmt.Fprint(&said, g.log.String())
	told, err := json.Marshal([]any{g.Journal().Exchanges(journal.Filter{}), g.Journal().HAR(journal.Filter{})})
	if err != nil {
		t.Fatal(err)
	}
	said.Write(told)
	for _, secret := range []string{"token-of-all", "token-of-bob", "secret-of-all", "secret-of-own", "alice-password", "a-wrong-secret", key.Secret, key.SecurityToken, issued} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("%q is said", secret)
		}
	}
	if !strings.Contains(said.String(), "x-security-token:******") {
		t.Error("the canonical request with a security token was not shown, so this test shows nothing")
	}
}

func TestCredentialsDoNotPrint(t *testing.T) {
	c := someCredentials()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+verb, c, *c, c.Users, c.Tokens, c.Keys)
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "all", c, "user", c.Users[0], "token", c.Tokens[0], "key", c.Keys[0])
	for _, secret := range []string{"alice-password", "token-of-all", "secret-of-all"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is printed in %s", secret, &out)
		}
	}
	if !strings.Contains(out.String(), "credentials of 2 users, 3 tokens and 2 access keys") {
		t.Errorf("printed as %s", &out)
	}
}

func TestSetCredentials(t *testing.T) {
	g := guard(t, mockserver.Options{})
	g.want(g.list(ownProject), 401, incorrect+"x-auth-token not found")
	if err := g.SetCredentials(&mockserver.Credentials{}); err == nil {
		t.Error("credentials that let nobody in are taken")
	}
	g.want(g.list(ownProject), 401, incorrect+"x-auth-token not found")
	optional := someCredentials()
	optional.Optional = true
	for _, c := range []*mockserver.Credentials{optional, nil} {
		if err := g.SetCredentials(c); err != nil {
			t.Fatal(err)
		}
		g.want(g.list(ownProject), 200, "")
		g.want(withToken(g.list(otherProject), "token-of-bob"), 200, "")
	}
	if w := g.send(g.request(http.MethodGet, "/v3/projects", "")); w.Code != 404 {
		t.Errorf("without credentials the identity service answers %d", w.Code)
	}
	if err := g.SetCredentials(someCredentials()); err != nil {
		t.Fatal(err)
	}
	g.want(g.list(ownProject), 401, incorrect+"x-auth-token not found")
}

// A client certificate was looked at when the connection was made.
func TestMutualTLSIsEnough(t *testing.T) {
	spec := loadText(t, `openapi: 3.1.0
info: {title: any, version: '1'}
security: [{certificate: []}]
components: {securitySchemes: {certificate: {type: mutualTLS}}}
paths: {/x: {get: {responses: {'204': {description: ok}}}}}
`)
	g := guard(t, mockserver.Options{Spec: spec})
	for status, state := range map[int]*tls.ConnectionState{
		204: {VerifiedChains: [][]*x509.Certificate{{{}}}},
		401: {PeerCertificates: []*x509.Certificate{{}}}, // shown, but nobody vouches for it
	} {
		r := g.request(http.MethodGet, "/x", "")
		r.TLS = state
		if w := g.send(r); w.Code != status {
			t.Errorf("answered %d, not %d: %s", w.Code, status, w.Body)
		}
	}
}

func TestSignedBodyIsBounded(t *testing.T) {
	g := guard(t, mockserver.Options{Limits: mockserver.Limits{Body: 13 << 20}})
	large := wholeConnector + strings.Repeat(" ", signature.MaxBody+1-len(wholeConnector))
	path := "/v2/" + ownProject + "/data-connectors"
	g.want(g.sign(g.request(http.MethodPost, path, large), keyOfAll), 413, "Request entity too large.")
	g.want(g.sign(g.request(http.MethodPost, path, large[:signature.MaxBody]), keyOfAll), 201, "")
	g.want(withToken(g.request(http.MethodPost, path, strings.Replace(large, "hive", "bees", 1)), "token-of-all"), 201, "")
}

// However many keys fail, few are remembered: the latest.
func TestFailuresOfManyKeys(t *testing.T) {
	c := someCredentials()
	for i := range 10_001 {
		c.Keys = append(c.Keys, mockserver.AccessKey{Access: fmt.Sprint("AK", i), Secret: "right"})
	}
	g := guard(t, mockserver.Options{Auth: c})
	fail := func(access string, times int) {
		for range times {
			g.send(g.sign(g.list(ownProject), signature.Key{Access: access, Secret: "wrong"}))
		}
		g.clock.advance(time.Millisecond)
	}
	locked := func(access string) bool {
		return g.send(g.sign(g.list(ownProject), signature.Key{Access: access, Secret: "right"})).Code == 401
	}
	fail("AK0", 6)
	fail("AK1", 6)
	for i := range 9_999 {
		fail(fmt.Sprint("AK", i+2), 1)
	}
	if locked("AK0") || !locked("AK1") {
		t.Error("not the oldest is forgotten")
	}
}

// What nobody uses costs nothing.
func TestAuthenticationThatIsOffAllocatesNothing(t *testing.T) {
	measure := func(o mockserver.Options) float64 {
		server, err := mockserver.New(o)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v2/"+ownProject+"/data-connectors", nil)
		return testing.AllocsPerRun(100, func() { server.ServeHTTP(httptest.NewRecorder(), r) })
	}
	off := someCredentials()
	off.Optional = true
	if without, with := measure(mockserver.Options{}), measure(mockserver.Options{Auth: off}); with > without+0.5 {
		t.Errorf("%v allocations a request with credentials that nobody must show, %v without any", with, without)
	}
}

// A connection says who has created it, and who has changed it.
func TestConnectionsKnowTheirUsers(t *testing.T) {
	g := guard(t, mockserver.Options{})
	alice := g.tokenFor(passwordOf("alice", "alice-password", ""))
	path := "/v2/" + ownProject + "/data-connectors"
	var created struct {
		ID string `json:"connector_id"`
	}
	if err := json.Unmarshal(g.send(withToken(g.request(http.MethodPost, path, wholeConnector), alice)).Body.Bytes(), &created); err != nil {
		t.Fatal(err)
	}
	g.want(withToken(g.request(http.MethodPut, path+"/"+created.ID, wholeConnector), "token-of-bob"), 200, "")
	var list struct {
		Connectors []struct {
			CreateUser string `json:"create_user"`
			CreateBy   string `json:"create_by"`
			UpdateBy   string `json:"last_update_by"`
		} `json:"data_connectors"`
	}
	if err := json.Unmarshal(g.send(withToken(g.list(ownProject), alice)).Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if got := list.Connectors[0]; got.CreateUser != "alice" || len(got.CreateBy) != 32 || len(got.UpdateBy) != 32 || got.CreateBy == got.UpdateBy {
		t.Errorf("the connection says %+v", got)
	}
}

// Credentials may change while requests are under way: each request is judged by one set of them.
func TestCredentialsChangeUnderLoad(t *testing.T) {
	g := guard(t, mockserver.Options{})
	optional := someCredentials()
	optional.Optional = true
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 100 {
				if w := g.send(g.list(ownProject)); w.Code != 200 && w.Code != 401 {
					t.Errorf("answered %d %s", w.Code, w.Body)
				}
				if w := g.send(g.request(http.MethodGet, "/v3/projects", "")); w.Code != 200 && w.Code != 401 && w.Code != 404 && w.Code != 503 {
					t.Errorf("answered %d %s", w.Code, w.Body)
				}
			}
		})
	}
	for i := range 60 {
		if err := g.SetCredentials([]*mockserver.Credentials{nil, optional, someCredentials()}[i%3]); err != nil {
			t.Error(err)
		}
	}
	clients.Wait()
}
