package openapi

import "gopkg.in/yaml.v3"

// YAML is a text that a user writes for the program, as a value whose places are known. It never changes.
type YAML struct{ doc *document }

// ParseYAML reads an object in YAML or JSON as strictly as a document: keys that occur twice, a second document, and
// aliases that contain themselves or stand for more than a document may hold are errors. The error is a [*DocumentError]
// about the file of this name.
func ParseYAML(name string, data []byte) (*YAML, error) {
	doc, err := parseDocument(name, data)
	if err != nil {
		return nil, err
	}
	return &YAML{doc}, nil
}

// Value is what the text says, as [DecodeJSON] would give it.
func (y *YAML) Value() any { return nodeValue(y.doc.root) }

// Line is where the key of the value at a JSON Pointer stands, or of what is nearest above it.
func (y *YAML) Line(pointer string) int { return y.doc.line(pointer) }

// Text is what the user wrote for a text, number or switch, at a JSON Pointer: `007`, which as a value is a number. It is not
// ok where something else stands there, or nothing.
func (y *YAML) Text(pointer string) (text string, ok bool) {
	n := y.doc.top().lookup(pointer).node
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return "", false
	}
	return n.Value, true
}

// Component is the schema of this name among the document's components, for what is sent. Nil where there is none.
func (s *Spec) Component(name string) *Schema {
	return s.schema(s.root.top().at("components", "schemas", name), requestView)
}
