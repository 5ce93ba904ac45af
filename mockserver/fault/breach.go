package fault

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// breach breaks a rule of the document at one place of the body.
type breach control.Breach

func (b breach) spoil(op *openapi.Operation, answer *openapi.Response) bool {
	contentType := answer.Header.Get("Content-Type")
	m := op.Answer(answer.Status).Media(contentType)
	if m == nil || m.Schema == nil || !isJSON(contentType) {
		return false
	}
	value, err := openapi.DecodeJSON(answer.Body)
	if err != nil {
		return false
	}
	broken, ok := b.broken(m.Schema, value)
	if !ok {
		return false
	}
	answer.Body, answer.Made, answer.Value = append(openapi.AppendJSON(nil, broken), '\n'), nil, nil
	return true
}

// broken is the value with the breach, which its schema then refuses. False where there is no such breach.
func (b breach) broken(schema *openapi.Schema, value any) (any, bool) {
	for _, change := range b.changes(schema, value) {
		changed := change.Of(value)
		if violations := schema.Validate(changed); len(violations) > 0 && b.shows(change, violations) {
			return changed, true
		}
	}
	return nil, false
}

// shows says whether the violations are those that were wanted: of the type at the place itself, of the others any.
func (b breach) shows(change openapi.Variation, violations openapi.Violations) bool {
	return b.How != control.BreachHowType || b.Pointer != "" ||
		slices.ContainsFunc(violations, func(v openapi.Violation) bool { return v.Pointer == change.Pointer && v.Keyword == "type" })
}

// changes are what is worth trying: at the pointer, or else at every place, the whole value last.
func (b breach) changes(schema *openapi.Schema, value any) []openapi.Variation {
	if b.Pointer != "" {
		was, there := openapi.Lookup(value, b.Pointer)
		if !there {
			return nil
		}
		return b.at(b.Pointer, was)
	}
	var inside, whole []openapi.Variation
	tried := map[string]bool{}
	for _, v := range schema.Variations(value) {
		was, there := openapi.Lookup(value, v.Pointer)
		if !there || tried[v.Pointer] || !b.concerns(v) {
			continue
		}
		tried[v.Pointer] = true
		if v.Pointer == "" {
			whole = b.at("", was)
			continue
		}
		inside = append(inside, b.at(v.Pointer, was)...)
	}
	return append(inside, whole...)
}

// concerns says whether the edge that a variation tries is that of the breach.
func (b breach) concerns(v openapi.Variation) bool {
	switch b.How {
	case control.BreachHowDrop:
		return v.Missing
	case control.BreachHowType:
		return v.Keyword() == "type"
	}
	return v.Keyword() == "contentSchema" || v.Keyword() == openapi.KeywordEmbedded
}

// at are the changes of the value at one place.
func (b breach) at(pointer string, was any) []openapi.Variation {
	switch b.How {
	case control.BreachHowDrop:
		if pointer == "" {
			return nil
		}
		return []openapi.Variation{{Pointer: pointer, Missing: true}}
	case control.BreachHowType:
		return otherTypes(pointer, was)
	}
	return cutJSON(pointer, was)
}

// otherTypes puts values of other types in the place of one.
func otherTypes(pointer string, was any) (list []openapi.Variation) {
	for _, value := range []any{json.Number("7"), "text", true, nil, []any{}, map[string]any{}} {
		if typeOf(value) != typeOf(was) {
			list = append(list, openapi.Variation{Pointer: pointer, Value: value})
		}
	}
	return list
}

func typeOf(value any) string { return fmt.Sprintf("%T", value) }

// cutJSON cuts JSON that a text holds in the middle, so that it is none.
func cutJSON(pointer string, was any) []openapi.Variation {
	text, isText := was.(string)
	if _, err := openapi.DecodeJSON([]byte(text)); !isText || err != nil {
		return nil
	}
	middle := len(text) / 2
	for middle > 0 && !utf8.RuneStart(text[middle]) {
		middle--
	}
	for _, broken := range []string{text[:middle], text[:len(text)-1], text + "}"} { // half of 12 is JSON, too
		if _, err := openapi.DecodeJSON([]byte(broken)); err != nil {
			return []openapi.Variation{{Pointer: pointer, Value: broken}}
		}
	}
	return nil
}

// unfit tries it on what the operations may answer.
func (b breach) unfit(operations []*openapi.Operation) openapi.Violations {
	tries := mostTries
	for _, op := range operations {
		for _, a := range op.Responses {
			for _, m := range jsonOf(a) {
				if m.Schema != nil && b.fits(m, &tries) {
					return nil
				}
			}
		}
	}
	if b.Pointer != "" {
		return openapi.Violations{wrong("/breach/pointer", "no answer that is meant has such a place, or the document allows its answer to be like that")}
	}
	return openapi.Violations{wrong("/breach/how", "no answer that is meant has a place where this would break the document")}
}

// mostTries is how many samples are made to find one with a place for a breach; who finds none in as many knows nothing.
const mostTries = 2000

// fits says whether an answer may have a place for the breach: one of those that are tried has, or none of them tells.
func (b breach) fits(m *openapi.MediaType, tries *int) bool {
	if b.How == control.BreachHowEmbedded && !m.Schema.Uses("contentSchema", "contentMediaType") {
		return false
	}
	told := false
	for sample := range b.samples(m) {
		if *tries--; *tries < 0 {
			return true
		}
		at, certain := b.nearest(sample)
		told = told || certain
		if _, ok := at.broken(m.Schema, sample); ok {
			return true
		}
	}
	return !told
}

// samples are answers that keep the schema; for a certain place, with all of the alternatives that it has.
func (b breach) samples(m *openapi.MediaType) iter.Seq[any] {
	return func(yield func(any) bool) {
		keep := func(value any) bool { return len(m.Schema.Validate(value)) > 0 || yield(value) }
		for _, e := range m.Examples {
			if !keep(e.Value) {
				return
			}
		}
		whole := m.Schema.SampleAll(nil)
		if !keep(whole) || !keep(m.Schema.Sample(nil)) || b.Pointer == "" {
			return
		}
		for _, v := range m.Schema.Variations(whole) {
			if slices.Contains([]string{"enum", "oneOf", "anyOf", "properties"}, v.Keyword()) && !keep(v.Of(whole)) {
				return
			}
		}
	}
}

// nearest is the breach with each index that an array of the sample does not have replaced by that of its first item:
// the other items are like it. Not certain, where the array has none.
func (b breach) nearest(sample any) (at breach, certain bool) {
	if b.Pointer == "" {
		return b, true
	}
	at = breach{How: b.How}
	for _, token := range strings.Split(b.Pointer, "/")[1:] {
		parent, _ := openapi.Lookup(sample, at.Pointer)
		list, isList := parent.([]any)
		digits, rest, embedded := strings.Cut(token, openapi.Embedded)
		if i, err := strconv.Atoi(digits); isList && err == nil && i >= len(list) {
			if len(list) == 0 {
				return b, false
			}
			if token = "0"; embedded {
				token += openapi.Embedded + rest
			}
		}
		at.Pointer += "/" + token
	}
	return at, true
}
