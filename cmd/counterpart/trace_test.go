package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spanCollector keeps what it is sent.
type spanCollector struct {
	mu     sync.Mutex // guards spans and secret
	spans  []*tracepb.Span
	secret string // the header x-key
}

func (c *spanCollector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var sent tracepb.TracesData
	if err := proto.Unmarshal(body, &sent); err != nil || r.URL.Path != "/v1/traces" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secret = r.Header.Get("X-Key")
	for _, resource := range sent.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// names are "NAME of TRACE".
func (c *spanCollector) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, span := range c.spans {
		names = append(names, fmt.Sprintf("%s of %x", span.Name, span.TraceId))
	}
	return names
}

func TestTracesReachTheCollector(t *testing.T) {
	t.Parallel()
	collected := &spanCollector{}
	collector := httptest.NewServer(collected)
	defer collector.Close()
	cmd, _, stderr := counterpartProgram(t, "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=x-key=a%20b")
	url, _ := listening(t, cmd)
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v2/abc/data-connectors", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	got := strings.Join(collected.names(), "\n")
	for _, want := range []string{"GET /v2/{project_id}/data-connectors of " + traceID, "store view of " + traceID} {
		if !strings.Contains(got, want) {
			t.Errorf("no span %q among\n%s", want, got)
		}
	}
	if collected.secret != "a b" {
		t.Errorf("the header was %q", collected.secret)
	}
	if !strings.Contains(stderr.String(), "trace_id="+traceID) {
		t.Errorf("no trace id in the log:\n%s", stderr)
	}
}

func TestTraceVariables(t *testing.T) {
	for _, tc := range []struct{ variable, value, want string }{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere", "is not an http or https URL"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", `is "grpc": only http/protobuf is spoken`},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "is not a number of milliseconds"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "secret", "is not a list such as"},
	} {
		t.Run(tc.variable, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			t.Setenv(tc.variable, tc.value)
			_, err := newTracing(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.variable+" "+tc.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		})
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	if traces, err := newTracing(t.Context()); err != nil || traces.tracer() != nil {
		t.Errorf("traces without an endpoint: %v", err)
	}
}
