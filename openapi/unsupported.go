package openapi

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Unsupported are the parts of the document that nothing here acts on, in the order of its lines. What they describe is
// neither served nor tested.
func (s *Spec) Unsupported() []Remark {
	var list []Remark
	xml := false
	s.eachKeyword(func(key string, at place) {
		switch words := unsupported[key]; {
		case words != [2]string{}:
			list = append(list, Remark{at.rule(), words[0], words[1]})
		case key == "in" && at.node.Value == "querystring":
			list = append(list, Remark{at.rule(), "a parameter is the whole query string", "it is neither sent nor judged"})
		case (key == "$schema" || key == "jsonSchemaDialect") && !isDraft(at.node.Value) && !strings.HasPrefix(at.node.Value, "https://spec.openapis.org/oas/3."):
			list = append(list, Remark{at.rule(), "schemas have a dialect of their own", "they are read as JSON Schema 2020-12"})
		case key == "operationRef" && !strings.HasPrefix(at.node.Value, "#"):
			list = append(list, Remark{at.rule(), "a link leads to another document", "it is not followed"})
		case key == "content" && !xml:
			at.each(func(mediaRange string, media place) {
				if isXML(mediaName(mediaRange)) && !xml {
					xml = true
					list = append(list, Remark{media.rule(), "a body is XML", "no XML is judged, here or elsewhere in the document; xml in schemas means nothing"})
				}
			})
		}
	})
	return inOrder(list)
}

// unsupported says of keywords that are nowhere acted on what they are, and what comes of it.
var unsupported = map[string][2]string{
	"callbacks":        {"the operation has callbacks", "they are not called"},
	"webhooks":         {"the document has webhooks", "they are not called"},
	"itemSchema":       {"the body is a stream of items", "its items are not judged"},
	"prefixEncoding":   {"the parts of a body have encodings by their place", "its parts are not judged"},
	"itemEncoding":     {"the parts of a body have an encoding", "its parts are not judged"},
	"$self":            {"the document names its own address", "references are read from its directory all the same"},
	"defaultMapping":   {"a discriminator has a default", "a value without the property is refused"},
	"collectionFormat": {"values are separated by tabs", "they are read as separated by commas"},
	"serializedValue":  {"an example is given as it is sent", "it is not used"},
}

// eachKeyword visits what [eachKeyword] visits, in all files: the document first, then the others by name.
func (s *Spec) eachKeyword(visit func(key string, at place)) {
	names := make([]string, 0, len(s.docs))
	for name := range s.docs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		eachKeywordAt(s.docs[name].top(), false, visit)
	}
}

func eachKeywordAt(p place, named bool, visit func(key string, at place)) {
	p.each(func(key string, at place) {
		switch {
		case p.node.Kind == yaml.SequenceNode, named:
			eachKeywordAt(at, false, visit)
		case !literal(key, at.node):
			visit(key, at)
			eachKeywordAt(at, at.node.Kind == yaml.MappingNode && namesMembers(key), visit)
		}
	})
}
