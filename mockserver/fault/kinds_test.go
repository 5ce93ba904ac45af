package fault_test

import (
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/fault"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// delays are how long each of n answers is held back, in milliseconds.
func delays(t *testing.T, l control.Latency, n int) []float64 {
	t.Helper()
	s, r := set(t, 3, control.Fault{Latency: &l}), request(t, "listDataConnectors", "a")
	list := make([]float64, n)
	for i := range list {
		list[i] = float64(s.Choose(r).Delivery(&openapi.Response{}).Delay) / float64(time.Millisecond)
	}
	return list
}

func TestLatency(t *testing.T) {
	for _, d := range delays(t, control.Latency{Ms: 20}, 5) {
		if d != 20 {
			t.Errorf("fixed: %v ms, want 20", d)
		}
	}
	uniform := delays(t, control.Latency{Distribution: control.LatencyDistributionUniform, MinMs: 100, MaxMs: 200}, 1000)
	if low, high := slices.Min(uniform), slices.Max(uniform); low < 100 || low > 110 || high > 200 || high < 190 {
		t.Errorf("uniform: from %v to %v ms, want from 100 to 200", low, high)
	}
	lognormal := delays(t, control.Latency{Distribution: control.LatencyDistributionLognormal, Ms: 100, Sigma: 0.5}, 1000)
	again := delays(t, control.Latency{Distribution: control.LatencyDistributionLognormal, Ms: 100, Sigma: 0.5}, 1000)
	if !slices.Equal(lognormal, again) {
		t.Error("the same seed drew otherwise")
	}
	sum := 0.0
	for _, d := range lognormal {
		sum += math.Pow(math.Log(d/100), 2)
	}
	slices.Sort(lognormal)
	if median, sigma := lognormal[500], math.Sqrt(sum/1000); math.Abs(median-100) > 8 || math.Abs(sigma-0.5) > 0.05 {
		t.Errorf("lognormal: median %v ms, sigma %v; want 100 and 0.5", median, sigma)
	}
	if wild := delays(t, control.Latency{Distribution: control.LatencyDistributionLognormal, Ms: 600_000, Sigma: 5}, 100); slices.Max(wild) != 600_000 {
		t.Errorf("it holds back for %v ms, want ten minutes at most", slices.Max(wild))
	}
	two := set(t, 1, control.Fault{Latency: &control.Latency{Ms: 5}}, control.Fault{Latency: &control.Latency{Ms: 7}})
	if d := two.Choose(request(t, "listDataConnectors", "a")).Delivery(&openapi.Response{}).Delay; d != 12*time.Millisecond {
		t.Errorf("two faults hold back for %v, want the sum", d)
	}
}

func TestThrottle(t *testing.T) {
	s, r := set(t, 1, control.Fault{Throttle: &control.Throttle{PerSecond: 2, Burst: 3}}), request(t, "listDataConnectors", "a")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		at      time.Duration
		refused bool
		wait    time.Duration
	}{
		{0, false, 0}, {0, false, 0}, {0, false, 0}, {0, true, 500 * time.Millisecond},
		{250 * time.Millisecond, true, 250 * time.Millisecond}, {500 * time.Millisecond, false, 0}, {500 * time.Millisecond, true, 500 * time.Millisecond},
		{time.Hour, false, 0}, {time.Hour, false, 0}, {time.Hour, false, 0}, {time.Hour, true, 500 * time.Millisecond},
	} {
		wait, refused := s.Choose(r).Throttle(start.Add(step.at))
		if refused != step.refused || (wait-step.wait).Abs() > time.Millisecond {
			t.Errorf("request %d: refused %t for %v, want %t for %v", i+1, refused, wait, step.refused, step.wait)
		}
	}
	if f := s.List()[0]; f.Seen != 11 || f.Acted != 4 {
		t.Errorf("it has seen %d and acted on %d, want 11 and 4", f.Seen, f.Acted)
	}
}

// documents are the built-in one, the mock's own and, where they are there, some of the public ones.
func documents(t *testing.T) map[string]*openapi.Spec {
	t.Helper()
	own, err := openapi.Load("../../openapi/control.yaml")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]*openapi.Spec{"built-in": document(t), "control": own}
	dir := os.Getenv("COUNTERPART_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.yaml"))
	more, _ := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	for _, file := range append(files, more...) {
		if info, err := os.Stat(file); err != nil || info.Size() > 100<<10 || len(list) > 25 {
			continue
		}
		if spec, err := openapi.Load(file); err == nil {
			list[filepath.Base(file)] = spec
		}
	}
	return list
}

// answers are sound answers of an operation in JSON.
func answers(op *openapi.Operation) (list []openapi.Response) {
	for _, a := range op.Responses {
		for _, m := range a.Content {
			if a.Code() < 200 || m.Schema == nil {
				continue
			}
			body, contentType, err := m.Encode(m.Schema.SampleAll(nil))
			r := openapi.Response{Status: a.Code(), Header: http.Header{"Content-Type": {contentType}}, Body: body}
			for _, h := range a.Headers {
				if h.Schema != nil {
					if texts, ok := h.Texts(h.Schema.Sample(nil)); ok && len(texts) > 0 {
						r.Header.Set(h.Name, texts[0])
					}
				}
			}
			if err == nil && len(op.ValidateResponse(r)) == 0 {
				list = append(list, r)
			}
		}
	}
	return list
}

// Whatever is spoiled breaks its document, and what is not stays as it was. A fault that its set takes for one of the
// built-in document acts there.
func TestSpoiledAnswersBreakTheDocument(t *testing.T) {
	for _, f := range []control.Fault{
		{ID: "drop", Breach: &control.Breach{How: control.BreachHowDrop}},
		{ID: "type", Breach: &control.Breach{How: control.BreachHowType}},
		{ID: "embedded", Breach: &control.Breach{How: control.BreachHowEmbedded}},
		{ID: "malformed", Malformed: true},
		{ID: "media_type", MediaType: "application/x-counterpart"},
	} {
		t.Run(f.ID, func(t *testing.T) {
			total, documentsBroken := 0, 0
			for name, spec := range documents(t) {
				s := fault.NewSet(1, spec)
				if _, err := s.Add(f); err != nil {
					if name == "built-in" {
						t.Error(err)
					}
					continue
				}
				broken := 0
				for _, op := range spec.Operations() {
					for _, sound := range answers(op) {
						broken += spoil(t, s, op, sound)
					}
				}
				if broken == 0 && name == "built-in" {
					t.Errorf("no answer of the document %s was spoiled", name)
				}
				total += broken
				documentsBroken += min(broken, 1)
			}
			t.Logf("%d answers of %d documents were spoiled", total, documentsBroken)
		})
	}
}

// spoil counts the answer if it was spoiled.
func spoil(t *testing.T, s *fault.Set, op *openapi.Operation, sound openapi.Response) int {
	t.Helper()
	got := sound
	got.Header = sound.Header.Clone()
	chosen := s.Choose(&match.Request{Method: op.Method, Path: op.Path, Operation: op})
	chosen.Spoil(op, &got)
	violations := op.ValidateResponse(got)
	switch acted := len(chosen.Acted()) > 0; {
	case acted && len(violations) == 0:
		t.Errorf("%s %s: the spoiled answer keeps the document: %s", op.Method, op.Path, got.Body)
	case !acted && (string(got.Body) != string(sound.Body) || got.Header.Get("Content-Type") != sound.Header.Get("Content-Type")):
		t.Errorf("%s %s: an answer was changed, and nobody says so", op.Method, op.Path)
	case acted:
		return 1
	}
	return 0
}

// A breach with a pointer breaks that place and no other; an answer without the place stays sound.
func TestBreachAtAPlace(t *testing.T) {
	op := document(t).Operation("listDataConnectors")
	sound := answers(op)[0]
	for _, test := range []struct {
		how     control.BreachHow
		pointer string
		keyword string
	}{
		{control.BreachHowDrop, "/data_connectors/0/connector_id", "required"},
		{control.BreachHowDrop, "/data_connectors/0/source_info#/db_name", "required"},
		{control.BreachHowType, "/data_connectors/0/status", "type"},
		{control.BreachHowType, "/total_count", "type"},
		{control.BreachHowEmbedded, "/data_connectors/0/source_info", openapi.KeywordEmbedded},
		{control.BreachHowDrop, "/data_connectors/7/connector_id", ""},
	} {
		s := set(t, 1, control.Fault{Breach: &control.Breach{How: test.how, Pointer: test.pointer}})
		got := sound
		chosen := s.Choose(request(t, "listDataConnectors", "a"))
		chosen.Spoil(op, &got)
		violations := op.ValidateResponse(got)
		if test.keyword == "" {
			if len(violations) > 0 || len(chosen.Acted()) > 0 {
				t.Errorf("%s at a place that is not there: %s", test.how, violations)
			}
			continue
		}
		if len(violations) == 0 || violations[0].Keyword != test.keyword || violations[0].Pointer != test.pointer {
			t.Errorf("%s at %s: %s", test.how, test.pointer, violations)
		}
	}
}

// An answer that the document says nothing of is none that could break it.
func TestUndescribedAnswersStay(t *testing.T) {
	op := document(t).Operation("listDataConnectors")
	answer := openapi.Response{Status: 418, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{}`)}
	chosen := set(t, 1, control.Fault{Malformed: true, MediaType: "text/html"}).Choose(request(t, "listDataConnectors", "a"))
	if chosen.Spoil(op, &answer); string(answer.Body) != `{}` || len(chosen.Acted()) > 0 {
		t.Errorf("it became %s", answer.Body)
	}
}
