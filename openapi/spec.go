package openapi

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

//go:embed api.yaml control.yaml iam.yaml source_info/*.schema.json
var builtin embed.FS

// Spec is a contract: one OpenAPI document, compiled. It never changes; all methods are safe for concurrent use.
type Spec struct {
	Title, Version string

	root       *document
	docs       map[string]*document
	limits     Limits
	builtin    bool // the document that comes with the package
	overlays   []string
	base       *string // in the place of the paths of servers; nil for these
	is30       bool    // OpenAPI 3.0, whose schemas differ from JSON Schema
	is32       bool    // OpenAPI 3.2, which has more methods
	leftover   bool    // in one of docs
	warnings   []Remark
	operations []*Operation
	byID       map[string]*Operation
	routes     *node
	resources  []*Resource
	stateless  map[*Operation]string // why inference passed operations over; nil where it is off
	schemes    map[string]*SecurityScheme
	refusals   []Refusal
	project    string // path parameter; "" for none
	secrets    map[string]bool
	secrecy    secrecy
	compilers  [2]compiler // by view
	parts      [2]sync.Map // by view: *yaml.Node → *Schema, of the places that samples have asked about

	hintsOnce sync.Once
	hints     []*overlayHint
}

// Default loads the document that comes with the package, changed by the overlays in the order given.
// An overlay is the name of a built-in one (see [Overlays]) or the path of a file. Errors are as for [Load].
func Default(overlays ...string) (*Spec, error) {
	return Limits{}.Default(overlays...)
}

// IAM loads the document of the identity service that clients of the built-in one ask first: for projects, tokens and
// temporary keys. It comes with the package, too.
func IAM() (*Spec, error) { return Limits{}.orDefault().load(builtin, "iam.yaml", nil) }

// Load reads a document of OpenAPI 3.0, 3.1 or 3.2, or of Swagger 2.0, from a YAML or JSON file, changed by the overlays in
// the order given. [Spec.Warnings] and [Spec.Unsupported] tell what is put up with in it, and what nothing acts on.
//
// A `$ref` may name other files in the document's directory or below it; one that leaves the directory or goes to the
// network is an error. The error is a [*DocumentError] that names file, line where known, and reason.
func Load(file string, overlays ...string) (*Spec, error) { return Limits{}.Load(file, overlays...) }

// Load is the function [Load] for a contract with these limits.
func (l Limits) Load(file string, overlays ...string) (*Spec, error) {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, &DocumentError{File: file, Err: errors.Unwrap(err)}
	}
	defer func() { _ = root.Close() }()
	return l.load(root.FS(), filepath.Base(file), overlays)
}

func (l Limits) load(files fs.FS, name string, overlays []string) (*Spec, error) {
	s, err := l.orDefault().read(files, name, overlays)
	if err != nil {
		return nil, err
	}
	if err := s.understand(); err != nil {
		return nil, err
	}
	return s, nil
}

// understand works out what the document says while kin-openapi looks whether it is valid.
func (s *Spec) understand() error {
	var tolerated []Remark
	var broken error
	var other sync.WaitGroup
	other.Go(func() { tolerated, broken = s.validate() })
	err := s.describe()
	var resources error
	ahead := err == nil && s.describeAhead(&resources)
	other.Wait()
	s.warnings = append(s.warnings, tolerated...)
	if err := cmp.Or(broken, err, s.checkContents()); err != nil {
		return err
	}
	if !ahead {
		return s.describeResources()
	}
	return resources
}

// describeAhead describes the resources of a document that may not be valid. It is false where that panics: then what is
// wrong is said by whoever finds out, and if nothing is, the panic comes once more.
func (s *Spec) describeAhead(err *error) (done bool) {
	defer func() { done = recover() == nil }()
	*err = s.describeResources()
	return true
}

// checkContents refuses a document that has nothing to say, such as one that is still being written (OpenAPI 3.1, section
// 4.8.1).
func (s *Spec) checkContents() error {
	top := s.root.top()
	if top.at("paths").ok() || top.at("components").ok() || top.at("webhooks").ok() {
		return nil
	}
	return &DocumentError{File: s.root.name, Line: s.root.line("/openapi"), Err: errors.New("is not a valid OpenAPI document: it has neither paths, components nor webhooks")}
}

// read parses the files; what they say is not looked at yet.
func (l Limits) read(files fs.FS, name string, overlays []string) (*Spec, error) {
	lib := &library{files: files, docs: map[string]*document{}, ids: map[string]bool{}}
	root, err := lib.readRoot(name, overlays)
	if err != nil {
		return nil, err
	}
	for _, d := range lib.docs {
		d.settle()
	}
	version := root.top().text("openapi")
	is30, is32 := strings.HasPrefix(version, "3.0"), strings.HasPrefix(version, "3.2")
	s := &Spec{limits: l, root: root, docs: lib.docs, overlays: overlays, is30: is30, is32: is32, byID: map[string]*Operation{}, routes: &node{}}
	for _, d := range lib.docs {
		s.leftover = s.leftover || d.leftover
	}
	return s, s.checkReferences(lib.refs)
}

// describe works out what a valid document says.
func (s *Spec) describe() error {
	top := s.root.top()
	s.Title, s.Version = top.at("info").text("title"), top.at("info").text("version")
	s.secrets = s.secretNames()
	if err := s.describeSecurity(); err != nil {
		return err
	}
	return s.describeOperations()
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
	if isSwagger(root.root) {
		root.liftSwagger()
	}
	if err := l.add(root); err != nil {
		return nil, err
	}
	return root, l.checkIDs()
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
