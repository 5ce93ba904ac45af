package fault

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// longest is for how long one answer is held back, or its body drawn out, at most.
const longest = 10 * time.Minute

// latency holds the answer back.
type latency control.Latency

func (l latency) carry(d *Delivery, _ *openapi.Response, draw draw) bool {
	d.Delay = min(d.Delay+l.drawn(draw), longest)
	return true
}

func (l latency) drawn(draw draw) time.Duration {
	ms := float64(l.Ms)
	switch l.Distribution {
	case control.LatencyDistributionUniform:
		ms = float64(l.MinMs) + draw((*rand.Rand).Float64)*float64(l.MaxMs-l.MinMs)
	case control.LatencyDistributionLognormal:
		ms *= math.Exp(l.Sigma * draw((*rand.Rand).NormFloat64))
	}
	return time.Duration(min(ms, float64(longest.Milliseconds())) * float64(time.Millisecond))
}

// unfit holds each distribution to its own parts.
func (l latency) unfit([]*openapi.Operation) (vs openapi.Violations) {
	uniform, lognormal := l.Distribution == control.LatencyDistributionUniform, l.Distribution == control.LatencyDistributionLognormal
	for _, part := range []struct {
		name          string
		given, wanted bool
	}{
		{"ms", l.Ms > 0, !uniform},
		{"max_ms", l.MaxMs > 0, uniform},
		{"sigma", l.Sigma > 0, lognormal},
	} {
		switch {
		case part.wanted && !part.given:
			vs = append(vs, wrong("/latency/"+part.name, "it is missing: %s", latencyParts))
		case part.given && !part.wanted:
			vs = append(vs, wrong("/latency/"+part.name, "leave it out: %s", latencyParts))
		}
	}
	switch {
	case l.MinMs > 0 && !uniform:
		vs = append(vs, wrong("/latency/min_ms", "leave it out: %s", latencyParts))
	case uniform && l.MaxMs > 0 && l.MinMs > l.MaxMs:
		vs = append(vs, wrong("/latency/min_ms", "it is more than max_ms"))
	}
	return vs
}

const latencyParts = "fixed has ms; uniform has min_ms and max_ms; lognormal has ms and sigma"
