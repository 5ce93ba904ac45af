package contract

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// Selector chooses operations. All fields that are set must hold; the zero value chooses every operation.
type Selector struct {
	Operation string // its id
	Tag       string
	Path      string // a pattern for the path template, with or without its base: * is any text without a slash, ** at the end any text
	Method    string // in capitals or small letters
}

// SelectorError says that a text is no selector.
type SelectorError struct{ Text, Reason string }

func (e *SelectorError) Error() string {
	return fmt.Sprintf("%q chooses nothing: %s; use operation:ID, tag:NAME, path:/pets/*, method:GET, or an id or path alone", e.Text, e.Reason)
}

// ParseSelector reads operation:ID, tag:NAME, path:PATTERN or method:NAME. A text with a slash at its beginning is a
// path, any other an operation's id. The error is a [*SelectorError].
func ParseSelector(text string) (Selector, error) {
	kind, value, prefixed := strings.Cut(text, ":")
	if !prefixed {
		kind, value = "operation", text
	}
	if strings.HasPrefix(text, "/") {
		kind, value = "path", text
	}
	switch {
	case value == "":
		return Selector{}, &SelectorError{text, "it is empty"}
	case kind == "operation":
		return Selector{Operation: value}, nil
	case kind == "tag":
		return Selector{Tag: value}, nil
	case kind == "method":
		return Selector{Method: value}, nil
	case kind == "path":
		if _, err := path.Match(value, ""); err != nil {
			return Selector{}, &SelectorError{text, err.Error()}
		}
		return Selector{Path: value}, nil
	}
	return Selector{}, &SelectorError{text, "there is no " + kind}
}

// Matches says whether the selector chooses the operation.
func (s Selector) Matches(op *openapi.Operation) bool {
	return (s.Operation == "" || s.Operation == op.ID) && (s.Tag == "" || slices.Contains(op.Tags, s.Tag)) &&
		(s.Method == "" || strings.EqualFold(s.Method, op.Method)) && (s.Path == "" || matchesPath(s.Path, op.Path) || matchesPath(s.Path, op.Base+op.Path))
}

func matchesPath(pattern, text string) bool {
	if beginning, open := strings.CutSuffix(pattern, "**"); open {
		return strings.HasPrefix(text, beginning)
	}
	matches, err := path.Match(pattern, text)
	return err == nil && matches
}

// SelectionError says that the selectors choose no operation of the document, and what there is to choose from.
type SelectionError struct {
	Operations, Tags []string
}

func (e *SelectionError) Error() string {
	text := "no operation is chosen; the document has the operations " + firstOf(e.Operations, mostNamed)
	if len(e.Tags) > 0 {
		text += " and the tags " + firstOf(e.Tags, mostNamed)
	}
	return text
}

const mostNamed = 20 // operations or tags in a message

// selection is what a run judges and what it may send.
type selection struct{ include, exclude []Selector }

// chooses says whether the operation is judged: one of include matches, or there is none, and none of exclude does.
func (s selection) chooses(op *openapi.Operation) bool {
	return (len(s.include) == 0 || matched(s.include, op)) && !s.excludes(op)
}

// excludes says whether the operation must not be sent, not even to make or to delete what others need.
func (s selection) excludes(op *openapi.Operation) bool { return matched(s.exclude, op) }

func matched(selectors []Selector, op *openapi.Operation) bool {
	return slices.ContainsFunc(selectors, func(s Selector) bool { return s.Matches(op) })
}

// of are the chosen operations of a document; it is a [*SelectionError] when there are none though it has operations.
func (s selection) of(spec *openapi.Spec) ([]*openapi.Operation, error) {
	all := spec.Operations()
	chosen := slices.DeleteFunc(slices.Clone(all), func(op *openapi.Operation) bool { return !s.chooses(op) })
	if len(chosen) > 0 || len(all) == 0 {
		return chosen, nil
	}
	nothing := &SelectionError{}
	for _, op := range all {
		nothing.Operations = append(nothing.Operations, op.ID)
		nothing.Tags = append(nothing.Tags, op.Tags...)
	}
	slices.Sort(nothing.Tags)
	nothing.Tags = slices.Compact(nothing.Tags)
	return nil, nothing
}
