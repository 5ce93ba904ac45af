package mockserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/fault"
	"github.com/counterpart-go/counterpart/mockserver/stub"
	"github.com/counterpart-go/counterpart/openapi"
)

// Configuration is what a mock is told beside its other options: the same in Go and in a configuration file, which
// docs/config.md describes.
type Configuration = control.Configuration

// ConfigurationError says why a configuration is not taken: all that is wrong in it, each with a JSON Pointer such as
// /faults/2/when/operation.
type ConfigurationError struct{ Violations openapi.Violations }

func (e *ConfigurationError) Error() string {
	return "the configuration is not taken: " + e.Violations.String()
}

// Configure puts a configuration in the place of the one before: all of it or, on a [*ConfigurationError], nothing. What was
// added or changed otherwise meanwhile stays, unless the new configuration has the same id or name. State and clock of a
// configuration are those of the start: they count when the server is reset. Requests wait meanwhile.
func (s *Server) Configure(c Configuration) error {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	s.gate.Lock()
	defer s.gate.Unlock()
	before := s.configured.Load()
	c.Stubs, c.Faults = withIDs(c.Stubs, stubID), withIDs(c.Faults, faultID)
	broken := slices.Concat(s.unfitFaults(c.Faults), s.unfitStubs(c.Stubs), unknownScenarios(c))
	undo, unfit := s.changeSettings(before.Settings, c.Settings)
	if broken = append(broken, unfit...); len(broken) > 0 {
		undo()
		return &ConfigurationError{broken}
	}
	if err := s.swapBoth(before, &c); err != nil { // there would be too many, with those of others
		undo()
		return err
	}
	s.configured.Store(&c)
	return nil
}

// swapBoth puts the stubs and the faults of a configuration in the place of those before: of both or, on an error, of none.
func (s *Server) swapBoth(before, next *Configuration) error {
	faults, stubs := idsOf(before.Faults, faultID), idsOf(before.Stubs, stubID)
	undo, err := s.faults.Swap(faults, next.Faults)
	if err != nil {
		return refusedFaults(err)
	}
	if err := s.stubs.Swap(stubs, next.Stubs); err != nil {
		undo()
		return refusedStubs(err)
	}
	return nil
}

// unfitFaults is what is wrong with faults by themselves.
func (s *Server) unfitFaults(faults []Fault) openapi.Violations {
	broken := takenIDs("/faults", idsOf(faults, faultID))
	var unfit *ConfigurationError
	if errors.As(refusedFaults(s.allowFaults(faults)), &unfit) {
		return append(broken, unfit.Violations...)
	}
	_, err := fault.NewSet(s.options.Seed, s.specs()...).Swap(nil, faults)
	if errors.As(refusedFaults(err), &unfit) {
		broken = append(broken, unfit.Violations...)
	}
	return broken
}

func refusedFaults(err error) error {
	var wrong *fault.Error
	if errors.As(err, &wrong) {
		return &ConfigurationError{wrong.Violations.Below("/faults")}
	}
	return err
}

// unfitStubs is what is wrong with stubs by themselves.
func (s *Server) unfitStubs(stubs []Stub) openapi.Violations {
	broken := takenIDs("/stubs", idsOf(stubs, stubID))
	var unfit *ConfigurationError
	if errors.As(refusedStubs(newStubs(s.options, s.specs()).Swap(nil, stubs)), &unfit) {
		broken = append(broken, unfit.Violations...)
	}
	return broken
}

func refusedStubs(err error) error {
	var wrong *stub.Error
	if errors.As(err, &wrong) {
		return &ConfigurationError{wrong.Violations.Below("/stubs")}
	}
	return err
}

// takenIDs refuses an id that one before has.
func takenIDs(pointer string, ids []string) (broken openapi.Violations) {
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			broken = append(broken, wrong(fmt.Sprintf("%s/%d/id", pointer, i), "one before it has the same id: give each its own"))
		}
	}
	return broken
}

// beginScenarios puts scenarios into the states that the configuration begins with.
func (s *Server) beginScenarios() {
	for name, state := range s.configured.Load().Scenarios {
		s.stubs.PutScenario(name, state)
	}
}

// unknownScenarios are those of a configuration that none of its stubs names.
func unknownScenarios(c Configuration) (broken openapi.Violations) {
	for _, name := range slices.Sorted(maps.Keys(c.Scenarios)) {
		if !slices.ContainsFunc(c.Stubs, func(one Stub) bool { return one.Scenario != nil && one.Scenario.Name == name }) {
			broken = append(broken, wrong("/scenarios"+pointerTo(name), "no stub of the configuration names this scenario"))
		}
	}
	return broken
}

func stubID(one *Stub) *string { return &one.ID }

func faultID(one *Fault) *string { return &one.ID }

// withIDs gives those that have none an id by which they are found when the configuration changes.
func withIDs[T any](list []T, id func(*T) *string) []T {
	list = slices.Clone(list)
	for i := range list {
		if at := id(&list[i]); *at == "" {
			*at = fmt.Sprintf("configured-%d", i+1)
		}
	}
	return list
}

func idsOf[T any](list []T, id func(*T) *string) []string {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = *id(&list[i])
	}
	return ids
}

// begin takes the configuration of the options. Its state is for a store that has never held anything: what lasts is not
// made again.
func (s *Server) begin(ctx context.Context) error {
	s.configured.Store(&Configuration{})
	if err := s.Configure(s.options.Configuration); err != nil {
		return err
	}
	if clock := s.options.Configuration.Clock; clock != nil && !clock.Now.IsZero() && !showable(clock.Now) {
		return &ConfigurationError{openapi.Violations{wrong("/clock/now", "it is before 1970 or after 9999: use a time between")}}
	}
	s.beginClock()
	s.beginScenarios()
	if s.options.Configuration.State == nil {
		return nil
	}
	kept, err := s.store.Collections(ctx)
	if err == nil && len(kept) > 0 {
		s.log.Info("the store has state already: that of the configuration is left out")
		return nil
	}
	return errors.Join(err, s.loadState(ctx))
}

func (s *Server) beginClock() {
	if clock := s.configured.Load().Clock; clock != nil {
		s.clock.tell(*clock)
	}
}

// resume is for what has just been taken back to the options.
func (s *Server) resume() {
	s.changeSettings(nil, s.configured.Load().Settings)
	s.beginClock()
	s.beginScenarios()
}

func (s *Server) loadState(ctx context.Context) error {
	state := s.configured.Load().State
	if state == nil {
		return nil
	}
	err := s.Load(ctx, *state)
	var broken *StateError
	if errors.As(err, &broken) {
		return &ConfigurationError{broken.Violations.Below("/state")}
	}
	return err
}

// changeSettings gives settings the values of a configuration, and takes back what only the one before has. Undo makes all
// of them what they were.
func (s *Server) changeSettings(from, to map[string]any) (undo func(), broken openapi.Violations) {
	known := map[string]setting{}
	for _, one := range s.settings() {
		known[one.name] = one
	}
	var undos []func()
	for _, name := range slices.Sorted(maps.Keys(joined(from, to))) {
		one, found := known[name]
		value, given := to[name]
		if !found && given {
			broken = append(broken, wrong("/settings"+pointerTo(name), unknownSetting(known)))
		}
		if !found {
			continue
		}
		before := openapi.AppendJSON(nil, one.value())
		undos = append(undos, func() { one.set(before) })
		broken = append(broken, one.setValue(value).Below("/settings"+pointerTo(name))...)
	}
	return func() {
		for _, undo := range undos {
			undo()
		}
	}, broken
}

func joined(a, b map[string]any) map[string]any {
	both := maps.Clone(a)
	if both == nil {
		return b
	}
	maps.Copy(both, b)
	return both
}

func (s setting) setValue(value any) openapi.Violations {
	text, err := json.Marshal(value)
	if err != nil {
		return openapi.Violations{wrong("", "it is no JSON: "+err.Error())}
	}
	return s.set(text)
}

func unknownSetting(known map[string]setting) string {
	if len(known) == 0 {
		return "the APIs that are served have no settings: leave it out"
	}
	return fmt.Sprintf("there is no such setting: use one of %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}
