package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain makes the test binary a stand-in too, as the harness is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == standInCommand {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// A run of answers that should not be there must not become a number on the page.
func TestUnexpectedAnswersEndTheRun(t *testing.T) {
	for _, row := range []struct {
		name     string
		workload workload
		answers  answer
		warm     string // what the warm-up says, "" is nothing
		measured string
	}{
		{"as it should be", listing(), answer{200, 50}, "", ""},
		{"a list is an error", listing(), answer{500, 50}, "for example 500", "do not have status 200"},
		{"created with 200", creating(), answer{200, 50}, "for example 200", ""}, // only the warm-up tells one success from another
		{"a refusal is a success", refusing(), answer{201, 50}, "for example 201", "do not have status 400"},
		{"a refusal is another", refusing(), answer{500, 5000}, "for example 500", "bytes, but of"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newTestHarness(t)
			s, err := h.constant(t.Context(), row.answers)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			in := course{workload: row.workload, connections: 8, project: "p"}
			_, err = h.warmUp(t.Context(), s, in)
			wants(t, "the warm-up", err, row.warm)
			_, err = h.drive(t.Context(), s, in, sample{answerSize: 150})
			wants(t, "the round", err, row.measured)
		})
	}
}

func newTestHarness(t *testing.T) *harness {
	t.Helper()
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{options: options{seconds: 1}, self: self, dir: t.TempDir(), progress: t.Output()}
	if err := writeScript(h.dir); err != nil {
		t.Fatal(err)
	}
	return h
}

func wants(t *testing.T, what string, err error, text string) {
	t.Helper()
	if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("%s says %v, want %q", what, err, text)
	}
}

func TestReadSampleRefusesWhatIsNoMeasurement(t *testing.T) {
	for report, want := range map[string]string{
		``:                                "wrk reports",
		`{"requests":0,"micros":1000000}`: "no answer came in time",
		`{"requests":10,"micros":1000000,"broken":1}`: "1 connections broke",
	} {
		_, err := readSample([]byte(report))
		wants(t, report, err, want)
	}
}
