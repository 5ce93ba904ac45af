package mockserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore"
)

// one is a state of one connection.
func one(name string) *mockserver.State {
	body := fmt.Sprintf(`{"data_connector":{"connector_name":%q,"source_type":"RDS_MYSQL","source_info":%q}}`, name,
		`{"rds_instance_id":"`+instances[mysql]+`","db_name":"hive","user_name":"root","password":"`+password+`"}`)
	return &mockserver.State{Create: []mockserver.Creation{{Path: "/v2/" + project + "/data-connectors", Body: json.RawMessage(body)}}}
}

// ask gives the answer's body.
func ask(t *testing.T, s *mockserver.Server, path string) string {
	t.Helper()
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func wantIn(t *testing.T, when, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%s: %q is missing in %s", when, part, text)
	}
}

func TestConfigureIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s, err := mockserver.New(mockserver.Options{Configuration: mockserver.Configuration{Settings: map[string]any{"keep-used": true, "rds-instances": []any{instances[mysql]}}}})
	if err != nil {
		t.Fatal(err)
	}
	const settings = "/_counterpart/settings"
	before := ask(t, s, settings)
	wantIn(t, "at first", before, `"value":true`)
	wantIn(t, "at first", before, instances[mysql])

	for _, tc := range []struct {
		name     string
		settings map[string]any
		want     string
	}{
		{"a value of a wrong type", map[string]any{"keep-used": 7, "rds-instances": []any{"a"}}, "/settings/keep-used: use true or false"},
		{"a setting that no API has", map[string]any{"keep-used": false, "keep/usd": true}, "/settings/keep~1usd: there is no such setting: use one of clusters, keep-used, rds-instances"},
		{"what is no JSON", map[string]any{"keep-used": false, "rds-instances": func() {}}, "/settings/rds-instances: it is no JSON"},
	} {
		var wrong *mockserver.ConfigurationError
		if err := s.Configure(mockserver.Configuration{Settings: tc.settings}); !errors.As(err, &wrong) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
		if after := ask(t, s, settings); after != before {
			t.Errorf("%s changes something: %s", tc.name, after)
		}
	}

	if err := s.Configure(mockserver.Configuration{Settings: map[string]any{"keep-used": true}}); err != nil {
		t.Fatal(err)
	}
	if after := ask(t, s, settings); strings.Contains(after, instances[mysql]) || !strings.Contains(after, `"value":true`) {
		t.Errorf("what the configuration does not say any more, and only that, is taken back: %s", after)
	}
}

// The clock and the state of a configuration are those of the start, and of each reset.
func TestConfigurationOfTheStart(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s, err := mockserver.New(mockserver.Options{Configuration: mockserver.Configuration{Clock: &control.Clock{Now: at, Frozen: true}, State: one("first")}})
	if err != nil {
		t.Fatal(err)
	}
	list := "/v2/" + project + "/data-connectors"
	want := func(when, name string, now time.Time) {
		t.Helper()
		wantIn(t, when, ask(t, s, list), `"connector_name":"`+name+`"`)
		wantIn(t, when, ask(t, s, list), `"total_count":1`)
		if got := s.Clock().Now(); !got.Equal(now) {
			t.Errorf("%s: the time is %v, want %v", when, got, now)
		}
	}
	want("at the start", "first", at)

	s.Clock().Advance(time.Hour)
	if err := s.Configure(mockserver.Configuration{State: one("second"), Clock: &control.Clock{Now: at.AddDate(1, 0, 0), Frozen: true}}); err != nil {
		t.Fatal(err)
	}
	want("after another configuration", "first", at.Add(time.Hour))
	if err := s.Reset(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	want("after a reset", "second", at.AddDate(1, 0, 0))
}

func TestWrongConfigurationOfTheStart(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]mockserver.Configuration{
		"/clock/now: it is before 1970": {Clock: &control.Clock{Now: time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"/state/create/0/body":          {State: one("not a name!")},
	} {
		s, err := mockserver.New(mockserver.Options{Configuration: c})
		var wrong *mockserver.ConfigurationError
		if s != nil || !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A store that lasts has the state of the configuration once, whatever became of it.
func TestConfigurationLeavesAStoreThatLasts(t *testing.T) {
	t.Parallel()
	address := "sqlite:" + filepath.Join(t.TempDir(), "state.db")
	for _, name := range []string{"first", "second"} {
		store, err := sqlstore.Open(t.Context(), address, sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := mockserver.New(mockserver.Options{Store: store, Configuration: mockserver.Configuration{State: one(name)}})
		if err != nil {
			t.Fatal(err)
		}
		wantIn(t, name, ask(t, s, "/v2/"+project+"/data-connectors"), `"connector_name":"first"`)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// closed is a stub that lists nothing for one project.
func closed(id, project string) mockserver.Stub {
	return mockserver.Stub{ID: id, When: mockserver.Match{Operation: "listDataConnectors", Project: project},
		Answer: mockserver.StubAnswer{Body: json.RawMessage(`{"data_connectors":[],"total_count":0}`)}}
}

// What a configuration had, and has no more, goes; what is as it was keeps its count; what came otherwise stays.
func TestConfigureStubs(t *testing.T) {
	t.Parallel()
	s, err := mockserver.New(mockserver.Options{Configuration: mockserver.Configuration{Stubs: []mockserver.Stub{closed("gone", "a"), closed("kept", "b"), closed("", "c")}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stub(closed("own", "d")); err != nil {
		t.Fatal(err)
	}
	ask(t, s, "/v2/b/data-connectors")
	if err := s.Configure(mockserver.Configuration{Stubs: []mockserver.Stub{closed("kept", "b"), closed("new", "e")}}); err != nil {
		t.Fatal(err)
	}
	answered := map[string]int64{}
	var list control.Stubs
	if err := json.Unmarshal([]byte(ask(t, s, "/_counterpart/stubs")), &list); err != nil {
		t.Fatal(err)
	}
	for _, one := range list.Stubs {
		answered[one.ID] = one.Answered
	}
	if want := map[string]int64{"kept": 1, "new": 0, "own": 0}; !maps.Equal(answered, want) {
		t.Errorf("the stubs and how often they have answered: %v, want %v", answered, want)
	}
}

// All that is wrong with a configuration is said at once, and nothing of it is done.
func TestConfigureSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	s, err := mockserver.New(mockserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	never := closed("never", "a")
	never.When.Operation = "noSuchOperation"
	var wrong *mockserver.ConfigurationError
	err = s.Configure(mockserver.Configuration{
		Stubs:     []mockserver.Stub{closed("one", "a"), closed("one", "b"), never},
		Scenarios: map[string]string{"nobody's": "start"},
		Settings:  map[string]any{"keep-used": true, "none": 1},
	})
	if !errors.As(err, &wrong) {
		t.Fatalf("%v", err)
	}
	for i, want := range []string{"/stubs/1/id", "/stubs/2/when/operation", "/scenarios/nobody's", "/settings/none"} {
		if i >= len(wrong.Violations) || wrong.Violations[i].Pointer != want {
			t.Errorf("%v, want %s", wrong, want)
		}
	}
	if strings.Contains(ask(t, s, "/_counterpart/settings"), `"value":true`) || strings.Contains(ask(t, s, "/_counterpart/stubs"), `"one"`) {
		t.Error("a part was taken")
	}
}
