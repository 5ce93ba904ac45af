package contract_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/contract"
)

// hostile is a server that does what it wants with the first request of every connection. When the function returns,
// the connection is closed.
func hostile(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = conn.Read(make([]byte, 64<<10))
				serve(conn.(*net.TCPConn))
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// again writes a text until nobody takes it, with a pause between.
func again(conn net.Conn, text string, pause time.Duration) {
	tick := time.NewTicker(max(pause, 1))
	defer tick.Stop()
	for {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
		if pause > 0 {
			<-tick.C
		}
	}
}

// get reads at most limit bytes of the answer's body, as those who judge answers do.
func get(t *testing.T, target contract.Target, path string, limit int64) (status int, body string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := target.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, limit))
	return answer.StatusCode, string(text), err
}

func TestHostileServers(t *testing.T) {
	const limit = 1 << 20
	ok := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	tests := []struct {
		name  string
		serve func(*net.TCPConn)
		want  string // in the error; "" for an answer
	}{
		{"reset", func(c *net.TCPConn) { _ = c.SetLinger(0) }, "reset by peer"},
		{"closed", func(*net.TCPConn) {}, "closed without an answer"},
		{"no HTTP", func(c *net.TCPConn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n\r\n") }, "malformed HTTP"},
		{"cut body", func(c *net.TCPConn) { _, _ = io.WriteString(c, ok+"Content-Length: 100\r\n\r\n{\"a") }, "closed in the middle of the answer"},
		{"silence", func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1)) }, "no whole answer within"},
		{"slow header", func(c *net.TCPConn) { _, _ = io.WriteString(c, ok+"X: "); again(c, "a", 5*time.Millisecond) }, "no whole answer within"},
		{"slow body", func(c *net.TCPConn) { _, _ = io.WriteString(c, ok+"\r\n"); again(c, "a", 5*time.Millisecond) }, "no whole answer within"},
		{"half a body, then silence", func(c *net.TCPConn) {
			_, _ = io.WriteString(c, ok+"Content-Length: 100\r\n\r\n{")
			_, _ = c.Read(make([]byte, 1))
		}, "no whole answer within"},
		{"endless header", func(c *net.TCPConn) {
			_, _ = io.WriteString(c, ok)
			again(c, "X: "+strings.Repeat("a", 64<<10)+"\r\n", 0)
		}, "exceeded"},
		{"endless interim answers", func(c *net.TCPConn) {
			again(c, "HTTP/1.1 103 Early Hints\r\nLink: <"+strings.Repeat("a", 4<<10)+">\r\n\r\n", 0)
		}, "exceeded"},
		{"endless body", func(c *net.TCPConn) {
			_, _ = io.WriteString(c, ok+"\r\n")
			again(c, strings.Repeat("a", 64<<10), 0)
		}, ""},
		{"body that is no gzip", func(c *net.TCPConn) {
			_, _ = io.WriteString(c, ok+"Content-Encoding: gzip\r\n\r\n"+strings.Repeat("{}", 50))
		}, "gzip"},
		{"redirect to itself", func(c *net.TCPConn) {
			_, _ = io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n")
		}, ""},
		{"redirect to nowhere", func(c *net.TCPConn) {
			_, _ = io.WriteString(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://%zz\r\nContent-Length: 0\r\n\r\n")
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			timeout := 20 * time.Second
			if strings.HasPrefix(tt.want, "no whole") {
				timeout = 200 * time.Millisecond // there is nothing but the time to end it
			}
			target, err := contract.URLWith(hostile(t, tt.serve), contract.URLOptions{Timeout: timeout})
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = get(t, target, "/a", limit)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("error %v, want an answer", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if late := (&contract.TimeoutError{}); strings.HasPrefix(tt.want, "no whole") && !errors.As(err, &late) {
				t.Errorf("error %v is no TimeoutError", err)
			}
		})
	}
}

// TestCompressedBodyIsBounded reads a body that is small on the wire and has no end: whoever reads n bytes, gets n.
func TestCompressedBodyIsBounded(t *testing.T) {
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	_, _ = z.Write(make([]byte, 8<<20))
	_ = z.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		for err := error(nil); err == nil; {
			_, err = w.Write(member.Bytes())
		}
	}))
	defer srv.Close()
	target, err := contract.URL(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 32 << 20
	if _, body, err := get(t, target, "/", limit); len(body) != limit || err != nil {
		t.Errorf("read %d bytes (%v), want %d", len(body), err, limit)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	requests := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/next", http.StatusPermanentRedirect)
	}))
	defer srv.Close()
	target, err := contract.URL(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, err := get(t, target, "/", 1<<10); err != nil || status != http.StatusPermanentRedirect || requests != 1 {
		t.Errorf("status %d (%v) after %d requests, want 308 after 1", status, err, requests)
	}
}

func TestURL(t *testing.T) {
	tests := []struct{ base, name, want string }{
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080", ""},
		{"https://example.com/api/", "https://example.com/api", ""},
		{"https://user:hunter2@example.com/a%2Fb", "https://example.com/a%2Fb", ""},
		{"http://user:hunter2@localhost:1", "http://localhost:1", ""},
		{"http://user:hunter2@127.8.8.8:1", "http://127.8.8.8:1", ""},
		{"http://user:hunter2@[::1]:1", "http://[::1]:1", ""},
		{"http://user:hunter2@example.com/x", "", "credentials would travel to http://example.com/x without encryption"},
		{"http://hunter2@localhost.example.com", "", "without encryption"},
		{"http://hunter2@127.0.0.1.example.com", "", "without encryption"},
		{"http://hunter2@[2001:db8::1]", "", "without encryption"},
		{"localhost", "", `the target "localhost" is not an http or https URL`},
		{"http://:80", "", `is not an http or https URL`},
		{"http://[::1", "", "the target is not a URL"},
		{"http://user:hunter2@[::1", "", "the target is not an http or https URL"},
		{"ftp://user:hunter2@example.com", "", "the target is not an http or https URL"},
		{"user:hunter2@example.com", "", "the target is not an http or https URL"},
		{"http://127.0.0.1/?a=1", "", "leave out"},
		{"http://127.0.0.1/#a", "", "leave out"},
	}
	for _, tt := range tests {
		t.Run(tt.base, func(t *testing.T) {
			target, err := contract.URL(tt.base)
			switch {
			case tt.want == "" && (err != nil || fmt.Sprint(target) != tt.name):
				t.Errorf("%v (%v), want %s", target, err, tt.name)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one with %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

// TestUserOfTheURL is sent, unless the request says who sends it, and appears in no error.
func TestUserOfTheURL(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s %s", user, password, r.URL)
	}))
	base := strings.Replace(srv.URL, "http://", "http://user:hunter2@", 1) + "/api/"
	target, err := contract.URL(base)
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := get(t, target, "/a%2Fb?c=d", 1<<10); err != nil || got != "user hunter2 /api/a%2Fb?c=d" {
		t.Errorf("the server saw %q (%v)", got, err)
	}
	srv.Close()
	if _, _, err := get(t, target, "/", 1); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v, want one without the password", err)
	}
}
