package mockserver

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
)

// Clock is the time as the mock sees it: what it stores, answers and judges by time follows it. How long things take does
// not. It shows the time of [Options.Now] until it is told something else; safe for concurrent use.
type Clock struct {
	base    func() time.Time
	mu      sync.Mutex               // held while reading is replaced
	reading atomic.Pointer[clockSet] // nil for base
}

// clockSet is what the clock was set to, and when. It never changes.
type clockSet struct {
	now    time.Time
	since  time.Time // by the base
	frozen bool
}

// Now is the time.
func (c *Clock) Now() time.Time {
	r := c.reading.Load()
	switch {
	case r == nil:
		return c.base()
	case r.frozen:
		return r.now
	}
	return r.now.Add(c.base().Sub(r.since))
}

// Frozen says whether it stands still.
func (c *Clock) Frozen() bool {
	r := c.reading.Load()
	return r != nil && r.frozen
}

// Set sets it. A frozen clock stands still there, any other goes on from there.
func (c *Clock) Set(now time.Time) {
	c.change(func(r *clockSet) { r.now = now })
}

// Advance moves it forwards, or backwards where d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.change(func(r *clockSet) { r.now = r.now.Add(d) })
}

// Freeze lets it stand still, until Resume or Reset.
func (c *Clock) Freeze() {
	c.change(func(r *clockSet) { r.frozen = true })
}

// Resume lets it go on from where it is.
func (c *Clock) Resume() {
	c.change(func(r *clockSet) { r.frozen = false })
}

// Reset goes back to the time of [Options.Now].
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading.Store(nil)
}

// tell sets it as the control API and a configuration say it: without a time it goes on from where it is.
func (c *Clock) tell(to control.Clock) {
	c.change(func(r *clockSet) {
		r.frozen = to.Frozen
		if !to.Now.IsZero() {
			r.now = to.Now
		}
	})
}

// change makes a new reading of the one that there is at this moment.
func (c *Clock) change(how func(*clockSet)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &clockSet{now: c.Now(), since: c.base(), frozen: c.Frozen()}
	how(r)
	c.reading.Store(r)
}
