package openapi

import (
	"iter"
	"math/big"
	"strings"
)

// bound is the tightest bound that the schemas give: sign 1 for the largest lower one, -1 for the smallest upper one.
func (f flat) bound(keyword string, sign int) (*big.Rat, bool) {
	var tightest *big.Rat
	for _, p := range f.list {
		if r, ok := ratAt(p, keyword); ok && (tightest == nil || r.Cmp(tightest)*sign > 0) {
			tightest = r
		}
	}
	return tightest, tightest != nil
}

// ratAt reads a number of the document; one whose exponent is hostile is none.
func ratAt(p place, keyword string) (*big.Rat, bool) {
	text := p.text(keyword)
	if text == "" || DefaultLimits().checkNumber(text) != nil {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// wholeBound is a bound of a length or a count, or otherwise where there is none.
func wholeBound(f flat, keyword string, sign, otherwise int) int {
	r, ok := f.bound(keyword, sign)
	if !ok {
		return otherwise
	}
	if !r.IsInt() || !r.Num().IsInt64() || r.Num().Int64() > maxSampleText {
		return maxSampleText
	}
	return int(r.Num().Int64())
}

// interval is where a number may lie; an end is nil where there is none.
type interval struct {
	least, most         *big.Rat
	openBelow, openOver bool
	step                *big.Rat // of which it is a multiple; nil for any
}

func (f flat) interval(kind string) interval {
	var in interval
	if kind == "integer" {
		in.step = big.NewRat(1, 1)
	}
	for _, p := range f.list {
		flagged := func(keyword string) bool { return p.text(keyword) == "true" } // OpenAPI 3.0
		in.above(p, "minimum", flagged("exclusiveMinimum"))
		in.above(p, "exclusiveMinimum", true)
		in.below(p, "maximum", flagged("exclusiveMaximum"))
		in.below(p, "exclusiveMaximum", true)
		if step, ok := ratAt(p, "multipleOf"); ok && step.Sign() > 0 {
			in.step = commonMultiple(in.step, step)
		}
	}
	return in
}

func (in *interval) above(p place, keyword string, open bool) {
	if r, ok := ratAt(p, keyword); ok && (in.least == nil || r.Cmp(in.least) > 0 || open && r.Cmp(in.least) == 0) {
		in.least, in.openBelow = r, open
	}
}

func (in *interval) below(p place, keyword string, open bool) {
	if r, ok := ratAt(p, keyword); ok && (in.most == nil || r.Cmp(in.most) < 0 || open && r.Cmp(in.most) == 0) {
		in.most, in.openOver = r, open
	}
}

// commonMultiple is the least number that is a multiple of both; a may be nil.
func commonMultiple(a, b *big.Rat) *big.Rat {
	if a == nil {
		return b
	}
	// Over the common denominator, the least common multiple of the numerators.
	x, y := new(big.Int).Mul(a.Num(), b.Denom()), new(big.Int).Mul(b.Num(), a.Denom())
	product := new(big.Int).Mul(x, y)
	lcm := product.Div(product, new(big.Int).GCD(nil, nil, x, y))
	return new(big.Rat).SetFrac(lcm, new(big.Int).Mul(a.Denom(), b.Denom()))
}

// numbers yields the number that the property's name stands for, the one next to 0, those at the ends, and some more
// for rules that forbid these.
func (g *sampler) numbers(f flat, kind, pointer string) iter.Seq[any] {
	in := f.interval(kind)
	return func(yield func(any) bool) {
		var list []*big.Rat
		if named, ok := namedNumber(pointer); ok && in.least == nil && in.most == nil {
			list = append(list, named)
		}
		list = append(list, in.nearest(big.NewRat(0, 1)))
		if n := g.random(pointer, in.room()); n > 0 {
			list = append([]*big.Rat{in.nearest(in.beyond(list[0], n))}, list...)
		}
		list = append(list, in.nearest(in.least), in.nearest(in.most))
		for n := range 30 { // around: in spite of `not`, and different in a list of different ones
			list = append(list, in.nearest(in.beyond(list[0], n+1)), in.nearest(in.beyond(list[0], -n-1)))
		}
		for _, r := range list {
			if r != nil && !yield(decimal(r)) {
				return
			}
		}
	}
}

// room is how many steps the interval is wide, at most a thousand.
func (in interval) room() int {
	const most = 1000
	if in.least == nil || in.most == nil {
		return most
	}
	width := new(big.Rat).Sub(in.most, in.least)
	if in.step != nil {
		width.Quo(width, in.step)
	}
	steps, _ := width.Float64()
	return int(min(max(steps, 0), most-1)) + 1
}

// beyond is n steps from a number.
func (in interval) beyond(from *big.Rat, n int) *big.Rat {
	step := in.step
	if step == nil {
		step = big.NewRat(1, 1)
	}
	return new(big.Rat).Add(from, new(big.Rat).Mul(step, big.NewRat(int64(n), 1)))
}

// nearest moves a number into the interval and to a multiple of its step; nil stays nil.
func (in interval) nearest(r *big.Rat) *big.Rat {
	if r == nil {
		return nil
	}
	if in.least != nil && r.Cmp(in.least) < 0 {
		r = in.least
	}
	if in.most != nil && r.Cmp(in.most) > 0 {
		r = in.most
	}
	switch {
	case in.step != nil:
		return in.multiple(r)
	case in.openBelow && r.Cmp(in.least) == 0:
		return in.beside(r, in.most, 1)
	case in.openOver && r.Cmp(in.most) == 0:
		return in.beside(r, in.least, -1)
	}
	return r
}

// beside is a number next to an end that does not belong to the interval: the middle, where there is another end.
func (in interval) beside(end, other *big.Rat, sign int64) *big.Rat {
	next := new(big.Rat).Add(end, big.NewRat(sign, 1))
	if other != nil && next.Cmp(other)*int(sign) >= 0 {
		next.Add(end, other)
		next.Mul(next, big.NewRat(1, 2))
	}
	return next
}

// multiple is the multiple of the step that is next above the number, or next below where that is out.
func (in interval) multiple(r *big.Rat) *big.Rat {
	quotient := new(big.Rat).Quo(r, in.step)
	floor := new(big.Int).Div(quotient.Num(), quotient.Denom())
	for _, n := range []int64{0, 1, -1} {
		candidate := new(big.Rat).Mul(in.step, new(big.Rat).SetInt(new(big.Int).Add(floor, big.NewInt(n))))
		if in.holds(candidate) && (n != 0 || quotient.IsInt()) {
			return candidate
		}
	}
	return new(big.Rat).Mul(in.step, new(big.Rat).SetInt(floor))
}

func (in interval) holds(r *big.Rat) bool {
	if in.least != nil && (r.Cmp(in.least) < 0 || in.openBelow && r.Cmp(in.least) == 0) {
		return false
	}
	return in.most == nil || r.Cmp(in.most) < 0 || !in.openOver && r.Cmp(in.most) == 0
}

// namedNumber is what a number of the name usually is.
func namedNumber(pointer string) (*big.Rat, bool) {
	numbers := map[string]string{"age": "30", "year": "2024", "price": "9.99", "amount": "9.99", "cost": "9.99", "quantity": "1", "count": "1",
		"latitude": "52.52", "lat": "52.52", "longitude": "13.4", "lon": "13.4", "lng": "13.4", "rating": "4", "port": "8080", "version": "1"}
	words := nameWords(pointer)
	if len(words) == 0 {
		return nil, false
	}
	return new(big.Rat).SetString(numbers[strings.ToLower(words[len(words)-1])])
}
