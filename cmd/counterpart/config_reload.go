package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
)

// configured is the configuration in force.
type configured struct {
	*configuration

	from    *configFile
	command *cli.Command
	options mockserver.Options // of a mock that tries another
	last    stamps             // the file at the look before
}

// reconfigure puts the configuration that the file holds now in the place of the one in force, once two looks find the
// same file. What is wrong in any part leaves the one before in force as a whole.
func (w *watch) reconfigure(ctx context.Context) {
	c := w.configured
	if c == nil || c.file == "" {
		return
	}
	now := c.seen.again()
	settled := !maps.Equal(now, c.seen) && maps.Equal(now, c.last)
	c.last = now
	if !settled {
		return
	}
	next, err := readConfiguration(c.file)
	var later []string
	if err == nil {
		later, err = w.change(ctx, next)
	}
	c.seen, c.last = next.seen, next.seen
	if err != nil {
		w.log.Error("the changed configuration is not taken; the one before it stays in force", "file", c.file, "reason", oneLine(err))
		return
	}
	c.configuration = next
	w.log.Info("the configuration has changed and was read again", "file", c.file)
	if len(later) > 0 {
		w.log.Warn("these take effect at the next start", "file", c.file, "flags", strings.Join(later, ", "))
	}
	next.warn(w.log)
}

// change tries the configuration on a mock of its own, and then tells it to the one that serves. Later are the flags that
// only a start reads.
func (w *watch) change(ctx context.Context, next *configuration) (later []string, err error) {
	documents, err := w.documentsOf(next)
	if err != nil {
		return nil, err
	}
	options := w.configured.options
	options.Specs = specsOf(documents)
	if options.Auth, err = w.configured.credentials(next); err != nil {
		return nil, err
	}
	if err := next.try(options); err != nil {
		return nil, err
	}
	for i, d := range documents {
		if before := w.documents[i]; d != before {
			if err := w.mock.Replace(ctx, before.spec, d.spec); err != nil {
				return nil, err
			}
			w.documents[i] = d
		}
	}
	if err := w.mock.SetCredentials(options.Auth); err != nil {
		return nil, err
	}
	return w.configured.later(next), next.explained(w.mock.Configure(next.Configuration))
}

// credentials are those of the configuration, or of the file that it or the command line names: its change is one, too.
func (c *configured) credentials(next *configuration) (*mockserver.Credentials, error) {
	file, known := c.command.String(credentialsKey), (*mockserver.Credentials)(nil)
	if c.from.decides(credentialsKey) {
		file, known = strings.Join(next.flags[credentialsKey], ","), next.who
	}
	if file != "" {
		next.seen.add(file)
	}
	return credentialsOf(c.command, file, known)
}

// documentsOf are the documents in service, with the overlays that the file says now. Other documents take a new start.
func (w *watch) documentsOf(next *configuration) ([]*watched, error) {
	c := w.configured
	specs := c.values(next, "spec")
	if !slices.Equal(specs, c.values(c.configuration, "spec")) {
		return w.documents, nil
	}
	sources, err := sourcesOf(c.command, specs, c.values(next, "overlay"), w.documents[0].limits)
	if err != nil {
		return nil, err
	}
	documents := slices.Clone(w.documents)
	for i, s := range sources {
		if slices.Equal(s.overlays, documents[i].overlays) {
			continue
		}
		spec, seen, err := s.read()
		if err != nil {
			return nil, err
		}
		documents[i] = &watched{source: s, spec: spec, seen: seen, last: seen}
	}
	return documents, nil
}

// values are those of a flag that takes a list, from the command line, a variable or the file.
func (c *configured) values(file *configuration, flag string) []string {
	if c.from.decides(flag) {
		return file.flags[flag]
	}
	return c.command.StringSlice(flag)
}

// later are what the file changes, and only a start reads.
func (c *configured) later(next *configuration) []string {
	var names []string
	for _, flag := range serveFlags() {
		name := flag.Names()[0]
		atOnce := name == credentialsKey || name == "overlay" && slices.Equal(c.flags["spec"], next.flags["spec"])
		if c.from.decides(name) && !atOnce && !slices.Equal(c.flags[name], next.flags[name]) {
			names = append(names, name)
		}
	}
	for key, same := range map[string]bool{
		"state": reflect.DeepEqual(c.State, next.State), "clock": reflect.DeepEqual(c.Clock, next.Clock), "scenarios": maps.Equal(c.Scenarios, next.Scenarios),
	} {
		if !same {
			names = append(names, key)
		}
	}
	slices.Sort(names)
	return names
}

// try makes a mock that nobody asks, to see whether that can be done.
func (c *configuration) try(o mockserver.Options) error {
	mock, err := c.mock(o)
	if err != nil {
		return err
	}
	return mock.Close()
}

// mock is one that does what the file says.
func (c *configuration) mock(o mockserver.Options) (*mockserver.Server, error) {
	o.Configuration = c.Configuration
	mock, err := mockserver.New(o)
	return mock, c.explained(err)
}

// explained says where in the file it is what a mock finds wrong.
func (c *configuration) explained(err error) error {
	var wrong *mockserver.ConfigurationError
	if !errors.As(err, &wrong) {
		return err
	}
	var all []error
	for _, v := range wrong.Violations {
		all = append(all, c.at(v.Pointer, fmt.Errorf("%s: %s", v.Pointer, v.Words())))
	}
	return errors.Join(all...)
}
