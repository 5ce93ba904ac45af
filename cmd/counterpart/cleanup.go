package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

// errLeft makes the exit status; the words are on stdout.
var errLeft = errors.New("something is left on the server")

func cleanupCommand() *cli.Command {
	return &cli.Command{
		Name:      "cleanup",
		Usage:     "delete what a run that was killed left behind, as its ledger says",
		ArgsUsage: "LEDGER [URL]",
		Description: withOverlays(withCredentials("Without URL it is the server that the ledger names. Only what the run created is deleted.\n" +
			"Exit status: 0 nothing is left, 1 something is (after --dry-run: would be deleted), 2 it could not be done.")),
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "delete nothing, and print what would be deleted", Sources: env("dry-run")},
			specFlag(),
			overlayFlag(),
		}, targetFlags()...),
		Action: cleanup,
	}
}

func cleanup(ctx context.Context, c *cli.Command) error {
	if n := c.Args().Len(); n < 1 || n > 2 {
		return usageError(c, "cleanup takes a ledger and perhaps a URL, but got %d arguments", n)
	}
	head, entries, err := readLedger(c.Args().First())
	if err != nil {
		return err
	}
	spec, err := loadSpec(c)
	if err != nil {
		return err
	}
	if spec.Title != head.Spec.Title {
		return fmt.Errorf("the ledger is about %q, but the document is %q: give the document that the run had", head.Spec.Title, spec.Title)
	}
	return cleanupAt(ctx, c, cleanupURL(c, head), spec, entries)
}

func cleanupURL(c *cli.Command, head contract.LedgerHead) string {
	if url := c.Args().Get(1); url != "" {
		return url
	}
	return head.Target
}

func cleanupAt(ctx context.Context, c *cli.Command, url string, spec *openapi.Spec, entries []contract.LedgerEntry) error {
	target, err := openTarget(c, url)
	if err != nil {
		return err
	}
	report, err := contract.Cleanup(ctx, target, spec, entries, contract.CleanupOptions{DryRun: c.Bool("dry-run")})
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("stopped before the end; what is left can be cleaned up with the same ledger: %w", err)
	}
	if werr := writeCleanup(c.Root().Writer, target, report); werr != nil || err != nil {
		return errors.Join(err, werr)
	}
	if report.Count(contract.Left, contract.ToDelete) > 0 {
		return errLeft
	}
	return nil
}

func readLedger(file string) (contract.LedgerHead, []contract.LedgerEntry, error) {
	f, err := os.Open(file)
	if err != nil {
		return contract.LedgerHead{}, nil, err
	}
	defer func() { _ = f.Close() }()
	head, entries, err := contract.ReadLedger(f)
	if err != nil {
		return head, nil, fmt.Errorf("%s: %w", file, err)
	}
	return head, entries, nil
}

// writeCleanup prints a line an entry, and how many there are of each outcome.
func writeCleanup(w io.Writer, target contract.Target, report contract.CleanupReport) error {
	for _, e := range report.Entries {
		line := fmt.Sprintf("%-9s %s %d", e.Outcome, e.Resource, e.Number)
		if e.ID != "" {
			line += " " + printable(e.ID)
		}
		if e.Reason != "" {
			line += ": " + e.Reason
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s: %d deleted, %d gone, %d left\n", target,
		report.Count(contract.Deleted), report.Count(contract.Gone), report.Count(contract.Left, contract.ToDelete))
	return err
}

// printable quotes what a server may have made up to confuse a terminal.
func printable(text string) string {
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}
