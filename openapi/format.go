package openapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// formats are OpenAPI's own (3.1, section 4.4), beside those that jsonschema knows.
var formats = map[string]func(any) bool{
	"int32": func(v any) bool { return fitsBits(v, 31) },
	"int64": func(v any) bool { return fitsBits(v, 63) },
	"byte": func(v any) bool {
		text, ok := v.(string)
		if !ok {
			return true
		}
		_, err := base64.StdEncoding.DecodeString(text)
		return err == nil
	},
}

// fitsBits says whether a number lies in -2^bits … 2^bits-1; whether it is whole is the type's business.
func fitsBits(v any, bits uint) bool {
	number, ok := v.(json.Number)
	if !ok {
		return true
	}
	if n, err := strconv.ParseInt(string(number), 10, 64); err == nil { // nearly all numbers: no big ones needed
		return n>>bits == 0 || n>>bits == -1
	}
	r, ok := new(big.Rat).SetString(string(number))
	if !ok {
		return false
	}
	limit := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), bits))
	return r.Cmp(limit) < 0 && r.Cmp(limit.Neg(limit)) >= 0
}

// embeddedJSON is the content encoding that the views give to strings that hold JSON: its decoder refuses, before
// jsonschema looks inside, what [DecodeJSON] refuses.
const embeddedJSON = "counterpart-json"

var errNotJSON = errors.New("not JSON")

func (l Limits) embedded(text string) ([]byte, error) {
	if _, err := l.decode([]byte(text), text); err != nil {
		return nil, errNotJSON
	}
	return []byte(text), nil
}

func (l Limits) embeddedBase64(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return l.embedded(string(data))
}

func rewriteEmbedded(n *yaml.Node) {
	p := place{node: n}
	if p.text("contentMediaType") != "application/json" {
		return
	}
	switch encoding := p.text("contentEncoding"); encoding {
	case "":
		setMember(n, "contentEncoding", stringNode(embeddedJSON))
	case "base64":
		setMember(n, "contentEncoding", stringNode("base64+"+embeddedJSON))
	}
}

// backtracking is the keyword that the views put in the place of a pattern that Go's regexp cannot compile.
const backtracking = "x-counterpart-backtracking-pattern"

func rewritePattern(n *yaml.Node) {
	pattern := child(n, "pattern")
	if pattern == nil {
		return
	}
	if _, err := regexp.Compile(pattern.Value); err != nil {
		deleteMember(n, "pattern")
		setMember(n, backtracking, pattern)
	}
}

// patternCompiler is the jsonschema extension for patterns with look-around and back-references (ECMA-262).
// A value that takes longer than time breaks the pattern.
type patternCompiler struct{ time time.Duration }

func (c patternCompiler) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	pattern, ok := m[backtracking].(string)
	if !ok {
		return nil, nil
	}
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = c.time
	return patternSchema{re}, nil
}

type patternSchema struct{ re *regexp2.Regexp }

func (s patternSchema) Validate(ctx jsonschema.ValidationContext, v any) error {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	if matched, err := s.re.MatchString(text); err != nil || !matched {
		return ctx.Error(backtracking, "pattern")
	}
	return nil
}
