// Counterpart serves a mock that keeps an API's contract, and says whether a server keeps it.
//
//	counterpart serve           # the mock, on 127.0.0.1:8080
//	counterpart config          # what serve would do with the same flags and file, or what is wrong with them
//	counterpart verify URL      # the verdict: exit status 0 kept, 1 broken, 2 could not judge
//	counterpart cleanup LEDGER  # delete what a killed run left behind
//	counterpart inspect         # what was understood of a document, and what is wrong with it
//	counterpart spec            # the contract itself, as one OpenAPI document
//	counterpart health          # is the mock that runs on 127.0.0.1:8080 well?
//	counterpart help verify     # every flag and its environment variable
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v3"
)

// Exit statuses of the program.
const (
	exitOK     = 0
	exitBroken = 1 // verify found that the target breaks the contract, cleanup that something is left, inspect --strict that the document is wrong
	exitFailed = 2 // the command could not do its work: wrong flags, invalid document, unreachable target
)

// commands lists the subcommands in the order of the help.
var commands = []func() *cli.Command{
	serveCommand,
	configCommand,
	verifyCommand,
	cleanupCommand,
	inspectCommand,
	specCommand,
	healthCommand,
	versionCommand,
}

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}

// run is the program: args as in [os.Args], the result its exit status. The end of ctx stops it as SIGINT does.
// Whatever goes wrong is one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once

	err := rootCommand(stdout, stderr).Run(ctx, args)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errBroken) || errors.Is(err, errLeft) || errors.Is(err, errWrong) {
		return exitBroken
	}
	_, _ = fmt.Fprintln(stderr, "counterpart: "+plainWords(oneLine(err)))
	return exitFailed
}

func rootCommand(stdout, stderr io.Writer) *cli.Command {
	root := &cli.Command{
		Name:        "counterpart",
		Usage:       "a mock that keeps an API's contract, and a judge of servers that should",
		Description: "Every flag can be given as an environment variable instead: \"counterpart help COMMAND\" names both.",
		Version:     buildVersion() + ", " + goVersion(),
		Writer:      stdout,
		ErrWriter:   stderr,
		Action:      noCommand,

		EnableShellCompletion:           true,
		ConfigureShellCompletionCommand: func(c *cli.Command) { c.Hidden = false },
		// Without it the library exits the process by itself.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
	}
	for _, command := range commands {
		root.Commands = append(root.Commands, command())
	}
	for _, c := range append(root.Commands, root) {
		c.OnUsageError = explainUsage
	}
	return root
}

// noCommand runs when no subcommand has the name given.
func noCommand(_ context.Context, c *cli.Command) error {
	if c.Args().Present() {
		return usageError(c, "there is no command %q", c.Args().First())
	}
	return cli.ShowRootCommandHelp(c)
}

func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, " ")
}
