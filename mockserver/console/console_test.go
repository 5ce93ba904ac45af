package console

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// answer is what is looked at of one; its length is that of the body that was sent.
type answer struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

func get(t *testing.T, method, target string, header ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, "http://mock/", nil)
	r.URL.Path = target
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return answer{w.Code, w.Header(), int64(w.Body.Len())}
}

func TestEveryFileHasItsTypeAndIsGuarded(t *testing.T) {
	for target, f := range read() {
		t.Run(target, func(t *testing.T) {
			answer := get(t, "GET", target)
			want := map[string]string{
				"Content-Type":                 mediaTypes[path.Ext(f.name)],
				"Content-Security-Policy":      policy,
				"X-Content-Type-Options":       "nosniff",
				"Referrer-Policy":              "no-referrer",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cache-Control":                "no-cache",
			}
			if answer.StatusCode != http.StatusOK || answer.ContentLength != int64(len(f.data)) || len(f.data) == 0 {
				t.Fatalf("%d, %d bytes; the file has %d", answer.StatusCode, answer.ContentLength, len(f.data))
			}
			for name, value := range want {
				if got := answer.Header.Get(name); got != value || value == "" {
					t.Errorf("%s: %q, want %q", name, got, value)
				}
			}
		})
	}
}

func TestWhatABrowserHasIsNotSentAgain(t *testing.T) {
	tag := get(t, "GET", "/").Header.Get("Etag")
	if answer := get(t, "GET", "/", "If-None-Match", tag); answer.StatusCode != http.StatusNotModified || answer.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("the same tag: %d, %v", answer.StatusCode, answer.Header)
	}
	if answer := get(t, "GET", "/", "If-None-Match", `"another"`); answer.StatusCode != http.StatusOK {
		t.Errorf("another tag: %d", answer.StatusCode)
	}
}

func TestNothingElseIsServed(t *testing.T) {
	tests := []struct {
		method, path string
		status       int
	}{
		{"HEAD", "/", 200},
		{"HEAD", "/console/console.css", 200},
		{"POST", "/", 405},
		{"PUT", "/console/console.css", 405},
		{"GET", "", 404},
		{"GET", "/index.html", 404},
		{"GET", "/console", 404},
		{"GET", "/console/", 404},
		{"GET", "/console/index.html", 404},
		{"GET", "/console/static/index.html", 404},
		{"GET", "/console/../console.go", 404},
		{"GET", "/console/%2e%2e/console.go", 404},
		{"GET", "/console/..\\console.go", 404},
		{"GET", "/console//console.css", 404},
		{"GET", "//console.css", 404},
		{"GET", "/console/console.css/", 404},
		{"GET", "/console/console.css\x00", 404},
	}
	for _, test := range tests {
		answer := get(t, test.method, test.path)
		if answer.StatusCode != test.status {
			t.Errorf("%s %q: %d, want %d", test.method, test.path, answer.StatusCode, test.status)
		}
		if answer.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s %q has no policy", test.method, test.path)
		}
	}
	if allow := get(t, "POST", "/").Header.Get("Allow"); allow != "GET, HEAD" {
		t.Errorf("Allow: %q", allow)
	}
}

// forbidden is what neither the policy would let run nor a page without a network could load.
var forbidden = map[string]*regexp.Regexp{
	"a script in the page":         regexp.MustCompile(`(?i)<script(?:\s+(?:type="module"|src="console/[a-z]+\.js"))*\s*>\s*[^<\s]`),
	"a script without its file":    regexp.MustCompile(`(?i)<script[^>]*type="module"\s*>`),
	"a style in the page":          regexp.MustCompile(`(?i)<style|\sstyle\s*=`),
	"a handler in an attribute":    regexp.MustCompile(`(?i)<[a-z][^>]*\son[a-z]+\s*=`),
	"an address elsewhere":         regexp.MustCompile(`(?i)(?:src|href|action)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|from\s+["'](?:https?:)?//|@import`),
	"text that is taken as markup": regexp.MustCompile(`\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTMLUnsafe)\b`),
	"text that is taken as script": regexp.MustCompile(`\beval\s*\(|new Function\b|javascript:`),
}

func TestNoFileNeedsMoreThanThePolicyAllows(t *testing.T) {
	for _, f := range read() {
		for what, pattern := range forbidden {
			if found := pattern.Find(f.data); found != nil {
				t.Errorf("%s has %s: %s", f.name, what, found)
			}
		}
	}
}

func TestForbiddenIsRecognised(t *testing.T) {
	samples := map[string][]string{
		"a script in the page":         {`<script>alert(1)</script>`, `<script type="module">import "./x.js"</script>`},
		"a script without its file":    {`<script type="module">`},
		"a style in the page":          {`<style>p {}</style>`, `<p style="color:red">`},
		"a handler in an attribute":    {`<button type="button" onclick="go()">`},
		"an address elsewhere":         {`<link href="https://cdn.example/x.css">`, `src=//cdn.example/x.js`, `url(https://a/b.png)`, `import x from "https://a/b.js"`},
		"text that is taken as markup": {`node.innerHTML = text`, `document.write(text)`},
		"text that is taken as script": {`eval(text)`, `new Function(text)`, `href="javascript:x"`},
	}
	for what, pattern := range forbidden {
		if len(samples[what]) == 0 {
			t.Errorf("%s has no sample", what)
		}
		for _, sample := range samples[what] {
			if !pattern.MatchString(sample) {
				t.Errorf("%s is not seen in %s", what, sample)
			}
		}
		if sound := `<script type="module" src="console/main.js"></script> <link href="console/console.css">`; pattern.MatchString(sound) {
			t.Errorf("%s is seen in %s", what, sound)
		}
	}
}

// references are the files that a file names: of the page and the style sheet as addresses, of a module as imports.
var references = regexp.MustCompile(`(?:src|href)="([^"#]+)"|from "(\./[^"]+)"|url\(([^)]+)\)`)

func TestEveryFileIsThereAndNeeded(t *testing.T) {
	files := read()
	named := map[string]bool{page: true}
	for from, f := range files {
		for _, found := range references.FindAllStringSubmatch(string(f.data), -1) {
			target := path.Join(path.Dir(from), strings.Join(found[1:], ""))
			named[target] = true
			if files[target] == nil {
				t.Errorf("%s names %s, which is not there", f.name, target)
			}
		}
	}
	for target := range files {
		if !named[target] {
			t.Errorf("no file names %s", target)
		}
	}
}

// largest is what all files together may add to the program, in bytes.
const largest = 80 << 10

func TestTheFilesAreSmall(t *testing.T) {
	size := 0
	for _, f := range read() {
		size += len(f.data)
	}
	if size > largest {
		t.Errorf("%d bytes, over %d", size, largest)
	}
}

func TestEveryKindOfFileHasAType(t *testing.T) {
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() || mediaTypes[path.Ext(entry.Name())] == "" {
			t.Errorf("%s has no type", entry.Name())
		}
	}
}
