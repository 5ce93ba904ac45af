package contract

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// answerTime bounds one exchange with a target.
const answerTime = 30 * time.Second

type urlTarget struct {
	base   *url.URL
	client *http.Client
}

// URL is the server at an http or https URL; a path in it goes in front of every request's path.
func URL(base string) (Target, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the target is not a URL: %w", errors.Unwrap(err))
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the target %q is not an http or https URL such as http://127.0.0.1:8080", base)
	}
	client := &http.Client{Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &urlTarget{u, client}, nil
}

func (t *urlTarget) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	full, err := url.Parse(t.String() + r.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	full.User = t.base.User
	r.URL, r.Host = full, ""
	return t.client.Do(r)
}

// String is the base URL without credentials.
func (t *urlTarget) String() string {
	return t.base.Scheme + "://" + t.base.Host + strings.TrimSuffix(t.base.EscapedPath(), "/")
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
