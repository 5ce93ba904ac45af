package mockserver

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/counterpart-go/counterpart/openapi"
)

// exampleAnswer answers an operation that has no handler with the first documented success: its example, or else a
// sample of its schema.
func (s *Server) exampleAnswer(x *exchange) error {
	status, described := x.operation.Success()
	if described == nil {
		return fmt.Errorf("operation %s describes no success to answer with", x.operation.ID)
	}
	x.answer = openapi.Response{Status: status, Header: http.Header{}}
	for _, h := range described.Headers {
		if h.Required && h.Schema != nil {
			x.answer.Header.Set(h.Name, fmt.Sprint(sampleOf(h.Schema, h.Examples)))
		}
	}
	if len(described.Content) == 0 {
		return nil
	}
	body, err := json.Marshal(sampleOf(described.Content[0].Schema, described.Content[0].Examples))
	x.answer.Header.Set("Content-Type", described.Content[0].Range)
	x.answer.Body = body
	return err
}

func sampleOf(schema *openapi.Schema, examples []openapi.Example) any {
	switch {
	case len(examples) > 0:
		return examples[0].Value
	case schema != nil:
		return schema.Sample(nil)
	}
	return nil
}
