package mockserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/openapi/signature"
)

// SetCredentials changes who may use the mock, for requests that come from now on; nil lets everybody. The error is that of
// [Credentials.Check], and then nothing changes. Tokens and temporary keys that were issued before are good as long as the
// credentials hold the same: a change makes all of them unreadable. Keys that are locked stay so.
func (s *Server) SetCredentials(c *Credentials) error {
	if c == nil {
		s.authority.Store(nil)
		return s.serveIdentity(false)
	}
	a, err := newAuthority(c)
	if err != nil {
		return err
	}
	s.authority.Store(a)
	return s.serveIdentity(true)
}

// denial says why a credential is not good.
type denial struct {
	in        openapi.Location
	name      string            // of the header or parameter
	keyword   string            // one of openapi's for `security`
	values    map[string]string // for the placeholders of the answer
	canonical string            // what the server has worked out to be signed; "" where that does not help
}

func denied(scheme *openapi.SecurityScheme, keyword string) *denial {
	d := &denial{in: openapi.InHeader, name: "Authorization", keyword: keyword}
	if scheme.Type == openapi.SchemeAPIKey && scheme.Signed == "" {
		d.in, d.name = scheme.In, scheme.Name
	}
	return d
}

func (d *denial) with(values map[string]string) *denial {
	d.values = values
	return d
}

// authenticate asks who sent the request, where the document wants to know.
func (s *Server) authenticate(x *exchange) error {
	a := s.authority.Load()
	if a == nil || a.optional && !x.service.identity {
		return nil
	}
	var refused *denial
	for _, all := range x.operation.Security {
		who, d := s.admit(x, a, all)
		if d == nil {
			x.who = who
			return mayUseProject(x)
		}
		if refused == nil || refused.keyword == openapi.KeywordNoCredentials && d.keyword != openapi.KeywordNoCredentials {
			refused = d // what was given and is wrong says more than what was not given
		}
	}
	if refused == nil || a.optional {
		return nil
	}
	return refused.refusal(x.operation)
}

func (d *denial) refusal(op *openapi.Operation) *refusal {
	if d.keyword == openapi.TooLarge {
		return &refusal{reason: openapi.TooLarge, cause: errors.New("a signed body may have at most 12 MB")}
	}
	return &refusal{reason: openapi.Unauthenticated, values: d.values, canonical: d.canonical, violations: openapi.Violations{
		{In: d.in, Name: d.name, Keyword: d.keyword, Rule: op.SecurityRule()}}}
}

// admit says who it is that shows all that is asked for; several schemes are good for what all of them are good for.
func (s *Server) admit(x *exchange, a *authority, all openapi.Security) (*identity, *denial) {
	var who *identity
	for _, scheme := range all {
		one, d := s.identify(x, a, scheme)
		if d != nil {
			return nil, d
		}
		who = who.and(one)
	}
	return who, nil
}

// identify looks at the credential of one scheme.
func (s *Server) identify(x *exchange, a *authority, scheme *openapi.SecurityScheme) (*identity, *denial) {
	r, now := x.Request(), s.options.Now()
	if scheme.Signed != "" {
		return s.signer(x, a, scheme, now)
	}
	switch scheme.Type {
	case openapi.SchemeMutualTLS: // the handshake has asked for a certificate, and looked at it
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			return &identity{user: r.TLS.VerifiedChains[0][0].Subject.CommonName}, nil
		}
	case openapi.SchemeHTTP:
		if scheme.Scheme == "basic" {
			name, password, given := r.BasicAuth()
			who := a.user(name, password)
			switch {
			case who != nil:
				return who, nil
			case given:
				return nil, denied(scheme, openapi.KeywordUnknownToken)
			}
		}
	}
	switch tokens := x.tokens(scheme); len(tokens) {
	case 0:
		return nil, denied(scheme, openapi.KeywordNoCredentials)
	case 1:
		who, keyword, values := a.token(tokens[0], now)
		if keyword != "" {
			return nil, denied(scheme, keyword).with(values)
		}
		return who, nil
	default: // which of them is meant?
		return nil, denied(scheme, openapi.KeywordUnknownToken)
	}
}

// tokens are those that the request has where the scheme wants one.
func (x *exchange) tokens(scheme *openapi.SecurityScheme) []string {
	r := x.Request()
	switch {
	case scheme.Type == openapi.SchemeOAuth2, scheme.Type == openapi.SchemeOpenIDConnect, scheme.Scheme == "bearer":
		var tokens []string
		for _, value := range r.Header.Values("Authorization") {
			if kind, token, _ := strings.Cut(value, " "); strings.EqualFold(kind, "Bearer") {
				tokens = append(tokens, strings.TrimSpace(token))
			}
		}
		return tokens
	case scheme.Type != openapi.SchemeAPIKey:
		return nil
	case scheme.In == openapi.InQuery:
		return x.request.Query[scheme.Name]
	case scheme.In == openapi.InCookie:
		var tokens []string
		for _, c := range r.CookiesNamed(scheme.Name) {
			tokens = append(tokens, c.Value)
		}
		return tokens
	}
	return r.Header.Values(scheme.Name)
}

// signer is who has signed the request.
func (s *Server) signer(x *exchange, a *authority, scheme *openapi.SecurityScheme, now time.Time) (*identity, *denial) {
	r, body := x.Request(), x.request.Body
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return nil, denied(scheme, openapi.KeywordNoCredentials)
	}
	auth, err := signature.ParseAuthorization(values[0])
	switch {
	case errors.Is(err, signature.ErrOtherScheme):
		return nil, denied(scheme, openapi.KeywordNoCredentials)
	case err != nil, len(values) > 1:
		return nil, denied(scheme, openapi.KeywordSignature)
	case len(body) > signature.MaxBody:
		return nil, denied(scheme, openapi.TooLarge)
	}
	key, keyword, told := a.key(r, auth.Access, now)
	switch {
	case keyword != "":
		return nil, denied(scheme, keyword).with(told)
	case s.lockout.locked(auth.Access, now):
		return nil, denied(scheme, openapi.KeywordLockedKey)
	}
	if date, err := signature.Date(r); err != nil || date.Sub(now).Abs() > signature.Window {
		return nil, denied(scheme, openapi.KeywordSigningDate).with(map[string]string{
			"signed_at": r.Header.Get("X-Sdk-Date"), "server_time": now.UTC().Format("20060102T150405Z")})
	}
	if !auth.Verifies(key.secret, r, body) {
		s.lockout.failed(auth.Access, now)
		d := denied(scheme, openapi.KeywordSignature)
		d.canonical = auth.Shown(r, body)
		return nil, d
	}
	s.lockout.passed(auth.Access)
	return key.who, nil
}

// mayUseProject refuses a project that is not one of the sender's.
func mayUseProject(x *exchange) error {
	name := x.service.spec.ProjectParameter()
	project, named := x.request.Path[name]
	if name == "" || !named || x.who.mayUse(project) {
		return nil
	}
	return &refusal{reason: openapi.Forbidden, cause: errors.New("the credential is not good for the project")}
}

// identity is who sent a request. Nil is nobody in particular, who may use every project.
type identity struct {
	user     string
	projects []string // ids; nil is every project
}

func (i *identity) mayUse(project string) bool {
	return i == nil || i.projects == nil || slices.Contains(i.projects, project)
}

// and is whoever is both.
func (i *identity) and(other *identity) *identity {
	if i == nil {
		return other
	}
	both := identity{user: i.user, projects: i.projects}
	if other.projects != nil {
		both.projects = slices.DeleteFunc(slices.Clone(other.projects), func(p string) bool { return !i.mayUse(p) })
	}
	return &both
}

// sender is the context key of a request's *identity.
type sender struct{}

func senderOf(ctx context.Context) *identity {
	who, _ := ctx.Value(sender{}).(*identity)
	return who
}

// challenge adds the WWW-Authenticate header that a 401 must have (RFC 9110, section 15.5.2).
func (x *exchange) challenge() {
	header := x.answer.Header
	if x.refused.reason != openapi.Unauthenticated || x.answer.Status != http.StatusUnauthorized || header.Get("WWW-Authenticate") != "" || x.operation == nil {
		return
	}
	var challenges []string
	for _, all := range x.operation.Security {
		for _, scheme := range all {
			if c := challengeOf(scheme); !slices.Contains(challenges, c) {
				challenges = append(challenges, c)
			}
		}
	}
	if len(challenges) > 0 {
		header.Set("WWW-Authenticate", strings.Join(challenges, ", "))
	}
}

func challengeOf(scheme *openapi.SecurityScheme) string {
	switch {
	case scheme.Signed != "":
		return scheme.Signed
	case scheme.Scheme == "basic":
		return `Basic realm="mock"`
	case scheme.Type == openapi.SchemeAPIKey:
		return "ApiKey in=" + string(scheme.In)
	case scheme.Type == openapi.SchemeMutualTLS:
		return "Mutual"
	}
	return "Bearer"
}
