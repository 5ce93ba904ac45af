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
	ids       []string                     // by step, counted from 1: of the item that it created
	held      map[*openapi.Resource]string // ids of what Case.Before created
	made      map[int]made                 // items that were created and not deleted, by their number in the ledger
	exchanges []*Exchange
	answers   map[int]*Exchange // by the number of the step
	sent      int               // steps
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
	id       string
}

// steps sends the case's steps until one is not answered, or the rest cannot be judged.
func (s *session) steps(ctx context.Context) error {
	if err := s.setUp(ctx); err != nil {
		return err
	}
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
		s.sent = i
	}
	return nil
}

// setUp creates what the case needs. That it cannot be created is a finding of the cases that are about that, and here a
// reason to judge nothing.
func (s *session) setUp(ctx context.Context) error {
	for i, step := range s.c.Before {
		if s.skipped = s.cut(1); s.skipped != "" {
			return nil
		}
		x := s.prepare(-i-1, step)
		if x == nil {
			s.skipped = s.notReached("what it needs is not in the answers before it")
			return nil
		}
		s.exchange(ctx, x)
		if err := s.record(ctx, x); err != nil || s.skipped != "" {
			return err
		}
		if x.err != nil {
			s.found = append(s.found, s.judge(x)...)
			return nil
		}
		s.skipped = s.hold(x)
	}
	return nil
}

// hold keeps the id of what the case needs, and says why there is none.
func (s *session) hold(x *Exchange) string {
	r := s.maker.owner(x.Step.Operation)
	switch {
	case !x.succeeded():
		return s.notReached(fmt.Sprintf("%s, which makes what it needs, is answered with %d", x.Step.Operation.ID, x.Response.Status))
	case r == nil || !x.Step.creates(r):
		return ""
	case x.idMade(r) == "":
		return s.notReached(fmt.Sprintf("%s, which makes what it needs, gives no id", x.Step.Operation.ID))
	}
	s.held[r] = x.idMade(r)
	return ""
}

func (s *session) notReached(why string) string {
	return fmt.Sprintf("%s is not reached: %s", s.c.Operation.ID, why)
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
		if x := s.prepare(k+1, s.c.Steps[k]); x != nil {
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

// prepare makes a step's exchange; nil when the item that it is about could not be created, which is a finding already,
// or when something else is missing that earlier answers were to give.
func (s *session) prepare(number int, step Step) *Exchange {
	if step.Created > 0 && s.ids[step.Created] == "" || step.capitals() && !hasCapitals(s.ids[step.Created]) {
		return nil
	}
	if before := s.answers[step.If]; step.If > 0 && (before == nil || !before.succeeded()) {
		return nil
	}
	step, ok := s.filledIn(step)
	if !ok {
		return nil
	}
	x := &Exchange{Case: s.c, Step: step, ItemID: s.ids[step.Created], spec: s.maker.spec, items: s.items, number: number, ids: s.ids}
	x.request, x.err = s.maker.request(step, known{x.ItemID, s.held})
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

// take records an exchange and judges it.
func (s *session) take(ctx context.Context, x *Exchange) error {
	if err := s.record(ctx, x); err != nil || s.skipped != "" {
		return err
	}
	if p, ok := x.list(); ok && x.Step.Guard && len(p.items) > 0 {
		s.skipped = "what it would create is on the server already"
		return nil
	}
	if s.maker.selection.chooses(x.Step.Operation) {
		s.found = append(s.found, s.judge(x)...)
	}
	if s.skipped = s.unusable(x); s.skipped != "" {
		s.lost.give(s.maker.owner(x.Step.Operation), s.skipped)
	}
	return nil
}

// record remembers what was created and deleted, and whether the answer can be judged.
func (s *session) record(ctx context.Context, x *Exchange) error {
	if s.unwritten != nil {
		return s.unwritten
	}
	if x.err != nil && (ctx.Err() != nil || s.neverAnswered()) {
		return s.noVerdict(ctx, x.err)
	}
	s.silent = s.silent || x.err != nil
	x.earlier = s.exchanges[:len(s.exchanges):len(s.exchanges)] // what is appended later is not seen
	s.exchanges = append(s.exchanges, x)
	s.answers[x.number] = x
	s.remember(x)
	s.count(x)
	s.skipped = s.cannotJudge(x)
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
	switch {
	case x.Step.creates(r) && x.number > 0:
		s.ids[x.number] = x.idMade(r)
	case x.Step.Operation == r.Delete && (x.Step.Refused == "" || x.Step.Rivals || x.Step.Open && x.Step.Refused == openapi.InUse):
		for number, item := range s.made {
			if item.resource == r && item.id == x.request.path[r.ID.Parameter] && item.in(x.request.path) {
				s.forget(number)
			}
		}
	}
}

// in says whether the path names the collection of the item, as far as it names one.
func (item made) in(path map[string]string) bool {
	for name, value := range item.path {
		if other, there := path[name]; there && name != item.resource.ID.Parameter && other != value {
			return false
		}
	}
	return true
}

// forget takes note that an item is gone, and with it those of its own that cannot be deleted one by one.
func (s *session) forget(number int) {
	gone := s.made[number]
	delete(s.made, number)
	s.ledgerFailed(s.o.Ledger.Deleted(number))
	for n, item := range s.made {
		if item.resource.Parent == gone.resource && item.resource.Delete == nil && item.path[item.resource.Holder] == gone.id {
			s.forget(n)
		}
	}
}

// cannotJudge says why the answer says nothing about the contract: the server wants credentials or a pause, and has never
// carried the operation out. Where it has, such an answer to a sound request is a finding.
func (s *session) cannotJudge(x *Exchange) string {
	if x.err != nil {
		return ""
	}
	op, status := x.Step.Operation, x.Response.Status
	described := op.Answer(status) != nil
	switch {
	case status == http.StatusTooManyRequests && described:
		return fmt.Sprintf("%s is answered with 429: send fewer requests a second", op.ID)
	case x.Step.Refused == foreign || s.carriedOut(op) && (x.Step.Created > 0 || status != http.StatusNotFound && status != http.StatusGone):
	case (status == http.StatusUnauthorized || status == http.StatusForbidden) && (described || op.Secured):
		reason := fmt.Sprintf("%s is answered with %d: it needs other credentials", op.ID, status)
		s.lost.lock(op, reason)
		return reason
	case (status == http.StatusNotFound || status == http.StatusGone) && !x.mayFail() && len(x.request.invented) > 0:
		reason := fmt.Sprintf("%s is not reached (%d): there may be no item to ask for; give --parameter %s=…", op.ID, status, x.request.invented[len(x.request.invented)-1])
		s.lost.miss(op, reason)
		return reason
	}
	return ""
}

// unusable says why nothing can be done with what was created; "" where it can, or where the check created-id says it.
func (s *session) unusable(x *Exchange) string {
	r := s.maker.owner(x.Step.Operation)
	if x.err != nil || r == nil || !x.Step.creates(r) || !x.succeeded() || x.mayFail() || x.departs() || x.idMade(r) != "" || x.promisesID(r) {
		return ""
	}
	return fmt.Sprintf("%s gives no id: nothing can be said of what it creates", x.Step.Operation.ID)
}

// maxPages bounds the pages that are asked for.
const maxPages = 64

// pages asks for page after page, until one is empty or the total is reached, and once behind that.
func (s *session) pages(ctx context.Context, i int) error {
	step := s.c.Steps[i]
	base := slices.Clone(step.Arguments)
	var last *Exchange
	for n := range maxPages {
		if s.skipped = s.cut(1); s.skipped != "" {
			return nil
		}
		turn, more := s.turn(n, step.Pages, last)
		if !more {
			return nil
		}
		step.Arguments = append(slices.Clone(base), turn...)
		if n > 0 && s.c.Resource.Offset == "" { // some answer 404 to a page behind the last
			step.Refused, step.Open = openapi.UnknownID, true
		}
		last = s.prepare(i+1, step)
		s.exchange(ctx, last)
		if err := s.take(ctx, last); err != nil {
			return err
		}
		p, ok := last.list()
		if !ok || len(p.items) == 0 || p.total >= 0 && n*step.Pages > p.total || s.skipped != "" {
			return nil
		}
	}
	s.skipped = fmt.Sprintf("the collection has more than %d pages of %d items", maxPages, step.Pages)
	return nil
}

// turn are the arguments that ask for the n-th page of so many items; false behind the last.
func (s *session) turn(n, size int, last *Exchange) ([]Argument, bool) {
	r := s.c.Resource
	arguments := []Argument{query(r.Limit, strconv.Itoa(size))}
	switch {
	case r.Offset != "":
		return append(arguments, query(r.Offset, strconv.Itoa(n*size))), true
	case r.Page != "":
		return append(arguments, query(r.Page, strconv.Itoa(r.First+n))), true
	case last == nil:
		return arguments, true
	}
	next := textOf(lookup(last.Body, r.Next))
	return append(arguments, query(r.Cursor, next)), next != ""
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
	x.Body, _ = openapi.DecodeJSON(x.Response.Body) // what is no JSON, the contract says
	x.Response.Value = x.Body
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
	if x.mayFail() && status >= 400 && status < 500 && !x.refusalIsDescribed() {
		return false
	}
	if x.Step.Refused == openapi.UnknownID && x.Step.Open && x.succeeded() && !foresees(x.spec, x.Step.Operation, openapi.UnknownID) {
		return false // what such a request is answered with, the document does not say
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

// intend writes a creation into the ledger before it is sent; 0 for what creates nothing.
func (s *session) intend(x *Exchange) (int, error) {
	r := s.maker.owner(x.Step.Operation)
	if r == nil || !x.Step.creates(r) {
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
	id := x.idMade(r)
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
	s.made[number] = made{r, x.request.path, id}
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
	deletable := map[string]bool{}
	for _, r := range s.maker.relations.resources {
		deletable[r.Name] = r.Delete != nil
	}
	entries := slices.DeleteFunc(s.o.Ledger.Open(), func(e LedgerEntry) bool { return !slices.Contains(s.doubtful, e.Number) || !deletable[e.Resource] })
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
	s.restore(ctx)
	for _, number := range slices.Backward(slices.Sorted(maps.Keys(s.made))) { // what belongs to others was made after them
		item, there := s.made[number]
		if !there || item.resource.Delete == nil {
			continue
		}
		step := Step{Operation: item.resource.Delete}
		for _, name := range sortedKeys(item.path) {
			step.Arguments = append(step.Arguments, inPath(name, item.path[name]))
		}
		x := &Exchange{Case: s.c, Step: step, ItemID: item.id, spec: s.maker.spec, items: s.items, ids: s.ids, earlier: s.exchanges}
		if x.request, x.err = s.maker.request(step, known{item: item.id}); x.err == nil {
			s.exchange(ctx, x)
		}
		s.count(x)
		if x.succeeded() || x.err == nil && x.Response.Status >= 400 && x.Response.Status < 500 && s.gone(x) {
			s.forget(number)
		} else if x.err != nil && s.skipped == "" && !s.silent {
			s.found = append(s.found, s.judge(x)...)
		}
	}
}

// restore sends back what a case that ended early has changed and could not send back itself.
func (s *session) restore(ctx context.Context) {
	if s.sent == 0 || s.sent >= len(s.c.Steps) {
		return
	}
	if step := s.c.Steps[len(s.c.Steps)-1]; step.Put > 0 {
		if x := s.prepare(len(s.c.Steps), step); x != nil {
			s.exchange(ctx, x)
			s.count(x)
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
