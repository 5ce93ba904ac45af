package mockserver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

// says checks an answer's status, and that its body has all of the texts in it.
func (a answer) says(t testing.TB, status int, texts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s\nlacks %s", a.body, text)
		}
	}
}

// Who may use the control API: each rule refuses what breaks it and leaves sound requests alone.
func TestControlGuard(t *testing.T) {
	const secret = "Canary*9a1c*Token"
	open, closed := start(t, mockserver.Options{}), start(t, mockserver.Options{Control: mockserver.ControlOptions{Token: secret}})
	for _, tc := range []struct {
		reason string
		mock   *mock
		path   string // of a GET; that of a POST begins with POST
		header string // NAME: VALUE, several separated by |
		want   int
		says   string
	}{
		{"nobody is asked for a token without one", open, "/clock", "", 200, ""},
		{"a token that nobody asked for", open, "/clock", "Authorization: Bearer x", 200, ""},
		{"no token", closed, "/clock", "", 401, `"Authorization"`},
		{"no token, for metrics", closed, "/metrics", "", 401, `"Authorization"`},
		{"no token, for a path that is not there", closed, "/nowhere", "", 401, `"Authorization"`},
		{"another token", closed, "/clock", "Authorization: Bearer " + secret + "x", 401, ""},
		{"the beginning of the token", closed, "/clock", "Authorization: Bearer Canary", 401, ""},
		{"another scheme", closed, "/clock", "Authorization: Basic " + secret, 401, ""},
		{"the token", closed, "/clock", "Authorization: Bearer " + secret, 200, ""},
		{"the token, the scheme in lower case", closed, "/clock", "Authorization: bearer " + secret, 200, ""},
		{"the token, for metrics", closed, "/metrics", "Authorization: Bearer " + secret, 200, ""},
		{"health needs none", closed, "/health", "", 200, ""},
		{"readiness needs none", closed, "/ready", "", 200, ""},

		{"another site changes something", open, "POST /reset", "Sec-Fetch-Site: cross-site", 403, `"Origin"`},
		{"a sister site does", open, "POST /reset", "Sec-Fetch-Site: same-site", 403, `"Origin"`},
		{"an old browser tells its origin", open, "POST /reset", "Origin: https://evil.example", 403, `"Origin"`},
		{"a page without an origin", open, "POST /reset", "Origin: null", 403, `"Origin"`},
		{"the mock's own page", open, "POST /reset", "Sec-Fetch-Site: same-origin", 204, ""},
		{"the mock's own page, an old browser", open, "POST /reset", "Origin: " + open.url, 204, ""},
		{"no browser", open, "POST /reset", "", 204, ""},
		{"another site reads: it cannot see the answer", open, "/clock", "Sec-Fetch-Site: cross-site", 200, ""},
		{"another site, with the token", closed, "POST /reset", "Sec-Fetch-Site: cross-site|Authorization: Bearer " + secret, 403, `"Origin"`},

		{"somebody's name for 127.0.0.1", open, "/clock", "Host: evil.example:8080", 403, `"Host"`},
		{"a name that only looks like localhost", open, "/clock", "Host: localhost.evil.example", 403, `"Host"`},
		{"localhost", open, "/clock", "Host: localhost:8080", 200, ""},
		{"a name below localhost", open, "/clock", "Host: Mock.LocalHost.", 200, ""},
		{"the other loopback address", open, "/clock", "Host: [::1]:8080", 200, ""},
		{"health under any name", open, "/health", "Host: evil.example", 200, ""},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			method, path := http.MethodGet, tc.path
			if after, ok := strings.CutPrefix(path, "POST "); ok {
				method, path = http.MethodPost, after
			}
			request, err := http.NewRequestWithContext(t.Context(), method, tc.mock.url+"/_counterpart"+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(tc.header, "|") {
				name, value, _ := strings.Cut(line, ": ")
				if name == "Host" {
					request.Host = value
				} else if name != "" {
					request.Header.Set(name, value)
				}
			}
			a := tc.mock.with(t).send(request)
			a.says(t, tc.want, tc.says)
			if strings.Contains(a.body, secret) {
				t.Error("the answer shows the token")
			}
			if (a.header.Get("WWW-Authenticate") == "Bearer") != (tc.want == http.StatusUnauthorized) {
				t.Errorf("WWW-Authenticate: %q", a.header.Get("WWW-Authenticate"))
			}
			if tc.want >= 400 && a.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("Content-Type: %q", a.header.Get("Content-Type"))
			}
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("the answer has %s", name)
				}
			}
			if a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Error("the answer may be taken for what it is not")
			}
		})
	}
	if strings.Contains(closed.log.String(), secret) {
		t.Error("the log shows the token")
	}
}

// The document's own paths ask nobody which host or site they are called from.
func TestControlGuardLeavesTheDocumentAlone(t *testing.T) {
	m := start(t, mockserver.Options{Control: mockserver.ControlOptions{Token: "t"}})
	m.do(http.MethodGet, "/v2/abc/data-connectors", "", "Origin", "https://app.example").want(t, 200, "")
}

// The control API may be apart or off: what is left on the address of the mock changes nothing.
func TestControlAccess(t *testing.T) {
	for access, want := range map[mockserver.ControlAccess]map[string]int{
		mockserver.ControlShared: {"/health": 200, "/ready": 200, "/metrics": 200, "/clock": 200},
		mockserver.ControlApart:  {"/health": 200, "/ready": 200, "/metrics": 200, "/clock": 404},
		mockserver.ControlOff:    {"/health": 200, "/ready": 200, "/metrics": 200, "/clock": 404},
	} {
		m := start(t, mockserver.Options{Control: mockserver.ControlOptions{Access: access}})
		for path, status := range want {
			m.do(http.MethodGet, "/_counterpart"+path, "").want(t, status, "")
		}
		if access != mockserver.ControlShared {
			m.do(http.MethodGet, "/_counterpart/clock", "").want(t, 404, "APIGW.0101")
		}
	}
	apartOnly, err := mockserver.New(mockserver.Options{Control: mockserver.ControlOptions{Access: mockserver.ControlApart}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(apartOnly.Control())
	defer server.Close()
	apart := &mock{t, server.URL, &logBuffer{}}
	apart.do(http.MethodGet, "/_counterpart/clock", "").says(t, 200, `"now"`)
	apart.do(http.MethodGet, "/_counterpart/health", "").says(t, 200, "ok")
	apart.do(http.MethodGet, "/v2/abc/data-connectors", "").says(t, 404, "No operation has this path.")
}
