package openapi_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

// made is a list made of texts of items, as a server makes it that keeps them.
func made(texts ...*openapi.Text) openapi.Response {
	items := []any{}
	for _, text := range texts {
		items = append(items, text)
	}
	value := map[string]any{"total_count": json.Number(strconv.Itoa(len(items))), "data_connectors": items}
	r := withID(200, string(openapi.AppendJSON(nil, value)))
	r.Made = value
	return r
}

func TestTextsAreJudged(t *testing.T) {
	t.Parallel()
	op := shared(t).Operation("listDataConnectors")
	shown := object(change(soundInfo, "password", "")...)
	sound, broken := openapi.NewText([]byte(item(shown))), openapi.NewText([]byte(item(shown, "status", `"!"`)))
	for range 2 { // the second time the texts are known
		if vs := op.ValidateResponse(made(sound, sound)); len(vs) > 0 {
			t.Errorf("sound texts: %v", vs)
		}
		vs := op.ValidateResponse(made(sound, broken))
		if len(vs) != 1 || vs[0].Pointer != "/data_connectors/1/status" {
			t.Errorf("a broken text: %v", vs)
		}
	}
	if vs := op.ValidateResponse(made(openapi.NewText([]byte("{")))); len(vs) != 1 || vs[0].Keyword != openapi.KeywordSyntax {
		t.Errorf("a text that is not JSON: %v", vs)
	}
}

// A text that one schema has accepted is still judged by another.
func TestATextIsJudgedByEverySchema(t *testing.T) {
	t.Parallel()
	op := shared(t).Operation("listDataConnectors")
	text := openapi.NewText([]byte(item(object(change(soundInfo, "password", "")...))))
	if vs := op.ValidateResponse(made(text)); len(vs) > 0 {
		t.Fatal(vs)
	}
	update := shared(t).Operation("updateDataConnector")
	r := withID(200, text.String())
	r.Made = text
	if vs := update.ValidateResponse(r); len(vs) == 0 {
		t.Error("an item was taken for the result of an update")
	}
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	many := map[string]any{}
	for _, name := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		many[name] = name
	}
	for _, value := range []any{nil, true, false, "", "a\"b\\c", "é\u2028\x00<&>", "\x7f", json.Number("1e5"), 7, int64(-7), []any{}, []any{1, "a", nil},
		map[string]any{}, many, map[string]any{"b": []any{map[string]any{"é": nil}}, "a\n": "x"}} {
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			t.Fatal(err)
		}
		if got := string(openapi.AppendJSON([]byte("x"), value)); got+"\n" != "x"+b.String() {
			t.Errorf("%q, want %q", got, b.String())
		}
	}
	if got := openapi.AppendJSON(nil, []any{openapi.NewText([]byte(`{ "as": "it is" }`))}); string(got) != `[{ "as": "it is" }]` {
		t.Errorf("%s", got)
	}
}
