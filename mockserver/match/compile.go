package match

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/theory/jsonpath"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// compiler makes a match, and collects all that is wrong with it.
type compiler struct {
	match     *Match
	reachable []*openapi.Operation // that may be meant
	at        string               // pointer to the condition
	wrong     openapi.Violations
}

func (c *compiler) fail(pointer, format string, args ...any) {
	c.wrong = append(c.wrong, openapi.Violation{In: openapi.InBody, Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

func newCompiler(m control.Match) *compiler {
	return &compiler{match: &Match{operation: m.Operation, method: strings.ToUpper(m.Method), path: m.Path, project: m.Project}}
}

// compile makes the match of requests for the operations that have been reached; for any where none has.
func (c *compiler) compile(m control.Match) (*Match, error) {
	for i, one := range m.Where {
		c.at = fmt.Sprintf("/where/%d", i)
		c.condition(one)
	}
	c.contradictions()
	if len(c.wrong) > 0 {
		return nil, &Error{c.wrong}
	}
	c.match.reachable = c.reachable
	return c.match, nil
}

// know refuses an operation that no document has.
func (c *compiler) know(specs []*openapi.Spec) (all []*openapi.Operation) {
	var ids []string
	for _, spec := range specs {
		for _, op := range spec.Operations() {
			all, ids = append(all, op), append(ids, op.ID)
		}
	}
	if name := c.match.operation; name != "" && !slices.Contains(ids, name) {
		c.fail("/operation", "no document has the operation %s%s", name, cmp.Or(openapi.DidYouMean(name, ids), ": use "+listed(ids)))
	}
	return all
}

// reach finds the operations that may be meant.
func (c *compiler) reach(specs []*openapi.Spec) {
	m, all := c.match, c.know(specs)
	var methods []string
	for _, op := range all {
		methods = append(methods, op.Method)
		if (m.operation == "" || m.operation == op.ID) && (m.method == "" || m.method == op.Method) {
			c.reachable = append(c.reachable, op)
		}
	}
	switch {
	case len(c.wrong) > 0:
	case len(c.reachable) == 0 && m.operation != "":
		c.fail("/method", "the operation %s has another method: leave the method out", m.operation)
	case len(c.reachable) == 0:
		c.fail("/method", "no operation has this method: use %s", listed(methods))
	default:
		c.reachPath(specs)
	}
}

// reachPath keeps the operations that the path may lead to.
func (c *compiler) reachPath(specs []*openapi.Spec) {
	if c.match.path == "" {
		return
	}
	led := slices.DeleteFunc(slices.Clone(c.reachable), func(op *openapi.Operation) bool {
		return !slices.ContainsFunc(specs, func(spec *openapi.Spec) bool {
			found, _, err := spec.Find(op.Method, c.match.path)
			return err == nil && found == op
		})
	})
	if len(led) == 0 {
		c.fail("/path", "the path leads to none of the operations that are meant: give it as it is sent, base path included and query left out")
		return
	}
	c.reachable = led
}

// listed names some of what there is.
func listed(names []string) string {
	const most = 10
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

func (c *compiler) condition(from control.Condition) {
	one := &condition{in: openapi.Location(from.In), name: from.Name, pointer: from.Pointer, equals: openapi.Decoded(from.Equals), absent: from.Absent}
	if one.in == openapi.InHeader {
		one.name = http.CanonicalHeaderKey(from.Name)
	}
	before := len(c.wrong)
	c.parse(one, from)
	c.place(from)
	if len(c.wrong) == before {
		c.possible(one, from)
	}
	one.place, one.want = placeOf(from), wantOf(from)
	c.match.conditions = append(c.match.conditions, one)
}

// parse reads what is a language of its own.
func (c *compiler) parse(one *condition, from control.Condition) {
	var err error
	if from.Matches != "" {
		if one.matches, err = regexp.Compile(from.Matches); err != nil {
			c.fail(c.at+"/matches", "it is no regular expression (RE2): %v", err)
		}
	}
	if from.Jsonpath != "" {
		if one.path, err = jsonpath.Parse(from.Jsonpath); err != nil {
			c.fail(c.at+"/jsonpath", "it is no JSONPath (RFC 9535): %v", err)
		}
	}
	if !isPointer(from.Pointer) {
		c.fail(c.at+"/pointer", "it is no JSON Pointer (RFC 6901): use / in front of each name, ~1 for / and ~0 for ~ in one")
	}
	if from.Absent && (from.Equals != nil || from.Matches != "") {
		c.fail(c.at+"/absent", "what is absent has no value: leave out equals and matches, or absent")
	}
}

var pointerSyntax = regexp.MustCompile(`^((/([^/~#]|~[01])*)*#?)*$`)

func isPointer(text string) bool { return pointerSyntax.MatchString(text) }

// place wants a name for what has one, and a way into the body for the body alone.
func (c *compiler) place(from control.Condition) {
	inBody := from.In == control.ConditionInBody
	switch {
	case inBody && from.Name != "":
		c.fail(c.at+"/name", "a part of the body has no name: use pointer or jsonpath")
	case inBody && from.Pointer == "" && from.Jsonpath == "" && from.Equals == nil && from.Matches == "":
		c.fail(c.at, "say which part of the body: pointer, jsonpath or both")
	case !inBody && from.Name == "":
		c.fail(c.at+"/name", "say which one: its name")
	case !inBody && from.Pointer != "":
		c.fail(c.at+"/pointer", "only the body has parts that a pointer names")
	case !inBody && from.Jsonpath != "":
		c.fail(c.at+"/jsonpath", "only the body has parts that a JSONPath names")
	}
}

// possible looks whether an operation that may be meant takes a request of which the condition holds: requests that break
// the document come no further.
func (c *compiler) possible(one *condition, from control.Condition) {
	if len(c.reachable) == 0 {
		return
	}
	var first reason
	var led []*openapi.Operation
	for _, op := range c.reachable {
		why := impossible(one, op)
		if why.words == "" {
			led = append(led, op)
		} else if first.words == "" || first.at == "/in" { // that an operation takes no body says least
			first = why
		}
	}
	if len(led) == 0 {
		c.fail(c.at+first.at, "%s", first.words)
		return
	}
	c.reachable = led
}

// reason is why a condition never holds; the zero value for one that may.
type reason struct{ at, words string }

func impossible(one *condition, op *openapi.Operation) reason {
	if one.in == openapi.InBody {
		return impossibleBody(one, op)
	}
	p := op.Parameter(one.in, one.name)
	switch {
	case p == nil && one.in == openapi.InPath:
		return reason{"/name", fmt.Sprintf("the path of %s has no parameter %s%s", op.ID, one.name, openapi.DidYouMean(one.name, pathParameters(op)))}
	case p == nil:
		return reason{}
	case one.absent && (p.Required || one.in == openapi.InPath):
		return reason{"/absent", fmt.Sprintf("%s requires it", op.ID)}
	case one.equals != nil && p.Schema != nil && !allowed(p, one.equals):
		return reason{"/equals", fmt.Sprintf("the document allows no such value for %s", p.Name)}
	}
	return reason{}
}

func pathParameters(op *openapi.Operation) (names []string) {
	for _, p := range op.Parameters {
		if p.In == openapi.InPath {
			names = append(names, p.Name)
		}
	}
	return names
}

// allowed says whether a parameter may have the value, as it is or as the text that says it.
func allowed(p *openapi.Parameter, value any) bool {
	return len(p.Schema.Validate(value)) == 0 || len(p.Schema.Validate(wanted(value))) == 0 || len(p.Schema.Validate(decoded(wanted(value)))) == 0
}

// decoded is the JSON value that a text holds, or the text.
func decoded(text string) any {
	if value, err := openapi.DecodeJSON([]byte(text)); err == nil {
		return value
	}
	return text
}

func impossibleBody(one *condition, op *openapi.Operation) reason {
	if op.RequestBody == nil {
		if one.absent {
			return reason{}
		}
		return reason{"/in", op.ID + " takes no body"}
	}
	var first reason
	for _, media := range op.RequestBody.Content {
		why := impossibleValue(one, op, media.Schema)
		if why.words == "" {
			return reason{}
		}
		if first.words == "" {
			first = why
		}
	}
	return first
}

// impossibleValue says why no body with the schema meets the condition.
func impossibleValue(one *condition, op *openapi.Operation, schema *openapi.Schema) reason {
	known := schema.Certain(one.pointer)
	switch {
	case one.absent && one.path == nil && known.Required && op.RequestBody.Required && schema != nil:
		return reason{"/absent", fmt.Sprintf("%s requires it", op.ID)}
	case one.absent:
		return reason{}
	case known.Never != "":
		return reason{"/pointer", known.Never}
	case one.path != nil || one.equals == nil:
		return reason{}
	}
	for _, judge := range known.Schemas {
		if broken := judge.Validate(one.equals); len(broken) > 0 {
			return reason{"/equals", fmt.Sprintf("the document allows no such value at %s: %s", one.pointer+broken[0].Pointer, broken[0].Words())}
		}
	}
	return reason{}
}

// contradictions finds conditions on one place that never hold together, and those that never hold by themselves.
func (c *compiler) contradictions() {
	all := c.match.conditions
	for i, one := range all {
		if one.equals != nil && one.mismatches(one.equals) {
			c.fail(fmt.Sprintf("/where/%d/matches", i), "the value that equals wants has no match: leave one of them out")
		}
		for k, other := range all[:i] {
			if one.excludes(other) {
				c.fail(fmt.Sprintf("/where/%d", i), "it never holds together with /where/%d: leave one out", k)
			}
		}
	}
}

// excludes says whether two conditions never hold of one request.
func (c *condition) excludes(other *condition) bool {
	if c.in != other.in || c.name != other.name || c.pointer != other.pointer || c.query() != other.query() {
		return false
	}
	if c.absent || other.absent {
		return c.absent != other.absent
	}
	if c.path != nil || c.in != openapi.InBody && c.in != openapi.InPath { // there may be several values
		return false
	}
	return c.equals != nil && other.equals != nil && !Equal(c.equals, other.equals) && (c.in == openapi.InBody || wanted(c.equals) != wanted(other.equals)) ||
		other.mismatches(c.equals) || c.mismatches(other.equals)
}

// mismatches says whether a value of the body that is a text has no match. Anything else can be written in several ways.
func (c *condition) mismatches(value any) bool {
	text, isText := value.(string)
	return isText && c.in == openapi.InBody && c.matches != nil && !c.matches.MatchString(text)
}

func (c *condition) query() string {
	if c.path == nil {
		return ""
	}
	return c.path.String()
}

func placeOf(from control.Condition) string {
	words := string(from.In)
	for _, part := range []string{from.Name, from.Pointer, from.Jsonpath} {
		if part != "" {
			words += " " + part
		}
	}
	return words
}

// wantOf says what is wanted in words. The value stands in the match, so it need not stand here: it may be a secret.
func wantOf(from control.Condition) string {
	switch {
	case from.Absent:
		return "is there"
	case from.Equals != nil && from.Matches != "":
		return "is not the value that is wanted, or has no match"
	case from.Equals != nil:
		return "is not the value that is wanted"
	case from.Matches != "":
		return "is not there, or has no match for " + from.Matches
	}
	return "is not there"
}
