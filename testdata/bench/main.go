// Bench starts the real program and drives it with wrk, beside a bare net/http server, an echo server that does the
// same without checking anything, and Stoplight Prism. It writes what it measured as a Markdown page.
//
//	go run . -write=../../docs/performance.md                     # the full run: make bench-server
//	go run . -seconds=1 -rounds=1 -connectors=20000 -no-prism     # does the harness work? make bench-server-smoke
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: the result is its exit status, 2 when anything could not be measured.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := dispatch(ctx, args, stdout, stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "bench:", err)
	return 2
}

// dispatch runs the harness, or one of the servers it compares with: the harness starts itself for those.
func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == standInCommand {
		return serveStandIn(ctx, args[1:], stdout)
	}
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	h, err := newHarness(ctx, o, stderr)
	if err != nil {
		return err
	}
	defer h.close()
	found, err := h.measure(ctx)
	if err != nil {
		return err
	}
	return publish(page(found), o.write, stdout)
}

// options are the flags.
type options struct {
	root               string
	seconds, rounds    int
	connectors         int
	postgres           string
	postgresConnectors int
	noPrism            bool
	write              string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.root, "root", "../..", "the repository")
	flags.IntVar(&o.seconds, "seconds", 3, "how long one round drives one server")
	flags.IntVar(&o.rounds, "rounds", 3, "how often every server has its turn")
	flags.IntVar(&o.connectors, "connectors", 1_000_000, "how many connectors are filtered, in memory")
	flags.StringVar(&o.postgres, "postgres", "", "also filter in the PostgreSQL database of this `URL`, one made for this: what is loaded stays there")
	flags.IntVar(&o.postgresConnectors, "postgres-connectors", 1_000_000, "how many connectors are filtered in PostgreSQL")
	flags.BoolVar(&o.noPrism, "no-prism", false, "leave out Prism, which needs node, npm and their registry")
	flags.StringVar(&o.write, "write", "", "write the page to this `file`; without it, to stdout")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.seconds < 1 || o.rounds < 1 || o.connectors < 1000 || o.postgresConnectors < 1000 {
		return o, errors.New("use -seconds and -rounds from 1 and -connectors from 1000")
	}
	return o, nil
}

// harness is one run.
type harness struct {
	options
	self, program string // the executables
	dir           string // for temporary files; close removes it
	progress      io.Writer
	started       int64 // makes project ids that no other run has: PostgreSQL remembers
	projects      int
}

func newHarness(ctx context.Context, o options, progress io.Writer) (*harness, error) {
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, errors.New("wrk, the load generator, is missing: install it with \"apt-get install wrk\" or from https://github.com/wg/wrk")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the harness itself: %w", err)
	}
	dir, err := os.MkdirTemp("", "counterpart-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary directory; set TMPDIR to one that can be written: %w", err)
	}
	h := &harness{options: o, self: self, program: filepath.Join(dir, "counterpart"), dir: dir, progress: progress, started: time.Now().UnixNano()}
	if err := errors.Join(writeScript(dir), h.build(ctx)); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *harness) close() { _ = os.RemoveAll(h.dir) }

// build makes the program as it is delivered: static and stripped.
func (h *harness) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "make", "static", "STATIC="+h.program)
	cmd.Dir, cmd.Env = h.root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

func (h *harness) say(format string, args ...any) {
	fmt.Fprintf(h.progress, format+"\n", args...)
}

// project is the id of a project that nobody has used.
func (h *harness) project() string {
	h.projects++
	return "bench" + strconv.FormatInt(h.started, 36) + "n" + strconv.Itoa(h.projects)
}

// measure takes everything in turn.
func (h *harness) measure(ctx context.Context) (*findings, error) {
	f := &findings{options: h.options}
	for _, part := range []func(context.Context, *findings) error{h.describe, h.measureStarts, h.measureBeside, h.measurePrism, h.measureSizes, h.measureMemory, h.measurePostgres} {
		if err := part(ctx, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// publish writes the page to the file, or to stdout when there is none.
func publish(page, file string, stdout io.Writer) error {
	if file == "" {
		fmt.Fprint(stdout, page)
		return nil
	}
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		return fmt.Errorf("writing the page; name another file with -write: %w", err)
	}
	return nil
}
