package openapi

import (
	"fmt"
	"sort"
	"strings"
)

// Location is the part of a message that a violation is about.
type Location string

// The parts of a message.
const (
	InPath   Location = "path"
	InQuery  Location = "query"
	InHeader Location = "header"
	InCookie Location = "cookie"
	InBody   Location = "body"
	InStatus Location = "status"
)

// Keywords of rules that are OpenAPI's own or HTTP's, beside those of JSON Schema.
const (
	KeywordContent   = "content"          // the media type is not described
	KeywordSyntax    = "syntax"           // the body is not what its media type says
	KeywordResponses = "responses"        // the status is not described
	KeywordEmbedded  = "contentMediaType" // a string does not hold the JSON that it should
	KeywordWriteOnly = "writeOnly"        // an answer gives back what may only be sent

	KeywordDiscriminator = "discriminator" // the property that chooses the alternative is missing or names none
)

// Rule is a place in the document: the rule that a message breaks.
type Rule struct {
	Document string // file, relative to the root document
	Pointer  string // JSON Pointer to the keyword
	Line     int    // 1-based
}

// Keyword is the keyword that the rule is.
func (r Rule) Keyword() string { return lastToken(r.Pointer) }

// String gives the rule as `api.yaml:12 #/components/schemas/Error/required`.
func (r Rule) String() string { return fmt.Sprintf("%s:%d #%s", r.Document, r.Line, r.Pointer) }

// Violation is one way in which a message breaks the contract. It never holds a value of the message, only places
// and what the document says, so it can be shown to anybody.
type Violation struct {
	In      Location
	Name    string // of the parameter or header; "" in a body
	Pointer string // JSON Pointer into the value; `#` steps into JSON held by a string. "" is the whole value
	Keyword string // the last token of Rule.Pointer, or one of the Keyword constants; "" where Detail says all
	Want    string // what the document says about it, as JSON text where the keyword has a value
	Detail  string // more about what was found, without values
	Rule    Rule
}

// Violations are all that is wrong with a message, sorted by place and rule. Empty means the contract is kept.
type Violations []Violation

// String gives place and words: `body /data_connector/connector_name: is required`.
func (v Violation) String() string {
	where := string(v.In)
	if v.Name != "" {
		where += " " + v.Name
	}
	if v.Pointer != "" {
		where += " " + shorten(v.Pointer)
	}
	return where + ": " + v.Words()
}

// String joins the violations with "; ", the first ten in full.
func (vs Violations) String() string {
	const most = 10
	parts := make([]string, 0, most+1)
	for i, v := range vs {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(vs)-most))
			break
		}
		parts = append(parts, v.String())
	}
	return strings.Join(parts, "; ")
}

// wording says a keyword in words; %s is what the document wants.
var wording = map[string]string{
	"required":              "is required",
	"type":                  "must be %s",
	"enum":                  "must be one of %s",
	"const":                 "must be %s",
	"pattern":               "must match %s",
	"format":                "must have the format %s",
	"minLength":             "must have at least %s characters",
	"maxLength":             "must have at most %s characters",
	"minItems":              "must have at least %s items",
	"maxItems":              "must have at most %s items",
	"minProperties":         "must have at least %s properties",
	"maxProperties":         "must have at most %s properties",
	"uniqueItems":           "must not have equal items",
	"minimum":               "must be at least %s",
	"maximum":               "must be at most %s",
	"exclusiveMinimum":      "must be more than %s",
	"exclusiveMaximum":      "must be less than %s",
	"multipleOf":            "must be a multiple of %s",
	"additionalProperties":  "has properties that are not described",
	"unevaluatedProperties": "is not described",
	"unevaluatedItems":      "is not described",
	"oneOf":                 "must match exactly one of the alternatives",
	"anyOf":                 "must match one of the alternatives",
	"not":                   "must not match what the document rules out",
	KeywordContent:          "the media type must be %s",
	KeywordSyntax:           "cannot be read",
	KeywordResponses:        "is not described: %s",
	KeywordEmbedded:         "must be a string that holds %s",
	KeywordWriteOnly:        "may be sent but must not be given back",
	KeywordDiscriminator:    "must name one of the alternatives",
	KeywordNoCredentials:    "credentials are missing",
	KeywordUnknownToken:     "is not known",
	KeywordExpired:          "has expired",
	KeywordUnknownKey:       "the access key is not known",
	KeywordLockedKey:        "the access key has failed too often and is locked",
	KeywordSignature:        "the signature is not that of the request",
	KeywordSigningDate:      "the date of signing is missing, or too far from the server's time",
	KeywordSecurityToken:    "the security token does not belong to the access key",
}

// Words says what the rule asks for, and what is known of what was found.
func (v Violation) Words() string {
	words, known := wording[v.Keyword]
	switch {
	case v.Keyword == "":
		return shorten(v.Detail)
	case !known:
		words = "breaks the rule " + v.Keyword
	case strings.Contains(words, "%s"):
		words = fmt.Sprintf(words, plainWant(v.Keyword, v.Want))
		if v.Want == "1" {
			words = strings.NewReplacer("characters", "character", "items", "item", "properties", "property").Replace(words)
		}
	}
	if v.Detail != "" {
		words += " (" + shorten(v.Detail) + ")"
	}
	return words
}

// plainWant shows JSON text as a person writes it: "a" or ["a","b"] becomes a, b.
func plainWant(keyword, want string) string {
	value, err := DecodeJSON([]byte(want))
	if err != nil {
		return want
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	words := make([]string, len(list))
	for i, item := range list {
		words[i] = string(encodeJSON(item))
		if text, ok := item.(string); ok && keyword != "const" {
			words[i] = text
		}
	}
	if keyword == "type" {
		return strings.Join(words, " or ")
	}
	return strings.Join(words, ", ")
}

// shorten keeps words from growing with the names that a client sends.
func shorten(text string) string {
	const most = 200
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// sorted orders violations by place and rule and drops those that say the same twice.
func (vs Violations) sorted() Violations {
	if len(vs) < 2 {
		return vs
	}
	sort.SliceStable(vs, func(i, j int) bool { return vs[i].key() < vs[j].key() })
	kept := vs[:0]
	for i, v := range vs {
		if i == 0 || v.key() != vs[i-1].key() {
			kept = append(kept, v)
		}
	}
	return kept
}

func (v Violation) key() string {
	return strings.Join([]string{string(v.In), v.Name, v.Pointer, v.Keyword, v.Rule.Document, v.Rule.Pointer, v.Detail}, "\x00")
}

// Below says of the violations of a part of a body where they are in the whole: the part is at the JSON Pointer.
func (vs Violations) Below(pointer string) Violations {
	whole := make(Violations, len(vs))
	for i, v := range vs {
		v.In, v.Pointer = InBody, pointer+v.Pointer
		whole[i] = v
	}
	return whole
}

// at says where in the message the violations of one value are.
func (vs Violations) at(in Location, name string) Violations {
	for i := range vs {
		vs[i].In, vs[i].Name = in, name
	}
	return vs
}
