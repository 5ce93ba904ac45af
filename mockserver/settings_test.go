package mockserver_test

import (
	"net/http"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
)

// Which instances and clusters there are can be said while the mock runs: it counts at once, for what is stored, too.
func TestSettings(t *testing.T) {
	t.Parallel()
	_, m := startKept(t, mockserver.Options{})
	set := func(name, value string, status int, says ...string) {
		t.Helper()
		m.do(http.MethodPut, "/_counterpart/settings/"+name, `{"value":`+value+`}`).says(t, status, says...)
	}
	id := m.create("p", "a", mysql)
	shows := func(text string) {
		t.Helper()
		m.do(http.MethodGet, collection("p"), "").says(t, 200, text)
	}
	shows(`"used_clusters":""`)
	set("clusters", `{"a":["c1","c2"],"z":[]}`, 204)
	shows(`"used_clusters":"c1,c2"`)
	m.do(http.MethodGet, "/_counterpart/settings", "").says(t, 200, `{"a":["c1","c2"],"z":[]}`)
	set("keep-used", `true`, 204)
	m.do(http.MethodDelete, collection("p")+"/"+id, "").want(t, 400, "MRS.0010")
	set("clusters", `null`, 204)
	shows(`"used_clusters":""`)
	m.do(http.MethodDelete, collection("p")+"/"+id, "").want(t, 204, "")

	set("rds-instances", `["`+instances[postgres]+`"]`, 204)
	m.do(http.MethodPost, collection("p"), sound("a", mysql)).want(t, 400, "MRS.1010")
	m.do(http.MethodPost, collection("p"), sound("b", postgres)).says(t, 201)
	set("rds-instances", `[]`, 204)
	m.do(http.MethodPost, collection("p"), sound("c", postgres)).want(t, 400, "MRS.1010")
	set("rds-instances", `null`, 204)
	m.do(http.MethodPost, collection("p"), sound("a", mysql)).says(t, 201)

	set("rds-instances", `"all"`, 400, `"pointer":"/value"`, "list")
	set("rds-instances", `["a",7]`, 400, `"pointer":"/value/1"`)
	set("clusters", `["a"]`, 400, `"pointer":"/value"`, "object")
	set("clusters", `{"a":["c"],"b/c":"d"}`, 400, `"pointer":"/value/b~1c"`)
	set("keep-used", `"yes"`, 400, `"pointer":"/value"`, "true or false")
	shows(`"used_clusters":""`) // nothing of what was wrong has been taken
	set("no-such-setting", `1`, 404)
	set("No", `1`, 400, `"pointer":"name"`)
	m.do(http.MethodPut, "/_counterpart/settings/clusters", `{}`).says(t, 400, `"pointer":"/value"`)
}

// An API without handlers of its own has no settings.
func TestSettingsOfAnyDocument(t *testing.T) {
	t.Parallel()
	_, m := startKept(t, mockserver.Options{Spec: specOf(t, shops)})
	m.do(http.MethodGet, "/_counterpart/settings", "").says(t, 200, `{"settings":[]}`)
	m.do(http.MethodPut, "/_counterpart/settings/clusters", `{"value":{}}`).says(t, 404)
}
