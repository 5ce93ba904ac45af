package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// maxConfiguration is the size of the largest file that is read, in bytes.
const maxConfiguration = 1 << 20

// configuration is what a file says. The zero value is one that says nothing.
type configuration struct {
	mockserver.Configuration // what it says beside flags

	file  string // "" for none
	text  *openapi.YAML
	flags map[string][]string // by name; one value, or those of a list
	who   *mockserver.Credentials
	seen  stamps // the file as it was before it was read, and others that it stands or falls with
}

// readConfiguration reads a file and judges all of it but what depends on the documents. The error joins a
// [*openapi.DocumentError] for each thing that is wrong; the configuration is there with an error too, for what it has seen.
func readConfiguration(file string) (*configuration, error) {
	c := &configuration{file: file, flags: map[string][]string{}, seen: stamps{}}
	if file == "" {
		return c, nil
	}
	c.seen.add(file)
	data, err := readSmall(file)
	if err != nil {
		return c, &openapi.DocumentError{File: file, Err: err}
	}
	if c.text, err = openapi.ParseYAML(file, data); err != nil {
		return c, withoutAlias(err)
	}
	return c, c.take()
}

// readSmall refuses what is too large, and what may never end.
func readSmall(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", withoutPath(err))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", withoutPath(err))
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxConfiguration+1))
	if err == nil && len(data) > maxConfiguration {
		err = fmt.Errorf("is larger than %d MB", maxConfiguration>>20)
	}
	return data, err
}

func withoutPath(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// withoutAlias leaves the name of an unknown alias out: it may be a secret that begins with an asterisk.
func withoutAlias(err error) error {
	var broken *openapi.DocumentError
	if errors.As(err, &broken) && strings.HasPrefix(broken.Err.Error(), "unknown anchor") {
		broken.Err = errors.New("an alias has no anchor: put a text that begins with * into quotes")
	}
	return err
}

// configFile is the file that --config names. It gives the flags that neither the command line nor a variable does.
type configFile struct {
	name  string
	load  func() (*configuration, error)
	asked map[string]int // by flag: in how many of the places before the file it was not found
}

// read is load for a command that begins.
func (f *configFile) read() (*configuration, error) {
	c, err := f.load()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return c, nil
}

// configurable adds --config to the flags, and the file to where each of them may come from.
func configurable(flags []cli.Flag) ([]cli.Flag, *configFile) {
	file := &configFile{asked: map[string]int{}}
	file.load = sync.OnceValues(func() (*configuration, error) { return readConfiguration(file.name) })
	for _, f := range flags {
		name, sources := f.Names()[0], flagSources(f)
		sources.Chain = slices.Concat([]cli.ValueSource{&beforeFile{file, name}}, sources.Chain, []cli.ValueSource{&fromFile{file, name}})
	}
	// It comes first: when the others look for their values, the name of the file must be known.
	return slices.Insert(flags, 0, cli.Flag(&cli.StringFlag{
		Name:        "config",
		Usage:       "take flags that are not given otherwise, faults, stubs and more from the YAML `FILE`, and read it again when it changes; see docs/config.md",
		Sources:     env("config"),
		Destination: &file.name,
	})), file
}

func flagSources(f cli.Flag) *cli.ValueSourceChain {
	switch f := f.(type) {
	case *cli.StringFlag:
		return &f.Sources
	case *cli.StringSliceFlag:
		return &f.Sources
	case *cli.Uint64Flag:
		return &f.Sources
	case *cli.DurationFlag:
		return &f.Sources
	case *cli.BoolFlag:
		return &f.Sources
	}
	panic(fmt.Sprintf("the flag %s has a type that no file can give", f.Names()[0])) // a programmer's mistake that every start shows
}

// fromFile looks a flag up in the file. A file that is wrong has none: serve says why.
type fromFile struct {
	*configFile

	flag string
}

// Lookup is called only when neither the command line nor a variable gives the flag.
func (f *fromFile) Lookup() (string, bool) {
	f.asked[f.flag]++
	c, err := f.load()
	if err != nil {
		return "", false
	}
	values, found := c.flags[f.flag]
	return strings.Join(values, ","), found
}

func (f *fromFile) String() string   { return "--config" }
func (f *fromFile) GoString() string { return "--config" }

// beforeFile notices that the command line does not give the flag.
type beforeFile struct {
	*configFile

	flag string
}

func (f *beforeFile) Lookup() (string, bool) {
	f.asked[f.flag]++
	return "", false
}

func (f *beforeFile) String() string   { return "the command line" }
func (f *beforeFile) GoString() string { return "the command line" }

// decides says whether the file gives the flag, or would if it had it.
func (f *configFile) decides(flag string) bool { return f.asked[flag] == 2 }

// origin says where the value of a flag comes from.
func (f *configFile) origin(c *configuration, flag cli.Flag) string {
	name := flag.Names()[0]
	switch given := c.flags[name] != nil; {
	case f.asked[name] == 0:
		return "--" + name
	case f.asked[name] == 1:
		return flagSources(flag).EnvKeys()[0]
	case given:
		return fmt.Sprintf("%s:%d", c.file, c.text.Line("/"+name))
	}
	return "default"
}

// holdsSecret says whether a flag's value must not be shown.
func holdsSecret(flag, value string) bool {
	switch flag {
	case "control-token":
		return value != ""
	case "store":
		return strings.Contains(value, "@") // behind a password
	}
	return false
}

// warn says when others can read secrets.
func (c *configuration) warn(log *slog.Logger) {
	if c.secret() && c.readableByAll() {
		log.Warn("the configuration holds secrets and everybody on this machine can read it: take that permission away (chmod o-r)", "file", c.file)
	}
}

func (c *configuration) secret() bool {
	for flag, values := range c.flags {
		if slices.ContainsFunc(values, func(value string) bool { return holdsSecret(flag, value) }) {
			return true
		}
	}
	return c.State != nil || c.who != nil
}

// readableByAll is never so on Windows, which has no such permissions.
func (c *configuration) readableByAll() bool {
	const others = 0o004
	return runtime.GOOS != "windows" && c.seen[c.file].mode&others != 0
}
