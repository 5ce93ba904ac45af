package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/openapi"
)

// env names the environment variable of a flag.
func env(flag string) cli.ValueSourceChain {
	return cli.EnvVars("COUNTERPART_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
}

func overlayFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:    "overlay",
		Usage:   "change the document by `NAME|FILE`: an overlay below, or an OpenAPI Overlay file (repeat it, or separate by commas). With several documents SPEC=NAME|FILE says which of them",
		Sources: env("overlay"),
	}
}

func seedFlag(usage string) cli.Flag {
	return &cli.Uint64Flag{Name: "seed", Usage: usage, Sources: env("seed")}
}

// choiceFlag takes one of a few words, the first by default.
func choiceFlag(name, usage string, choices ...string) cli.Flag {
	return &cli.StringFlag{
		Name:        name,
		Usage:       fmt.Sprintf("%s: `%s`", usage, strings.Join(choices, "|")),
		Value:       choices[0],
		DefaultText: choices[0],
		Sources:     env(name),
		Validator:   func(v string) error { return oneOf(v, choices) },
	}
}

func oneOf(value string, choices []string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("use %s", strings.Join(choices, " or "))
}

// withOverlays adds the built-in overlays to a command's description.
func withOverlays(description string) string {
	var b strings.Builder
	b.WriteString(description + "\n\nBuilt-in overlays, each a known deviation of real services:")
	for _, o := range openapi.Overlays() {
		fmt.Fprintf(&b, "\n  %-22s %s", o.Name, o.Title)
	}
	return b.String()
}

func noArguments(c *cli.Command) error {
	if c.Args().Present() {
		return usageError(c, "%s takes no argument, but got %q", c.Name, c.Args().First())
	}
	return nil
}

// usageError says what is wrong with the command line, and where to read how it should be.
func usageError(c *cli.Command, format string, args ...any) error {
	help := strings.TrimSpace(strings.TrimPrefix(c.FullName(), "counterpart"))
	return fmt.Errorf("%w; see \"%s\"", fmt.Errorf(format, args...), strings.TrimSpace("counterpart help "+help))
}

// explainUsage words what the flag library found wrong.
func explainUsage(_ context.Context, c *cli.Command, err error, _ bool) error {
	return usageError(c, "%s", plainWords(err.Error()))
}

// plainWords takes out of a message what the flag library and the standard library put for programmers.
func plainWords(message string) string {
	for _, wording := range []struct{ from, to string }{
		{`^flag provided but not defined: -+`, `there is no flag --`},
		{`^could not parse (".*") as \S+ value from environment variable "(\w+)" for flag [\w-]+: `, `invalid value $1 for $2: `},
		{`^invalid value (".*") for flag -+`, `invalid value $1 for --`},
		{`strconv\.ParseUint: parsing ".*": .*`, `use a whole number from 0`},
		{`time: .*`, `use a time such as 90s or 5m`},
		{`strconv\.ParseFloat: parsing ".*": .*`, `use a number from 0`},
		{`time: .* duration ".*"`, `use a time such as 90s or 5m`},
		{`: parse error\b`, `: use true or false`}, // of switches only
		{`item (".*") is missing separator "="`, `use NAME=VALUE`},
	} {
		message = regexp.MustCompile(wording.from).ReplaceAllString(message, wording.to)
	}
	return message
}
