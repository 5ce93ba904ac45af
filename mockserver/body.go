package mockserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/counterpart-go/counterpart/openapi"
)

// largeBody is from where on a body needs a place among the large ones, in bytes.
const largeBody = 64 << 10

// smallBody is up to where a client is believed what it announces, in bytes: that much is had ready before it comes.
const smallBody = 16 << 10

// read takes the body off the wire. What many clients send at once is bounded too: a large body waits for its place.
func (s *Server) read(x *exchange) error {
	r := x.Request()
	if r.ContentLength > s.limits.Body {
		return s.tooLarge()
	}
	body, err := s.body(x)
	if err == nil {
		// To judge a body or an answer takes many times its size in memory: however many come, few are in hand.
		err = s.claim(x, s.inHand)
	}
	var large *http.MaxBytesError
	var away *UnavailableError
	switch {
	case errors.As(err, &large):
		return s.tooLarge()
	case errors.As(err, &away):
		return &refusal{reason: openapi.Unavailable, cause: err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return cutShort(err, fmt.Sprintf("it did not arrive within %v", s.limits.BodyTime))
	case err != nil:
		return cutShort(err, "it ends too early")
	}
	x.request.Body, r.ContentLength = body, int64(len(body))
	if len(body) == 0 {
		return nil
	}
	x.request.Value, _ = x.operation.DecodeBody(r.Header.Get("Content-Type"), body) // what is wrong with it, validate says
	x.unread = bytes.NewReader(body)
	r.Body = io.NopCloser(x.unread)
	return nil
}

func (s *Server) tooLarge() error {
	return &refusal{reason: openapi.TooLarge, cause: fmt.Errorf("the body is over the limit of %d bytes", s.limits.Body)}
}

func cutShort(err error, how string) error {
	return &refusal{reason: openapi.Invalid, cause: err, violations: openapi.Violations{
		{In: openapi.InBody, Keyword: openapi.KeywordSyntax, Detail: how}}}
}

func (s *Server) body(x *exchange) ([]byte, error) {
	r := x.Request()
	if n := r.ContentLength; n >= 0 && n <= smallBody {
		body := make([]byte, n)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	buffer, from := &bytes.Buffer{}, http.MaxBytesReader(x.Response(), r.Body, s.limits.Body)
	switch _, err := io.CopyN(buffer, from, largeBody); {
	case errors.Is(err, io.EOF):
		return buffer.Bytes(), nil
	case err != nil:
		return nil, err
	}
	if err := s.claim(x, s.largeBodies); err != nil {
		return nil, err
	}
	if r.ContentLength < 0 {
		return s.spooled(buffer.Bytes(), from)
	}
	buffer.Grow(int(r.ContentLength-largeBody) + bytes.MinRead)
	_, err := buffer.ReadFrom(from)
	return buffer.Bytes(), err
}

// spooled is a large body of unknown length. It grows where others did before it: each by itself would leave several times
// its size behind, and those that turn out to be too large would fill the memory with what nobody keeps.
func (s *Server) spooled(head []byte, rest io.Reader) ([]byte, error) {
	spool := s.spools.Get().(*bytes.Buffer)
	defer s.spools.Put(spool)
	spool.Reset()
	_, _ = spool.Write(head)
	if _, err := spool.ReadFrom(rest); err != nil {
		return nil, err
	}
	return bytes.Clone(spool.Bytes()), nil
}

// claim waits for a place; the exchange gives it back when it ends.
func (s *Server) claim(x *exchange, places chan struct{}) error {
	select {
	case places <- struct{}{}: // nearly always: no clock needed
		x.hold(places)
		return nil
	default:
	}
	ctx, cancel := context.WithTimeout(x.Request().Context(), s.limits.HandlerTime)
	defer cancel()
	select {
	case places <- struct{}{}:
		x.hold(places)
		return nil
	case <-ctx.Done():
		return &UnavailableError{fmt.Errorf("%d others had to be carried out first, for more than %v", cap(places), s.limits.HandlerTime)}
	}
}
