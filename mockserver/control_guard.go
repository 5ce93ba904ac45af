package mockserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// ControlOptions say who may use the control API, which is below /_counterpart. The zero value lets everybody use it who
// can reach the mock, except browsers that another site tells to.
type ControlOptions struct {
	Access ControlAccess
	Token  string // what requests must carry as `Authorization: Bearer TOKEN`, but for health and readiness; "" asks for none
}

// ControlAccess says where the control API is. Health, readiness and metrics are always where the mock is.
type ControlAccess int

// Where it can be.
const (
	ControlShared ControlAccess = iota // on the address of the mock
	ControlApart                       // only where [Server.Control] is served
	ControlOff                         // nowhere
)

// Control answers control requests, and no others: for an address of its own.
func (s *Server) Control() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.survive(r)
		e := s.echo.NewContext(r, w)
		if err := s.control.sequence(e); err != nil {
			s.echo.HTTPErrorHandler(err, e)
		}
	})
}

// takes says whether the request is for the control API rather than for a document, on the address of the mock.
func (c *controlAPI) takes(r *http.Request) bool {
	path := r.URL.Path
	return (path == controlRoot || strings.HasPrefix(path, controlPrefix)) && (c.options.Control.Access == ControlShared || c.plainPage(path) != nil)
}

// guarded are the headers of every control answer. None lets a page of another site read it (CORS).
var guarded = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
}

// admit refuses whom the control API is not for.
func (c *controlAPI) admit(r *http.Request) error {
	switch {
	case !knownHost(r):
		return notAdmitted(openapi.Forbidden, "Host", "it is no name of this machine: use localhost or an IP address")
	case c.sites.Check(r) != nil:
		return notAdmitted(openapi.Forbidden, "Origin", "another site told a browser to send this: use the mock's own pages, or a client that is no browser")
	case !c.hasToken(r):
		return notAdmitted(openapi.Unauthenticated, "Authorization", "send the token of --control-token: Bearer TOKEN")
	}
	return nil
}

func notAdmitted(reason, header, detail string) error {
	return &refusal{reason: reason, violations: openapi.Violations{{In: openapi.InHeader, Name: header, Detail: detail}}}
}

// hasToken takes the same time whatever the request carries. Of tokens, sums are compared: not even the length shows.
func (c *controlAPI) hasToken(r *http.Request) bool {
	if c.options.Control.Token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sent := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(sent[:], c.token[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// knownHost is false for names that lead to the loopback address by somebody else's DNS: a page of theirs would be of the
// same site as the mock (DNS rebinding). No other site can have an address or localhost as its name.
func knownHost(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return true // no connection
	}
	address, err := netip.ParseAddrPort(local.String())
	if err != nil || !address.Addr().Unmap().IsLoopback() {
		return true
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	_, err = netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
