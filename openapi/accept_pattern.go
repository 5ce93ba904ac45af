package openapi

import (
	"regexp"
	"regexp/syntax"
	"unicode"
)

// matcher is a pattern.
type matcher interface {
	MatchString(text string) bool
}

// matcherOf is the pattern, or a quicker way to say the same of it.
func matcherOf(re *regexp.Regexp) matcher {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return re
	}
	if runs, ok := runsOf(parsed); ok {
		return runs
	}
	return re
}

// runs is a pattern from the beginning to the end of the text that is a row of ASCII classes, each so many times. At
// most one of them varies, so that the length of the text says where each begins.
type runs struct {
	list    []run
	fixed   int // bytes of all others than the one that varies
	varying int // its index, -1 for none
}

// run is a class of bytes, least to most times; most is -1 for any number.
type run struct {
	class       [unicode.MaxASCII + 1]bool
	least, most int
}

func (r *runs) MatchString(text string) bool {
	spare := len(text) - r.fixed
	if spare < 0 || spare > 0 && r.varying < 0 {
		return false
	}
	for i := range r.list {
		one := &r.list[i]
		length := one.least
		if i == r.varying {
			length = spare
		}
		if length < one.least || one.most >= 0 && length > one.most || !one.holds(text[:length]) {
			return false
		}
		text = text[length:]
	}
	return true
}

func (r *run) holds(text string) bool {
	for i := range len(text) {
		if c := text[i]; c > unicode.MaxASCII || !r.class[c] {
			return false
		}
	}
	return true
}

func runsOf(re *syntax.Regexp) (*runs, bool) {
	if re.Op != syntax.OpConcat || len(re.Sub) < 2 || re.Sub[0].Op != syntax.OpBeginText || re.Sub[len(re.Sub)-1].Op != syntax.OpEndText {
		return nil, false
	}
	r := &runs{varying: -1}
	for _, sub := range re.Sub[1 : len(re.Sub)-1] {
		if !r.add(sub) {
			return nil, false
		}
	}
	return r, true
}

// add takes one part of the pattern; false where it is none of those that runs are made of.
func (r *runs) add(re *syntax.Regexp) bool {
	least, most := 1, 1
	switch re.Op {
	case syntax.OpLiteral:
		return r.addLiteral(re)
	case syntax.OpStar:
		least, most = 0, -1
	case syntax.OpPlus:
		most = -1
	case syntax.OpQuest:
		least = 0
	case syntax.OpRepeat:
		least, most = re.Min, re.Max
	case syntax.OpCharClass:
		return r.addClass(re, least, most)
	default:
		return false
	}
	return r.addClass(re.Sub[0], least, most)
}

func (r *runs) addLiteral(re *syntax.Regexp) bool {
	for _, c := range re.Rune {
		if re.Flags&syntax.FoldCase != 0 || !r.addRun([]rune{c, c}, 1, 1) {
			return false
		}
	}
	return true
}

func (r *runs) addClass(re *syntax.Regexp, least, most int) bool {
	switch {
	case re.Op == syntax.OpCharClass:
		return r.addRun(re.Rune, least, most)
	case re.Op == syntax.OpLiteral && len(re.Rune) == 1 && re.Flags&syntax.FoldCase == 0:
		return r.addRun([]rune{re.Rune[0], re.Rune[0]}, least, most)
	}
	return false
}

// addRun takes the ranges of a class, first and last rune in turn.
func (r *runs) addRun(ranges []rune, least, most int) bool {
	one := run{least: least, most: most}
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if c > unicode.MaxASCII {
				return false
			}
			one.class[c] = true
		}
	}
	if least != most {
		if r.varying >= 0 {
			return false
		}
		r.varying = len(r.list)
	} else {
		r.fixed += least
	}
	r.list = append(r.list, one)
	return true
}
