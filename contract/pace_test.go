package contract_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterpart-go/counterpart/contract"
)

// clock goes on when somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration // without the sleeps of 0
}

func newClock() *clock { return &clock{now: noon()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > 0 {
		c.slept = append(c.slept, d)
		c.now = c.now.Add(d)
	}
	return ctx.Err()
}

func TestRate(t *testing.T) {
	c := newClock()
	var sent []time.Duration
	target := contract.WithPace(contract.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		sent = append(sent, c.Now().Sub(noon()))
	})), contract.Pace{Rate: 4, Now: c.Now, Sleep: c.Sleep})
	for i := range 4 {
		if i == 3 {
			_ = c.Sleep(t.Context(), 10*time.Second) // what was not used then is not sent now
		}
		do(t, target, httptest.NewRequest(http.MethodGet, "/", nil))
	}
	do(t, target, httptest.NewRequest(http.MethodGet, "/", nil))
	want := []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, 10*time.Second + 500*time.Millisecond, 10*time.Second + 750*time.Millisecond}
	if !slices.Equal(sent, want) {
		t.Errorf("sent at %v, want %v", sent, want)
	}
}

// TestRateOfMany has several send at once, in the bubble's own time.
func TestRateOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := contract.WithPace(contract.Handler(http.NotFoundHandler()), contract.Pace{Rate: 10})
		start := time.Now()
		var wg sync.WaitGroup
		for range 11 {
			wg.Go(func() {
				if _, _, err := get(t, target, "/", 1); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := time.Since(start); got != time.Second {
			t.Errorf("11 requests, 10 a second, took %v, want 1s", got)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	date := func(d time.Duration) string { return noon().Add(d).Format(http.TimeFormat) }
	tests := []struct {
		name   string
		status int
		after  string // Retry-After
		pace   contract.Pace
		slept  []time.Duration
		tries  int
	}{
		{"seconds", 429, "7", contract.Pace{}, []time.Duration{7 * time.Second, 7 * time.Second}, 3},
		{"of an unavailable server", 503, "7", contract.Pace{Tries: 2}, []time.Duration{7 * time.Second}, 2},
		{"date", 503, date(9 * time.Second), contract.Pace{Tries: 2}, []time.Duration{9 * time.Second}, 2},
		{"date that is past", 503, date(-time.Hour), contract.Pace{}, nil, 3},
		{"zero", 429, "0", contract.Pace{}, nil, 3},
		{"negative", 429, "-7", contract.Pace{}, nil, 3},
		{"none", 429, "", contract.Pace{Tries: 4}, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, 4},
		{"neither number nor date", 429, "soon", contract.Pace{Tries: 2}, []time.Duration{time.Second}, 2},
		{"none of an unavailable server", 503, "", contract.Pace{}, nil, 1},
		{"neither, of an unavailable server", 503, "1.5", contract.Pace{}, nil, 1},
		{"too long", 429, "61", contract.Pace{}, nil, 1},
		{"longest", 429, "60", contract.Pace{Tries: 2}, []time.Duration{time.Minute}, 2},
		{"longest by option", 503, date(2 * time.Hour), contract.Pace{Tries: 2, MaxWait: 2 * time.Hour}, []time.Duration{2 * time.Hour}, 2},
		{"too long for a number", 429, strings.Repeat("9", 40), contract.Pace{}, nil, 1},
		{"too long for a duration", 429, "9223372036854775807", contract.Pace{}, nil, 1},
		{"doubling beyond the longest", 429, "", contract.Pace{Tries: 9, MaxWait: 3 * time.Second}, []time.Duration{time.Second, 2 * time.Second}, 3},
		{"one try", 429, "1", contract.Pace{Tries: 1}, nil, 1},
		{"another status", 500, "1", contract.Pace{}, nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, tries := newClock(), 0
			target := contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries++
				if body, _ := io.ReadAll(r.Body); string(body) != "text" {
					t.Errorf("try %d has the body %q", tries, body)
				}
				if tt.after != "" {
					w.Header().Set("Retry-After", tt.after)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, "answer ", tries)
			}))
			tt.pace.Now, tt.pace.Sleep = c.Now, c.Sleep
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("text"))
			if err != nil {
				t.Fatal(err)
			}
			status, text := do(t, contract.WithPace(target, tt.pace), request)
			if status != tt.status || text != fmt.Sprint("answer ", tt.tries) || !slices.Equal(c.slept, tt.slept) {
				t.Errorf("%d %q after sleeping %v, want %d answer %d after %v", status, text, c.slept, tt.status, tt.tries, tt.slept)
			}
		})
	}
}

func TestRetryNeedsTheBodyAgain(t *testing.T) {
	tries := 0
	target := contract.WithPace(contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries++
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	})), contract.Pace{})
	request := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("text")))
	if status, _ := do(t, target, request); status != http.StatusTooManyRequests || tries != 1 {
		t.Errorf("%d after %d tries, want 429 after 1", status, tries)
	}
}

func TestRetrySucceeds(t *testing.T) {
	c, tries := newClock(), 0
	target := contract.WithPace(contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})), contract.Pace{Now: c.Now, Sleep: c.Sleep})
	if status, _ := do(t, target, httptest.NewRequest(http.MethodGet, "/", nil)); status != http.StatusOK || tries != 2 {
		t.Errorf("%d after %d tries, want 200 after 2", status, tries)
	}
}

// TestWaitingEndsWithTheContext: neither a turn nor a server's wish is waited for any longer.
func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asking := contract.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "50")
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		slow := contract.WithPace(contract.Handler(http.NotFoundHandler()), contract.Pace{Rate: 0.01})
		do(t, slow, httptest.NewRequest(http.MethodGet, "/", nil))
		for name, target := range map[string]contract.Target{"turn": slow, "Retry-After": contract.WithPace(asking, contract.Pace{})} {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			start := time.Now()
			answer, err := target.Do(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
			if answer != nil {
				_ = answer.Body.Close()
			}
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 2*time.Second {
				t.Errorf("%s: %v after %v, want the context's end after 2s", name, err, took)
			}
			cancel()
		}
	})
}
