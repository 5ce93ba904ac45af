package browser

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const (
	project  = "ac66f1a5e8f443998ec62c8cb1aefda7"
	another  = "0123456789abcdef0123456789abcdef"
	instance = "3aa55f1cb4c3491686936130f21e9f16in01"
)

func connectors(project string) string { return "/v2/" + project + "/data-connectors" }

// connection is the body that creates a data connection.
func connection(name, instance string) string {
	info := fmt.Sprintf(`{\"db_name\":\"default\",\"user_name\":\"mrs\",\"password\":\"hunter2\",\"rds_instance_id\":\"%s\"}`, instance)
	return fmt.Sprintf(`{"data_connector":{"connector_name":%q,"source_type":"RDS_MYSQL","source_info":"%s"}}`, name, info)
}

// rows are the exchanges that the list shows, the latest first.
const rows = `[...document.querySelectorAll(".exchanges tbody tr")].map((one) => one.innerText)`

func TestARequestIsSeenAndAFaultActs(t *testing.T) {
	m := serve(t)
	b := open(t, m, "/_counterpart/")
	b.reads(".none", "No request yet")

	if status := m.send(t, "POST", connectors(project), connection("first", "short")); status != 400 {
		t.Fatalf("status %d", status)
	}
	b.sees(rows + `.length === 1 && ` + rows + `[0]?.includes("1 violation") === true`)
	b.reads("#said", "1 new exchange")

	b.press(".exchanges tbody", "POST "+connectors(project))
	b.reads(".violation .wrongs", "/data_connector/source_info#/rds_instance_id")
	b.reads(".violation .rule", "RDS_MYSQL.schema.json:")
	b.reads(".violation .rule mark", "^[A-Za-z0-9]{36}$")
	b.reads(".messages mark", `"short"`)
	b.reads(".curl pre", "curl")
	b.sees(`document.activeElement.localName === "h2"`)
	if b.value(`document.body.innerText.includes("hunter2")`) != "false" {
		t.Error("the page shows the password")
	}

	b.press("header nav", "Faults")
	b.reads(".none", "Nothing goes wrong")
	b.fill("Kind", "status")
	b.fill("Status", "9")
	b.fill("Operation", "listDataConnectors")
	b.press(".adding", "Add")
	b.sees(`document.activeElement.dataset.pointer === "/status/code" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	b.sees(`document.getElementById(document.activeElement.id + "-wrong").innerText !== ""`)
	b.fill("Status", "500")
	b.press(".adding", "Add")
	b.reads(".faults tbody tr", "status 500")
	b.reads(".faults tbody tr", "0 of 0")

	if status := m.send(t, "GET", connectors(project), ""); status != 500 {
		t.Errorf("with the fault: status %d", status)
	}
	b.reads(".faults tbody tr", "1 of 1")
	b.press("header nav", "Exchanges")
	b.sees(rows + `.length === 2 && ` + rows + `[0]?.includes("fault") === true`)
	b.press(".exchanges tbody", "GET "+connectors(project))
	b.sees(`document.querySelector(".facts a[href^='#/faults/']") !== null`)
	b.run(`document.querySelector(".facts a[href^='#/faults/']").click()`)
	b.sees(`document.activeElement.innerText === "status 500"`)

	b.press(".faults tbody", "status 500: on")
	b.sees(`document.querySelector("[role=switch]")?.ariaChecked === "false"`)
	if status := m.send(t, "GET", connectors(project), ""); status != 200 {
		t.Errorf("with the fault switched off: status %d", status)
	}
	b.press(".faults tbody", "status 500: on")
	b.sees(`document.querySelector("[role=switch]")?.ariaChecked === "true"`)

	b.press("header", "Reset")
	b.press("dialog", "Reset")
	b.reads(".none", "Nothing goes wrong")
	b.press("header nav", "Exchanges")
	b.reads(".none", "No request yet")
	if status := m.send(t, "GET", connectors(project), ""); status != 200 {
		t.Errorf("after the reset: status %d", status)
	}
	b.sees(rows + `.length === 1`)
	b.sound()
}

func TestExchangesAreFilteredAndHeldStill(t *testing.T) {
	m := serve(t)
	b := open(t, m, "/_counterpart/")
	m.send(t, "POST", connectors(project), connection("first", instance))
	m.send(t, "GET", connectors(another), "")
	m.send(t, "GET", "/nowhere", "")
	b.sees(rows + `.length === 3`)

	b.run(`(() => { const one = document.querySelector("[aria-label=Status]"); one.value = "4XX"; one.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	b.sees(rows + `.length === 1 && ` + rows + `[0]?.includes("/nowhere") === true`)
	b.do("reloading", reload)
	b.sees(rows + `.length === 1 && document.querySelector("[aria-label=Status]").value === "4XX"`)
	b.goTo("#/exchanges?project=" + another)
	b.sees(rows + `.length === 1 && ` + rows + `[0]?.includes("` + another + `") === true`)
	b.goTo("#/exchanges")
	b.sees(rows + `.length === 3`)

	b.press(".bar", "Pause")
	m.send(t, "GET", connectors(project), "")
	b.press("header nav", "State")
	b.reads(".state", "first")
	b.press("header nav", "Exchanges") // a view begins anew, and runs
	b.sees(rows + `.length === 4`)
	b.press(".bar", "Pause")
	b.press(".bar", "Go on")
	m.send(t, "GET", connectors(project), "")
	b.sees(rows + `.length === 5`)
	b.press(".bar", "Clear")
	b.reads(".none", "No request yet")
	b.sound()
}

func TestAStubIsWrittenAndAnswers(t *testing.T) {
	m := serve(t)
	b := open(t, m, "/_counterpart/#/stubs")
	b.reads(".none", "No stub")
	b.press(".stubs", "Add a stub")
	b.sees(`document.activeElement.localName === "textarea"`)
	b.fill("JSON", `{"id": "teapot", "when": {"operation": "nothing"}, "answer": {}}`)
	b.press("dialog", "Add")
	b.reads("dialog .wrong", "/when/operation")
	b.fill("JSON", `{"id": "teapot", `)
	b.press("dialog", "Add")
	b.sees(`document.querySelector("dialog .wrong").innerText.includes("JSON")`)
	b.fill("JSON", `{"id": "teapot", "when": {"operation": "listDataConnectors", "where": [{"in": "header", "name": "X-Count", "equals": 7}]},
		"scenario": {"name": "turns", "state": "start", "next": "over"}, "answer": {"status": 200, "body": {"total_count": 0, "data_connectors": []}}}`)
	b.press("dialog", "Add")
	b.reads(".stubs tbody tr", "teapot")
	m.send(t, "GET", connectors(project), "", "X-Count", "7")
	b.sees(`document.querySelector(".stubs tbody tr").cells[3].innerText.endsWith("1")`)
	b.sees(`document.querySelector("section[aria-label=Scenarios] input").value === "over"`)

	b.press(".stubs tbody", "Edit 200, a body")
	b.sees(`document.querySelector("textarea").value.includes("X-Count")`)
	b.press("dialog", "Cancel")
	b.press("section[aria-label=Scenarios]", "All to the beginning")
	b.sees(`document.querySelector("section[aria-label=Scenarios] input").value === "start"`)
	b.press("header nav", "Exchanges")
	b.sees(rows + `[0]?.includes("stub") === true`)
	b.press("header nav", "Stubs")
	b.press(".stubs tbody", "Remove 200, a body")
	b.reads(".none", "No stub")
	b.sound()
}

func TestTheContractIsReadable(t *testing.T) {
	m := serve(t)
	b := open(t, m, "/_counterpart/#/contract")
	b.press(".contract .list", "POST /v2/{project_id}/data-connectors\nCreate a data connection")
	b.reads(".contract .detail", `When source_type is "RDS_MYSQL"`)
	b.reads(".contract .detail", "It holds JSON")
	b.reads(".contract .detail", "rds_instance_id required")
	b.reads(".contract .detail", "pattern ^[A-Za-z0-9_-]{1,64}$")
	b.press(".contract .detail", "Example mysql RDS for MySQL; the vendor's own example. [create page]")
	b.reads(".contract details[open] .json", "string of JSON")
	b.run(`(() => { const one = document.querySelector(".contract input"); one.value = "DELETE"; one.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	b.sees(`[...document.querySelectorAll(".contract .list li")].filter((one) => one.checkVisibility()).length === 1`)
	b.sees(`document.title.startsWith("Contract")`)
	b.sound()
}

// Documents may have anything in them that OpenAPI has: the second is the control API's own.
func TestAnyContractIsReadable(t *testing.T) {
	m := serve(t, "--spec", "odd.yaml", "--spec", root+"/openapi/control.yaml=/other")
	b := open(t, m, "/_counterpart/#/contract/0/postNode")
	for _, text := range []string{
		"in path, required Narrower.", "The one above.", "nothing is allowed", "anything optional anything", `One of "a", null`, "Items, in this order", "maximum 9223372036854775807",
		"It holds JSON", "multipleOf 3", "Properties whose name matches ^x-", "Other properties", `When either is "a"`, "Required: parent", `Unless either is "a"`,
		"Exactly one of", `Always "circle"`, `One of "square", "box"`, "No other properties.", "minProperties 1", "Required: unnamed", "Header X-Left", "(deprecated)", "text/plain",
	} {
		b.reads(".contract .detail", text)
	}
	for range 5 { // a node has nodes in it, without end: each is drawn when it is opened
		b.run(`[...document.querySelectorAll(".contract details:not([open])")].forEach((one) => { one.open = true })`)
	}
	b.sees(`document.querySelectorAll(".contract details details").length > 3`)

	operations := strings.Split(b.value(`[...document.querySelectorAll(".contract li a")].map((one) => one.hash).join(" ")`), " ")
	if len(operations) < 30 {
		t.Fatalf("%d operations", len(operations))
	}
	for _, operation := range operations {
		b.goTo(operation)
		b.sees(fmt.Sprintf(`document.querySelector(".contract a[aria-current]")?.hash === %q && document.querySelector(".contract .response") !== null`, operation))
	}
	b.goTo("#/contract/0/")
	b.reads(".contract .detail em", "two")
	b.goTo("#/contract/7/nothing")
	b.reads(".contract .detail", "no such document")
	b.sound()
}

// evil runs if it is taken for markup anywhere, and shows then.
const evil = `<img src=x onerror="window.hit=1"><script>window.hit=2</script>javascript:window.hit=3`

func TestWhatClientsSendIsShownAsText(t *testing.T) {
	m := serve(t)
	sent := url.PathEscape(evil)
	m.send(t, "GET", connectors(sent)+"?"+url.Values{"limit": {evil}}.Encode(), "", "X-Evil", evil, "X-Request-Id", evil)
	m.send(t, "POST", connectors(project), connection(evil, "short"))
	m.send(t, "GET", "/"+sent, "")
	quoted := strings.ReplaceAll(evil, `"`, `\"`)
	m.send(t, "POST", "/_counterpart/faults", fmt.Sprintf(`{"id": "evil", "description": "%s", "when": {"operation": "deleteDataConnector", "project": "%s"}, "status": {"code": 500}}`, quoted, quoted))
	m.send(t, "POST", "/_counterpart/stubs", fmt.Sprintf(`{"id": "evil", "description": "%s", "when": {"operation": "listDataConnectors", "where": [{"in": "header", "name": "x-evil", "equals": "%s!"}]}, "answer": {}}`, quoted, quoted))
	m.send(t, "GET", connectors(project), "", "X-Evil", evil)

	b := open(t, m, "/_counterpart/")
	b.sees(rows + `.length === 4`)
	shown := b.value(`JSON.stringify([...document.querySelectorAll(".exchanges tbody a")].map((one) => one.hash))`)
	routes := append(strings.Split(strings.Trim(shown, `["]`), `","`), "#/state", "#/faults", "#/stubs", "#/contract", "#/contract/0/"+sent, "#/exchanges/"+sent, "#/"+sent, "#/exchanges?project="+sent)
	for _, route := range routes {
		b.goTo(route)
		b.sees(`document.querySelector(".view") !== null && document.querySelector("[aria-busy]") === null`)
		b.sees(`document.querySelector("img, main script, iframe, [onerror]") === null`)
		b.sees(`[...document.links].every((one) => one.protocol === location.protocol)`)
	}
	b.goTo("#/faults")
	b.reads(".faults tbody", evil)
	b.goTo("#/stubs")
	b.reads(".stubs tbody", evil)
	if hit := b.value(`window.hit`); hit != "undefined" {
		t.Errorf("a script of a client ran: %s", hit)
	}
	b.sound()
}

// TestThePolicyStopsWhatIsForeign holds the net below the text nodes: without it the test above would prove less.
func TestThePolicyStopsWhatIsForeign(t *testing.T) {
	b := open(t, serve(t), "/_counterpart/")
	b.reads(".none", "No request yet")
	for _, script := range []string{
		`document.createElement("button").setAttribute("onclick", "window.hit = 1")`,
		`document.body.insertAdjacentHTML("beforeend", "<b>x</b>")`,
		`document.createElement("script").src = "console/main.js"`,
		`document.createElement("script").textContent = "window.hit = 2"`,
	} {
		if got := b.value(`(() => { try { ` + script + `; return "done" } catch { return "refused" } })()`); got != "refused" {
			t.Errorf("%s: %s", script, got)
		}
	}
	b.run(`window.fetch("http://localhost:1/").catch(() => { window.kept = true }); new Image().src = "http://localhost:1/x.png"; document.body.setAttribute("style", "color: red")`)
	b.sees(`window.kept && ["connect-src", "img-src", "style-src-attr"].every((rule) => stopped.some((one) => one.startsWith(rule)))`)
	b.sees(`window.hit === undefined`)
}

func TestTheTokenIsAskedFor(t *testing.T) {
	b := open(t, serve(t, "--control-token", "0123456789abcdef"), "/_counterpart/")
	b.reads("dialog", "asks for a token")
	b.fill("Token", "wrong")
	b.press("dialog", "Use it")
	b.sees(`sessionStorage.length === 1 && document.querySelector("dialog input")?.value === ""`)
	b.fill("Token", "0123456789abcdef")
	b.press("dialog", "Use it")
	b.reads(".none", "No request yet")
	b.sees(`document.querySelector("dialog") === null && localStorage.length === 0 && document.cookie === "" && !location.href.includes("0123")`)
	b.do("reloading", reload)
	b.reads(".none", "No request yet")
	b.sound()
}

func TestTheMockGoesAndComesBack(t *testing.T) {
	m := serve(t)
	b := open(t, m, "/_counterpart/")
	m.send(t, "GET", connectors(project), "")
	b.sees(rows + `.length === 1`)
	m.stop(t)
	b.reads("#away", "The mock is away")
	back := serve(t, "--listen", m.address())
	b.sees(`document.getElementById("away").hidden && document.getElementById("connection").innerText === "connected"`)
	b.reads(".none", "No request yet")
	back.send(t, "GET", connectors(project), "")
	b.sees(rows + `.length === 1`)
	b.sound()
}

func TestTheClockIsSet(t *testing.T) {
	m := serve(t)
	b := open(t, m, "/_counterpart/")
	b.sees(`document.getElementById("clock").innerText.includes("UTC")`)
	b.press("header", "The mock's clock")
	b.fill("Time (UTC)", "yesterday")
	b.press("dialog", "Set")
	b.sees(`document.activeElement.dataset.pointer === "/now" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	b.fill("Time (UTC)", "2030-01-02T03:04:05Z")
	b.fill("From then on it", "frozen")
	b.press("dialog", "Set")
	b.reads("#clock", "2030-01-02 03:04:05 UTC")
	b.reads("#clock", "frozen")
	b.press("header", "The mock's clock")
	b.fill("Move forwards by", "3600")
	b.press("dialog", "Set")
	b.reads("#clock", "2030-01-02 04:04:05 UTC")
	b.press("header", "The mock's clock")
	b.press("dialog", "Back to the time it was started with")
	b.sees(`!document.getElementById("clock").innerText.includes("2030")`)
	b.sound()
}
