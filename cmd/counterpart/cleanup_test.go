package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/openapi/signature"
)

// writeLedger is that of a run which was killed after it had created an item with the id 1.
func writeLedger(t *testing.T, target string) string {
	t.Helper()
	spec, err := openapi.Default()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "run.ledger")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	l, err := contract.NewLedger(f, contract.LedgerHead{Tool: "counterpart", Target: target, Spec: contract.ReportSpec{Title: spec.Title}, Started: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.Intend(spec.Resources()[0].Name, map[string]string{"project_id": "abc"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Created(n, "1\x1b[2J"); err != nil {
		t.Fatal(err)
	}
	return name
}

// runCleanup gives the exit status and what was printed.
func runCleanup(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"counterpart", "cleanup"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// TestCleanupGoesToTheLedgersTarget, and what a server made up does not reach the terminal.
func TestCleanupGoesToTheLedgersTarget(t *testing.T) {
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Method + " " + r.URL.EscapedPath() }))
	defer srv.Close()
	code, stdout, stderr := runCleanup(t, writeLedger(t, srv.URL+"/prefix"))
	want := fmt.Sprintf("deleted   data-connector 1 \"1\\x1b[2J\"\n%s/prefix: 1 deleted, 0 gone, 0 left\n", srv.URL)
	if code != exitOK || stdout != want || stderr != "" {
		t.Errorf("%d\n%s%s, want 0 and\n%s", code, stdout, stderr, want)
	}
	if got != "DELETE /prefix/v2/abc/data-connectors/1%1B%5B2J" {
		t.Errorf("the server got %s", got)
	}
}

// TestCredentialsAreSent in each of the ways in which they can be given.
func TestCredentialsAreSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := map[string]string{contract.AccessVariable: "access", contract.SecretVariable: "hunter2", contract.SecurityTokenVariable: "temporary"}
	tests := []struct {
		name string
		env  map[string]string
		args []string
		want string // token, whether it is signed, security token
	}{
		{"none", nil, nil, " false "},
		{"flag", nil, []string{"--token", "of-a-flag"}, "of-a-flag false "},
		{"variable", map[string]string{contract.TokenVariable: "of-a-variable"}, nil, "of-a-variable false "},
		{"file", nil, []string{"--token-file", file}, "of-a-file false "},
		{"file in a variable", map[string]string{"COUNTERPART_TOKEN_FILE": file}, nil, "of-a-file false "},
		{"key", key, nil, " true temporary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{contract.AccessVariable, contract.SecretVariable, contract.SecurityTokenVariable, contract.TokenVariable} {
				t.Setenv(name, tt.env[name])
			}
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			var got string
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				sum := signature.Sum("hunter2", r.Header.Get("X-Sdk-Date"), signature.Canonical(r, []string{"host", "x-sdk-date", "x-security-token"}, nil))
				signed := strings.HasSuffix(r.Header.Get("Authorization"), "Signature="+sum)
				got = fmt.Sprint(r.Header.Get("X-Auth-Token"), " ", signed, " ", r.Header.Get("X-Security-Token"))
			}))
			defer srv.Close()
			code, stdout, stderr := runCleanup(t, append(tt.args, writeLedger(t, srv.URL))...)
			if code != exitOK || got != tt.want {
				t.Errorf("exit status %d, the server got %q, want %q\n%s%s", code, got, tt.want, stdout, stderr)
			}
		})
	}
}

func TestWrongCredentials(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": " \n", "large": strings.Repeat("a", maxToken+1), "two": "hunter2\nhunter2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ledger := writeLedger(t, "http://127.0.0.1:1")
	tests := []struct {
		name string
		env  [4]string // access key, secret, security token, token
		args []string
		want string
	}{
		{"no secret", [4]string{"access"}, nil, "HUAWEICLOUD_SDK_AK is set, but not HUAWEICLOUD_SDK_SK: set both, or neither"},
		{"no access key", [4]string{"", "hunter2"}, nil, "HUAWEICLOUD_SDK_SK is set, but not HUAWEICLOUD_SDK_AK: set both, or neither"},
		{"security token alone", [4]string{"", "", "hunter2"}, nil, "HUAWEICLOUD_SDK_SECURITY_TOKEN is set, but not HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, which it belongs to"},
		{"token and key", [4]string{"access", "hunter2", "", "hunter2"}, nil, "there are a token and an access key"},
		{"token and file", [4]string{"", "", "", "hunter2"}, []string{"--token-file", "x"}, "leave one out"},
		{"token of two words", [4]string{"", "", "", "hunter2 x"}, nil, "the token holds a character that cannot stand in a header"},
		{"token file of two lines", [4]string{}, []string{"--token-file", filepath.Join(dir, "two")}, "the token holds a character that cannot stand in a header"},
		{"no file", [4]string{}, []string{"--token-file", filepath.Join(dir, "none")}, "no such file or directory"},
		{"empty file", [4]string{}, []string{"--token-file", filepath.Join(dir, "empty")}, "is empty"},
		{"large file", [4]string{}, []string{"--token-file", filepath.Join(dir, "large")}, "is too large for a token"},
		{"rate that is no number", [4]string{}, []string{"--rate", "NaN"}, "use a number from 0"},
		{"rate without end", [4]string{}, []string{"--rate", "Inf"}, "use a number from 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i, name := range []string{contract.AccessVariable, contract.SecretVariable, contract.SecurityTokenVariable, contract.TokenVariable} {
				t.Setenv(name, tt.env[i])
			}
			code, stdout, stderr := runCleanup(t, append(tt.args, ledger)...)
			if code != exitFailed || stdout != "" || !strings.Contains(stderr, tt.want) || strings.Contains(stderr, "hunter2") {
				t.Errorf("exit status %d, %s%s want 2 and %q", code, stdout, stderr, tt.want)
			}
		})
	}
}
