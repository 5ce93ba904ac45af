package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
)

// shutdownGrace is how long open requests have to finish after SIGINT or SIGTERM.
const shutdownGrace = 10 * time.Second

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "answer as the contract says, and remember",
		Description: withOverlays("Prints \"listening on http://ADDR\" on stdout once it answers, and a line a request on stderr.\n" +
			"SIGINT and SIGTERM let open requests finish and end it with exit status 0."),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "listen on `ADDR`; port 0 takes a free one", Value: "127.0.0.1:8080", DefaultText: "127.0.0.1:8080", Sources: env("listen"), Validator: validAddress},
			overlayFlag(),
			seedFlag("make the ids from `N`, so that the same requests get the same answers; 0 takes random ids"),
			choiceFlag("log", "format of the log", "text", "json"),
		},
		Action: serve,
	}
}

func serve(ctx context.Context, c *cli.Command) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	listener, err := listen(ctx, c.String("listen"))
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()

	log := logger(c.String("log"), c.Root().ErrWriter)
	mock, err := newMock(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mock.Close()) }()
	return serveUntilDone(ctx, listener, httpServer(mock, log), c.Root().Writer)
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

func newMock(c *cli.Command, log *slog.Logger) (*mockserver.Server, error) {
	spec, err := loadSpec(c)
	if err != nil {
		return nil, err
	}
	mock, err := mockserver.New(mockserver.Options{Spec: spec, Seed: c.Uint64("seed"), Log: log})
	if err != nil {
		return nil, fmt.Errorf("starting the mock: %w", err)
	}
	return mock, nil
}

func logger(format string, to io.Writer) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(to, nil))
	}
	return slog.New(slog.NewTextHandler(to, nil))
}

// httpServer bounds what a client can make the program wait for or hold.
func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serveUntilDone says where it listens and serves until ctx ends; then it waits for the open requests.
func serveUntilDone(ctx context.Context, listener net.Listener, srv *http.Server, stdout io.Writer) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	if _, err := fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr()); err != nil {
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
