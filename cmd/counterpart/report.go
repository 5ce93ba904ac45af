package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/contract"
)

// reportFormat is a report that verify writes.
type reportFormat struct {
	name  string
	write func(*contract.Report, io.Writer) error
}

// reportFormats lists them, the default first.
func reportFormats() []reportFormat {
	return []reportFormat{
		{"text", (*contract.Report).WriteText},
		{"json", (*contract.Report).WriteJSON},
	}
}

func reportFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:      "report",
		Usage:     "write the report as `text|json[=FILE]`, on stdout without FILE (repeat it, or separate by commas; default: text)",
		Sources:   env("report"),
		Validator: func(reports []string) error { _, err := parseReports(reports); return err },
	}
}

// reportOutput is a report to write; file "" is stdout.
type reportOutput struct {
	reportFormat
	file string
	to   io.WriteCloser
}

// notClosed is a writer that outlives the reports.
type notClosed struct{ io.Writer }

func (notClosed) Close() error { return nil }

func parseReports(flags []string) (reportOutputs, error) {
	if len(flags) == 0 {
		flags = []string{reportFormats()[0].name}
	}
	files := map[string]bool{}
	var outputs reportOutputs
	for _, flag := range flags {
		o, err := parseReport(flag)
		if err != nil {
			return nil, err
		}
		if files[o.file] {
			return nil, errors.New("another report goes to the same place; add =FILE to one of them")
		}
		files[o.file] = true
		outputs = append(outputs, o)
	}
	return outputs, nil
}

func parseReport(flag string) (*reportOutput, error) {
	name, file, named := strings.Cut(flag, "=")
	for _, f := range reportFormats() {
		if f.name == name && named == (file != "") {
			return &reportOutput{reportFormat: f, file: file}, nil
		}
	}
	return nil, errors.New("use text, json, text=FILE or json=FILE")
}

type reportOutputs []*reportOutput

// openReports creates the files before the work, so that a wrong path costs no run and no old report outlives one.
func openReports(c *cli.Command) (reportOutputs, error) {
	outputs, err := parseReports(c.StringSlice("report"))
	if err != nil {
		return nil, usageError(c, "%w", err)
	}
	for i, o := range outputs {
		if o.to, err = o.open(c.Root().Writer); err != nil {
			return nil, errors.Join(fmt.Errorf("--report: %w", err), outputs[:i].close())
		}
	}
	return outputs, nil
}

func (o *reportOutput) open(stdout io.Writer) (io.WriteCloser, error) {
	if o.file == "" {
		return notClosed{stdout}, nil
	}
	return os.Create(o.file)
}

func (outputs reportOutputs) write(r *contract.Report) error {
	for _, o := range outputs {
		if err := o.write(r, o.to); err != nil {
			return fmt.Errorf("writing the %s report: %w", o.name, err)
		}
	}
	return nil
}

func (outputs reportOutputs) close() error {
	var errs []error
	for _, o := range outputs {
		errs = append(errs, o.to.Close())
	}
	return errors.Join(errs...)
}
