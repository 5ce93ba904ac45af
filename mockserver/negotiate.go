package mockserver

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// acceptance is what a client takes: the clauses of its Accept headers (RFC 9110, section 12.5.1). None takes everything.
type acceptance []clause

type clause struct {
	media   string // text/html, text/*, */*
	quality float64
}

func acceptanceOf(header http.Header) acceptance {
	var list acceptance
	for text := range strings.SplitSeq(strings.Join(header.Values("Accept"), ","), ",") {
		name, params, _ := strings.Cut(text, ";")
		one := clause{strings.ToLower(strings.TrimSpace(name)), 1}
		for param := range strings.SplitSeq(params, ";") {
			key, value, _ := strings.Cut(param, "=")
			if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && strings.EqualFold(strings.TrimSpace(key), "q") {
				one.quality = q
			}
		}
		if strings.Contains(one.media, "/") { // what is no media type excludes nothing
			list = append(list, one)
		}
	}
	return list
}

// quality is that of the clause that speaks most closely of a media type; 0 where the client does not take it.
func (a acceptance) quality(name string) float64 {
	if len(a) == 0 {
		return 1
	}
	name = bare(name)
	kind, _, _ := strings.Cut(name, "/")
	for _, wanted := range []string{name, kind + "/*", "*/*"} {
		for _, one := range a {
			if one.media == wanted {
				return one.quality
			}
		}
	}
	return 0
}

// choose is the described media type that the client likes best, and which of those that it stands for; of equal ones
// JSON, then the first that is no XML. Nil when it takes none of them.
func (a acceptance) choose(content []*openapi.MediaType) (*openapi.MediaType, string) {
	var best *openapi.MediaType
	var name string
	better := func(candidate string) bool {
		if a.quality(candidate) != a.quality(name) || best == nil {
			return a.quality(candidate) > a.quality(name) || best == nil
		}
		return ease(candidate) < ease(name)
	}
	for _, m := range content {
		for _, candidate := range a.within(m) {
			if a.quality(candidate) > 0 && better(candidate) {
				best, name = m, candidate
			}
		}
	}
	return best, name
}

// within are the media types to choose from: the described one, or those of its range that the client names.
func (a acceptance) within(m *openapi.MediaType) []string {
	names := []string{m.Name()}
	if prefix, isRange := strings.CutSuffix(bare(m.Range), "*"); isRange {
		for _, one := range a {
			if !strings.Contains(one.media, "*") && (prefix == "*/" || strings.HasPrefix(one.media, prefix)) {
				names = append(names, one.media)
			}
		}
	}
	return names
}

// ease says how well a media type can be written: the least is the best.
func ease(name string) int {
	name = bare(name)
	switch {
	case name == "application/json":
		return 0
	case strings.HasSuffix(name, "+json"):
		return 1
	case strings.HasSuffix(name, "xml"):
		return 3
	}
	return 2
}

// bare is a media type without its parameters.
func bare(name string) string {
	name, _, _ = strings.Cut(name, ";")
	return strings.TrimSpace(name)
}

// acceptable refuses a request whose client takes none of the media types that its success is described with.
func (s *Server) acceptable(x *exchange) error {
	if accept := x.request.Header["Accept"]; len(accept) == 0 || len(accept) == 1 && accept[0] == "*/*" {
		return nil
	}
	_, described := x.operation.Success()
	if described == nil || len(described.Content) == 0 {
		return nil
	}
	if m, _ := acceptanceOf(x.request.Header).choose(described.Content); m != nil {
		return nil
	}
	ranges := make([]string, 0, len(described.Content))
	for _, m := range described.Content {
		ranges = append(ranges, m.Range)
	}
	slices.SortStableFunc(ranges, func(a, b string) int { return cmp.Compare(ease(a), ease(b)) })
	return &refusal{reason: openapi.NotAcceptable, violations: openapi.Violations{{In: openapi.InHeader, Name: "Accept", Keyword: "enum",
		Want: string(openapi.AppendJSON(nil, listOf(ranges)))}}}
}

func listOf(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}
