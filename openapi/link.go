package openapi

import (
	"slices"
	"strings"
)

// Link is a described way from an answer to another operation (OpenAPI 3.1, section 4.8.20).
type Link struct {
	Name       string
	Target     *Operation
	Parameters []LinkParameter // in the document's order
}

// LinkParameter is a parameter of a link's target, and where its value is.
type LinkParameter struct {
	In         Location
	Name       string
	Expression string // a runtime expression, such as $response.body#/id
}

// Links are those of the answer that [Operation.Success] gives whose targets are named by their operationId, with the
// parameters that an expression gives and the target describes.
func (o *Operation) Links() []Link {
	_, answer := o.Success()
	if answer == nil {
		return nil
	}
	var list []Link
	answer.at.at("links").each(func(name string, at place) {
		at, err := o.spec.follow(at)
		if target := o.spec.byID[at.text("operationId")]; err == nil && target != nil {
			list = append(list, Link{name, target, target.linked(at.at("parameters"))})
		}
	})
	return list
}

// linked are the parameters that a link fills. A name may say where the parameter stands: path.id.
func (o *Operation) linked(parameters place) []LinkParameter {
	var list []LinkParameter
	parameters.each(func(key string, value place) {
		i := slices.IndexFunc(o.Parameters, func(p *Parameter) bool { return key == p.Name || key == string(p.In)+"."+p.Name })
		if i >= 0 && strings.HasPrefix(value.node.Value, "$re") {
			list = append(list, LinkParameter{o.Parameters[i].In, o.Parameters[i].Name, value.node.Value})
		}
	})
	return list
}
