package contract

import (
	"slices"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// BenchmarkJudge judges every answer of a whole run: decoding, the contract, all checks. Beside the mean it reports the
// median.
func BenchmarkJudge(b *testing.B) {
	s, exchanges := recorded(b)
	var times []time.Duration
	for b.Loop() {
		for _, x := range exchanges {
			began := time.Now()
			x.Body, _ = openapi.DecodeJSON(x.Response.Body)
			x.Response.Value = x.Body
			if x.judgedByOperation() {
				x.violations = x.Step.Operation.ValidateResponse(x.Response)
			}
			if found := s.judge(x); len(found) > 0 {
				b.Fatal(found)
			}
			times = append(times, time.Since(began))
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "µs/median-answer")
	b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds())/1e3, "µs/p99-answer")
}

// recorded runs every case against our mock and keeps the exchanges.
func recorded(b *testing.B) (*session, []*Exchange) {
	b.Helper()
	mock, err := mockserver.New(mockserver.Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	r, cases, err := newRunner(Handler(mock), Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	var all []*Exchange
	var s *session
	for c := range cases {
		s = r.session(c)
		if err := s.steps(b.Context()); err != nil {
			b.Fatal(err)
		}
		s.cleanUp(b.Context())
		all = append(all, s.exchanges...)
	}
	return s, all
}

// BenchmarkSuite is a whole run against our mock, without a network.
func BenchmarkSuite(b *testing.B) {
	mock, err := mockserver.New(mockserver.Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		report, err := Verify(b.Context(), Handler(mock), Options{Seed: 1})
		if err != nil || report.Failed > 0 {
			b.Fatal(err, report.Findings)
		}
		b.ReportMetric(float64(report.Requests), "requests")
	}
}
