package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/openapi"
)

// TestHelpIsComplete keeps a new flag from having no environment variable, and a new overlay from not being told.
func TestHelpIsComplete(t *testing.T) {
	for _, command := range commands {
		c := command()
		t.Run(c.Name, func(t *testing.T) {
			var help bytes.Buffer
			if code := run(t.Context(), []string{"counterpart", "help", c.Name}, &help, io.Discard); code != exitOK {
				t.Fatalf("exit status %d, want 0", code)
			}
			for _, f := range c.Flags {
				name := f.Names()[0]
				wantWords(t, help.String(), "--"+name, "[$COUNTERPART_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"]")
			}
			if !slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return f.Names()[0] == "overlay" }) {
				return
			}
			for _, o := range openapi.Overlays() {
				wantWords(t, help.String(), o.Name, o.Title)
			}
		})
	}
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
}

// TestServeFinishesOpenRequests stops the program while a request is half sent: that request is still answered.
func TestServeFinishesOpenRequests(t *testing.T) {
	p := startServe(t)
	const body = `{"connector_name":"a"}`

	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /v2/abc/data-connectors HTTP/1.1\r\nHost: mock\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	// The answer 100 comes when the mock begins to read the body: now the request is open.
	answers := bufio.NewReader(conn)
	wantStatus(t, answers, http.StatusContinue)

	p.stop()
	for refused := false; !refused; { // the listener closes first
		c, err := net.Dial("tcp", p.addr)
		if refused = err != nil; !refused {
			_ = c.Close()
		}
	}
	fmt.Fprint(conn, body)
	wantStatus(t, answers, http.StatusBadRequest)
	if code := <-p.exit; code != exitOK {
		t.Errorf("exit status %d, want 0; stderr:\n%s", code, &p.stderr)
	}
}

// program is a running "counterpart serve" in this process.
type program struct {
	addr   string
	stop   context.CancelFunc
	exit   chan int
	stderr bytes.Buffer // to be read after exit
}

func startServe(t *testing.T) *program {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &program{stop: stop, exit: make(chan int, 1)}
	r, w := io.Pipe()
	go func() {
		p.exit <- run(ctx, []string{"counterpart", "serve", "--listen", "127.0.0.1:0"}, w, &p.stderr)
		_ = w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on http://")
	if err != nil || !ok {
		t.Fatalf("stdout %q (%v), want where it listens; exit status %d, stderr:\n%s", line, err, <-p.exit, &p.stderr)
	}
	p.addr = addr
	return p
}

func wantStatus(t *testing.T, r *bufio.Reader, want int) {
	t.Helper()
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != want {
		t.Fatalf("status %d, want %d", answer.StatusCode, want)
	}
}
