package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// tracing sends spans to where OpenTelemetry's usual variables say. The zero value sends none.
type tracing struct {
	provider *sdktrace.TracerProvider
}

// newTracing reads OTEL_EXPORTER_OTLP_ENDPOINT and its sisters (OpenTelemetry, OTLP Exporter Configuration). Samplers,
// batches and further resource attributes are read by the SDK itself.
func newTracing(ctx context.Context) (*tracing, error) {
	endpoint, err := traceEndpoint()
	if err != nil || endpoint == "" {
		return &tracing{}, err
	}
	client, err := newCollector(endpoint)
	if err != nil {
		return nil, err
	}
	described, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "counterpart"), attribute.String("service.version", buildVersion())), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return &tracing{sdktrace.NewTracerProvider(sdktrace.WithBatcher(otlptrace.NewUnstarted(client)), sdktrace.WithResource(described))}, nil
}

func (t *tracing) tracer() trace.Tracer {
	if t.provider == nil {
		return nil
	}
	return t.provider.Tracer("github.com/counterpart-go/counterpart/mockserver")
}

// close sends what is still waiting.
func (t *tracing) close(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// otelVariable is the variable for traces, or else the one for everything.
func otelVariable(name string) string {
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), os.Getenv("OTEL_EXPORTER_OTLP_"+name))
}

func traceEndpoint() (string, error) {
	endpoint := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint == "" && base != "" {
		endpoint = strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	if endpoint == "" || os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return "", nil
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL such as http://127.0.0.1:4318")
	}
	if protocol := otelVariable("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return "", fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: only http/protobuf is spoken, on port 4318 of most collectors", protocol)
	}
	return endpoint, nil
}

// collector sends spans as OTLP/HTTP. The library's own client would bring gRPC into the program: 4 MB of it.
type collector struct {
	endpoint string
	header   http.Header
	client   *http.Client
}

var _ otlptrace.Client = (*collector)(nil)

func newCollector(endpoint string) (*collector, error) {
	header, err := traceHeaders(otelVariable("HEADERS"))
	if err != nil {
		return nil, err
	}
	milliseconds, err := strconv.Atoi(cmp.Or(otelVariable("TIMEOUT"), "10000"))
	if err != nil || milliseconds <= 0 {
		return nil, errors.New("OTEL_EXPORTER_OTLP_TIMEOUT is not a number of milliseconds")
	}
	return &collector{endpoint, header, &http.Client{Timeout: time.Duration(milliseconds) * time.Millisecond}}, nil
}

// traceHeaders reads key1=value1,key2=value2, percent-encoded. An error does not quote them: they are credentials.
func traceHeaders(text string) (http.Header, error) {
	header := http.Header{"Content-Type": {"application/x-protobuf"}}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS is not a list such as key1=value1,key2=value2")
		}
		header.Set(strings.TrimSpace(name), decoded)
	}
	return header, nil
}

// Start has nothing to do: a collector that is away must not keep the mock from starting.
func (c *collector) Start(context.Context) error { return nil }

// Stop has nothing to do.
func (c *collector) Stop(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// UploadTraces sends a message of the same encoding as ExportTraceServiceRequest, whose package needs gRPC.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = c.header.Clone()
	response, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("sending traces: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.CopyN(io.Discard, response.Body, 64<<10); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("sending traces: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("sending traces: the collector answered %s", response.Status)
	}
	return nil
}
