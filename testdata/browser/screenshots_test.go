package browser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write the pictures of docs/console.md to this folder")

// largest is what a picture may have, in bytes.
const largest = 200 << 10

// pictures are those of the documentation: the views, and how wide and in which colours each is shown.
var pictures = []struct {
	view   string
	width  int64
	scheme string
}{
	{"exchanges", 1280, "light"}, {"exchanges", 390, "light"}, {"exchange", 1280, "light"}, {"exchange", 1280, "dark"}, {"exchange", 390, "dark"},
	{"state", 1280, "light"}, {"faults", 1280, "light"}, {"faults", 390, "light"}, {"stubs", 1280, "dark"}, {"operation", 1280, "light"}, {"contract", 390, "dark"},
}

func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("only with -screenshots=FOLDER")
	}
	m := serve(t)
	views := map[string]scene{}
	for _, view := range scenes(t, m) {
		views[view.name] = view
	}
	b := open(t, m, "/_counterpart/")
	for _, p := range pictures {
		b.look(p.width, p.scheme)
		b.goTo(views[p.view].route)
		b.sees(fmt.Sprintf(`document.querySelector(%q) !== null`, views[p.view].shows))
		b.run(`document.querySelector(".item:not([open]) summary")?.click()`)
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if len(picture) > largest {
			t.Errorf("%v: %d bytes", p, len(picture))
		}
		name := fmt.Sprintf("console-%s-%d-%s.png", p.view, p.width, p.scheme)
		if err := os.WriteFile(filepath.Join(*screenshots, name), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
