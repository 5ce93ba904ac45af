package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// terraform sends what the vendor's Terraform provider sends: the headers, the signing and the order of its client library.
// Source: huaweicloud/terraform-provider-huaweicloud, resource huaweicloud_mapreduce_data_connection, and its golangsdk.
type terraform struct {
	at      string
	key     key
	token   string // in place of a key
	project string
	domain  string
}

// call sends a request and expects the status; the body of the answer is in to, unless that is nil.
func (c *terraform) call(t *testing.T, method, path string, body any, status int, to any) {
	t.Helper()
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		sent = append(sent, '\n')
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.at+path, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "terraform-provider-iac golangsdk/2.0.0")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("X-Auth-Token", c.token)
	} else {
		c.sign(r, sent)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d: %s %v", method, path, answer.StatusCode, status, text, err)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// sign signs the headers that are there by now; those of the project and of temporary keys come afterwards.
func (c *terraform) sign(r *http.Request, body []byte) {
	r.Header.Set("X-Sdk-Date", time.Now().UTC().Format("20060102T150405Z"))
	var names []string
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	var headers strings.Builder
	for _, name := range names {
		headers.WriteString(name + ":" + r.Header.Get(name) + "\n")
	}
	hash := sha256.Sum256(body)
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath() + "/", strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"),
		headers.String(), strings.Join(names, ";"), hex.EncodeToString(hash[:])}, "\n")
	hash = sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(c.key.secret))
	mac.Write([]byte("SDK-HMAC-SHA256\n" + r.Header.Get("X-Sdk-Date") + "\n" + hex.EncodeToString(hash[:])))
	r.Header.Set("Authorization", "SDK-HMAC-SHA256 Access="+c.key.access+", SignedHeaders="+strings.Join(names, ";")+", Signature="+hex.EncodeToString(mac.Sum(nil)))
	for name, value := range map[string]string{"X-Security-Token": c.key.securityToken, "X-Project-Id": c.project, "X-Domain-Id": c.domain} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
}

// start does what the provider does before anything else, with auth_url at …/v3.
func (c *terraform) start(t *testing.T) {
	t.Helper()
	var projects struct{ Projects []struct{ ID string } }
	c.call(t, http.MethodGet, "/v3/projects?name="+ownRegion, nil, 200, &projects)
	if len(projects.Projects) != 1 {
		t.Fatalf("%d projects have the name of the region", len(projects.Projects))
	}
	c.project = projects.Projects[0].ID
	var domains struct{ Domains []struct{ ID string } }
	c.call(t, http.MethodGet, "/v3/auth/domains", nil, 200, &domains)
	if len(domains.Domains) != 1 {
		t.Fatalf("there are %d accounts", len(domains.Domains))
	}
	c.domain = domains.Domains[0].ID
}

func (c *terraform) connectors() string { return "/v2/" + c.project + "/data-connectors" }

func connectorFor(user string) map[string]any {
	info := sourceInfoFor(mysql).with("user_name", user).String()
	return map[string]any{"data_connector": map[string]any{"connector_name": "tf-acc", "source_type": mysql, "source_info": info}}
}

// state is what the provider reads of a connection.
type state struct {
	ID         string          `json:"connector_id"`
	Name       string          `json:"connector_name"`
	SourceType string          `json:"source_type"`
	SourceInfo json.RawMessage `json:"source_info"`
	Clusters   *string         `json:"used_clusters"`
	Status     *int            `json:"status"`
}

// read is nil when the connection is gone.
func (c *terraform) read(t *testing.T, id string) *state {
	t.Helper()
	var list struct {
		Connectors []state `json:"data_connectors"`
	}
	c.call(t, http.MethodGet, c.connectors()+"?id="+url.QueryEscape(id), nil, 200, &list)
	for _, one := range list.Connectors {
		if one.ID == id {
			return &one
		}
	}
	return nil
}

// check compares with what the acceptance test of the provider expects; sourceInfo is read as the provider's version does.
func (s *state) check(t *testing.T, user string, asObject bool) {
	t.Helper()
	if s == nil {
		t.Fatal("the connection is not listed")
	}
	text := []byte(s.SourceInfo)
	if !asObject {
		var inner string
		if err := json.Unmarshal(text, &inner); err != nil {
			t.Fatalf("source_info is %s, not a string", text)
		}
		text = []byte(inner)
	}
	var info map[string]string
	if err := json.Unmarshal(text, &info); err != nil {
		t.Fatalf("source_info holds %s, not an object", text)
	}
	if info["user_name"] != user || info["db_name"] != "default" || info["rds_instance_id"] != instanceIDs[mysql] || info["password"] != "" {
		t.Errorf("source_info is %v", info)
	}
	if s.Name != "tf-acc" || s.SourceType != mysql || s.Status == nil || *s.Status != 0 || s.Clusters == nil || *s.Clusters != "" {
		t.Errorf("the connection is %+v", s)
	}
}

// What the provider's acceptance test does: create, read, update, read, import, delete, see that it is gone.
func TestTerraform(t *testing.T) {
	t.Parallel()
	for _, overlay := range []struct {
		name     string
		flags    []string
		asObject bool // as the provider reads source_info from 1.94.0 on
	}{
		{"string", nil, false},
		{"object", []string{"--overlay", "source-info-object"}, true},
	} {
		srv := guarded(t, overlay.flags...)
		_, header := srv.post(t, "/v3/auth/tokens", "", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","password":"`+secret+
			`-of-alice","domain":{"name":"counterpart"}}}},"scope":{"project":{"name":"`+ownRegion+`"}}}}`)
		for name, client := range map[string]*terraform{
			"permanent key": {at: srv.url, key: keyOfAll},
			"temporary key": {at: srv.url, key: srv.temporary(t)},
			"token":         {at: srv.url, token: header.Get("X-Subject-Token")},
		} {
			t.Run(overlay.name+", "+name, func(t *testing.T) {
				client.start(t)
				var created struct {
					ID string `json:"connector_id"`
				}
				client.call(t, http.MethodPost, client.connectors(), connectorFor("root"), 201, &created)
				if created.ID == "" {
					t.Fatal("there is no connector_id")
				}
				client.read(t, created.ID).check(t, "root", overlay.asObject)
				client.call(t, http.MethodPut, client.connectors()+"/"+created.ID, connectorFor("root_2"), 200, nil)
				client.read(t, created.ID).check(t, "root_2", overlay.asObject)
				imported := *client // by another run, that knows the id alone
				imported.start(t)
				imported.read(t, created.ID).check(t, "root_2", overlay.asObject)
				client.call(t, http.MethodDelete, client.connectors()+"/"+created.ID, nil, 204, nil)
				if client.read(t, created.ID) != nil {
					t.Error("the connection is listed after it was deleted")
				}
			})
		}
	}
}
