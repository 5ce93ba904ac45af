package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
)

// watching is a mock of documents in files, looked at only when the test says so.
type watching struct {
	*testing.T
	*watch

	dir    string
	writes int
	lines  strings.Builder
}

// watchOf starts with the documents named, each FILE or FILE=/BASE; files are their names and texts in turn.
func watchOf(t *testing.T, specs []string, files ...string) *watching {
	w := &watching{T: t, dir: t.TempDir()}
	for i := 0; i < len(files); i += 2 {
		w.write(files[i], files[i+1])
	}
	var sources []*source
	for _, spec := range specs {
		file, base, _ := strings.Cut(spec, "=")
		sources = append(sources, &source{file: filepath.Join(w.dir, file), base: base, overlays: []string{filepath.Join(w.dir, "overlay.yaml")}})
	}
	var err error
	if w.watch, err = readAll(sources); err != nil {
		t.Fatal(err)
	}
	w.log = slog.New(slog.NewTextHandler(&w.lines, nil))
	if w.mock, err = mockserver.New(mockserver.Options{Specs: specsOf(w.documents)}); err != nil {
		t.Fatal(err)
	}
	return w
}

// write gives each version of a file a time of its own: two may be written within one tick of the file system's clock.
func (w *watching) write(file, text string) {
	w.Helper()
	w.writes++
	file = filepath.Join(w.dir, file)
	at := time.Unix(int64(w.writes), 0)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	if err := os.Chtimes(file, at, at); err != nil {
		w.Fatal(err)
	}
}

// settle looks until nothing changes any more.
func (w *watching) settle() {
	for range 2 {
		w.look(w.Context())
	}
}

// want asks for paths, and checks which of them are found.
func (w *watching) want(when string, found ...string) {
	w.Helper()
	for _, path := range []string{"/a", "/b", "/c", "/x/a", "/x/b"} {
		want := http.StatusNotFound
		for _, f := range found {
			if f == path {
				want = http.StatusNoContent
			}
		}
		answer := httptest.NewRecorder()
		w.mock.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != want {
			w.Errorf("%s: GET %s: %d, want %d; the log:\n%s", when, path, answer.Code, want, &w.lines)
		}
	}
}

// of is a document of some paths.
func of(paths ...string) string {
	text := "openapi: 3.1.0\ninfo: {title: Test, version: '1'}\npaths:\n"
	for _, path := range paths {
		text += "  " + path + ": {get: {responses: {'204': {description: done}}}}\n"
	}
	return text
}

// Overlays.
const (
	noChange = "overlay: 1.0.0\ninfo: {title: none, version: '1'}\nactions: [{target: $.info, update: {version: '2'}}]\n"
	addsB    = "overlay: 1.0.0\ninfo: {title: B, version: '1'}\nactions: [{target: $.paths, update: {/b: {get: {responses: {'204': {description: done}}}}}}]\n"
)

func TestReloadWaitsForTheEndOfWriting(t *testing.T) {
	w := watchOf(t, []string{"a.yaml"}, "a.yaml", of("/a"), "overlay.yaml", noChange)
	w.settle()
	w.write("a.yaml", of("/b"))
	w.look(t.Context())
	w.want("after the first look", "/a")
	w.write("a.yaml", of("/c"))
	w.look(t.Context())
	w.want("after a look that finds another change", "/a")
	w.look(t.Context())
	w.want("after a look that finds no other change", "/c")
	w.settle()
	if n := strings.Count(w.lines.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want one for the whole burst:\n%s", n, &w.lines)
	}
}

// Every file that the document is made of counts, and so does one that another takes the place of.
func TestReloadFollowsEveryFile(t *testing.T) {
	const refers = "openapi: 3.1.0\ninfo: {title: Test, version: '1'}\npaths:\n  /a: {$ref: 'part.yaml#/item'}\n"
	const part = "item: {get: {responses: {'204': {description: done}}}}\n"
	w := watchOf(t, []string{"a.yaml"}, "a.yaml", refers, "part.yaml", part, "overlay.yaml", noChange)
	w.want("at first", "/a")

	w.write("part.yaml", strings.ReplaceAll(part, "get", "put"))
	w.settle()
	if w.documents[0].spec.Operations()[0].Method != http.MethodPut {
		t.Error("a file that the document refers to was not read again")
	}
	w.write("part.yaml", part)
	w.write("overlay.yaml", addsB)
	w.settle()
	w.want("after a change of the overlay", "/a", "/b")

	w.write("next.yaml", of("/c"))
	if err := os.Rename(filepath.Join(w.dir, "next.yaml"), filepath.Join(w.dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.want("after a rename over the document", "/b", "/c")
}

// The document that was good stays in service, and the log says where the new one is broken.
func TestReloadKeepsTheGoodDocument(t *testing.T) {
	for _, tc := range []struct {
		broken, text, says string
	}{
		{"no YAML", "openapi: 3.1.0\npaths: [\n", "a.yaml:2: "},
		{"half of a document", "openapi: 3.1.0\ninfo: {version: '1'}\n", "a.yaml:1: is not a valid OpenAPI document"},
		{"a missing file", "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/a: {$ref: 'missing.yaml#/b'}}\n", "a.yaml:3: missing.yaml cannot be read"},
	} {
		t.Run(tc.broken, func(t *testing.T) {
			w := watchOf(t, []string{"a.yaml"}, "a.yaml", of("/a"), "overlay.yaml", noChange)
			w.write("a.yaml", tc.text)
			w.settle()
			w.want("when it is broken", "/a")
			if log := w.lines.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, filepath.Join(w.dir, tc.says)) {
				t.Errorf("the log does not say %q:\n%s", tc.says, log)
			}
			w.settle()
			if n := strings.Count(w.lines.String(), "\n"); n != 1 {
				t.Errorf("%d lines about one broken version:\n%s", n, &w.lines)
			}
			w.write("a.yaml", of("/b"))
			w.settle()
			w.want("when it is whole again", "/b")
		})
	}
}

// A broken document is read again also when the file that it lacks comes, or it comes back itself.
func TestReloadFindsMissingFiles(t *testing.T) {
	w := watchOf(t, []string{"a.yaml"}, "a.yaml", of("/a"), "overlay.yaml", noChange)
	w.write("a.yaml", "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/b: {$ref: 'part.yaml#/b'}}\n")
	w.settle()
	w.want("without the part", "/a")
	w.write("part.yaml", "b: {get: {responses: {'204': {description: done}}}}\n")
	w.settle()
	w.want("with the part", "/b")

	if err := os.Remove(filepath.Join(w.dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.want("without the document", "/b")
	w.write("a.yaml", of("/c"))
	w.settle()
	w.want("with the document", "/c")
}

// Documents may pass paths to each other: one that the other's paths keep out is tried again.
func TestReloadSeveral(t *testing.T) {
	w := watchOf(t, []string{"a.yaml", "b.yaml", "x.yaml=/x"}, "a.yaml", of("/a"), "b.yaml", of("/b"), "x.yaml", of("/a"), "overlay.yaml", noChange)
	w.want("at first", "/a", "/b", "/x/a")
	w.write("x.yaml", of("/b"))
	w.settle()
	w.want("after a change below the base path", "/a", "/b", "/x/b")

	w.write("a.yaml", of("/b"))
	w.settle()
	w.want("while both want the path", "/a", "/b", "/x/b")
	if log := w.lines.String(); !strings.Contains(log, "GET /b is described by") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	w.write("b.yaml", of("/c"))
	w.settle()
	w.want("after the path is free", "/b", "/c", "/x/b")
}

func TestReloadEndsWithItsContext(t *testing.T) {
	w := watchOf(t, []string{"a.yaml"}, "a.yaml", of("/a"), "overlay.yaml", noChange)
	w.start(t.Context(), time.Hour)()
	w.start(t.Context(), 0)()
}
