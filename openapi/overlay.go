package openapi

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

//go:embed overlays/*.yaml
var builtinOverlays embed.FS

// Overlay is a known deviation of a service from its document, as an OpenAPI Overlay 1.0 document.
type Overlay struct {
	Name  string // as [Default] and [Load] take it
	Title string
}

// Overlays lists the overlays that come with the package, by name.
func Overlays() []Overlay {
	entries, err := builtinOverlays.ReadDir("overlays")
	if err != nil {
		panic(err) // embedded: a broken build
	}
	list := make([]Overlay, 0, len(entries))
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".yaml")
		o, err := readOverlay(name)
		if err != nil {
			panic(err)
		}
		list = append(list, Overlay{Name: name, Title: o.Info.Title})
	}
	return list
}

// readOverlay takes a built-in overlay's name or a file.
func readOverlay(nameOrFile string) (*overlay.Overlay, error) {
	data, err := builtinOverlays.ReadFile("overlays/" + nameOrFile + ".yaml")
	if err != nil {
		if data, err = readOverlayFile(nameOrFile); err != nil {
			return nil, err
		}
	}
	o, err := overlay.ParseReader(bytes.NewReader(data))
	if err == nil {
		err = o.Validate()
	}
	if err != nil {
		return nil, &DocumentError{File: nameOrFile, Err: fmt.Errorf("is not an OpenAPI Overlay: %w", err)}
	}
	return o, expandUpdates(o, nameOrFile)
}

// expandUpdates replaces aliases in what the overlay brings in, or refuses them: to apply one that contains itself would
// never end.
func expandUpdates(o *overlay.Overlay, name string) error {
	e := expander{name: name}
	for i := range o.Actions {
		update, err := e.expand(&o.Actions[i].Update, nil, 0)
		if err != nil {
			return err
		}
		o.Actions[i].Update = *update
	}
	return nil
}

func readOverlayFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err := checkFile(info, err); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &DocumentError{File: file, Err: unreadable(err)}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, &DocumentError{File: file, Err: fmt.Errorf("is neither a file nor one of the overlays %s", overlayNames())}
	}
	defer func() { _ = f.Close() }()
	return readDocument(f, int(info.Size()))
}

func overlayNames() string {
	entries, _ := builtinOverlays.ReadDir("overlays")
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return strings.Join(names, ", ")
}

// applyOverlay changes the document in place. An action that finds nothing to change is an error: the overlay was
// written for another document.
func applyOverlay(d *document, nameOrFile string) error {
	o, err := readOverlay(nameOrFile)
	if err != nil {
		return err
	}
	wrapped := &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{d.root}}
	if _, err = o.ApplyToStrict(wrapped); err != nil {
		return &DocumentError{File: nameOrFile, Err: fmt.Errorf("cannot be applied to %s: %w", d.name, err)}
	}
	if len(wrapped.Content) != 1 || wrapped.Content[0].Kind != yaml.MappingNode {
		return &DocumentError{File: nameOrFile, Err: errors.New("leaves no document")}
	}
	// What an update brought in may hold aliases of the overlay's own.
	e := expander{name: nameOrFile}
	d.root, err = e.expand(wrapped.Content[0], nil, 0)
	return err
}

// overlayHint is the document as one more built-in overlay would leave it.
type overlayHint struct {
	name string
	spec *Spec

	changed sync.Map // Rule of the document → bool: whether it reads differently here
}

// AllowedBy names the built-in overlays, not applied yet, under which the request would keep the contract: for words
// to a user whose service deviates in a known way. Only for [Default]'s document; otherwise nil.
func (o *Operation) AllowedBy(r Request, broken Violations) []string {
	var names []string
	for _, h := range o.spec.overlayHints() {
		other := h.spec.Operation(o.ID)
		if other == nil || !h.changes(o.spec, broken) {
			continue
		}
		if len(other.ValidateRequest(r)) == 0 {
			names = append(names, h.name)
		}
	}
	return names
}

func (s *Spec) overlayHints() []*overlayHint {
	s.hintsOnce.Do(func() {
		if !s.builtin {
			return
		}
		for _, o := range Overlays() {
			spec, err := s.limits.read(builtin, s.root.name, append(s.Overlays(), o.Name))
			if err == nil && spec.describe() == nil { // not validated: the built-in overlays are tested
				s.hints = append(s.hints, &overlayHint{name: o.Name, spec: spec})
			}
		}
	})
	return s.hints
}

// changes says whether a rule that was broken in the document reads differently here.
func (h *overlayHint) changes(document *Spec, broken Violations) bool {
	for _, v := range broken {
		changed, known := h.changed.Load(v.Rule)
		if !known {
			mine, theirs := h.spec.rule(v.Rule), document.rule(v.Rule)
			changed = !mine.ok() || !bytes.Equal(appendNode(nil, mine.node), appendNode(nil, theirs.node))
			h.changed.Store(v.Rule, changed)
		}
		if changed.(bool) {
			return true
		}
	}
	return false
}
