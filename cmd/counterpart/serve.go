package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/urfave/cli/v3"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"github.com/counterpart-go/counterpart/mockserver"
)

// shutdownGrace is how long open requests have to finish after SIGINT or SIGTERM.
const shutdownGrace = 10 * time.Second

func serveCommand() *cli.Command {
	flags, file := configurable(serveFlags())
	return &cli.Command{
		Name:  "serve",
		Usage: "answer as the contract says, and remember",
		Description: withOverlays("Prints \"listening on http://ADDR\" on stdout once it answers, and a line a request on stderr.\n" +
			"With a certificate that is https://ADDR, and the next line is the certificate's fingerprint.\n" +
			"GET /_counterpart/health, /_counterpart/ready and /_counterpart/metrics (Prometheus) say how it is. What is\n" +
			"below /_counterpart beside these shows and changes its state, clock and answers: docs/control.md.\n" +
			"With --control-listen that is on an address of its own, which the line \"control on http://ADDR\" names.\n" +
			"Where OTEL_EXPORTER_OTLP_ENDPOINT is set, traces go there (OTLP over http/protobuf).\n" +
			"With --spec it answers for other documents, and reads one again when it or a file that it is made of changes.\n" +
			"SIGINT and SIGTERM let open requests finish and end it with exit status 0."),
		Flags:  flags,
		Action: func(ctx context.Context, c *cli.Command) error { return serve(ctx, c, file) },
	}
}

// serveFlags are all but --config, which gives what they are not given.
func serveFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "listen", Usage: "listen on `ADDR`; port 0 takes a free one", Value: "127.0.0.1:8080", DefaultText: "127.0.0.1:8080", Sources: env("listen"), Validator: validAddress},
		specsFlag(),
		overlayFlag(),
		reloadFlag(),
		storeFlag(),
		seedFlag("make the ids from `N`, so that the same requests get the same answers; 0 takes random ids"),
		choiceFlag("log", "format of the log", "text", "json"),
	}, authFlags(), controlFlags(), tlsFlags(), limitFlags())
}

func serve(ctx context.Context, c *cli.Command, file *configFile) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	configuration, err := file.read()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(headroom())
	listener, err := listen(ctx, c.String("listen"))
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	security, err := serverTLS(c)
	if err != nil {
		return err
	}

	log := logger(c.String("log"), c.Root().ErrWriter)
	configuration.warn(log)
	traces, err := newTracing(ctx)
	if err != nil {
		return err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("tracing", "error", err.Error()) }))
	defer endTraces(ctx, traces, log)
	mock, documents, err := newMock(ctx, c, file, log, traces.tracer())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mock.Close()) }()
	defer documents.start(ctx, c.Duration("reload-every"))()
	server := mock.HTTPServer()
	server.TLSConfig = security
	control, err := listenForControl(ctx, c, mock, server)
	if err != nil {
		return err
	}
	defer control.close(ctx)
	warnOfOpenControl(log, c, listener, control)
	return serveUntilDone(ctx, mock.Listener(listener), server, c.Root().Writer, control.serve(log)+documents.whereabouts())
}

// validAddress refuses the empty address too, which would open a port on every interface.
func validAddress(addr string) error {
	if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
		return errors.New("use HOST:PORT")
	}
	return nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with --listen", err)
	}
	return listener, nil
}

// endTraces sends the last ones; ctx has ended by now. A collector that is away is no reason to fail.
func endTraces(ctx context.Context, t *tracing, log *slog.Logger) {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := t.close(grace); err != nil {
		log.Warn("tracing", "error", err.Error())
	}
}

func newMock(ctx context.Context, c *cli.Command, file *configFile, log *slog.Logger, tracer trace.Tracer) (*mockserver.Server, *watch, error) {
	configuration, err := file.read()
	if err != nil {
		return nil, nil, err
	}
	options, documents, err := mockOptions(c)
	if err != nil {
		return nil, nil, err
	}
	documents.configured = &configured{configuration: configuration, from: file, command: c, options: options, last: configuration.seen}
	if options.Auth, err = documents.configured.credentials(configuration); err != nil {
		return nil, nil, err
	}
	warnOfCredentials(log, c.String(credentialsKey))
	warnOfOpen(options.Auth, options.Specs, log)
	if options.Store, err = openStore(ctx, c); err != nil {
		return nil, nil, err
	}
	options.Log, options.Tracer = log, tracer
	mock, err := configuration.mock(options)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("starting the mock: %w", err), options.Store.Close())
	}
	documents.mock, documents.log = mock, log
	return mock, documents, nil
}

// mockOptions reads the documents, and says what is to be done with them.
func mockOptions(c *cli.Command) (mockserver.Options, *watch, error) {
	limits, err := limitsOf(c)
	if err != nil {
		return mockserver.Options{}, nil, err
	}
	sources, err := sourcesOf(c, c.StringSlice("spec"), c.StringSlice("overlay"), limits.contract)
	if err != nil {
		return mockserver.Options{}, nil, err
	}
	documents, err := readAtOnce(sources)
	if err != nil {
		return mockserver.Options{}, nil, err
	}
	control, err := controlOptions(c)
	if err != nil {
		return mockserver.Options{}, nil, err
	}
	return mockserver.Options{Specs: specsOf(documents.documents), Seed: c.Uint64("seed"), Limits: limits.Limits, Control: control}, documents, nil
}

// Reading a document makes several times as much garbage as it leaves behind. At the start nothing else needs the memory
// and somebody waits: garbage is collected only when there is much of it, and what is free goes back to the system soon
// after, when nobody waits for that.
const (
	collectSeldom = 200       // percent, see debug.SetGCPercent
	collectAnyway = 400 << 20 // bytes, see debug.SetMemoryLimit
	freeAfter     = time.Second
)

func readAtOnce(sources []*source) (*watch, error) {
	limit, percent := debug.SetMemoryLimit(collectAnyway), debug.SetGCPercent(collectSeldom)
	defer func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
		time.AfterFunc(freeAfter, debug.FreeOSMemory)
	}()
	return readAll(sources)
}

func logger(format string, to io.Writer) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(to, nil))
	}
	return slog.New(slog.NewTextHandler(to, nil))
}

func accept(srv *http.Server, listener net.Listener) error {
	if srv.TLSConfig == nil {
		return srv.Serve(listener)
	}
	return srv.ServeTLS(listener, "", "")
}

// whereabouts is what a client needs to know.
func whereabouts(srv *http.Server, listener net.Listener) string {
	where := fmt.Sprintf("listening on %s://%s\n", schemeOf(srv), listener.Addr())
	if srv.TLSConfig == nil {
		return where
	}
	return where + fmt.Sprintf("certificate SHA-256 %s\n", fingerprint(&srv.TLSConfig.Certificates[0]))
}

func schemeOf(srv *http.Server) string {
	if srv.TLSConfig == nil {
		return "http"
	}
	return "https"
}

// gcHeadroom is by how much more than its own size the heap may grow before it is collected, in pieces of 1 MB. Without it
// a heap of a few megabytes is collected dozens of times a second under load.
const gcHeadroom = 32

// headroom is never touched, and so takes no memory. In one piece it would: where any of a piece was in use before, Go
// clears all of it.
func headroom() [][]byte {
	pieces := make([][]byte, gcHeadroom)
	for i := range pieces {
		pieces[i] = make([]byte, 1<<20)
	}
	return pieces
}

// serveUntilDone says where it listens, and what else there is to say, and serves until ctx ends; then it waits for the open requests.
func serveUntilDone(ctx context.Context, listener net.Listener, srv *http.Server, stdout io.Writer, more string) error {
	failed, where := make(chan error, 1), whereabouts(srv, listener)+more
	go func() { failed <- accept(srv, listener) }()
	if _, err := fmt.Fprint(stdout, where); err != nil {
		return errors.Join(err, srv.Close())
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	// ctx has ended: what is left to do needs one of its own.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("requests still open after %v are cut off: %w", shutdownGrace, err), srv.Close())
	}
	return nil
}
