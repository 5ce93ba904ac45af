package journal

import (
	"context"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/generated/control"
)

// Filter says which exchanges are meant; the zero value is all. Limit 0 is no limit. WaitMs is for [Journal.Wait]'s callers
// to make a context of.
type Filter = control.ListExchangesParams

// Query gives the latest exchanges that pass the filter; with After the next ones behind it. The oldest comes first.
func (j *Journal) Query(f Filter) control.Journal {
	found, last, forgotten := j.find(f)
	return j.tell(found, last, forgotten)
}

// Exchanges are those of [Journal.Query] alone.
func (j *Journal) Exchanges(f Filter) []control.Exchange { return j.Query(f).Exchanges }

// Exchange finds one by its request id.
func (j *Journal) Exchange(id string) (control.Exchange, bool) {
	entries, _, _ := j.find(Filter{})
	for _, e := range slices.Backward(entries) {
		if e.ID == id {
			return j.exchange(e), true
		}
	}
	return control.Exchange{}, false
}

// Wait is Query, but waits for the first exchange when there is none. What it has when ctx ends or the journal is closed
// is its answer.
func (j *Journal) Wait(ctx context.Context, f Filter) control.Journal {
	for {
		arrival := j.nextArrival() // before the look, so that nothing comes unseen in between
		found, last, forgotten := j.find(f)
		if len(found) > 0 {
			return j.tell(found, last, forgotten)
		}
		f.After = &last
		select {
		case <-arrival:
			continue
		case <-ctx.Done():
		case <-j.closed:
		}
		return j.tell(found, last, forgotten)
	}
}

// nextArrival is closed when the next entry comes.
func (j *Journal) nextArrival() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.arrival == nil {
		j.arrival = make(chan struct{})
	}
	return j.arrival
}

func (j *Journal) tell(found []*Entry, last, forgotten int64) control.Journal {
	told := control.Journal{Exchanges: make([]control.Exchange, len(found)), Last: last, Forgotten: forgotten}
	for i, e := range found {
		told.Exchanges[i] = j.exchange(e)
	}
	return told
}

// find looks at entries when nobody is held up by it any more: they never change.
func (j *Journal) find(f Filter) (found []*Entry, last, forgotten int64) {
	entries, last, forgotten := j.since(f.After)
	latest := f.After == nil
	if latest {
		slices.Reverse(entries)
	}
	for _, e := range entries {
		if passes(f, e) {
			found = append(found, e)
		}
		if len(found) == f.Limit && f.Limit > 0 {
			break
		}
	}
	if latest {
		slices.Reverse(found)
	}
	return found, last, forgotten
}

// since are the entries with a higher number, the oldest first; nil is all.
func (j *Journal) since(number *int64) (entries []*Entry, last, forgotten int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	first := 0
	if number != nil {
		first = sort.Search(j.size, func(i int) bool { return j.at(i).number > *number })
	}
	entries = make([]*Entry, 0, j.size-first)
	for i := first; i < j.size; i++ {
		entries = append(entries, j.at(i))
	}
	return entries, j.last, j.last - int64(j.size)
}

func passes(f Filter, e *Entry) bool {
	return (f.Operation == "" || f.Operation == e.operation()) &&
		(f.Method == "" || strings.EqualFold(f.Method, e.Method)) &&
		strings.HasPrefix(e.URL.EscapedPath(), f.Path) &&
		(f.Project == "" || f.Project == e.project()) &&
		hasStatus(f.Status, e.Response.Status) && isOne(f.Only, e)
}

// hasStatus compares with a status or a class: 404, 4XX.
func hasStatus(want string, status int) bool {
	code := strconv.Itoa(status)
	class, isClass := strings.CutSuffix(strings.ToUpper(want), "XX")
	return want == "" || want == code || isClass && strings.HasPrefix(code, class)
}

func isOne(only control.Only, e *Entry) bool {
	switch only {
	case control.OnlyRefused:
		return e.Refused != ""
	case control.OnlyViolations:
		return len(e.Violations) > 0
	case control.OnlyFaults:
		return len(e.Faults) > 0
	case control.OnlyStubs:
		return e.Stub != ""
	}
	return true
}
