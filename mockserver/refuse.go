package mockserver

import (
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
	canonical  string            // for {canonical}: the request as it should have been signed; "" for none
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

// forJournal is the refusal in words, without the stack of a panic.
func (r *refusal) forJournal() error {
	if r.failure() {
		return errors.New(r.Error())
	}
	return r
}

func (r *refusal) Unwrap() error { return r.cause }

// failure says that the mock, and not the request, is why it was not carried out.
func (r *refusal) failure() bool {
	return r.reason == openapi.Internal || r.reason == openapi.Unavailable || r.reason == openapi.Timeout
}

// stack says where a panic came from.
func (r *refusal) stack() []slog.Attr {
	var panicked *panicError
	if !errors.As(r.cause, &panicked) {
		return nil
	}
	return []slog.Attr{slog.String("stack", string(panicked.stack))}
}

// refuse makes the answer that the document gives a refusal. An error that is none means that the mock failed.
func (s *Server) refuse(x *exchange, err error) {
	if !errors.As(err, &x.refused) {
		x.refused = &refusal{reason: openapi.Internal, cause: err}
	}
	row, foreseen := x.service.spec.Refusal(x.refused.reason, x.refused.violations)
	if foreseen {
		x.answerRow(row)
	} else if status, described := s.naturalStatus(x); !s.describedRefusal(x, status, described) {
		x.answerRow(openapi.Refusal{Status: status, Body: x.refused.plain()})
	}
	x.allow()
	x.challenge()
	x.retryAfter()
	x.identify()
	if x.operation == nil || x.refused.reason == openapi.Internal {
		return
	}
	if !foreseen && x.operation.Answer(x.answer.Status) == nil {
		return // a document that says nothing of a refusal is not broken by one
	}
	if broken := x.operation.ValidateResponse(x.answer); len(broken) > 0 {
		s.log.Error("the answer to a refusal breaks the document", "request_id", x.id, "violations", broken.String())
	}
}

// answerRow answers with a row of the document.
func (x *exchange) answerRow(row openapi.Refusal) {
	placeholders := x.placeholders()
	said := fill(row.Body, placeholders)
	x.answer = openapi.Response{Status: row.Status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: append(openapi.AppendJSON(nil, said), '\n'), Made: said}
	for name, value := range row.Headers {
		x.answer.Header.Set(name, placeholders.Replace(value))
	}
}

// retryAfter says when a client that asked too often may ask again (RFC 9110, section 10.2.3; RFC 6585, section 4).
func (x *exchange) retryAfter() {
	if seconds := x.refused.values[retryAfterValue]; seconds != "" {
		x.answer.Header.Set("Retry-After", seconds)
	}
}

// retryAfterValue is the placeholder of the seconds that a client waits.
const retryAfterValue = "retry_after"

// allow adds the Allow header that a 405 must have (RFC 9110, section 15.5.6).
func (x *exchange) allow() {
	var route *openapi.RouteError
	if errors.As(x.refused.cause, &route) && x.answer.Status == http.StatusMethodNotAllowed {
		x.answer.Header.Set("Allow", strings.Join(route.Allowed, ", "))
	}
}

func (x *exchange) placeholders() *strings.Replacer {
	pairs := []string{"{violations}", x.refused.violations.String(), "{request_id}", x.id, "{canonical}", "", "{detail}", ""}
	if x.refused.reason == openapi.Internal && x.refused.cause != nil {
		pairs[len(pairs)-1] = x.refused.cause.Error()
	}
	if text := x.refused.canonical; text != "" {
		pairs[len(pairs)-3] = ", canonicalRequest:" + strings.ToValidUTF8(text[:min(len(text), mostCanonical)], "")
	}
	for name, value := range x.request.Path {
		pairs = append(pairs, "{"+name+"}", shorten(value))
	}
	for name, value := range x.refused.values {
		pairs = append(pairs, "{"+name+"}", shorten(value))
	}
	return strings.NewReplacer(pairs...)
}

// mostCanonical is how much of a canonical request an answer shows, in bytes: a client can use nothing but the whole, and
// hardly any has more.
const mostCanonical = 4 << 10

// shorten keeps an answer from growing with what a client sent.
func shorten(text string) string {
	const most = 100
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func fill(body map[string]any, placeholders *strings.Replacer) map[string]any {
	filled := make(map[string]any, len(body))
	for key, value := range body {
		if text, ok := value.(string); ok {
			value = strings.TrimSpace(placeholders.Replace(text))
		}
		filled[key] = value
	}
	return filled
}

// logLine writes the line of a request: what came, what was answered, and why it was refused with what would help.
func (s *Server) logLine(x *exchange) {
	r := x.Request()
	level := slog.LevelInfo
	switch {
	case x.refused != nil && x.refused.failure():
		level = slog.LevelError
	case x.refused != nil:
		level = slog.LevelWarn
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.EscapedPath()), slog.Int("status", x.answer.Status),
		slog.Duration("took", x.duration.Round(time.Microsecond)), slog.String("request_id", x.id),
	}
	if x.operation != nil {
		attrs = append(attrs, slog.String("operation", x.operation.ID))
	}
	if id := x.traceID(); id != "" {
		attrs = append(attrs, slog.String("trace_id", id))
	}
	if x.stub != "" {
		attrs = append(attrs, slog.String("stub", x.stub))
	}
	if x.refused != nil {
		attrs = append(attrs, slog.String("refused", x.refused.Error()))
		attrs = append(attrs, x.refused.stack()...)
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
	if len(x.request.Body) > largeBody { // to judge it once more for each overlay takes too long
		return attrs
	}
	if names := x.operation.AllowedBy(x.request, x.refused.violations); len(names) > 0 {
		attrs = append(attrs, slog.String("hint", "allowed with --overlay "+strings.Join(names, " or --overlay ")))
	}
	return attrs
}
