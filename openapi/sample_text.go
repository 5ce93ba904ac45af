package openapi

import (
	"encoding/base64"
	"fmt"
	"iter"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// strings yields texts: JSON where the text holds JSON, then what the property's format or name stands for, then what
// its pattern asks for, each made as long or as short as it must be.
func (g *sampler) strings(f flat, pointer string, depth int) iter.Seq[any] {
	return func(yield func(any) bool) {
		if embedded := embeddedSchemas(f.list); len(embedded) > 0 {
			value, _ := g.value(embedded, pointer+Embedded, depth+1)
			yield(f.encoded(encodeJSON(value)))
			return
		}
		least, most := wholeBound(f, "minLength", 1, 0), wholeBound(f, "maxLength", -1, maxSampleText)
		if g.texts > maxSampleTexts {
			least = 0
		}
		for text := range g.plainTexts(f, pointer, least) {
			for _, fitted := range fit(text, least, most) {
				g.texts += len(fitted)
				if !yield(fitted) {
					return
				}
			}
		}
	}
}

// encoded is text as the schemas want it in a string.
func (f flat) encoded(text []byte) string {
	if slices.ContainsFunc(f.list, func(p place) bool { return p.text("contentEncoding") == "base64" }) {
		return base64.StdEncoding.EncodeToString(text)
	}
	return string(text)
}

// plainTexts yields texts of any length. The last ones are for rules that forbid the others.
func (g *sampler) plainTexts(f flat, pointer string, least int) iter.Seq[string] {
	return func(yield func(string) bool) {
		var list []string
		for _, p := range f.list {
			if format := p.text("format"); format != "" {
				list = append(list, g.formatText(format, pointer)...)
			}
		}
		if len(list) == 0 {
			list = append(list, g.namedText(pointer)...)
		}
		for _, p := range f.list {
			if pattern := p.text("pattern"); pattern != "" {
				list = append(list, g.patternTexts(pattern, pointer, least)...)
			}
		}
		if len(list) == 0 || g.vary != 0 {
			list = append(list, g.numbered("text", pointer))
		}
		for _, text := range append(list, "text", "a", "A", "1", "", "Aa1!", "other text") {
			if !yield(f.encoded([]byte(text))) {
				return
			}
		}
	}
}

// numbered tells the text of one sample from that of another.
func (g *sampler) numbered(text, pointer string) string {
	if n := g.random(pointer, 10_000); n > 0 {
		return fmt.Sprintf("%s %d", text, n)
	}
	return text
}

// fit are the ways to make a text as long or as short as it must be, counted in characters.
func fit(text string, least, most int) []string {
	n := utf8.RuneCountInString(text)
	switch {
	case n < least && least <= maxSampleText:
		padding := strings.Repeat("a", least-n)
		return []string{text + padding, padding + text, text + strings.Repeat("0", least-n)}
	case n > most && most >= 0:
		runes := []rune(text)
		return []string{strings.TrimSpace(string(runes[:most])), string(runes[:most]), string(runes[n-most:])}
	}
	return []string{text}
}

// formatText are texts of a format.
func (g *sampler) formatText(format, pointer string) []string {
	n := g.random(pointer, 10_000)
	day := fmt.Sprintf("2024-%02d-%02d", 12-n%12, 10+n%18)
	switch format {
	case "date-time":
		return []string{fmt.Sprintf("%sT%02d:%02d:00Z", day, n%24, n%60)}
	case "date":
		return []string{day}
	case "time":
		return []string{fmt.Sprintf("%02d:%02d:00Z", n%24, n%60)}
	case "uuid":
		return []string{fmt.Sprintf("6ba7b810-9dad-41d1-80b4-00c04fd4%04x", 0x30c8+n)}
	case "email", "idn-email":
		return []string{some("user", n, "") + "@example.com", "a@b.co"}
	case "uri", "iri", "url":
		return []string{some("https://example.com/", n, ""), "a:b"}
	case "ipv4":
		return []string{fmt.Sprintf("192.0.2.%d", 1+n%250)}
	case "ipv6":
		return []string{fmt.Sprintf("2001:db8::%x", 1+n)}
	}
	if text, ok := formatSamples()[format]; ok {
		return []string{text}
	}
	return nil
}

func formatSamples() map[string]string {
	return map[string]string{
		"duration": "PT1S", "hostname": "example.com", "idn-hostname": "example.com", "uri-reference": "/path", "iri-reference": "/path",
		"json-pointer": "/a", "relative-json-pointer": "0", "regex": "a", "byte": "YQ==", "uri-template": "/{a}", "password": "Passw0rd!",
		"int32": "1", "int64": "1", "decimal": "9.99",
	}
}

// some is the text with a number, for n over 0, and its end.
func some(text string, n int, end string) string {
	if n > 0 {
		text += itoa(n)
	}
	return text + end
}

// patternTexts are texts that match a pattern, as far as that can be told without trying, at least so long.
func (g *sampler) patternTexts(pattern, pointer string, least int) []string {
	plain, ahead := withoutLooking(pattern)
	if plain == pattern {
		ahead = nil
	}
	var list []string
	for pick := range 4 {
		list = append(list, g.matching(plain, pointer, pick, least))
	}
	if ahead != nil { // such as a password: one character of each kind
		parts := ""
		for _, inner := range ahead {
			parts += g.matching(strings.TrimPrefix(inner, ".*"), pointer, 0, 0)
		}
		text := g.matching(plain, pointer, 0, least)
		list = append(list, parts+text, parts+text[:max(0, len(text)-len(parts))], "Passw0rd!", "Aa1!")
	}
	return slices.Compact(slices.DeleteFunc(list, func(text string) bool { return text == "" }))
}

// withoutLooking cuts what looks ahead or behind out of a pattern, and returns what must be there.
func withoutLooking(pattern string) (plain string, wanted []string) {
	for {
		start, positive := lookAround(pattern)
		if start < 0 {
			return strings.ReplaceAll(pattern, `\u`, `\x`), wanted
		}
		end := closing(pattern, start)
		if end < 0 {
			return pattern, wanted
		}
		if positive {
			wanted = append(wanted, pattern[start+3:end])
		}
		pattern = pattern[:start] + pattern[end+1:]
	}
}

func lookAround(pattern string) (start int, positive bool) {
	start = -1
	for _, opening := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if i := strings.Index(pattern, opening); i >= 0 && (start < 0 || i < start) {
			start, positive = i, opening == "(?="
		}
	}
	return start, positive
}

// closing is where the group ends that begins at start; -1 where it does not end.
func closing(pattern string, start int) int {
	depth, class := 0, false
	for i := start; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '(' && !class:
			depth++
		case c == ')' && !class:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// matching makes a text that matches a pattern, "" when it cannot. Pick chooses among alternatives.
func (g *sampler) matching(pattern, pointer string, pick, least int) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	shortest, _ := lengthsOf(re)
	w := &matchWriter{more: min(least, maxSampleText) - shortest, pick: pick, any: g.random(pointer, 1000)}
	w.write(re)
	return w.b.String()
}

// matchWriter writes a text that a pattern matches, part by part.
type matchWriter struct {
	b    strings.Builder
	more int // characters that the text should have beyond the fewest
	pick int // which of alternatives
	any  int // which of the characters of a class
}

func (w *matchWriter) write(re *syntax.Regexp) {
	if w.b.Len() > maxSampleText {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		w.b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.b.WriteByte('a')
	case syntax.OpStar:
		w.repeat(re.Sub[0], 0, -1)
	case syntax.OpQuest:
		w.repeat(re.Sub[0], 0, 1)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1, -1)
	case syntax.OpRepeat:
		w.repeat(re.Sub[0], re.Min, re.Max)
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			w.write(sub)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[w.pick%len(re.Sub)])
	}
}

// repeat writes a part as often as it must be there, and oftener while the text is too short.
func (w *matchWriter) repeat(re *syntax.Regexp, least, most int) {
	if length, _ := lengthsOf(re); w.more > 0 {
		length = max(length, 1)
		times := (w.more + length - 1) / length
		if most >= 0 {
			times = min(times, most-least)
		}
		least, w.more = least+times, w.more-times*length
	}
	for i := 0; i < least && w.b.Len() <= maxSampleText; i++ {
		w.write(re)
	}
}

// class writes a letter or digit of the class where it has one.
func (w *matchWriter) class(ranges []rune) {
	var few []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= ranges[i+1] && r <= '~'; r++ {
			few = append(few, r)
		}
	}
	letters := slices.DeleteFunc(slices.Clone(few), func(r rune) bool { return !isLetterOrDigit(r) })
	switch {
	case w.any > 0 && len(letters) > 0:
		w.any = (w.any*31+7)%997 + 1
		w.b.WriteRune(letters[w.any%len(letters)])
	case len(ranges) > 1:
		w.b.WriteRune(printable(ranges, few))
	}
}

func isLetterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func printable(ranges, visible []rune) rune {
	for _, r := range "a0A" {
		if slices.Contains(visible, r) {
			return r
		}
	}
	for _, r := range visible {
		if isLetterOrDigit(r) {
			return r
		}
	}
	if len(visible) > 0 {
		return visible[0]
	}
	return ranges[0]
}
