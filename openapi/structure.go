package openapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// validate checks the structure of the document with kin-openapi, and says what it puts up with. Examples are left to
// Spec.Compile's caller: kin-openapi compiles each schema anew for them.
func (s *Spec) validate() (tolerated []Remark, err error) {
	if err := s.checkVersion(); err != nil {
		return nil, err
	}
	defer func() {
		if reason := recover(); reason != nil { // kin-openapi has panicked on broken documents before, and nobody else could recover here
			err = s.structureError(s.root.top(), fmt.Errorf("kin-openapi panics: %v", reason))
		}
	}()
	doc, err := s.structure()
	if err != nil {
		return nil, err
	}
	soften(doc)
	allowed := map[string]bool{}
	if s.is32 {
		allowed = words(fields32)
	}
	for {
		err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaPatternValidation(), openapi3.DisableSchemaDefaultsValidation(),
			openapi3.AllowExtraSiblingFields(slices.Sorted(maps.Keys(allowed))...))
		remark, ok := s.tolerate(err, allowed)
		if !ok {
			return tolerated, s.structureError(s.root.top(), err)
		}
		tolerated = append(tolerated, remark)
	}
}

func (s *Spec) checkVersion() error {
	version := s.root.top().text("openapi")
	for _, known := range []string{"3.0", "3.1", "3.2"} {
		if version == known || strings.HasPrefix(version, known+".") {
			return nil
		}
	}
	return &DocumentError{File: s.root.name, Line: s.root.line("/openapi"),
		Err: fmt.Errorf("openapi is %q: only Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2 can be used", version)}
}

// fields32 are the fields of OpenAPI 3.2 that kin-openapi does not know.
const fields32 = `$self $ref summary parent kind prefixEncoding itemEncoding dataValue serializedValue nodeType defaultMapping deprecated
	oauth2MetadataUrl name mediaTypes deviceAuthorization deviceAuthorizationUrl`

// structure is the document as kin-openapi knows it.
func (s *Spec) structure() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = s.readForStructure
	location := &url.URL{Path: s.root.name}
	doc, err := loader.LoadFromDataWithPath(frame(s.root.root), location)
	if err != nil {
		return nil, s.structureError(s.root.top(), err)
	}
	var work assembly
	work.paths(doc, s.root.top())
	work.components(doc, s.root.top().at("components"))
	if at, err := work.do(s); err != nil {
		return nil, s.structureError(at, err)
	}
	if err := loader.ResolveRefsIn(doc, location); err != nil {
		return nil, s.structureError(s.root.top(), err)
	}
	return doc, nil
}

// readForStructure gives kin-openapi the other files, and the document itself where one of these refers back to it.
func (s *Spec) readForStructure(_ *openapi3.Loader, u *url.URL) ([]byte, error) {
	d, ok := s.docs[strings.TrimPrefix(path.Clean(u.Path), "/")]
	if !ok {
		return nil, fmt.Errorf("%s is not part of the document", u.Path)
	}
	if child(d.root, "openapi") == nil && looksLikeSchema(d.root) {
		return outline{s, d}.append(nil, d.root, false), nil
	}
	return appendNode(nil, d.root), nil
}

// frame is the document without what is decoded in pieces.
func frame(root *yaml.Node) []byte {
	shown := mappingNode()
	for key, value := range members(root) {
		if value.Kind == yaml.MappingNode {
			switch key {
			case "webhooks", "components":
				continue
			case "paths":
				value = mappingNode()
			}
		}
		setMember(shown, key, value)
	}
	return appendNode(nil, shown)
}

// structureError finds the place that kin-openapi's error is about, at or below the one given.
func (s *Spec) structureError(at place, err error) error {
	if err == nil {
		return nil
	}
	if found := s.errorPlace(err); found.pointer != "" {
		at = found
	}
	return &DocumentError{File: at.doc.name, Line: at.doc.line(at.pointer), Err: fmt.Errorf("is not a valid OpenAPI document: %w", err)}
}

// errorPlace puts together what the errors that contain each other say of their place.
func (s *Spec) errorPlace(err error) place {
	top := s.root.top()
	var (
		section    *openapi3.SectionValidationError
		component  *openapi3.ComponentValidationError
		field      *openapi3.RequiredFieldError
		parameters *openapi3.PathParametersError
		conflict   *openapi3.ConflictingPathsError
		slash      *openapi3.PathMustStartWithSlashError
		item       *openapi3.PathValidationError
		operation  *openapi3.OperationValidationError
	)
	switch {
	case errors.As(err, &parameters):
		return top.at("paths", parameters.Path, strings.ToLower(parameters.Method))
	case errors.As(err, &conflict):
		return later(top.at("paths", conflict.Path1), top.at("paths", conflict.Path2))
	case errors.As(err, &slash):
		return top.at("paths", slash.Path)
	case errors.As(err, &item) && errors.As(err, &operation):
		return top.at("paths", item.Path, strings.ToLower(operation.Method))
	case errors.As(err, &item):
		return top.at("paths", item.Path)
	case errors.As(err, &component):
		return top.at("components", componentSections[component.Section], component.Name)
	case errors.As(err, &field):
		return top.lookup("/" + strings.ReplaceAll(field.Field, ".", "/"))
	case errors.As(err, &section):
		return top.at(section.Section)
	}
	return top
}

func later(a, b place) place {
	if a.doc.line(a.pointer) > b.doc.line(b.pointer) {
		return a
	}
	return b
}

// componentSections are the sections as kin-openapi's errors call them.
var componentSections = map[string]string{"schema": "schemas", "parameter": "parameters", "header": "headers", "request body": "requestBodies",
	"response": "responses", "security scheme": "securitySchemes", "example": "examples", "link": "links", "callback": "callbacks"}
