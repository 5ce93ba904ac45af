package openapi

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern tries the shortest and the longest text that a pattern allows and texts one character beyond, every kind of
// character that it names, and the characters just beside them.
func (v *varier) pattern(at place, e edges) {
	text, ok := e.value.(string)
	re, err := syntax.Parse(at.node.Value, syntax.Perl)
	if !ok || err != nil || text == "" {
		return
	}
	shortest, longest := lengthsOf(re)
	for _, n := range []int{shortest - 1, shortest, longest, longest + 1} {
		if longest >= 0 || n == shortest || n == shortest-1 {
			v.length(e, text, n)
		}
	}
	inside, beside := alphabetOf(re)
	if inside != "" {
		v.add(e, fmt.Sprintf("the characters %s", inside), laidOver(text, inside))
	}
	for _, r := range beside + "-_. é\n" {
		v.add(e, fmt.Sprintf("the character %q at its end", r), withEnd(text, r))
	}
	v.add(e, "a line break behind", text+"\n")
	v.add(e, "a character more", text+"a")
}

// withEnd is the text with another last character.
func withEnd(text string, r rune) string {
	_, size := utf8.DecodeLastRuneInString(text)
	return text[:len(text)-size] + string(r)
}

// laidOver puts the characters over the beginning of the text and keeps its length where it can.
func laidOver(text, characters string) string {
	if len(text) > len(characters) {
		return characters + text[len(characters):]
	}
	return characters
}

// lengthsOf are the lengths of the shortest and the longest text that a pattern matches, in characters; the longest is
// -1 where there is none.
func lengthsOf(re *syntax.Regexp) (shortest, longest int) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune), len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, 1
	case syntax.OpCapture:
		return lengthsOf(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return repeated(re)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			least, most := lengthsOf(sub)
			shortest, longest = shortest+least, sum(longest, most)
		}
	case syntax.OpAlternate:
		shortest, longest = lengthsOf(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			least, most := lengthsOf(sub)
			shortest, longest = min(shortest, least), longer(longest, most)
		}
	}
	return shortest, longest
}

func repeated(re *syntax.Regexp) (shortest, longest int) {
	least, most := lengthsOf(re.Sub[0])
	switch re.Op {
	case syntax.OpQuest:
		return 0, most
	case syntax.OpPlus:
		return least, -1
	case syntax.OpRepeat:
		if re.Max < 0 || most < 0 {
			return least * re.Min, -1
		}
		return least * re.Min, most * re.Max
	}
	return 0, -1
}

func sum(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

func longer(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}

// alphabetOf are the first and last character of every range that a pattern's largest character class names, and the
// visible characters just outside of these ranges.
func alphabetOf(re *syntax.Regexp) (inside, beside string) {
	class := largestClass(re)
	var in, out strings.Builder
	for i := 0; i+1 < len(class); i += 2 {
		first, last := class[i], class[i+1]
		in.WriteRune(first)
		if last != first {
			in.WriteRune(last)
		}
		for _, r := range []rune{first - 1, last + 1} {
			if unicode.IsPrint(r) && r < unicode.MaxASCII && !holdsRune(class, r) && !strings.ContainsRune(out.String(), r) {
				out.WriteRune(r)
			}
		}
	}
	return in.String(), out.String()
}

func largestClass(re *syntax.Regexp) []rune {
	var largest []rune
	if re.Op == syntax.OpCharClass {
		largest = re.Rune
	}
	for _, sub := range re.Sub {
		if class := largestClass(sub); len(class) > len(largest) {
			largest = class
		}
	}
	if len(largest) > 0 && largest[len(largest)-1] > unicode.MaxASCII { // a negated class: nothing is beside it
		return nil
	}
	return largest
}

func holdsRune(class []rune, r rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if class[i] <= r && r <= class[i+1] {
			return true
		}
	}
	return false
}
