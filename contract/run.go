package contract

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// Options are all choices. The zero value runs every phase of the built-in document.
type Options struct {
	Spec       *openapi.Spec     // the contract; nil is openapi.Default()
	Seed       uint64            // same seed, same requests, apart from ids that the server makes. 0 draws one; the report names it
	Parameters map[string]string // values of path parameters, by name, for every request; else the documented examples
	Phases     []string          // names of Phases(); none is all
	Now        func() time.Time  // for the report's duration; nil is time.Now
}

// ErrNothingRan says that there was nothing to judge: an empty run is no pass.
var ErrNothingRan = errors.New("nothing ran: the document gives no case for these phases")

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
// is no verdict: [ErrNothingRan], an [*UnreachableError], a phase that does not exist, or the context's end.
func Verify(ctx context.Context, target Target, o Options) (*Report, error) {
	r, cases, err := newRunner(target, o)
	if err != nil {
		return nil, err
	}
	start := r.now()
	for _, c := range cases {
		if err := r.run(ctx, c); err != nil {
			return nil, err
		}
	}
	r.report.DurationMS = r.now().Sub(start).Milliseconds()
	return r.report, nil
}

// Run runs each case as a subtest of t, named phase/case; a finding fails it. It ends t at once when there is no
// verdict, as [Verify] does with an error.
func Run(t *testing.T, target Target, o Options) {
	t.Helper()
	r, cases, err := newRunner(target, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d", r.maker.seed)
	for _, c := range cases {
		t.Run(c.Phase+"/"+c.Name, func(t *testing.T) {
			before := len(r.report.Findings)
			if err := r.run(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			for _, f := range r.report.Findings[before:] {
				t.Error(f.String())
			}
		})
	}
}

// runner sends cases and gathers what it finds.
type runner struct {
	target Target
	maker  *maker
	now    func() time.Time
	report *Report
}

func newRunner(target Target, o Options) (*runner, []Case, error) {
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
	for o.Seed == 0 {
		var raw [8]byte
		_, _ = rand.Read(raw[:]) // never fails
		o.Seed = uint64(binary.BigEndian.Uint32(raw[:]))
	}
	r := &runner{target: target, now: o.Now, maker: &maker{spec: o.Spec, seed: o.Seed, values: o.Parameters}, report: newReport(target, o)}
	cases, err := r.maker.cases(o.Phases)
	return r, cases, err
}

func (m *maker) cases(names []string) ([]Case, error) {
	if len(names) == 0 {
		names = Phases()
	}
	byName := map[string]phase{}
	for _, p := range phases() {
		byName[p.name] = p
	}
	var cases []Case
	for _, name := range names {
		p, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("there is no phase %q, only %v", name, Phases())
		}
		cases = append(cases, p.cases(m)...)
	}
	if len(cases) == 0 {
		return nil, ErrNothingRan
	}
	return cases, nil
}

// run sends a case's steps, takes away what is left of what they created, and reports. The error means that there is no
// verdict; what the case created is taken away all the same.
func (r *runner) run(ctx context.Context, c Case) error {
	left := map[string]bool{} // ids of items that were created and not deleted
	found, err := r.steps(ctx, c, left)
	found = append(found, r.cleanUp(ctx, c, left)...)
	if err == nil {
		r.report.add(c, found)
	}
	return err
}

// steps sends a case's steps until one is not answered.
func (r *runner) steps(ctx context.Context, c Case, left map[string]bool) ([]Finding, error) {
	ids := make([]string, len(c.Steps)+1) // by step, counted from 1
	var found []Finding
	for i, step := range c.Steps {
		if step.Created > 0 && ids[step.Created] == "" {
			continue // what it works on could not be created, which is a finding already
		}
		x := r.exchange(ctx, c, step, ids[step.Created])
		if x.err != nil && (ctx.Err() != nil || r.report.Requests == 0) {
			return found, r.noVerdict(ctx, x.err)
		}
		found = append(found, judge(x)...)
		if x.err != nil {
			break
		}
		if c.Resource != nil && step.Operation == c.Resource.Create && x.succeeded() {
			if ids[i+1] = idOf(x.Body, c.Resource.ID.Created); ids[i+1] != "" {
				left[ids[i+1]] = true
			}
		}
		if c.Resource != nil && step.Operation == c.Resource.Delete && x.succeeded() {
			delete(left, x.ItemID)
		}
	}
	return found, nil
}

func (r *runner) noVerdict(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &UnreachableError{nameOf(r.target), err}
}

// cleanUp deletes what the case left. Only whether there is an answer is judged; the end of ctx does not stop it.
func (r *runner) cleanUp(ctx context.Context, c Case, left map[string]bool) []Finding {
	if c.Resource == nil || c.Resource.Delete == nil {
		return nil
	}
	var found []Finding
	for _, id := range sortedKeys(left) {
		if x := r.exchange(context.WithoutCancel(ctx), c, Step{Operation: c.Resource.Delete}, id); x.err != nil {
			found = append(found, judge(x)...)
		}
	}
	return found
}

// maxAnswer bounds the body of an answer, in bytes.
const maxAnswer = 32 << 20

// exchange sends a step. That there was no answer, and why, is in the exchange's err.
func (r *runner) exchange(ctx context.Context, c Case, step Step, itemID string) (x Exchange) {
	x = Exchange{Case: c, Step: step, ItemID: itemID, spec: r.maker.spec}
	request, err := r.maker.request(step, itemID, c.Resource)
	if err == nil {
		x.Reproduce, err = curl(nameOf(r.target), request)
	}
	if err != nil {
		x.err = fmt.Errorf("the request cannot be made: %w", err)
		return x
	}
	answer, err := r.target.Do(request.WithContext(ctx))
	if err != nil {
		x.err = err
		return x
	}
	r.report.Requests++
	defer func() { _ = answer.Body.Close() }()
	if x.Response, x.err = readAnswer(answer); x.err != nil {
		return x
	}
	x.Body, _ = openapi.DecodeJSON(x.Response.Body)
	x.violations = step.Operation.ValidateResponse(x.Response)
	return x
}

func readAnswer(answer *http.Response) (openapi.Response, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("its body is larger than %d MB", maxAnswer>>20)
	}
	return openapi.Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, err
}

// judge holds an exchange to every check; where there is no answer, only the first has something to look at.
func judge(x Exchange) []Finding {
	checks := Checks()
	if x.err != nil {
		checks = checks[:1]
	}
	var found []Finding
	for _, check := range checks {
		for _, f := range check.judge(x) {
			f.Check, f.Operation, f.Reproduce = check.Name, x.Step.Operation.ID, x.Reproduce
			if f.Rule == "" {
				f.Rule = check.Rule
			}
			found = append(found, f)
		}
	}
	return found
}
