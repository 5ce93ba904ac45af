package fault

import (
	"iter"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// Chosen are the faults that are to act on one request, in their order. Its methods are called in the order in which
// they stand here, each at most once, by one goroutine; nil is no faults.
type Chosen struct{ faults []acting }

// acting is a fault that a request is to have.
type acting struct {
	*active

	done bool // it has acted on the request
}

// act counts the request, once.
func (a *acting) act() {
	if a.done {
		return
	}
	a.done = true
	a.counts.mu.Lock()
	defer a.counts.mu.Unlock()
	a.counts.acted++
}

// throttler is a kind that refuses requests.
type throttler interface {
	// pass takes a request. Where it may not pass, it says when one may again.
	pass(now time.Time) (wait time.Duration, ok bool)
}

// substitute is a kind that answers in another way.
type substitute interface {
	// instead is the answer that takes the place; false where the operation does not describe it.
	instead(op *openapi.Operation) (control.StatusFault, bool)
}

// spoiler is a kind that makes an answer break the document.
type spoiler interface {
	// spoil changes the answer, and says whether it breaks the document by that; if not, it is as it was.
	spoil(op *openapi.Operation, answer *openapi.Response) bool
}

// carrier is a kind that changes how an answer gets to the client.
type carrier interface {
	// carry changes the delivery, and says whether it has.
	carry(d *Delivery, answer *openapi.Response, draw draw) bool
}

// kindsThat are all kinds that are a K, with their faults.
func kindsThat[K any](c *Chosen) iter.Seq2[*acting, K] {
	return func(yield func(*acting, K) bool) {
		if c == nil {
			return
		}
		for i := range c.faults {
			for _, one := range c.faults[i].kinds {
				if k, is := one.(K); is && !yield(&c.faults[i], k) {
					return
				}
			}
		}
	}
}

// Throttle says whether the request is refused, and how long a client has to wait until one would not be.
func (c *Chosen) Throttle(now time.Time) (wait time.Duration, refused bool) {
	for f, k := range kindsThat[throttler](c) {
		if wait, ok := k.pass(now); !ok {
			f.act()
			return wait, true
		}
	}
	return 0, false
}

// Status is the described answer that takes the place of what the operation would do: the first of those that it
// describes. False for none.
func (c *Chosen) Status(op *openapi.Operation) (control.StatusFault, bool) {
	for f, k := range kindsThat[substitute](c) {
		if answer, ok := k.instead(op); ok {
			f.act()
			return answer, true
		}
	}
	return control.StatusFault{}, false
}

// Spoil makes the answer break the document. One that the document says nothing of stays as it is.
func (c *Chosen) Spoil(op *openapi.Operation, answer *openapi.Response) {
	if op.Answer(answer.Status) == nil {
		return
	}
	for f, k := range kindsThat[spoiler](c) {
		if k.spoil(op, answer) {
			f.act()
		}
	}
}

// Delivery is how the answer gets to the client; nil is as always. An answer of which nothing gets there is emptied: its
// status is 0 then.
func (c *Chosen) Delivery(answer *openapi.Response) *Delivery {
	var d *Delivery
	for f, k := range kindsThat[carrier](c) {
		if d == nil {
			d = &Delivery{part: answer.Body}
		}
		if k.carry(d, answer, f.counts.draw) {
			f.act()
		}
	}
	return d
}

// Acted are the ids of the faults that have acted.
func (c *Chosen) Acted() (ids []string) {
	if c == nil {
		return nil
	}
	for _, f := range c.faults {
		if f.done {
			ids = append(ids, f.fault.ID)
		}
	}
	return ids
}
