package mockserver_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
)

// A clock goes on from where it is set, stands still while it is frozen, and goes back when it is reset.
func TestClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	base := start
	srv := mockserver.InTest(t, mockserver.Options{Now: func() time.Time { return base }})
	c := srv.Clock()
	want := func(why string, since time.Duration) {
		t.Helper()
		if got := c.Now().Sub(start); got != since {
			t.Errorf("%s: %v after the start, want %v", why, got, since)
		}
	}
	want("at first", 0)
	base = base.Add(time.Second)
	want("it goes as its base does", time.Second)
	c.Set(start.Add(time.Hour))
	want("set", time.Hour)
	base = base.Add(time.Second)
	want("it goes on from there", time.Hour+time.Second)
	c.Freeze()
	base = base.Add(time.Minute)
	want("it stands still", time.Hour+time.Second)
	c.Advance(time.Minute)
	want("it is moved", time.Hour+time.Minute+time.Second)
	c.Set(start)
	base = base.Add(time.Minute)
	want("it is set while it stands still", 0)
	if !c.Frozen() {
		t.Error("setting it has let it go")
	}
	c.Resume()
	want("it goes again", 0)
	base = base.Add(time.Minute)
	want("from where it stood", time.Minute)
	c.Advance(-time.Hour)
	want("it is moved back", time.Minute-time.Hour)
	c.Reset()
	want("it is as its base again", base.Sub(start))
}

// Advances of several at once are all made, and no request sees a time before.
func TestClockAtOnce(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := mockserver.InTest(t, mockserver.Options{Now: func() time.Time { return start }}).Clock()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			last := c.Now()
			for range 100 {
				c.Advance(time.Second)
				if now := c.Now(); now.Before(last) {
					t.Errorf("%v after %v", now, last)
				} else {
					last = now
				}
			}
		})
	}
	all.Wait()
	if got := c.Now().Sub(start); got != 800*time.Second {
		t.Errorf("%v, want 800 s", got)
	}
}

// What is stored follows the clock, far into the future; wrong calls are told the field.
func TestClockOverTheWire(t *testing.T) {
	t.Parallel()
	srv, m := startKept(t, mockserver.Options{})
	for _, tc := range []struct {
		reason, method, path, body string
		want                       int
		says                       string
	}{
		{"set and frozen", "PUT", "/clock", `{"now":"2300-01-02T04:04:05+01:00","frozen":true}`, 200, `{"frozen":true,"now":"2300-01-02T03:04:05Z"}`},
		{"advanced", "POST", "/clock/advance", `{"ms":1500}`, 200, "2300-01-02T03:04:06.5Z"},
		{"asked", "GET", "/clock", "", 200, "2300-01-02T03:04:06.5Z"},
		{"frozen as it is", "PUT", "/clock", `{"frozen":true}`, 200, "2300-01-02T03:04:06.5Z"},
		{"before 1970", "PUT", "/clock", `{"now":"1969-12-31T23:59:59Z"}`, 400, `"pointer":"/now"`},
		{"no time", "PUT", "/clock", `{"now":"noon"}`, 400, `"pointer":"/now"`},
		{"another type", "PUT", "/clock", `{"frozen":"yes"}`, 400, `"pointer":"/frozen"`},
		{"an unknown member", "PUT", "/clock", `{"time":"2300-01-02T03:04:05Z"}`, 400, "time"},
		{"by nothing", "POST", "/clock/advance", `{}`, 400, `"pointer":"/ms"`},
		{"backwards", "POST", "/clock/advance", `{"ms":-1}`, 400, `"pointer":"/ms"`},
		{"too far", "PUT", "/clock", `{"now":"9999-12-31T23:59:59Z","frozen":true}`, 200, "9999"},
		{"further", "POST", "/clock/advance", `{"ms":1000}`, 400, "10000"},
		{"no JSON", "PUT", "/clock", `noon`, 400, "cannot be read"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			m.do(tc.method, "/_counterpart"+tc.path, tc.body).says(t, tc.want, tc.says)
		})
	}
	at := time.Date(2300, 1, 2, 3, 4, 5, 0, time.UTC)
	srv.Clock().Set(at)
	m.create("p", "a", mysql)
	m.do(http.MethodGet, collection("p"), "").says(t, 200, fmt.Sprintf(`"create_time":%d`, at.UnixMilli()))
	if took := time.Duration(exchanges(srv)[0].DurationUs) * time.Microsecond; took > time.Minute {
		t.Errorf("a request took %v: durations do not follow the clock", took)
	}
	m.do(http.MethodDelete, "/_counterpart/clock", "").says(t, 204)
	if now := srv.Clock().Now(); time.Since(now).Abs() > time.Minute {
		t.Errorf("after the reset it is %v", now)
	}
}
