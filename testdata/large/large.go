// Package large makes OpenAPI documents as large as somebody asks, to measure what their size costs.
//
// They are built as real ones are: collections with create, list, get, replace and delete, one in four of them below
// another one, with schemas of their own and shared ones, parameters by reference, allOf and examples. The same number of
// operations is always the same document.
package large

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

// Base is the path that the document's server has, in front of those of its operations.
const Base = "/v1"

// perCollection is how many operations a collection has.
const perCollection = 5

//go:embed document.yaml.tmpl
var text string

var document = template.Must(template.New("document").Parse(text))

// collection is what the document says about one kind of item.
type collection struct {
	Name, Plural string // as schemas and operation ids are named
	Path         string // of the collection
	Parent       string // the path parameter that names the parent; "" for a collection of its own
	Status       []string
	Other        string              // the schema of an item that this one refers to
	Operations   [perCollection]bool // which of create, list, get, replace and delete it has
}

var (
	adjectives = strings.Fields("active archived billing central daily external final global hourly internal joint key local main nightly open private quick remote shared")
	nouns      = strings.Fields(`account address agent album alert asset audit badge batch board branch bucket budget campaign card cart channel charge
		claim client cluster comment contract country coupon course customer deal device discount document domain driver event expense feature
		file filter folder form goal group image incident invoice item job journal label lead lesson licence link location machine member
		message metric milestone note offer order package page partner payment permission plan plugin policy price process product profile
		project quota quote rate record refund region release report request resource review role room route rule schedule segment server
		session setting shift shop site skill snapshot source stage station stock store subscription supplier survey tag task team tenant
		theme ticket topic track trial trip type unit user vehicle vendor version visit volume warehouse webhook widget zone`)
)

// YAML is the document with so many operations, which is OpenAPI 3.0.
func YAML(operations int) []byte {
	var out bytes.Buffer
	if err := document.Execute(&out, collections(operations)); err != nil {
		panic(err) // the template is part of the package
	}
	return out.Bytes()
}

func collections(operations int) []collection {
	count := (operations + perCollection - 1) / perCollection
	list := make([]collection, count)
	for i := range list {
		list[i] = newCollection(i)
		for k := range perCollection {
			list[i].Operations[k] = i*perCollection+k < operations
		}
		if i%4 == 3 {
			list[i].under(list[i-1])
		}
	}
	for i := range list {
		list[i].Other = list[(i*7+1)%count].Name
	}
	return list
}

func newCollection(i int) collection {
	noun, adjective := nouns[i%len(nouns)], adjectives[i/len(nouns)%len(adjectives)]
	name := title(adjective) + title(noun)
	if round := i / len(nouns) / len(adjectives); round > 0 {
		name += fmt.Sprint(round + 1)
	}
	path := strings.ToLower(adjective + "-" + noun + strings.TrimPrefix(name, title(adjective)+title(noun)))
	status := []string{"draft", "active", "closed"}
	return collection{Name: name, Plural: name + "List", Path: "/" + path + "s", Status: status[:2+i%2]}
}

// under puts the collection below an item of the parent's.
func (c *collection) under(parent collection) {
	c.Parent = strings.ToLower(parent.Name[:1]) + parent.Name[1:] + "Id"
	c.Path = parent.Path + "/{" + c.Parent + "}" + c.Path
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// List, Get, Replace and Delete say which operations the collection has besides the one that creates.
func (c collection) List() bool    { return c.Operations[1] }
func (c collection) Get() bool     { return c.Operations[2] }
func (c collection) Replace() bool { return c.Operations[3] }
func (c collection) Delete() bool  { return c.Operations[4] }
