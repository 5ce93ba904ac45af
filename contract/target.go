package contract

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Target is a server to judge.
type Target interface {
	// Do sends a request whose URL has only path and query, and returns the answer; the caller closes its body.
	// Redirects are not followed. An error means that there was no answer.
	Do(*http.Request) (*http.Response, error)
}

// sender is a target that lets another have the last look at what it sends: a signature covers the whole URL, which
// only the innermost target knows.
type sender interface {
	// send is Do; last sees, and may change, the request that goes out.
	send(r *http.Request, last func(*http.Request) error) (*http.Response, error)
	// address is where the requests go to, nil when that is not known.
	address() *url.URL
}

// sendTo sends through any target: what is not a sender has its requests finished before it sees them.
func sendTo(t Target, r *http.Request, last func(*http.Request) error) (*http.Response, error) {
	if s, ok := t.(sender); ok {
		return s.send(r, last)
	}
	r = r.Clone(r.Context())
	if err := last(r); err != nil {
		return nil, err
	}
	return t.Do(r)
}

// addressOf is nil for a target that does not tell.
func addressOf(t Target) *url.URL {
	if s, ok := t.(sender); ok {
		return s.address()
	}
	return nil
}

func asIs(*http.Request) error { return nil }

const (
	answerTime = 30 * time.Second // bounds one exchange with a target, unless the options say otherwise
	maxHeader  = 1 << 20          // bytes of an answer's header
	idleTime   = 30 * time.Second // for which a connection that nobody uses is kept
)

// URLOptions are all choices of [URLWith]. The zero value works.
type URLOptions struct {
	Timeout     time.Duration    // of one exchange, to the last byte of the answer; 0 is 30 s
	RootCAs     *x509.CertPool   // who may vouch for an https target; nil is whom the system trusts
	Certificate *tls.Certificate // is shown to an https target that asks for one; nil shows none
	Insecure    bool             // lets a user in the URL travel without encryption
}

// TimeoutError says that an answer was not there in time, or not all of it.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string { return fmt.Sprintf("no whole answer within %v", e.After) }

// Timeout is true: see [net.Error].
func (e *TimeoutError) Timeout() bool { return true }

type urlTarget struct {
	base      *url.URL // without the user
	user      *url.Userinfo
	timeout   time.Duration
	transport *http.Transport
}

// URL is [URLWith] without options.
func URL(base string) (Target, error) { return URLWith(base, URLOptions{}) }

// URLWith is the server at an http or https URL; a path in it goes in front of every request's path, a user is sent as
// basic authentication unless a signature takes that header. It is an error when the URL is none, and a
// [*PlainHTTPError] when its user would travel without encryption.
//
// Whatever the server does, an exchange ends in time and the header stays small. The body is decompressed while it is
// read: who bounds what he reads bounds what it can grow to. The target is safe for concurrent use.
func URLWith(base string, o URLOptions) (Target, error) {
	u, err := parseBase(base)
	if err != nil {
		return nil, err
	}
	if u.User != nil && !o.Insecure && isPlain(u) {
		return nil, &PlainHTTPError{Target: addressText(u)}
	}
	t := &urlTarget{base: u, user: u.User, timeout: o.Timeout, transport: newTransport(o)}
	if u.User = nil; t.timeout <= 0 {
		t.timeout = answerTime
	}
	return t, nil
}

// parseBase does not quote what it refuses where that may hold a password.
func parseBase(base string) (*url.URL, error) {
	const example = "an http or https URL such as http://127.0.0.1:8080"
	u, err := url.Parse(base)
	switch {
	case err != nil && strings.Contains(base, "@"):
		return nil, errors.New("the target is not " + example)
	case err != nil:
		return nil, fmt.Errorf("the target is not a URL: %w", errors.Unwrap(err))
	case (u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "") && strings.Contains(base, "@"):
		return nil, errors.New("the target is not " + example)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("the target %q is not %s", base, example)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the target is a base URL: leave out what begins with ? or #")
	}
	return u, nil
}

// newTransport is used without an http.Client, which would follow redirects, and take one to nowhere for no answer.
// The environment's proxies are not asked for loopback (see http.ProxyFromEnvironment).
func newTransport(o URLOptions) *http.Transport {
	security := &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}
	if o.Certificate != nil {
		security.Certificates = []tls.Certificate{*o.Certificate}
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        security,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        idleTime,
	}
}

func (t *urlTarget) Do(r *http.Request) (*http.Response, error) { return t.send(r, asIs) }

func (t *urlTarget) address() *url.URL { return t.base }

func (t *urlTarget) send(r *http.Request, last func(*http.Request) error) (*http.Response, error) {
	ctx, end := context.WithTimeoutCause(r.Context(), t.timeout, &TimeoutError{t.timeout})
	request, err := t.complete(r.Clone(ctx))
	if err == nil {
		err = last(request)
	}
	if err != nil {
		end()
		return nil, err
	}
	if t.user != nil && request.Header.Get("Authorization") == "" {
		password, _ := t.user.Password()
		request.SetBasicAuth(t.user.Username(), password)
	}
	answer, err := t.transport.RoundTrip(request)
	if err != nil {
		err = noAnswer(ctx, err)
		end()
		return nil, err
	}
	answer.Body = &answerBody{answer.Body, ctx, end}
	return answer, nil
}

// complete gives the request its whole URL.
func (t *urlTarget) complete(r *http.Request) (*http.Request, error) {
	full, err := url.Parse(t.String() + r.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	r.URL, r.Host = full, ""
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return r, nil
}

// answerBody ends the exchange's context when it is closed.
type answerBody struct {
	io.ReadCloser
	ctx context.Context
	end context.CancelFunc
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.EOF is never wrapped by a Reader
		err = noAnswer(b.ctx, err)
	}
	return n, err
}

func (b *answerBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// noAnswer says why, in words for who does not know what the client did: the context's reason where it has ended.
func noAnswer(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return cause
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the connection was closed in the middle of the answer: %w", err)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the connection was closed without an answer: %w", err)
	}
	return err
}

// String is the base URL without credentials.
func (t *urlTarget) String() string { return addressText(t.base) }

func addressText(u *url.URL) string {
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/")
}

// isPlain says whether requests to the URL can be read on the way: http, and not only within this machine.
func isPlain(u *url.URL) bool { return u.Scheme == "http" && !isLoopback(u.Hostname()) }

// isLoopback knows localhost, 127.0.0.0/8 and ::1; other names may resolve to anything.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

type handlerTarget struct{ handler http.Handler }

// Handler is a handler in this process, called without a socket.
func Handler(h http.Handler) Target { return handlerTarget{h} }

// Do takes a panic for what a client sees of it: no answer (see http.ErrAbortHandler).
func (t handlerTarget) Do(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func (handlerTarget) String() string { return "http://handler" }

func nameOf(t Target) string {
	if s, ok := t.(fmt.Stringer); ok {
		return s.String()
	}
	return "http://target"
}
