package mockserver_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// overlayRow says what an overlay changes, by what is so without it and with it.
type overlayRow struct {
	overlay string
	reason  string
	without func(m *mock)
	with    func(m *mock)
}

const hyphenated = "ac66f1a5-e8f4-4399-8ec6-2c8cb1aefda7"

var overlayRows = []overlayRow{
	{"connector-errors-500", "the printed error tables answer what concerns the connection itself with 500",
		func(m *mock) { wantConnectorErrors(m, http.StatusBadRequest) },
		func(m *mock) { wantConnectorErrors(m, http.StatusInternalServerError) }},
	{"hyphenated-project-id", "the vendor's example request has hyphens",
		func(m *mock) {
			m.do(http.MethodPost, collection(hyphenated), sound("one", mysql)).want(m, http.StatusBadRequest, "12000107")
		},
		func(m *mock) {
			id := m.create(hyphenated, "one", mysql)
			m.wantList(hyphenated, []string{id})
			m.wantList(strings.ReplaceAll(hyphenated, "-", ""), nil)
			m.do(http.MethodPut, item(hyphenated, id), sound("two", mysql)).want(m, http.StatusOK, "")
			m.do(http.MethodDelete, item(hyphenated, id), "").want(m, http.StatusNoContent, "")
			m.do(http.MethodGet, collection("a_b"), "").want(m, http.StatusBadRequest, "12000107")
		}},
	{"source-info-object", "Terraform reads an object from lists, and sends a string",
		func(m *mock) {
			wantSourceInfo(m, func(kept map[string]any, got any) bool { _, text := got.(string); return text })
		},
		func(m *mock) {
			wantSourceInfo(m, func(kept map[string]any, got any) bool { return reflect.DeepEqual(got, kept) })
			m.do(http.MethodPost, collection(project), sent(`"object"`, quoted(mysql), sourceInfo(mysql))).want(m, http.StatusBadRequest, "MRS.0010")
		}},
	{"update-result-succeed", "the vendor's example of an update says so",
		func(m *mock) { wantResult(m, "succeeded") },
		func(m *mock) { wantResult(m, "succeed") }},
}

func wantConnectorErrors(m *mock, status int) {
	m.Helper()
	id, _ := m.create(project, "one", mysql), m.create(project, "two", mysql)
	for _, r := range [][3]string{
		{http.MethodPost, collection(project), sound("one", mysql)},
		{http.MethodPut, item(project, id), sound("two", mysql)},
		{http.MethodPut, item(project, id), sound("one", postgres)},
		{http.MethodPut, item(project, unknownID), sound("three", mysql)},
		{http.MethodDelete, item(project, unknownID), ""},
	} {
		m.do(r[0], r[1], r[2]).want(m, status, "MRS.0010")
	}
	// What breaks the document stays a 400.
	m.do(http.MethodPost, collection(project), sound("x", mysql, "db_name", "")).want(m, http.StatusBadRequest, "MRS.0010")
	m.do(http.MethodPost, collection(project), "{}").want(m, http.StatusBadRequest, "12000002")
}

func wantSourceInfo(m *mock, fits func(kept map[string]any, got any) bool) {
	m.Helper()
	for i, sourceType := range []string{mysql, postgres, taurus} {
		m.create(project, sourceType, sourceType)
		kept := map[string]any{"db_name": "default", "user_name": "mrs", "rds_instance_id": instances[sourceType]}
		if got := m.list(project).Items[i].Info; !fits(kept, got) {
			m.Errorf("source_info of %s is listed as %v", sourceType, got)
		}
	}
}

func wantResult(m *mock, result string) {
	m.Helper()
	id := m.create(project, "one", mysql)
	a := m.do(http.MethodPut, item(project, id), sound("one", mysql))
	if a.want(m, http.StatusOK, ""); strings.TrimSpace(a.body) != `{"result":"`+result+`"}` {
		m.Errorf("an update answers %s", a.body)
	}
}

func TestOverlays(t *testing.T) {
	t.Parallel()
	var names []string
	for _, row := range overlayRows {
		names = append(names, row.overlay)
		t.Run(row.overlay, func(t *testing.T) {
			t.Parallel()
			row.without(start(t, mockserver.Options{}))
			row.with(start(t, mockserver.Options{Spec: document(t, row.overlay)}))
		})
	}
	var known []string
	for _, o := range openapi.Overlays() {
		known = append(known, o.Name)
	}
	if !slices.Equal(names, known) {
		t.Errorf("the table has %q, the package %q: each overlay needs a row", names, known)
	}
}

// Overlays leave each other alone.
func TestAllOverlaysTogether(t *testing.T) {
	t.Parallel()
	var names []string
	for _, row := range overlayRows {
		names = append(names, row.overlay)
	}
	for _, order := range [][]string{names, reversed(names)} {
		for _, row := range overlayRows {
			row.with(start(t, mockserver.Options{Spec: document(t, order...)}))
		}
	}
}

func reversed(names []string) []string {
	names = slices.Clone(names)
	slices.Reverse(names)
	return names
}
