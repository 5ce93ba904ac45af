package openapi

import (
	"slices"
	"strings"
)

// answer is the shape of the JSON that an operation answers with when all goes well; nil where it answers with none.
func (k *shapes) answer(op *Operation) *shape {
	if m := jsonAnswer(op); m != nil {
		return k.media(m)
	}
	return nil
}

// jsonAnswer is the first JSON body of the first successful answer that has one.
func jsonAnswer(op *Operation) *MediaType {
	for _, a := range op.Responses {
		if len(a.Status) != 3 || a.Status[0] != '2' {
			continue
		}
		for _, m := range a.Content {
			if readsJSON(m.Range) {
				return m
			}
		}
	}
	return nil
}

// readsJSON says whether a media range is, or can be, JSON.
func readsJSON(mediaRange string) bool {
	name := mediaName(mediaRange)
	return isJSON(name) || name == "*/*" || name == "application/*"
}

// requestBody is the shape of the body that an operation takes; nil where it takes none that is JSON or a form.
func (k *shapes) requestBody(op *Operation) *shape {
	if op.RequestBody == nil {
		return nil
	}
	for _, kind := range []func(string) bool{readsJSON, isForm} {
		for _, m := range op.RequestBody.Content {
			if kind(m.Range) {
				return k.media(m)
			}
		}
	}
	return nil
}

func isForm(mediaRange string) bool {
	name := mediaName(mediaRange)
	return name == "application/x-www-form-urlencoded" || name == "multipart/form-data"
}

func (k *shapes) media(m *MediaType) *shape {
	if m.Schema == nil {
		return &shape{at: m.at}
	}
	return k.of(m.Schema.at)
}

// Names that answers give to what they wrap, and to what stands beside it.
var (
	wrapping = words("data result item payload response")
	beside   = words("meta links jsonapi status message success code error errors included requestid timestamp warnings")
)

// unwrap finds the item in an answer: the answer itself, or one of its members. The item's shape is like, where that is
// known.
func (c *candidate) unwrap(answer, like *shape) (pointer string, item *shape) {
	if !answer.described() || alike(answer, like) {
		return "", answer
	}
	for _, p := range answer.properties {
		if inner := c.of(p.at); inner.described() && (alike(inner, like) || !like.described() && c.wraps(answer, p)) {
			return "/" + escapePointer(p.name), inner
		}
	}
	return "", answer
}

// wraps says whether a message is only there to hold one of its members.
func (c *candidate) wraps(message *shape, member *attribute) bool {
	name := member.plain
	if !wrapping[name] && singular(name) != c.noun {
		return false
	}
	return !slices.ContainsFunc(message.properties, func(p *attribute) bool { return p != member && !beside[p.plain] })
}

// sentBy finds the item in an operation's body, as unwrap does. A body of one object and nothing else wraps it, unless
// items have such an object themselves.
func (c *candidate) sentBy(op *Operation, like *shape) (pointer string, item *shape) {
	body := c.requestBody(op)
	if pointer, item = c.unwrap(body, like); pointer != "" || body == nil || len(body.properties) != 1 {
		return pointer, item
	}
	only := body.properties[0]
	if inner := c.of(only.at); inner.described() && like.property(only.name) == nil && singular(only.name) == c.noun {
		return "/" + escapePointer(only.name), inner
	}
	return "", body
}

// listing is an answer that lists items.
type listing struct {
	whole *shape
	items string // JSON Pointer to the array
	item  *shape
	at    place // of the array's schema
}

// listsNames are names that answers give to the array of items.
var listNames = words("items data results result content records entries values elements list rows objects resources hits page")

// listing finds the array of items in an answer: the answer itself, the only array of objects in it, or among several
// the one with a usual name. Arrays may stand in an object of the answer.
func (c *candidate) listing(op *Operation) (listing, bool) {
	answer := c.answer(op)
	if answer == nil {
		return listing{}, false
	}
	if answer.kind == "array" {
		item := c.of(answer.items)
		return listing{answer, "", item, answer.at}, item.described() || item.open()
	}
	arrays := c.arrays(answer, "")
	if len(arrays) == 0 {
		for _, p := range answer.properties {
			if inner := c.of(p.at); inner.described() {
				arrays = append(arrays, c.arrays(inner, "/"+escapePointer(p.name))...)
			}
		}
		if len(arrays) > 0 && answer.property("id") != nil {
			return listing{}, false // an item that has lists deep in it
		}
	}
	found, ok := c.chosen(answer, arrays)
	found.whole = answer
	return found, ok
}

// arrays are the arrays of objects directly in an object.
func (c *candidate) arrays(object *shape, pointer string) []listing {
	var list []listing
	for _, p := range object.properties {
		if member := c.of(p.at); member != nil && member.kind == "array" {
			if item := c.of(member.items); item.described() {
				list = append(list, listing{items: pointer + "/" + escapePointer(p.name), item: item, at: p.at})
			}
		}
	}
	return list
}

func (c *candidate) chosen(answer *shape, arrays []listing) (listing, bool) {
	var named []listing
	for _, one := range arrays {
		name := plainName(one.items[strings.LastIndexByte(one.items, '/')+1:])
		if listNames[name] || singular(name) == c.noun {
			named = append(named, one)
		}
	}
	switch {
	case len(named) == 1:
		return named[0], true
	case len(arrays) == 1 && answer.property("id") == nil: // else it is an item that has a list
		return arrays[0], true
	}
	return listing{}, false
}
