package fault

import (
	"slices"

	"github.com/counterpart-go/counterpart/openapi"
)

// mediaType gives the answer a Content-Type that is not described for it.
type mediaType string

func (m mediaType) spoil(op *openapi.Operation, answer *openapi.Response) bool {
	described := op.Answer(answer.Status)
	if len(answer.Body) == 0 || !m.breaks(described) {
		return false
	}
	answer.Header.Set("Content-Type", string(m))
	return true
}

func (m mediaType) breaks(described *openapi.Answer) bool {
	return len(described.Content) > 0 && described.Media(string(m)) == nil
}

func (m mediaType) unfit(operations []*openapi.Operation) openapi.Violations {
	for _, op := range operations {
		if slices.ContainsFunc(op.Responses, m.breaks) {
			return nil
		}
	}
	return openapi.Violations{wrong("/media_type", "every answer with a body that is meant is described with this media type: name another one")}
}
