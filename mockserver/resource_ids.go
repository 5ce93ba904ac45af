package mockserver

import (
	"encoding/hex"
	"encoding/json"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// idMaker makes an id of 32 hexadecimal digits, or of an item's number.
type idMaker func(digits, number string) string

// idMakers are those of the resource's kind of ids, and then of all others that the document may allow.
func (k *kind) idMakers() []idMaker {
	number := func(_, number string) string { return number }
	uuid := func(digits, _ string) string { return uuidOf(digits) }
	plain := func(digits, _ string) string { return digits }
	capitals := func(digits, _ string) string { return strings.ToUpper(digits) }
	makers := []idMaker{plain, uuid, capitals}
	switch k.ID.Kind {
	case openapi.IntegerID:
		makers = slices.Insert(makers, 0, idMaker(number))
	case openapi.UUID:
		makers = slices.Insert(makers, 0, idMaker(uuid))
	}
	for _, schema := range k.allIDs {
		makers = append(makers, drawn(schema))
	}
	return append(makers, number)
}

// newID makes the id of the item with the number; it is errStateless where none that the document allows can be made.
func (v *visit) newID(number int64) (string, error) {
	digits, counted := v.ids.next(), strconv.FormatInt(number, 10)
	for _, make := range v.makers {
		id := make(digits, counted)
		if !slices.ContainsFunc(v.allIDs, func(s *openapi.Schema) bool { return !accepted(s, id) }) {
			return id, nil
		}
	}
	return "", errStateless
}

// idSchemas are all that the document says of ids, in paths and in items.
func (k *kind) idSchemas() []*openapi.Schema {
	var list []*openapi.Schema
	for _, op := range []*openapi.Operation{k.Get, k.Update, k.Patch, k.Delete} {
		if op == nil {
			continue
		}
		if p := op.Parameter(openapi.InPath, k.ID.Parameter); p != nil && p.Schema != nil {
			list = append(list, p.Schema)
		}
	}
	for _, t := range k.tasks() {
		s := k.shapes[t]
		if schema := s.item.Inside(k.itemPointer()); k.itemPointer() != "" && schema != nil {
			list = append(list, schema)
		}
		if t == creating && s.media != nil && k.ID.Created != "" {
			if schema := s.media.Schema.Inside(k.ID.Created); schema != nil {
				list = append(list, schema)
			}
		}
	}
	return list
}

func accepted(schema *openapi.Schema, id string) bool {
	return len(schema.Validate(typed(schema, id))) == 0
}

// typed is an id as the schema has it: a number where it asks for one.
func typed(schema *openapi.Schema, id string) any {
	number := schema.Names("integer") || schema.Names("number")
	if _, err := strconv.ParseInt(id, 10, 64); err == nil && number && !schema.Names("string") {
		return json.Number(id)
	}
	return id
}

// idSchema is that of the id in an item, nil where the document does not describe it.
func (k *kind) idSchema() *openapi.Schema {
	if k.itemPointer() == "" {
		return nil
	}
	for _, t := range k.tasks() {
		if schema := k.shapes[t].item.Inside(k.itemPointer()); schema != nil {
			return schema
		}
	}
	return nil
}

// uuidOf makes 32 hexadecimal digits a UUID of version 4 (RFC 9562, section 5.4).
func uuidOf(digits string) string {
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 16 {
		return digits
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	d := hex.EncodeToString(raw)
	return d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:]
}

// drawn makes texts that the schema's pattern or length allows, as the digits choose.
func drawn(schema *openapi.Schema) idMaker {
	pattern, _ := schema.Keyword("pattern")
	re, err := syntax.Parse(stringOf(pattern), syntax.Perl)
	most, _ := schema.Keyword("maxLength")
	longest, unbounded := strconv.Atoi(stringOf(most))
	return func(digits, _ string) string {
		if pattern != nil && err == nil {
			d := &drawer{digits: digits}
			d.draw(re.Simplify())
			return d.text.String()
		}
		if unbounded == nil {
			return digits[:min(max(longest, 0), len(digits))]
		}
		return digits
	}
}

func firstOf(list ...*openapi.Operation) *openapi.Operation {
	for _, op := range list {
		if op != nil {
			return op
		}
	}
	return nil
}

// drawer writes a text that matches a pattern; what the pattern leaves open, the digits choose.
type drawer struct {
	text   strings.Builder
	digits string
	used   int
}

// choose is a number below n.
func (d *drawer) choose(n int) int {
	chosen := 0
	for range 2 {
		chosen = chosen<<4 + strings.IndexByte("0123456789abcdef", d.digits[d.used%len(d.digits)])
		d.used++
	}
	return chosen % n
}

// usualRepeats is how often is repeated what a pattern lets be repeated for ever.
const usualRepeats = 8

func (d *drawer) draw(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		d.text.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		d.drawRune(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		d.drawRune([]rune{'a', 'z'})
	case syntax.OpStar, syntax.OpPlus:
		for range usualRepeats {
			d.draw(re.Sub[0])
		}
	case syntax.OpAlternate:
		d.draw(re.Sub[d.choose(len(re.Sub))])
	case syntax.OpConcat, syntax.OpCapture, syntax.OpQuest:
		for _, sub := range re.Sub {
			d.draw(sub)
		}
	}
}

// drawRune picks from the ranges, printable ASCII where they have some.
func (d *drawer) drawRune(ranges []rune) {
	var plain []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			plain = append(plain, r)
		}
	}
	switch {
	case len(plain) > 0:
		d.text.WriteRune(plain[d.choose(len(plain))])
	case len(ranges) > 0:
		d.text.WriteRune(ranges[0])
	}
}
