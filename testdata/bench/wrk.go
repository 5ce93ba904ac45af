package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed wrk.lua
var script []byte

func writeScript(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "wrk.lua"), script, 0o600); err != nil {
		return fmt.Errorf("writing the script for wrk: %w", err)
	}
	return nil
}

// mark stands for a number in a body or a query; wrk.lua puts one in.
const mark = "NNNNNNNNNN"

// projectMark stands for the project's id in a body, where the project is not in the path.
const projectMark = "PROJECT"

// kind says which number; the words are those of wrk.lua.
type kind string

const (
	fixed  kind = "fixed"  // none
	count  kind = "count"  // a new one each time
	random kind = "random" // 0 up to limit
)

// workload is one kind of request, and the status it must be answered with.
type workload struct {
	title  string
	says   string // what it is, for the page
	method string
	query  string
	body   string
	kind   kind
	limit  int // of random numbers
	holds  int // how many connectors the project holds before
	total  int // what total_count must be in an answer to GET
	status int
}

func body(name, sourceInfo string) string {
	text, err := json.Marshal(map[string]any{"data_connector": map[string]any{
		"connector_name": name, "source_type": "RDS_MYSQL", "source_info": sourceInfo}})
	if err != nil {
		panic(err) // strings are always JSON
	}
	return string(text)
}

const (
	wholeInfo   = `{"db_name":"default","user_name":"mrs","password":"*****","rds_instance_id":"3aa55f1cb4c3491686936130f21e9f16in01"}`
	refusedInfo = `{"db_name":"default","user_name":"mrs","rds_instance_id":"3aa55f1cb4c3491686936130f21e9f16in01"}`
)

func creating() workload {
	return workload{title: "Valid POST", says: "creates a connector of a new name, in a new project each round",
		method: http.MethodPost, body: body("bench-"+mark, wholeInfo), kind: count, status: http.StatusCreated}
}

func listing() workload {
	return workload{title: "List of 10", says: "lists a project that holds exactly ten connectors",
		method: http.MethodGet, query: "?limit=100", kind: fixed, holds: 10, total: 10, status: http.StatusOK}
}

func refusing() workload {
	return workload{title: "Refused POST", says: "lacks the password in the JSON text of `source_info`, and is answered with 400",
		method: http.MethodPost, body: body("bench", refusedInfo), kind: fixed, status: http.StatusBadRequest}
}

// filtering asks for pages among many connectors, which load has made.
func filtering(connectors int) []workload {
	page := workload{method: http.MethodGet, kind: random, status: http.StatusOK}
	byType, byName, byBoth := page, page, page
	byType.title, byType.query = "source_type", "?source_type=RDS_MYSQL&limit=10&offset="+mark
	byName.title, byName.query = "connector_name", "?connector_name="+namePrefix+mark
	byBoth.title, byBoth.query = "source_type and available", "?source_type=RDS_MYSQL&available=true&limit=10&offset="+mark
	ofOneType := (connectors + len(sources()) - 1) / len(sources())
	byType.total, byType.limit = ofOneType, ofOneType-10
	byName.total, byName.limit = 1, connectors
	byBoth.total, byBoth.limit = ofOneType, ofOneType-10
	return []workload{byType, byName, byBoth}
}

// course is a workload as wrk runs it.
type course struct {
	workload    workload
	connections int
	project     string
	path        string // in place of the project's collection; "" for that
}

func (in course) url(s *server) string {
	return s.url + cmp.Or(in.path, "/v2/"+in.project+"/data-connectors")
}

// sample is what wrk.lua reports of one run; times are in microseconds.
type sample struct {
	Requests, Micros, Bytes int
	P50, P99                int
	Over399, Broken         int
	Unexpected, Seen        int
	answerSize              float64
	rate                    float64 // requests a second
}

// threads are those of wrk: no more than connections, which is its own rule, and no more than two, because the server
// shares the cores and wants some for itself.
func threads(connections int) int { return min(connections, 2) }

// warmUp drives the server for a second and holds each answer to the workload's status.
func (h *harness) warmUp(ctx context.Context, s *server, in course) (sample, error) {
	return h.wrk(ctx, s, in, time.Second, in.workload.status)
}

// drive is a measured round. Every answer still is told from a refusal; the mean size tells one refusal from another.
func (h *harness) drive(ctx context.Context, s *server, in course, warm sample) (sample, error) {
	w := in.workload
	got, err := h.wrk(ctx, s, in, time.Duration(h.seconds)*time.Second, 0)
	if err != nil {
		return got, err
	}
	bad := got.Over399
	if w.status > 399 {
		bad = got.Requests - got.Over399
	}
	if bad != 0 {
		return got, fmt.Errorf("%s, %s: %d of %d answers do not have status %d", w.title, s.name, bad, got.Requests, w.status)
	}
	if w.status > 399 && math.Abs(got.answerSize/warm.answerSize-1) > 0.03 {
		return got, fmt.Errorf("%s, %s: refusals of %.0f bytes, but of %.0f before", w.title, s.name, got.answerSize, warm.answerSize)
	}
	return got, nil
}

// wrk runs wrk once; with a status, each answer must have it.
func (h *harness) wrk(ctx context.Context, s *server, in course, lasts time.Duration, status int) (sample, error) {
	w := in.workload
	cmd := exec.CommandContext(ctx, "wrk", "--latency",
		"-t"+strconv.Itoa(threads(in.connections)), "-c"+strconv.Itoa(in.connections), "-d"+strconv.Itoa(int(lasts.Seconds()))+"s",
		"--timeout=30s", // a server that is slow under load is measured, not taken for broken
		"-s", filepath.Join(h.dir, "wrk.lua"), in.url(s)+w.query,
		"--", w.method, string(w.kind), strconv.Itoa(w.limit), strconv.Itoa(status), w.body)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("running wrk against %s: %w\n%s%s", s.name, err, &stdout, &stderr)
	}
	got, err := readSample(stderr.Bytes())
	if err != nil {
		return got, fmt.Errorf("%s, %s, %d connections: %w", w.title, s.name, in.connections, err)
	}
	return got, nil
}

// readSample refuses a run in which anything went wrong.
func readSample(report []byte) (sample, error) {
	var got sample
	if err := json.Unmarshal(report, &got); err != nil {
		return got, fmt.Errorf("wrk reports %q: %w", report, err)
	}
	switch {
	case got.Requests == 0 || got.Micros == 0:
		return got, errors.New("no answer came in time: take more -seconds")
	case got.Broken != 0:
		return got, fmt.Errorf("%d connections broke or got no answer in time", got.Broken)
	case got.Unexpected != 0:
		return got, fmt.Errorf("%d of %d answers have another status than they should, for example %d", got.Unexpected, got.Requests, got.Seen)
	}
	got.rate = float64(got.Requests) / (float64(got.Micros) / 1e6)
	got.answerSize = float64(got.Bytes) / float64(got.Requests)
	return got, nil
}

// numbered is the text with a number that wrk does not use for what it creates.
func numbered(text string) string { return strings.ReplaceAll(text, mark, "0") }
