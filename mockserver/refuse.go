package mockserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// refusal is the error by which a step or a handler says that a request is not carried out. The document says how
// that is answered.
type refusal struct {
	reason     string // one of openapi's
	violations openapi.Violations
	values     map[string]string // for the placeholders of the answer
	cause      error             // for the log
}

func (r *refusal) Error() string {
	parts := []string{r.reason}
	if len(r.violations) > 0 {
		parts = append(parts, r.violations.String())
	}
	if r.cause != nil {
		parts = append(parts, r.cause.Error())
	}
	return strings.Join(parts, ": ")
}

func (r *refusal) Unwrap() error { return r.cause }

// fallbacks are the statuses of refusals for which the document has no row.
var fallbacks = map[string]int{
	string(openapi.UnknownPath): http.StatusNotFound, string(openapi.UnknownMethod): http.StatusMethodNotAllowed,
	openapi.TooLarge: http.StatusRequestEntityTooLarge, openapi.MediaTypeReason: http.StatusUnsupportedMediaType,
	openapi.Invalid: http.StatusBadRequest, openapi.Duplicate: http.StatusConflict, openapi.UnknownID: http.StatusNotFound,
	openapi.Fixed: http.StatusConflict, openapi.InUse: http.StatusConflict, openapi.UnknownInstance: http.StatusBadRequest,
	openapi.Internal: http.StatusInternalServerError,
}

// refuse makes the answer that the document gives a refusal. An error that is none means that the mock failed.
func (s *Server) refuse(x *exchange, err error) {
	if !errors.As(err, &x.refused) {
		x.refused = &refusal{reason: openapi.Internal, cause: err}
	}
	row, ok := s.spec.Refusal(x.refused.reason, x.refused.violations)
	if !ok {
		row = openapi.Refusal{Status: fallbacks[x.refused.reason], Body: map[string]any{"error": x.refused.reason, "message": "{violations}"}}
	}
	x.answer = openapi.Response{Status: row.Status, Header: http.Header{"Content-Type": {"application/json"}}, Body: fill(row.Body, x.placeholders())}
	x.answer.Header.Set("X-Request-Id", x.id)
	if x.operation == nil || x.refused.reason == openapi.Internal {
		return
	}
	if broken := x.operation.ValidateResponse(x.answer); len(broken) > 0 {
		s.log.Error("the answer to a refusal breaks the document", "request_id", x.id, "violations", broken.String())
	}
}

func (x *exchange) placeholders() *strings.Replacer {
	pairs := []string{"{violations}", x.refused.violations.String(), "{request_id}", x.id, "{detail}", ""}
	if x.refused.reason == openapi.Internal && x.refused.cause != nil {
		pairs[len(pairs)-1] = x.refused.cause.Error()
	}
	for name, value := range x.request.Path {
		pairs = append(pairs, "{"+name+"}", shorten(value))
	}
	for name, value := range x.refused.values {
		pairs = append(pairs, "{"+name+"}", shorten(value))
	}
	return strings.NewReplacer(pairs...)
}

// shorten keeps an answer from growing with what a client sent.
func shorten(text string) string {
	const most = 100
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func fill(body map[string]any, placeholders *strings.Replacer) []byte {
	filled := make(map[string]any, len(body))
	for key, value := range body {
		if text, ok := value.(string); ok {
			value = strings.TrimSpace(placeholders.Replace(text))
		}
		filled[key] = value
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(filled) // texts and numbers always encode
	return b.Bytes()
}

// logLine writes the line of a request: what came, what was answered, and why it was refused with what would help.
func (s *Server) logLine(x *exchange) {
	r := x.Request()
	level := slog.LevelInfo
	switch {
	case x.refused != nil && x.refused.reason == openapi.Internal:
		level = slog.LevelError
	case x.refused != nil:
		level = slog.LevelWarn
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.EscapedPath()), slog.Int("status", x.answer.Status),
		slog.Duration("took", time.Since(x.start).Round(time.Microsecond)), slog.String("request_id", x.id),
	}
	if x.operation != nil {
		attrs = append(attrs, slog.String("operation", x.operation.ID))
	}
	if x.refused != nil {
		attrs = append(attrs, slog.String("refused", x.refused.Error()))
		attrs = append(attrs, s.hints(x)...)
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// hints are the rules that were broken, with their lines, and the overlays that allow the request.
func (s *Server) hints(x *exchange) []slog.Attr {
	if len(x.refused.violations) == 0 || x.operation == nil {
		return nil
	}
	var rules []string
	for _, v := range x.refused.violations {
		rules = append(rules, v.Rule.String())
	}
	attrs := []slog.Attr{slog.String("rules", strings.Join(rules, ", "))}
	if names := x.operation.AllowedBy(x.request, x.refused.violations); len(names) > 0 {
		attrs = append(attrs, slog.String("hint", "allowed with --overlay "+strings.Join(names, " or --overlay ")))
	}
	return attrs
}
