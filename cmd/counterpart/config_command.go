package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"
)

func configCommand() *cli.Command {
	flags, file := configurable(serveFlags())
	return &cli.Command{
		Name:  "config",
		Usage: "say what serve would do with the same flags, or what is wrong with them",
		Description: withOverlays("Takes the command line of serve, and serves nothing: it reads the configuration of --config and the documents, judges\n" +
			"all of it, and prints each value with where it comes from: the command line, a variable, the file, or the default.\n" +
			"Secrets are not shown. Exit status: 0, or 2 where serve would not start."),
		Flags:  flags,
		Action: func(_ context.Context, c *cli.Command) error { return showConfiguration(c, file) },
	}
}

func showConfiguration(c *cli.Command, file *configFile) error {
	if err := noArguments(c); err != nil {
		return err
	}
	configuration, err := file.read()
	if err != nil {
		return err
	}
	configuration.warn(logger(c.String("log"), c.Root().ErrWriter))
	options, _, err := mockOptions(c)
	if err != nil {
		return err
	}
	of := &configured{configuration: configuration, from: file, command: c}
	if options.Auth, err = of.credentials(configuration); err != nil {
		return err
	}
	if err := configuration.try(options); err != nil {
		return fmt.Errorf("starting the mock: %w", err)
	}
	return file.write(c.Root().Writer, c, configuration)
}

// write is a line a flag and a section.
func (f *configFile) write(to io.Writer, c *cli.Command, configuration *configuration) error {
	table := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	for _, flag := range c.Flags {
		if name := flag.Names()[0]; name != "config" && name != "help" && (name != credentialsKey || configuration.who == nil) {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", name, shown(c, flag), f.origin(configuration, flag))
		}
	}
	for _, s := range configuration.summary() {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s:%d\n", s[0], s[1], configuration.file, configuration.text.Line("/"+s[0]))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

// shown is the value of a flag without its secrets.
func shown(c *cli.Command, flag cli.Flag) string {
	name := flag.Names()[0]
	value := fmt.Sprint(c.Value(name))
	if list, isList := c.Value(name).([]string); isList {
		value = strings.Join(list, ",")
	}
	if holdsSecret(name, value) {
		return "(secret)"
	}
	return value
}

// summary is what the file says beside flags: each key, and in words how much.
func (c *configuration) summary() [][2]string {
	var list [][2]string
	add := func(key string, given bool, words any) {
		if given {
			list = append(list, [2]string{key, fmt.Sprint(words)})
		}
	}
	add("faults", len(c.Faults) > 0, len(c.Faults))
	add("stubs", len(c.Stubs) > 0, len(c.Stubs))
	add("scenarios", len(c.Scenarios) > 0, strings.Join(slices.Sorted(maps.Keys(c.Scenarios)), ","))
	add("state", c.State != nil, "(given)")
	add("settings", len(c.Settings) > 0, strings.Join(slices.Sorted(maps.Keys(c.Settings)), ","))
	add(credentialsKey, c.who != nil, c.who)
	add("clock", c.Clock != nil, "(given)")
	return list
}
