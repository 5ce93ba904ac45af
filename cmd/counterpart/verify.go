package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

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
		Description: withOverlays(withCredentials("Exit status: 0 the contract is kept, 1 it is broken, 2 it could not be judged.\n" +
			"Phases: " + strings.Join(contract.Phases(), ", ") + ".\n\n" +
			"Nothing is touched but what the run creates, and that is deleted at the end, on SIGINT and by \"counterpart cleanup\".")),
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "project-id", Usage: "short for --parameter project_id=`ID`", Sources: env("project-id")},
			&cli.StringMapFlag{Name: "parameter", Usage: "send `NAME=VALUE` in every path that has the parameter, not the documented example (repeat it, or separate by commas)", Sources: env("parameter")},
			&cli.StringMapFlag{Name: "source-info", Usage: "short for --instance source_info:`TYPE=FILE`", Sources: env("source-info")},
			&cli.StringMapFlag{Name: "instance", Usage: "send the JSON of a file, not a made-up one, in the string that is chosen so: `PROPERTY:VALUE=FILE` (repeat it)", Sources: env("instance")},
			specFlag(),
			overlayFlag(),
			phaseFlag(),
			&cli.StringSliceFlag{Name: "include", Usage: "judge only the operations that `SELECTOR` matches: operation:ID, tag:NAME, path:/pets/*, method:GET, or an id or path alone (repeat it, or separate by commas)", Sources: env("include")},
			&cli.StringSliceFlag{Name: "exclude", Usage: "never send the operations that `SELECTOR` matches, whatever --include says (repeat it, or separate by commas)", Sources: env("exclude")},
			seedFlag("make the requests from `N`: the same seed, the same requests; 0 draws one, and the report names it"),
			&cli.IntFlag{Name: "fuzz-cases", Usage: "try `N` cases in the phase fuzz; 0 is 1000", Sources: env("fuzz-cases"), Validator: notNegative},
			reportFlag(),
		}, safetyFlags(), judgementFlags(), targetFlags()),
		Action: verify,
	}
}

// safetyFlags bound what a run does to a server.
func safetyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Usage: "send nothing, and print what would be sent", Sources: env("dry-run")},
		&cli.BoolFlag{Name: "read-only", Usage: "send only requests that change nothing", Sources: env("read-only")},
		&cli.IntFlag{Name: "max-requests", Usage: "end after `N` requests and clean up; 0 sets no limit", Sources: env("max-requests"), Validator: notNegative},
		&cli.IntFlag{Name: "max-objects", Usage: "skip cases that could create more than `N` items in all; 0 sets no limit", Sources: env("max-objects"), Validator: notNegative},
		&cli.DurationFlag{Name: "time-budget", Usage: "end after `TIME` (90s, 5m) and clean up; 0 sets no limit", Sources: env("time-budget"), Validator: notBefore},
		&cli.StringFlag{Name: "ledger", Usage: "note everything that is created in the new `FILE`, for \"counterpart cleanup\"; without it a temporary file, which is deleted when nothing is left", Sources: env("ledger")},
	}
}

// judgementFlags change what counts as broken.
func judgementFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "baseline", Usage: "accept the findings that `FILE` knows, and fail on others only", Sources: env("baseline")},
		&cli.BoolFlag{Name: "update-baseline", Usage: "write what was found to the file of --baseline, and accept it", Sources: env("update-baseline")},
		&cli.StringMapFlag{Name: "require-coverage", Usage: "fail where less was tried: `OF=PERCENT`, as the report names it, such as operations=100 (repeat it, or separate by commas)", Sources: env("require-coverage")},
	}
}

func notBefore(d time.Duration) error {
	if d < 0 {
		return errors.New("use a time from 0s")
	}
	return nil
}

func notNegative(n int) error {
	if n < 0 {
		return errors.New("use a whole number from 0")
	}
	return nil
}

func phaseFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:      "phase",
		Usage:     "run only this `PHASE` (repeat it, or separate by commas; default: all but fuzz)",
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
	if c.Bool("dry-run") {
		return writePlan(c.Root().Writer, options)
	}
	required, err := requiredCoverage(c)
	if err != nil {
		return err
	}
	outputs, err := openReports(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outputs.close()) }()
	report, err := runWithLedger(ctx, c, target, options)
	if report == nil {
		return fmt.Errorf("no verdict: %w", err)
	}
	return conclude(c, outputs, report, required, err)
}

// conclude writes what is known, even of a run that was interrupted, and then says how it ended.
func conclude(c *cli.Command, outputs reportOutputs, report *contract.Report, required map[string]float64, ended error) error {
	if err := outputs.write(report); err != nil {
		return errors.Join(ended, err)
	}
	if errors.Is(ended, context.Canceled) {
		return errors.New("no verdict: the run was interrupted")
	}
	if ended != nil {
		return fmt.Errorf("no verdict: %w", ended)
	}
	if c.Bool("update-baseline") {
		if report.Interrupted != "" {
			return fmt.Errorf("the baseline stays as it was: %s", report.Interrupted)
		}
		return writeBaseline(c.String("baseline"), report)
	}
	missing := missingCoverage(report, required)
	for _, line := range missing {
		_, _ = fmt.Fprintln(c.Root().ErrWriter, "counterpart: "+line)
	}
	if report.Failed > 0 || len(missing) > 0 {
		return errBroken
	}
	return nil
}

func verifyTarget(c *cli.Command) (contract.Target, error) {
	if n := c.Args().Len(); n != 1 {
		return nil, usageError(c, "verify takes one URL, but got %d arguments", n)
	}
	return openTarget(c, c.Args().First())
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
	instances, err := instances(c)
	if err != nil {
		return contract.Options{}, err
	}
	baseline, err := readBaseline(c)
	if err != nil {
		return contract.Options{}, err
	}
	include, err := selectors(c, "include")
	if err != nil {
		return contract.Options{}, err
	}
	exclude, err := selectors(c, "exclude")
	if err != nil {
		return contract.Options{}, err
	}
	return contract.Options{
		Include:     include,
		Exclude:     exclude,
		Spec:        spec,
		Seed:        c.Uint64("seed"),
		Parameters:  values,
		Instances:   instances,
		Phases:      c.StringSlice("phase"),
		FuzzCases:   c.Int("fuzz-cases"),
		ReadOnly:    c.Bool("read-only"),
		MaxRequests: c.Int("max-requests"),
		MaxObjects:  c.Int("max-objects"),
		Budget:      c.Duration("time-budget"),
		Baseline:    baseline,
	}, nil
}

// selectors are those of --include or --exclude.
func selectors(c *cli.Command, flag string) ([]contract.Selector, error) {
	var list []contract.Selector
	for _, text := range c.StringSlice(flag) {
		s, err := contract.ParseSelector(text)
		if err != nil {
			return nil, usageError(c, "--%s: %w", flag, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// instances reads the files of --instance and --source-info.
func instances(c *cli.Command) ([]contract.Instance, error) {
	files := map[string]string{}
	maps.Copy(files, c.StringMap("instance"))
	for chosen, file := range c.StringMap("source-info") {
		files["source_info:"+chosen] = file
	}
	var list []contract.Instance
	for _, name := range slices.Sorted(maps.Keys(files)) {
		property, chosen, ok := strings.Cut(name, ":")
		if !ok {
			return nil, usageError(c, "--instance %s: use PROPERTY:VALUE=FILE", name)
		}
		text, err := os.ReadFile(files[name])
		if err != nil {
			return nil, err
		}
		value, err := openapi.DecodeJSON(text)
		if err != nil {
			return nil, fmt.Errorf("%s holds no JSON: %w", files[name], err)
		}
		compact, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[name], err)
		}
		list = append(list, contract.Instance{Property: property, Chosen: chosen, JSON: string(compact)})
	}
	return list, nil
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
