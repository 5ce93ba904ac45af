package fault

import (
	"mime"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// malformed takes the end of the JSON away.
type malformed struct{}

func (malformed) spoil(_ *openapi.Operation, answer *openapi.Response) bool {
	if !isJSON(answer.Header.Get("Content-Type")) || len(answer.Body) == 0 {
		return false
	}
	text := strings.TrimRight(string(answer.Body), " \t\r\n")
	for _, broken := range []string{text[:len(text)-1], text + "}"} { // the second: what is left of a number is one
		if _, err := openapi.DecodeJSON([]byte(broken)); err != nil {
			answer.Body, answer.Made, answer.Value = []byte(broken), nil, nil
			return true
		}
	}
	return false
}

func (malformed) unfit(operations []*openapi.Operation) openapi.Violations {
	for _, op := range operations {
		for _, a := range op.Responses {
			if len(jsonOf(a)) > 0 {
				return nil
			}
		}
	}
	return openapi.Violations{wrong("/malformed", "no operation that is meant answers with JSON")}
}

// jsonOf are the media types of an answer that are JSON.
func jsonOf(a *openapi.Answer) (list []*openapi.MediaType) {
	for _, m := range a.Content {
		if isJSON(m.Name()) {
			list = append(list, m)
		}
	}
	return list
}

func isJSON(contentType string) bool {
	name, _, _ := mime.ParseMediaType(contentType)
	return name == "application/json" || strings.HasSuffix(name, "+json")
}
