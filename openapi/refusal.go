package openapi

import (
	"net/http"
	"strings"
)

// Refusal says how the service answers a request that it does not carry out: a row of x-counterpart's refusals.
type Refusal struct {
	Reason  string            `json:"reason"`
	In      Location          `json:"in"`      // with the reason "invalid": only violations there; "" for any
	Name    string            `json:"name"`    // only of this parameter
	Pointer string            `json:"pointer"` // only at this JSON Pointer or inside it
	Keyword string            `json:"keyword"` // only of this rule
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"` // beside Content-Type and X-Request-Id; they hold placeholders, too
	Body    map[string]any    `json:"body"`    // texts hold placeholders such as {violations}
}

// Reasons for a refusal, beside those of [RouteError].
const (
	Invalid            = "invalid"             // the request breaks the document
	TooLarge           = "too-large"           // the body is over the server's limit
	TooLong            = "too-long"            // the URL is over the server's limit
	MediaTypeReason    = "media-type"          // the body has another media type
	NotAcceptable      = "not-acceptable"      // the client takes no media type that the answer can have
	Duplicate          = "duplicate"           // a value that must be unique is taken
	UnknownID          = "unknown-id"          // the collection has no such item
	Fixed              = "fixed"               // a value that may not change would
	PreconditionFailed = "precondition-failed" // the item is another than the client believes, see If-Match
	InUse              = "in-use"              // something depends on the item
	UnknownInstance    = "unknown-instance"    // the item names something that does not exist
	Internal           = "internal"            // the server failed
	Unavailable        = "unavailable"         // the server cannot answer now: its store is away, or it is full
	Timeout            = "timeout"             // the answer took longer than the server allows
	Throttled          = "throttled"           // the client has asked too often
	Unauthenticated    = "unauthenticated"     // the request does not show who sent it: see KeywordNoCredentials and its neighbours
	Forbidden          = "forbidden"           // whoever sent it may not use the project
)

// Refusal finds the row for a reason; violations are those of an invalid request, the first decides. False when the
// document has no such row.
func (s *Spec) Refusal(reason string, violations Violations) (Refusal, bool) {
	for _, row := range s.refusals {
		if row.Reason == reason && row.fits(violations) {
			return row, true
		}
	}
	return Refusal{}, false
}

func (r Refusal) fits(violations Violations) bool {
	if r.In == "" && r.Name == "" && r.Pointer == "" && r.Keyword == "" {
		return true
	}
	if len(violations) == 0 {
		return false
	}
	v := violations[0]
	inside := v.Pointer == r.Pointer || strings.HasPrefix(v.Pointer, r.Pointer+"/") || strings.HasPrefix(v.Pointer, r.Pointer+Embedded)
	return (r.In == "" || r.In == v.In) && (r.Name == "" || r.Name == v.Name) &&
		(r.Pointer == "" || inside) && (r.Keyword == "" || r.Keyword == v.Keyword)
}

// UsualStatuses are those that say a reason for a refusal where the document has no row for it, the most usual first
// (RFC 9110, section 15.5).
func UsualStatuses(reason string) []int {
	switch reason {
	case string(UnknownPath):
		return []int{http.StatusNotFound}
	case string(UnknownMethod):
		return []int{http.StatusMethodNotAllowed, http.StatusNotFound}
	case Invalid, UnknownInstance:
		return []int{http.StatusBadRequest, http.StatusUnprocessableEntity}
	case MediaTypeReason:
		return []int{http.StatusUnsupportedMediaType, http.StatusBadRequest}
	case NotAcceptable:
		return []int{http.StatusNotAcceptable}
	case TooLarge:
		return []int{http.StatusRequestEntityTooLarge}
	case TooLong:
		return []int{http.StatusRequestURITooLong}
	case UnknownID:
		return []int{http.StatusNotFound, http.StatusGone}
	case Duplicate:
		return []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadRequest}
	case Fixed, InUse:
		return []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusForbidden}
	case PreconditionFailed:
		return []int{http.StatusPreconditionFailed, http.StatusConflict}
	case Unauthenticated:
		return []int{http.StatusUnauthorized}
	case Forbidden:
		return []int{http.StatusForbidden, http.StatusNotFound}
	case Unavailable:
		return []int{http.StatusServiceUnavailable}
	case Timeout:
		return []int{http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	case Throttled:
		return []int{http.StatusTooManyRequests}
	}
	return []int{http.StatusInternalServerError}
}
