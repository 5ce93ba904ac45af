package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
)

// defaultTarget is where serve listens unless told otherwise.
const defaultTarget = "http://127.0.0.1:8080"

func healthCommand() *cli.Command {
	return &cli.Command{
		Name:      "health",
		Usage:     "ask a running mock whether it is well",
		ArgsUsage: "[URL]",
		Description: "For the health check of a container whose image holds this program only. URL is " + defaultTarget + " by default.\n" +
			"Exit status: 0 it answers with 200, 2 it does not.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "ready", Usage: "ask whether it is ready for requests, its store included", Sources: env("ready")},
			&cli.DurationFlag{Name: "timeout", Usage: "wait `TIME` for the answer", Value: 5 * time.Second, DefaultText: "5s", Sources: env("timeout")},
		},
		Action: health,
	}
}

func health(ctx context.Context, c *cli.Command) error {
	if c.Args().Len() > 1 {
		return usageError(c, "health takes one URL, but got %q too", c.Args().Get(1))
	}
	target := defaultTarget
	if c.Args().Present() {
		target = c.Args().First()
	}
	page := "/_counterpart/health"
	if c.Bool("ready") {
		page = "/_counterpart/ready"
	}
	ctx, cancel := context.WithTimeout(ctx, c.Duration("timeout"))
	defer cancel()
	return wantOK(ctx, strings.TrimSuffix(target, "/")+page)
}

// wantOK returns nil when the URL answers with 200.
func wantOK(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s; give a URL such as %s: %w", url, defaultTarget, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("no answer; is the mock running there? %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
