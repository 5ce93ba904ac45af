package openapi

import (
	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// condition is the keyword that the views put in the place of an `if` that only asks whether a property has one value.
// jsonschema makes an error, words included, of every `if` that does not hold: with a branch for each of many values,
// that is most of the time of a validation.
const condition = "x-counterpart-condition"

// plainCondition recognises `if: {properties: {P: {const: TEXT}}, required: [P]}` beside a `then` and no `else`.
func plainCondition(n *yaml.Node) (property, value string, ok bool) {
	asked := child(n, "if")
	if asked == nil || len(asked.Content) != 4 || child(n, "then") == nil || child(n, "else") != nil {
		return "", "", false
	}
	properties, required := child(asked, "properties"), child(asked, "required")
	if properties == nil || required == nil || len(properties.Content) != 2 || len(required.Content) != 1 {
		return "", "", false
	}
	property = properties.Content[0].Value
	is := child(properties.Content[1], "const")
	if len(properties.Content[1].Content) != 2 || is == nil || is.ShortTag() != "!!str" || required.Content[0].Value != property {
		return "", "", false
	}
	return property, is.Value, true
}

// holds says whether a plain condition holds of a value. What `properties` and `required` say is true of every value
// but an object.
func holds(property, value string, of any) bool {
	object, isObject := of.(map[string]any)
	text, isText := object[property].(string)
	return !isObject || isText && text == value
}

func rewriteCondition(n *yaml.Node) {
	if property, value, ok := plainCondition(n); ok {
		deleteMember(n, "if")
		setMember(n, condition, mappingNode("property", stringNode(property), "value", stringNode(value)))
	}
}

// conditionCompiler is the jsonschema extension for the keyword condition.
type conditionCompiler struct{}

func (conditionCompiler) Compile(ctx jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	asked, ok := m[condition].(map[string]any)
	if !ok {
		return nil, nil
	}
	then, err := ctx.Compile("then", true)
	if err != nil {
		return nil, err
	}
	name, _ := asked["property"].(string)
	value, _ := asked["value"].(string)
	return conditionSchema{name, value, then}, nil
}

type conditionSchema struct {
	property, value string
	then            *jsonschema.Schema
}

func (s conditionSchema) Validate(ctx jsonschema.ValidationContext, v any) error {
	if holds(s.property, s.value, v) {
		return ctx.Validate(s.then, "then", v, "")
	}
	return nil
}
