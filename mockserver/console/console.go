// Package console is the page on which people look into a running mock and change how it answers. It is a handful of
// files in the binary, without a build step: the page asks the mock's own API (openapi/control.yaml) for all that it shows.
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"sync"
	"time"
)

//go:embed static
var static embed.FS

// policy lets the page load its own files and ask its own server, and nothing else: whatever text a client sent that
// the page shows, none of it can run or call home (CSP Level 3; Trusted Types forbid innerHTML and its like altogether).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// page is the path of the one page; its files are below it, in console/.
const page = "/"

// mediaTypes are written out: those that package mime knows depend on the machine.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// file is one file as it is sent.
type file struct {
	name, mediaType, tag string
	data                 []byte
}

// Handler serves the page at `/` and its files below `/console/`, to GET and HEAD. Only the paths of files that are
// there exist. Safe for concurrent use.
func Handler() http.Handler {
	files := sync.OnceValue(read) // for the first who looks: most mocks are never looked at
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		f, ok := files()[r.URL.Path]
		switch {
		case !ok:
			http.Error(w, "the console has no such file", http.StatusNotFound)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the console's files can only be read", http.StatusMethodNotAllowed)
		default:
			f.serve(w, r)
		}
	})
}

// read gives the files by their paths.
func read() map[string]*file {
	files := map[string]*file{}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		panic(err) // the compiler has put them there
	}
	for _, entry := range entries {
		f := newFile(entry.Name())
		files["/console/"+f.name] = f
	}
	files[page] = files["/console/index.html"]
	delete(files, "/console/index.html")
	return files
}

func newFile(name string) *file {
	data, err := static.ReadFile("static/" + name)
	if err != nil {
		panic(err)
	}
	return &file{name: name, mediaType: mediaTypes[path.Ext(name)], tag: fmt.Sprintf(`"%x"`, sha256.Sum256(data)), data: data}
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// serve sends the file, or says that the client has it: another version of the program has other files, so a browser
// asks each time.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Etag", f.tag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.data))
}
