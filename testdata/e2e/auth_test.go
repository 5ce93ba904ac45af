package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	mrs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/mrs/v2"
)

const (
	ownProject   = "ac66f1a5e8f443998ec62c8cb1aefda7"
	otherProject = "0123456789abcdef0123456789abcdef"
	ownRegion    = "ap-southeast-1"

	// secret is a part of every secret of the credentials file. The program must never say it.
	secret = "Kept-Secret_4711"

	credentialsFile = `
projects:
  - {id: ` + ownProject + `, name: ` + ownRegion + `}
  - {id: ` + otherProject + `, name: eu-west-101}
users:
  - {name: alice, password: ` + secret + `-of-alice}
keys:
  - {access: AKOFEVERYPROJECT, secret: ` + secret + `-of-all}
  - {access: AKOFONEPROJECT, secret: ` + secret + `-of-one, projects: [` + ownRegion + `]}
`
)

// key is an access key of a client.
type key struct{ access, secret, securityToken string }

var (
	keyOfAll = key{access: "AKOFEVERYPROJECT", secret: secret + "-of-all"}
	keyOfOne = key{access: "AKOFONEPROJECT", secret: secret + "-of-one"}
)

// guarded starts the program with --auth require.
func guarded(t *testing.T, flags ...string) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "credentials.yaml")
	if err := os.WriteFile(file, []byte(credentialsFile), 0o600); err != nil {
		t.Fatal(err)
	}
	return serve(t, append([]string{"--auth", "require", "--credentials", file}, flags...)...)
}

// sdkOf is the vendor's client at a URL; without a project id it looks up that of the region, at the same URL.
func sdkOf(t *testing.T, at string, k key, projectID string) (project, error) {
	t.Helper()
	builder := basic.NewCredentialsBuilder().WithAk(k.access).WithSk(k.secret).WithIamEndpointOverride(at)
	if k.securityToken != "" {
		builder = builder.WithSecurityToken(k.securityToken)
	}
	if projectID != "" {
		builder = builder.WithProjectId(projectID)
	}
	credentials, err := builder.SafeBuild()
	if err != nil {
		t.Fatalf("building credentials: %v", err)
	}
	client, err := mrs.MrsClientBuilder().WithRegion(region.NewRegion(ownRegion, at)).WithCredential(credentials).
		WithHttpConfig(config.DefaultHttpConfig().WithTimeout(callTimeout)).SafeBuild()
	if err != nil {
		return project{}, err
	}
	return project{sdk: mrs.NewMrsClient(client)}, nil
}

// altering passes requests on to the program, altered after the SDK has signed them.
func altering(t *testing.T, srv *server, alter func(r *http.Request)) string {
	t.Helper()
	target, err := url.Parse(srv.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		alter(r.Out)
	}})
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// temporary gets a temporary key as a client does: a token for a password, and a key for the token.
func (s *server) temporary(t *testing.T) key {
	t.Helper()
	_, header := s.post(t, "/v3/auth/tokens", "", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","password":"`+secret+
		`-of-alice","domain":{"name":"counterpart"}}}},"scope":{"project":{"name":"`+ownRegion+`"}}}}`)
	body, _ := s.post(t, "/v3.0/OS-CREDENTIAL/securitytokens", header.Get("X-Subject-Token"), `{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":3600}}}}`)
	var said struct {
		Credential struct{ Access, Secret, SecurityToken string }
	}
	if err := json.Unmarshal(body, &said); err != nil {
		t.Fatal(err)
	}
	return key{said.Credential.Access, said.Credential.Secret, said.Credential.SecurityToken}
}

// post expects 201.
func (s *server) post(t *testing.T, path, token, body string) ([]byte, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json;charset=utf8")
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %d %s %v", path, answer.StatusCode, text, err)
	}
	return text, answer.Header
}

// The SDK finds the project of its region, with permanent and with temporary keys, and everything works as without
// authentication.
func TestSDKWithRegion(t *testing.T) {
	t.Parallel()
	srv := guarded(t)
	for name, k := range map[string]key{"permanent": keyOfAll, "permanent, of one project": keyOfOne, "temporary": srv.temporary(t)} {
		t.Run(name, func(t *testing.T) {
			p, err := sdkOf(t, srv.url, k, "")
			if err != nil {
				t.Fatal(err)
			}
			id := p.create(t, sound("hive", mysql))
			checkDetail(t, p.one(t, query{ConnectorId: new(id)}), id, sound("hive", mysql))
			p.update(t, id, sound("hive-2", mysql))
			p.delete(t, id)
		})
	}
}

// The SDK's client of services that belong to no region asks for the account.
func TestSDKWithDomain(t *testing.T) {
	t.Parallel()
	srv := guarded(t)
	credentials, err := global.NewCredentialsBuilder().WithAk(keyOfAll.access).WithSk(keyOfAll.secret).WithIamEndpointOverride(srv.url).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	_, err = mrs.MrsClientBuilder().WithCredentialsType("global.Credentials").WithRegion(region.NewRegion("global", srv.url)).WithCredential(credentials).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	if len(credentials.DomainId) != 32 {
		t.Errorf("the account's id is %q", credentials.DomainId)
	}
}

func TestSDKIsRefused(t *testing.T) {
	t.Parallel()
	srv := guarded(t)
	const incorrect = "Incorrect IAM authentication information: "
	old := time.Now().Add(-16 * time.Minute).UTC().Format("20060102T150405Z")
	asSent := func(*http.Request) {}
	for _, tc := range []struct {
		name    string
		key     key
		project string
		alter   func(r *http.Request)
		status  int
		code    string
		says    string // the message begins with it
	}{
		{"unknown key", key{access: "NOBODY", secret: "x"}, ownProject, asSent, 401, "APIGW.0301", incorrect + "ak NOBODY not exist"},
		{"wrong secret", key{access: keyOfOne.access, secret: "x"}, ownProject, asSent, 401, "APIGW.0301",
			incorrect + "verify aksk signature fail, canonicalRequest:POST|/v2/" + ownProject + "/data-connectors/||user-agent:"},
		{"old date", keyOfAll, ownProject, func(r *http.Request) { r.Header.Set("X-Sdk-Date", old) }, 401, "APIGW.0301",
			incorrect + "signature expired, signature time:" + old + ",server time:"},
		{"altered body", keyOfAll, ownProject, func(r *http.Request) { replace(r, "hive", "here") }, 401, "APIGW.0301",
			incorrect + "verify aksk signature fail, canonicalRequest:POST|"},
		{"altered project", keyOfAll, ownProject, func(r *http.Request) { r.Header.Set("X-Project-Id", otherProject) }, 401, "APIGW.0301",
			incorrect + "verify aksk signature fail, canonicalRequest:POST|"},
		{"foreign project", keyOfOne, otherProject, asSent, 403, "APIGW.0302", "The IAM user is not authorized to access the API."},
		{"security token of nobody", key{keyOfAll.access, keyOfAll.secret, "x"}, ownProject, asSent, 401, "APIGW.0301", incorrect + "decrypt token fail"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := sdkOf(t, altering(t, srv, tc.alter), tc.key, tc.project)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.tryCreate(sound("hive", mysql))
			got := serviceError(t, err)
			if got.StatusCode != tc.status || got.ErrorCode != tc.code || !strings.HasPrefix(got.ErrorMessage, tc.says) || !hex32.MatchString(got.RequestId) {
				t.Errorf("the SDK reads %d %q %q, request id %q; want %d %q %q", got.StatusCode, got.ErrorCode, got.ErrorMessage, got.RequestId, tc.status, tc.code, tc.says)
			}
		})
	}
	all, err := sdkOf(t, srv.url, keyOfAll, ownProject)
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, all.list(t, query{}), 0, nil)
}

// Looking the region's project up fails as every call does.
func TestSDKWithRegionIsRefused(t *testing.T) {
	t.Parallel()
	srv := guarded(t)
	if _, err := sdkOf(t, srv.url, key{access: "NOBODYATALL", secret: "x"}, ""); err == nil || !strings.Contains(err.Error(), "ak NOBODYATALL not exist") {
		t.Errorf("the error is %v", err)
	}
}

func replace(r *http.Request, from, to string) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err) // the test server's own body
	}
	text = bytes.ReplaceAll(text, []byte(from), []byte(to))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
}
