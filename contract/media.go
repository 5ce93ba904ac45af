package contract

import (
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// content is the described media type of a request body that says most about it: JSON where there is any. Nil where
// none is described that can be made.
func content(op *openapi.Operation) *openapi.MediaType {
	if op == nil || op.RequestBody == nil {
		return nil
	}
	var best *openapi.MediaType
	for _, media := range op.RequestBody.Content {
		if rank(media.Range) < unmade && (best == nil || rank(media.Range) < rank(best.Range)) {
			best = media
		}
	}
	return best
}

// contentOf is the media type of a step's body.
func contentOf(s Step) *openapi.MediaType {
	if s.Media != "" && s.Operation.RequestBody != nil {
		for _, media := range s.Operation.RequestBody.Content {
			if media.Range == s.Media {
				return media
			}
		}
	}
	return content(s.Operation)
}

// schemaOf is the schema of the body that an operation takes, nil where the document says nothing about it.
func schemaOf(op *openapi.Operation) *openapi.Schema {
	if media := content(op); media != nil {
		return media.Schema
	}
	return nil
}

// unmade is the rank of media types that cannot be made from a value.
const unmade = 100

// rank orders media types by how much can be said about a body of theirs.
func rank(mediaRange string) int {
	name := baseName(mediaRange)
	switch kind, _, _ := strings.Cut(name, "/"); {
	case name == "application/json", name == "*/*", name == "application/*":
		return 0
	case name == mergePatch:
		return 1
	case name == jsonPatch:
		return 3
	case isJSON(name):
		return 2
	case name == formType:
		return 4
	case name == "multipart/form-data":
		return 5
	case kind == "text" && !strings.HasSuffix(name, "xml"):
		return 6
	case name == "application/octet-stream", name == "application/pdf", name == "application/zip", slices.Contains([]string{"image", "audio", "video"}, kind):
		return 7
	}
	return unmade
}

const (
	mergePatch = "application/merge-patch+json" // RFC 7396
	jsonPatch  = "application/json-patch+json"  // RFC 6902
	formType   = "application/x-www-form-urlencoded"
)

// isJudged says whether a body of the media type can be held to its schema.
func isJudged(mediaRange string) bool { return rank(mediaRange) <= rank(formType) }

func isJSON(name string) bool { return name == "application/json" || strings.HasSuffix(name, "+json") }

func baseName(mediaRange string) string {
	name, _, _ := strings.Cut(mediaRange, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// canSend says whether a request of the operation can be made that keeps the document.
func (m *maker) canSend(op *openapi.Operation) bool {
	can, asked := m.can[op]
	if !asked {
		can = m.hasBody(op) && m.keeps(op, Step{Operation: op, Body: m.variants(op)[0].body})
		m.can[op] = can
	}
	return can
}

// hasBody says whether the operation does without a body, or describes one that can be made.
func (m *maker) hasBody(op *openapi.Operation) bool {
	return op.RequestBody == nil || !op.RequestBody.Required || len(op.RequestBody.Content) == 0 || content(op) != nil
}

// encodeAs writes a value as the media type wants it. It is an error when that has no form for the value.
func encodeAs(media *openapi.MediaType, value any) (body []byte, contentType string, err error) {
	if rank(media.Range) >= rank(formType) {
		return media.Encode(value)
	}
	body, err = encodeBody(value)
	return body, concrete(media.Range), err
}

// concrete is a JSON media type of the range.
func concrete(mediaRange string) string {
	if strings.HasSuffix(baseName(mediaRange), "*") {
		return "application/json"
	}
	return mediaRange
}

// accepted lists the media types of the answers that the operation describes, JSON first: the server is to choose among
// these.
func acceptedTypes(op *openapi.Operation) string {
	var list []string
	for _, answer := range op.Responses {
		for _, media := range answer.Content {
			if !slices.Contains(list, media.Range) {
				list = append(list, media.Range)
			}
		}
	}
	if len(list) == 0 {
		return "*/*"
	}
	slices.SortStableFunc(list, func(a, b string) int { return min(rank(a), 4) - min(rank(b), 4) })
	return strings.Join(list, ", ")
}
