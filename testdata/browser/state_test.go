package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// downloads makes the browser keep what it downloads in a folder.
func (b *tab) downloads(dir string) {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestStateIsClearedExportedAndImported(t *testing.T) {
	m := serve(t)
	m.send(t, "POST", connectors(project), connection("mine", instance))
	m.send(t, "POST", connectors(another), connection("theirs", instance))
	b := open(t, m, "/_counterpart/#/state")
	b.reads(".state", "mine")
	b.reads(".state", "theirs")
	b.run(`document.querySelector(".item summary").click()`)
	b.reads(".item[open] .json", "string of JSON")

	b.run(`(() => { const one = document.querySelector(".state input"); one.value = "` + another + `"; one.dispatchEvent(new Event("change")); })()`)
	b.sees(`!document.querySelector(".state").innerText.includes("mine") && document.querySelector(".state").innerText.includes("theirs")`)
	b.run(`(() => { const one = document.querySelector(".state input"); one.value = ""; one.dispatchEvent(new Event("change")); })()`)
	b.reads(".state", "mine")

	dir := t.TempDir()
	b.downloads(dir)
	b.press(".state", "Export")
	exported := filepath.Join(dir, "state.json")
	b.wait("the export", func() bool {
		data, err := os.ReadFile(exported)
		return err == nil && strings.HasSuffix(string(data), "}\n")
	})

	b.press(".state", "Clear project "+project)
	b.press("dialog", "Clear")
	b.sees(`!document.querySelector(".state").innerText.includes("mine") && document.querySelector(".state").innerText.includes("theirs")`)
	b.press(".state", "Clear all")
	b.press("dialog", "Clear")
	b.reads(".none", "Nothing is remembered")

	b.press(".state", "Import")
	b.upload(`dialog input[type=file]`, exported)
	b.press("dialog", "Import")
	b.reads(".state", "mine")
	b.reads(".state", "theirs")

	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte(`{"collections": 5}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.press(".state", "Import")
	b.upload(`dialog input[type=file]`, broken)
	b.press("dialog", "Import")
	b.reads("dialog .wrong", "/collections")
	b.sound()
}

func (b *tab) upload(selector, file string) {
	b.t.Helper()
	b.sees(`document.querySelector("` + selector + `") !== null`)
	b.do("choosing "+file, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// wait asks again until something outside the page is so.
func (b *tab) wait(what string, so func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for !so() {
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise((done) => setTimeout(() => done(true), 20))`, chromedp.EvalAwaitPromise)); err != nil {
			b.t.Fatalf("waiting for %s: %v", what, err)
		}
	}
}
