package openapi_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

var update = flag.Bool("update", false, "write testdata/resources.golden anew")

// TestResourcesOfPublicDocuments holds what is inferred from documents of services that run to what a person read in
// them. A document that cannot be loaded is skipped, and says why.
func TestResourcesOfPublicDocuments(t *testing.T) {
	corpus := os.Getenv("COUNTERPART_CORPUS")
	if corpus == "" {
		corpus = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("the public documents are not there: set COUNTERPART_CORPUS: %v", err)
	}
	golden := filepath.Join("testdata", "resources.golden")
	known := sections(t, golden)
	for _, name := range documentsBelow(t, corpus, "wfd", "learn", filepath.Join("specmatic", "specs")) {
		t.Run(name, func(t *testing.T) {
			got := "cannot be used\n"
			if spec, err := openapi.Load(filepath.Join(corpus, filepath.FromSlash(name))); err == nil {
				got = resourcesOf(spec)
			}
			switch want := known[name]; {
			case *update:
				known[name] = got
			case got != want:
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	if *update {
		writeSections(t, golden, known)
	}
}

func documentsBelow(t *testing.T, corpus string, folders ...string) []string {
	t.Helper()
	var names []string
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(corpus, folder), func(path string, d fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err == nil && !d.IsDir() && (ext == ".yaml" || ext == ".json") {
				name, _ := filepath.Rel(corpus, path)
				names = append(names, filepath.ToSlash(name))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// resourcesOf writes each resource in a line: its name, and what is known of it.
func resourcesOf(spec *openapi.Spec) string {
	var b strings.Builder
	for _, r := range spec.Resources() {
		b.WriteString(r.Name + ": " + strings.Join(partsOf(r), ", ") + "\n")
	}
	return b.String()
}

// sections reads a file of texts below lines `== name`.
func sections(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	texts := map[string]string{}
	name := ""
	for line := range strings.Lines(string(data)) {
		if found, ok := strings.CutPrefix(line, "== "); ok {
			name = strings.TrimSpace(found)
			texts[name] = ""
			continue
		}
		texts[name] += line
	}
	return texts
}

func writeSections(t *testing.T, file string, texts map[string]string) {
	t.Helper()
	var names []string
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString("== " + name + "\n" + texts[name])
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
