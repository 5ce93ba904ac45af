package openapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// Each overlay changes what its title says: a message that keeps the contract with it and breaks it without, and one
// the other way round where there is one.
func TestBuiltinOverlays(t *testing.T) {
	type verdict func(spec *openapi.Spec) openapi.Violations
	listed := func(info string) verdict {
		return func(spec *openapi.Spec) openapi.Violations {
			body := list(object("connector_id", `"c"`, "connector_name", `"a"`, "source_type", `"RDS_MYSQL"`, "source_info", info))
			return spec.Operation("listDataConnectors").ValidateResponse(withID(200, body))
		}
	}
	updated := func(result string) verdict {
		return func(spec *openapi.Spec) openapi.Violations {
			return spec.Operation("updateDataConnector").ValidateResponse(withID(200, object("result", quote(result))))
		}
	}
	shown := object(change(soundInfo, "password", "")...)
	for _, row := range []struct {
		overlay, title string
		allows         verdict
		forbids        verdict // nil: the overlay only allows more
	}{
		{"connector-errors-500", "answered with 500", nil, nil}, // see TestConnectorErrors
		{"hyphenated-project-id", "hyphens", func(spec *openapi.Spec) openapi.Violations {
			return spec.Operation("listDataConnectors").ValidateRequest(openapi.Request{Path: map[string]string{"project_id": "a-b"}})
		}, nil},
		{"source-info-object", "as an object", listed(shown), listed(quote(shown))},
		{"update-result-succeed", "succeed", updated("succeed"), updated("succeeded")},
	} {
		t.Run(row.overlay, func(t *testing.T) {
			plain, changed := shared(t), builtin(t, row.overlay)
			wantTitle(t, row.overlay, row.title)
			if err := changed.Compile(); err != nil {
				t.Fatal(err)
			}
			if got := changed.Overlays(); !slices.Equal(got, []string{row.overlay}) {
				t.Errorf("overlays %q", got)
			}
			if row.allows != nil && (len(row.allows(plain)) == 0 || len(row.allows(changed)) > 0) {
				t.Errorf("does not allow it: without %s, with %s", row.allows(plain), row.allows(changed))
			}
			if row.forbids != nil && (len(row.forbids(plain)) > 0 || len(row.forbids(changed)) == 0) {
				t.Errorf("does not forbid it: without %s, with %s", row.forbids(plain), row.forbids(changed))
			}
		})
	}
}

func withID(status int, body string) openapi.Response {
	return openapi.Response{Status: status, Header: http.Header{"X-Request-Id": {"r"}, "Content-Type": {"application/json"}}, Body: []byte(body)}
}

func wantTitle(t *testing.T, name, part string) {
	t.Helper()
	for _, o := range openapi.Overlays() {
		if o.Name == name {
			if !strings.Contains(o.Title, part) {
				t.Errorf("title %q says nothing of %q", o.Title, part)
			}
			return
		}
	}
	t.Errorf("no overlay is called %s", name)
}

func TestConnectorErrors(t *testing.T) {
	for _, reason := range []string{openapi.Duplicate, openapi.UnknownID, openapi.Fixed, openapi.InUse} {
		before, _ := shared(t).Refusal(reason, nil)
		after, ok := builtin(t, "connector-errors-500").Refusal(reason, nil)
		if !ok || before.Status != 400 || after.Status != 500 || after.Body["error_code"] != "MRS.0010" {
			t.Errorf("%s: %d, then %d", reason, before.Status, after.Status)
		}
	}
	if kept, _ := builtin(t, "connector-errors-500").Refusal(openapi.Invalid, nil); kept.Status != 400 {
		t.Errorf("an invalid request is answered with %d", kept.Status)
	}
}

// With source-info-object the password must not come back either.
func TestSourceInfoObjectHidesThePassword(t *testing.T) {
	body := list(object("connector_id", `"c"`, "connector_name", `"a"`, "source_type", `"RDS_MYSQL"`, "source_info", object(soundInfo...)))
	vs := builtin(t, "source-info-object").Operation("listDataConnectors").ValidateResponse(withID(200, body))
	wantBrief(t, vs, []string{"body /data_connectors/0/source_info/password writeOnly"})
}

func TestEveryOverlayHasARow(t *testing.T) {
	var names []string
	for _, o := range openapi.Overlays() {
		names = append(names, o.Name)
	}
	if want := []string{"connector-errors-500", "hyphenated-project-id", "source-info-object", "update-result-succeed"}; !slices.Equal(names, want) {
		t.Errorf("overlays %q: add a row to TestBuiltinOverlays", names)
	}
	if err := builtin(t, names...).Compile(); err != nil {
		t.Errorf("all together: %v", err)
	}
}

const overlayHead = "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions:\n"

func TestOverlayFiles(t *testing.T) {
	title := overlayHead + "  - {target: $.info, update: {title: Changed}}\n"
	if spec := builtin(t, write(t, "o.yaml", title)); spec.Title != "Changed" {
		t.Errorf("title %q", spec.Title)
	}
	spec, err := openapi.Load(write(t, "a.yaml", bodyDocument("3.0.3", "S: {}")), write(t, "o.yaml", title))
	if err != nil || spec.Title != "Changed" {
		t.Errorf("on another document: %v", err)
	}
	second := overlayHead + "  - {target: '$.info[?(@ == \"Changed\")]', update: {title: Again}}\n"
	if _, err := openapi.Default(write(t, "o.yaml", second)); err == nil {
		t.Error("an overlay for a document that another overlay makes is refused without it")
	}
}

func TestOverlaysThatAreRefused(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"matches nothing", overlayHead + "  - {target: $.nothing, update: {a: 1}}\n", "cannot be applied to api.yaml"},
		{"removes nothing", overlayHead + "  - {target: $.paths.none, remove: true}\n", "cannot be applied to api.yaml"},
		{"a target that cannot be read", overlayHead + "  - {target: '$[', remove: true}\n", "o.yaml"},
		{"no actions", "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n", "is not an OpenAPI Overlay"},
		{"no overlay", "openapi: 3.1.0\n", "is not an OpenAPI Overlay"},
		{"no YAML", "\t", "is not an OpenAPI Overlay"},
		{"leaves no valid document", overlayHead + "  - {target: $.info, remove: true}\n", "is not a valid OpenAPI document"},
		{"brings in a value that contains itself", overlayHead + "  - {target: $.info, update: &a {x: *a}}\n", "alias *a contains itself"},
		{"brings in a reference to the network", overlayHead + "  - {target: $.components.schemas.ProjectId, update: {$ref: 'http://example.com/x'}}\n", "goes to the network"},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := openapi.Default(write(t, "o.yaml", row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestUnknownOverlayListsTheNames(t *testing.T) {
	_, err := openapi.Default("hyphens")
	wantRefusal(t, err, "hyphens: is neither a file nor one of the overlays connector-errors-500, hyphenated-project-id, source-info-object, update-result-succeed")
}

// A refusal may name the overlay under which the request would have been fine.
func TestAllowedBy(t *testing.T) {
	op := shared(t).Operation("createDataConnector")
	for _, row := range []struct {
		why, project, body string
		want               []string
	}{
		{"the seed's project id", "ac66f1a5-e8f4-4399-8ec6-2c8cb1aefda7", create("", ""), []string{"hyphenated-project-id"}},
		{"something else is wrong too", "a-b", create("connector_name", ""), nil},
		{"no overlay is about it", hex32, create("connector_name", ""), nil},
	} {
		r := createRequest(row.body)
		r.Path["project_id"] = row.project
		if got := op.AllowedBy(r, op.ValidateRequest(r)); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q", row.why, got)
		}
	}
	own := load(t, "a.yaml", bodyDocument("3.1.0", "S: {type: string}")).Operation("op")
	if got := own.AllowedBy(jsonRequest("1"), own.ValidateRequest(jsonRequest("1"))); got != nil {
		t.Errorf("on another document: %q", got)
	}
}
