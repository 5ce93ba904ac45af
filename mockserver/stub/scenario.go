package stub

import "maps"

// Start is the state that every scenario begins in.
const Start = "start"

func (s *Set) state(scenario string) string {
	if state, ok := s.scenarios[scenario]; ok {
		return state
	}
	return Start
}

// Scenarios are the scenarios that stubs name, or that have been put into a state, with the state of each.
func (s *Set) Scenarios() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(s.scenarios)
	for _, one := range s.stubs {
		if one.Scenario != nil {
			all[one.Scenario.Name] = s.state(one.Scenario.Name)
		}
	}
	return all
}

// PutScenario puts a scenario into a state. It is false for one that no stub names.
func (s *Set) PutScenario(name, state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.stubs {
		if one.Scenario != nil && one.Scenario.Name == name {
			s.scenarios[name] = state
			return true
		}
	}
	return false
}

// ResetScenarios puts every scenario back to its beginning, and lets every stub count anew.
func (s *Set) ResetScenarios() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.scenarios)
	for _, one := range s.stubs {
		one.Answered = 0
	}
}
