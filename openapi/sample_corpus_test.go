package openapi_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// eachPublicDocument visits every OpenAPI document of the corpus that can be loaded, by its path in the corpus.
func eachPublicDocument(t *testing.T, visit func(name string, spec *openapi.Spec)) {
	t.Helper()
	dir := corpus(t, "")
	err := filepath.WalkDir(dir, func(file string, _ fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, file)
		if err != nil || strings.HasPrefix(name, "json-schema") || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return err
		}
		if spec, err := openapi.Load(file); err == nil {
			visit(filepath.ToSlash(name), spec)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// describedSchemas are the schemas of a document's messages, by where they are.
func describedSchemas(spec *openapi.Spec) map[string]*openapi.Schema {
	all := map[string]*openapi.Schema{}
	add := func(at string, parameters []*openapi.Parameter, content []*openapi.MediaType) {
		for _, p := range parameters {
			all[at+" "+string(p.In)+" "+p.Name] = p.Schema
		}
		for _, m := range content {
			all[at+" "+m.Range] = m.Schema
		}
	}
	for _, op := range spec.Operations() {
		add(op.ID, op.Parameters, nil)
		if op.RequestBody != nil {
			add(op.ID+" request", nil, op.RequestBody.Content)
		}
		for _, answer := range op.Responses {
			add(op.ID+" "+answer.Status, answer.Headers, answer.Content)
		}
	}
	for at, schema := range all {
		if schema == nil {
			delete(all, at)
		}
	}
	return all
}

// Every schema of every public document has samples that keep it, the smallest, the largest and others, but for those
// that contradict themselves.
func TestSamplesOfPublicDocuments(t *testing.T) {
	contradictory := map[string]string{} // document and place → why no value keeps the schema
	schemas := 0
	eachPublicDocument(t, func(name string, spec *openapi.Spec) {
		for at, schema := range describedSchemas(spec) {
			schemas++
			for _, o := range []openapi.SampleOptions{{}, {All: true}, {Vary: 1}, {All: true, Vary: 2}} {
				vs := schema.Validate(schema.SampleWith(o))
				if why, known := contradictory[name+" "+at]; len(vs) > 0 != known {
					t.Errorf("%s %s (%s), %+v: %s", name, at, why, o, vs)
				}
			}
		}
	})
	if schemas < 1000 {
		t.Errorf("only %d schemas were tried", schemas)
	}
}
