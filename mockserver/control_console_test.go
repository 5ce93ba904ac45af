package mockserver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

// The page holds nothing secret: it is there without a token, wherever the control API is, and nowhere else.
func TestConsoleIsServedWhereTheControlAPIIs(t *testing.T) {
	served := func(o mockserver.ControlOptions, apart bool) http.Handler {
		s, err := mockserver.New(mockserver.Options{Control: o})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if apart {
			return s.Control()
		}
		return s
	}
	shared := served(mockserver.ControlOptions{Token: "a token"}, false)
	apart := mockserver.ControlOptions{Access: mockserver.ControlApart}
	for _, tc := range []struct {
		reason       string
		handler      http.Handler
		method, path string
		status       int
		says         string
	}{
		{"the page, without the token", shared, "GET", "/_counterpart/", 200, "<!doctype html>"},
		{"its files", shared, "GET", "/_counterpart/console/main.js", 200, "import "},
		{"a file that is not there", shared, "GET", "/_counterpart/console/nothing.js", 404, "no such file"},
		{"a way out of the folder", shared, "GET", "/_counterpart/console/../../control.go", 404, "no such file"},
		{"a change", shared, "POST", "/_counterpart/", 405, ""},
		{"what the page asks for, without the token", shared, "GET", "/_counterpart/clock", 401, "token"},
		{"the page, on an address of its own", served(apart, true), "GET", "/_counterpart/", 200, "<!doctype html>"},
		{"the page, on the mock's address when it has its own", served(apart, false), "GET", "/_counterpart/", 404, ""},
		{"a file, on the mock's address when it has its own", served(apart, false), "GET", "/_counterpart/console/main.js", 404, ""},
		{"the page, switched off", served(mockserver.ControlOptions{Access: mockserver.ControlOff}, false), "GET", "/_counterpart", 404, ""},
	} {
		r := httptest.NewRequest(tc.method, "http://127.0.0.1/", nil)
		r.URL.Path = tc.path
		w := httptest.NewRecorder()
		tc.handler.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s: %d, want %d with %q: %.100s", tc.reason, w.Code, tc.status, tc.says, w.Body)
		}
	}
}

func TestConsoleIsFoundWithoutTheSlash(t *testing.T) {
	srv := mockserver.Start(t, mockserver.Options{})
	answer, err := http.Get(srv.URL + "/_counterpart")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || answer.Request.URL.Path != "/_counterpart/" {
		t.Errorf("%d at %s", answer.StatusCode, answer.Request.URL)
	}
	if csp := answer.Header.Values("Content-Security-Policy"); len(csp) != 1 || !strings.Contains(csp[0], "script-src 'self'") {
		t.Errorf("the page's policy: %q", csp)
	}
	if cache := answer.Header.Values("Cache-Control"); len(cache) != 1 || cache[0] != "no-cache" {
		t.Errorf("Cache-Control: %q", cache)
	}
}
