package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/openapi"
)

// errBroken makes the exit status; the words are in the reports.
var errBroken = errors.New("the target breaks the contract")

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "say whether the server at URL keeps the contract",
		ArgsUsage: "URL",
		Description: withOverlays("Exit status: 0 the contract is kept, 1 it is broken, 2 it could not be judged.\n" +
			"Phases: " + strings.Join(contract.Phases(), ", ") + "."),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "project-id", Usage: "short for --parameter project_id=`ID`", Sources: env("project-id")},
			&cli.StringMapFlag{Name: "parameter", Usage: "send `NAME=VALUE` in every path that has the parameter, not the documented example (repeat it, or separate by commas)", Sources: env("parameter")},
			overlayFlag(),
			phaseFlag(),
			seedFlag("make the requests from `N`: the same seed, the same requests; 0 draws one, and the report names it"),
			reportFlag(),
		},
		Action: verify,
	}
}

func phaseFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:      "phase",
		Usage:     "run only this `PHASE` (repeat it, or separate by commas; default: all)",
		Sources:   env("phase"),
		Validator: knownPhases,
	}
}

func knownPhases(phases []string) error {
	for _, p := range phases {
		if err := oneOf(p, contract.Phases()); err != nil {
			return err
		}
	}
	return nil
}

func verify(ctx context.Context, c *cli.Command) (err error) {
	target, err := verifyTarget(c)
	if err != nil {
		return err
	}
	options, err := verifyOptions(c)
	if err != nil {
		return err
	}
	outputs, err := openReports(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outputs.close()) }()

	report, err := contract.Verify(ctx, target, options)
	if err != nil {
		return fmt.Errorf("no verdict: %w", err)
	}
	if err := outputs.write(report); err != nil {
		return err
	}
	if report.Failed > 0 || len(report.Findings) > 0 {
		return errBroken
	}
	return nil
}

func verifyTarget(c *cli.Command) (contract.Target, error) {
	if n := c.Args().Len(); n != 1 {
		return nil, usageError(c, "verify takes one URL, but got %d arguments", n)
	}
	target, err := contract.URL(c.Args().First())
	if err != nil {
		return nil, usageError(c, "%w", err)
	}
	return target, nil
}

func verifyOptions(c *cli.Command) (contract.Options, error) {
	spec, err := loadSpec(c)
	if err != nil {
		return contract.Options{}, err
	}
	values := parameters(c)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !hasPathParameter(spec, name) {
			return contract.Options{}, usageError(c, "--parameter %s: no path of the document has a parameter of that name", name)
		}
	}
	return contract.Options{
		Spec:       spec,
		Seed:       c.Uint64("seed"),
		Parameters: values,
		Phases:     c.StringSlice("phase"),
	}, nil
}

func parameters(c *cli.Command) map[string]string {
	values := map[string]string{}
	maps.Copy(values, c.StringMap("parameter"))
	if id := c.String("project-id"); id != "" {
		values["project_id"] = id
	}
	return values
}

func hasPathParameter(spec *openapi.Spec, name string) bool {
	for _, o := range spec.Operations() {
		for _, p := range o.Parameters {
			if p.In == openapi.InPath && p.Name == name {
				return true
			}
		}
	}
	return false
}
