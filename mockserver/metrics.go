package mockserver

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// metrics are what /_counterpart/metrics shows. Labels come from the document and from fixed words, never from a
// client, so their number has a bound.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	latency    *prometheus.HistogramVec
	violations *prometheus.CounterVec
	store      *prometheus.HistogramVec
	panics     prometheus.Counter
}

// buckets reach from what the memory store needs to what a client gives up at, in seconds.
var buckets = []float64{25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5, 10}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry:   prometheus.NewRegistry(),
		requests:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "counterpart_requests_total", Help: "Requests answered, by operation and status."}, []string{"operation", "status"}),
		latency:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "counterpart_request_seconds", Help: "From a request's header to its answer, by operation.", Buckets: buckets}, []string{"operation"}),
		violations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "counterpart_violations_total", Help: "Rules of the document that requests broke, by operation, part of the message and keyword."}, []string{"operation", "in", "keyword"}),
		store:      prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "counterpart_store_seconds", Help: "Time in the store, by action and outcome.", Buckets: buckets}, []string{"action", "outcome"}),
		panics:     prometheus.NewCounter(prometheus.CounterOpts{Name: "counterpart_panics_total", Help: "Panics that a request caused and the mock survived."}),
	}
	m.registry.MustRegister(m.requests, m.latency, m.violations, m.store, m.panics,
		gauge("counterpart_journal_entries", "Exchanges that the journal remembers.", func() float64 { n, _ := s.journal.Extent(); return float64(n) }),
		gauge("counterpart_journal_bytes", "Bytes that these take.", func() float64 { _, b := s.journal.Extent(); return float64(b) }),
		gauge("counterpart_connections", "Open connections.", func() float64 { return float64(s.connections.Load()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func gauge(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

// noOperation is the label of requests that are for no operation of the document.
const noOperation = "none"

func (m *metrics) observe(x *exchange) {
	operation := noOperation
	if x.operation != nil {
		operation = x.operation.ID
	}
	m.requests.WithLabelValues(operation, strconv.Itoa(x.answer.Status)).Inc()
	m.latency.WithLabelValues(operation).Observe(x.duration.Seconds())
	if x.refused == nil {
		return
	}
	for _, v := range x.refused.violations {
		m.violations.WithLabelValues(operation, string(v.In), v.Keyword).Inc()
	}
}

// text is the text format; promhttp would bring compression into the program for it.
func (m *metrics) text() ([]byte, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// observedStore measures another store and makes its work a part of the request's trace.
type observedStore struct {
	Store

	metrics *metrics
	traces  *traces
}

func (o observedStore) View(ctx context.Context, collection string, fn func(Collection) error) error {
	return o.observe(ctx, "view", func(ctx context.Context) error { return o.Store.View(ctx, collection, fn) })
}

func (o observedStore) Update(ctx context.Context, collection string, fn func(Collection) error) error {
	return o.observe(ctx, "update", func(ctx context.Context) error { return o.Store.Update(ctx, collection, fn) })
}

func (o observedStore) Ping(ctx context.Context) error { return o.observe(ctx, "ping", o.Store.Ping) }

func (o observedStore) observe(ctx context.Context, action string, do func(context.Context) error) error {
	start := time.Now()
	ctx, end := o.traces.inStore(ctx, action)
	err := do(ctx)
	outcome := outcomeOf(err)
	end(outcome)
	o.metrics.store.WithLabelValues(action, outcome).Observe(time.Since(start).Seconds())
	return err
}

// outcomeOf tells a store that failed from a request that was refused inside it.
func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	var away *UnavailableError
	var no *refusal
	switch {
	case errors.As(err, &away):
		return "unavailable"
	case errors.As(err, &no):
		return "refused"
	}
	return "failed"
}
