package contract

import (
	"encoding/json"
	"maps"

	"github.com/counterpart-go/counterpart/openapi"
)

// stateCases take an item of every variant through its life: create, list, a second of the same name, update, list,
// delete, gone.
func stateCases(m *maker) []Case {
	var cases []Case
	for _, r := range m.spec.Resources() {
		if r.Create == nil || r.List == nil {
			continue
		}
		for _, v := range m.variants(r.Create, r.Sent) {
			body := m.unique(r, v.body)
			cases = append(cases, Case{Phase: "state", Name: r.Name + "/" + v.name, Operation: r.Create, Resource: r, Steps: m.life(r, body)})
		}
	}
	return cases
}

func (m *maker) life(r *openapi.Resource, body any) []Step {
	steps := []Step{{Operation: r.Create, Body: body}}
	add := func(more ...Step) { steps = append(steps, more...) }
	add(m.lists(r, body, false)...)
	if len(r.Unique) > 0 {
		add(Step{Operation: r.Create, Body: body, Refused: openapi.Duplicate})
	}
	if r.Update != nil {
		changed := m.changed(r, body)
		add(Step{Operation: r.Update, Body: changed, Created: 1})
		add(m.lists(r, changed, false)...)
		body = changed
	}
	if r.Delete != nil {
		add(Step{Operation: r.Delete, Created: 1})
		add(m.lists(r, body, true)...)
		add(Step{Operation: r.Delete, Created: 1, Refused: openapi.UnknownID})
		if r.Update != nil {
			add(Step{Operation: r.Update, Body: body, Created: 1, Refused: openapi.UnknownID})
		}
	}
	return steps
}

// lists shows the item in the whole list and, where there is such a filter, alone.
func (m *maker) lists(r *openapi.Resource, body any, gone bool) []Step {
	sent, _ := openapi.Lookup(body, r.Sent)
	steps := []Step{{Operation: r.List, Created: 1, List: &Listing{Gone: gone, Sent: sent}}}
	for _, name := range sortedKeys(r.Filters) {
		if r.Filters[name] == r.ID.Item {
			steps = append(steps, Step{Operation: r.List, Created: 1, Query: map[string]string{name: ""}, List: &Listing{Gone: gone, Sent: sent, Only: true}})
		}
	}
	return steps
}

// changed is the body with one text changed that a list shows: not unique, not fixed, not secret, and still valid.
func (m *maker) changed(r *openapi.Resource, body any) any {
	kept := map[string]bool{}
	for _, pointer := range append(append([]string(nil), r.Unique...), r.Fixed...) {
		kept[r.Sent+pointer] = true
	}
	sent, _ := openapi.Lookup(body, r.Sent)
	for _, candidate := range m.variations(sent, r.Sent, kept, body) {
		if m.valid(r.Update, candidate) {
			return candidate
		}
	}
	return body
}

// variations are bodies with one text below the pointer changed each, looking into embedded JSON.
func (m *maker) variations(value any, pointer string, kept map[string]bool, body any) []any {
	if kept[pointer] {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		var list []any
		for _, name := range sortedKeys(v) {
			if !m.spec.Secret(name) {
				list = append(list, m.variations(v[name], pointer+"/"+name, kept, body)...)
			}
		}
		return list
	case string:
		if inner, err := openapi.DecodeJSON([]byte(v)); err == nil {
			if object, ok := inner.(map[string]any); ok {
				return m.embeddedVariations(object, pointer, body)
			}
		}
		return []any{openapi.Set(body, pointer, v+"2")}
	}
	return nil
}

func (m *maker) embeddedVariations(object map[string]any, pointer string, body any) []any {
	var list []any
	for _, name := range sortedKeys(object) {
		text, ok := object[name].(string)
		if !ok || m.spec.Secret(name) {
			continue
		}
		changed := maps.Clone(object)
		changed[name] = text + "2"
		if encoded, err := json.Marshal(changed); err == nil {
			list = append(list, openapi.Set(body, pointer, string(encoded)))
		}
	}
	return list
}
