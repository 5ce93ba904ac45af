package openapi

import (
	"bytes"
	"encoding/xml"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// encodeXML writes a value as elements that have the names of its properties: what `xml` says about attributes and
// namespaces is not followed, and XML is not judged either.
func (m *MediaType) encodeXML(value any) []byte {
	root := "value"
	if m.Schema != nil {
		m.Schema.spec.eachPart(m.Schema.at, func(p place) {
			if name := p.at("xml").text("name"); name != "" {
				root = name
			} else if name, ok := strings.CutPrefix(p.pointer, "/components/schemas/"); ok && root == "value" && !strings.Contains(name, "/") {
				root = name
			}
		})
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	writeElement(&out, root, value)
	return out.Bytes()
}

var elementName = regexp.MustCompile(`[^\pL\pN_.-]`)

func writeElement(out *bytes.Buffer, name string, value any) {
	name = elementName.ReplaceAllString(name, "_")
	out.WriteString("<" + name + ">")
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if items, isArray := v[key].([]any); isArray {
				for _, item := range items {
					writeElement(out, key, item)
				}
				continue
			}
			writeElement(out, key, v[key])
		}
	case []any:
		for _, item := range v {
			writeElement(out, "item", item)
		}
	default:
		_ = xml.EscapeText(out, []byte(fieldText(value))) // a buffer takes everything
	}
	out.WriteString("</" + name + ">")
}
