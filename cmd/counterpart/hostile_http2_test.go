package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// TestHostileHTTP2 attacks the program over TLS, with frames that no client library sends.
func TestHostileHTTP2(t *testing.T) {
	f := &figures{answers: map[string]int{}}
	s := siege{"", append(hasty(), "--tls-self-signed"), []attack{
		{"rapid reset", frames(rapidReset)},
		{"a flood of PING", frames(func(h *http2Client) error { return h.fr.WritePing(false, [8]byte{}) })},
		{"a flood of SETTINGS", frames(func(h *http2Client) error { return h.fr.WriteSettings() })},
		{"a flood of PRIORITY", frames(func(h *http2Client) error {
			return h.fr.WritePriority(h.stream(), http2.PriorityParam{StreamDep: 1, Exclusive: true})
		})},
		{"a flood of empty DATA", emptyData},
		{"a flood of CONTINUATION", continuation},
		{"a header list that is too large", oversizeHeaders},
		{"headers that unpack to much", hpackBomb},
		{"windows that overflow", overflowingWindow},
		{"windows of nothing", closedWindows},
		{"frames that no one may send", forbiddenFrames},
		{"HTTP/1 inside TLS", func(v *victim) {
			conn := v.secure("http/1.1")
			_, _ = io.WriteString(conn, get(collection, "Content-Length: +5"))
			v.sent(1)
			v.wantOnly("HTTP/1", v.answers(conn), 400)
		}},
		{"no handshake", func(v *victim) {
			v.sent(amount(200, 20))
			for i := range amount(200, 20) {
				_, _ = v.dial().Write(append([]byte{22, 3, 1}, bytes.Repeat([]byte{byte(i)}, i)...))
			}
			v.wantService()
		}},
	}}
	s.run(t, f)
	t.Log(f)
}

// http2Client writes frames by hand; what the server sends is read by whoever wants to know.
type http2Client struct {
	fr     *http2.Framer
	conn   net.Conn
	next   uint32
	header bytes.Buffer
	hpack  *hpack.Encoder
}

// secure is a connection with TLS that speaks the protocol.
func (v *victim) secure(protocol string) net.Conn {
	v.Helper()
	conn := tls.Client(v.dial(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
	if err := conn.Handshake(); err != nil {
		v.Fatal(err)
	}
	return conn
}

func (v *victim) http2() *http2Client {
	v.Helper()
	h := &http2Client{conn: v.secure("h2"), next: 1}
	_, _ = io.WriteString(h.conn, http2.ClientPreface)
	h.fr = http2.NewFramer(h.conn, h.conn)
	h.hpack = hpack.NewEncoder(&h.header)
	if err := h.fr.WriteSettings(); err != nil {
		v.Fatal(err)
	}
	return h
}

func (h *http2Client) stream() uint32 {
	h.next += 2
	return h.next - 2
}

// request is the header of a request, packed, with more fields behind.
func (h *http2Client) request(method string, more ...string) []byte {
	h.header.Reset()
	for i, pairs := 0, append([]string{":method", method, ":scheme", "https", ":authority", "x", ":path", collection}, more...); i < len(pairs); i += 2 {
		_ = h.hpack.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return h.header.Bytes()
}

func (h *http2Client) ask(method string, end bool) (uint32, error) {
	id := h.stream()
	return id, h.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: h.request(method), EndHeaders: true, EndStream: end})
}

// end reads until the server ends the connection, which it must.
func (h *http2Client) end(v *victim, why string) {
	v.Helper()
	_ = h.conn.SetReadDeadline(time.Now().Add(patience))
	_, err := io.Copy(io.Discard, h.conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		v.Errorf("%s: the connection is not ended", why)
	}
	v.answered("connection ended")
}

// frames sends the same from several connections, again and again until the server has had enough or all is sent;
// somebody reads what it answers, so that it may go on.
func frames(send func(*http2Client) error) func(*victim) {
	return func(v *victim) {
		n := amount(20_000, 1_000)
		atOnce(4, func(int) {
			h := v.http2()
			read := make(chan struct{})
			go func() { defer close(read); _, _ = io.Copy(io.Discard, h.conn) }()
			for i := range n {
				if send(h) != nil {
					v.sent(i)
					v.answered("connection ended")
					break
				}
			}
			v.sent(n)
			_ = h.conn.Close()
			<-read
		})
	}
}

func rapidReset(h *http2Client) error {
	id, err := h.ask("GET", true)
	if err != nil {
		return err
	}
	return h.fr.WriteRSTStream(id, http2.ErrCodeCancel)
}

// emptyData sends a body of nothing that does not end; the time for a request ends it.
func emptyData(v *victim) {
	h := v.http2()
	id, _ := h.ask("POST", false)
	n := 0
	for ; n < amount(1_000_000, 10_000) && h.fr.WriteData(id, false, nil) == nil; n++ {
		if n%1000 == 0 {
			_ = h.conn.SetDeadline(time.Now().Add(patience))
		}
	}
	v.sent(n)
	v.answered("connection ended")
}

// continuation sends a header that never ends.
func continuation(v *victim) {
	h := v.http2()
	_ = h.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: h.stream(), BlockFragment: h.request("GET")})
	fragment := h.requestFields("x-a", strings.Repeat("b", 1000))
	n := 0
	for n < 1_000_000 && h.fr.WriteContinuation(1, false, fragment) == nil {
		n++
	}
	v.sent(n)
	h.end(v, "a header without end")
	if n == 1_000_000 {
		v.Error("a million frames of one header were taken")
	}
}

// requestFields are fields, packed.
func (h *http2Client) requestFields(pairs ...string) []byte {
	h.header.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = h.hpack.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1], Sensitive: true}) // not remembered
	}
	return h.header.Bytes()
}

// wantStatus reads until a stream is answered or reset, or the connection ended. The status is 0 without an answer.
func (h *http2Client) wantStatus(v *victim, name string, statuses ...string) {
	v.Helper()
	h.fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		frame, err := h.fr.ReadFrame()
		if err != nil {
			v.answered("connection ended")
			return
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			status := f.PseudoValue("status")
			v.answered(status)
			if !strings.Contains(fmt.Sprint(statuses), status) {
				v.Errorf("%s: %s, want one of %v", name, status, statuses)
			}
			return
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			v.answered("stream or connection ended")
			return
		}
	}
}

func oversizeHeaders(v *victim) {
	h := v.http2()
	v.sent(1)
	block := bytes.Clone(h.request("GET"))
	for range 90 {
		block = append(block, h.requestFields("x-a", strings.Repeat("b", 1000))...)
	}
	_ = h.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: h.stream(), BlockFragment: block[:16_000]})
	for rest := block[16_000:]; len(rest) > 0; {
		n := min(len(rest), 16_000)
		_ = h.fr.WriteContinuation(1, n == len(rest), rest[:n])
		rest = rest[n:]
	}
	h.wantStatus(v, "90 KB", "431")
}

// hpackBomb names one large field thousands of times, which takes a byte each.
func hpackBomb(v *victim) {
	h := v.http2()
	v.sent(1)
	block := bytes.Clone(h.request("GET", "x-a", strings.Repeat("b", 3900)))
	block = append(block, bytes.Repeat([]byte{0x80 | 62}, 12_000)...)
	_ = h.fr.WriteHeaders(http2.HeadersFrameParam{StreamID: h.stream(), BlockFragment: block, EndHeaders: true, EndStream: true})
	h.wantStatus(v, "46 MB of headers", "431")
}

func overflowingWindow(v *victim) {
	v.sent(2)
	h := v.http2()
	_ = h.fr.WriteWindowUpdate(0, 1<<31-1)
	_ = h.fr.WriteWindowUpdate(0, 1<<31-1)
	h.end(v, "a window of the connection")
	h = v.http2()
	id, _ := h.ask("POST", false)
	_ = h.fr.WriteWindowUpdate(id, 1<<31-1)
	h.wantStatus(v, "a window of a stream")
}

// closedWindows asks for answers that there is never room for.
func closedWindows(v *victim) {
	for range amount(50, 5) {
		h := v.http2()
		_ = h.fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		for range 100 {
			_, _ = h.ask("GET", true)
		}
		v.sent(100)
	}
	v.wantService()
	if !eventually(patience, func() bool { return v.vitals().connections <= v.at.connections+1 }) {
		v.Errorf("%s: clients that leave no room are still waited for", v.vitals())
	}
}

// forbiddenFrames breaks the protocol once in each connection, which has to end for it.
func forbiddenFrames(v *victim) {
	raw := func(kind http2.FrameType, flags http2.Flags, stream uint32, payload []byte) func(*http2Client) {
		return func(h *http2Client) { _ = h.fr.WriteRawFrame(kind, flags, stream, payload) }
	}
	streams := func(ids ...uint32) func(*http2Client) {
		return func(h *http2Client) {
			for _, h.next = range ids {
				_, _ = h.ask("GET", true)
			}
		}
	}
	rows := []struct {
		name string
		send func(*http2Client)
	}{
		{"DATA on no stream", raw(http2.FrameData, 0, 0, []byte("x"))},
		{"a stream of an even id", streams(2)},
		{"a stream that was before", streams(5, 3)},
		{"CONTINUATION of nothing", raw(http2.FrameContinuation, 0, 1, []byte("x"))},
		{"a frame that is too large", raw(http2.FrameData, 0, 1, make([]byte, 1<<20))},
		{"PUSH_PROMISE", raw(http2.FramePushPromise, 4, 1, make([]byte, 4))},
		{"a PING of 7 bytes", raw(http2.FramePing, 0, 0, make([]byte, 7))},
		{"SETTINGS of 5 bytes", raw(http2.FrameSettings, 0, 0, make([]byte, 5))},
		{"a window of 0", raw(http2.FrameWindowUpdate, 0, 0, make([]byte, 4))},
		{"a header that is no HPACK", raw(http2.FrameHeaders, 5, 1, bytes.Repeat([]byte{0xff}, 100))},
		{"another protocol", func(h *http2Client) { _, _ = io.WriteString(h.conn, "GET / HTTP/1.1\r\n\r\n") }},
	}
	v.sent(len(rows))
	atOnce(len(rows), func(i int) {
		h := v.http2()
		h.fr.AllowIllegalWrites = true
		rows[i].send(h)
		h.end(v, rows[i].name)
	})
}
