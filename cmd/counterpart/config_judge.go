package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// take judges what the file says, and keeps it.
func (c *configuration) take() error {
	spec, err := openapi.Limits{}.Control()
	if err != nil {
		return err
	}
	j := &configurationJudge{configuration: c, schema: spec.Component("Configuration"), credentials: spec.Component("Credentials"), known: map[string]cli.Flag{}}
	for _, f := range serveFlags() {
		j.known[f.Names()[0]] = f
	}
	value, _ := c.text.Value().(map[string]any)
	rest := j.takeFlags(value)
	j.judge(rest)
	if err := j.failed(); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(openapi.AppendJSON(nil, rest)))
	d.UseNumber() // the digits of numbers that stand where anything may
	if err := d.Decode(&c.Configuration); err != nil {
		return &openapi.DocumentError{File: c.file, Err: err}
	}
	return nil
}

// configurationJudge collects all that is wrong with a file.
type configurationJudge struct {
	*configuration

	schema      *openapi.Schema // of the sections
	credentials *openapi.Schema
	known       map[string]cli.Flag // nobody reads their values
	wrong       []*openapi.DocumentError
}

func (j *configurationJudge) fail(pointer, format string, args ...any) {
	j.wrong = append(j.wrong, j.at(pointer, fmt.Errorf(format, args...)))
}

// failed is all that is wrong, in the order of the file.
func (j *configurationJudge) failed() error {
	slices.SortFunc(j.wrong, func(a, b *openapi.DocumentError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Err.Error(), b.Err.Error()))
	})
	errs := make([]error, len(j.wrong))
	for i, err := range j.wrong {
		errs[i] = err
	}
	return errors.Join(errs...)
}

// takeFlags keeps the values of flags, and gives the sections. Credentials are a file for the flag, or stand here.
func (j *configurationJudge) takeFlags(value map[string]any) (rest map[string]any) {
	rest = map[string]any{}
	for key, v := range value {
		object, isObject := v.(map[string]any)
		switch flag := j.known[key]; {
		case key == credentialsKey && isObject:
			j.takeCredentials(object)
		case flag != nil:
			j.takeFlag(flag, key, v)
		default:
			rest[key] = v
		}
	}
	return rest
}

const credentialsKey = "credentials"

// takeCredentials repeats no key that there is not: it may be a secret in a wrong place.
func (j *configurationJudge) takeCredentials(value map[string]any) {
	const at = "/" + credentialsKey
	violations := j.credentials.Validate(value)
	for _, v := range violations {
		words := v.Words()
		if v.Keyword == "additionalProperties" {
			words = "has a key that is not known; docs/auth.md has all"
		}
		j.fail(at+v.Pointer, "%s: %s", at+v.Pointer, words)
	}
	if len(violations) > 0 {
		return
	}
	who, err := mockserver.ParseCredentials(credentialsKey, openapi.AppendJSON(nil, value))
	if err != nil {
		j.fail(at, "%w", err)
	}
	j.who = who
}

// takeFlag lets a flag judge its value, or the values of its list.
func (j *configurationJudge) takeFlag(flag cli.Flag, name string, value any) {
	pointers, shape := []string{"/" + name}, "must be one value"
	if _, takesList := flag.(*cli.StringSliceFlag); takesList {
		shape = "must be a value or a list of values"
		if list, isList := value.([]any); isList {
			pointers = itemsOf("/"+name, len(list))
		}
	}
	j.flags[name] = []string{} // given, though it be an empty list
	for _, pointer := range pointers {
		text, ok := j.text.Text(pointer)
		if !ok {
			j.fail(pointer, "%s: %s", name, shape)
		} else if err := flag.Set(name, text); err != nil {
			j.fail(pointer, "%s", plainWords(name+": "+err.Error()))
		} else {
			j.flags[name] = append(j.flags[name], j.placed(flag, text)...)
		}
	}
}

func itemsOf(pointer string, n int) []string {
	pointers := make([]string, n)
	for i := range pointers {
		pointers[i] = pointer + "/" + strconv.Itoa(i)
	}
	return pointers
}

// judge says what is wrong with the sections.
func (j *configurationJudge) judge(rest map[string]any) {
	for _, v := range j.schema.Validate(rest) {
		if v.Keyword == "additionalProperties" {
			j.unknownKeys(rest, v.Pointer)
		} else {
			j.fail(v.Pointer, "%s: %s", v.Pointer, v.Words())
		}
	}
}

// unknownKeys says of each key that the object at a JSON Pointer has no place for which one was probably meant.
func (j *configurationJudge) unknownKeys(rest map[string]any, pointer string) {
	object, generic := objectAt(rest, pointer)
	var known []string
	for _, p := range j.schema.Inside(generic).Properties() {
		known = append(known, p.Name)
	}
	where := pointer + ": "
	if pointer == "" {
		known, where = slices.AppendSeq(known, maps.Keys(j.known)), ""
	}
	slices.Sort(known)
	for key := range object {
		if !slices.Contains(known, key) {
			j.fail(pointer+"/"+pointerEscaper.Replace(key), "%sunknown key %.80q%s", where, key, cmp.Or(openapi.DidYouMean(key, known), "; use one of "+strings.Join(known, ", ")))
		}
	}
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// objectAt is the object at a JSON Pointer, and the pointer with "-" in the place of each index.
func objectAt(value any, pointer string) (object map[string]any, generic string) {
	tokens := strings.Split(pointer, "/")[1:]
	if pointer == "" {
		tokens = nil
	}
	for _, token := range tokens {
		switch v := value.(type) {
		case map[string]any:
			value, generic = v[strings.NewReplacer("~1", "/", "~0", "~").Replace(token)], generic+"/"+token
		case []any:
			i, _ := strconv.Atoi(token)
			value, generic = v[i], generic+"/-"
		}
	}
	object, _ = value.(map[string]any)
	return object, generic
}

// placed are the values that a text gives to a flag, with files that are relative to the configuration's own.
func (c *configuration) placed(flag cli.Flag, text string) []string {
	name := flag.Names()[0]
	if _, takesList := flag.(*cli.StringSliceFlag); !takesList {
		return []string{c.place(name, text)}
	}
	values := strings.Split(text, ",")
	for i, value := range values {
		values[i] = c.place(name, value)
	}
	return values
}

func (c *configuration) place(flag, value string) string {
	switch flag {
	case "tls-cert", "tls-key", "tls-ca-out", "client-ca", "control-token-file", credentialsKey:
		return c.path(value)
	case "spec":
		file, base, mounted := cutLast(value, "=")
		if !mounted {
			return c.path(value)
		}
		return c.path(file) + "=" + base
	case "overlay":
		spec, overlay, named := strings.Cut(value, "=")
		if !named {
			return c.overlay(value)
		}
		return c.path(spec) + "=" + c.overlay(overlay)
	case "store":
		if file, isFile := strings.CutPrefix(value, "sqlite:"); isFile {
			return "sqlite:" + c.path(file)
		}
	}
	return value
}

func (c *configuration) path(file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(filepath.Dir(c.file), file)
}

// overlay leaves the name of a built-in one.
func (c *configuration) overlay(nameOrFile string) string {
	if slices.ContainsFunc(openapi.Overlays(), func(o openapi.Overlay) bool { return o.Name == nameOrFile }) {
		return nameOrFile
	}
	return c.path(nameOrFile)
}

// at is what is wrong with the value at a JSON Pointer.
func (c *configuration) at(pointer string, err error) *openapi.DocumentError {
	return &openapi.DocumentError{File: c.file, Line: c.text.Line(pointer), Err: err}
}
