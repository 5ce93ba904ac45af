package openapi

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"unicode/utf8"
)

// The rules of an acceptor, a type a keyword. Each judges only values of the kinds that it was added for.

// always says the same of every value.
type always verdict

func (r always) judge(any) verdict { return verdict(r) }

// enum is also the rule of const.
type enum struct {
	texts  map[string]bool
	others []any
}

func newEnum(values []any) enum {
	r := enum{texts: map[string]bool{}}
	for _, value := range values {
		if text, ok := value.(string); ok {
			r.texts[text] = true
		} else {
			r.others = append(r.others, value)
		}
	}
	return r
}

func (r enum) judge(value any) verdict {
	if text, ok := value.(string); ok {
		return verdictOf(r.texts[text])
	}
	v := refused
	for _, other := range r.others {
		if v = equal(value, other); v != refused {
			break
		}
	}
	return v
}

// equal compares as JSON Schema does: 1 and 1.0 are equal.
func equal(a, b any) verdict {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return refused
		}
		return equalNumbers(a, b)
	case []any:
		b, ok := b.([]any)
		v := verdictOf(ok && len(a) == len(b))
		for i := 0; v == accepted && i < len(a); i++ {
			v = equal(a[i], b[i])
		}
		return v
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return refused
		}
		return equalMembers(a, b)
	case nil, bool, string:
		k := kindOf(b)
		return verdictOf(k == kindOf(a) && a == b)
	}
	return undecided
}

func equalMembers(a, b map[string]any) verdict {
	v := accepted
	for name, member := range a {
		other, ok := b[name]
		if v = v.and(verdictOf(ok)); v != refused {
			v = v.and(equal(member, other))
		}
		if v == refused {
			break
		}
	}
	return v
}

func equalNumbers(a, b json.Number) verdict {
	i, small := whole(a)
	j, alsoSmall := whole(b)
	if small && alsoSmall {
		return verdictOf(i == j)
	}
	x, sound := ratOf(a)
	y, alsoSound := ratOf(b)
	if !sound || !alsoSound {
		return undecided
	}
	return verdictOf(x.Cmp(y) == 0)
}

// formatted is a function that jsonschema asks, too.
type formatted func(any) bool

func (r formatted) judge(value any) verdict { return verdictOf(r(value)) }

// anyOf looks at every alternative only where none has accepted yet.
type anyOf []*acceptor

func (r anyOf) judge(value any) verdict {
	v := refused
	for _, alternative := range r {
		switch alternative.judge(value) {
		case accepted:
			return accepted
		case undecided:
			v = undecided
		}
	}
	return v
}

type oneOf []*acceptor

func (r oneOf) judge(value any) verdict {
	matched, open := 0, 0
	for _, alternative := range r {
		switch alternative.judge(value) {
		case accepted:
			matched++
		case undecided:
			open++
		}
	}
	switch {
	case matched > 1:
		return refused
	case open > 0:
		return undecided
	}
	return verdictOf(matched == 1)
}

type negation struct{ of *acceptor }

func (r negation) judge(value any) verdict { return r.of.judge(value).not() }

// choice is `if`, with `then` and `else`, each nil where there is none.
type choice struct{ when, then, otherwise *acceptor }

func (r choice) judge(value any) verdict {
	next := r.otherwise
	switch r.when.judge(value) {
	case undecided:
		return undecided
	case accepted:
		next = r.then
	}
	if next == nil {
		return accepted
	}
	return next.judge(value)
}

// conditional is the keyword condition.
type conditional struct {
	property, value string
	then            *acceptor
}

func (r conditional) judge(value any) verdict {
	if !holds(r.property, r.value, value) {
		return accepted
	}
	return r.then.judge(value)
}

// whole reads a number that is written as a whole one and fits an int64 by its length: nearly every number.
func whole(n json.Number) (value int64, ok bool) {
	const most = 18 // digits that fit whatever they are
	digits := n
	if n != "" && n[0] == '-' {
		digits = n[1:]
	}
	if digits == "" || len(digits) > most {
		return 0, false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
		value = value*10 + int64(digits[i]-'0')
	}
	if len(digits) < len(n) {
		value = -value
	}
	return value, true
}

func ratOf(n json.Number) (*big.Rat, bool) { return new(big.Rat).SetString(string(n)) }

func smallRat(r *big.Rat) (value int64, ok bool) {
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

// integer is the type of that name, which 1.0 and 1e2 have, too.
type integer struct{}

func (integer) judge(value any) verdict {
	n := value.(json.Number)
	if _, ok := whole(n); ok {
		return accepted
	}
	r, ok := ratOf(n)
	if !ok {
		return undecided
	}
	return verdictOf(r.IsInt())
}

// limit is one of the four bounds of numbers.
type limit struct {
	bound     *big.Rat
	small     int64 // bound, where isSmall
	isSmall   bool
	sign      int // 1 for a minimum, -1 for a maximum
	exclusive bool
}

func (r limit) judge(value any) verdict {
	n := value.(json.Number)
	beyond := 0 // 1 on the right side of the bound, -1 on the wrong one
	if i, ok := whole(n); ok && r.isSmall {
		beyond = cmp.Compare(i, r.small) * r.sign
	} else if rat, ok := ratOf(n); ok {
		beyond = rat.Cmp(r.bound) * r.sign
	} else {
		return undecided
	}
	return verdictOf(beyond > 0 || beyond == 0 && !r.exclusive)
}

type multiple struct {
	of      *big.Rat
	small   int64 // of, where isSmall
	isSmall bool
}

func (r multiple) judge(value any) verdict {
	n := value.(json.Number)
	if r.of.Sign() == 0 {
		return undecided
	}
	if i, ok := whole(n); ok && r.isSmall {
		return verdictOf(i%r.small == 0)
	}
	rat, ok := ratOf(n)
	if !ok {
		return undecided
	}
	return verdictOf(rat.Quo(rat, r.of).IsInt())
}

// size counts characters, items or members; -1 is no bound.
type size struct{ least, most int }

func (r size) judge(value any) verdict {
	switch v := value.(type) {
	case string:
		return r.allows(utf8.RuneCountInString(v))
	case []any:
		return r.allows(len(v))
	case map[string]any:
		return r.allows(len(v))
	}
	return undecided
}

func (r size) allows(n int) verdict {
	return verdictOf((r.least == -1 || n >= r.least) && (r.most == -1 || n <= r.most))
}

type pattern struct{ matcher }

func (r pattern) judge(value any) verdict { return verdictOf(r.MatchString(value.(string))) }

// backtracked is the keyword backtracking.
type backtracked patternSchema

func (r backtracked) judge(value any) verdict {
	matched, err := r.re.MatchString(value.(string))
	return verdictOf(err == nil && matched)
}

// encoded is a contentEncoding whose content has no rules.
type encoded func(string) ([]byte, error)

func (r encoded) judge(value any) verdict {
	_, err := r(value.(string))
	return verdictOf(err == nil)
}

// embeddedText is the content encoding embeddedJSON.
type embeddedText struct {
	limits Limits
	inside *acceptor
}

func (r embeddedText) judge(value any) verdict {
	text := value.(string)
	return r.judgeText([]byte(text), text)
}

func (r embeddedText) judgeText(data []byte, text string) verdict {
	value, err := r.limits.decode(data, text)
	if err != nil {
		return refused
	}
	return r.inside.judge(value)
}

// embeddedBase64Text is the same in base64.
type embeddedBase64Text struct{ embeddedText }

func (r embeddedBase64Text) judge(value any) verdict {
	text, err := base64.StdEncoding.DecodeString(value.(string))
	if err != nil {
		return refused
	}
	return r.judgeText(text, "")
}

// unique compares every item with every other; long lists are left to jsonschema, which hashes.
type unique struct{}

func (unique) judge(value any) verdict {
	const most = 32
	list := value.([]any)
	if len(list) > most {
		return undecided
	}
	v := accepted
	for i, item := range list {
		for _, earlier := range list[:i] {
			if v = v.and(equal(item, earlier).not()); v == refused {
				return refused
			}
		}
	}
	return v
}

// items is prefixItems and items; rest is nil where there is none.
type items struct {
	first []*acceptor
	rest  *acceptor
}

func (r items) judge(value any) verdict {
	v := accepted
	for i, item := range value.([]any) {
		each := r.rest
		if i < len(r.first) {
			each = r.first[i]
		}
		if each == nil {
			break
		}
		if v = v.and(each.judge(item)); v == refused {
			break
		}
	}
	return v
}

// contains is contains with minContains and maxContains.
type contains struct {
	item *acceptor
	size size
}

func (r contains) judge(value any) verdict {
	matched := 0
	for _, item := range value.([]any) {
		switch r.item.judge(item) {
		case accepted:
			matched++
		case undecided:
			return undecided
		}
	}
	return r.size.allows(matched)
}

type required []string

func (r required) judge(value any) verdict {
	object := value.(map[string]any)
	for _, name := range r {
		if _, there := object[name]; !there {
			return refused
		}
	}
	return accepted
}

// dependent asks for something more of objects that have a property.
type dependent struct {
	on   string
	then rule
}

func (r dependent) judge(value any) verdict {
	if _, there := value.(map[string]any)[r.on]; !there {
		return accepted
	}
	return r.then.judge(value)
}

type propertyNames struct{ name *acceptor }

func (r propertyNames) judge(value any) verdict {
	v := accepted
	for name := range value.(map[string]any) {
		if v = v.and(r.name.judge(name)); v == refused {
			break
		}
	}
	return v
}

type property struct {
	name string
	rule *acceptor
}

// properties looks up those that the schema names, where it says nothing about others.
type properties []property

func (r properties) judge(value any) verdict {
	object := value.(map[string]any)
	v := accepted
	for _, p := range r {
		if member, there := object[p.name]; there {
			if v = v.and(p.rule.judge(member)); v == refused {
				break
			}
		}
	}
	return v
}

type matchedProperty struct {
	matcher
	rule rule
}

// eachMember is properties, patternProperties and additionalProperties; rest is nil where there is none of these.
type eachMember struct {
	named   map[string]*acceptor
	matched []matchedProperty
	rest    rule
}

func (r eachMember) judge(value any) verdict {
	v := accepted
	for name, member := range value.(map[string]any) {
		if v = v.and(r.member(name, member)); v == refused {
			break
		}
	}
	return v
}

func (r eachMember) member(name string, member any) verdict {
	v := accepted
	named, known := r.named[name]
	if known {
		v = named.judge(member)
	}
	for _, m := range r.matched {
		if m.MatchString(name) {
			known = true
			v = v.and(m.rule.judge(member))
		}
	}
	if !known && r.rest != nil {
		v = r.rest.judge(member)
	}
	return v
}
