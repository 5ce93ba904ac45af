package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/labstack/echo/v4" //nolint:depguard // one of the servers to compare with is made of it

	"github.com/counterpart-go/counterpart/generated"
)

// Names of the servers, as on the page.
const (
	ours     = "counterpart"
	constant = "net/http, constant"
	bareEcho = "echo, JSON"
	prism    = "Prism"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 20 * time.Second
)

// server is a running process.
type server struct {
	name, url string
	pid       int
	stop      context.CancelFunc // ends the process; ended is closed when it has
	ended     <-chan struct{}
}

// launch starts a process that says on stdout where it listens. Its log goes to the null device: the server pays for
// writing it, the harness does not pay for reading it.
func launch(ctx context.Context, name, program string, args ...string) (*server, error) {
	where := &announcement{url: make(chan string, 1)}
	s, err := spawn(ctx, name, where, program, args...)
	if err != nil {
		return nil, err
	}
	select {
	case s.url = <-where.url:
		return s, nil
	case <-s.ended:
		err = errors.New("it ended before it listened")
	case <-time.After(startTimeout):
		err = fmt.Errorf("it did not say within %v where it listens", startTimeout)
	}
	s.close()
	return nil, fmt.Errorf("starting %s: %w; run %q to see why", name, err, append([]string{program}, args...))
}

// spawn starts a process that ends with ctx, or with close.
func spawn(ctx context.Context, name string, stdout io.Writer, program string, args ...string) (*server, error) {
	ctx, stop := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	cmd.Stdout, cmd.Env = stdout, plainEnvironment()
	if err := cmd.Start(); err != nil {
		stop()
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it was told to end: its status says nothing
	}()
	return &server{name: name, pid: cmd.Process.Pid, stop: stop, ended: ended}, nil
}

// plainEnvironment leaves out what would change how the program serves.
func plainEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "COUNTERPART_") })
}

// remembers says whether what is created is listed.
func (s *server) remembers() bool { return s.name == ours || s.name == bareEcho }

func (s *server) close() {
	s.stop()
	<-s.ended
}

// rss is how much memory the process has, in MB.
func (s *server) rss() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of %s, which Linux tells under /proc: %w", s.name, err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kB, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kB / 1024, err
		}
	}
	return 0, fmt.Errorf("%s has ended", s.name)
}

// untilIdle is when what a start leaves behind has gone back to the system.
const untilIdle = 2 * time.Second

// idleRSS is rss once the server has been left alone.
func (s *server) idleRSS() (float64, error) {
	time.Sleep(untilIdle)
	return s.rss()
}

// announcement finds the URL in what a server says on stdout.
type announcement struct {
	url  chan string // gets it once
	text []byte      // nil once it was found
	done bool
}

func (a *announcement) Write(p []byte) (int, error) {
	if a.done {
		return len(p), nil
	}
	a.text = append(a.text, p...)
	if _, rest, ok := bytes.Cut(a.text, []byte("listening on ")); ok {
		if url, _, ok := bytes.Cut(rest, []byte("\n")); ok {
			a.url <- string(bytes.TrimSpace(url))
			a.done, a.text = true, nil
		}
	}
	return len(p), nil
}

// answer is what the program answers to the request in question: the stand-ins imitate it.
type answer struct{ status, size int }

// entrant starts a server for one comparison.
type entrant func(ctx context.Context, a answer) (*server, error)

func (h *harness) ours(ctx context.Context, _ answer) (*server, error) {
	return launch(ctx, ours, h.program, "serve", "--listen", "127.0.0.1:0")
}

func (h *harness) oursOn(store string) entrant {
	return func(ctx context.Context, _ answer) (*server, error) {
		return launch(ctx, ours, h.program, "serve", "--listen", "127.0.0.1:0", "--store", store)
	}
}

func (h *harness) constant(ctx context.Context, a answer) (*server, error) {
	return launch(ctx, constant, h.self, standInCommand, "constant", strconv.Itoa(a.status), strconv.Itoa(a.size))
}

func (h *harness) echo(ctx context.Context, _ answer) (*server, error) {
	return launch(ctx, bareEcho, h.self, standInCommand, "echo")
}

// standInCommand makes the harness one of the servers to compare with.
const standInCommand = "stand-in"

func serveStandIn(ctx context.Context, args []string, stdout io.Writer) error {
	handler, err := standIn(args)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

func standIn(args []string) (http.Handler, error) {
	switch {
	case len(args) == 1 && args[0] == "echo":
		return echoServer(), nil
	case len(args) == 3 && args[0] == "constant":
		status, err1 := strconv.Atoi(args[1])
		size, err2 := strconv.Atoi(args[2])
		return constantServer(answer{status, size}), errors.Join(err1, err2)
	}
	return nil, fmt.Errorf("use %s echo, or %s constant STATUS SIZE", standInCommand, standInCommand)
}

// constantServer is the floor: what net/http itself costs.
func constantServer(a answer) http.Handler {
	body := bytes.Repeat([]byte("x"), a.size)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(a.status)
		_, _ = w.Write(body)
	})
}

// shelf keeps connections as they come, for the echo server.
type shelf struct {
	mu   sync.Mutex // guards kept
	kept map[string][]generated.DataConnectorDetail
}

// echoServer decodes, keeps and encodes, with the generated types, and checks nothing: what a service without a contract costs.
// Only to refuse the request that the third workload sends, it looks for the word password.
func echoServer() http.Handler {
	s := &shelf{kept: map[string][]generated.DataConnectorDetail{}}
	e := echo.New()
	e.POST("/v2/:project/data-connectors", s.create)
	e.GET("/v2/:project/data-connectors", s.list)
	return e
}

func (s *shelf) create(c echo.Context) error {
	var sent generated.DataConnectorRequest
	if err := c.Bind(&sent); err != nil {
		return err
	}
	d, project := sent.DataConnector, c.Param("project")
	if !strings.Contains(d.SourceInfo, `"password"`) {
		return c.JSON(http.StatusBadRequest, generated.Error{ErrorCode: "MRS.0010", ErrorMsg: "source_info: the password is missing"})
	}
	id := fmt.Sprintf("%032x", time.Now().UnixNano())
	now, zero, user := time.Now().UnixMilli(), int32(0), "bench"
	s.mu.Lock()
	s.kept[project] = append(s.kept[project], generated.DataConnectorDetail{
		ConnectorId: id, ConnectorName: d.ConnectorName, SourceType: d.SourceType, SourceInfo: d.SourceInfo,
		CreateTime: &now, LastUpdateTime: &now, CreateBy: &user, CreateUser: &user, LastUpdateBy: &user, TenantId: &project,
		Status: &zero, EncryptType: &zero, UsedClusters: new(string),
	})
	s.mu.Unlock()
	return c.JSON(http.StatusCreated, generated.CreateDataConnectorResult{ConnectorId: id})
}

func (s *shelf) list(c echo.Context) error {
	limit, err := strconv.Atoi(c.QueryParam("limit"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	all := s.kept[c.Param("project")]
	s.mu.Unlock()
	return c.JSON(http.StatusOK, generated.ListDataConnectorsResult{TotalCount: int32(len(all)), DataConnectors: all[:min(limit, len(all))]})
}

// prismVersion is pinned, so that two pages compare the same Prism.
const prismVersion = "5.16.0"

// installPrism gives Prism's script, in the user's cache so that it is fetched once.
func (h *harness) installPrism(ctx context.Context) (string, error) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%s is missing", tool)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "counterpart-bench", "prism-"+prismVersion)
	script := filepath.Join(dir, "node_modules", "@stoplight", "prism-cli", "dist", "index.js")
	if _, err := os.Stat(script); err == nil {
		return script, nil
	}
	cmd := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", dir, "@stoplight/prism-cli@"+prismVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install: %w: %s", err, bytes.TrimSpace(out))
	}
	return script, nil
}

// prism starts the script on the document that the program prints.
func (h *harness) prism(script string) entrant {
	return func(ctx context.Context, _ answer) (*server, error) {
		document := filepath.Join(h.dir, "openapi.yaml")
		text, err := exec.CommandContext(ctx, h.program, "spec", "--openapi", "3.0").Output()
		if err == nil {
			err = os.WriteFile(document, text, 0o600)
		}
		if err != nil {
			return nil, fmt.Errorf("printing the document for Prism: %w", err)
		}
		return h.prismOn(ctx, script, document)
	}
}

// prismOn starts the script on a document.
func (h *harness) prismOn(ctx context.Context, script, document string) (*server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	// Its announcement comes before its log, on one stream: it is not read, but the port asked.
	s, err := spawn(ctx, prism, nil, "node", script, "mock", "--host", "127.0.0.1", "--port", port, document)
	if err != nil {
		return nil, err
	}
	s.url = "http://127.0.0.1:" + port
	if err := s.awaitPort(ctx, "127.0.0.1:"+port); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// freePort is one that was free a moment ago: Prism cannot say which it took.
func freePort(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

// awaitPort returns when the server takes connections.
func (s *server) awaitPort(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := new(net.Dialer).DialContext(ctx, "tcp", addr); err == nil {
			return c.Close()
		}
		select {
		case <-again.C:
		case <-s.ended:
			return fmt.Errorf("%s ended before it listened", s.name)
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen: %w", s.name, ctx.Err())
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
