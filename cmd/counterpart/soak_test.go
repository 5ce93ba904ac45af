package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	soakTime  = flag.Duration("soak", 0, "TestSoak: how long; 0 leaves the test out")
	soakStore = flag.String("store", "", "TestSoak: give the program this --store")
	soakSVG   = flag.String("svg", "", "TestSoak: draw what was measured into this file")
)

// TestSoak lets clients that mean well and clients that do not use the real program for a long time. Nothing may grow.
func TestSoak(t *testing.T) {
	if *soakTime == 0 {
		t.Skip("takes minutes: run it with make soak")
	}
	flags := []string{"--header-time", "1s", "--body-time", "2s", "--write-time", "5s"}
	if *soakStore != "" {
		flags = append(flags, "--store", *soakStore)
	}
	v := besiege(t, &figures{answers: map[string]int{}}, flags...)
	samples := v.soak(*soakTime)
	t.Logf("\n%s", table(samples))
	t.Log(v.figures)
	if *soakSVG != "" {
		if err := os.WriteFile(*soakSVG, []byte(drawing(samples)), 0o644); err != nil {
			t.Error(err)
		}
	}
	for _, g := range growth(samples) {
		t.Error(g)
	}
	v.wantService()
	v.wantRecovery()
}

// sample is how the program was at one moment, and how fast it answered since the one before.
type sample struct {
	vitals
	at       time.Duration
	requests int
	p50, p99 time.Duration
}

// soak uses the program and takes a sample every half second.
func (v *victim) soak(limit time.Duration) (samples []sample) {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.Context(), limit)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	answered := &stopwatch{}
	for i := range 4 {
		all.Go(func() { v.use(ctx, fmt.Sprintf("soak%d", i), answered) })
	}
	all.Go(func() { v.harass(ctx) })
	all.Go(func() { v.suffer(ctx) })
	start, next := time.Now(), time.NewTicker(500*time.Millisecond)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return samples
		case <-next.C:
			s := sample{vitals: v.vitals(), at: time.Since(start)}
			s.requests, s.p50, s.p99 = answered.lap()
			samples = append(samples, s)
		}
	}
}

// stopwatch gathers how long requests took.
type stopwatch struct {
	mu    sync.Mutex // guards times
	times []time.Duration
}

func (w *stopwatch) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = append(w.times, d)
}

// lap is what was gathered since the last one.
func (w *stopwatch) lap() (n int, p50, p99 time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.times)
	if n = len(w.times); n > 0 {
		p50, p99 = w.times[n/2], w.times[n*99/100]
	}
	w.times = w.times[:0]
	return n, p50, p99
}

// use does all that can be done in a project, over one connection, with never more than a hundred items.
func (v *victim) use(ctx context.Context, project string, answered *stopwatch) {
	regular := *v
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	regular.client = &http.Client{Timeout: patience, Transport: transport}
	path := "/v2/" + project + "/data-connectors"
	var ids []string
	ask := func(status int, method, path, body string) string {
		start := time.Now()
		got, text, err := regular.ask(method, path, body)
		if answered.add(time.Since(start)); err != nil || got != status {
			v.Errorf("%s %s: %d %s (%v)", method, path, got, text, err)
		}
		return text
	}
	for n := 0; ctx.Err() == nil && !v.Failed(); n++ {
		name := fmt.Sprintf("n%d", n)
		_, id, _ := strings.Cut(ask(http.StatusCreated, http.MethodPost, path, connector(name)), `"connector_id":"`)
		id, _, _ = strings.Cut(id, `"`)
		ids = append(ids, id)
		ask(http.StatusOK, http.MethodGet, path+"?connector_id="+id, "")
		ask(http.StatusOK, http.MethodPut, path+"/"+id, connector(name+"-changed"))
		ask(http.StatusOK, http.MethodGet, path+"?source_type=RDS_MYSQL&available=true&connector_name="+name+"-changed", "")
		ask(http.StatusOK, http.MethodGet, fmt.Sprintf("%s?limit=20&offset=%d", path, n%100), "")
		if len(ids) > 100 {
			ask(http.StatusNoContent, http.MethodDelete, path+"/"+ids[0], "")
			ids = ids[1:]
		}
	}
}

// harass sends one attack after the other, those that are cheap.
func (v *victim) harass(ctx context.Context) {
	attacks := append(append(targetAttacks(), framingAttacks()...),
		refused("brackets", strings.Repeat("[", 20_000)),
		refused("embedded JSON", `{"data_connector":{"connector_name":"a","source_type":"RDS_MYSQL","source_info":"`+strings.Repeat("[", 20_000)+`"}}`),
		refused("a number", `{"data_connector":`+strings.Repeat("9", 10_000)+"}"),
		refused("empty arrays", "[[]"+strings.Repeat(",[]", 10_000)+"]"),
		attack{"multipart", malformedParts})
	for n := 0; ctx.Err() == nil; n++ {
		attacks[n%len(attacks)].do(v)
		v.survived(0, 0)
	}
}

// suffer adds a fault of each kind for a project of its own, has its answers and takes it away again.
func (v *victim) suffer(ctx context.Context) {
	sufferer := *v
	sufferer.client = newcomer() // whose connections are reset
	const path, faults = "/v2/suffers/data-connectors", "/_counterpart/faults"
	kinds := []string{
		`"latency":{"distribution":"lognormal","ms":2,"sigma":1}`, `"throttle":{"per_second":5,"burst":2}`, `"status":{"code":503}`,
		`"breach":{"how":"drop"}`, `"breach":{"how":"type"}`, `"breach":{"how":"embedded"},"when":{"operation":"listDataConnectors","project":"suffers"}`,
		`"malformed":true`, `"media_type":"text/html"`, `"truncate":{}`, `"slow":{"bytes_per_second":2000}`, `"connection":"reset"`, `"connection":"close"`,
	}
	sufferer.want(http.StatusCreated, http.MethodPost, path, connector("suffers"))
	for n := 0; ctx.Err() == nil && !v.Failed(); n++ {
		fault := kinds[n%len(kinds)]
		if !strings.Contains(fault, `"when"`) {
			fault += `,"when":{"project":"suffers"}`
		}
		sufferer.want(http.StatusCreated, http.MethodPost, faults, `{"id":"soak","chance":0.8,`+fault+`}`)
		for range 5 {
			status, _, err := sufferer.ask(http.MethodGet, path, "")
			if err == nil && status != http.StatusOK && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
				v.Errorf("with the fault %s the list is answered with %d", fault, status)
			}
		}
		sufferer.want(http.StatusNoContent, http.MethodDelete, faults+"/soak", "")
	}
}

// series is one thing that was measured, over time.
type series struct {
	name   string
	values []float64
	most   func(before float64) float64 // what it may be at the end
}

func seriesOf(samples []sample) []series {
	of := func(name string, value func(sample) float64, most func(float64) float64) series {
		s := series{name: name, most: most}
		for _, one := range samples {
			s.values = append(s.values, value(one))
		}
		return s
	}
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return []series{
		of("memory, MB", func(s sample) float64 { return float64(s.memory) }, func(b float64) float64 { return b*1.1 + 8 }),
		of("goroutines", func(s sample) float64 { return float64(s.goroutines) }, func(b float64) float64 { return b + 20 }),
		of("file handles", func(s sample) float64 { return float64(s.files) }, func(b float64) float64 { return b + 20 }),
		of("latency p99, ms", func(s sample) float64 { return milliseconds(s.p99) }, func(b float64) float64 { return 3*b + 20 }),
		of("latency p50, ms", func(s sample) float64 { return milliseconds(s.p50) }, func(b float64) float64 { return 3*b + 2 }),
	}
}

// growth compares the last quarter with the second: in the first all is still being filled.
func growth(samples []sample) (found []string) {
	if len(samples) < 8 {
		return []string{fmt.Sprintf("%d samples tell nothing", len(samples))}
	}
	for _, s := range seriesOf(samples) {
		quarters := s.quarters()
		if before, end := quarters[1], quarters[3]; end > s.most(before) {
			found = append(found, fmt.Sprintf("%s: %.2f in the second quarter, %.2f in the last", s.name, before, end))
		}
	}
	return found
}

// quarters are the medians of the four quarters: what one moment was like does not matter.
func (s series) quarters() (medians [4]float64) {
	for q := range medians {
		part := slices.Sorted(slices.Values(s.values[q*len(s.values)/4 : (q+1)*len(s.values)/4]))
		medians[q] = part[len(part)/2]
	}
	return medians
}

func table(samples []sample) string {
	var b strings.Builder
	requests := 0
	for _, s := range samples {
		requests += s.requests
	}
	fmt.Fprintf(&b, "%d requests in %v\n%-16s  %8s  %8s  %8s  %8s  %8s\n", requests, samples[len(samples)-1].at.Round(time.Second), "median of", "1st", "2nd", "3rd", "last", "most")
	for _, s := range seriesOf(samples) {
		q := s.quarters()
		fmt.Fprintf(&b, "%-16s  %8.2f  %8.2f  %8.2f  %8.2f  %8.2f\n", s.name, q[0], q[1], q[2], q[3], slices.Max(s.values))
	}
	return b.String()
}

// drawing is an SVG with a panel for each of memory, goroutines and handles, and one for latency.
func drawing(samples []sample) string {
	const width, height = 380, 150
	all, end := seriesOf(samples), samples[len(samples)-1].at
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", 2*(width+60), 2*(height+60))
	for i, lines := range [][]series{{all[0]}, {all[1]}, {all[2]}, {all[3], all[4]}} {
		fmt.Fprintf(&b, "<g transform=\"translate(%d,%d)\">\n%s</g>\n", 45+i%2*(width+60), 30+i/2*(height+60), panel(lines, end, width, height))
	}
	return b.String() + "</svg>\n"
}

// panel draws lines over the same time, on a scale from 0 to a little over the most.
func panel(lines []series, end time.Duration, width, height float64) string {
	colours := []string{"#2060a0", "#c06020"}
	var b strings.Builder
	most := 0.0
	for _, s := range lines {
		most = max(most, slices.Max(s.values))
	}
	top := niceTop(most)
	for i := range 3 {
		y := height * float64(i) / 2
		fmt.Fprintf(&b, `<path d="M0 %.0fH%.0f" stroke="#ddd"/><text x="-5" y="%.0f" text-anchor="end">%.4g</text>`+"\n", y, width, y+4, top*float64(2-i)/2)
	}
	fmt.Fprintf(&b, `<text x="0" y="%.0f">0</text><text x="%.0f" y="%.0f" text-anchor="end">%v</text>`+"\n", height+15, width, height+15, end.Round(time.Second))
	for i, s := range lines {
		fmt.Fprintf(&b, `<text x="%d" y="-8" fill="%s">%s</text>`+"\n"+`<polyline fill="none" stroke="%s" points="`, 110*i, colours[i], s.name, colours[i])
		for n, value := range s.values {
			fmt.Fprintf(&b, "%.1f,%.1f ", width*float64(n)/float64(max(1, len(s.values)-1)), height*(1-value/top))
		}
		b.WriteString("\"/>\n")
	}
	return b.String()
}

// niceTop is the least of 1, 2, 5, 10, 20, … that is not below the most.
func niceTop(most float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(most, 1e-3))))
	for _, step := range []float64{1, 2, 5} {
		if step*power >= most {
			return step * power
		}
	}
	return 10 * power
}
