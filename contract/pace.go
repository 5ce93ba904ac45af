package contract

import (
	"cmp"
	"context"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Pace is how fast requests may follow each other, and how patient a target is. The zero value sends without a limit
// and waits when a server asks for it.
type Pace struct {
	Rate    float64       // requests a second; 0: no limit
	Tries   int           // how often a request is sent at most; 0: 3
	MaxWait time.Duration // the longest wait that a server may ask for; 0: a minute

	Now   func() time.Time                           // nil: time.Now
	Sleep func(context.Context, time.Duration) error // ends with ctx, and then with its error; nil: a timer
}

// firstWait is the wait after an answer of 429 that asks for none; every further one is twice as long.
const firstWait = time.Second

type pacedTarget struct {
	inner Target
	pace  Pace

	mu   sync.Mutex
	next time.Time // when the next request may be sent
}

// WithPace sends the requests to t evenly spaced. An answer of 429 or 503 with Retry-After (RFC 9110, section 10.2.3)
// is waited for and the request sent again, as far as p allows and its body can be read again (see GetBody of
// [http.Request]); 429 alone is waited for too: 1 s, then twice as long each time. The last answer is returned,
// whatever it is. The end of a request's context ends its waiting. Safe for concurrent use if t is.
func WithPace(t Target, p Pace) Target {
	p.Tries = cmp.Or(max(p.Tries, 0), 3)
	p.MaxWait = cmp.Or(max(p.MaxWait, 0), time.Minute)
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Sleep == nil {
		p.Sleep = sleep
	}
	return &pacedTarget{inner: t, pace: p}
}

func (t *pacedTarget) Do(r *http.Request) (*http.Response, error) { return t.send(r, asIs) }

func (t *pacedTarget) send(r *http.Request, last func(*http.Request) error) (*http.Response, error) {
	for try := 1; ; try++ {
		if err := t.pace.Sleep(r.Context(), t.turn()); err != nil {
			return nil, err
		}
		answer, err := sendTo(t.inner, r, last)
		if err != nil || try >= t.pace.Tries {
			return answer, err
		}
		wait, asked := t.asked(answer, try)
		again, ok := repeated(r)
		if !asked || !ok || wait > t.pace.MaxWait {
			return answer, nil
		}
		discard(answer.Body)
		if err := t.pace.Sleep(r.Context(), wait); err != nil {
			return nil, err
		}
		r = again
	}
}

// turn reserves the next place and says how long it is until then. Nothing is saved up: after a pause there is no burst.
func (t *pacedTarget) turn() time.Duration {
	if !(t.pace.Rate > 0) {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.pace.Now()
	if t.next.Before(now) {
		t.next = now
	}
	wait := t.next.Sub(now)
	t.next = t.next.Add(seconds(1 / t.pace.Rate))
	return wait
}

// seconds is at most an hour: more would overflow in the end, and is no pace.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, time.Hour.Seconds()) * float64(time.Second))
}

// asked is how long the answer asks to wait before the request is sent again.
func (t *pacedTarget) asked(answer *http.Response, try int) (time.Duration, bool) {
	status := answer.StatusCode
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0, false
	}
	if wait, ok := retryAfter(answer.Header.Get("Retry-After"), t.pace.Now()); ok {
		return wait, true
	}
	return firstWait << min(try-1, 20), status == http.StatusTooManyRequests
}

// retryAfter reads seconds or a date; what is past is 0. False when the text is neither.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0), true
	}
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case digits != text || n < 0:
		return 0, true
	case err != nil || n > int64(math.MaxInt64/time.Second):
		return math.MaxInt64, true // too many digits for a number
	}
	return time.Duration(n) * time.Second, true
}

// repeated is the request once more. False when its body was there for one reading only.
func repeated(r *http.Request) (*http.Request, bool) {
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	again.Body = body
	return again, err == nil
}

// discard reads what is short, so that the connection can be used again.
func discard(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	_ = body.Close()
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *pacedTarget) address() *url.URL { return addressOf(t.inner) }

func (t *pacedTarget) String() string { return nameOf(t.inner) }
