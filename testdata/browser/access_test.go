package browser

import (
	_ "embed"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed audit.js
var audit string

// reload loads the page anew.
var reload = chromedp.Reload()

// scene is a view with something in it: its route, and what is shown once it is there.
type scene struct{ name, route, shows string }

// scenes gives every view of a mock that has something to show, and makes it have that.
func scenes(t *testing.T, m *mock) []scene {
	t.Helper()
	m.send(t, "POST", connectors(project), connection("mrs-mysql-connector", instance))
	m.send(t, "POST", connectors(another), connection("hive-metastore", instance))
	m.send(t, "PUT", "/_counterpart/faults/flaky-list", `{"description": "Lists fail now and then", "when": {"operation": "listDataConnectors", "project": "`+another+`"}, "status": {"code": 500}, "first": 1}`)
	m.send(t, "PUT", "/_counterpart/faults/slow-create", `{"disabled": true, "when": {"operation": "createDataConnector"}, "latency": {"distribution": "lognormal", "ms": 400, "sigma": 0.5}, "chance": 0.3}`)
	m.send(t, "PUT", "/_counterpart/stubs/no-connections", `{"description": "A project without connections", "when": {"operation": "listDataConnectors", "where": [{"in": "query", "name": "limit", "equals": 1}]}, "times": 3, "scenario": {"name": "filling", "state": "start", "next": "filled"}, "answer": {"status": 200, "body": {"total_count": 0, "data_connectors": []}}}`)
	m.send(t, "GET", connectors(project)+"?limit=10", "")
	m.send(t, "GET", connectors(project)+"?limit=1", "")
	m.send(t, "GET", connectors(another), "")
	m.send(t, "DELETE", connectors(project)+"/00000000000000000000000000000000", "")
	m.send(t, "GET", "/v2/"+project+"/data-connector", "")
	broken := m.exchange(t, "POST", connectors(project), connection("two words", "short"))
	return []scene{
		{"exchanges", "#/exchanges", ".exchanges tbody tr"},
		{"exchange", "#/exchanges/" + broken, ".violation .rule pre"},
		{"state", "#/state", ".item"},
		{"faults", "#/faults", ".faults tbody tr"},
		{"stubs", "#/stubs", ".stubs tbody input"},
		{"contract", "#/contract", ".contract .detail h2"},
		{"operation", "#/contract/0/createDataConnector", ".contract .response"},
	}
}

func TestEveryViewIsForEverybody(t *testing.T) {
	m := serve(t)
	views := scenes(t, m)
	b := open(t, m, "/_counterpart/")
	for _, view := range views {
		for _, width := range []int64{1280, 768, 320} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s/%d/%s", view.name, width, scheme), func(t *testing.T) {
					b.look(width, scheme)
					b.goTo(view.route)
					b.sees(fmt.Sprintf(`document.querySelector(%q) !== null`, view.shows))
					if wrong := b.value(audit); wrong != "" {
						t.Error(wrong)
					}
				})
			}
		}
	}
	b.sound()
}

func TestTheAuditSeesWhatIsWrong(t *testing.T) {
	b := open(t, serve(t), "/_counterpart/")
	b.reads(".none", "No request yet")
	if wrong := b.value(audit); wrong != "" {
		t.Fatal(wrong)
	}
	for what, script := range map[string]string{
		"without a name":   `document.querySelector("main").append(document.createElement("button"))`,
		"the page is":      `document.querySelector(".none").style.width = "3000px"`,
		"two elements":     `document.querySelector("h1").id = "clock"`,
		"headings of":      `document.querySelector("main").append(Object.assign(document.createElement("h1"), {textContent: "x"}))`,
		"heading 2 is of":  `document.querySelector("main").append(Object.assign(document.createElement("h4"), {textContent: "x"}))`,
		"contrast":         `document.querySelector(".none").style.color = "#999"`,
		"no main":          `document.querySelector("main").replaceWith(Object.assign(document.createElement("h1"), {textContent: "x"}))`,
		"high: button#res": `Object.assign(document.querySelector("#reset").style, {minHeight: 0, height: "12px", padding: 0})`,
	} {
		b.do("reloading", reload)
		b.reads(".none", "No request yet")
		b.run(script)
		b.sees(fmt.Sprintf(`%s.includes(%q)`, audit, what))
	}
}

func TestTheKeyboardIsEnough(t *testing.T) {
	m := serve(t)
	views := scenes(t, m)
	b := open(t, m, "/_counterpart/")
	b.sees(rows + `.length === 8`)

	b.keys(kb.Tab)
	b.sees(`document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().left >= 0`)
	b.keys(kb.Enter)
	b.sees(`document.activeElement.id === "main"`)

	b.run(`document.querySelector(".exchanges tbody a").focus()`)
	b.keys(kb.ArrowDown, kb.ArrowDown, kb.ArrowUp)
	b.sees(`document.activeElement === document.querySelectorAll(".exchanges tbody a")[1]`)
	b.keys(kb.ArrowUp, kb.Enter)
	b.sees(`document.querySelector(".violation") !== null && document.activeElement.localName === "h2"`)
	b.press(".detail", "Close")
	b.sees(`document.activeElement === document.querySelectorAll(".exchanges tbody a")[0]`)

	b.run(`document.getElementById("reset").focus()`)
	b.keys(kb.Enter)
	b.sees(`document.querySelector("dialog[open]").contains(document.activeElement)`)
	b.keys(kb.Escape)
	b.sees(`document.querySelector("dialog") === null && document.activeElement.id === "reset"`)

	for _, view := range views {
		b.goTo(view.route)
		b.sees(fmt.Sprintf(`document.querySelector(%q) !== null`, view.shows))
		b.run(`document.activeElement.blur(); window.reached = new Set(); window.dim = []`)
		for range 12 {
			b.keys(kb.Tab)
			b.run(`(() => { const one = document.activeElement; reached.add(one); const seen = [getComputedStyle(one), getComputedStyle(one, "::after")]; if (one !== document.body && !seen.some(({outlineStyle, outlineWidth}) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 2)) dim.push(one.outerHTML.slice(0, 120)); })()`)
		}
		if dim := b.value(`dim.join("\n")`); dim != "" {
			t.Errorf("%s: the focus is not seen on %s", view.name, dim)
		}
		b.sees(`reached.size > 8`)
	}
	b.sound()
}
