package browser

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var must = flag.Bool("must", false, "fail where there is no Chromium")

// patience is how long a page may take for what it must do.
const patience = 30 * time.Second

// findChromium gives the path of the browser, by whichever of its names it goes; "" for none.
func findChromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// tab is a page of the console in a browser of its own.
type tab struct {
	t      *testing.T
	ctx    context.Context
	mu     sync.Mutex
	errors []string // what the browser complained of
}

// watchPolicy lets a page keep what its Content-Security-Policy has stopped.
const watchPolicy = `window.stopped = []; addEventListener("securitypolicyviolation", (e) => stopped.push(e.violatedDirective + " " + e.sample))`

// open starts a browser with a new profile at a path of the mock.
func open(t *testing.T, m *mock, path string) *tab {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(startTimeout), chromedp.Env("TZ=UTC"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil { // which starts the browser: it lives as long as this context
		t.Fatalf("starting Chromium: %v", err)
	}
	b.do("opening the console", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchPolicy})
		return err
	}), chromedp.EmulateViewport(1280, 800), chromedp.Navigate(m.url+path))
	return b
}

// hear keeps what the page's scripts failed at and what the browser refused to do for them.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, thrown(e.ExceptionDetails))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			b.errors = append(b.errors, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

func thrown(e *runtime.ExceptionDetails) string {
	if e.Exception != nil {
		return e.Text + " " + e.Exception.Description
	}
	return e.Text
}

// sound fails if a script failed, or the policy has stopped anything.
func (b *tab) sound() {
	b.t.Helper()
	if stopped := b.value(`JSON.stringify(window.stopped)`); stopped != "[]" {
		b.t.Errorf("stopped by the policy: %s", stopped)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.errors {
		b.t.Errorf("the browser complains: %s", e)
	}
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v; the page shows:\n%s", what, err, b.shown())
	}
}

// shown is what the page shows, for a failure's words.
func (b *tab) shown() string {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	return text
}

// sees waits until a JavaScript expression is true.
func (b *tab) sees(expression string) {
	b.t.Helper()
	b.do("waiting for "+expression, chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience)))
}

// reads waits until the element that a selector finds shows a text; a space stands for any that there is between words.
func (b *tab) reads(selector, text string) {
	b.t.Helper()
	b.sees(fmt.Sprintf(`document.querySelector(%q)?.innerText?.replace(/\s+/g, " ").includes(%q) === true`, selector, text))
}

func (b *tab) value(expression string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`String(`+expression+`)`))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return text
}

// run is a script of the test's own.
func (b *tab) run(script string) {
	b.t.Helper()
	b.do(script, chromedp.Evaluate[chromedp.Void](script))
}

// press is a click on the button or link that is called so, or that a screen reader calls so, within what the selector finds.
func (b *tab) press(within, name string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].flatMap((one) => [...one.querySelectorAll("a, button, summary")]).find((one) => [one.innerText.trim(), one.ariaLabel].includes(%q))`, within, name)
	b.sees(find + ` !== undefined`)
	b.run(find + `.click()`)
}

// fill writes into the field that has a label, or chooses there.
func (b *tab) fill(label, value string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll("label")].find((one) => one.innerText === %q)`, label)
	b.sees(find + ` !== undefined`)
	b.run(fmt.Sprintf(`(() => { const input = document.getElementById(%s.htmlFor); input.value = %q; input.dispatchEvent(new Event("input", {bubbles: true})); input.dispatchEvent(new Event("change", {bubbles: true})); })()`, find, value))
}

// keys types on the keyboard, where the focus is.
func (b *tab) keys(keys ...string) {
	b.t.Helper()
	b.do("typing", chromedp.KeyEvent(strings.Join(keys, "")))
}

// goTo shows a route of the console.
func (b *tab) goTo(hash string) {
	b.t.Helper()
	b.run(fmt.Sprintf(`location.hash = %q`, hash))
}

// look sets the width of the window, and whether it is dark.
func (b *tab) look(width int64, scheme string) {
	b.t.Helper()
	b.do("looking", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	}), chromedp.EmulateViewport(width, 800))
}
