package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/contract"
)

// readBaseline reads the file of --baseline; nil when there is none to read.
func readBaseline(c *cli.Command) (*contract.Baseline, error) {
	name, update := c.String("baseline"), c.Bool("update-baseline")
	switch {
	case name == "" && update:
		return nil, usageError(c, "--update-baseline needs --baseline FILE")
	case name == "" || update:
		return nil, nil
	}
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usageError(c, "--baseline: %s does not exist; --update-baseline writes it", name)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	baseline, err := contract.ReadBaseline(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return baseline, nil
}

func writeBaseline(name string, report *contract.Report) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(contract.NewBaseline(report).Write(file), file.Close())
}

// requiredCoverage reads --require-coverage: percent by what is covered.
func requiredCoverage(c *cli.Command) (map[string]float64, error) {
	required := map[string]float64{}
	for of, text := range c.StringMap("require-coverage") {
		percent, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
		if err != nil || !(percent >= 0 && percent <= 100) { // not NaN either
			return nil, usageError(c, "--require-coverage %s=%s: use a number from 0 to 100", of, text)
		}
		kinds := contract.CoverageKinds()
		kind := slices.IndexFunc(kinds, func(kind string) bool { return strings.EqualFold(kind, strings.ReplaceAll(of, "-", " ")) })
		if kind < 0 {
			return nil, usageError(c, "--require-coverage %s: use one of %s", of, strings.Join(kinds, ", "))
		}
		required[kinds[kind]] = percent
	}
	return required, nil
}

// missingCoverage says in words what was required and not reached.
func missingCoverage(report *contract.Report, required map[string]float64) []string {
	var lines []string
	for _, of := range slices.Sorted(maps.Keys(required)) {
		for _, row := range report.Coverage {
			if row.Of == of && float64(row.Covered)*100 < required[of]*float64(row.Total) {
				lines = append(lines, fmt.Sprintf("%d of %d %s were tried, but %g %% are required; missing: %s", row.Covered, row.Total, of, required[of], strings.Join(row.Missing, ", ")))
			}
		}
	}
	return lines
}
