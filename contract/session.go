package contract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// session is one case on its way.
type session struct {
	*runner
	c         Case
	ids       []string        // by step, counted from 1: of the item that it created
	made      map[string]made // items that were created and not deleted, by id
	exchanges []*Exchange
	found     []Finding
	requests  int
	skipped   string // why the case cannot be judged
	unwritten error  // what the ledger could not keep: nothing more may be created
	silent    bool   // a request was not answered
	doubtful  []int  // in the ledger: creations of which nobody knows what became
}

// made is an item that the case created.
type made struct {
	resource *openapi.Resource
	path     map[string]string // of the request that created it
	number   int               // in the ledger
}

// steps sends the case's steps until one is not answered, or the rest cannot be judged.
func (s *session) steps(ctx context.Context) error {
	for i := 0; i < len(s.c.Steps) && s.skipped == "" && !s.silent; {
		n := s.together(i)
		if s.skipped = s.cut(n); s.skipped != "" {
			return nil
		}
		var err error
		if s.c.Steps[i].Pages > 0 {
			err = s.pages(ctx, i)
		} else {
			err = s.send(ctx, i, n)
		}
		if err != nil {
			return err
		}
		i += n
	}
	return nil
}

// cut says why the case may not send n more requests; "" when it may.
func (s *session) cut(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exhausted(n)
}

// together counts the steps from the i-th on that are sent at the same time.
func (s *session) together(i int) int {
	n := 1
	for group := s.c.Steps[i].Together; group > 0 && i+n < len(s.c.Steps) && s.c.Steps[i+n].Together == group; {
		n++
	}
	return n
}

// send sends n steps at the same time and judges the answers in the order of the steps.
func (s *session) send(ctx context.Context, i, n int) error {
	exchanges := make([]*Exchange, 0, n)
	for k := i; k < i+n; k++ {
		if x := s.prepare(k, s.c.Steps[k]); x != nil {
			exchanges = append(exchanges, x)
		}
	}
	s.meet(ctx, exchanges)
	for k, x := range exchanges {
		x.last = k == len(exchanges)-1
		if err := s.take(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// meet sends all requests at once.
func (s *session) meet(ctx context.Context, exchanges []*Exchange) {
	if len(exchanges) == 1 {
		s.exchange(ctx, exchanges[0])
		return
	}
	var wait sync.WaitGroup
	start := make(chan struct{})
	for _, x := range exchanges {
		wait.Go(func() {
			<-start
			s.exchange(ctx, x)
		})
	}
	close(start)
	wait.Wait()
}

// prepare makes a step's exchange; nil when the item that it is about could not be created, which is a finding already.
func (s *session) prepare(k int, step Step) *Exchange {
	if step.Created > 0 && s.ids[step.Created] == "" || step.capitals() && !hasCapitals(s.ids[step.Created]) {
		return nil
	}
	x := &Exchange{Case: s.c, Step: step, ItemID: s.ids[step.Created], spec: s.maker.spec, items: s.items, number: k + 1, ids: s.ids}
	x.request, x.err = s.maker.request(step, x.ItemID)
	x.secrets = sentSecrets(s.maker.spec, step.Body)
	return x
}

// capitals says whether the step sends the item's id in capitals.
func (s Step) capitals() bool {
	return slices.ContainsFunc(s.Arguments, func(a Argument) bool { return slices.Contains(a.Texts, CapitalsOfID) })
}

// uuidLength is the length of a UUID, which has no case (RFC 9562, section 4).
const uuidLength = 36

// hasCapitals says whether an id in capitals is another id.
func hasCapitals(id string) bool { return strings.ToUpper(id) != id && len(id) != uuidLength }

// take records an exchange, judges it, and remembers what was created and deleted.
func (s *session) take(ctx context.Context, x *Exchange) error {
	if s.unwritten != nil {
		return s.unwritten
	}
	if x.err != nil && (ctx.Err() != nil || s.neverAnswered()) {
		return s.noVerdict(ctx, x.err)
	}
	s.silent = s.silent || x.err != nil
	x.earlier = s.exchanges[:len(s.exchanges):len(s.exchanges)] // what is appended later is not seen
	s.exchanges = append(s.exchanges, x)
	s.remember(x)
	s.count(x)
	if s.skipped = s.cannotJudge(x); s.skipped != "" {
		return nil
	}
	if p, ok := x.list(); ok && x.Step.Guard && len(p.items) > 0 {
		s.skipped = "what it would create is on the server already"
		return nil
	}
	s.found = append(s.found, s.judge(x)...)
	return nil
}

// count takes note of an exchange that was answered.
func (s *session) count(x *Exchange) {
	if x.err == nil {
		s.requests++
	}
	s.runner.count(x)
}

func (s *session) noVerdict(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &UnreachableError{nameOf(s.target), s.redactor.err(err)}
}

// remember takes note of the item that an exchange created or deleted.
func (s *session) remember(x *Exchange) {
	r := s.maker.owner(x.Step.Operation)
	if r == nil || !x.succeeded() {
		return
	}
	switch x.Step.Operation {
	case r.Create:
		s.ids[x.number] = idOf(x.Body, r.ID.Created)
	case r.Delete:
		if item, there := s.made[x.ItemID]; there && x.Step.Refused == "" || there && x.Step.Rivals {
			s.forget(x.ItemID, item)
		}
	}
}

func (s *session) forget(id string, item made) {
	delete(s.made, id)
	s.ledgerFailed(s.o.Ledger.Deleted(item.number))
}

// cannotJudge says why the answer says nothing about the contract: the server wants credentials or a pause, and has never
// carried the operation out. Where it has, such an answer to a sound request is a finding.
func (s *session) cannotJudge(x *Exchange) string {
	if x.err != nil || x.Step.Operation.Answer(x.Response.Status) == nil {
		return ""
	}
	switch status := x.Response.Status; status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if !s.carriedOut(x.Step.Operation) && x.Step.Refused != foreign {
			return fmt.Sprintf("%s is answered with %d: it needs other credentials", x.Step.Operation.ID, status)
		}
	case http.StatusTooManyRequests:
		return fmt.Sprintf("%s is answered with 429: send fewer requests a second", x.Step.Operation.ID)
	}
	return ""
}

// maxPages bounds the pages that are asked for.
const maxPages = 64

// pages asks for page after page, until one is empty or the total is reached, and once behind that.
func (s *session) pages(ctx context.Context, i int) error {
	step := s.c.Steps[i]
	base := slices.Clone(step.Arguments)
	for offset, n := 0, 0; n < maxPages; offset, n = offset+step.Pages, n+1 {
		if s.skipped = s.cut(1); s.skipped != "" {
			return nil
		}
		step.Arguments = append(slices.Clone(base), query(s.c.Resource.Limit, strconv.Itoa(step.Pages)), query(s.c.Resource.Offset, strconv.Itoa(offset)))
		x := s.prepare(i, step)
		s.exchange(ctx, x)
		if err := s.take(ctx, x); err != nil {
			return err
		}
		p, ok := x.list()
		if !ok || len(p.items) == 0 || p.total >= 0 && offset > p.total || s.skipped != "" {
			return nil
		}
	}
	return nil
}

// exchange sends a request. That there was no answer, and why, is in the exchange's err.
func (s *session) exchange(ctx context.Context, x *Exchange) {
	if x.err != nil {
		x.err = fmt.Errorf("the request cannot be made: %w", x.err)
		return
	}
	number, err := s.intend(x)
	if x.err = err; err != nil {
		s.ledgerFailed(err)
		return
	}
	if number > 0 {
		patient, end := outliving(ctx, creationGrace)
		defer end()
		ctx = patient
	}
	if x.err = s.deliver(ctx, x); x.err != nil {
		s.doubt(number)
		return
	}
	x.Body, _ = openapi.DecodeJSON(x.Response.Body)
	if x.judgedByOperation() {
		x.violations = x.Step.Operation.ValidateResponse(x.Response)
	}
	s.settle(x, number)
}

// creationGrace is how long a creation may take when the run is interrupted meanwhile: a server that creates the item
// all the same may do so after it was looked for.
const creationGrace = 5 * time.Second

// outliving is ctx, but ends later.
func outliving(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(by, end)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() { stop(); end() }
}

func (s *session) deliver(ctx context.Context, x *Exchange) error {
	request, err := x.request.http()
	if err != nil {
		return err
	}
	answer, err := s.target.Do(request.WithContext(ctx))
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	s.heard()
	x.Response, err = readAnswer(answer)
	return err
}

// judgedByOperation says whether the operation describes the answer: another method or path belongs to none, and what a
// server says of a malformed request may come from a part of it that the document does not speak of.
func (x *Exchange) judgedByOperation() bool {
	raw, status := x.Step.Raw, x.Response.Status
	if x.mayFail() && status >= 400 && status < 500 && !describesRefusal(x.Step.Operation) {
		return false
	}
	if raw == nil {
		return true
	}
	if raw.Method != "" || raw.Suffix != "" {
		return false
	}
	infrastructure := []int{400, 404, 405, 406, 411, 413, 414, 415, 431, 501}
	return x.Step.Operation.Answer(status) != nil || !slices.Contains(infrastructure, status)
}

// describesRefusal says whether the operation describes what a request is refused with: where it is silent, every
// refusal is sound.
func describesRefusal(op *openapi.Operation) bool {
	return slices.ContainsFunc(op.Responses, func(a *openapi.Answer) bool { return a.Status == "default" || strings.HasPrefix(a.Status, "4") })
}

// intend writes a creation into the ledger before it is sent; 0 for what creates nothing.
func (s *session) intend(x *Exchange) (int, error) {
	r := s.maker.owner(x.Step.Operation)
	if r == nil || x.Step.Operation != r.Create {
		return 0, nil
	}
	unique := map[string]string{}
	for _, pointer := range r.Unique {
		if text := textOf(lookup(x.Step.Body, r.Sent+pointer)); s.maker.isOwn(text) {
			unique[pointer] = text
		}
	}
	return s.o.Ledger.Intend(r.Name, x.request.path, unique)
}

// settle writes into the ledger what became of a creation.
func (s *session) settle(x *Exchange, number int) {
	if number == 0 {
		return
	}
	r := s.maker.owner(x.Step.Operation)
	id := idOf(x.Body, r.ID.Created)
	switch status := x.Response.Status; {
	case status >= 500 && (!x.mayFail() || status != x.wanted()), x.succeeded() && id == "": // there may be an item
		s.doubt(number)
		return
	case !x.succeeded():
		s.ledgerFailed(s.o.Ledger.Refused(number))
		return
	}
	s.ledgerFailed(s.o.Ledger.Created(number, id))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects++
	s.made[id] = made{r, x.request.path, number}
}

// doubt takes note of a creation of which nobody knows what became; 0 is none.
func (s *session) doubt(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number > 0 {
		s.doubtful = append(s.doubtful, number)
	}
}

// search looks for what may have been created, as a cleanup would later.
func (s *session) search(ctx context.Context) {
	if len(s.doubtful) == 0 || s.neverAnswered() {
		return
	}
	entries := slices.DeleteFunc(s.o.Ledger.Open(), func(e LedgerEntry) bool { return !slices.Contains(s.doubtful, e.Number) })
	report, _ := Cleanup(ctx, s.target, s.maker.spec, entries, CleanupOptions{})
	for _, e := range report.Entries {
		if e.Outcome != Left {
			s.ledgerFailed(s.o.Ledger.Deleted(e.Number))
		}
	}
}

// cleanUp deletes what the case left. Only whether there is an answer is judged; the end of ctx does not stop it.
func (s *session) cleanUp(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	defer s.search(ctx)
	for _, id := range slices.Sorted(maps.Keys(s.made)) {
		item := s.made[id]
		if item.resource.Delete == nil {
			continue
		}
		step := Step{Operation: item.resource.Delete}
		for _, name := range sortedKeys(item.path) {
			step.Arguments = append(step.Arguments, Argument{openapi.InPath, name, []string{item.path[name]}})
		}
		x := &Exchange{Case: s.c, Step: step, ItemID: id, spec: s.maker.spec, items: s.items, ids: s.ids, earlier: s.exchanges}
		if x.request, x.err = s.maker.request(step, id); x.err == nil {
			s.exchange(ctx, x)
		}
		s.count(x)
		if x.succeeded() || x.err == nil && x.Response.Status >= 400 && x.Response.Status < 500 && s.gone(x) {
			s.forget(id, item)
		} else if x.err != nil && s.skipped == "" && !s.silent {
			s.found = append(s.found, s.judge(x)...)
		}
	}
}

// gone says whether a refused deletion means that there is nothing to delete.
func (s *session) gone(x *Exchange) bool {
	return slices.Contains([]int{x.unknownID(), http.StatusNotFound, http.StatusGone}, x.Response.Status)
}

// ledgerFailed ends the run: what cannot be written down must not be created.
func (s *session) ledgerFailed(err error) {
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unwritten = errors.Join(s.unwritten, fmt.Errorf("the ledger cannot be written: %w", err))
	}
}

// judge holds an exchange to every check; where there is no answer, only the first has something to look at.
func (s *session) judge(x *Exchange) []Finding {
	checks := s.checks
	if x.err != nil {
		checks = checks[:1]
	}
	var found []Finding
	for _, check := range checks {
		for _, f := range check.judge(x) {
			f.Check, f.Operation, f.Case = check.Name, x.Step.Operation.ID, s.c.String()
			if f.Rule == "" {
				f.Rule = check.Rule
			}
			s.document(&f, x)
			found = append(found, f)
		}
	}
	return found
}

// document adds to a finding what was sent and answered, without secrets.
func (s *session) document(f *Finding, x *Exchange) {
	f.Message, f.Pointer = s.redactor.text(f.Message), s.redactor.text(f.Pointer)
	f.Reproduce = s.replay(x)
	if x.request != nil {
		f.Request = s.message(x.request.method+" "+x.request.target, x.request.header, x.request.body)
	}
	if x.err == nil {
		f.Answer = s.message(statusText(x.Response.Status), x.Response.Header, x.Response.Body)
	}
}
