package contract

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/counterpart-go/counterpart/openapi/signature"
)

// Names of the environment variables that hold credentials; reports put them where the values stood.
const (
	AccessVariable        = "HUAWEICLOUD_SDK_AK"
	SecretVariable        = "HUAWEICLOUD_SDK_SK"
	SecurityTokenVariable = "HUAWEICLOUD_SDK_SECURITY_TOKEN"
	TokenVariable         = "COUNTERPART_TOKEN"
	AuthHeaderVariable    = "COUNTERPART_AUTH_HEADER"
	passwordVariable      = "COUNTERPART_PASSWORD"
	basicVariable         = "COUNTERPART_BASIC"
)

// Credentials say who sends the requests: a key that signs them, else a token. The zero value is nobody. They print
// without their secrets.
type Credentials struct {
	Access        string // public part of the key
	Secret        string // needed with Access
	SecurityToken string // of a temporary key
	Token         string // sent as X-Auth-Token where there is no key
	AuthHeader    Header // sent where there is no key: Authorization: Bearer …; its value is a secret

	Insecure bool // lets them travel without encryption to other machines
}

// PlainHTTPError says that credentials would go to another machine without encryption. Nothing was sent.
type PlainHTTPError struct{ Target string }

func (e *PlainHTTPError) Error() string {
	return fmt.Sprintf("credentials would travel to %s without encryption: use https, or --insecure where nobody listens on the way", e.Target)
}

// Empty says that there is nothing to send. Half a key is not nothing: it fails when it has to sign.
func (c Credentials) Empty() bool { return c == Credentials{Insecure: c.Insecure} }

// Allowed is a [*PlainHTTPError] when the credentials must not go to the target; [WithCredentials] holds every request
// to the same rule. Only for targets of [URL] is it known where requests go to.
func (c Credentials) Allowed(t Target) error {
	if u := addressOf(t); u != nil && !c.Empty() {
		return c.allowed(u)
	}
	return nil
}

func (c Credentials) allowed(u *url.URL) error {
	if isPlain(u) && !c.Insecure {
		return &PlainHTTPError{Target: u.Scheme + "://" + u.Host}
	}
	return nil
}

// Secrets are the values that nobody may read in a report. Access is none: it is sent with each request, in the open.
func (c Credentials) Secrets() []Secret {
	var list []Secret
	for _, s := range []Secret{{SecretVariable, c.Secret}, {SecurityTokenVariable, c.SecurityToken}, {TokenVariable, c.Token}, {AuthHeaderVariable, c.AuthHeader.Value}, {AuthHeaderVariable, c.AuthHeader.credential()}} {
		if s.Value != "" {
			list = append(list, s)
		}
	}
	return list
}

// String tells which of them are set.
func (c Credentials) String() string {
	return fmt.Sprintf("contract.Credentials{Access:%q, Secret:%q, SecurityToken:%q, Token:%q, AuthHeader:%q}",
		c.Access, masked(c.Secret), masked(c.SecurityToken), masked(c.Token), masked(c.AuthHeader.Value))
}

func masked(secret string) string {
	if secret == "" {
		return ""
	}
	return mask
}

// Format writes String whatever the verb: with String alone, %d would print the fields.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// MarshalText is String: for JSON and logs.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

type credentialTarget struct {
	inner Target
	who   Credentials
	now   func() time.Time
}

// WithCredentials sends every request to t as somebody: signed when there is a key, else with the token. With empty
// credentials it is t itself. The signature covers the whole URL where t is made by [URL], also inside [WithPace];
// for other targets, what the request says itself. Now tells the time of signing, nil is [time.Now].
//
// A request that would travel to another machine without encryption is not sent: see [PlainHTTPError].
// The target is safe for concurrent use if t is.
func WithCredentials(t Target, c Credentials, now func() time.Time) Target {
	if c.Empty() {
		return t
	}
	return &credentialTarget{t, c, now}
}

func (t *credentialTarget) Do(r *http.Request) (*http.Response, error) { return t.send(r, asIs) }

// send signs after every other has had its look: nothing of a request may change once it is signed.
func (t *credentialTarget) send(r *http.Request, last func(*http.Request) error) (*http.Response, error) {
	return sendTo(t.inner, r, func(r *http.Request) error {
		if err := last(r); err != nil {
			return err
		}
		if err := t.who.allowed(r.URL); err != nil {
			return err
		}
		return t.who.show(r.Context(), r, t.now)
	})
}

// show puts the credentials on a request. A token that stands there is a documented example at best: a server that
// takes either would look at it first.
func (c Credentials) show(ctx context.Context, r *http.Request, now func() time.Time) error {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if (c.Token != "" || c.AuthHeader.Value != "") && c.Access == "" && c.Secret == "" {
		if c.Token != "" {
			r.Header.Set("X-Auth-Token", c.Token)
		}
		c.AuthHeader.set(r)
		return nil
	}
	r.Header.Del("X-Auth-Token")
	return signature.Key{Access: c.Access, Secret: c.Secret, SecurityToken: c.SecurityToken, Now: now}.Sign(ctx, r)
}

func (t *credentialTarget) address() *url.URL { return addressOf(t.inner) }

func (t *credentialTarget) String() string { return nameOf(t.inner) }

// secretsOf are those of everything that a target is made of.
func secretsOf(t Target) []Secret {
	switch t := t.(type) {
	case *credentialTarget:
		access := Secret{AccessVariable, t.who.Access} // is no secret, but says whose the key is
		return append(append(t.who.Secrets(), access), secretsOf(t.inner)...)
	case *pacedTarget:
		return secretsOf(t.inner)
	case *headerTarget:
		return secretsOf(t.inner)
	case *urlTarget:
		return userSecrets(t.user)
	}
	return nil
}

// replayArguments are what curl lines have beside their own: a token in place of the credentials, because curl cannot
// make these signatures.
func replayArguments(t Target) []string {
	switch t := t.(type) {
	case *credentialTarget:
		if !t.who.Empty() {
			return append(t.who.replayArguments(), headerArguments(t.inner)...)
		}
		return replayArguments(t.inner)
	case *headerTarget:
		return append(replayArguments(t.inner), headerArguments(t)...)
	case *pacedTarget:
		return replayArguments(t.inner)
	case *urlTarget:
		if t.user != nil {
			return []string{`-H "Authorization: Basic $` + basicVariable + `"`}
		}
	}
	return nil
}

// headerArguments send what [WithHeaders] sends.
func headerArguments(t Target) []string {
	with, ok := t.(*headerTarget)
	if !ok {
		return nil
	}
	var list []string
	for _, h := range with.headers {
		list = append(list, "-H "+shellQuote(h.Name+": "+h.Value))
	}
	return list
}

func (c Credentials) replayArguments() []string {
	var list []string
	if c.AuthHeader.Value != "" {
		list = append(list, `-H "$`+AuthHeaderVariable+`"`)
	}
	if c.AuthHeader.Value == "" || c.Token != "" {
		list = append(list, `-H "X-Auth-Token: $`+TokenVariable+`"`)
	}
	return list
}

// userSecrets are a password and what basic authentication makes of it (RFC 7617). A user alone can be a token.
func userSecrets(user *url.Userinfo) []Secret {
	if user == nil {
		return nil
	}
	password, _ := user.Password()
	basic := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
	return []Secret{{passwordVariable, cmp.Or(password, user.Username())}, {basicVariable, basic}}
}
