package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
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
	callTimeout  = 30 * time.Second
)

// binary is the program under test; TestMain builds it.
var binary string

// environment is the one that the tests were started with.
var environment = os.Environ()

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "counterpart-e2e-")
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
	// Only now: go build keeps its cache under HOME, and the SDK writes
	// .huaweicloud/application_id there.
	if err := os.Setenv("HOME", dir); err != nil {
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

// server is a running "counterpart serve".
type server struct {
	url    string
	cmd    *exec.Cmd
	kill   context.CancelFunc
	said   <-chan string // gets the announced URL, and is closed when stdout ends
	stderr bytes.Buffer  // to be read after cmd.Wait
}

// serve starts the program on a free port and waits until it listens. When the
// test ends the program must stop on SIGTERM with exit status 0, and must not
// have logged the password.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	s := launch(t, flags)
	t.Cleanup(func() { s.stop(t) })
	s.url = s.awaitURL(t)
	return s
}

func launch(t *testing.T, flags []string) *server {
	t.Helper()
	// Not t.Context: it ends before the cleanups, and would kill what stop is to end politely.
	ctx, kill := context.WithCancel(context.Background())
	s := &server{kill: kill}
	s.cmd = exec.CommandContext(ctx, binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		kill()
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go listen(stdout, said)
	s.said = said
	return s
}

// listen passes on the URL that the program announces and reads stdout to its end.
func listen(stdout io.Reader, said chan<- string) {
	defer close(said)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			said <- url
			break
		}
	}
	io.Copy(io.Discard, stdout)
}

func (s *server) awaitURL(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	select {
	case url, ok := <-s.said:
		if !ok {
			t.Fatal("the program ended without saying where it listens")
		}
		if !strings.HasPrefix(url, "http://127.0.0.1:") {
			t.Fatalf("the program listens on %q, want a URL on 127.0.0.1", url)
		}
		return url
	case <-ctx.Done():
		t.Fatalf("the program did not say within %v where it listens", startTimeout)
		return ""
	}
}

func (s *server) stop(t *testing.T) {
	defer s.kill()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("sending SIGTERM: %v", err)
	}
	timer := time.AfterFunc(stopTimeout, s.kill)
	defer timer.Stop()
	for range s.said { // Wait closes the pipe, so stdout is read to its end first.
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM the program ended with %v, want exit status 0", err)
	}
	if bytes.Contains(s.stderr.Bytes(), []byte(password)) {
		t.Error("stderr tells the password")
	}
	if t.Failed() {
		t.Logf("stderr of %q:\n%s", s.cmd.Args[1:], &s.stderr)
	}
}
