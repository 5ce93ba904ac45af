package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"
)

// Variation is a change of a value at one place, to what lies at or just beside the edge of a rule. Whether the changed
// value keeps the schema, only the schema says (see [Schema.Validate]): one rule may allow what another forbids.
type Variation struct {
	Pointer string // the place; `#` steps into embedded JSON
	Name    string // what is done, in words: "missing", "65 characters"
	Rule    Rule   // the keyword whose edge it is
	Value   any    // what stands at the place
	Missing bool   // nothing stands there
}

// Of is the value with the change made to it. The value itself stays as it is.
func (v Variation) Of(value any) any {
	if v.Missing {
		return Remove(value, v.Pointer)
	}
	return Set(value, v.Pointer, v.Value)
}

// String names the variation: its place and what is done there.
func (v Variation) String() string {
	if v.Pointer == "" {
		return v.Name
	}
	return v.Pointer + " " + v.Name
}

// Keyword is the keyword whose edge the variation tries.
func (v Variation) Keyword() string { return v.Rule.Keyword() }

// Variations lists what is worth trying at every place of a value that keeps the schema, JSON held by strings included,
// in a fixed order: missing and further members, other types, each end of each bound, each value of an enum and values
// beside them, texts of other alphabets, damaged embedded JSON.
func (s *Schema) Variations(of any) []Variation {
	v := &varier{spec: s.spec, view: s.view, seen: map[string]bool{}}
	s.eachPlace(of, 1, v.place) // the other items of an array are like the first
	return v.list
}

// varier gathers the variations of a value.
type varier struct {
	spec *Spec
	view view
	list []Variation
	seen map[string]bool // pointer and value
}

// keywordEdges is what one keyword makes of a value: variations of the value itself.
type keywordEdges struct {
	keyword string
	make    func(v *varier, at place, e edges)
}

// edges is a place of a value, for the functions of the table.
type edges struct {
	pointer string
	value   any
	judging []place
	rule    Rule
}

// edgeTable lists the keywords in the order in which they are tried.
func edgeTable() []keywordEdges {
	return []keywordEdges{
		{"type", (*varier).types},
		{"enum", (*varier).enum},
		{"const", (*varier).constant},
		{"required", (*varier).required},
		{"properties", (*varier).properties},
		{"additionalProperties", (*varier).additional},
		{"dependentRequired", (*varier).dependent},
		{"minProperties", (*varier).emptied},
		{"minLength", (*varier).lengths},
		{"maxLength", (*varier).lengths},
		{"pattern", (*varier).pattern},
		{"format", (*varier).format},
		{"minimum", (*varier).bounds},
		{"maximum", (*varier).bounds},
		{"exclusiveMinimum", (*varier).bounds},
		{"exclusiveMaximum", (*varier).bounds},
		{"multipleOf", (*varier).multiples},
		{"minItems", (*varier).sizes},
		{"maxItems", (*varier).sizes},
		{"uniqueItems", (*varier).twins},
		{"oneOf", (*varier).branches},
		{"anyOf", (*varier).branches},
		{"not", (*varier).forbidden},
		{"discriminator", (*varier).discriminator},
		{"contentSchema", (*varier).embedded},
	}
}

func (v *varier) place(pointer string, value any, judging []place) {
	for _, row := range edgeTable() {
		for _, p := range judging {
			if at := p.at(row.keyword); at.ok() {
				row.make(v, at, edges{pointer, value, judging, at.rule()})
			}
		}
	}
}

// add keeps a variation once, and only where it changes something.
func (v *varier) add(e edges, name string, value any) {
	v.keep(e.value, Variation{Pointer: e.pointer, Name: name, Rule: e.rule, Value: value})
}

func (v *varier) keep(was any, x Variation) {
	text := fmt.Sprintf("%s\x00%t\x00%s", x.Pointer, x.Missing, encodeJSON(x.Value))
	if v.seen[text] || !x.Missing && was != nil && string(encodeJSON(was)) == string(encodeJSON(x.Value)) {
		return
	}
	v.seen[text] = true
	v.list = append(v.list, x)
}

func (v *varier) types(_ place, e edges) {
	v.add(e, "null", nil)
	v.add(e, "a boolean", true)
	v.add(e, "a number", json.Number("7"))
	v.add(e, "an empty array", []any{})
	v.add(e, "an empty object", map[string]any{})
	switch was := e.value.(type) {
	case json.Number:
		v.add(e, "the number as text", was.String())
		v.add(e, "a fraction", json.Number("1.5"))
		v.add(e, "zero", json.Number("0"))
		v.add(e, "a negative number", json.Number("-1"))
	case string:
		v.texts(e)
	case bool:
		v.add(e, "the contrary", !was)
		v.add(e, "a text", "text")
	case map[string]any:
		v.add(e, "a text", "text")
		v.add(e, "in an array", []any{was})
	default:
		v.add(e, "a text", "text")
	}
}

// texts are what a string may be and programs stumble over. Where another rule says what the text looks like, few are
// enough.
func (v *varier) texts(e edges) {
	if len(embeddedSchemas(e.judging)) > 0 {
		return
	}
	v.add(e, "an empty text", "")
	v.add(e, "emoji", "😀👩‍👩‍👧")
	for _, keyword := range []string{"enum", "const", "pattern", "format"} {
		if rule := below(e.judging, keyword); len(rule) > 0 && rule[0].node.Value != "password" {
			return
		}
	}
	v.add(e, "accents", "Ünïcödé ñ")
	v.add(e, "Chinese", "数据连接")
	v.add(e, "right to left", "שלום")
	v.add(e, "quotes and backslashes", `a"b'c\d/e`)
	v.add(e, "markup", "<b>&amp;</b>")
	v.add(e, "line break and tab", "a\nb\tc")
	v.add(e, "spaces around", " a ")
	v.add(e, "300 characters", strings.Repeat("a", 300))
}

func (v *varier) enum(at place, e edges) {
	at.each(func(_ string, item place) {
		value := nodeValue(item.node)
		v.add(e, fmt.Sprintf("the value %v", value), value)
	})
	v.add(e, "an unknown value", "counterpart-unknown")
	v.nearly(e)
}

func (v *varier) constant(_ place, e edges) {
	v.add(e, "another value", "counterpart-unknown")
	v.nearly(e)
}

// nearly are texts that a careless comparison takes for the same.
func (v *varier) nearly(e edges) {
	if text, ok := e.value.(string); ok {
		v.add(e, "in capitals", strings.ToUpper(text))
		v.add(e, "in small letters", strings.ToLower(text))
		v.add(e, "a space behind", text+" ")
		v.add(e, "its first half", text[:len(text)/2])
	}
}

func (v *varier) required(at place, e edges) {
	object, _ := e.value.(map[string]any)
	at.each(func(_ string, name place) {
		if _, there := object[name.node.Value]; there {
			v.missing(e, name.node.Value)
		}
	})
}

func (v *varier) missing(e edges, name string) {
	v.keep(nil, Variation{Pointer: e.pointer + "/" + escapePointer(name), Name: "missing", Rule: e.rule, Missing: true})
}

// properties takes each optional member away, or adds it.
func (v *varier) properties(at place, e edges) {
	object, _ := e.value.(map[string]any)
	if object == nil {
		return
	}
	at.each(func(_ string, property place) {
		name := lastToken(property.pointer)
		if _, there := object[name]; there {
			v.missing(e, name)
			return
		}
		if v.spec.marked(property, v.view.hides()) {
			return
		}
		sample := (&Schema{spec: v.spec, view: v.view, at: property}).Sample(nil)
		v.keep(nil, Variation{Pointer: e.pointer + "/" + escapePointer(name), Name: "given", Rule: e.rule, Value: sample})
	})
}

// additional adds a member that nothing describes, where the document speaks of such: where it is silent, servers differ.
func (v *varier) additional(_ place, e edges) {
	if _, ok := e.value.(map[string]any); ok {
		v.keep(nil, Variation{Pointer: e.pointer + "/counterpart_extra", Name: "a further member", Rule: e.rule, Value: "text"})
	}
}

func (v *varier) dependent(at place, e edges) {
	object, _ := e.value.(map[string]any)
	at.each(func(_ string, list place) {
		if _, there := object[lastToken(list.pointer)]; there {
			list.each(func(_ string, name place) { v.missing(e, name.node.Value) })
		}
	})
}

func (v *varier) emptied(_ place, e edges) { v.add(e, "an empty object", map[string]any{}) }

func (v *varier) lengths(at place, e edges) {
	text, ok := e.value.(string)
	if n, err := at.number(); ok && err == nil {
		for _, length := range []int{n - 1, n, n + 1} {
			v.length(e, text, length)
			if length > 0 && length <= maxVariedLength {
				v.add(e, fmt.Sprintf("%d emoji", length), strings.Repeat("😀", length))
			}
		}
	}
}

// maxVariedLength bounds the texts that are made, in characters.
const maxVariedLength = 1 << 16

// length tries a text of so many characters (code points: JSON Schema validation, section 6.3.1). It keeps the end of
// the text, where what makes a text unique stands.
func (v *varier) length(e edges, text string, n int) {
	if n < 0 || n > maxVariedLength {
		return
	}
	runes := []rune(text)
	for len(runes) < n {
		runes = append([]rune(strings.Repeat("a", n-len(runes))), runes...)
	}
	v.add(e, counted(n, "character"), string(runes[len(runes)-n:]))
}

func (v *varier) format(at place, e edges) {
	for _, sample := range formatEdges[at.node.Value] {
		if number, ok := strings.CutPrefix(sample, "#"); ok {
			v.add(e, number, json.Number(number))
			continue
		}
		v.add(e, fmt.Sprintf("the text %q", sample), sample)
	}
}

// formatEdges are values at and beside the edges of formats; numbers are marked by `#`.
var formatEdges = map[string][]string{
	"int32":     {"#2147483647", "#2147483648", "#-2147483648", "#-2147483649"},
	"int64":     {"#9223372036854775807", "#9223372036854775808", "#-9223372036854775808", "#-9223372036854775809"},
	"date-time": {"2024-02-29T23:59:59Z", "2024-12-10T00:00:00+05:30", "2024-12-10T00:00:00.123Z", "2023-02-29T00:00:00Z", "2024-12-10", "yesterday"},
	"date":      {"2024-02-29", "2023-02-29", "2024-13-01", "2024-12-10T00:00:00Z", "10.12.2024"},
	"time":      {"23:59:59Z", "24:00:00Z", "noon"},
	"email":     {"a.b+c@example.org", "no-at-sign", "@example.org"},
	"hostname":  {"a.example", "-a.example", "a b"},
	"ipv4":      {"0.0.0.0", "255.255.255.255", "256.0.0.1", "1.2.3"},
	"ipv6":      {"::", "2001:db8::ffff", "2001:db8:::1", "192.0.2.1"},
	"uri":       {"https://example.org/a?b=c#d", "urn:a:b", "/relative", "not a uri"},
	"uuid":      {"00000000-0000-0000-0000-000000000000", "6BA7B810-9DAD-41D1-80B4-00C04FD430C8", "6ba7b810-9dad-41d1-80b4-00c04fd430c", "6ba7b8109dad41d180b400c04fd430c8x"},
	"byte":      {"", "YWJj", "Y*==", "not base64!"},
}

func (v *varier) bounds(at place, e edges) {
	limit, ok := new(big.Rat).SetString(at.node.Value)
	if _, isNumber := e.value.(json.Number); !ok || !isNumber {
		return
	}
	for _, step := range []int64{-1, 0, 1} {
		number := decimal(new(big.Rat).Add(limit, big.NewRat(step, 1)))
		v.add(e, number.String(), number)
	}
}

func (v *varier) multiples(at place, e edges) {
	step, ok := new(big.Rat).SetString(at.node.Value)
	if ok && step.Sign() > 0 {
		for _, r := range []*big.Rat{step, new(big.Rat).Add(step, step), new(big.Rat).Quo(step, big.NewRat(2, 1))} {
			v.add(e, decimal(r).String(), decimal(r))
		}
	}
}

func (v *varier) sizes(at place, e edges) {
	list, ok := e.value.([]any)
	n, err := at.number()
	if !ok || err != nil || len(list) == 0 {
		return
	}
	for _, size := range []int{n - 1, n, n + 1} {
		if size >= 0 && size <= maxVariedItems {
			items := slices.Repeat(list, size/len(list)+1)[:size]
			v.add(e, counted(size, "item"), items)
		}
	}
}

const maxVariedItems = 1000

func counted(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

func (v *varier) twins(_ place, e edges) {
	if list, ok := e.value.([]any); ok && len(list) > 0 {
		v.add(e, "an item twice", append(slices.Clone(list), list[0]))
	}
}

func (v *varier) branches(at place, e edges) {
	at.each(func(_ string, branch place) {
		sample := (&Schema{spec: v.spec, view: v.view, at: branch}).Sample(nil)
		v.add(e, "alternative "+lastToken(branch.pointer), sample)
	})
}

func (v *varier) forbidden(at place, e edges) {
	v.add(e, "what is forbidden", (&Schema{spec: v.spec, view: v.view, at: at}).Sample(nil))
}

func (v *varier) discriminator(at place, e edges) {
	if _, ok := e.value.(map[string]any); ok {
		name := at.text("propertyName")
		v.keep(nil, Variation{Pointer: e.pointer + "/" + escapePointer(name), Name: "an unknown value", Rule: e.rule, Value: "counterpart-unknown"})
		v.missing(e, name)
	}
}

// embedded damages JSON that a string holds. Duplicate keys are left out: RFC 8259 lets readers differ.
func (v *varier) embedded(_ place, e edges) {
	text, ok := e.value.(string)
	if !ok || text == "" {
		return
	}
	v.add(e, "an empty text", "")
	v.add(e, "no JSON", "not JSON")
	v.add(e, "JSON cut short", text[:len(text)-1])
	v.add(e, "JSON and more behind it", text+"{}")
	v.add(e, "JSON in JSON", string(encodeJSON(text)))
	v.add(e, "JSON null", "null")
	v.add(e, "a JSON array", "["+text+"]")
	v.add(e, "a JSON text", `"text"`)
	v.add(e, "a JSON number", "1")
	v.add(e, "an empty JSON object", "{}")
	v.add(e, "spaces around the JSON", " "+text+"\n")
	if inner, err := DecodeJSON([]byte(text)); err == nil {
		v.add(e, "an object and no text", inner)
		v.add(e, "escapes in the JSON", escapedKeys(text, inner))
		v.add(e, "the keys in another order", otherOrder(inner))
		if spaced, err := json.MarshalIndent(inner, "", "\t"); err == nil {
			v.add(e, "indented JSON", string(spaced))
		}
	}
}

// escapedKeys writes the first letter of every key of an object as `\u` and four digits, which means the same.
func escapedKeys(text string, inner any) string {
	object, _ := inner.(map[string]any)
	for name := range object {
		if name != "" && name[0] < utf8.RuneSelf && name[0] >= ' ' && name[0] != '"' && name[0] != '\\' {
			text = strings.Replace(text, `"`+name+`"`, fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:]), 1)
		}
	}
	return text
}

// otherOrder writes an object with its keys in the opposite order.
func otherOrder(inner any) string {
	object, isObject := inner.(map[string]any)
	if !isObject {
		return string(encodeJSON(inner))
	}
	names := slices.Sorted(maps.Keys(object))
	slices.Reverse(names)
	var members []string
	for _, name := range names {
		members = append(members, string(encodeJSON(name))+":"+string(encodeJSON(object[name])))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// number is a whole number that is not negative.
func (p place) number() (int, error) {
	var n int
	err := p.node.Decode(&n)
	return n, err
}

// decimal writes a number with at most twelve digits behind the point.
func decimal(r *big.Rat) json.Number {
	if r.IsInt() {
		return json.Number(r.Num().String())
	}
	return json.Number(strings.TrimRight(r.FloatString(12), "0"))
}
