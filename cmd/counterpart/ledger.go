package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/contract"
)

// cleanupTime bounds what is cleaned up behind a run that was interrupted.
const cleanupTime = 30 * time.Second

// runWithLedger runs the suite with a ledger on disk. What the run could not take away itself is tried once more; if
// anything is left even then, the ledger stays, and stderr says how to go on.
func runWithLedger(ctx context.Context, c *cli.Command, target contract.Target, o contract.Options) (report *contract.Report, err error) {
	file, err := createLedger(c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if o.Seed == 0 {
		o.Seed = contract.NewSeed()
	}
	head := contract.LedgerHead{Tool: "counterpart", Target: fmt.Sprint(target), Spec: contract.ReportSpec{Title: o.Spec.Title, Version: o.Spec.Version}, Seed: o.Seed, Started: time.Now().UTC()}
	if o.Ledger, err = contract.NewLedger(file, head); err != nil {
		return nil, err
	}
	progress := newProgress(c.Root().ErrWriter)
	o.Each = progress.show
	report, err = contract.Verify(ctx, target, o)
	progress.clear()
	leaveNothing(ctx, c, target, o, file.Name())
	return report, err
}

func createLedger(c *cli.Command) (*os.File, error) {
	if name := c.String("ledger"); name != "" {
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("--ledger: %s is there already: it may know what is left on a server; see \"counterpart help cleanup\"", name)
		}
		return file, err
	}
	return os.CreateTemp("", "counterpart-*.ledger")
}

// leaveNothing cleans up what the ledger still knows, and deletes a temporary ledger that knows nothing any more.
func leaveNothing(ctx context.Context, c *cli.Command, target contract.Target, o contract.Options, file string) {
	left := o.Ledger.Open()
	if len(left) > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		if report, err := contract.Cleanup(ctx, target, o.Spec, left, contract.CleanupOptions{}); err == nil && report.Count(contract.Left) == 0 {
			left = nil
		}
	}
	switch {
	case len(left) > 0:
		_, _ = fmt.Fprintf(c.Root().ErrWriter, "counterpart: %d items may be left on the server; see what and delete them with: counterpart cleanup %s\n", len(left), file)
	case c.String("ledger") == "":
		_ = os.Remove(file)
	}
}
