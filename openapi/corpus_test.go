package openapi_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// corpus is the directory of public documents; the test is skipped where it is not there.
func corpus(t testing.TB, dir string) string {
	t.Helper()
	root := os.Getenv("COUNTERPART_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpus")
	}
	dir = filepath.Join(root, dir)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the public documents are not there: set COUNTERPART_CORPUS: %v", err)
	}
	return dir
}

// invalid are the public documents that contradict themselves, and where.
var invalid = map[string]string{
	"wfd/blogapi.json":        `blogapi.json:30: key "get" occurs twice`,
	"wfd/ohsome-api.json":     `ohsome-api.json:15807: $ref "#/definitions/LngLatAlt" leads nowhere`,
	"wfd/proxyprint.json":     `proxyprint.json:580: $ref "#/definitions/Principal" leads nowhere`,
	"wfd/quartz-manager.json": `quartz-manager.json:46: $ref "#/components/schemas/SimpleTriggerDTO" leads nowhere`,
}

// putUpWith are the public documents with faults that do not hinder, and one of these.
var putUpWith = map[string]string{
	"specmatic/specs/008-constraints/008-integer-exclusive-min-max.yaml": `/exclusiveMinimum: exclusiveMinimum is a number, as in OpenAPI 3.1`,
	"wfd/cwa-verification.json":  `cwa-verification.json:322 #/components/schemas/RegistrationTokenRequest/properties/keyDob/required: a property says itself whether it is required`,
	"wfd/features-service.json":  `features-service.json:3 #/info: the document has no title`,
	"wfd/microcks.json":          `the path parameter "id" is not described`,
	"wfd/person-controller.json": `the path parameter "ids" is not described`,
}

// Every valid public document loads, and all its schemas compile; the others are refused with file, line and reason.
func TestPublicDocuments(t *testing.T) {
	loaded, refused := 0, 0
	for _, dir := range []string{"wfd", "learn", "specmatic/specs"} {
		root := corpus(t, dir)
		_ = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
				return err
			}
			relative, _ := filepath.Rel(root, file)
			name := filepath.ToSlash(filepath.Join(dir, relative))
			t.Run(name, func(t *testing.T) {
				if wantPublic(t, file, name) {
					loaded++
				} else {
					refused++
				}
			})
			return nil
		})
	}
	t.Logf("public documents: %d of %d load, %d are not valid", loaded, loaded+refused, refused)
	if refused != len(invalid) {
		t.Errorf("%d documents are refused, %d should be", refused, len(invalid))
	}
}

func wantPublic(t *testing.T, file, name string) (loaded bool) {
	t.Helper()
	spec, err := openapi.Load(file)
	if reason := invalid[name]; reason != "" {
		wantRefusal(t, err, reason)
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Compile(); err != nil {
		t.Error(err)
	}
	if len(spec.Operations()) == 0 && !strings.Contains(name, "webhook") {
		t.Error("no operations")
	}
	var told []string
	for _, w := range spec.Warnings() {
		told = append(told, w.String())
	}
	if text := strings.Join(told, "\n"); !strings.Contains(text, putUpWith[name]) {
		t.Errorf("the warnings\n%s\nsay nothing of %q", text, putUpWith[name])
	}
	return true
}
