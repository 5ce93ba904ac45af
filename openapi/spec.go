package openapi

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed api.yaml source_info/*.schema.json
var builtin embed.FS

// Spec is a contract: one OpenAPI document, compiled. It never changes; all methods are safe for concurrent use.
type Spec struct {
	Title, Version string

	root       *document
	docs       map[string]*document
	builtin    bool // the document that comes with the package
	overlays   []string
	is30       bool // OpenAPI 3.0, whose schemas differ from JSON Schema
	operations []*Operation
	byID       map[string]*Operation
	routes     *node
	resources  []*Resource
	refusals   []Refusal
	secrets    map[string]bool
	compilers  [2]compiler // by view

	hintsOnce sync.Once
	hints     []overlayHint
}

// Default loads the document that comes with the package, changed by the overlays in the order given.
// An overlay is the name of a built-in one (see [Overlays]) or the path of a file. Errors are as for [Load].
func Default(overlays ...string) (*Spec, error) {
	s, err := load(builtin, "api.yaml", overlays)
	if err == nil {
		s.builtin = true
	}
	return s, err
}

// Load reads an OpenAPI 3.0 or 3.1 document from a YAML or JSON file, changed by the overlays in the order given.
//
// A `$ref` may name other files in the document's directory or below it; one that leaves the directory or goes to the
// network is an error. The error is a [*DocumentError] that names file, line where known, and reason.
func Load(file string, overlays ...string) (*Spec, error) {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, &DocumentError{File: file, Err: errors.Unwrap(err)}
	}
	defer func() { _ = root.Close() }()
	return load(root.FS(), filepath.Base(file), overlays)
}

func load(files fs.FS, name string, overlays []string) (*Spec, error) {
	s, err := read(files, name, overlays)
	if err != nil {
		return nil, err
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	return s, s.describe()
}

// read parses the files; what they say is not looked at yet.
func read(files fs.FS, name string, overlays []string) (*Spec, error) {
	lib := &library{files: files, docs: map[string]*document{}}
	root, err := lib.readRoot(name, overlays)
	return &Spec{root: root, docs: lib.docs, overlays: overlays, byID: map[string]*Operation{}, routes: &node{}}, err
}

// describe works out what a valid document says.
func (s *Spec) describe() error {
	top := s.root.top()
	s.Title, s.Version = top.at("info").text("title"), top.at("info").text("version")
	s.is30 = strings.HasPrefix(top.text("openapi"), "3.0")
	s.secrets = s.secretNames()
	if err := s.describeOperations(); err != nil {
		return err
	}
	return s.readExtension()
}

// readRoot parses the root document and applies the overlays before anything follows its references.
func (l *library) readRoot(name string, overlays []string) (*document, error) {
	data, err := l.bytes(name)
	if err != nil {
		return nil, &DocumentError{File: name, Err: err}
	}
	root, err := parseDocument(name, data)
	if err != nil {
		return nil, err
	}
	for _, o := range overlays {
		if err := applyOverlay(root, o); err != nil {
			return nil, err
		}
	}
	return root, l.add(root)
}

// validate checks the structure of the document with kin-openapi. Examples are left to Spec.Compile's caller:
// kin-openapi compiles each schema anew for them.
func (s *Spec) validate() error {
	version := s.root.top().text("openapi")
	if !strings.HasPrefix(version, "3.0") && !strings.HasPrefix(version, "3.1") {
		return &DocumentError{File: s.root.name, Line: s.root.line("/openapi"),
			Err: fmt.Errorf("openapi is %q: only 3.0 and 3.1 documents can be used", version)}
	}
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, u *url.URL) ([]byte, error) {
		d, ok := s.docs[strings.TrimPrefix(path.Clean(u.Path), "/")]
		if !ok {
			return nil, fmt.Errorf("%s is not part of the document", u.Path)
		}
		return appendNode(nil, d.root), nil
	}
	doc, err := loader.LoadFromDataWithPath(appendNode(nil, s.root.root), &url.URL{Path: s.root.name})
	if err == nil {
		err = doc.Validate(context.Background(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaPatternValidation())
	}
	if err != nil {
		return &DocumentError{File: s.root.name, Err: fmt.Errorf("is not a valid OpenAPI document: %w", err)}
	}
	return nil
}

// Overlays are the names and files that changed the document, in order.
func (s *Spec) Overlays() []string { return append([]string(nil), s.overlays...) }

// Operations are all operations, in the document's order.
func (s *Spec) Operations() []*Operation { return append([]*Operation(nil), s.operations...) }

// Operation finds an operation by its id, or returns nil.
func (s *Spec) Operation(id string) *Operation { return s.byID[id] }

// Resources are what the document lets clients create, list, change and delete.
func (s *Spec) Resources() []*Resource { return append([]*Resource(nil), s.resources...) }

// Compile compiles every schema now instead of at its first use, and returns the first that cannot be compiled.
func (s *Spec) Compile() error {
	for _, op := range s.operations {
		for _, schema := range op.schemas() {
			if _, err := schema.compiled(); err != nil {
				return err
			}
		}
	}
	return nil
}
