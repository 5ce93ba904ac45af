package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// CleanupOptions are all choices. The zero value works.
type CleanupOptions struct {
	DryRun bool // deletes nothing: what would be deleted has the outcome ToDelete
	Pages  int  // how many pages of a list are read at most; 0: 1000
}

// CleanupOutcome is what became of an entry.
type CleanupOutcome string

// The outcomes.
const (
	Deleted  CleanupOutcome = "deleted"
	Gone     CleanupOutcome = "gone"      // it was not there, or never created
	Left     CleanupOutcome = "left"      // it is still there, or nobody knows
	ToDelete CleanupOutcome = "to delete" // a dry run leaves it
)

// CleanupEntry is an entry of a ledger and what became of it; its ID is known where the item was found.
type CleanupEntry struct {
	LedgerEntry
	Outcome CleanupOutcome
	Reason  string // why it was left
}

// CleanupReport has every entry once, in the order of the work.
type CleanupReport struct{ Entries []CleanupEntry }

// Count is the number of entries with one of the outcomes.
func (r CleanupReport) Count(outcomes ...CleanupOutcome) int {
	n := 0
	for _, e := range r.Entries {
		if slices.Contains(outcomes, e.Outcome) {
			n++
		}
	}
	return n
}

// Cleanup deletes what the entries of a ledger name, and nothing else. Those with an id come first, so that none of
// them is taken for one without; then the newest, on which others cannot depend.
//
// An entry without an id is looked for in its collection by its unique values; it is left where several items have
// them, or where the list cannot be read to its end. A refusal to delete is believed to mean that the item is gone
// only when the collection, where it can be listed, does not show it: a wrong server refuses everything.
//
// The error says what stopped the work: the context's end, or an [*UnreachableError] when nothing was ever answered.
// The report then has the entries so far.
func Cleanup(ctx context.Context, target Target, spec *openapi.Spec, entries []LedgerEntry, o CleanupOptions) (CleanupReport, error) {
	if o.Pages <= 0 {
		o.Pages = 1000
	}
	c := &cleaner{target: target, spec: spec, maker: newMaker(Options{Spec: spec}), options: o}
	secrets := newRedactor(secretsOf(target))
	var report CleanupReport
	for _, e := range cleanupOrder(entries) {
		done := c.clean(ctx, e)
		if ctx.Err() != nil && done.Outcome == Left {
			return report, ctx.Err()
		}
		if c.failed != nil && c.answers == 0 {
			return report, &UnreachableError{Target: nameOf(target), Err: secrets.err(c.failed)}
		}
		done.Reason = secrets.text(done.Reason)
		report.Entries = append(report.Entries, done)
	}
	return report, nil
}

func cleanupOrder(entries []LedgerEntry) []LedgerEntry {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b LedgerEntry) int {
		if (a.ID == "") != (b.ID == "") {
			return strings.Compare(b.ID, a.ID) // "" is the least
		}
		return b.Number - a.Number
	})
	return sorted
}

type cleaner struct {
	target  Target
	spec    *openapi.Spec
	maker   *maker
	options CleanupOptions
	answers int   // that came
	failed  error // why the last one did not
}

// clean takes care of one entry.
func (c *cleaner) clean(ctx context.Context, e LedgerEntry) CleanupEntry {
	r := c.resource(e.Resource)
	switch {
	case r == nil:
		return left(e, "the document has no resource of that name")
	case r.Delete == nil:
		return left(e, "the document has no operation that deletes it")
	case e.ID == "":
		return c.search(ctx, r, e)
	}
	return c.remove(ctx, r, e)
}

func left(e LedgerEntry, format string, args ...any) CleanupEntry {
	return CleanupEntry{e, Left, fmt.Sprintf(format, args...)}
}

func (c *cleaner) resource(name string) *openapi.Resource {
	for _, r := range c.spec.Resources() {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// search looks for the item of an entry without an id.
func (c *cleaner) search(ctx context.Context, r *openapi.Resource, e LedgerEntry) CleanupEntry {
	if len(e.Unique) == 0 {
		return left(e, "whether it was created is not known, and it has no value of its own to be found by")
	}
	ids, err := c.find(ctx, r, e, func(item any) bool { return hasValues(item, e.Unique) })
	switch {
	case err != nil:
		return left(e, "whether it was created is not known: %v", err)
	case len(ids) == 0:
		return CleanupEntry{LedgerEntry: e, Outcome: Gone}
	case len(ids) > 1:
		return left(e, "%d items have its values: %s", len(ids), strings.Join(quoted(ids), ", "))
	case ids[0] == "":
		return left(e, "the list shows it without an id")
	}
	e.ID = ids[0]
	return c.remove(ctx, r, e)
}

// remove deletes the item of an entry with an id.
func (c *cleaner) remove(ctx context.Context, r *openapi.Resource, e LedgerEntry) CleanupEntry {
	if c.options.DryRun {
		return CleanupEntry{LedgerEntry: e, Outcome: ToDelete}
	}
	answer, err := c.send(ctx, r.Delete, withID(r, e))
	switch {
	case err != nil:
		return left(e, "%v", err)
	case answer.Status >= 200 && answer.Status < 300:
		return CleanupEntry{LedgerEntry: e, Outcome: Deleted}
	case !c.meansGone(answer.Status):
		return left(e, "deleting it was answered with %s", statusText(answer.Status))
	case r.List == nil && r.Get == nil:
		return CleanupEntry{LedgerEntry: e, Outcome: Gone}
	case r.List == nil:
		return c.reread(ctx, r, e, answer.Status)
	}
	ids, err := c.find(ctx, r, e, func(item any) bool { return hasValues(item, map[string]string{r.ID.Item: e.ID}) })
	switch {
	case err != nil:
		return left(e, "deleting it was answered with %s, and whether it is there is not known: %v", statusText(answer.Status), err)
	case len(ids) > 0:
		return left(e, "deleting it was answered with %s, and it is still listed", statusText(answer.Status))
	}
	return CleanupEntry{LedgerEntry: e, Outcome: Gone}
}

// reread asks for an item whose deletion was refused as if it were gone.
func (c *cleaner) reread(ctx context.Context, r *openapi.Resource, e LedgerEntry, refused int) CleanupEntry {
	answer, err := c.send(ctx, r.Get, withID(r, e))
	switch {
	case err != nil:
		return left(e, "deleting it was answered with %s, and whether it is there is not known: %v", statusText(refused), err)
	case answer.Status >= 200 && answer.Status < 300:
		return left(e, "deleting it was answered with %s, and it is still there", statusText(refused))
	}
	return CleanupEntry{LedgerEntry: e, Outcome: Gone}
}

// meansGone is true of the statuses that say that there is no such item.
func (c *cleaner) meansGone(status int) bool {
	row, _ := c.spec.Refusal(openapi.UnknownID, nil)
	return status == row.Status || status == http.StatusNotFound || status == http.StatusGone
}

// withID are the path parameters of the item.
func withID(r *openapi.Resource, e LedgerEntry) map[string]string {
	values := map[string]string{r.ID.Parameter: e.ID}
	for name, value := range e.Parameters {
		if name != r.ID.Parameter {
			values[name] = value
		}
	}
	return values
}

// find reads a collection to its end and gives the ids of the items that are wanted, each once. It is an error when
// the end cannot be reached: then there may be more. What the list states as its total is not taken for the end, since
// that may be wrong: a page with nothing new is.
func (c *cleaner) find(ctx context.Context, r *openapi.Resource, e LedgerEntry, wanted func(any) bool) ([]string, error) {
	if r.List == nil {
		return nil, errors.New("the document has no operation that lists its collection")
	}
	seen := &shown{ids: map[string]bool{}}
	inPages, at := r.Offset != "" || r.Page != "" || r.Cursor != "", turn{}
	for at.page = range c.options.Pages {
		at.offset = seen.all
		page, err := c.page(ctx, r, e, at)
		if err != nil {
			return nil, err
		}
		fresh := seen.add(page.items, r.ID.Item, wanted)
		at.next = page.next
		switch {
		case inPages && fresh > 0 && !at.ended(r):
			continue
		case page.total > seen.different:
			return nil, fmt.Errorf("the list shows %d of %d items", seen.different, page.total)
		case inPages && !at.ended(r) && len(page.items) > 0 && page.total < 0:
			return nil, errors.New("the list shows the same page again and again")
		}
		return seen.wanted, nil
	}
	return nil, fmt.Errorf("its collection has more than %d pages", c.options.Pages)
}

// turn is where a list is read on.
type turn struct {
	page   int // pages before it
	offset int // items before it
	next   string
}

// ended says whether the last page has named no next one.
func (t turn) ended(r *openapi.Resource) bool {
	return r.Offset == "" && r.Page == "" && r.Cursor != "" && t.next == ""
}

// arguments ask for the page; none for the first.
func (t turn) arguments(r *openapi.Resource) []Argument {
	switch {
	case t.page == 0:
		return nil
	case r.Offset != "":
		return []Argument{query(r.Offset, strconv.Itoa(t.offset))}
	case r.Page != "":
		return []Argument{query(r.Page, strconv.Itoa(r.First+t.page))}
	}
	return []Argument{query(r.Cursor, t.next)}
}

// shown is what the pages of a list have shown so far.
type shown struct {
	wanted    []string // ids of the items that are looked for
	all       int
	different int
	ids       map[string]bool
}

// add gives the number of items that no page has shown before. Items without an id are told apart by nothing.
func (s *shown) add(items []any, id string, wanted func(any) bool) (fresh int) {
	for _, item := range items {
		s.all++
		name := idOf(item, id)
		if name != "" && s.ids[name] {
			continue
		}
		s.ids[name] = true
		s.different++
		fresh++
		if wanted(item) {
			s.wanted = append(s.wanted, name)
		}
	}
	return fresh
}

type cleanupPage struct {
	items []any
	total int // -1: the list does not say
	next  string
}

func (c *cleaner) page(ctx context.Context, r *openapi.Resource, e LedgerEntry, at turn) (cleanupPage, error) {
	answer, err := c.send(ctx, r.List, e.Parameters, at.arguments(r)...)
	if err != nil {
		return cleanupPage{}, err
	}
	if at.page > 0 && r.Offset == "" && answer.Status == http.StatusNotFound { // some answer so behind the last page
		return cleanupPage{total: -1}, nil
	}
	if answer.Status < 200 || answer.Status >= 300 {
		return cleanupPage{}, fmt.Errorf("listing its collection was answered with %s", statusText(answer.Status))
	}
	body, err := openapi.DecodeJSON(answer.Body)
	if err != nil {
		return cleanupPage{}, fmt.Errorf("the list of its collection %w", err)
	}
	items, ok := lookup(body, r.Items).([]any)
	if !ok {
		return cleanupPage{}, errors.New("the list of its collection has no items where the document says")
	}
	page := cleanupPage{items: items, total: -1}
	if r.Next != "" {
		page.next = textOf(lookup(body, r.Next))
	}
	if r.Total != "" {
		page.total = whole(lookup(body, r.Total))
	}
	return page, nil
}

// send sends the request of an operation and reads the answer.
func (c *cleaner) send(ctx context.Context, op *openapi.Operation, path map[string]string, arguments ...Argument) (openapi.Response, error) {
	step := Step{Operation: op, Arguments: arguments}
	for _, p := range op.Parameters {
		if p.In == openapi.InPath {
			if err := nameable(p.Name, path[p.Name]); err != nil {
				return openapi.Response{}, err
			}
			step.Arguments = append(step.Arguments, inPath(p.Name, path[p.Name]))
		}
	}
	sent, err := c.maker.request(step, known{})
	if err != nil {
		return openapi.Response{}, fmt.Errorf("the request cannot be made: %w", err)
	}
	request, err := sent.http()
	if err != nil {
		return openapi.Response{}, fmt.Errorf("the request cannot be made: %w", err)
	}
	answer, err := c.target.Do(request.WithContext(ctx))
	if err != nil {
		c.failed = err
		return openapi.Response{}, fmt.Errorf("there was no answer: %w", err)
	}
	c.answers++
	defer func() { _ = answer.Body.Close() }()
	whole, err := readAnswer(answer)
	if err != nil {
		return openapi.Response{}, fmt.Errorf("there was no whole answer: %w", err)
	}
	return whole, nil
}

// nameable refuses what names another resource: nothing, which the ledger would have to know, and the dots that mean
// this one and the one above.
func nameable(name, value string) error {
	switch value {
	case "":
		return fmt.Errorf("the ledger has no value for the path parameter %s", name)
	case ".", "..":
		return fmt.Errorf("%q cannot stand in a path", value)
	}
	return nil
}

func hasValues(item any, values map[string]string) bool {
	for pointer, value := range values {
		if text := textOf(lookup(item, pointer)); text == "" || text != value {
			return false
		}
	}
	return true
}

func quoted(list []string) []string {
	var texts []string
	for _, s := range list {
		texts = append(texts, strconv.Quote(s))
	}
	return texts
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
