package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

func TestConfigurationSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       []string // without the file; none for a sound one
	}{
		{"nothing", "{}", nil},
		{"JSON", `{"seed": 7, "spec": ["a.yaml"], "faults": []}`, nil},
		{"values of every kind", "listen: 127.0.0.1:0\nseed: 0x10\ntls-self-signed: true\nreload-every: 0s\nspec: [a.yaml, b.yaml=/b]\nmax-page: 20\n", nil},
		{"a quoted number", "seed: '7'\n", nil},
		{"a fault and a stub", "faults: [{when: {operation: a}, status: {code: 500}}]\nstubs: [{answer: {status: 200}}]\n", nil},
		{"what is not described", "settings: {any: [thing]}\nstubs: [{answer: {body: {any: thing}}}]\n", nil},

		{"an unknown key", "seed: 7\nfautls: []\n", []string{`:2: unknown key "fautls"; did you mean faults?`}},
		{"a file in a file", "config: a.yaml\n", []string{`:1: unknown key "config"; use one of `}},
		{"an unknown key inside", "faults:\n- when:\n    methdo: GET\n", []string{`:3: /faults/0/when: unknown key "methdo"; did you mean method?`}},
		{"an unknown key like no other", "clock: {\n  hours: 7}\n", []string{`:2: /clock: unknown key "hours"; use one of frozen, now`}},
		{"a long unknown key", `{"` + strings.Repeat("x", 100_000) + `": 1}`, []string{`:1: unknown key "xxx`}},
		{"what a flag refuses", "log: xml\n", []string{":1: log: use text or json"}},
		{"a number of the wrong kind", "seed: -1\n", []string{":1: seed: use a whole number from 0"}},
		{"a switch that is none", "tls-self-signed: yes\n", []string{":1: tls-self-signed: use true or false"}},
		{"a time that is none", "reload-every: soon\n", []string{":1: reload-every: use a time such as 90s or 5m"}},
		{"a list for one value", "listen: [127.0.0.1:0]\n", []string{":1: listen: must be one value"}},
		{"an object for a list", "spec: {a: b}\n", []string{":1: spec: must be a value or a list of values"}},
		{"a list in a list", "spec:\n- a\n- [b]\n", []string{":3: spec: must be a value or a list of values"}},
		{"no value", "seed:\n", []string{":1: seed: must be one value"}},
		{"a wrong type", "faults: 7\n", []string{":1: /faults: must be array"}},
		{"a missing part", "stubs:\n- id: a\n", []string{":2: /stubs/0/answer: is required"}},
		{"all at once, in the order of the file", "stubs: 1\nlog: xml\nbogus: 1\n", []string{":1: /stubs: ", ":2: log: ", ":3: unknown key "}},

		{"credentials", "credentials: {users: [{name: a, password: hunter2}]}\n", nil},
		{"a secret in a wrong place", "credentials:\n  users:\n  - name: a\n    password: b\n    hunter2: c\n", []string{":3: /credentials/users/0: has a key that is not known; docs/auth.md has all"}},
		{"credentials without a secret", "credentials:\n  keys:\n  - access: hunter2\n", []string{":3: /credentials/keys/0/secret: is required"}},
		{"credentials of nobody", "credentials:\n  tokens: [{token: hunter2, user: b}]\n", []string{`:1: credentials: tokens[0]: there is no user "b" under users`}},

		{"a key that occurs twice", "seed: 7\nseed: 8\n", []string{`:2: key "seed" occurs twice`}},
		{"no object", "- seed\n", []string{": is not a YAML or JSON object"}},
		{"no YAML", "seed: [\n", []string{":"}},
		{"a secret that is read as an alias", "control-token: *hunter2\n", []string{": an alias has no anchor: put a text that begins with * into quotes"}},
		{"aliases that grow", bomb, []string{"once its aliases are expanded"}},
		{"too much", "seed: 7 #" + strings.Repeat(" ", maxConfiguration), []string{": is larger than 1 MB"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := writeConfiguration(t, tc.text)
			_, err := readConfiguration(file)
			var lines []string
			if err != nil {
				lines = strings.Split(strings.ReplaceAll(err.Error(), file, ""), "\n")
			}
			if !slices.EqualFunc(lines, tc.want, strings.Contains) {
				t.Errorf("got %q, want %q", lines, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is in %q", err)
			}
		})
	}
}

// bomb stands for a hundred million values.
const bomb = `
a: &a [x,x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]
f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]
h: [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]
`

// A pipe would never end.
func TestConfigurationMustBeAFile(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{t.TempDir(): "it is no regular file", "missing.yaml": "no such file or directory"} {
		if _, err := readConfiguration(file); err == nil || err.Error() != file+": cannot be read: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestFilesAreRelativeToTheConfiguration also leaves alone what is no file.
func TestFilesAreRelativeToTheConfiguration(t *testing.T) {
	t.Parallel()
	c := &configuration{file: "etc/counterpart.yaml"}
	for _, tc := range []struct{ flag, value, want string }{
		{"spec", "a.yaml", "etc/a.yaml"},
		{"spec", "a.yaml=/base", "etc/a.yaml=/base"},
		{"spec", "../a.yaml", "a.yaml"},
		{"spec", "/srv/a.yaml", "/srv/a.yaml"},
		{"overlay", "mine.yaml", "etc/mine.yaml"},
		{"overlay", "source-info-object", "source-info-object"},
		{"overlay", "a.yaml=mine.yaml", "etc/a.yaml=etc/mine.yaml"},
		{"overlay", "a.yaml=source-info-object", "etc/a.yaml=source-info-object"},
		{"store", "sqlite:mock.db", "sqlite:etc/mock.db"},
		{"store", "memory", "memory"},
		{"store", "postgres://u@h/d", "postgres://u@h/d"},
		{"tls-cert", "server.pem", "etc/server.pem"},
		{"tls-cert", "", ""},
		{"listen", "127.0.0.1:0", "127.0.0.1:0"},
	} {
		if got := c.place(tc.flag, tc.value); got != tc.want {
			t.Errorf("%s: %s is %s, want %s", tc.flag, tc.value, got, tc.want)
		}
	}
}

// The command line wins over a variable, that over the file, and that over the default.
func TestPrecedence(t *testing.T) {
	file := writeConfiguration(t, "seed: 1\nmax-page: 1\nlog: json\ntls-self-signed: true\n")
	t.Setenv("COUNTERPART_SEED", "2")
	t.Setenv("COUNTERPART_MAX_PAGE", "2")
	t.Setenv("COUNTERPART_CONFIG", file)
	var out bytes.Buffer
	if code := run(t.Context(), []string{"counterpart", "config", "--max-page", "3"}, &out, io.Discard); code != exitOK {
		t.Fatalf("exit status %d", code)
	}
	for name, want := range map[string][]string{
		"max-page": {"3", "--max-page"}, "seed": {"2", "COUNTERPART_SEED"}, "log": {"json", file + ":3"},
		"tls-self-signed": {"true", file + ":4"}, "listen": {"127.0.0.1:8080", "default"},
	} {
		if got := rowOf(out.String(), name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func rowOf(table, name string) []string {
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == name {
			return fields[1:]
		}
	}
	return nil
}

// What may hold a secret is neither shown nor left for everybody to read without a warning.
func TestSecretsOfAConfiguration(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text   string
		mode   os.FileMode
		warned bool
	}{
		{"store: postgres://u:hunter2@127.0.0.1/d\n", 0o644, true},
		{"store: postgres://u:hunter2@127.0.0.1/d\n", 0o600, false},
		{"store: memory\n", 0o644, false},
		{"control-token: hunter2\n", 0o644, true},
		{"credentials: {tokens: [{token: hunter2}]}\n", 0o644, true},
		{"control-token-file: token.txt\n", 0o644, false},
		{"state: {create: [{path: /a, body: hunter2}]}\n", 0o644, true},
	} {
		file := writeConfiguration(t, tc.text)
		if err := os.Chmod(file, tc.mode); err != nil {
			t.Fatal(err)
		}
		c, err := readConfiguration(file)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		c.warn(logger("text", &log))
		if warned := strings.Contains(log.String(), "chmod o-r"); warned != tc.warned {
			t.Errorf("%q %v: the log says %q", tc.text, tc.mode, &log)
		}
		var shown bytes.Buffer
		run(context.Background(), []string{"counterpart", "config", "--config", file}, &shown, &shown)
		if strings.Contains(shown.String()+log.String(), "hunter2") {
			t.Errorf("a secret is shown:\n%s", &shown)
		}
	}
}

// A flag that by its name holds a secret is not shown.
func TestSecretFlags(t *testing.T) {
	t.Parallel()
	for _, f := range serveFlags() {
		name := f.Names()[0]
		if f, isText := f.(*cli.StringFlag); isText && strings.HasSuffix(name, "token") && !holdsSecret(f.Name, "some") {
			t.Errorf("config shows the value of --%s", name)
		}
	}
}
