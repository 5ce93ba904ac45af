package mockserver_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

const credentialsFile = `domain: {id: d78cbac186b744899480f25bd022f468, name: counterpart}
projects:
  - {id: ac66f1a5e8f443998ec62c8cb1aefda7, name: ap-southeast-1}
users:
  - {name: alice, password: hush, projects: [ap-southeast-1]}
tokens:
  - {token: hush-token, user: alice, expires: 2030-01-31T00:00:00Z}
keys:
  - {access: AK, secret: hush-secret, projects: [ac66f1a5e8f443998ec62c8cb1aefda7]}
`

func TestParseCredentials(t *testing.T) {
	c, err := mockserver.ParseCredentials("c.yaml", []byte(credentialsFile))
	if err != nil {
		t.Fatal(err)
	}
	if c.Domain.Name != "counterpart" || c.Projects[0].Name != "ap-southeast-1" || c.Users[0].Password != "hush" || c.Users[0].Projects[0] != "ap-southeast-1" ||
		c.Tokens[0].Expires.Year() != 2030 || c.Tokens[0].User != "alice" || c.Keys[0].Secret != "hush-secret" || c.Tokens[0].Projects != nil {
		t.Error("the file is read as something else")
	}
	asJSON := "{\n\t\"tokens\": [\n\t\t{\"token\": \"hush-token\"}\n\t]\n}\n"
	if c, err = mockserver.ParseCredentials("c.json", []byte(asJSON)); err != nil || c.Tokens[0].Token != "hush-token" {
		t.Errorf("JSON with tabs: %v", err)
	}
}

func TestCredentialsThatAreRefused(t *testing.T) {
	const alice = "users: [{name: alice, password: hush}]\n"
	for _, row := range []struct{ why, text, want string }{
		{"nothing", "", "c.yaml: is empty; it may have domain, projects, users, tokens, keys"},
		{"no YAML", "users: [hush", "c.yaml: is neither YAML nor JSON (line 1)"},
		{"a list", "- hush", "c.yaml:1: must be an object with domain, projects, users, tokens, keys"},
		{"an unknown key", alice + "user: hush", "c.yaml:2: a key is not known; allowed are domain, projects, users, tokens, keys"},
		{"an unknown key below", "users:\n  - name: alice\n    pass: hush", "c.yaml:3: a key is not known; allowed are name, password, projects"},
		{"a key twice", "users:\n  - name: alice\n    password: hush\n    password: hush2", "c.yaml:4: a key is there twice"},
		{"a list that is none", "users: hush", "c.yaml:1: must be a list"},
		{"a text that is none", "users: [{name: alice, password: [hush]}]", "c.yaml:1: password must be a text"},
		{"no text", "users: [{name: alice, password: }]", "c.yaml:1: password must be a text"},
		{"a time that is none", "tokens: [{token: hush, expires: tomorrow}]", "c.yaml:1: expires must be a time such as 2030-01-31T00:00:00Z"},
		{"nobody", "projects: [{id: a}]", "c.yaml: there is no user, token or key: nobody could be let in"},
		{"parts that are missing", "users: [{name: alice}]\nkeys: [{secret: hush}]\ntokens: [{user: alice}]",
			"c.yaml: users[0]: password is missing\ntokens[0]: token is missing\nkeys[0]: access is missing"},
		{"two of a name", "users: [{name: alice, password: hush}, {name: alice, password: hush}]", "c.yaml: users[1]: another one before it has the same user"},
		{"a token twice", "tokens: [{token: hush}, {token: hush}]", "c.yaml: tokens[1]: another one before it has the same token"},
		{"a project that is not there", alice + "tokens: [{token: hush, projects: [nowhere]}]", `c.yaml: tokens[0]: there is no project "nowhere" under projects`},
		{"no projects at all", alice + "tokens: [{token: hush, projects: []}]", "c.yaml: tokens[0]: projects is empty; leave it out for every project"},
		{"a user who is not there", "keys: [{access: AK, secret: hush, user: carol}]", `c.yaml: keys[0]: there is no user "carol" under users`},
		{"an alias", "users: [&a {name: alice, password: hush}, *a]", "c.yaml:1: must be an object with name, password, projects"},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := mockserver.ParseCredentials("c.yaml", []byte(row.text))
			if err == nil || err.Error() != row.want {
				t.Errorf("the error is\n%v, not\n%s", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Error("the error has a secret")
			}
		})
	}
}

func TestReadCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials.yaml")
	if err := os.WriteFile(file, []byte(credentialsFile), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := mockserver.ReadCredentials(file)
	parsed, _ := mockserver.ParseCredentials(file, []byte(credentialsFile))
	if err != nil || !reflect.DeepEqual(read, parsed) {
		t.Errorf("read as %v, %v", read, err)
	}
	if _, err := mockserver.ReadCredentials(file + ".no"); err == nil {
		t.Error("a file that is not there is read")
	}
	if err := os.WriteFile(file, []byte(credentialsFile+strings.Repeat("#", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mockserver.ReadCredentials(file); err == nil || !strings.HasSuffix(err.Error(), "is larger than 1048576 bytes") {
		t.Errorf("a large file: %v", err)
	}
}
