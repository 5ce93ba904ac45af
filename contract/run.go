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

// run sends a case's steps until one is not answered, and takes away what is left of what it created.
func (r *runner) run(ctx context.Context, c Case) error {
	ids := make([]string, len(c.Steps)+1) // by step, counted from 1
	gone := map[string]bool{}
	var found []Finding
	for i, step := range c.Steps {
		if step.Created > 0 && ids[step.Created] == "" && i > 0 {
			continue // what it works on could not be created, which is a finding already
		}
		x, err := r.exchange(ctx, c, step, ids[step.Created])
		if err != nil {
			if ctx.Err() != nil || r.report.Requests == 0 {
				return r.noVerdict(ctx, err)
			}
			found = append(found, Finding{Check: "answer", Operation: step.Operation.ID, Message: "there was no answer: " + err.Error(), Rule: "Every request is answered.", Reproduce: x.Reproduce})
			break
		}
		if c.Resource != nil && step.Operation == c.Resource.Create && x.succeeded() {
			ids[i+1] = idOf(x.Body, c.Resource.ID.Created)
		}
		if c.Resource != nil && step.Operation == c.Resource.Delete && x.succeeded() {
			gone[x.ItemID] = true
		}
		found = append(found, judge(x)...)
	}
	r.report.add(c, found)
	return r.cleanUp(ctx, c, ids, gone)
}

func (r *runner) noVerdict(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &UnreachableError{nameOf(r.target), err}
}

// cleanUp deletes what the case created and did not delete. Its answers are not judged.
func (r *runner) cleanUp(ctx context.Context, c Case, ids []string, gone map[string]bool) error {
	if c.Resource == nil || c.Resource.Delete == nil {
		return nil
	}
	for _, id := range ids {
		if id == "" || gone[id] {
			continue
		}
		if _, err := r.exchange(context.WithoutCancel(ctx), c, Step{Operation: c.Resource.Delete}, id); err != nil {
			return fmt.Errorf("%s %s could not be deleted again: %w", c.Resource.Name, id, err)
		}
	}
	return nil
}

// maxAnswer bounds the body of an answer, in bytes.
const maxAnswer = 32 << 20

func (r *runner) exchange(ctx context.Context, c Case, step Step, itemID string) (Exchange, error) {
	x := Exchange{Case: c, Step: step, ItemID: itemID, spec: r.maker.spec}
	request, err := r.maker.request(step, itemID, c.Resource)
	if err != nil {
		return x, fmt.Errorf("the request cannot be made: %w", err)
	}
	if x.Reproduce, err = curl(nameOf(r.target), request); err != nil {
		return x, err
	}
	answer, err := r.target.Do(request.WithContext(ctx))
	if err != nil {
		return x, err
	}
	r.report.Requests++
	defer func() { _ = answer.Body.Close() }()
	if x.Response, err = readAnswer(answer); err != nil {
		return x, err
	}
	x.Body, _ = openapi.DecodeJSON(x.Response.Body)
	x.violations = step.Operation.ValidateResponse(x.Response)
	return x, nil
}

func readAnswer(answer *http.Response) (openapi.Response, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("its body is larger than %d MB", maxAnswer>>20)
	}
	return openapi.Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, err
}

// judge holds an exchange to every check.
func judge(x Exchange) []Finding {
	var found []Finding
	for _, check := range Checks() {
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
