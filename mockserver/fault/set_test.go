package fault_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/fault"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/openapi"
)

// builtIn is the document that comes with the project; loading it takes most of the time of a short test.
var builtIn = sync.OnceValues(func() (*openapi.Spec, error) { return openapi.Default() })

func document(t testing.TB) *openapi.Spec {
	t.Helper()
	spec, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// set has the faults, for the operations of the built-in document.
func set(t testing.TB, seed uint64, faults ...control.Fault) *fault.Set {
	t.Helper()
	s := fault.NewSet(seed, document(t))
	if _, err := s.Swap(nil, faults); err != nil {
		t.Fatal(err)
	}
	return s
}

// request is one for an operation of the built-in document.
func request(t testing.TB, operation, project string, header ...string) *match.Request {
	t.Helper()
	op := document(t).Operation(operation)
	r := &match.Request{Method: op.Method, Path: "/v2/" + project + "/data-connectors", Project: project, Operation: op,
		Message: openapi.Request{Header: http.Header{}, Path: map[string]string{"project_id": project}}}
	for pair := range slices.Chunk(header, 2) {
		r.Message.Header.Set(pair[0], pair[1])
	}
	return r
}

// cut ends the connection: the shortest fault that acts on every request.
func cut(when control.Match) control.Fault {
	return control.Fault{When: when, Connection: control.FaultConnectionReset}
}

// acted says which of the requests the faults acted on, as a text of 1 and 0.
func acted(s *fault.Set, requests ...*match.Request) string {
	var b strings.Builder
	for _, r := range requests {
		chosen := s.Choose(r)
		chosen.Delivery(&openapi.Response{Header: http.Header{}})
		b.WriteString(strconv.Itoa(min(1, len(chosen.Acted()))))
	}
	return b.String()
}

// Each way of choosing meets the requests that it is meant for, and no others.
func TestChoose(t *testing.T) {
	list := request(t, "listDataConnectors", "a")
	other := request(t, "listDataConnectors", "b")
	create := request(t, "createDataConnector", "a")
	marked := request(t, "listDataConnectors", "a", "X-Team", "blue")
	all := []*match.Request{list, other, create, marked, list}
	for _, test := range []struct {
		name  string
		fault control.Fault
		want  string
	}{
		{"everything", cut(control.Match{}), "11111"},
		{"an operation", cut(control.Match{Operation: "createDataConnector"}), "00100"},
		{"a method", cut(control.Match{Method: "get"}), "11011"},
		{"a project", cut(control.Match{Project: "b"}), "01000"},
		{"a header", cut(control.Match{Where: []control.Condition{{In: control.ConditionInHeader, Name: "X-Team"}}}), "00010"},
		{"the second", control.Fault{Nth: 2, Connection: control.FaultConnectionReset}, "01000"},
		{"the second of an operation", control.Fault{Nth: 2, When: control.Match{Operation: "listDataConnectors"}, Connection: control.FaultConnectionClose}, "01000"},
		{"the first three", control.Fault{First: 3, Connection: control.FaultConnectionReset}, "11100"},
		{"always", control.Fault{Chance: 1, Connection: control.FaultConnectionReset}, "11111"},
		{"none: switched off", control.Fault{Disabled: true, Connection: control.FaultConnectionReset}, "00000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := set(t, 1, test.fault)
			if got := acted(s, all...); got != test.want {
				t.Errorf("it acted on %s, want %s", got, test.want)
			}
			f := s.List()[0]
			if want := int64(strings.Count(test.want, "1")); f.Acted != want {
				t.Errorf("it says that it acted on %d, want %d", f.Acted, want)
			}
			if whole := test.fault.Nth > 0 || test.fault.First > 0; whole && f.Seen < 4 {
				t.Errorf("it says that it has seen %d", f.Seen)
			}
		})
	}
}

// The same seed draws the same, whatever other faults there are; another seed draws otherwise.
func TestChance(t *testing.T) {
	requests := slices.Repeat([]*match.Request{request(t, "listDataConnectors", "a")}, 200)
	half := control.Fault{ID: "half", Chance: 0.5, Connection: control.FaultConnectionReset}
	once := acted(set(t, 7, half), requests...)
	if n := strings.Count(once, "1"); n < 70 || n > 130 {
		t.Errorf("a chance of one half acted on %d of 200", n)
	}
	if again := acted(set(t, 7, half), requests...); again != once {
		t.Errorf("the same seed drew\n%s and then\n%s", once, again)
	}
	if other := acted(set(t, 8, half), requests...); other == once {
		t.Error("another seed drew the same")
	}
	many := set(t, 7, control.Fault{ID: "other", Chance: 0.5, Latency: &control.Latency{Ms: 1, Distribution: control.LatencyDistributionLognormal, Sigma: 1}}, half)
	for _, r := range requests {
		many.Choose(r).Delivery(&openapi.Response{Header: http.Header{}})
	}
	if f, _ := many.Get("half"); f.Acted != int64(strings.Count(once, "1")) {
		t.Errorf("beside another fault it acted on %d", f.Acted)
	}
	unseeded := set(t, 0, half)
	if first := acted(unseeded, requests...); first == acted(set(t, 0, half), requests...) {
		t.Error("without a seed it drew the same twice")
	}
}

// What could never act is refused, at the part that is to blame, with words that say what to do.
func TestRefused(t *testing.T) {
	list := control.Match{Operation: "listDataConnectors"}
	remove := control.Match{Operation: "deleteDataConnector"}
	latency := func(l control.Latency) control.Fault { return control.Fault{Latency: &l} }
	for _, test := range []struct {
		name           string
		fault          control.Fault
		pointer, words string
	}{
		{"nothing", control.Fault{}, "", "nothing goes wrong: give one of"},
		{"nth and first", control.Fault{Nth: 1, First: 2, Malformed: true}, "/first", "leave one of the two out"},
		{"an unknown operation", cut(control.Match{Operation: "listPets"}), "/when/operation", "listPets"},
		{"fixed without ms", latency(control.Latency{}), "/latency/ms", "fixed has ms"},
		{"fixed with sigma", latency(control.Latency{Ms: 1, Sigma: 1}), "/latency/sigma", "lognormal has ms and sigma"},
		{"fixed with max_ms", latency(control.Latency{Ms: 1, MaxMs: 1}), "/latency/max_ms", "uniform has min_ms and max_ms"},
		{"fixed with min_ms", latency(control.Latency{Ms: 1, MinMs: 1}), "/latency/min_ms", "uniform has min_ms and max_ms"},
		{"uniform without max_ms", latency(control.Latency{Distribution: control.LatencyDistributionUniform, MinMs: 1}), "/latency/max_ms", "it is missing"},
		{"uniform upside down", latency(control.Latency{Distribution: control.LatencyDistributionUniform, MinMs: 2, MaxMs: 1}), "/latency/min_ms", "more than max_ms"},
		{"uniform with ms", latency(control.Latency{Distribution: control.LatencyDistributionUniform, Ms: 2, MaxMs: 1}), "/latency/ms", "uniform has min_ms"},
		{"lognormal without sigma", latency(control.Latency{Distribution: control.LatencyDistributionLognormal, Ms: 2}), "/latency/sigma", "it is missing"},
		{"a status that is not described", control.Fault{When: list, Status: &control.StatusFault{Code: 418}}, "/status/code", "described are 200, 400, 401, 403, 404, 413, 429, 500, 503"},
		{"an example that is not there", control.Fault{When: list, Status: &control.StatusFault{Code: 429, Example: "none"}}, "/status/example", "it has throttled"},
		{"a body that is not there", control.Fault{When: control.Match{Operation: "deleteDataConnector"}, Breach: &control.Breach{How: control.BreachHowDrop, Pointer: "/connector_id"}}, "/breach/pointer", "no answer that is meant has such a place"},
		{"no JSON in it", control.Fault{When: remove, Breach: &control.Breach{How: control.BreachHowEmbedded}}, "/breach/how", "no answer that is meant"},
		{"an item that has no such member", control.Fault{When: list, Breach: &control.Breach{How: control.BreachHowDrop, Pointer: "/data_connectors/3/nope"}}, "/breach/pointer", "such a place"},
		{"a text without JSON", control.Fault{When: list, Breach: &control.Breach{How: control.BreachHowEmbedded, Pointer: "/data_connectors/0/connector_name"}}, "/breach/pointer", "such a place"},
		{"the described media type", control.Fault{MediaType: "application/json; charset=utf-8"}, "/media_type", "name another one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := set(t, 1, cut(control.Match{}))
			_, err := s.Add(test.fault)
			var refused *fault.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want a *fault.Error", err)
			}
			i := slices.IndexFunc(refused.Violations, func(v openapi.Violation) bool { return v.Pointer == test.pointer })
			if i < 0 || !strings.Contains(refused.Violations[i].Words(), test.words) {
				t.Errorf("refused with %s; want %q at %q", refused.Violations, test.words, test.pointer)
			}
			if n := len(s.List()); n != 1 {
				t.Errorf("there are %d faults, want the one from before", n)
			}
		})
	}
}

// Their sound neighbours are not refused.
func TestNotRefused(t *testing.T) {
	list := control.Match{Operation: "listDataConnectors"}
	for _, f := range []control.Fault{
		{Latency: &control.Latency{Distribution: control.LatencyDistributionUniform, MaxMs: 1}},
		{Latency: &control.Latency{Distribution: control.LatencyDistributionFixed, Ms: 1}},
		{Status: &control.StatusFault{Code: 201}}, // of the create alone
		{When: list, Status: &control.StatusFault{Code: 429, Example: "throttled"}},
		{When: list, Breach: &control.Breach{How: control.BreachHowDrop, Pointer: "/data_connectors/3/connector_id"}},
		{When: list, Breach: &control.Breach{How: control.BreachHowEmbedded, Pointer: "/data_connectors/0/source_info"}},
		{When: list, Breach: &control.Breach{How: control.BreachHowDrop, Pointer: "/data_connectors/0/source_info#/db_name"}},
		{When: list, Breach: &control.Breach{How: control.BreachHowType, Pointer: "/error_msg"}}, // of a refusal
		{MediaType: "text/html"},
		{Disabled: true, Malformed: true, Slow: &control.Slow{BytesPerSecond: 1}, Truncate: &control.Truncate{}},
	} {
		if _, err := fault.NewSet(1, document(t)).Add(f); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func TestListInOrder(t *testing.T) {
	s := set(t, 1, control.Fault{ID: "fault-1", Malformed: true}, control.Fault{Malformed: true}, control.Fault{ID: "x", Malformed: true})
	ids := func() string {
		var list []string
		for _, f := range s.List() {
			list = append(list, f.ID)
		}
		return strings.Join(list, " ")
	}
	want := func(want string) {
		t.Helper()
		if got := ids(); got != want {
			t.Errorf("the faults are %q, want %q", got, want)
		}
	}
	want("fault-1 fault-2 x")
	if _, err := s.Add(control.Fault{ID: "x", Malformed: true}); err == nil || !strings.Contains(err.Error(), "/id") {
		t.Errorf("an id that is taken: %v", err)
	}
	_, err := s.Swap([]string{"x"}, []control.Fault{{Malformed: true}, {Nth: 1}})
	if err == nil || !strings.Contains(err.Error(), "body /1: nothing goes wrong") {
		t.Errorf("one of two is wrong: %v", err)
	}
	want("fault-1 fault-2 x")
	acted(s, request(t, "listDataConnectors", "a"))
	changed, err := s.Put(control.Fault{ID: "fault-2", Connection: control.FaultConnectionReset})
	if f, _ := s.Get("fault-2"); err != nil || changed.ID != "fault-2" || f.Seen != 0 || f.Malformed {
		t.Errorf("after the change: %+v, %v", f, err)
	}
	if f, _ := s.Get("x"); f.Seen != 1 {
		t.Errorf("x has seen %d, want 1", f.Seen)
	}
	if _, err := s.Put(control.Fault{ID: "new", Malformed: true}); err != nil {
		t.Error(err)
	}
	want("fault-1 fault-2 x new")
	if !s.Delete("fault-2") || s.Delete("fault-2") {
		t.Error("a fault is taken away once")
	}
	want("fault-1 x new")
	undo, err := s.Swap([]string{"x"}, []control.Fault{{Malformed: true}, {ID: "fault-1", Malformed: true}})
	if err != nil {
		t.Fatal(err)
	}
	want("fault-1 new fault-3")
	if f, _ := s.Get("fault-1"); f.Seen != 1 {
		t.Errorf("a fault that is as it was has seen %d, want 1", f.Seen)
	}
	undo()
	want("fault-1 x new")
	s.Clear()
	if want(""); !s.Empty() {
		t.Error("it is not empty")
	}
	for range fault.Most {
		if _, err := s.Add(cut(control.Match{})); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Add(cut(control.Match{})); err == nil || !strings.Contains(err.Error(), "1000") {
		t.Errorf("one more than %d: %v", fault.Most, err)
	}
}

// Faults follow the documents: one without its operation stays, keeps its counts and says why it does not act.
func TestUse(t *testing.T) {
	s := set(t, 1, cut(control.Match{}), control.Fault{When: control.Match{Operation: "listDataConnectors"}, Latency: &control.Latency{Ms: 1}})
	r := request(t, "listDataConnectors", "a")
	acted(s, r)
	other, err := openapi.Load("../../openapi/control.yaml")
	if err != nil {
		t.Fatal(err)
	}
	broken := s.Use(other)
	if len(broken) != 1 || broken[0].ID != "fault-2" {
		t.Errorf("broken are %v", broken)
	}
	for i, f := range s.List() {
		if (f.Problem != "") != (i == 1) || f.Seen != 1 || f.Acted != 1 {
			t.Errorf("after the change: %+v", f)
		}
	}
	if got := acted(s, r); got != "1" {
		t.Error("the one that fits does not act")
	}
	if broken := s.Use(document(t)); len(broken) > 0 || acted(s, r) != "1" || s.List()[1].Acted != 2 {
		t.Errorf("with the document back: %v, %+v", broken, s.List())
	}
}

// Those who change the faults and those who are chosen from do not wait for each other.
func TestTogether(t *testing.T) {
	s, r := set(t, 1, control.Fault{ID: "a", Chance: 0.5, Latency: &control.Latency{Ms: 1, Distribution: control.LatencyDistributionLognormal, Sigma: 1}}), request(t, "listDataConnectors", "a")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				acted(s, r)
			}
		})
		all.Go(func() {
			for range 50 {
				added, err := s.Add(control.Fault{Throttle: &control.Throttle{PerSecond: 1}})
				if err != nil {
					t.Error(err)
					return
				}
				s.List()
				s.Delete(added.ID)
			}
		})
	}
	all.Wait()
	if f, _ := s.Get("a"); f.Seen != 800 {
		t.Errorf("it has seen %d, want 800", f.Seen)
	}
}
