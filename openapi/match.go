package openapi

import (
	"fmt"
	"net/url"
	"sort"
	"strings"
)

// RouteReason says why no operation was found.
type RouteReason string

// Why no operation was found.
const (
	UnknownPath   RouteReason = "unknown-path"
	UnknownMethod RouteReason = "unknown-method"
)

// RouteError says that the document describes no operation for a path or method.
type RouteError struct {
	Reason  RouteReason
	Method  string
	Path    string
	Allowed []string // with UnknownMethod: the methods that the path has
	Near    string   // with UnknownPath: a template that was probably meant, or ""
}

func (e *RouteError) Error() string {
	switch {
	case e.Reason == UnknownMethod:
		return fmt.Sprintf("%s has no operation %s, only %s", e.Path, e.Method, strings.Join(e.Allowed, ", "))
	case e.Near != "":
		return fmt.Sprintf("no operation has the path %s; did you mean %s?", e.Path, e.Near)
	}
	return fmt.Sprintf("no operation has the path %s", e.Path)
}

// node is one path segment of the route trie.
type node struct {
	literal   map[string]*node
	templated []*edge // most literal text first
	template  string  // the path template that ends here
	methods   map[string]*Operation
}

// edge is a segment with parameters: `{id}`, or `{id}.json`.
type edge struct {
	segment string
	parts   []string // literal text and, at odd indexes, parameter names
	next    *node
}

// insert makes the operation findable under base path + template.
func (n *node) insert(path string, op *Operation) {
	for _, segment := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		n = n.step(segment)
	}
	if n.methods == nil {
		n.methods = map[string]*Operation{}
	}
	n.template, n.methods[op.Method] = path, op
}

func (n *node) step(segment string) *node {
	if !strings.Contains(segment, "{") {
		if n.literal == nil {
			n.literal = map[string]*node{}
		}
		if n.literal[segment] == nil {
			n.literal[segment] = &node{}
		}
		return n.literal[segment]
	}
	for _, e := range n.templated {
		if e.segment == segment {
			return e.next
		}
	}
	e := &edge{segment, splitTemplate(segment), &node{}}
	n.templated = append(n.templated, e)
	sort.SliceStable(n.templated, func(i, j int) bool { return n.templated[i].literals() > n.templated[j].literals() })
	return e.next
}

// splitTemplate turns `a{b}c` into a, b, c: text at even indexes, names at odd ones.
func splitTemplate(segment string) []string {
	var parts []string
	for {
		text, rest, found := strings.Cut(segment, "{")
		parts = append(parts, text)
		if !found {
			return parts
		}
		var name string
		name, segment, _ = strings.Cut(rest, "}")
		parts = append(parts, name)
	}
}

func (e *edge) literals() (length int) {
	for i := 0; i < len(e.parts); i += 2 {
		length += len(e.parts[i])
	}
	return length
}

// match fits a raw segment to the template; each parameter takes at least one byte, the last as many as it can.
func (e *edge) match(segment string, values map[string]string) bool {
	rest, ok := strings.CutPrefix(segment, e.parts[0])
	for i := 1; ok && i < len(e.parts); i += 2 {
		text, end := e.parts[i+1], 0
		switch {
		case i+2 == len(e.parts):
			end = len(rest) - len(text)
			ok = end > 0 && strings.HasSuffix(rest, text)
		case rest == "":
			ok = false
		default:
			end = strings.Index(rest[1:], text) + 1
			ok = end > 0
		}
		if ok {
			values[e.parts[i]] = rest[:end]
			rest = rest[end+len(text):]
		}
	}
	return ok
}

// find walks the trie; concrete segments are tried before templated ones. Raw values are put into values.
func (n *node) find(segments []string, values map[string]string, fits func(*node) bool) *node {
	if len(segments) == 0 {
		if n.methods != nil && fits(n) {
			return n
		}
		return nil
	}
	if next := n.literal[segments[0]]; next != nil {
		if found := next.find(segments[1:], values, fits); found != nil {
			return found
		}
	}
	for _, e := range n.templated {
		if e.match(segments[0], values) {
			if found := e.next.find(segments[1:], values, fits); found != nil {
				return found
			}
		}
		for i := 1; i < len(e.parts); i += 2 {
			delete(values, e.parts[i])
		}
	}
	return nil
}

// Find finds the operation for a method and a path as it stands in the request line (percent-encoded, without query),
// and the path parameters, decoded. Concrete segments win over templated ones (OpenAPI 3.1, section 4.8.8.1), an
// encoded slash stays in its segment, and of the document's servers only the path counts.
// The error is a [*RouteError].
func (s *Spec) Find(method, escapedPath string) (*Operation, map[string]string, error) {
	return s.routes.operation(method, escapedPath)
}

func (n *node) operation(method, escapedPath string) (*Operation, map[string]string, error) {
	segments := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	values := map[string]string{}
	end := n.find(segments, values, func(n *node) bool { return n.methods[method] != nil })
	if end == nil {
		return nil, nil, n.explain(method, escapedPath, segments)
	}
	for name, raw := range values {
		decoded, err := url.PathUnescape(raw)
		if err != nil {
			return nil, nil, &RouteError{Reason: UnknownPath, Method: method, Path: escapedPath}
		}
		values[name] = decoded
	}
	return end.methods[method], values, nil
}

func (n *node) explain(method, path string, segments []string) *RouteError {
	if end := n.find(segments, map[string]string{}, func(*node) bool { return true }); end != nil {
		e := &RouteError{Reason: UnknownMethod, Method: method, Path: path}
		for m := range end.methods {
			e.Allowed = append(e.Allowed, m)
		}
		sort.Strings(e.Allowed)
		return e
	}
	return &RouteError{Reason: UnknownPath, Method: method, Path: path, Near: n.near(segments)}
}

// near guesses the template that was meant by a path with one misspelt concrete segment.
func (n *node) near(segments []string) string {
	if len(segments) == 0 {
		return n.template
	}
	if next := n.literal[segments[0]]; next != nil {
		return next.near(segments[1:])
	}
	best, guess := len(segments[0])/2, ""
	for text, next := range n.literal {
		if common := commonPrefix(text, segments[0]); common > best || common == best && guess != "" {
			if end := next.near(segments[1:]); end != "" && (common > best || end < guess) {
				best, guess = common, end
			}
		}
	}
	for _, e := range n.templated {
		if guess == "" && e.match(segments[0], map[string]string{}) {
			guess = e.next.near(segments[1:])
		}
	}
	return guess
}

func commonPrefix(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}
