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
		{"junit", (*contract.Report).WriteJUnit},
		{"sarif", (*contract.Report).WriteSARIF},
		{"html", (*contract.Report).WriteHTML},
		{"github", (*contract.Report).WriteGitHub},
	}
}

// reportNames lists the formats in words.
func reportNames() string {
	var names []string
	for _, f := range reportFormats() {
		names = append(names, f.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func reportFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name: "report",
		Usage: "write the report as `FORMAT[=FILE]`, on stdout without FILE (repeat it, or separate by commas; default: text). " +
			"FORMAT is " + reportNames() + ": annotations, which in GitHub Actions also come by themselves where stdout holds no other format than text",
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
	return nil, fmt.Errorf("use %s, alone or with =FILE", reportNames())
}

type reportOutputs []*reportOutput

// openReports creates the files before the work, so that a wrong path costs no run and no old report outlives one.
func openReports(c *cli.Command) (reportOutputs, error) {
	outputs, err := parseReports(c.StringSlice("report"))
	if err != nil {
		return nil, usageError(c, "%w", err)
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		outputs = outputs.withAnnotations()
	}
	for i, o := range outputs {
		if o.to, err = o.open(c.Root().Writer); err != nil {
			return nil, errors.Join(fmt.Errorf("--report: %w", err), outputs[:i].close())
		}
	}
	return outputs, nil
}

// withAnnotations adds annotations for GitHub Actions, which reads them on stdout, unless they were asked for already or
// stdout is to hold a format that they would spoil.
func (outputs reportOutputs) withAnnotations() reportOutputs {
	for _, o := range outputs {
		if o.name == "github" || o.file == "" && o.name != "text" {
			return outputs
		}
	}
	annotations := &reportOutput{reportFormat: reportFormat{"github", (*contract.Report).WriteGitHub}}
	return append(outputs, annotations)
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
