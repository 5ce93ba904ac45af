package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/openapi"
)

var update = flag.Bool("update", false, "write docs/config.schema.json anew")

const (
	configSchemaFile = "../../docs/config.schema.json"
	configSchemaID   = "https://github.com/counterpart-go/counterpart/docs/config.schema.json"
)

// TestConfigurationSchema makes the schema of the flags, and of the component Configuration of the control API's document.
func TestConfigurationSchema(t *testing.T) {
	want, err := json.MarshalIndent(configurationSchemaOf(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(configSchemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(configSchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/config.schema.json is not what the flags and openapi/control.yaml say: go test ./cmd/counterpart -run TestConfigurationSchema -update")
	}
}

type object = map[string]any

func configurationSchemaOf(t *testing.T) object {
	components := controlComponents(t)
	schema := components["Configuration"].(object)
	properties := schema["properties"].(object)
	properties[credentialsKey] = object{"$ref": "#/$defs/Credentials"}
	for _, f := range serveFlags() {
		name, described := f.Names()[0], flagSchema(f)
		if section, both := properties[name]; both {
			described = object{"anyOf": []any{described, section}}
		}
		properties[name] = described
	}
	schema["$schema"], schema["$id"] = "https://json-schema.org/draft/2020-12/schema", configSchemaID
	schema["title"] = "Configuration of counterpart serve"
	schema["description"] = "What the file of `counterpart serve --config FILE` may say, in YAML or JSON."
	schema["$defs"] = reachable(schema, components)
	return schema
}

// controlComponents are the schemas of the control API's document, as they refer to each other in a schema of their own.
func controlComponents(t *testing.T) object {
	t.Helper()
	spec, err := openapi.Limits{}.Control()
	if err != nil {
		t.Fatal(err)
	}
	text, err := spec.Document(openapi.DocumentOptions{JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"#/components/schemas/`), []byte(`"#/$defs/`))
	text = regexp.MustCompile(`,?\s*"x-[a-z-]+": (true|false)`).ReplaceAll(text, nil)
	var document struct{ Components struct{ Schemas object } }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Components.Schemas
}

// reachable are the components that a schema refers to, and those that they do.
func reachable(schema, components object) object {
	found := object{}
	var visit func(value any)
	visit = func(value any) {
		switch v := value.(type) {
		case object:
			if ref, ok := v["$ref"].(string); ok {
				name := strings.TrimPrefix(ref, "#/$defs/")
				if _, known := found[name]; !known {
					found[name] = components[name]
					visit(components[name])
				}
			}
			for _, member := range v {
				visit(member)
			}
		case []any:
			for _, item := range v {
				visit(item)
			}
		}
	}
	visit(schema["properties"])
	return found
}

var placeholder = regexp.MustCompile("`([^`]+)`")

// flagSchema says of a flag what its help says.
func flagSchema(f cli.Flag) object {
	schema := object{"title": "--" + f.Names()[0]}
	var usage, usual string
	switch f := f.(type) {
	case *cli.StringFlag:
		schema["type"], usage, usual = []any{"string", "number"}, f.Usage, f.Value
		if words := choices(f); words != nil {
			schema["type"], schema["enum"] = "string", words
		}
	case *cli.StringSliceFlag:
		schema["type"], schema["items"], usage = []any{"string", "array"}, object{"type": "string"}, f.Usage
	case *cli.Uint64Flag:
		schema["type"], schema["minimum"], usage = "integer", 0, f.Usage
	case *cli.DurationFlag:
		schema["type"], usage, usual = "string", f.Usage, f.DefaultText
	case *cli.BoolFlag:
		schema["type"], schema["default"], usage = "boolean", false, f.Usage
	}
	schema["description"] = strings.ReplaceAll(usage, "`", "")
	if usual != "" {
		schema["default"] = usual
	}
	return schema
}

// choices are the words that a flag takes; nil where it takes others, too.
func choices(f *cli.StringFlag) (words []any) {
	shape := placeholder.FindStringSubmatch(f.Usage)
	if f.Validator == nil || shape == nil || f.Validator("no such word") == nil {
		return nil
	}
	for word := range strings.SplitSeq(shape[1], "|") {
		if f.Validator(word) != nil {
			return nil
		}
		words = append(words, word)
	}
	return words
}

// TestEveryFlagCanBeConfigured fails for a flag that no file can give, and for a file name in a flag that is not relative to
// the configuration.
func TestEveryFlagCanBeConfigured(t *testing.T) {
	t.Parallel()
	for _, f := range serveFlags() {
		name := f.Names()[0]
		text := soundText(f)
		c, err := readConfiguration(writeConfiguration(t, name+": "+text))
		if err != nil || len(c.flags[name]) != 1 {
			t.Errorf("%s: %s gives %q (%v)", name, text, c.flags[name], err)
		}
		usage := f.(cli.DocGenerationFlag).GetUsage()
		if shape := placeholder.FindStringSubmatch(usage); shape == nil || !strings.Contains(shape[1], "FILE") {
			continue
		}
		if got, want := c.placed(f, "a/b.yaml"), filepath.Join(filepath.Dir(c.file), "a", "b.yaml"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: the file a/b.yaml is %s, want %s", name, got, want)
		}
	}
}

// soundText is a value that the flag takes.
func soundText(f cli.Flag) string {
	switch f := f.(type) {
	case *cli.DurationFlag:
		return "90s"
	case *cli.BoolFlag:
		return "true"
	case *cli.StringFlag:
		if f.Value == "" && f.Validator != nil {
			return "127.0.0.1:0"
		}
		return cmp.Or(f.Value, "some")
	}
	return "7"
}

func writeConfiguration(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "counterpart.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func compiledConfigurationSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	text, err := os.ReadFile(configSchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource(configSchemaID, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(configSchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestConfigurationExample runs the example of docs/config.md, and holds the schema to it.
func TestConfigurationExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/config.md has no example")
	}
	value, err := openapi.ParseYAML("counterpart.yaml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiledConfigurationSchema(t).Validate(value.Value()); err != nil {
		t.Errorf("the schema refuses the example: %#v", err)
	}
	for key := range compiledConfigurationSchema(t).Properties {
		if !serves(key) && !strings.Contains(example, "\n"+key+":") {
			t.Errorf("the example lacks %s", key)
		}
	}
	var said bytes.Buffer
	if code := run(t.Context(), []string{"counterpart", "config", "--config", writeConfiguration(t, example)}, &said, &said); code != exitOK {
		t.Errorf("exit status %d, want 0:\n%s", code, &said)
	}
}

func serves(flag string) bool {
	return slices.ContainsFunc(serveFlags(), func(f cli.Flag) bool { return f.Names()[0] == flag })
}

// TestSchemaAgreesWithTheProgram gives both what only one of them might take.
func TestSchemaAgreesWithTheProgram(t *testing.T) {
	t.Parallel()
	schema := compiledConfigurationSchema(t)
	for text, sound := range map[string]bool{
		"{}": true, "seed: 7": true, "log: json": true, "spec: a.yaml": true, "spec: [a.yaml]": true, "max-page: 20": true, "reload-every: 0s": true,
		"stubs: [{answer: {}}]": true, "faults: [{latency: {ms: 5}}]": true, "settings: {a: null}": true, "clock: {frozen: true}": true,
		"bogus: 1": false, "seed: -1": false, "log: xml": false, "listen: [a]": false, "tls-self-signed: perhaps": false, "spec: {a: b}": false,
		"stubs: [{}]": false, "faults: {}": false, "faults: [{latency: {ms: -5}}]": false, "faults: [{bogus: 1}]": false, "clock: {now: noon}": false,
	} {
		value, err := openapi.ParseYAML("counterpart.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value.Value()); (err == nil) != sound {
			t.Errorf("the schema on %s: %v", text, err)
		}
		if _, err := readConfiguration(writeConfiguration(t, text)); (err == nil) != sound {
			t.Errorf("the program on %s: %v", text, err)
		}
	}
}
