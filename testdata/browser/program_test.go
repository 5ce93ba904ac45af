package browser

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// root is the repository's root, seen from this directory, where go test runs the tests.
	root = "../.."

	buildTimeout = 5 * time.Minute
	startTimeout = 30 * time.Second
	stopTimeout  = 30 * time.Second
)

// binary is the program under test, which TestMain builds, chromium the browser, which it finds.
var binary, chromium string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	flag.Parse()
	if chromium = findChromium(); chromium == "" {
		fmt.Println("the console was not tested: there is no Chromium (Debian: apt install chromium)")
		if *must {
			return 1
		}
		return 0
	}
	dir, err := os.MkdirTemp("", "counterpart-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "counterpart")
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(to string) error {
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, "./cmd/counterpart")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

// mock is a running "counterpart serve".
type mock struct {
	url    string
	cmd    *exec.Cmd
	stderr bytes.Buffer // to be read after stop
}

// serve starts the program, on a free port unless the flags name one, and waits until it listens. It is stopped when the
// test ends.
func serve(t *testing.T, flags ...string) *mock {
	t.Helper()
	m := &mock{cmd: exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--seed", "7"}, flags...)...)}
	m.cmd.Stderr = &m.stderr
	stdout, err := m.cmd.StdoutPipe()
	if err == nil {
		err = m.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.stop(t) })
	said := make(chan string, 1)
	go listen(stdout, said)
	select {
	case m.url = <-said:
	case <-time.After(startTimeout):
	}
	if m.url == "" {
		m.stop(t)
		t.Fatalf("the program does not listen:\n%s", m.stderr.String())
	}
	return m
}

// listen passes on the URL that the program announces and reads stdout to its end.
func listen(stdout io.Reader, said chan<- string) {
	defer close(said)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			said <- url
		}
	}
}

// stop ends the program; a second time does nothing.
func (m *mock) stop(t *testing.T) {
	t.Helper()
	if m.cmd.ProcessState != nil {
		return
	}
	kill := time.AfterFunc(stopTimeout, func() { _ = m.cmd.Process.Kill() })
	defer kill.Stop()
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	if err := m.cmd.Wait(); err != nil {
		t.Errorf("the program: %v\n%s", err, m.stderr.String())
	}
}

// address is where it listens, as --listen takes it.
func (m *mock) address() string { return strings.TrimPrefix(m.url, "http://") }

// send makes a request to the mock, as its clients do, and gives the status.
func (m *mock) send(t *testing.T, method, path, body string, header ...string) int {
	t.Helper()
	return m.call(t, method, path, body, header...).StatusCode
}

// exchange is send, and gives the request id.
func (m *mock) exchange(t *testing.T, method, path, body string) string {
	t.Helper()
	return m.call(t, method, path, body).Header.Get("X-Request-Id")
}

func (m *mock) call(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode >= 400 && strings.HasPrefix(path, "/_counterpart/") {
		t.Fatalf("%s %s: %s", method, path, answer.Status)
	}
	return answer
}
