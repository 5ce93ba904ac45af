package mockserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/counterpart-go/counterpart/openapi"
)

// connectorSettings are the choices of the data connections API as they are now. They outlive a change of the document.
type connectorSettings struct {
	start   DataConnectorOptions
	mu      sync.Mutex // held while current is replaced
	current atomic.Pointer[DataConnectorOptions]
}

func newConnectorSettings(o DataConnectorOptions) *connectorSettings {
	s := &connectorSettings{start: o}
	s.reset()
	return s
}

// now must not be changed.
func (s *connectorSettings) now() *DataConnectorOptions { return s.current.Load() }

func (s *connectorSettings) reset() { s.change(func(o *DataConnectorOptions) { *o = s.start }) }

func (s *connectorSettings) change(how func(*DataConnectorOptions)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := DataConnectorOptions{}
	if was := s.current.Load(); was != nil {
		next = *was
	}
	how(&next)
	s.current.Store(&next)
}

// settings are what the control API shows of them.
func (s *connectorSettings) settings() []setting {
	return []setting{
		{"rds-instances", "The RDS instances that exist: a list of their ids. Null: every well-formed id.",
			func() any { return s.now().Instances }, s.setInstances},
		{"clusters", "The clusters that use connections: for the name of a connection, a list of cluster ids.",
			func() any { return s.now().Clusters }, s.setClusters},
		{"keep-used", "Whether a connection that clusters use cannot be deleted.",
			func() any { return s.now().KeepUsed }, s.setKeepUsed},
	}
}

func (s *connectorSettings) setInstances(text json.RawMessage) openapi.Violations {
	value, broken := decodedSetting(text)
	ids, more := idList("", value)
	if broken = append(broken, more...); len(broken) == 0 {
		s.change(func(o *DataConnectorOptions) { o.Instances = ids })
	}
	return broken
}

func (s *connectorSettings) setClusters(text json.RawMessage) openapi.Violations {
	value, broken := decodedSetting(text)
	named, isObject := value.(map[string]any)
	if !isObject && value != nil {
		broken = append(broken, wrong("", "use an object: for the name of a connection, a list of cluster ids"))
	}
	clusters := make(map[string][]string, len(named))
	for _, name := range slices.Sorted(maps.Keys(named)) {
		ids, more := idList(pointerTo(name), named[name])
		clusters[name], broken = ids, append(broken, more...)
	}
	if len(broken) == 0 {
		s.change(func(o *DataConnectorOptions) { o.Clusters = clusters })
	}
	return broken
}

func (s *connectorSettings) setKeepUsed(text json.RawMessage) openapi.Violations {
	value, broken := decodedSetting(text)
	keep, isBool := value.(bool)
	if !isBool && value != nil {
		broken = append(broken, wrong("", "use true or false"))
	}
	if len(broken) == 0 {
		s.change(func(o *DataConnectorOptions) { o.KeepUsed = keep })
	}
	return broken
}

// decodedSetting is nil for a value that takes the setting back.
func decodedSetting(text json.RawMessage) (any, openapi.Violations) {
	if len(text) == 0 {
		return nil, nil
	}
	value, err := openapi.DecodeJSON(text)
	if err != nil {
		return nil, openapi.Violations{wrong("", err.Error())}
	}
	return value, nil
}

// idList is nil for null.
func idList(pointer string, value any) ([]string, openapi.Violations) {
	list, isList := value.([]any)
	switch {
	case value == nil:
		return nil, nil
	case !isList:
		return nil, openapi.Violations{wrong(pointer, "use a list of ids")}
	}
	ids := make([]string, len(list))
	var broken openapi.Violations
	for i, item := range list {
		if ids[i], _ = item.(string); ids[i] == "" {
			broken = append(broken, wrong(fmt.Sprintf("%s/%d", pointer, i), "use a text that is not empty"))
		}
	}
	return ids, broken
}
