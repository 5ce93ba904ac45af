package openapi

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// In schemas with names of their own (`$id`) a reference is a URL, relative to the nearest of these names (JSON Schema
// 2020-12, section 8.2). It may mean a name, whatever host that claims to be on, or a file beside the document.

// openReference is a reference that means no file: so it must mean a name.
type openReference struct {
	reference
	url string
	err error // if it does not
}

// addNamed reads what a document with names refers to.
func (l *library) addNamed(d *document) error {
	base, err := url.Parse(d.url())
	if err != nil {
		return &DocumentError{File: d.name, Err: fmt.Errorf("the name of the file is no URL: %w", err)}
	}
	var failed error
	l.eachURL(d.root, base, false, func(line int, text string, to *url.URL) {
		if failed == nil {
			failed = l.readURL(reference{d, line, text}, to)
		}
	})
	return failed
}

// eachURL visits every reference as a URL, and takes down the names on its way.
func (l *library) eachURL(n *yaml.Node, base *url.URL, named bool, visit func(line int, text string, to *url.URL)) {
	if id := child(n, "$id"); id != nil && !named && n.Kind == yaml.MappingNode && id.Kind == yaml.ScalarNode {
		if own, err := base.Parse(id.Value); err == nil {
			base = own
			l.ids[withoutFragment(own)] = true
		}
	}
	for key, value := range members(n) {
		switch {
		case named || n.Kind == yaml.SequenceNode:
			l.eachURL(value, base, false, visit)
		case (key == "$ref" || key == "$dynamicRef") && value.Kind == yaml.ScalarNode:
			if to, err := base.Parse(value.Value); err == nil {
				visit(value.Line, value.Value, to)
			}
		case !literal(key, value):
			l.eachURL(value, base, value.Kind == yaml.MappingNode && namesMembers(key), visit)
		}
	}
}

func withoutFragment(u *url.URL) string {
	address, _, _ := strings.Cut(u.String(), "#")
	return address
}

// readURL reads the file that a reference means, if it means one.
func (l *library) readURL(ref reference, to *url.URL) error {
	address := withoutFragment(to)
	name, isFile := strings.CutPrefix(to.Path, "/")
	if to.Scheme != "file" || !isFile || !fs.ValidPath(name) {
		err := fmt.Errorf("$ref %q goes to the network, which is not allowed: save the file beside the document", ref.to)
		l.open = append(l.open, openReference{ref, address, err})
		return nil
	}
	_, err := l.read(name)
	var inner *DocumentError
	if err != nil && !errors.As(err, &inner) {
		l.open = append(l.open, openReference{ref, address, err})
		return nil
	}
	return err
}

// checkIDs refuses references that mean no file and no name.
func (l *library) checkIDs() error {
	for _, ref := range l.open {
		if !l.ids[ref.url] && !isDraft(ref.url) {
			return &DocumentError{File: ref.from.name, Line: ref.line, Err: ref.err}
		}
	}
	return nil
}

// isDraft says whether the URL is that of JSON Schema itself, which jsonschema has with it.
func isDraft(address string) bool {
	for _, draft := range []*jsonschema.Draft{jsonschema.Draft2020, jsonschema.Draft2019, jsonschema.Draft7, jsonschema.Draft6, jsonschema.Draft4} {
		if strings.TrimSuffix(draft.URL(), "#") == address {
			return true
		}
	}
	return false
}

// opaque says of a reference that only jsonschema can follow it.
func (s *Spec) opaque(from *document, ref string) bool {
	name, fragment, err := resolveRef(from.name, ref)
	to := s.docs[name]
	switch {
	case err != nil || to == nil:
		return true
	case fragment == "" && to == from:
		return true
	case fragment != "" && fragment[0] != '/':
		return true
	}
	return to.named && child(to.root, "openapi") == nil
}
