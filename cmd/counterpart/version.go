package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v3"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print the version of this program and of Go",
		Action: printVersion,
	}
}

// printVersion prints the line that the library prints for --version.
func printVersion(_ context.Context, c *cli.Command) error {
	if err := noArguments(c); err != nil {
		return err
	}
	cli.ShowVersion(c.Root())
	return nil
}

// buildVersion is the module's version: a tag, a pseudo-version, or (devel) when go built it from a checkout without
// version control.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func goVersion() string {
	return fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
