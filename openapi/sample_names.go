package openapi

import (
	"strconv"
	"strings"
	"unicode"
)

// namedTexts is what texts usually are whose property ends in these words. A library of invented people would make the
// program larger by megabytes.
var namedTexts = []struct {
	words string
	texts []string
}{
	{"email", []string{"ada@example.com", "grace@example.com", "alan@example.com", "edsger@example.com"}},
	{"first name", []string{"Ada", "Grace", "Alan", "Edsger", "Barbara"}},
	{"given name", []string{"Ada", "Grace", "Alan", "Edsger", "Barbara"}},
	{"last name", []string{"Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov"}},
	{"family name", []string{"Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov"}},
	{"surname", []string{"Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov"}},
	{"full name", []string{"Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov"}},
	{"user name", []string{"ada", "grace", "alan", "edsger", "barbara"}},
	{"username", []string{"ada", "grace", "alan", "edsger", "barbara"}},
	{"login", []string{"ada", "grace", "alan", "edsger", "barbara"}},
	{"company", []string{"Example Ltd", "Sample AG", "Acme Inc"}},
	{"city", []string{"London", "Berlin", "Lisbon", "Oslo", "Kyoto"}},
	{"country code", []string{"GB", "DE", "PT", "NO", "JP"}},
	{"country", []string{"United Kingdom", "Germany", "Portugal", "Norway", "Japan"}},
	{"street", []string{"1 Example Street", "7 Sample Lane", "12 Main Road"}},
	{"address", []string{"1 Example Street", "7 Sample Lane", "12 Main Road"}},
	{"zip", []string{"10115", "20095", "80331"}},
	{"zip code", []string{"10115", "20095", "80331"}},
	{"postal code", []string{"10115", "20095", "80331"}},
	{"postcode", []string{"10115", "20095", "80331"}},
	{"phone", []string{"+442079460000", "+442079460123", "+442079460456"}},
	{"phone number", []string{"+442079460000", "+442079460123", "+442079460456"}},
	{"mobile", []string{"+447700900000", "+447700900123", "+447700900456"}},
	{"url", []string{"https://example.com/", "https://example.com/1", "https://example.com/2"}},
	{"uri", []string{"https://example.com/", "https://example.com/1", "https://example.com/2"}},
	{"href", []string{"https://example.com/", "https://example.com/1", "https://example.com/2"}},
	{"website", []string{"https://example.com/", "https://example.com/1", "https://example.com/2"}},
	{"currency", []string{"EUR", "GBP", "USD"}},
	{"price", []string{"9.99", "19.99", "24.50"}},
	{"amount", []string{"9.99", "19.99", "24.50"}},
	{"language", []string{"en", "de", "pt"}},
	{"locale", []string{"en-GB", "de-DE", "pt-PT"}},
	{"time zone", []string{"Europe/London", "Europe/Berlin", "Asia/Tokyo"}},
	{"timezone", []string{"Europe/London", "Europe/Berlin", "Asia/Tokyo"}},
	{"color", []string{"red", "green", "blue"}},
	{"colour", []string{"red", "green", "blue"}},
	{"date", []string{"2024-12-10", "2024-11-09", "2024-10-08"}},
	{"created at", []string{"2024-12-10T00:00:00Z", "2024-11-09T00:00:00Z"}},
	{"updated at", []string{"2024-12-10T00:00:00Z", "2024-11-09T00:00:00Z"}},
	{"timestamp", []string{"2024-12-10T00:00:00Z", "2024-11-09T00:00:00Z"}},
	{"uuid", []string{"6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b811-9dad-41d1-80b4-00c04fd430c8"}},
	{"ip", []string{"192.0.2.1", "192.0.2.2"}},
	{"ip address", []string{"192.0.2.1", "192.0.2.2"}},
	{"host", []string{"example.com", "www.example.com"}},
	{"password", []string{"Passw0rd!", "Passw0rd?"}},
	{"title", []string{"An example", "Another example", "A third example"}},
	{"description", []string{"An example", "Another example", "A third example"}},
	{"status", []string{"active", "pending", "done"}},
}

// namedText are what a text is by the name of its property; none where the name says nothing.
func (g *sampler) namedText(pointer string) []string {
	name := " " + strings.Join(nameWords(pointer), " ")
	var best []string
	longest := 0
	for _, row := range namedTexts {
		if strings.HasSuffix(name, " "+row.words) && len(row.words) > longest {
			best, longest = row.texts, len(row.words)
		}
	}
	if best == nil {
		return nil
	}
	return []string{best[g.random(pointer, len(best))]}
}

// nameWords are the words of the property that a pointer leads to, in small letters: firstName is first, name. The
// items of an array go by the name of the array.
func nameWords(pointer string) []string {
	tokens := splitPointer(strings.ReplaceAll(pointer, Embedded, ""))
	name := ""
	for i := len(tokens) - 1; i >= 0 && name == ""; i-- {
		if _, err := strconv.Atoi(tokens[i]); err != nil {
			name = tokens[i]
		}
	}
	var b strings.Builder
	before := rune(0)
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte(' ')
		case unicode.IsUpper(r) && unicode.IsLower(before):
			b.WriteRune(' ')
			fallthrough
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		before = r
	}
	return strings.Fields(b.String())
}
