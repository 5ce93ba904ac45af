package mockserver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Transport carries requests to a handler without a socket, as a connection of its own each: any host and scheme will do.
// It is for the Transport of an [http.Client]. What a handler is told and what a client gets is as over HTTP/1.1, chunked
// bodies, contexts and answers that end too early included; the limits on headers, times and connections, which are those
// of [Server.HTTPServer] and [Server.Listener], do not apply, and there is no compression. Safe for concurrent use.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, gone := context.WithCancel(context.Background())
	hangUp := sync.OnceFunc(func() {
		gone()
		if r.Body != nil {
			_ = r.Body.Close()
		}
	})
	in, err := received(ctx, r)
	if err = cmp.Or(r.Context().Err(), err); err != nil {
		hangUp()
		return nil, err
	}
	w := newWire(r)
	stop := context.AfterFunc(r.Context(), func() {
		w.end(r.Context().Err())
		hangUp()
	})
	w.body.hangUp = func() { stop(); hangUp() }
	go func() {
		defer hangUp()
		defer stop()
		defer func() { w.end(causeOf(recover())) }()
		t.handler.ServeHTTP(w, in)
		w.WriteHeader(http.StatusOK)
	}()
	<-w.begun
	return w.response, w.failed
}

// causeOf is why an answer ended, by what its handler panicked with.
func causeOf(panicked any) error {
	switch panicked {
	case nil:
		return io.EOF
	case http.ErrAbortHandler:
		return io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the handler panicked: %v", panicked)
}

// received is a request as a server reads it off the wire.
func received(ctx context.Context, r *http.Request) (*http.Request, error) {
	target, err := url.ParseRequestURI(r.URL.RequestURI())
	if err != nil {
		return nil, fmt.Errorf("mockserver: the URL cannot be sent: %w", err)
	}
	in := (&http.Request{
		Method: cmp.Or(r.Method, http.MethodGet), URL: target, RequestURI: r.URL.RequestURI(), Host: cmp.Or(r.Host, r.URL.Host),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: r.Header.Clone(), Body: http.NoBody, RemoteAddr: "127.0.0.1:0",
	}).WithContext(ctx)
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if in.Header.Get("User-Agent") == "" {
		in.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	if r.Body != nil && r.Body != http.NoBody {
		in.Body, in.ContentLength = r.Body, r.ContentLength
		if in.ContentLength <= 0 {
			in.ContentLength, in.TransferEncoding = -1, []string{"chunked"}
		} else {
			in.Header.Set("Content-Length", strconv.FormatInt(in.ContentLength, 10))
			in.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(r.Body, in.ContentLength), r.Body}
		}
	}
	return in, nil
}

// wire is the way of an answer to the client.
type wire struct {
	request *http.Request
	header  http.Header
	body    *stream
	begun   chan struct{} // closed once response or failed is set

	mu       sync.Mutex // guards all below; response and failed until begun is closed
	response *http.Response
	failed   error
	left     int64 // bytes that the header announces and that have not come; -1 for an unknown number
}

func newWire(r *http.Request) *wire {
	s := &stream{}
	s.more.L = &s.mu
	return &wire{request: r, header: http.Header{}, body: s, begun: make(chan struct{})}
}

func (w *wire) Header() http.Header { return w.header }

// WriteHeader sends the header, once. Informational ones are not sent.
func (w *wire) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(status)
}

func (w *wire) begin(status int) {
	if w.response != nil || w.failed != nil || status < 200 {
		return
	}
	header, length := w.header.Clone(), int64(-1)
	if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	if header.Get("Date") == "" {
		header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	w.left = length
	if w.request.Method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified {
		w.left = 0
	}
	w.response = &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: w.body, ContentLength: length, Request: w.request,
	}
	close(w.begun)
}

// Write sends a part of the body, at once.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.response == nil && w.header.Get("Content-Type") == "" && len(p) > 0 {
		w.header.Set("Content-Type", http.DetectContentType(p))
	}
	w.begin(http.StatusOK)
	switch {
	case w.failed != nil:
		return 0, w.failed
	case w.request.Method == http.MethodHead:
		return len(p), nil
	case w.left >= 0 && int64(len(p)) > w.left:
		return 0, http.ErrContentLength
	case w.left > 0:
		w.left -= int64(len(p))
	}
	return w.body.write(p)
}

// Flush has nothing to do: nothing is kept back.
func (w *wire) Flush() {}

// end ends the answer: with io.EOF where the handler has said all.
func (w *wire) end(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.response == nil && w.failed == nil {
		w.failed = why
		if errors.Is(why, io.EOF) {
			w.failed = io.ErrUnexpectedEOF
		}
		close(w.begun)
	}
	if errors.Is(why, io.EOF) && w.left > 0 {
		why = io.ErrUnexpectedEOF
	}
	w.body.end(why)
}

// stream is a body on its way: what is written can be read, and nobody has to wait for the reader.
type stream struct {
	hangUp func() // tells the handler that nobody reads any more

	mu   sync.Mutex // guards all below
	more sync.Cond
	held bytes.Buffer
	over error // why nothing comes after what is held; nil while something may
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return 0, s.over
	}
	s.more.Signal()
	return s.held.Write(p)
}

// end keeps the first reason.
func (s *stream) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		s.over = why
	}
	s.more.Broadcast()
}

// Read waits for the handler to write.
func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.held.Len() == 0 && s.over == nil {
		s.more.Wait()
	}
	if s.held.Len() > 0 {
		return s.held.Read(p)
	}
	return 0, s.over
}

// Close lets the handler know that nobody wants the rest.
func (s *stream) Close() error {
	s.end(http.ErrBodyReadAfterClose)
	s.mu.Lock()
	s.held.Reset()
	s.mu.Unlock()
	s.hangUp()
	return nil
}
