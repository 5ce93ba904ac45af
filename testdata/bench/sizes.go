package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/testdata/large"
)

// smallDocument and largeDocument are the numbers of operations whose rates are compared.
const (
	smallDocument = 40
	largeDocument = 1_500
)

// sizes are the numbers of operations that are started.
func sizes() []int { return []int{smallDocument, 400, largeDocument, 3_000} }

// sized is what a server does with a document of so many operations.
type sized struct {
	server     string
	operations int
	ms, rss    float64 // until the first answer, and the memory after it
}

// measureSizes starts the program, and Prism, with documents of growing size, and compares their rates with the smallest
// and a large one.
func (h *harness) measureSizes(ctx context.Context, f *findings) error {
	for _, operations := range sizes() {
		s, err := h.startsWith(ctx, operations)
		if err != nil {
			return err
		}
		f.sizes = append(f.sizes, s)
		h.say("%s with %d operations: first answer after %.0f ms, then %.1f MB", s.server, operations, s.ms, s.rss)
	}
	cells, err := h.compareSizes(ctx, h.oursWith)
	f.sizeCells = cells
	if err != nil || h.noPrism {
		return err
	}
	return h.measurePrismSizes(ctx, f)
}

func (h *harness) measurePrismSizes(ctx context.Context, f *findings) error {
	script, err := h.installPrism(ctx)
	if err != nil {
		return ctx.Err() // measurePrism has said so
	}
	start := func(ctx context.Context, operations int) (*server, error) {
		file, err := h.document(operations)
		if err != nil {
			return nil, err
		}
		return h.prismOn(ctx, script, file)
	}
	for _, operations := range []int{smallDocument, largeDocument} {
		ms, err := h.firstAnswer(ctx, operations, start, nothing)
		if err != nil {
			return err
		}
		rss, err := h.idleWith(ctx, operations, start)
		if err != nil {
			return err
		}
		f.sizes = append(f.sizes, sized{prism, operations, ms, rss})
	}
	f.prismSizeCells, err = h.compareSizes(ctx, start)
	return err
}

// document writes the document of so many operations.
func (h *harness) document(operations int) (string, error) {
	file := filepath.Join(h.dir, fmt.Sprintf("large-%d.yaml", operations))
	if err := os.WriteFile(file, large.YAML(operations), 0o600); err != nil {
		return "", fmt.Errorf("writing a large document: %w", err)
	}
	return file, nil
}

func (h *harness) oursWith(ctx context.Context, operations int) (*server, error) {
	file, err := h.document(operations)
	if err != nil {
		return nil, err
	}
	s, err := launch(ctx, ours, h.program, "serve", "--listen", "127.0.0.1:0", "--spec", file)
	if err == nil {
		s.url += large.Base // Prism leaves the paths of servers out
	}
	return s, err
}

// startsWith is the median of some starts.
func (h *harness) startsWith(ctx context.Context, operations int) (sized, error) {
	var ms []float64
	for range startCount / 4 {
		one, err := h.firstAnswer(ctx, operations, h.oursWith, nothing)
		if err != nil {
			return sized{}, err
		}
		ms = append(ms, one)
	}
	rss, err := h.idleWith(ctx, operations, h.oursWith)
	return sized{ours, operations, median(ms), rss}, err
}

func nothing(*server) error { return nil }

// idleWith is the memory that a server takes once it has answered and is left alone, in MB.
func (h *harness) idleWith(ctx context.Context, operations int, start func(context.Context, int) (*server, error)) (rss float64, err error) {
	_, err = h.firstAnswer(ctx, operations, start, func(s *server) error {
		rss, err = s.idleRSS()
		return err
	})
	return rss, err
}

// firstAnswer is how long a server takes from its start until it has answered, in milliseconds; then comes what is to be
// done before it ends.
func (h *harness) firstAnswer(ctx context.Context, operations int, start func(context.Context, int) (*server, error), then func(*server) error) (float64, error) {
	in, err := h.lastList(operations, 1)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	s, err := start(ctx, operations)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if _, err := probe(ctx, s, in); err != nil {
		return 0, err
	}
	took := milliseconds(time.Since(begun))
	return took, then(s)
}

// lastList lists the last collection of a document that is nobody's child: the farthest from the beginning.
func (h *harness) lastList(operations, connections int) (course, error) {
	op, err := h.lastOperation(operations, http.MethodGet)
	if err != nil {
		return course{}, err
	}
	w := workload{title: "List", says: "lists the last collection of the document, which is empty", method: http.MethodGet, kind: fixed, status: http.StatusOK}
	return course{workload: w, connections: connections, path: op.Path}, nil
}

// lastCreate creates in the last collection.
func (h *harness) lastCreate(operations, connections int) (course, error) {
	op, err := h.lastOperation(operations, http.MethodPost)
	if err != nil {
		return course{}, err
	}
	item := openapi.Set(op.RequestBody.Content[0].Schema.Sample(nil), "/name", projectMark+mark)
	body, err := json.Marshal(item)
	status, _ := op.Success()
	w := workload{title: "Valid POST", says: "creates an item of a new name in the last collection of the document", method: http.MethodPost, kind: count, body: string(body), status: status}
	return course{workload: w, connections: connections, path: op.Path}, err
}

func (h *harness) lastOperation(operations int, method string) (*openapi.Operation, error) {
	file, err := h.document(operations)
	if err != nil {
		return nil, err
	}
	spec, err := openapi.Load(file)
	if err != nil {
		return nil, err
	}
	var last *openapi.Operation
	for _, op := range spec.Operations() {
		if op.Method == method && !strings.Contains(op.Path, "{") {
			last = op
		}
	}
	if last == nil {
		return nil, errors.New("the large document has no collection")
	}
	return last, nil
}

// compareSizes drives a server with the small document and one with the large one in turn: the ratio is the large one's
// rate divided by the small one's.
func (h *harness) compareSizes(ctx context.Context, start func(context.Context, int) (*server, error)) ([]cell, error) {
	var cells []cell
	for _, make := range []func(int, int) (course, error){h.lastList, h.lastCreate} {
		for _, connections := range connectionCounts() {
			c, err := h.sizeCell(ctx, connections, make, start)
			if err != nil {
				return nil, err
			}
			h.sayCell(c)
			cells = append(cells, c)
		}
	}
	return cells, nil
}

func (h *harness) sizeCell(ctx context.Context, connections int, courseOf func(int, int) (course, error), start func(context.Context, int) (*server, error)) (cell, error) {
	var servers []*server
	var courses []course
	defer func() {
		for _, s := range servers {
			s.close()
		}
	}()
	for _, operations := range []int{smallDocument, largeDocument} {
		in, err := courseOf(operations, connections)
		if err != nil {
			return cell{}, err
		}
		s, err := start(ctx, operations)
		if err != nil {
			return cell{}, err
		}
		s.name = fmt.Sprintf("%s, %d operations", s.name, operations)
		servers, courses = append(servers, s), append(courses, in)
	}
	return h.roundsOf(ctx, courses, servers)
}
