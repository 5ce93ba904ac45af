package contract

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

const defaultFuzzCases = 1000

// fuzzCases change several parts of a request at once, drawn from the seed. Whether such a request keeps the document,
// the document says. A case that fails is made smaller, one change after the other, as long as it fails.
func fuzzCases(m *maker) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		draw := rand.New(rand.NewPCG(m.seed, m.seed))
		operations := slices.DeleteFunc(slices.Clone(m.chosen), func(op *openapi.Operation) bool { return !m.canSend(op) })
		for n := 1; n <= m.fuzzed && len(operations) > 0; n++ {
			f := &fuzz{m: m, draw: draw, operation: operations[draw.IntN(len(operations))]}
			if c, ok := f.drawn(n); ok && !yield(c) {
				return
			}
		}
	}
}

// fuzz draws one case.
type fuzz struct {
	m         *maker
	draw      *rand.Rand
	operation *openapi.Operation
	name      string
	base      any
	real      bool // base holds an instance that the user gave
}

// maxChanges is how many parts of a request are changed at once.
const maxChanges = 5

func (f *fuzz) drawn(n int) (Case, bool) {
	f.name = fmt.Sprintf("%s/%d", f.operation.ID, n)
	var changes []openapi.Variation
	if f.m.varies(f.operation) {
		variants := f.m.variants(f.operation)
		v := variants[f.draw.IntN(len(variants))]
		f.base, f.real = f.m.own(f.operation, v), v.real
		changes = f.changes()
	}
	return f.of(changes, f.arguments())
}

// changes are drawn one after the other, each from what the one before has made.
func (f *fuzz) changes() []openapi.Variation {
	var list []openapi.Variation
	body := f.base
	for range 1 + f.draw.IntN(maxChanges) {
		possible := schemaOf(f.operation).Variations(body)
		if holders := holdersOf(possible); f.real { // real data is sent as it is: no report recognises a secret in pieces
			possible = slices.DeleteFunc(possible, func(x openapi.Variation) bool {
				return strings.Contains(x.Pointer, openapi.Embedded) || slices.Contains(holders, x.Pointer)
			})
		}
		if len(possible) == 0 {
			break
		}
		x := possible[f.draw.IntN(len(possible))]
		if text, isText := x.Value.(string); isText && f.draw.IntN(2) == 0 {
			x.Value, x.Name = f.text(text), x.Name+", mixed"
		}
		list, body = append(list, x), x.Of(body)
	}
	return list
}

// text mixes a text with others.
func (f *fuzz) text(text string) string {
	others := []string{"", "a", "Z9", "_", "-", " ", "é", "界", "😀", "\"", "\\", "\t", "{", "}", "%2F", "'", "0"}
	var b strings.Builder
	for _, r := range text {
		if b.WriteRune(r); f.draw.IntN(8) == 0 {
			b.WriteString(others[f.draw.IntN(len(others))])
		}
	}
	return b.String()
}

func (f *fuzz) arguments() []Argument {
	var list []Argument
	for _, p := range f.operation.Parameters {
		if p.Schema == nil || p.In == openapi.InPath || f.draw.IntN(3) > 0 {
			continue
		}
		if possible := f.m.arguments(p); len(possible) > 0 {
			list = append(list, possible[f.draw.IntN(len(possible))].Argument)
		}
	}
	return list
}

// of is the case of these changes; it gives the cases that have one of them less. False when the changes make nothing
// that says something of the contract.
func (f *fuzz) of(changes []openapi.Variation, arguments []Argument) (Case, bool) {
	t := try{operation: f.operation, name: f.name, base: f.base, arguments: arguments}
	if f.base != nil {
		body := f.base
		for _, x := range changes {
			body = x.Of(body)
		}
		t.body = bodyOf(body)
	}
	c, ok := f.judged(t)
	c.smaller = func() []Case { return f.smaller(changes, arguments) }
	return c, ok
}

func (f *fuzz) judged(t try) (Case, bool) {
	r, err := f.m.request(t.step(), known{})
	if err != nil {
		return Case{}, false
	}
	violations, reached := r.broken(f.m.spec, f.operation)
	violations = t.own(violations)
	switch {
	case !reached:
		return Case{}, false
	case len(violations) > 0:
		return f.m.negative("fuzz", t), true
	}
	return f.m.boundary("fuzz", t), f.m.canSucceed(t)
}

// smaller are the cases with one change less, with one argument less, and with half of a text. A shrinker of a library
// is no help here: pgregory.net/rapid keeps its seed and its limits in flags of the whole process, and shrinks only what
// its own Check drew.
func (f *fuzz) smaller(changes []openapi.Variation, arguments []Argument) []Case {
	var cases []Case
	add := func(changes []openapi.Variation, arguments []Argument) {
		if c, ok := f.of(changes, arguments); ok {
			cases = append(cases, c)
		}
	}
	for i := range changes {
		add(without(changes, i), arguments)
	}
	for i := range arguments {
		add(changes, without(arguments, i))
	}
	for i, x := range changes {
		for _, half := range halves(x.Value) {
			simpler := slices.Clone(changes)
			simpler[i].Value = half
			add(simpler, arguments)
		}
	}
	return cases
}

// halves are the two halves of a text of more than one character, none of anything else.
func halves(value any) []string {
	text, _ := value.(string)
	runes := []rune(text)
	if len(runes) < 2 {
		return nil
	}
	return []string{string(runes[:len(runes)/2]), string(runes[len(runes)/2:])}
}

func without[T any](list []T, i int) []T { return append(list[:i:i], list[i+1:]...) }
