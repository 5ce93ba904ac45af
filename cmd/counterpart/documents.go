package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/openapi"
)

const specUsage = "take the contract from the OpenAPI document `FILE[=/BASE]`, not the built-in one; with =/BASE its paths are below that base path, in place of those of its servers"

// specFlag is for the commands that work with one document.
func specFlag() cli.Flag {
	return &cli.StringFlag{Name: "spec", Usage: specUsage, Sources: env("spec")}
}

// specsFlag is for those that work with several.
func specsFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "spec", Usage: specUsage + " (repeat it, or separate by commas)", Sources: env("spec")}
}

// source is where a contract is read from, as often as it changes. The zero value is the built-in document.
type source struct {
	file     string // "" for the built-in document
	base     string // "" for those of its servers
	overlays []string
	limits   openapi.Limits
}

// sourcesOf reads the values of --spec and --overlay.
func sourcesOf(c *cli.Command, specs, overlays []string, limits openapi.Limits) ([]*source, error) {
	sources := make([]*source, 0, len(specs)+1)
	for _, text := range specs {
		file, base, mounted := cutLast(text, "=")
		if mounted && (!strings.HasPrefix(base, "/") || file == "") {
			return nil, usageError(c, "--spec %s: use FILE or FILE=/BASE", text)
		}
		if i := slices.IndexFunc(sources, func(s *source) bool { return mounted && s.base == base }); i >= 0 {
			return nil, usageError(c, "--spec %s: %s has the base path %s already", text, sources[i].file, base)
		}
		sources = append(sources, &source{file: file, base: base, limits: limits})
	}
	if len(sources) == 0 {
		sources = append(sources, &source{limits: limits})
	}
	for _, text := range overlays {
		if err := addOverlay(c, sources, text); err != nil {
			return nil, err
		}
	}
	return sources, nil
}

// addOverlay takes FILE=OVERLAY for the document FILE; of a single document it need not be said which.
func addOverlay(c *cli.Command, sources []*source, text string) error {
	named := false
	for _, s := range sources {
		if overlay, ok := strings.CutPrefix(text, s.file+"="); ok && s.file != "" {
			s.overlays, named = append(s.overlays, overlay), true
		}
	}
	switch {
	case named:
		return nil
	case len(sources) > 1:
		return usageError(c, "--overlay %s: say which document it changes, as in --overlay %s=%s", text, sources[0].file, text)
	}
	sources[0].overlays = append(sources[0].overlays, text)
	return nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

// read reads the contract. Seen are the files that it was made of, as they were before: also of one that is broken.
func (s *source) read() (spec *openapi.Spec, seen stamps, err error) {
	seen = stamps{}
	for _, overlay := range s.overlays {
		seen.add(overlay) // the name of a built-in one is a file that is not there
	}
	if s.file == "" {
		spec, err = s.limits.Default(s.overlays...)
	} else {
		spec, err = s.load(seen)
	}
	if err == nil && s.base != "" {
		spec, err = spec.Under(s.base)
	}
	if err != nil {
		return nil, seen, fmt.Errorf("reading the contract: %w", s.named(err))
	}
	return spec, seen, nil
}

func (s *source) load(seen stamps) (*openapi.Spec, error) {
	dir := filepath.Dir(s.file)
	seen.add(s.file)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &openapi.DocumentError{File: filepath.Base(s.file), Err: errors.Unwrap(err)}
	}
	defer func() { _ = root.Close() }()
	return s.limits.LoadFS(&seenFiles{root.FS(), dir, seen}, filepath.Base(s.file), s.overlays...)
}

// named says where the file is that an error is about: the contract knows it by its place below the document's directory.
func (s *source) named(err error) error {
	var broken *openapi.DocumentError
	if s.file != "" && errors.As(err, &broken) && !slices.Contains(s.overlays, broken.File) {
		broken.File = filepath.Join(filepath.Dir(s.file), broken.File)
	}
	return err
}

// seenFiles notes the files that are asked for, there or not.
type seenFiles struct {
	fs.FS

	dir  string
	seen stamps
}

func (f *seenFiles) Open(name string) (fs.File, error) {
	f.seen.add(filepath.Join(f.dir, filepath.FromSlash(name)))
	return f.FS.Open(name)
}

// stamps tell whether files, by their paths, are still as they were.
type stamps map[string]stamp

// stamp is what of a file changes when it is written, or another takes its place. The zero value is no file.
type stamp struct {
	modified time.Time
	size     int64
	mode     fs.FileMode
}

func (s stamps) add(file string) {
	s[file] = stamp{}
	if info, err := os.Stat(file); err == nil {
		s[file] = stamp{info.ModTime(), info.Size(), info.Mode()}
	}
}

// again are the same files as they are now.
func (s stamps) again() stamps {
	now := make(stamps, len(s))
	for file := range s {
		now.add(file)
	}
	return now
}

// loadSpec reads the one document that the flags ask for.
func loadSpec(c *cli.Command) (*openapi.Spec, error) {
	var specs []string
	if file := c.String("spec"); file != "" {
		specs = append(specs, file)
	}
	sources, err := sourcesOf(c, specs, c.StringSlice("overlay"), openapi.Limits{})
	if err != nil {
		return nil, err
	}
	spec, _, err := sources[0].read()
	return spec, err
}

func (s *source) name() string {
	if s.file == "" {
		return "the built-in one"
	}
	return s.file
}
