package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
)

// canary is a secret that must be nowhere but in requests. Some have characters that every encoding writes in another way.
type canary struct{ name, value string }

// forms are the ways in which a message may hold it.
func (c canary) forms() map[string]string {
	once := asJSON(c.value)
	return map[string]string{
		"raw": c.value, "JSON": once, "JSON in JSON": asJSON(once), "three times in JSON": asJSON(asJSON(once)),
		"query": url.QueryEscape(c.value), "path": url.PathEscape(c.value),
		"base64":          strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(c.value)), "="),
		"base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(c.value)),
	}
}

// asJSON is a text as a string of JSON holds it.
func asJSON(text string) string {
	b, _ := json.Marshal(text) // of a string, always
	return string(b[1 : len(b)-1])
}

// wantNoCanary looks for the canaries in everything that the run wrote, by name.
func wantNoCanary(t *testing.T, canaries []canary, written map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range written {
			if !yield(name) {
				return
			}
		}
	}) {
		for _, c := range canaries {
			for how, form := range c.forms() {
				if at := strings.Index(written[name], form); at >= 0 {
					t.Errorf("%s holds %s (%s): …%s…", name, c.name, how, written[name][max(0, at-120):min(len(written[name]), at+len(form)+60)])
				}
			}
		}
	}
}

// seen keeps what a server was told that it must not tell again.
type seen struct {
	mu     sync.Mutex // guards texts
	texts  []string
	bodies []string
}

// note takes down headers and body, whole and taken apart.
func (s *seen) note(r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = s.texts[:0]
	for _, name := range []string{"X-Auth-Token", "X-Security-Token", "Authorization"} {
		if value := r.Header.Get(name); value != "" {
			s.texts = append(s.texts, value)
		}
	}
	if _, password, ok := r.BasicAuth(); ok {
		s.texts = append(s.texts, password)
	}
	var sent struct {
		Connector struct {
			Info string `json:"source_info"`
		} `json:"data_connector"`
	}
	var info struct {
		Password string `json:"password"`
	}
	if json.Unmarshal(body, &sent) == nil && json.Unmarshal([]byte(sent.Connector.Info), &info) == nil && info.Password != "" {
		s.bodies = []string{info.Password, sent.Connector.Info, string(body)}
	}
}

// all is what was noted, the secrets that are no part of a header last.
func (s *seen) all(more ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Concat(s.texts, s.bodies, more)
}

// leak changes an answer so that it tells what the server knows.
type leak struct {
	name string
	tell func(w http.ResponseWriter, status int, body string, texts []string) (int, string)
}

func leaks() []leak {
	quoted := func(texts []string) string { b, _ := json.Marshal(texts); return string(b) }
	return []leak{
		{"nothing", func(_ http.ResponseWriter, status int, body string, _ []string) (int, string) { return status, body }},
		{"in a body that is no JSON", func(_ http.ResponseWriter, status int, _ string, texts []string) (int, string) {
			return status, strings.Join(texts, "\n")
		}},
		{"in JSON", func(_ http.ResponseWriter, status int, body string, texts []string) (int, string) {
			return status, `{"leak":` + quoted(texts) + `,"was":` + quoted([]string{body}) + `}`
		}},
		{"in error messages", func(_ http.ResponseWriter, _ int, _ string, texts []string) (int, string) {
			return http.StatusInternalServerError, fmt.Sprintf(`{"error_code":"1","error_msg":"select x from y where p = %s"}`, asJSON(strings.Join(texts, " ")))
		}},
		{"in embedded JSON", func(_ http.ResponseWriter, status int, body string, texts []string) (int, string) {
			return status, strings.ReplaceAll(body, `"source_info":"{`, `"source_info":"{\"password\":\"`+asJSON(asJSON(strings.Join(texts, " ")))+`\",`)
		}},
		{"as names of members", func(_ http.ResponseWriter, status int, _ string, texts []string) (int, string) {
			var members []string
			for i, text := range append(texts, texts...) {
				members = append(members, fmt.Sprintf(`"%s":%d`, asJSON(text), i))
			}
			return status, `{"data_connectors":{` + strings.Join(members, ",") + `}}`
		}},
		{"in base64", func(_ http.ResponseWriter, status int, _ string, texts []string) (int, string) {
			var encoded []string
			for _, text := range texts {
				encoded = append(encoded, base64.StdEncoding.EncodeToString([]byte(text)))
			}
			return status, quoted(encoded)
		}},
		{"in URLs", func(_ http.ResponseWriter, _ int, _ string, texts []string) (int, string) {
			var encoded []string
			for _, text := range texts {
				encoded = append(encoded, url.QueryEscape(text), url.PathEscape(text))
			}
			return http.StatusTeapot, strings.Join(encoded, "&")
		}},
		{"in headers", func(w http.ResponseWriter, status int, body string, texts []string) (int, string) {
			for i, text := range texts {
				w.Header().Set(fmt.Sprintf("X-Leak-%d", i), strings.ReplaceAll(text, "\n", " "))
				w.Header().Add("Location", "/?q="+url.QueryEscape(text))
			}
			w.Header().Del("X-Request-Id")
			return status, body
		}},
	}
}

// leaking is our mock with a leak; more are secrets that it knows from elsewhere.
func leaking(t *testing.T, l leak, more ...string) http.Handler {
	t.Helper()
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	known := &seen{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		known.note(r, body)
		rec := httptest.NewRecorder()
		mock.ServeHTTP(rec, r)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		status, text := l.tell(w, rec.Code, rec.Body.String(), known.all(more...))
		if status == http.StatusNoContent {
			text = ""
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	})
}

// who is a way to be somebody, and the secrets that belong to it.
type who struct {
	name     string
	env      map[string]string
	args     []string
	user     *url.Userinfo
	canaries []canary
	word     string // that curl lines have in place of it
}

func everybody() []who {
	const odd, plain = `cAnaRy-tok&n/+%=<"\>~1`, "cAnaRy-p1ain-t0ken"
	return []who{
		{"a key", map[string]string{contract.AccessVariable: "cAnaRyACCESS", contract.SecretVariable: "cAnaRy/s+cret=", contract.SecurityTokenVariable: `cAnaRy"s&curity\`}, nil, nil,
			[]canary{{"the access key", "cAnaRyACCESS"}, {"the secret key", "cAnaRy/s+cret="}, {"the security token", `cAnaRy"s&curity\`}}, "$" + contract.TokenVariable},
		{"a token", nil, []string{"--token", odd}, nil, []canary{{"the token", odd}}, "$" + contract.TokenVariable},
		{"a user", nil, nil, url.UserPassword("somebody", plain+"/&"), []canary{{"the password of the URL", plain + "/&"}, {"basic authentication", base64.StdEncoding.EncodeToString([]byte("somebody:" + plain + "/&"))}}, "$COUNTERPART_BASIC"},
		{"a user without password", nil, nil, url.User(plain), []canary{{"the user", plain}}, "$COUNTERPART_BASIC"},
	}
}

// TestNoSecretIsWritten runs the program against servers that tell everything they are told.
func TestNoSecretIsWritten(t *testing.T) {
	for _, password := range []string{"cAnaRy-pa55-word", `cAn"aRy\pa/ss<w&rd é`} {
		for i, l := range leaks() {
			for k, w := range everybody() {
				everybodys := l.name == "in JSON"
				if !everybodys && (testing.Short() || i%len(everybody()) != k) { // in short that is all, else somebody meets every leak
					continue
				}
				t.Run(strings.Join([]string{password[:4], l.name, w.name}, "/"), func(t *testing.T) {
					wantSecrets(t, password, l, w)
				})
			}
		}
	}
}

func wantSecrets(t *testing.T, password string, l leak, w who) {
	t.Helper()
	for _, name := range []string{contract.AccessVariable, contract.SecretVariable, contract.SecurityTokenVariable, contract.TokenVariable} {
		t.Setenv(name, w.env[name])
	}
	served := httptest.NewServer(leaking(t, l, w.env[contract.SecretVariable], w.env[contract.AccessVariable]))
	defer served.Close()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	file := func(name string) string { return filepath.Join(dir, name) }
	info := fmt.Sprintf(`{"rds_instance_id":"29cfbd4a2fc848faae03fe8ca1bd2dd2in01","db_name":"hive","user_name":"root","password":"%s"}`, asJSON(password))
	secretFile := filepath.Join(t.TempDir(), "mysql.json")
	if err := os.WriteFile(secretFile, []byte(info), 0o600); err != nil {
		t.Fatal(err)
	}
	target, _ := url.Parse(served.URL)
	target.User = w.user
	args := append([]string{"counterpart", "verify", target.String(), "--source-info", "RDS_MYSQL=" + secretFile, "--phase", "examples,protocol,fuzz", "--fuzz-cases", "15", "--seed", "7", "--max-requests", "150"}, w.args...)
	var out, errs bytes.Buffer
	runs := [][]string{
		{"--dry-run"},
		{"--report", "text", "--report", "json=" + file("r.json"), "--report", "junit=" + file("r.xml"), "--report", "sarif=" + file("r.sarif"),
			"--report", "html=" + file("r.html"), "--report", "github=" + file("r.github"), "--ledger", file("run.ledger")},
		{"--baseline", file("baseline.json"), "--update-baseline", "--max-requests", "0"},
	}
	for _, more := range runs {
		run(t.Context(), append(slices.Clone(args), more...), &out, &errs)
	}
	cleanup := append([]string{"counterpart", "cleanup", file("run.ledger"), target.String()}, w.args...)
	run(t.Context(), cleanup, &out, &errs)
	written := filesIn(t, dir)
	written["stdout"], written["stderr"] = out.String(), errs.String()
	wantNoCanary(t, append(w.canaries, canary{"the password of the file", password}), written)
	for _, name := range []string{"r.json", "r.xml", "r.sarif", "r.html", "r.github", "run.ledger", "baseline.json"} {
		if written[name] == "" {
			t.Errorf("%s was not written; stderr:\n%s", name, written["stderr"])
		}
	}
	if l.name != "nothing" {
		wantWords(t, written["stdout"], "curl ", w.word)
		wantWords(t, written["r.json"], "$COUNTERPART_PASSWORD_RDS_MYSQL")
	}
}

func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[filepath.Base(path)] = contents(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestNoSecretInWhatIsNoHTTP has a server quote the token where there should be an answer: the program quotes that in
// an error.
func TestNoSecretInWhatIsNoHTTP(t *testing.T) {
	token := canary{"the token", "cAnaRy-p1ain-t0ken"}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, r.Header.Get("X-Auth-Token")+"\r\n\r\n")
		_ = conn.Close()
	}))
	defer served.Close()
	for _, args := range [][]string{{"verify", served.URL}, {"cleanup", writeLedger(t, served.URL)}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"counterpart", args[0], "--token", token.value}, args[1:]...), &out, &errs); code != exitFailed {
			t.Errorf("%s: exit status %d, want 2", args[0], code)
		}
		wantWords(t, errs.String(), "malformed HTTP", "$COUNTERPART_TOKEN")
		wantNoCanary(t, []canary{token}, map[string]string{"stdout": out.String(), "stderr": errs.String()})
	}
}
