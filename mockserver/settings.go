package mockserver

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// setting is what the handlers of an API can be told while they run, beyond what its document says.
type setting struct {
	name, description string
	value             func() any                               // now; nil where it says nothing
	set               func(json.RawMessage) openapi.Violations // "null" takes the value back
}

// settings are those of all APIs that the server answers for, by name; those that two of them share, once.
func (s *Server) settings() []setting {
	var all []setting
	known := map[string]bool{}
	for _, v := range s.site.Load().services {
		for _, one := range v.settings {
			if !known[one.name] {
				all = append(all, one)
			}
			known[one.name] = true
		}
	}
	slices.SortFunc(all, func(a, b setting) int { return strings.Compare(a.name, b.name) })
	return all
}

func (c *controlAPI) ListSettings(context.Context, control.ListSettingsRequestObject) (control.ListSettingsResponseObject, error) {
	list := control.ListSettings200JSONResponse{Settings: []control.Setting{}}
	for _, s := range c.settings() {
		value, err := json.Marshal(s.value())
		if err != nil {
			return nil, err
		}
		list.Settings = append(list.Settings, control.Setting{Name: s.name, Description: s.description, Value: value})
	}
	return list, nil
}

func (c *controlAPI) PutSetting(_ context.Context, r control.PutSettingRequestObject) (control.PutSettingResponseObject, error) {
	for _, s := range c.settings() {
		if s.name != r.Name {
			continue
		}
		if broken := s.set(r.Body.Value); len(broken) > 0 {
			return nil, &refusal{reason: openapi.Invalid, violations: broken.Below("/value")}
		}
		return control.PutSetting204Response{}, nil
	}
	return nil, noSuch(r.Name)
}
