package contract_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

var (
	strengthSeeds  = flag.Uint64("seeds", 1, "TestStrength: how many seeds, from 1, each server is judged with")
	strengthInTurn = flag.Bool("in-turn", false, "TestStrength: judge each server with one of the seeds in turn, not with all of them")
	strengthMutant = flag.String("mutant", "", "TestStrength: only servers whose name matches this regular expression")
	strengthEvery  = flag.Int("every", everyMutant, "TestStrength: only every so many of a class's broken servers; 1, and -mutant, leave none out")
	strengthFile   = flag.String("strength", "", "TestStrength: write what was measured to this file")
)

// leastCaught is the part of all mutants that the suite must catch.
const leastCaught = 0.98

// trial is one run of the suite against one server.
type trial struct {
	class    string
	mutant   mutant
	seed     uint64
	caught   bool
	requests int64 // until it was caught
	took     time.Duration
	instead  []string // what was found by the wrong check or of the wrong operation: check operation
	err      error
}

// TestStrength measures the suite: it must catch broken servers by the right check, and accuse no sound one. Without
// flags it takes a part of the broken servers; `make mutants` takes them all.
func TestStrength(t *testing.T) {
	spec := newSpec(t)
	if err := spec.Compile(); err != nil {
		t.Fatal(err)
	}
	chosen, err := regexp.Compile(*strengthMutant)
	if err != nil {
		t.Fatal(err)
	}
	trials, sound := mutantTrials(chosen, *strengthSeeds), soundTrials(chosen, *strengthSeeds)
	inPool(len(trials)+len(sound), func(i int) {
		if i < len(trials) {
			trials[i].judge(t.Context(), spec)
			return
		}
		sound[i-len(trials)].judge(t.Context(), spec)
	})
	for _, s := range sound {
		for _, alarm := range s.alarms {
			t.Errorf("a false alarm, seed %d: %s: %s", s.seed, s.server.name, alarm)
		}
	}
	reportEscapes(t, trials)
	if *strengthFile != "" {
		if err := os.WriteFile(*strengthFile, []byte(strengthReport(trials, sound, *strengthSeeds)), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func reportEscapes(t *testing.T, trials []trial) {
	t.Helper()
	for _, e := range escapes(trials) {
		if e.class == embeddedAnswers || e.class == embeddedRequests {
			t.Errorf("escaped, which none of this class may: %s", e)
			continue
		}
		t.Logf("escaped: %s", e)
	}
	caught := 0
	for _, x := range trials {
		if x.caught {
			caught++
		}
	}
	t.Logf("%d of %d runs against broken servers ended with the right finding", caught, len(trials))
	if float64(caught) < leastCaught*float64(len(trials)) {
		t.Errorf("that is less than %.0f %%", 100*leastCaught)
	}
}

// escaped is a mutant that was not caught with some seeds; the trial is that with the first of them.
type escaped struct {
	trial
	seeds []uint64
}

func escapes(trials []trial) []escaped {
	var list []escaped
	for _, x := range trials {
		last := len(list) - 1
		switch {
		case x.caught:
		case last >= 0 && list[last].class == x.class && list[last].mutant.name == x.mutant.name:
			list[last].seeds = append(list[last].seeds, x.seed)
		default:
			list = append(list, escaped{x, []uint64{x.seed}})
		}
	}
	return list
}

// String says what was not caught, and what there was instead.
func (e escaped) String() string {
	instead := "nothing was found"
	switch {
	case e.err != nil:
		instead = "there was no verdict: " + e.err.Error()
	case len(e.instead) > 0:
		instead = "found instead: " + strings.Join(e.instead, ", ")
	}
	return fmt.Sprintf("%s: %s. Shown by %s. Wanted %s on %s; %s (seed %s).", e.class, e.mutant.name, e.mutant.shown,
		strings.ReplaceAll(e.mutant.checks, " ", " or "), strings.ReplaceAll(e.mutant.operations, " ", " or "), instead, strings.Trim(fmt.Sprint(e.seeds), "[]"))
}

// seedsOf are the seeds that the i-th server of a list is judged with.
func seedsOf(i int, seeds uint64) []uint64 {
	if *strengthInTurn {
		return []uint64{uint64(i)%seeds + 1}
	}
	var list []uint64
	for seed := uint64(1); seed <= seeds; seed++ {
		list = append(list, seed)
	}
	return list
}

func mutantTrials(chosen *regexp.Regexp, seeds uint64) []trial {
	var list []trial
	for _, class := range classes() {
		for i, m := range class.mutants {
			left := *strengthMutant == "" && i%max(1, *strengthEvery) != 0
			for _, seed := range seedsOf(i, seeds) {
				if !left && chosen.MatchString(m.name) {
					list = append(list, trial{class: class.name, mutant: m, seed: seed})
				}
			}
		}
	}
	return list
}

// inPool calls do with all numbers below n, as many at a time as there are processors to run them.
func inPool(n int, do func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
}

// judge runs the suite until the first right finding.
func (x *trial) judge(ctx context.Context, spec *openapi.Spec) {
	var requests atomic.Int64
	target, stop, err := x.mutant.server.build(spec, &requests)
	if err != nil {
		x.err = err
		return
	}
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now()
	_, err = contract.Verify(ctx, target, contract.Options{Spec: spec, Seed: x.seed, Each: func(_ contract.Result, found []contract.Finding) {
		if x.caught || !x.isRight(found) {
			return
		}
		x.caught, x.requests, x.took = true, requests.Load(), time.Since(start)
		cancel()
	}})
	if !x.caught || !errors.Is(err, context.Canceled) {
		x.err = err
	}
}

// isRight says whether one of the findings is the right one, and notes the others.
func (x *trial) isRight(found []contract.Finding) bool {
	operations, checks := operationIDs(x.mutant.operations), strings.Fields(x.mutant.checks)
	for _, f := range found {
		if slices.Contains(checks, f.Check) && (slices.Contains(operations, f.Operation) || slices.Contains(operations, f.After)) {
			return true
		}
		if note := strings.TrimSpace(f.Check + " " + f.Operation + " " + f.After); !slices.Contains(x.instead, note) {
			x.instead = append(x.instead, note)
		}
	}
	return false
}

// soundTrial is one run against a server that keeps the document.
type soundTrial struct {
	server   soundServer
	seed     uint64
	requests int64
	alarms   []string
}

func soundTrials(chosen *regexp.Regexp, seeds uint64) []soundTrial {
	var list []soundTrial
	for i, s := range soundServers() {
		left := *strengthMutant == "" && *strengthEvery > 1 && i%everySound != 0
		for _, seed := range seedsOf(i, seeds) {
			if !left && chosen.MatchString(s.name) {
				list = append(list, soundTrial{server: s, seed: seed})
			}
		}
	}
	return list
}

func (s *soundTrial) judge(ctx context.Context, spec *openapi.Spec) {
	var requests atomic.Int64
	target, stop, err := s.server.server.build(spec, &requests)
	if err != nil {
		s.alarms = append(s.alarms, err.Error())
		return
	}
	defer stop()
	report, err := contract.Verify(ctx, target, contract.Options{Spec: spec, Seed: s.seed})
	if err != nil {
		s.alarms = append(s.alarms, err.Error())
		return
	}
	s.requests = requests.Load()
	for _, f := range report.Findings {
		s.alarms = append(s.alarms, f.String())
	}
}

// strengthReport is what was measured, as a page of Markdown.
func strengthReport(trials []trial, sound []soundTrial, seeds uint64) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# How strong the suite is\n\nWritten by `make mutants`; do not edit. A broken server is our mock with one fault. It counts as caught when the suite\n"+
		"reports the fault by the right check on the right operation; anything else it reports does not count. A sound server\nkeeps the document in an unusual way: any finding about it is a false alarm.\n\n")
	with := "the seeds 1 to"
	if *strengthInTurn {
		with = "one of the seeds, in turn 1 to"
	}
	fmt.Fprintf(b, "Every server is judged with %s %d, all phases but fuzz. A run ends at the first right finding: requests and\nseconds are those up to it.\n\n", with, seeds)
	fmt.Fprintf(b, "Measured on %s/%s, %d CPUs, %s.\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	b.WriteString("## Broken servers\n\n| class | servers | runs | caught | percent | median requests | most requests | median seconds |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, class := range classes() {
		writeClass(b, class.name, ofClass(trials, class.name))
	}
	writeClass(b, "**all**", trials)
	writeSound(b, sound)
	writeEscapes(b, trials)
	return b.String()
}

func ofClass(trials []trial, class string) []trial {
	var list []trial
	for _, x := range trials {
		if x.class == class {
			list = append(list, x)
		}
	}
	return list
}

func writeClass(b *strings.Builder, name string, trials []trial) {
	if len(trials) == 0 {
		return
	}
	servers := map[string]bool{}
	requests, seconds := []int64{0}, []float64{0}
	for _, x := range trials {
		servers[x.class+x.mutant.name] = true
		if x.caught {
			requests, seconds = append(requests, x.requests), append(seconds, x.took.Seconds())
		}
	}
	caught := len(requests) - 1
	slices.Sort(requests)
	slices.Sort(seconds)
	fmt.Fprintf(b, "| %s | %d | %d | %d | %.1f | %d | %d | %.2f |\n", name, len(servers), len(trials), caught, 100*float64(caught)/float64(len(trials)),
		requests[(caught+1)/2], requests[caught], seconds[(caught+1)/2])
}

func writeSound(b *strings.Builder, sound []soundTrial) {
	alarms := 0
	var servers []string
	for _, s := range sound {
		alarms += len(s.alarms)
		if !slices.Contains(servers, s.server.name) {
			servers = append(servers, s.server.name)
		}
	}
	fmt.Fprintf(b, "\n## Sound servers\n\n%d servers in %d runs: %d false alarms.\n\n", len(servers), len(sound), alarms)
	for _, name := range servers {
		fmt.Fprintf(b, "- %s\n", name)
	}
}

func writeEscapes(b *strings.Builder, trials []trial) {
	b.WriteString("\n## What escapes\n\n")
	list := escapes(trials)
	if len(list) == 0 {
		b.WriteString("Nothing.\n")
	}
	for _, e := range list {
		fmt.Fprintf(b, "- %s\n", e)
	}
}
