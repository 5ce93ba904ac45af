package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

// configuredWatch is a mock with a configuration, looked at only when the test says so. Args are those of serve.
func configuredWatch(t *testing.T, text string, args ...string) *watching {
	t.Helper()
	w := &watching{T: t, dir: t.TempDir()}
	w.write("counterpart.yaml", text)
	w.write("pets.yaml", of("/a"))
	w.write("adds-b.yaml", addsB)
	flags, file := configurable(serveFlags())
	serve := &cli.Command{Name: "serve", Flags: flags, Action: func(ctx context.Context, c *cli.Command) (err error) {
		log := slog.New(slog.NewTextHandler(&w.lines, nil))
		_, w.watch, err = newMock(ctx, c, file, log, nil)
		return err
	}}
	if err := serve.Run(t.Context(), append([]string{"serve", "--config", filepath.Join(w.dir, "counterpart.yaml")}, args...)); err != nil {
		t.Fatal(err)
	}
	return w
}

// settings is what the mock says of them.
func (w *watching) settings() string {
	answer := httptest.NewRecorder()
	w.mock.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/_counterpart/settings", nil))
	return answer.Body.String()
}

func (w *watching) wantLog(parts ...string) {
	w.Helper()
	wantWords(w.T, w.lines.String(), parts...)
	w.lines.Reset()
}

func TestReconfigure(t *testing.T) {
	w := configuredWatch(t, "settings: {keep-used: true}\n")
	w.write("counterpart.yaml", "settings: {keep-used: false}\n")
	w.look(t.Context())
	if !strings.Contains(w.settings(), `"value":true`) {
		t.Error("a file that may still be written was read")
	}
	w.look(t.Context())
	if strings.Contains(w.settings(), `"value":true`) {
		t.Errorf("the change was not read; the log:\n%s", &w.lines)
	}
	w.settle()
	if n := strings.Count(w.lines.String(), "\n"); n != 1 {
		t.Errorf("%d lines about one change:\n%s", n, &w.lines)
	}
}

// An overlay that comes or goes changes its document; another document waits for the next start.
func TestReconfigureDocuments(t *testing.T) {
	w := configuredWatch(t, "spec: pets.yaml\n")
	w.want("at first", "/a")
	w.write("counterpart.yaml", "spec: pets.yaml\noverlay: adds-b.yaml\n")
	w.settle()
	w.want("with the overlay", "/a", "/b")
	if strings.Contains(w.lines.String(), "next start") {
		t.Errorf("the overlay is said to wait:\n%s", &w.lines)
	}
	w.write("adds-b.yaml", noChange)
	w.settle()
	w.want("after a change of the overlay itself", "/a")
	w.write("counterpart.yaml", "spec: pets.yaml=/x\noverlay: adds-b.yaml\n")
	w.lines.Reset()
	w.settle()
	w.want("with another base path", "/a")
	w.wantLog("these take effect at the next start", "flags=spec\n")
}

// What the command line gives is not the file's to change.
func TestReconfigureKnowsWhatWaits(t *testing.T) {
	w := configuredWatch(t, "seed: 1\nmax-page: 1\nlog: json\n", "--max-page", "9")
	w.write("counterpart.yaml", "seed: 2\nmax-page: 2\nlog: json\nidle-time: 9s\nstate: {}\n")
	w.settle()
	w.wantLog(`flags="idle-time, seed, state"`)
}

// A file that is wrong anywhere changes nothing.
func TestReconfigureIsAllOrNothing(t *testing.T) {
	const good = "settings: {keep-used: true, rds-instances: [3aa55f1cb4c3491686936130f21e9f16in01]}\n"
	for _, tc := range []struct{ name, text, says string }{
		{"no YAML", "settings: [\n", "counterpart.yaml:"},
		{"an unknown key", "settings: {keep-used: false}\nbogus: 1\n", `counterpart.yaml:2: unknown key \"bogus\"`},
		{"a setting that no API has", "settings:\n  keep-used: false\n  zzz: 1\n", "counterpart.yaml:3: /settings/zzz: there is no such setting"},
		{"a value of the wrong type", "settings:\n  rds-instances: []\n  keep-used: [1]\n", "counterpart.yaml:3: /settings/keep-used: "},
		{"an overlay that is not there", "settings: {keep-used: false}\noverlay: missing.yaml\n", "missing.yaml"},
		{"state that does not fit", "settings: {keep-used: false}\nstate:\n  create:\n  - path: /nowhere\n    body: {password: hunter2}\n", "counterpart.yaml:4: /state/create/0/path: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := configuredWatch(t, good)
			before := w.settings()
			w.write("counterpart.yaml", tc.text)
			w.settle()
			w.settle()
			if after := w.settings(); after != before {
				t.Errorf("something has changed:\n%s\n%s", before, after)
			}
			if n := strings.Count(w.lines.String(), "\n"); n != 1 || strings.Contains(w.lines.String(), "hunter2") {
				t.Errorf("%d lines about one broken file:\n%s", n, &w.lines)
			}
			w.wantLog("level=ERROR", "the one before it stays in force", tc.says)
			w.write("counterpart.yaml", "settings: {keep-used: true}\n")
			w.settle()
			w.wantLog("was read again")
		})
	}
}

// knows says whether the mock lets a token in.
func (w *watching) knows(token string) bool {
	answer, request := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v2/abc/data-connectors", nil)
	request.Header.Set("X-Auth-Token", token)
	w.mock.ServeHTTP(answer, request)
	return answer.Code == http.StatusOK
}

// Credentials stand in the configuration, or in a file that it names; both can change.
func TestReconfigureCredentials(t *testing.T) {
	w := configuredWatch(t, "auth: require\ncredentials: {tokens: [{token: first-token}]}\n")
	if !w.knows("first-token") || w.knows("second-token") {
		t.Error("at first, the first token is not the one that is let in")
	}
	w.write("who.yaml", "tokens: [{token: second-token}]\n")
	w.write("counterpart.yaml", "auth: require\ncredentials: who.yaml\n")
	w.settle()
	if w.knows("first-token") || !w.knows("second-token") {
		t.Errorf("the credentials of the file are not taken:\n%s", &w.lines)
	}
	w.write("who.yaml", "tokens: [{token: third-token}]\n")
	w.settle()
	if w.knows("second-token") || !w.knows("third-token") {
		t.Errorf("the changed file is not read:\n%s", &w.lines)
	}
	w.write("who.yaml", "tokens: [{tokn: fourth-token}]\n")
	w.settle()
	if !w.knows("third-token") {
		t.Errorf("a broken file is taken:\n%s", &w.lines)
	}
	for _, secret := range []string{"first-token", "second-token", "third-token", "fourth-token"} {
		if strings.Contains(w.lines.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, &w.lines)
		}
	}
	if strings.Contains(w.lines.String(), "next start") {
		t.Errorf("credentials are said to wait:\n%s", &w.lines)
	}
}
