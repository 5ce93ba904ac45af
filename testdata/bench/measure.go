package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// findings are everything that was measured, for the page.
type findings struct {
	options
	machine     machine
	binaryMB    float64
	starts      starts
	beside      []cell
	prismNote   string // why there is no comparison with Prism
	besidePrism []cell
	stores      []stored

	sizes                     []sized
	sizeCells, prismSizeCells []cell
}

// cell is one workload at one number of connections, with every server that took part; ours is the last.
type cell struct {
	workload    workload
	connections int
	servers     []contestant
}

// contestant is one server in a cell.
type contestant struct {
	name   string
	rounds []sample
	rss    float64 // MB, after the last round
}

func (c contestant) rate() float64 {
	return c.median(func(s sample) float64 { return s.rate })
}

// p50 and p99 are in milliseconds.
func (c contestant) p50() float64 {
	return c.median(func(s sample) float64 { return float64(s.P50) / 1000 })
}

func (c contestant) p99() float64 {
	return c.median(func(s sample) float64 { return float64(s.P99) / 1000 })
}

func (c contestant) median(of func(sample) float64) float64 {
	values := make([]float64, len(c.rounds))
	for i, round := range c.rounds {
		values[i] = of(round)
	}
	return median(values)
}

func (c cell) ours() contestant { return c.servers[len(c.servers)-1] }

// ratio is the median, over the rounds, of our rate divided by the other's of the same round: what else the machine did
// meanwhile hit both.
func (c cell) ratio(other contestant) float64 {
	ratios := make([]float64, len(other.rounds))
	for i, round := range c.ours().rounds {
		ratios[i] = round.rate / other.rounds[i].rate
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// connectionCounts are those of every comparison.
func connectionCounts() []int { return []int{1, 8, 32} }

// measureBeside compares with the two bare servers.
func (h *harness) measureBeside(ctx context.Context, f *findings) (err error) {
	f.beside, err = h.compare(ctx, []workload{creating(), listing(), refusing()}, h.constant, h.echo)
	return err
}

// measurePrism compares with Prism, unless it cannot be had.
func (h *harness) measurePrism(ctx context.Context, f *findings) error {
	if h.noPrism {
		f.prismNote = "it was left out of this run"
		return nil
	}
	script, err := h.installPrism(ctx)
	if err != nil {
		h.say("Prism is skipped: %v", err)
		f.prismNote = "it could not be installed"
		return ctx.Err()
	}
	f.besidePrism, err = h.compare(ctx, []workload{creating(), listing()}, h.prism(script))
	return err
}

func (h *harness) compare(ctx context.Context, workloads []workload, others ...entrant) ([]cell, error) {
	var cells []cell
	for _, w := range workloads {
		for _, connections := range connectionCounts() {
			c, err := h.cell(ctx, w, connections, others)
			if err != nil {
				return nil, err
			}
			h.sayCell(c)
			cells = append(cells, c)
		}
	}
	return cells, nil
}

// cell starts all servers anew, so that none carries what an earlier cell has left in it. They stand by while another
// has its turn.
func (h *harness) cell(ctx context.Context, w workload, connections int, others []entrant) (cell, error) {
	in := course{workload: w, connections: connections, project: h.project()}
	imitated, err := h.imitated(ctx, in)
	if err != nil {
		return cell{}, err
	}
	var servers []*server
	defer func() {
		for _, s := range servers {
			s.close()
		}
	}()
	for _, start := range append(slices.Clone(others), h.ours) {
		s, err := start(ctx, imitated)
		if err != nil {
			return cell{}, err
		}
		servers = append(servers, s)
		if err := fill(ctx, s, in); err != nil {
			return cell{}, err
		}
	}
	return h.rounds(ctx, in, servers)
}

// imitated is what the program answers to the workload's request.
func (h *harness) imitated(ctx context.Context, in course) (answer, error) {
	s, err := h.ours(ctx, answer{})
	if err != nil {
		return answer{}, err
	}
	defer s.close()
	if err := fill(ctx, s, in); err != nil {
		return answer{}, err
	}
	return probe(ctx, s, in)
}

// rounds drives all servers in the same way.
func (h *harness) rounds(ctx context.Context, in course, servers []*server) (cell, error) {
	return h.roundsOf(ctx, slices.Repeat([]course{in}, len(servers)), servers)
}

// roundsOf gives every server its turn, as often as there are rounds, after one each that does not count.
func (h *harness) roundsOf(ctx context.Context, courses []course, servers []*server) (cell, error) {
	c := cell{workload: courses[0].workload, connections: courses[0].connections, servers: make([]contestant, len(servers))}
	warm := make([]sample, len(servers))
	for i, s := range servers {
		_, err := probe(ctx, s, courses[i])
		if err == nil {
			warm[i], err = h.warmUp(ctx, s, h.fresh(courses[i]))
		}
		if err != nil {
			return c, err
		}
	}
	for range h.options.rounds {
		for i, s := range servers {
			round, err := h.round(ctx, s, h.fresh(courses[i]), warm[i])
			if err != nil {
				return c, err
			}
			c.servers[i].rounds = append(c.servers[i].rounds, round)
		}
	}
	for i, s := range servers {
		rss, err := s.rss()
		if err != nil {
			return c, err
		}
		c.servers[i].name, c.servers[i].rss = s.name, rss
	}
	return c, nil
}

// fresh is the course in a project of its own when it creates: the names are the same in each round.
func (h *harness) fresh(in course) course {
	if in.workload.kind == count {
		in.project = h.project()
		in.workload.body = strings.ReplaceAll(in.workload.body, projectMark, in.project)
	}
	return in
}

// round is one measured round, after which the server must still answer as it should, and remember what it was sent.
func (h *harness) round(ctx context.Context, s *server, in course, warm sample) (sample, error) {
	got, err := h.drive(ctx, s, in, warm)
	if err == nil && in.workload.kind == count && s.remembers() {
		err = remembered(ctx, s, in, got.Requests)
	}
	if err == nil {
		_, err = probe(ctx, s, in)
	}
	return got, err
}

// stored is what filtering took on one store.
type stored struct {
	name       string
	connectors int
	loading    time.Duration
	rss        float64 // MB, after everything
	cells      []cell
}

func (h *harness) measureMemory(ctx context.Context, f *findings) error {
	return h.measureStore(ctx, f, stored{name: "memory", connectors: h.connectors}, h.ours)
}

func (h *harness) measurePostgres(ctx context.Context, f *findings) error {
	if h.postgres == "" {
		h.say("PostgreSQL is skipped: there is no -postgres")
		return nil
	}
	return h.measureStore(ctx, f, stored{name: "PostgreSQL", connectors: h.postgresConnectors}, h.oursOn(h.postgres))
}

// measureStore loads the connectors and filters them.
func (h *harness) measureStore(ctx context.Context, f *findings, st stored, start entrant) error {
	s, err := start(ctx, answer{})
	if err != nil {
		return err
	}
	defer s.close()
	in := course{project: h.project()}
	if st.loading, err = load(ctx, in.url(s), st.connectors); err != nil {
		return err
	}
	h.say("%s: loaded %d connectors in %.1f s, %.0f/s", st.name, st.connectors, st.loading.Seconds(), st.rate())
	for _, in.workload = range filtering(st.connectors) {
		for _, in.connections = range connectionCounts() {
			c, err := h.rounds(ctx, in, []*server{s})
			if err != nil {
				return err
			}
			h.sayCell(c)
			st.cells = append(st.cells, c)
		}
	}
	st.rss, err = s.rss()
	f.stores = append(f.stores, st)
	return err
}

// rate is how many connectors were loaded a second.
func (st stored) rate() float64 { return float64(st.connectors) / st.loading.Seconds() }

func (h *harness) sayCell(c cell) {
	for _, s := range c.servers {
		h.say("%-26s %2d connections  %-20s %8.0f/s  p50 %7.3f ms  p99 %7.3f ms  %6.0f MB  ours/it %.2f",
			c.workload.title, c.connections, s.name, s.rate(), s.p50(), s.p99(), s.rss, c.ratio(s))
	}
}

// starts are medians of as many starts as startCount says.
type starts struct {
	toHealth, toCreated float64 // milliseconds
	idleRSS             float64 // MB, after the first 201
}

const startCount = 20

func (h *harness) measureStarts(ctx context.Context, f *findings) error {
	var health, created []float64
	for range startCount {
		asked, err := h.start(ctx, func(s *server) error {
			_, err := exchange(ctx, client(), http.MethodGet, s.url+"/_counterpart/health", "", http.StatusOK)
			return err
		})
		if err != nil {
			return err
		}
		sent, err := h.start(ctx, h.firstCreate(ctx))
		if err != nil {
			return err
		}
		health, created = append(health, asked), append(created, sent)
	}
	var rss float64
	_, err := h.start(ctx, func(s *server) error {
		err := h.firstCreate(ctx)(s)
		if err == nil {
			rss, err = s.idleRSS()
		}
		return err
	})
	f.starts = starts{toHealth: median(health), toCreated: median(created), idleRSS: rss}
	h.say("start to health %.1f ms, to the first 201 %.1f ms, then %.1f MB", f.starts.toHealth, f.starts.toCreated, f.starts.idleRSS)
	return err
}

func (h *harness) firstCreate(ctx context.Context) func(*server) error {
	return func(s *server) error {
		_, err := probe(ctx, s, course{workload: creating(), project: h.project()})
		return err
	}
}

// start is how long the program takes from its start until it has done something first, in milliseconds.
func (h *harness) start(ctx context.Context, first func(*server) error) (float64, error) {
	start := time.Now()
	s, err := h.ours(ctx, answer{})
	if err != nil {
		return 0, err
	}
	defer s.close()
	if err := first(s); err != nil {
		return 0, fmt.Errorf("the first answer: %w", err)
	}
	return milliseconds(time.Since(start)), nil
}
