package fault

import (
	"fmt"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// status gives another described answer.
type status control.StatusFault

func (s status) instead(op *openapi.Operation) (control.StatusFault, bool) {
	answer := op.Answer(s.Code)
	return control.StatusFault(s), answer != nil && (s.Example == "" || exampleOf(answer, s.Example))
}

func exampleOf(answer *openapi.Answer, name string) bool {
	for _, m := range answer.Content {
		for _, e := range m.Examples {
			if e.Name == name {
				return true
			}
		}
	}
	return false
}

// unfit says what is described, where this is not.
func (s status) unfit(operations []*openapi.Operation) openapi.Violations {
	var statuses, examples []string
	described := false
	for _, op := range operations {
		if _, ok := s.instead(op); ok {
			return nil
		}
		for _, a := range op.Responses {
			statuses = append(statuses, a.Status)
		}
		if answer := op.Answer(s.Code); answer != nil {
			described = true
			examples = append(examples, exampleNames(answer)...)
		}
	}
	if described {
		return openapi.Violations{wrong("/status/example", "the answer %d has no example of this name; it has %s", s.Code, listed(examples))}
	}
	return openapi.Violations{wrong("/status/code", "no operation that is meant describes %d; described are %s", s.Code, listed(statuses))}
}

func exampleNames(answer *openapi.Answer) (names []string) {
	for _, m := range answer.Content {
		for _, e := range m.Examples {
			if e.Name != "" {
				names = append(names, e.Name)
			}
		}
	}
	return names
}

// listed are words in a fixed order, each once.
func listed(words []string) string {
	const most = 20
	list := slices.Compact(slices.Sorted(slices.Values(words)))
	switch {
	case len(list) == 0:
		return "none"
	case len(list) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}
