package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
)

const controlCategory = "Control (docs/control.md)"

func controlFlags() []cli.Flag {
	on := choiceFlag("control", "what is below /_counterpart; health, readiness and metrics are there in any case", "on", "off").(*cli.StringFlag)
	on.Category = controlCategory
	flag := func(name, usage string) *cli.StringFlag {
		return &cli.StringFlag{Name: name, Usage: usage, Sources: env(name), Category: controlCategory}
	}
	listen := flag("control-listen", "answer control requests on `ADDR` alone; port 0 takes a free one")
	listen.Validator = validAddress
	return []cli.Flag{
		on, listen,
		flag("control-token", "take control requests only with `TOKEN`, as Authorization: Bearer TOKEN; others on the machine can read it on the command line, but not in the variable"),
		flag("control-token-file", "take control requests only with the token that `FILE` holds"),
	}
}

// controlOptions are what the flags say of who may use the control API.
func controlOptions(c *cli.Command) (mockserver.ControlOptions, error) {
	token, err := tokenOf(c, "control-token")
	if err != nil {
		return mockserver.ControlOptions{}, usageError(c, "%w", err)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return mockserver.ControlOptions{}, usageError(c, "the control token holds a character that cannot stand in a header: a space, a line end, or one that is not ASCII")
	}
	o := mockserver.ControlOptions{Token: token}
	switch apart := c.String("control-listen") != ""; {
	case c.String("control") == "off" && apart:
		return o, usageError(c, "--control off and --control-listen contradict each other: leave one out")
	case c.String("control") == "off":
		o.Access = mockserver.ControlOff
	case apart:
		o.Access = mockserver.ControlApart
	}
	return o, nil
}

// controlServer is the control API on its own address; nil where it has none.
type controlServer struct {
	server   *http.Server
	listener net.Listener
}

func listenForControl(ctx context.Context, c *cli.Command, mock *mockserver.Server, like *http.Server) (*controlServer, error) {
	addr := c.String("control-listen")
	if addr == "" {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with --control-listen", err)
	}
	server := mock.HTTPServer()
	server.Handler, server.TLSConfig = mock.Control(), like.TLSConfig.Clone()
	return &controlServer{server, mock.Listener(listener)}, nil
}

// serve serves until close; the line says where.
func (s *controlServer) serve(log *slog.Logger) (line string) {
	if s == nil {
		return ""
	}
	line = fmt.Sprintf("control on %s://%s\n", schemeOf(s.server), s.listener.Addr()) // net/http sets a TLSConfig as soon as it serves
	go func() {
		if err := accept(s.server, s.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("control has ended", "error", err.Error())
		}
	}()
	return line
}

// close lets open requests finish, but no longer than ctx.
func (s *controlServer) close(ctx context.Context) {
	if s == nil {
		return
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if s.server.Shutdown(grace) != nil {
		_ = s.server.Close()
	}
}

// warnOfOpenControl says when everybody on the network may change how the mock answers.
func warnOfOpenControl(log *slog.Logger, c *cli.Command, main net.Listener, apart *controlServer) {
	at := main.Addr()
	if apart != nil {
		at = apart.listener.Addr()
	}
	guarded := c.String("control") == "off" || c.String("control-token")+c.String("control-token-file") != ""
	if !guarded && !onLoopback(at) {
		log.Warn("whoever reaches this address may change the mock: give --control-token, --control-listen 127.0.0.1:PORT or --control off", "address", at.String())
	}
}

func onLoopback(at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
