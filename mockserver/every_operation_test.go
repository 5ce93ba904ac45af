package mockserver_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// eachPublicDocument visits every document of the corpus that can be loaded; it skips the test where there is none.
func eachPublicDocument(t *testing.T, visit func(name string, spec *openapi.Spec)) {
	t.Helper()
	dir := os.Getenv("COUNTERPART_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the public documents are not there: set COUNTERPART_CORPUS: %v", err)
	}
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

// soundRequest is a request for the operation that keeps the document, as far as its samples do.
func soundRequest(t *testing.T, op *openapi.Operation) *http.Request {
	t.Helper()
	path, query, header := op.Base+op.Path, url.Values{}, http.Header{}
	for _, p := range op.Parameters {
		var value any = "a"
		if len(p.Examples) > 0 {
			value = p.Examples[0].Value
		} else if p.Schema != nil {
			value = p.Schema.Sample(nil)
		}
		texts, ok := p.Texts(value)
		if !ok {
			texts = []string{fmt.Sprint(value)}
		}
		switch {
		case p.In == openapi.InPath:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(strings.Join(texts, ",")))
		case p.Required && p.In == openapi.InQuery:
			query[p.Name] = texts
		case p.Required && p.In == openapi.InHeader:
			header.Set(p.Name, texts[0])
		case p.Required && p.In == openapi.InCookie:
			header.Add("Cookie", p.Name+"="+texts[0])
		}
	}
	var body []byte
	if op.RequestBody != nil && len(op.RequestBody.Content) > 0 {
		m := op.RequestBody.Content[0]
		var value any = "text"
		if m.Schema != nil {
			value = m.Schema.SampleAll(nil)
		}
		encoded, contentType, err := m.Encode(value)
		if err != nil {
			t.Fatalf("%s: %v", op.ID, err)
		}
		body = encoded
		header.Set("Content-Type", contentType)
	}
	r := httptest.NewRequest(op.Method, path, bytes.NewReader(body))
	r.URL.RawQuery, r.Header = query.Encode(), header
	return r
}

// Whatever a document describes, the mock fails at no sound request. It may know of no item that is asked for.
func TestEveryOperationOfPublicDocumentsIsAnswered(t *testing.T) {
	operations := 0
	eachPublicDocument(t, func(name string, spec *openapi.Spec) {
		server, err := mockserver.New(mockserver.Options{Spec: spec, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range spec.Operations() {
			operations++
			w := httptest.NewRecorder()
			server.ServeHTTP(w, soundRequest(t, op))
			if w.Code >= http.StatusInternalServerError {
				t.Errorf("%s %s: %d %.300s", name, op.ID, w.Code, w.Body)
			}
		}
	})
	if operations < 500 {
		t.Errorf("only %d operations were tried", operations)
	}
}
