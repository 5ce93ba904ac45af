package stub

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// call is what placeholders see of one request.
type call struct {
	Options

	request *match.Request
	id      string // of the request
	count   int64
	state   string

	spent  int            // bytes that placeholders have given so far
	inside map[string]any // JSON of the body that was taken apart, by the pointers to it: "" is the body
}

// errTooLarge is the error of a template whose placeholders give more than an answer may have.
var errTooLarge = fmt.Errorf("the placeholders give more than %d bytes", mostFilled)

// spend counts what a placeholder has given. One answer may take a large value often.
func (c *call) spend(value any) error {
	text, isText := value.(string)
	if c.spent += len(text); !isText {
		c.spent += len(openapi.AppendJSON(nil, value))
	}
	if c.spent > mostFilled {
		return errTooLarge
	}
	return nil
}

// invocation is a placeholder: a function and its arguments.
type invocation struct {
	source    string
	function  *function
	arguments []string
}

// function is what a placeholder may name.
type function struct {
	name     string
	takes    string // its arguments in words
	least    int    // how many arguments it takes
	most     int
	whole    bool // all that follows is one argument, spaces and all
	evaluate func(c *call, arguments []string) (any, error)
	syntax   func(arguments []string) error                        // nil: any
	possible func(op *openapi.Operation, arguments []string) error // nil: for every operation
}

// functions are all that placeholders may name.
func functions() []function {
	return []function{
		{name: "request.path", takes: "NAME", least: 1, most: 1, evaluate: fromPath, possible: inPath},
		{name: "request.query", takes: "NAME", least: 1, most: 1, evaluate: fromQuery, possible: public(openapi.InQuery)},
		{name: "request.header", takes: "NAME", least: 1, most: 1, evaluate: fromHeader, possible: public(openapi.InHeader)},
		{name: "request.body", takes: "POINTER", most: 1, whole: true, evaluate: fromBody, syntax: pointerSyntax, possible: inBody},
		{name: "request.method", evaluate: func(c *call, _ []string) (any, error) { return c.request.Method, nil }},
		{name: "request.id", evaluate: func(c *call, _ []string) (any, error) { return c.id, nil }},
		{name: "project", evaluate: func(c *call, _ []string) (any, error) { return c.request.Project, nil }},
		{name: "id", evaluate: func(c *call, _ []string) (any, error) { return c.NewID(), nil }},
		{name: "uuid", evaluate: func(c *call, _ []string) (any, error) { return asUUID(c.NewID()), nil }},
		{name: "now", takes: "[+1h] [rfc3339|unix|unixms|date]", most: 2, evaluate: now, syntax: nowSyntax},
		{name: "number", takes: "LEAST MOST", least: 2, most: 2, evaluate: drawn, syntax: numberSyntax},
		{name: "count", evaluate: func(c *call, _ []string) (any, error) { return integer(c.count), nil }},
		{name: "state", evaluate: func(c *call, _ []string) (any, error) { return c.state, nil }},
	}
}

func parseCall(source string) (*invocation, error) {
	words := strings.Fields(source)
	if len(words) == 0 {
		return nil, errors.New("a placeholder is empty")
	}
	var names []string
	for _, f := range functions() {
		names = append(names, f.name)
		if f.name != words[0] {
			continue
		}
		call := &invocation{strings.TrimSpace(source), &f, words[1:]}
		if rest := strings.TrimSpace(call.source[len(f.name):]); f.whole && rest != "" {
			call.arguments = []string{rest}
		}
		if n := len(call.arguments); n < f.least || n > f.most {
			return nil, fmt.Errorf("{{%s}}: use {{%s}}", call.source, strings.TrimSpace(f.name+" "+f.takes))
		}
		if f.syntax != nil {
			if err := f.syntax(call.arguments); err != nil {
				return nil, fmt.Errorf("{{%s}}: %w", call.source, err)
			}
		}
		return call, nil
	}
	return nil, fmt.Errorf("there is no placeholder {{%.40s}}: use one of %s", words[0], strings.Join(names, ", "))
}

func (i *invocation) of(c *call) (any, error) {
	value, err := i.function.evaluate(c, i.arguments)
	if err == nil {
		err = c.spend(value)
	}
	return value, err
}

func (i *invocation) judge(op *openapi.Operation) error {
	if i.function.possible == nil {
		return nil
	}
	return i.function.possible(op, i.arguments)
}

// errAbsent is the error of a placeholder for what this request does not have.
var errAbsent = errors.New("the request has no such value")

func fromPath(c *call, arguments []string) (any, error) {
	if text, ok := c.request.Message.Path[arguments[0]]; ok {
		return text, nil
	}
	return nil, errAbsent
}

func inPath(op *openapi.Operation, arguments []string) error {
	if op.Parameter(openapi.InPath, arguments[0]) == nil {
		return fmt.Errorf("the path of %s has no such parameter", op.ID)
	}
	return public(openapi.InPath)(op, arguments)
}

// fromQuery is the value that the schema of a described parameter makes of it, else the text.
func fromQuery(c *call, arguments []string) (any, error) {
	texts := c.request.Message.Query[arguments[0]]
	if p := c.request.Operation.Parameter(openapi.InQuery, arguments[0]); p != nil {
		if value, ok := p.Value(c.request.Message); ok {
			if text, isText := value.(string); isText {
				return c.masker().Text(text), nil
			}
			return value, nil
		}
	}
	if len(texts) > 0 {
		return c.masker().Text(texts[0]), nil
	}
	return nil, errAbsent
}

func fromHeader(c *call, arguments []string) (any, error) {
	name := http.CanonicalHeaderKey(arguments[0])
	if texts := c.request.Message.Header[name]; len(texts) > 0 {
		return c.masker().Header(name, strings.Join(texts, ", ")), nil
	}
	return nil, errAbsent
}

// mask stands in the place of a secret that comes with what a placeholder takes.
const mask = "***"

func (c *call) masker() *openapi.Masker {
	return c.request.Operation.Spec().Masker(func(string, string) string { return mask })
}

var errSecret = errors.New("it may be a secret, which no answer tells")

func public(in openapi.Location) func(*openapi.Operation, []string) error {
	return func(op *openapi.Operation, arguments []string) error {
		if op.Spec().SecretParameter(in, arguments[0]) {
			return errSecret
		}
		return nil
	}
}

// fromBody is what stands at a place of the body.
func fromBody(c *call, arguments []string) (any, error) {
	if value, ok := c.lookup(strings.Join(arguments, "")); ok {
		return value, nil
	}
	return nil, errAbsent
}

// lookup finds a place of the body. JSON that a string holds is taken apart once.
func (c *call) lookup(pointer string) (any, bool) {
	from := strings.LastIndex(pointer, openapi.Embedded) + 1
	value, known := c.inside[pointer[:from]]
	if !known {
		var ok bool
		if from == 0 {
			value, ok = c.body()
		} else if value, ok = c.lookup(pointer[:from-1]); ok {
			value, ok = openapi.Lookup(value, openapi.Embedded)
		}
		if !ok {
			return nil, false
		}
		c.inside[pointer[:from]] = value
	}
	return openapi.Lookup(value, pointer[from:])
}

// body is the body as it may be shown: what may only be sent is not there, and other secrets are masked.
func (c *call) body() (any, bool) {
	op, shown := c.request.Operation, c.request.Message
	contentType := shown.Header.Get("Content-Type")
	shown.Body, shown.Value = []byte(c.masker().RequestBody(op, contentType, string(shown.Body))), nil
	value, ok := op.Body(shown)
	if m := op.RequestBody.Media(contentType); ok && m != nil && m.Schema != nil {
		value = m.Schema.Project(value)
	}
	return value, ok
}

func pointerSyntax(arguments []string) error {
	if pointer := strings.Join(arguments, ""); pointer != "" && pointer[0] != '/' {
		return errors.New("it is no JSON Pointer: begin it with /")
	}
	return nil
}

func inBody(op *openapi.Operation, arguments []string) error {
	if op.RequestBody == nil {
		return fmt.Errorf("%s takes no body", op.ID)
	}
	pointer := strings.Join(arguments, "")
	for token := range strings.FieldsFuncSeq(pointer, func(r rune) bool { return r == '/' || r == '#' }) {
		if op.Spec().Secret(strings.NewReplacer("~1", "/", "~0", "~").Replace(token)) {
			return errSecret
		}
	}
	return somewhere(op, pointer)
}

// somewhere says why a place is in no body of the operation; nil where it may be.
func somewhere(op *openapi.Operation, pointer string) error {
	var never error
	for _, m := range op.RequestBody.Content {
		words := m.Schema.Certain(pointer).Never
		if words == "" {
			return nil
		}
		never = errors.New(words)
	}
	return never
}

// timeFormats are how a time can be written.
var timeFormats = map[string]func(time.Time) any{
	"rfc3339": func(t time.Time) any { return t.UTC().Format(time.RFC3339) },
	"date":    func(t time.Time) any { return t.UTC().Format(time.DateOnly) },
	"unix":    func(t time.Time) any { return integer(t.Unix()) },
	"unixms":  func(t time.Time) any { return integer(t.UnixMilli()) },
}

func now(c *call, arguments []string) (any, error) {
	t, format := c.Now(), timeFormats["rfc3339"]
	for _, argument := range arguments {
		if other, ok := timeFormats[argument]; ok {
			format = other
			continue
		}
		step, err := time.ParseDuration(argument)
		if err != nil {
			return nil, err
		}
		t = t.Add(step)
	}
	return format(t), nil
}

func nowSyntax(arguments []string) error {
	for _, argument := range arguments {
		_, known := timeFormats[argument]
		if _, err := time.ParseDuration(argument); err != nil && !known {
			return errors.New("use a time such as +1h or -30m, then rfc3339, unix, unixms or date")
		}
	}
	return nil
}

func drawn(c *call, arguments []string) (any, error) {
	least, most, err := bounds(arguments)
	if err != nil {
		return nil, err
	}
	return integer(least + c.Number(most-least)), nil
}

func numberSyntax(arguments []string) error {
	_, _, err := bounds(arguments)
	return err
}

func bounds(arguments []string) (least, most int64, err error) {
	const largest = 1 << 53 // every reader of JSON knows integers up to here (RFC 8259, section 6)
	least, err = strconv.ParseInt(arguments[0], 10, 64)
	if err == nil {
		most, err = strconv.ParseInt(arguments[1], 10, 64)
	}
	if err != nil || least > most || least < -largest || most > largest {
		return 0, 0, errors.New("use two whole numbers, the smaller first, of at most 2^53")
	}
	return least, most, nil
}

func integer(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// asUUID writes 32 hexadecimal digits as a random UUID (RFC 9562, section 5.4).
func asUUID(id string) string {
	variant := "89ab"[strings.IndexByte("0123456789abcdef", id[16])%4]
	return fmt.Sprintf("%s-%s-4%s-%c%s-%s", id[:8], id[8:12], id[13:16], variant, id[17:20], id[20:])
}
