package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// reloadFlag looks by itself instead of being told by the kernel: that works in containers, on network file systems and
// where a link is turned to another directory, and costs a few microseconds a look.
func reloadFlag() cli.Flag {
	const usual = 500 * time.Millisecond
	return &cli.DurationFlag{Name: "reload-every", Usage: "look every `TIME` whether a document has changed, and read it again; 0s never does",
		Value: usual, DefaultText: usual.String(), Sources: env("reload-every"), Validator: notBefore}
}

// watch replaces the contracts and the configuration of a mock as their files change.
type watch struct {
	documents  []*watched
	configured *configured // nil where nobody reads one
	mock       *mockserver.Server
	log        *slog.Logger
}

// watched is a document in service.
type watched struct {
	*source

	spec *openapi.Spec
	seen stamps // the files when they were read last, whatever came of it
	last stamps // the same at the look before
	due  bool   // to be read, or to be tried once more
}

// readAll reads the documents for the first time.
func readAll(sources []*source) (*watch, error) {
	w := &watch{}
	var failed error
	for _, s := range sources {
		spec, seen, err := s.read()
		failed = errors.Join(failed, err)
		w.documents = append(w.documents, &watched{source: s, spec: spec, seen: seen, last: seen})
	}
	return w, failed
}

func specsOf(documents []*watched) []*openapi.Spec {
	specs := make([]*openapi.Spec, len(documents))
	for i, d := range documents {
		specs[i] = d.spec
	}
	return specs
}

// whereabouts is a line a document.
func (w *watch) whereabouts() string {
	var lines strings.Builder
	for _, d := range w.documents {
		fmt.Fprintf(&lines, "serving %s %s: %s\n", d.spec.Title, d.spec.Version, operations(d.spec))
	}
	return lines.String()
}

// operations says how many there are, and below which base paths.
func operations(spec *openapi.Spec) string {
	var at []string
	for _, base := range spec.Bases() {
		at = append(at, base+"/")
	}
	switch n := len(spec.Operations()); n {
	case 0:
		return "no operations"
	case 1:
		return "1 operation at " + strings.Join(at, ", ")
	default:
		return fmt.Sprintf("%d operations at %s", n, strings.Join(at, ", "))
	}
}

// start looks at the files until ctx ends or stop is called, which waits for what is under way.
func (w *watch) start(ctx context.Context, every time.Duration) (stop func()) {
	if every == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ticker := time.NewTicker(every)
	var running sync.WaitGroup
	running.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				w.look(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// look reads again what has changed and is not being written any more: what two looks find the same. A document that
// another one's paths kept out is tried again with every change.
func (w *watch) look(ctx context.Context) {
	w.reconfigure(ctx)
	changed := false
	for _, d := range w.documents {
		now := d.seen.again()
		if !maps.Equal(now, d.seen) && maps.Equal(now, d.last) {
			d.due, changed = true, true
		}
		d.last = now
	}
	for changed {
		changed = false
		for _, d := range w.documents {
			if d.due && w.reload(ctx, d) {
				changed = true
			}
		}
	}
}

// reload says whether the document that is in service is another one than before.
func (w *watch) reload(ctx context.Context, d *watched) bool {
	spec, seen, err := d.read()
	d.seen, d.last, d.due = seen, seen, err == nil
	if err == nil {
		err = w.mock.Replace(ctx, d.spec, spec)
	}
	if err != nil {
		w.log.Error("the changed document is not taken; the one before it stays in service", "document", d.name(), "reason", oneLine(err))
		return false
	}
	d.spec, d.due = spec, false
	w.log.Info("the document has changed and was read again", "document", d.name(), "title", spec.Title, "version", spec.Version, "serving", operations(spec))
	return true
}
