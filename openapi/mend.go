package openapi

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// Documents break their specification in ways that every tool puts up with. Those that leave no doubt about what is
// meant are put up with here, too, and are told by [Spec.Warnings]; what contradicts itself is refused.

// Remark is something about a document that its user should know.
type Remark struct {
	Rule Rule   // the place in the document
	What string // what stands there, in words
	Why  string // what comes of it, in words
}

// String gives the remark as `api.yaml:12 #/paths/~1pets/get: what: why`.
func (r Remark) String() string { return fmt.Sprintf("%s: %s: %s", r.Rule, r.What, r.Why) }

// Warnings are the faults of the document that are put up with, in the order of its lines.
func (s *Spec) Warnings() []Remark {
	list := append(slices.Clone(s.warnings), s.undefinedSecurity()...)
	add := func(at place, what, why string) { list = append(list, Remark{at.rule(), what, why}) }
	if info := s.root.top().at("info"); s.Title == "" || s.Version == "" {
		add(info, "the document has no title or no version", "nobody asks for it")
	}
	list = append(list, s.similarPaths()...)
	s.root.top().at("components").each(func(_ string, section place) {
		section.each(func(name string, at place) {
			if soundName(name) != name && s.root.moved == nil { // Swagger 2.0 allows any name
				add(at, "the name has characters that OpenAPI does not allow", "it is taken as it is")
			}
		})
	})
	s.eachKeyword(func(key string, at place) {
		switch {
		case s.is30 && bound31(key, at.node):
			add(at, key+" is a number, as in OpenAPI 3.1", "it is the bound itself")
		case s.is30 && key == "type" && at.node.Kind == yaml.SequenceNode:
			add(at, "type is a list, as in OpenAPI 3.1", "each of its types is allowed")
		case key == "parameters" && at.node.Kind == yaml.SequenceNode:
			list = append(list, s.twice(at)...)
		case key == "responses" && !s.is32 && s.root.moved == nil:
			at.each(func(status string, answer place) {
				if answer.at("description").node == nil && answer.text("$ref") == "" && answer.node.Kind == yaml.MappingNode && !strings.HasPrefix(status, "x-") {
					add(answer, "the answer has no description", "nobody asks for it")
				}
			})
		case key == "properties":
			at.each(func(name string, property place) {
				if required := property.at("required"); required.ok() && misplacedRequired(property.node, required.node) {
					add(required, "a property says itself whether it is required", "the list of its object says that")
				}
			})
		}
	})
	return inOrder(list)
}

// similarPaths are those of which only the method tells which one is meant.
func (s *Spec) similarPaths() (list []Remark) {
	first := map[string]string{}
	s.root.top().at("paths").each(func(path string, at place) {
		shape := templateName.ReplaceAllString(path, "{}")
		if other := first[shape]; other != "" {
			list = append(list, Remark{at.rule(), fmt.Sprintf("the path differs from %s only in the names of its parameters", other), "the method tells which is meant"})
			return
		}
		first[shape] = path
	})
	return list
}

// twice are the parameters that a list has already.
func (s *Spec) twice(parameters place) (list []Remark) {
	seen := map[[2]string]bool{}
	parameters.each(func(_ string, at place) {
		p, err := s.follow(at)
		id := [2]string{p.text("in"), p.text("name")}
		if err == nil && seen[id] {
			list = append(list, Remark{at.rule(), fmt.Sprintf("the %s parameter %q is listed twice", id[0], id[1]), "once is enough"})
		}
		seen[id] = true
	})
	return list
}

// inOrder sorts remarks by file and line, and says each once.
func inOrder(list []Remark) []Remark {
	slices.SortStableFunc(list, func(a, b Remark) int {
		return cmp.Or(strings.Compare(a.Rule.Document, b.Rule.Document), a.Rule.Line-b.Rule.Line)
	})
	return slices.Compact(list)
}

func (s *Spec) warn(at place, what, why string) {
	s.warnings = append(s.warnings, Remark{at.rule(), what, why})
}

// undefinedSecurity are the requirements that name no scheme of the document.
func (s *Spec) undefinedSecurity() (list []Remark) {
	schemes := s.root.top().at("components", "securitySchemes")
	check := func(owner place) {
		owner.at("security").each(func(_ string, requirement place) {
			requirement.each(func(name string, at place) {
				if !schemes.at(name).ok() {
					list = append(list, Remark{at.rule(), fmt.Sprintf("no security scheme is called %q", name), "nothing is asked for"})
				}
			})
		})
	}
	check(s.root.top())
	for _, op := range s.operations {
		check(op.at)
	}
	return list
}

// nameOperation gives an operation whose id is taken, or that has none, its method and path as an id.
func (s *Spec) nameOperation(op *Operation) {
	op.ID = op.at.text("operationId")
	if s.byID[op.ID] != nil {
		s.warn(op.at.at("operationId"), fmt.Sprintf("another operation is called %q, too", op.ID), "this one is called by its method and path")
		op.ID = ""
	}
	if op.ID == "" {
		op.ID = op.Method + " " + op.Path
	}
}

var templateName = regexp.MustCompile(`\{([^{}]*)\}`)

func templateNames(path string) (names []string) {
	for _, found := range templateName.FindAllStringSubmatch(path, -1) {
		names = append(names, found[1])
	}
	return names
}

// matchTemplate makes the path parameters of an operation those of its path template.
func (s *Spec) matchTemplate(op *Operation) {
	names := templateNames(op.Path)
	op.Parameters = slices.DeleteFunc(op.Parameters, func(p *Parameter) bool {
		extra := p.In == InPath && !slices.Contains(names, p.Name)
		if extra {
			s.warn(p.at, fmt.Sprintf("the path %s has no parameter %q", op.Path, p.Name), "it is not asked for")
		}
		return extra
	})
	for _, name := range names {
		if !slices.ContainsFunc(op.Parameters, func(p *Parameter) bool { return p.In == InPath && p.Name == name }) {
			s.warn(op.at, fmt.Sprintf("the path parameter %q is not described", name), "it is any text")
			op.Parameters = append(op.Parameters, &Parameter{Name: name, In: InPath, Required: true, style: "simple", at: op.at})
		}
	}
}

// maxTolerated is how many fields that are not OpenAPI's a document may have.
const maxTolerated = 64

// tolerate adds the fields to those that are allowed which, by the error, do not belong where they are; not ok when the
// error is another one. Nobody reads such fields, or everybody knows what they mean.
func (s *Spec) tolerate(err error, allowed map[string]bool) (tolerated Remark, ok bool) {
	var extra *openapi3.ExtraSiblingFieldsError
	var early *openapi3.FieldVersionMismatchError
	var fields []string
	switch {
	case errors.As(err, &extra):
		fields = extra.Fields
	case errors.As(err, &early) && early.MinVersion != "":
		fields = []string{early.Field}
	}
	known := len(allowed)
	for _, field := range fields {
		allowed[field] = true
	}
	if len(allowed) == known || len(allowed) > maxTolerated {
		return Remark{}, false
	}
	what := fmt.Sprintf("OpenAPI %s has no %s here", s.root.top().text("openapi"), strings.Join(fields, ", "))
	return Remark{s.errorPlace(err).rule(), what, "it means what it means in JSON Schema, or nothing"}, true
}

// soften takes out of kin-openapi's copy of a document what it would refuse and this package puts up with.
func soften(doc *openapi3.T) {
	if doc.Info != nil {
		doc.Info.Title, doc.Info.Version = cmp.Or(doc.Info.Title, "none"), cmp.Or(doc.Info.Version, "none")
	}
	seen := map[string]bool{}
	for _, path := range doc.Paths.Keys() {
		item := doc.Paths.Value(path)
		names := templateNames(path)
		item.Parameters = softenParameters(item.Parameters, names)
		operations := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			op := operations[method]
			op.Parameters = softenParameters(op.Parameters, names)
			for _, name := range names {
				if item.Parameters.GetByInAndName("path", name) == nil && op.Parameters.GetByInAndName("path", name) == nil {
					op.Parameters = append(op.Parameters, &openapi3.ParameterRef{Value: openapi3.NewPathParameter(name).WithSchema(openapi3.NewStringSchema())})
				}
			}
			if seen[op.OperationID] {
				op.OperationID = ""
			}
			seen[op.OperationID] = true
			if op.Security != nil {
				defineSecurity(doc, *op.Security)
			}
		}
	}
	defineSecurity(doc, doc.Security)
	separatePaths(doc.Paths)
	if doc.Components != nil {
		maps.DeleteFunc(doc.Components.Parameters, func(_ string, p *openapi3.ParameterRef) bool { return isQueryString(p) })
	}
}

// softenParameters leaves out path parameters that the template does not have, what is listed twice, and what OpenAPI 3.2
// has in addition.
func softenParameters(list openapi3.Parameters, names []string) (kept openapi3.Parameters) {
	for _, p := range list {
		switch {
		case p == nil || p.Value == nil:
		case isQueryString(p), p.Value.In == "path" && !slices.Contains(names, p.Value.Name):
			continue
		case reflect.DeepEqual(kept.GetByInAndName(p.Value.In, p.Value.Name), p.Value):
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

func isQueryString(p *openapi3.ParameterRef) bool {
	return p != nil && p.Value != nil && p.Value.In == "querystring"
}

func defineSecurity(doc *openapi3.T, requirements openapi3.SecurityRequirements) {
	for _, requirement := range requirements {
		for name := range requirement {
			if doc.Components == nil {
				doc.Components = &openapi3.Components{}
			}
			if doc.Components.SecuritySchemes == nil {
				doc.Components.SecuritySchemes = openapi3.SecuritySchemes{}
			}
			if doc.Components.SecuritySchemes[name] == nil {
				doc.Components.SecuritySchemes[name] = &openapi3.SecuritySchemeRef{Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("basic")}
			}
		}
	}
}

// separatePaths renames paths that differ only in the names of their parameters and have no method in common: which one
// is meant is always clear.
func separatePaths(paths *openapi3.Paths) {
	byShape := map[string]map[string]*openapi3.Operation{}
	for _, path := range paths.Keys() {
		shape, item := templateName.ReplaceAllString(path, "{}"), paths.Value(path)
		operations := item.Operations()
		taken := byShape[shape]
		if taken == nil {
			byShape[shape] = operations
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(operations)), func(method string) bool { return taken[method] != nil }) {
			maps.Copy(taken, operations)
			paths.Delete(path)
			paths.Set(fmt.Sprintf("%s/-%d", path, len(byShape)), item)
		}
	}
}
