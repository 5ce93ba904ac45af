package fault

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// throttle refuses what a token bucket has no token for. The bucket is full at first.
type throttle struct {
	mu     sync.Mutex // guards bucket between two questions
	bucket *rate.Limiter
}

func newThrottle(t control.Throttle) *throttle {
	return &throttle{bucket: rate.NewLimiter(rate.Limit(t.PerSecond), max(t.Burst, 1))}
}

func (t *throttle) pass(now time.Time) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - t.bucket.TokensAt(now)
	return time.Duration(missing / float64(t.bucket.Limit()) * float64(time.Second)), false
}

func (*throttle) unfit([]*openapi.Operation) openapi.Violations { return nil }
