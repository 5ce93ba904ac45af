package openapi_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// summary writes a document's resources, one key a line, and after them what is stateless.
func summary(spec *openapi.Spec) string {
	var b strings.Builder
	for _, r := range spec.Resources() {
		fmt.Fprintf(&b, "%s\n", r.Name)
		for _, line := range partsOf(r) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	for _, u := range spec.Stateless() {
		fmt.Fprintf(&b, "- %s %s: %s\n", u.Operation.Method, u.Operation.Path, u.Because)
	}
	return b.String()
}

// partsOf lists the parts of a resource that are not empty, as `key value`.
func partsOf(r *openapi.Resource) []string {
	var lines []string
	add := func(key, value string) {
		if value != "" {
			lines = append(lines, key+" "+value)
		}
	}
	if r.Parent != nil {
		add("parent", r.Parent.Name+" by "+r.Holder)
	}
	for i, op := range []*openapi.Operation{r.Create, r.List, r.Get, r.Update, r.Patch, r.Delete} {
		if op != nil {
			add([]string{"create", "list", "get", "update", "patch", "delete"}[i], op.Method+" "+op.Path)
		}
	}
	add("id.parameter", r.ID.Parameter)
	add("id.created", r.ID.Created)
	add("id.item", r.ID.Item)
	add("id.sent", r.ID.Sent)
	add("id.kind", string(r.ID.Kind))
	add("sent", r.Sent)
	add("shown", r.Shown)
	add("items", r.Items)
	add("total", r.Total)
	add("next", r.Next)
	add("limit", r.Limit)
	add("offset", r.Offset)
	add("page", r.Page)
	if r.Page != "" {
		add("first", fmt.Sprint(r.First))
	}
	add("cursor", r.Cursor)
	add("sort", r.Sort)
	add("order", r.Order)
	for _, name := range slices.Sorted(maps.Keys(r.Filters)) {
		add("filters."+name, r.Filters[name])
	}
	add("unique", strings.Join(r.Unique, " "))
	add("fixed", strings.Join(r.Fixed, " "))
	return lines
}
