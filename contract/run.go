package contract

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// Options are all choices. The zero value runs every phase but fuzz of the built-in document.
type Options struct {
	Spec       *openapi.Spec     // the contract; nil is openapi.Default()
	Seed       uint64            // same seed, same requests, apart from ids that the server makes. 0 draws one; the report names it
	Parameters map[string]string // values of path parameters, by name, for every request; else the documented examples
	Instances  []Instance        // real data for JSON in strings, in place of the document's examples
	Phases     []string          // names of Phases(); none is DefaultPhases()
	Include    []Selector        // judge the operations that one of these matches; none is all
	Exclude    []Selector        // never send the operations that one of these matches, whatever Include says
	ReadOnly   bool              // send GET, HEAD and OPTIONS only
	FuzzCases  int               // cases of the phase fuzz; 0 is 1000

	MaxRequests int           // after so many the run ends; 0 is no limit. What was created is deleted all the same
	MaxObjects  int           // cases that would create more items in all are skipped; 0 is no limit
	Budget      time.Duration // after that the run ends; 0 is no limit

	Ledger   *Ledger   // keeps what is created until it is deleted; nil keeps nothing
	Secrets  []Secret  // are in no report
	Baseline *Baseline // findings that are known; nil knows none

	Parallel bool                    // Run: cases run in parallel, except those that look at whole collections
	Each     func(Result, []Finding) // is called after every case, one at a time; nil is not
	Now      func() time.Time        // for durations and the budget; nil is time.Now
}

// ErrNothingRan says that there was nothing to judge: an empty run is no pass.
var ErrNothingRan = errors.New("nothing ran: the document gives no case for these phases")

// ErrNothingJudged says that no case came to a verdict: the report's warnings say why.
var ErrNothingJudged = errors.New("nothing could be judged: see the warnings")

// UnreachableError says that the target gave no answer at all.
type UnreachableError struct {
	Target string
	Err    error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s cannot be reached: %v", e.Target, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Verify runs the cases one after the other and reports. What a case created, it deletes. The error means that there
// is no verdict: [ErrNothingRan], [ErrNothingJudged], an [*UnreachableError], a phase that does not exist, a ledger that
// cannot be written, or the context's end. A run that began has a report even then.
func Verify(ctx context.Context, target Target, o Options) (*Report, error) {
	r, cases, err := newRunner(target, o)
	if err != nil {
		return nil, err
	}
	for c := range cases {
		if r.stop(c) {
			break
		}
		if err = r.run(ctx, c); err != nil {
			break
		}
	}
	return r.finish(ctx, err)
}

// finish closes the report.
func (r *runner) finish(ctx context.Context, err error) (*Report, error) {
	r.report.close(r)
	switch {
	case err != nil && ctx.Err() != nil:
		r.report.Interrupted = "the run was interrupted"
	case err != nil:
		r.report.Interrupted = err.Error()
	case r.report.Cases == 0 && r.report.Interrupted != "":
		err = errors.New(r.report.Interrupted)
	case r.report.Cases == 0:
		err = ErrNothingRan
	case r.report.Passed+r.report.Failed == 0:
		err = ErrNothingJudged
	}
	return r.report, err
}

// Run runs each case as a subtest of t, named phase/case; a finding that the baseline does not know fails it. It ends t
// at once when there is no verdict, as [Verify] does with an error.
func Run(t *testing.T, target Target, o Options) {
	t.Helper()
	r, cases, err := newRunner(target, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d", r.maker.seed)
	t.Cleanup(func() { // parallel subtests end after this function
		if r.report.Cases > 0 && r.report.Passed+r.report.Failed == 0 {
			t.Error(ErrNothingJudged)
		}
	})
	ran := false
	for c := range cases {
		if ran = true; r.stop(c) {
			break
		}
		t.Run(c.String(), func(t *testing.T) { r.subtest(t, c) })
	}
	if !ran {
		t.Fatal(ErrNothingRan)
	}
}

func (r *runner) subtest(t *testing.T, c Case) {
	if r.o.Parallel && !c.alone() {
		t.Parallel()
	}
	result, found, err := r.judged(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	r.tell(result, found)
	for _, f := range found {
		if !f.Known {
			t.Error(f.String())
		}
	}
	if result.Outcome == Skipped {
		t.Skip(result.Reason)
	}
}

// alone says whether the case looks at whole collections, which others would change meanwhile.
func (c Case) alone() bool {
	return c.Phase == "collection" || slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Together > 0 })
}

// runner sends cases and gathers what it finds.
type runner struct {
	target   Target
	maker    *maker
	o        Options
	redactor *redactor
	items    *itemSchemas
	checks   []Check
	began    time.Time
	telling  sync.Mutex // so that Each is called one at a time

	mu       sync.Mutex // guards what follows, and the report
	report   *Report
	coverage *coverage
	lost     *lost
	objects  int  // that were created
	alive    bool // the target has answered once
	silent   int  // cases in a row that ended without an answer
}

func newRunner(target Target, o Options) (*runner, iter.Seq[Case], error) {
	if o.Spec == nil {
		spec, err := openapi.Default()
		if err != nil {
			return nil, nil, err
		}
		o.Spec = spec
	}
	if err := o.Spec.Compile(); err != nil {
		return nil, nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == 0 {
		o.Seed = NewSeed()
	}
	if o.FuzzCases == 0 {
		o.FuzzCases = defaultFuzzCases
	}
	if o.Ledger == nil {
		o.Ledger, _ = NewLedger(io.Discard, LedgerHead{}) // never fails
	}
	m := newMaker(o)
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	cases, err := m.cases(o)
	r := &runner{target: target, maker: m, o: o, redactor: newRedactor(slices.Concat(secretsOf(target), instanceSecrets(o), o.Secrets)), items: &itemSchemas{schemas: map[*openapi.Answer]*openapi.Schema{}}, checks: Checks(), began: o.Now(), report: newReport(target, o, m.chosen), lost: newLost(m), coverage: newCoverage(m.chosen)}
	return r, cases, err
}

// NewSeed draws a seed.
func NewSeed() uint64 {
	for {
		var raw [4]byte
		_, _ = rand.Read(raw[:]) // never fails
		if seed := binary.BigEndian.Uint32(raw[:]); seed != 0 {
			return uint64(seed)
		}
	}
}

// Plan is what a run would send, case by case.
func Plan(o Options) (iter.Seq[Case], error) {
	_, cases, err := newRunner(nil, o)
	return cases, err
}

// cases are those of the phases that the options name.
func (m *maker) cases(o Options) (iter.Seq[Case], error) {
	names := o.Phases
	if len(names) == 0 {
		names = DefaultPhases()
	}
	var chosen []phase
	for _, name := range names {
		at := slices.IndexFunc(phases(), func(p phase) bool { return p.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no phase %q, only %v", name, Phases())
		}
		chosen = append(chosen, phases()[at])
	}
	return func(yield func(Case) bool) {
		for _, p := range chosen {
			for c := range p.cases(m) {
				if o.ReadOnly && !c.readOnly() {
					continue
				}
				if !yield(c) {
					return
				}
			}
		}
	}, nil
}

func (c Case) readOnly() bool {
	return !slices.ContainsFunc(c.steps(), func(s Step) bool {
		method := s.Method()
		return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
	})
}

// creations are how many items the case may create.
func (c Case) creations() int {
	n := len(c.Before)
	for _, s := range c.Steps {
		if c.creates(s) {
			n++
		}
	}
	return n
}

func (c Case) creates(s Step) bool {
	for r := c.Resource; r != nil && r != r.Parent; r = r.Parent {
		if s.Operation == creator(r) {
			return true
		}
	}
	return false
}

// steps are all of the case, in the order in which they are sent.
func (c Case) steps() []Step { return slices.Concat(c.Before, c.Steps) }

// maxSilent is how many cases in a row may end without an answer before the run does.
const maxSilent = 3

// maxSkipped is how many cases may be skipped before any is judged: a server that counts wrong credentials locks the
// account at some point.
const maxSkipped = 10

// stop says whether the run ends before the case, and writes into the report why.
func (r *runner) stop(c Case) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	spent := r.exhausted(len(c.Before) + len(c.Steps))
	switch {
	case spent != "":
		r.report.Interrupted = spent
	case r.silent >= maxSilent:
		r.report.Interrupted = "the target has stopped answering"
	case r.report.Skipped >= maxSkipped && r.report.Passed+r.report.Failed == 0 && !r.lost.onlyItems():
		r.report.Interrupted = fmt.Sprintf("the first %d cases could not be judged", r.report.Skipped)
	}
	return r.report.Interrupted != ""
}

// run runs a case and tells the options' Each.
func (r *runner) run(ctx context.Context, c Case) error {
	result, found, err := r.judged(ctx, c)
	if err == nil {
		r.tell(result, found)
	}
	return err
}

func (r *runner) tell(result Result, found []Finding) {
	if r.o.Each != nil {
		r.telling.Lock()
		defer r.telling.Unlock()
		r.o.Each(result, found)
	}
}

// maxShrinkRounds bounds how often a failing case is made smaller.
const maxShrinkRounds = 32

// judged runs a case, and simpler ones as long as they fail for the same reason, and reports.
func (r *runner) judged(ctx context.Context, c Case) (Result, []Finding, error) {
	result, found, err := r.try(ctx, c)
	if err != nil {
		return result, nil, err
	}
	for smaller, rounds := true, 0; smaller && len(found) > 0 && rounds < maxShrinkRounds; rounds++ {
		c, result, found, smaller = r.smaller(ctx, c, result, found)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	found = r.report.add(&result, c, r.o.Baseline.known(found))
	return result, found, nil
}

// smaller tries the simpler cases that a case gives; the first that fails the same check takes its place.
func (r *runner) smaller(ctx context.Context, c Case, result Result, found []Finding) (Case, Result, []Finding, bool) {
	if c.smaller == nil {
		return c, result, found, false
	}
	for _, simpler := range c.smaller() {
		s, f, err := r.try(ctx, simpler)
		if err == nil && slices.ContainsFunc(f, func(x Finding) bool { return x.Check == found[0].Check && x.Operation == found[0].Operation }) {
			return simpler, s, f, true
		}
	}
	return c, result, found, false
}

// try sends a case's steps, takes away what is left of what they created, and judges. The error means that there is no
// verdict; what the case created is taken away all the same.
func (r *runner) try(ctx context.Context, c Case) (Result, []Finding, error) {
	began := r.o.Now()
	s := r.session(c)
	if reason := cmp.Or(r.lost.why(c, r.carriedOut), r.tooMany(c)); reason != "" {
		return Result{Case: c.String(), Operation: c.Operation.ID, Outcome: Skipped, Reason: reason}, nil, nil
	}
	err := s.steps(ctx)
	s.cleanUp(ctx)
	if err == nil {
		err = s.unwritten
	}
	result := Result{Case: c.String(), Operation: c.Operation.ID, Outcome: Passed, Requests: s.requests, DurationUS: r.o.Now().Sub(began).Microseconds()}
	switch {
	case len(s.found) > 0:
		result.Outcome = Failed
	case s.skipped != "":
		result.Outcome, result.Reason = Skipped, s.skipped
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.silent++; !s.silent {
		r.silent = 0
	}
	return result, s.found, err
}

func (r *runner) session(c Case) *session {
	return &session{runner: r, c: c, ids: make([]string, len(c.Steps)+1), held: map[*openapi.Resource]string{}, made: map[int]made{}, answers: map[int]*Exchange{}}
}

// exhausted says why n more requests may not be sent; "" when they may. r.mu is held.
func (r *runner) exhausted(n int) string {
	switch {
	case r.o.MaxRequests > 0 && r.report.Requests+n > r.o.MaxRequests:
		return fmt.Sprintf("%d requests were sent, and no more than %d were allowed", r.report.Requests, r.o.MaxRequests)
	case r.o.Budget > 0 && r.o.Now().Sub(r.began) >= r.o.Budget:
		return fmt.Sprintf("the time of %s was over", r.o.Budget)
	}
	return ""
}

func (r *runner) tooMany(c Case) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.o.MaxObjects > 0 && r.objects+c.creations() > r.o.MaxObjects {
		return fmt.Sprintf("it might create more than the %d objects that are allowed", r.o.MaxObjects)
	}
	return ""
}

// maxAnswer bounds the body of an answer, in bytes.
const maxAnswer = 32 << 20

func readAnswer(answer *http.Response) (openapi.Response, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("its body is larger than %d MB", maxAnswer>>20)
	}
	return openapi.Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, err
}
