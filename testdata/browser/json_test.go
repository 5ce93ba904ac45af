package browser

import (
	"fmt"
	"testing"
)

func TestJSONIsShownAsItIs(t *testing.T) {
	b := open(t, serve(t), "/_counterpart/")
	b.reads(".none", "No request yet")
	b.run(`import("/_counterpart/console/json.js").then(({json}) => { window.shown = (text, ...marked) => {
		const one = json(text, marked);
		return one.textContent.replaceAll("string of JSON", "~").replace(/\n */g, "|") + (marked.length ? " " + [...one.querySelectorAll("mark")].map((each) => each.textContent).join("&") : "");
	} })`)
	b.sees(`window.shown !== undefined`)
	for _, tc := range []struct{ reason, text, marked, want string }{
		{"a number with more digits than JavaScript has", `{"a":9007199254740993,"b":1.0,"c":1e400}`, "", `{|"a": 9007199254740993,|"b": 1.0,|"c": 1e400|}`},
		{"a key that comes twice", `{"a":1,"a":2}`, "", `{|"a": 1,|"a": 2|}`},
		{"the order of keys", `{"2":1,"1":2}`, "", `{|"2": 1,|"1": 2|}`},
		{"nothing inside", `{"a":{},"b":[]}`, "", `{|"a": {},|"b": []|}`},
		{"signs of JSON in a string", `["{[,:]}","\\\"",""]`, "", `[|"{[,:]}",|"\\\"",|""|]`},
		{"JSON in a string", `{"s":"{\"t\":\"[1]\"}"}`, "", `{|"s": ~{|"t": ~[|1|]|}|}`},
		{"JSON in a string, cut", `{"s":"{\"t\":"}`, "", `{|"s": "{\"t\":"|}`},
		{"not JSON", `{"a": <b>`, "", `{"a": <b>`},
		{"a value that is marked", `{"a/b":{"c":[1,2]}}`, "/a~1b/c/1", `{|"a/b": {|"c": [|1,|2|]|}|} 2`},
		{"a value in a string that is marked", `{"s":"{\"t\":5}"}`, "/s#/t", `{|"s": ~{|"t": 5|}|} 5`},
		{"all of it is marked", `7`, "", `7`},
		{"a place that is not there", `{"a":1}`, "/b", `{|"a": 1|} `},
	} {
		call := fmt.Sprintf(`shown(%q)`, tc.text)
		if tc.marked != "" {
			call = fmt.Sprintf(`shown(%q, %q)`, tc.text, tc.marked)
		}
		if got := b.value(call); got != tc.want {
			t.Errorf("%s: %s\nwant %s", tc.reason, got, tc.want)
		}
	}
	if got := b.value(`(() => { const deep = "[".repeat(20000) + "]".repeat(20000); return shown(deep) === deep })()`); got != "true" {
		t.Error("what is nested too deep is not shown as it came")
	}
	b.run(`import("/_counterpart/console/api.js").then(({parse}) => { window.kept = JSON.stringify(parse('{"a":9007199254740993,"b":[0.12345678901234567891],"c":3}')) })`)
	b.sees(`window.kept === '{"a":9007199254740993,"b":[0.12345678901234567891],"c":3}'`)
	b.sound()
}
