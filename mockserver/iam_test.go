package mockserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/openapi/signature"
)

func (g *guarded) temporaryKey(token string, seconds int) signature.Key {
	g.t.Helper()
	w := g.send(withToken(g.request(http.MethodPost, "/v3.0/OS-CREDENTIAL/securitytokens",
		fmt.Sprintf(`{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":%d}}}}`, seconds)), token))
	return g.keyIn(w)
}

func (g *guarded) keyIn(w *httptest.ResponseRecorder) signature.Key {
	g.t.Helper()
	var said struct {
		Credential struct{ Access, Secret, Securitytoken string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &said); w.Code != 201 || err != nil {
		g.t.Fatalf("no temporary key: %d %s", w.Code, w.Body)
	}
	return signature.Key{Access: said.Credential.Access, Secret: said.Credential.Secret, SecurityToken: said.Credential.Securitytoken}
}

func passwordOf(name, password, scope string) string {
	return fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"password":%q,"domain":{"name":"counterpart"}}}}%s}}`, name, password, scope)
}

func (g *guarded) tokenFor(body string) string {
	g.t.Helper()
	w := g.send(g.request(http.MethodPost, "/v3/auth/tokens", body))
	if w.Code != 201 || w.Header().Get("X-Subject-Token") == "" {
		g.t.Fatalf("no token: %d %s", w.Code, w.Body)
	}
	return w.Header().Get("X-Subject-Token")
}

func TestTokensAreIssued(t *testing.T) {
	g := guard(t, mockserver.Options{})
	all := g.tokenFor(passwordOf("alice", "alice-password", ""))
	one := g.tokenFor(passwordOf("alice", "alice-password", `,"scope":{"project":{"name":"ap-southeast-1"}}`))
	again := g.tokenFor(`{"auth":{"identity":{"methods":["token"],"token":{"id":"` + all + `"}},"scope":{"project":{"id":"` + otherProject + `"}}}}`)
	bobs := g.tokenFor(passwordOf("bob", "bob-password", ""))
	for _, row := range []struct {
		token, project string
		status         int
	}{
		{all, ownProject, 200}, {all, otherProject, 200}, {one, ownProject, 200}, {one, otherProject, 403},
		{again, otherProject, 200}, {again, ownProject, 403}, {bobs, ownProject, 200}, {bobs, otherProject, 403},
	} {
		if w := g.send(withToken(g.list(row.project), row.token)); w.Code != row.status {
			t.Errorf("answered %d, not %d: %s", w.Code, row.status, w.Body)
		}
	}
	replica := guard(t, mockserver.Options{}) // with the same credentials
	replica.want(withToken(replica.list(ownProject), all), 200, "")
	others := someCredentials()
	others.Keys = nil
	stranger := guard(t, mockserver.Options{Auth: others})
	stranger.want(withToken(stranger.list(ownProject), all), 401, incorrect+"decrypt token fail")
	for _, altered := range []string{all + "x", "x" + all, all[1:], strings.ToUpper(all)} {
		g.want(withToken(g.list(ownProject), altered), 401, incorrect+"decrypt token fail")
	}
	g.clock.advance(24*time.Hour - time.Millisecond)
	g.want(withToken(g.list(ownProject), all), 200, "")
	g.clock.advance(time.Millisecond)
	g.want(withToken(g.list(ownProject), all), 401, incorrect+"token expires, expires_at: 2025-06-02T12:00:00.000000Z")
}

func TestIssuedToken(t *testing.T) {
	g := guard(t, mockserver.Options{})
	w := g.send(g.request(http.MethodPost, "/v3/auth/tokens", passwordOf("bob", "bob-password", `,"scope":{"project":{"name":"ap-southeast-1"}}`)))
	const want = `{"token":{"catalog":[],"expires_at":"2025-06-02T12:00:00.000000Z","issued_at":"2025-06-01T12:00:00.000000Z","methods":["password"],` +
		`"project":{"domain":{"id":"D","name":"counterpart"},"id":"` + ownProject + `","name":"ap-southeast-1"},"roles":[],` +
		`"user":{"domain":{"id":"D","name":"counterpart"},"id":"U","name":"bob"}}}`
	var said struct {
		Token struct {
			User struct {
				ID     string
				Domain struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		t.Fatal(err)
	}
	got := strings.NewReplacer(said.Token.User.ID, "U", said.Token.User.Domain.ID, "D").Replace(strings.TrimSpace(w.Body.String()))
	if w.Code != 201 || got != want || len(said.Token.User.ID) != 32 {
		t.Errorf("answered %d\n%s, not\n%s", w.Code, got, want)
	}
}

func TestTokensAreRefused(t *testing.T) {
	g := guard(t, mockserver.Options{})
	for _, row := range []struct {
		why, body string
		status    int
		code      string
	}{
		{"a wrong password", passwordOf("alice", "bob-password", ""), 401, "IAM.0001"},
		{"an unknown user", passwordOf("nobody", "bob-password", ""), 401, "IAM.0001"},
		{"another account", strings.Replace(passwordOf("alice", "alice-password", ""), "counterpart", "other", 1), 401, "IAM.0001"},
		{"no password", `{"auth":{"identity":{"methods":["password"]}}}`, 401, "IAM.0001"},
		{"a wrong token", `{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}}}}`, 401, "IAM.0001"},
		{"no token", `{"auth":{"identity":{"methods":["token"]}}}`, 401, "IAM.0001"},
		{"a project of others", passwordOf("bob", "bob-password", `,"scope":{"project":{"name":"eu-west-101"}}`), 403, "IAM.0003"},
		{"an unknown project", passwordOf("alice", "alice-password", `,"scope":{"project":{"name":"nowhere"}}`), 403, "IAM.0003"},
		{"an unnamed project", passwordOf("alice", "alice-password", `,"scope":{"project":{}}`), 403, "IAM.0003"},
		{"another way", `{"auth":{"identity":{"methods":["totp"]}}}`, 400, "IAM.0007"},
		{"nothing", `{}`, 400, "IAM.0007"},
	} {
		w := g.send(g.request(http.MethodPost, "/v3/auth/tokens", row.body))
		if w.Code != row.status || !strings.Contains(w.Body.String(), `"error_code":"`+row.code+`"`) {
			t.Errorf("%s: answered %d %s", row.why, w.Code, w.Body)
		}
	}
}

func TestTemporaryKeys(t *testing.T) {
	g := guard(t, mockserver.Options{})
	key, bobs := g.temporaryKey("token-of-all", 900), g.temporaryKey("token-of-bob", 86400)
	fromKey := g.keyIn(g.send(g.sign(g.request(http.MethodPost, "/v3.0/OS-CREDENTIAL/securitytokens", `{"auth":{"identity":{"methods":["token"]}}}`), keyOfOwn)))
	inBody := g.keyIn(g.send(g.request(http.MethodPost, "/v3.0/OS-CREDENTIAL/securitytokens", `{"auth":{"identity":{"methods":["token"],"token":{"id":"token-of-bob"}}}}`)))
	const foreign = "The IAM user is not authorized to access the API."
	g.want(g.sign(g.list(ownProject), key), 200, "")
	for _, bound := range []signature.Key{bobs, fromKey, inBody} {
		g.want(g.sign(g.list(ownProject), bound), 200, "")
		g.want(g.sign(g.list(otherProject), bound), 403, foreign)
	}
	unsigned := g.sign(g.list(ownProject), signature.Key{Access: key.Access, Secret: key.Secret})
	unsigned.Header.Set("X-Security-Token", key.SecurityToken) // as Terraform does
	g.want(unsigned, 200, "")

	g.want(g.sign(g.list(ownProject), signature.Key{Access: key.Access, Secret: key.Secret}), 401, incorrect+"ak "+key.Access+" not exist")
	for _, token := range []string{bobs.SecurityToken, "x", g.tokenFor(passwordOf("alice", "alice-password", ""))} {
		g.want(g.sign(g.list(ownProject), signature.Key{Access: key.Access, Secret: key.Secret, SecurityToken: token}), 401, incorrect+"decrypt token fail")
	}
	g.want(withToken(g.list(ownProject), key.SecurityToken), 401, incorrect+"decrypt token fail")
	two := g.sign(g.list(ownProject), key)
	two.Header.Add("X-Security-Token", bobs.SecurityToken)
	g.want(two, 401, incorrect+"decrypt token fail")

	g.clock.advance(15*time.Minute - time.Millisecond)
	g.want(g.sign(g.list(ownProject), key), 200, "")
	g.clock.advance(time.Millisecond)
	g.want(g.sign(g.list(ownProject), key), 401, incorrect+"token expires, expires_at: 2025-06-01T12:15:00.000000Z")
	g.want(g.sign(g.list(ownProject), bobs), 200, "")
}

func TestTemporaryKeysAreRefused(t *testing.T) {
	g := guard(t, mockserver.Options{})
	for body, want := range map[string]string{
		`{"auth":{"identity":{"methods":["token"]}}}`:                                    "APIGW.0301",
		`{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}}}}`:                 "IAM.0001",
		`{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":899}}}}`:   "IAM.0007",
		`{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":86401}}}}`: "IAM.0007",
	} {
		if w := g.send(g.request(http.MethodPost, "/v3.0/OS-CREDENTIAL/securitytokens", body)); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: answered %d %s, not %s", body, w.Code, w.Body, want)
		}
	}
}

func TestProjectsAndDomains(t *testing.T) {
	g := guard(t, mockserver.Options{})
	names := func(token, query string) string {
		w := g.send(withToken(g.request(http.MethodGet, "/v3/projects"+query, ""), token))
		var said struct{ Projects []struct{ ID, Name string } }
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != 200 {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		var list []string
		for _, p := range said.Projects {
			list = append(list, p.Name)
		}
		return strings.Join(list, " ")
	}
	for _, row := range []struct{ token, query, want string }{
		{"token-of-all", "", "ap-southeast-1 eu-west-101"},
		{"token-of-all", "?name=eu-west-101", "eu-west-101"},
		{"token-of-all", "?name=eu-west", ""},
		{"token-of-all", "?enabled=false", ""},
		{"token-of-all", "?domain_id=other", ""},
		{"token-of-bob", "", "ap-southeast-1"},
		{"token-of-bob", "?name=eu-west-101", ""},
	} {
		if got := names(row.token, row.query); got != row.want {
			t.Errorf("%s%s: %q, not %q", row.token, row.query, got, row.want)
		}
	}
	w := g.send(g.sign(g.request(http.MethodGet, "/v3/auth/domains", ""), keyOfOwn))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"name":"counterpart"`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	g.want(g.request(http.MethodGet, "/v3/projects", ""), 401, incorrect+"x-auth-token not found")
	g.want(g.sign(g.request(http.MethodGet, "/v3/auth/domains", ""), signature.Key{Access: "NOBODY", Secret: "x"}), 401, incorrect+"ak NOBODY not exist")
}

// Where nobody has to show who they are, the identity service answers everybody.
func TestIdentityWithoutAuthentication(t *testing.T) {
	c := someCredentials()
	c.Optional = true
	g := guard(t, mockserver.Options{Auth: c})
	for _, r := range []*http.Request{g.request(http.MethodGet, "/v3/projects", ""), g.sign(g.request(http.MethodGet, "/v3/projects", ""), signature.Key{Access: "ANY", Secret: "any"})} {
		if w := g.send(r); w.Code != 200 || strings.Count(w.Body.String(), `"enabled":true`) != 2 {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	}
	g.tokenFor(passwordOf("alice", "alice-password", ""))
	if w := g.send(g.request(http.MethodPost, "/v3/auth/tokens", passwordOf("alice", "wrong", ""))); w.Code != 401 {
		t.Errorf("a wrong password is answered %d", w.Code)
	}
	key := g.temporaryKey("token-of-bob", 900)
	c.Optional = false
	if err := g.SetCredentials(c); err != nil {
		t.Fatal(err)
	}
	g.want(g.sign(g.list(ownProject), key), 200, "")
	g.want(g.sign(g.list(otherProject), key), 403, "The IAM user is not authorized to access the API.")
}

// A document that describes an identity endpoint itself wins.
func TestIdentityOfTheDocument(t *testing.T) {
	spec := loadText(t, `openapi: 3.1.0
info: {title: own, version: '1'}
paths: {/v3/projects: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {const: mine}}}}}}}}
`)
	g := guard(t, mockserver.Options{Spec: spec})
	if w := g.send(g.request(http.MethodGet, "/v3/projects", "")); strings.TrimSpace(w.Body.String()) != `"mine"` {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if !strings.Contains(g.log.String(), "the identity endpoints are not served") {
		t.Errorf("the log is %s", g.log)
	}
}

// The document says what the service says: examples and refusals keep it.
func TestIdentityDocument(t *testing.T) {
	spec, err := openapi.IAM()
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Compile(); err != nil {
		t.Fatal(err)
	}
	if list := append(spec.Warnings(), spec.Unsupported()...); len(list) > 0 {
		t.Errorf("put up with: %v", list)
	}
}
