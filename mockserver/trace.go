package mockserver

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traces makes a span of each request and of its time in the store, below the span that the client names in its
// traceparent header (W3C Trace Context). Names and attributes are those of OpenTelemetry's HTTP conventions. A zero
// value makes no spans.
type traces struct {
	tracer trace.Tracer // nil for none
}

// begin starts the span of a request.
func (t *traces) begin(x *exchange) {
	r := x.Request()
	if t.tracer == nil && len(r.Header["Traceparent"]) == 0 {
		return
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	if t.tracer != nil {
		ctx, x.span = t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(x.start))
	}
	x.SetRequest(r.WithContext(ctx))
}

// end gives the span what is known only now. The path stays out where it is no operation's: it is the client's.
func (t *traces) end(x *exchange) {
	if x.span == nil {
		return
	}
	x.span.SetAttributes(attribute.String("http.request.method", x.Request().Method),
		attribute.Int("http.response.status_code", x.answer.Status), attribute.String("counterpart.request_id", x.id))
	if x.operation != nil {
		x.span.SetName(x.operation.Method + " " + x.operation.Path)
		x.span.SetAttributes(attribute.String("http.route", x.operation.Path), attribute.String("counterpart.operation", x.operation.ID))
	}
	if x.refused != nil && x.refused.failure() {
		x.span.SetStatus(codes.Error, x.refused.reason)
	}
	x.span.End()
}

func (t *traces) inStore(ctx context.Context, action string) (context.Context, func(outcome string)) {
	if t.tracer == nil {
		return ctx, func(string) {}
	}
	ctx, span := t.tracer.Start(ctx, "store "+action, trace.WithSpanKind(trace.SpanKindInternal))
	return ctx, func(outcome string) {
		span.SetAttributes(attribute.String("counterpart.store.outcome", outcome))
		span.End()
	}
}

// traceID is "" for a request that is not part of a trace.
func (x *exchange) traceID() string {
	if c := trace.SpanContextFromContext(x.Request().Context()); c.HasTraceID() {
		return c.TraceID().String()
	}
	return ""
}
