package openapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// identify finds where an item has its id, who makes it, and what it looks like; false where nothing says so.
func (c *candidate) identify() bool {
	parameter := c.parameter()
	if found := c.linkedID(); found != "" {
		c.ID.Created = found
	}
	one, because := c.idProperty(c.item, parameter)
	if one != nil {
		c.ID.Item = "/" + escapePointer(one.name)
		c.believe("id.item", c.ID.Item, because, one.at)
	}
	c.findCreatedID(parameter)
	c.guessOpenID(parameter)
	c.findSentID(parameter)
	c.findKind(one, parameter)
	if parameter != nil {
		c.believe("id.parameter", parameter.Name, "the last segment of the items' path", parameter.at)
	}
	return c.ID.Item != "" || c.ID.Created != "" || c.Create == nil
}

// parameter is the path parameter that names an item; nil where items have no path.
func (c *candidate) parameter() *Parameter {
	for _, op := range []*Operation{c.Get, c.Update, c.Patch, c.Delete} {
		if op == nil {
			continue
		}
		for _, p := range op.Parameters {
			if p.In == InPath && p.Name == c.ID.Parameter {
				return p
			}
		}
	}
	return nil
}

// linkedID is what the links of Create's answer hand to the operations on an item.
func (c *candidate) linkedID() string {
	if c.Create == nil || c.ID.Parameter == "" {
		return ""
	}
	_, answer := c.Create.Success()
	if answer == nil {
		return ""
	}
	found := ""
	answer.at.at("links").each(func(_ string, link place) {
		link, err := c.spec.follow(link)
		to := c.spec.byID[link.text("operationId")]
		if err != nil || to == nil || !slices.Contains([]*Operation{c.Get, c.Update, c.Patch, c.Delete}, to) {
			return
		}
		at := link.at("parameters", c.ID.Parameter)
		if pointer, ok := strings.CutPrefix(link.at("parameters").text(c.ID.Parameter), "$response.body#"); ok && found == "" {
			found = pointer
			c.believe("id.created", pointer, "a link hands it to "+to.ID, at)
		}
	})
	return found
}

// idProperty finds the property that holds the id of an item, and the reason to believe it.
func (c *candidate) idProperty(item *shape, parameter *Parameter) (*attribute, string) {
	if item == nil {
		return nil, ""
	}
	for _, name := range c.idNames() {
		if p := item.property(name); p != nil && c.scalar(p) {
			return p, fmt.Sprintf("an item has it, and %s", c.nameBecause(name))
		}
	}
	for _, rule := range []struct {
		because string
		holds   func(*attribute) bool
	}{
		{"it is the only property that is read-only and named as an id", func(p *attribute) bool { return p.readOnly && strings.HasSuffix(p.plain, "id") }},
		{"it is the only property of the format uuid, which the path parameter has, too", func(p *attribute) bool {
			return parameter != nil && c.formatOf(parameter.Schema.place()) == "uuid" && c.formatOf(p.at) == "uuid"
		}},
		{"its example is that of the path parameter", func(p *attribute) bool { return parameter != nil && c.sameExample(parameter, p) }},
	} {
		if p := only(item.properties, rule.holds); p != nil && c.scalar(p) {
			return p, rule.because
		}
	}
	return nil, ""
}

// idNames are the names that the id may have in an item, the likeliest first.
func (c *candidate) idNames() []string {
	parameter := plainName(c.ID.Parameter)
	names := []string{parameter}
	if rest, ok := strings.CutPrefix(parameter, c.noun); ok && rest != "" {
		names = append(names, rest)
	}
	if parameter == "id" || parameter == "" {
		names = append(names, "id", c.noun+"id", "uuid", c.noun+"uuid")
	} else if strings.HasSuffix(parameter, "id") && parameter != "uuid" {
		names = append(names, "id", c.noun+"id")
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

func (c *candidate) nameBecause(name string) string {
	switch {
	case c.ID.Parameter == "":
		return "it is named as ids are"
	case name == plainName(c.ID.Parameter):
		return "the path parameter " + c.ID.Parameter + " has the same name"
	}
	return "the path parameter " + c.ID.Parameter + " means it"
}

// scalar says whether a property holds a text or a number.
func (c *candidate) scalar(p *attribute) bool {
	s := c.of(p.at)
	return s != nil && (s.kind == "string" || s.kind == "integer" || s.kind == "number" || s.kind == "")
}

// only is the one property that a rule holds for; nil where there are several or none.
func only(properties []*attribute, holds func(*attribute) bool) *attribute {
	var found *attribute
	for _, p := range properties {
		if holds(p) {
			if found != nil {
				return nil
			}
			found = p
		}
	}
	return found
}

func (c *candidate) formatOf(p place) string {
	format := ""
	c.eachPart(p, func(part place) { format = cmp.Or(format, part.text("format")) })
	return format
}

func (c *candidate) sameExample(parameter *Parameter, p *attribute) bool {
	want := cmp.Or(parameter.at.text("example"), parameter.at.at("schema").text("example"))
	return want != "" && c.resolve(p.at).text("example") == want
}

// findCreatedID finds the id in Create's answer, or the header that names the new item's path.
func (c *candidate) findCreatedID(parameter *Parameter) {
	if c.Create == nil || c.ID.Created != "" {
		return
	}
	answer := c.answer(c.Create)
	pointer, inner := c.unwrap(answer, c.item)
	if c.ID.Item != "" && inner.described() && inner.property(lastToken(c.ID.Item)) != nil {
		c.ID.Created = pointer + "/" + escapePointer(inner.property(lastToken(c.ID.Item)).name)
		c.believe("id.created", c.ID.Created, "the answer to "+c.Create.ID+" has it as items do", inner.at)
		return
	}
	if one, because := c.idProperty(inner, parameter); one != nil {
		c.ID.Created = pointer + "/" + escapePointer(one.name)
		c.believe("id.created", c.ID.Created, because, one.at)
		return
	}
	if _, success := c.Create.Success(); success != nil && c.ID.Parameter != "" {
		for _, h := range success.Headers {
			if strings.EqualFold(h.Name, LocationHeader) {
				c.ID.Created = LocationHeader
				c.believe("id.created", LocationHeader, "the answer to "+c.Create.ID+" has this header, which ends in the id", h.at)
			}
		}
	}
}

// guessOpenID believes that answers which may hold anything hold the id under the path parameter's name, or as id: a
// service that answers with what it created gives it back.
func (c *candidate) guessOpenID(parameter *Parameter) {
	if c.ID.Item != "" || parameter == nil || c.Create == nil || !c.item.open() {
		return
	}
	name := c.ID.Parameter
	if one, _ := c.idProperty(c.body, parameter); one != nil {
		name = one.name
	}
	c.ID.Item = "/" + escapePointer(name)
	c.believe("id.item", c.ID.Item, "answers may hold anything, so they can hold what "+c.ID.Parameter+" takes", parameter.at)
	if answer := c.answer(c.Create); c.ID.Created == "" && answer.open() {
		c.ID.Created = c.ID.Item
		c.believe("id.created", c.ID.Created, "the answer to "+c.Create.ID+" may hold anything, so it can hold the id", c.Create.at)
	}
}

// findSentID says whether the client chooses the id: it is in what is sent, and nothing says that the server makes it.
func (c *candidate) findSentID(parameter *Parameter) {
	op := cmp.Or(c.Create, c.Update)
	one, _ := c.idProperty(c.body, parameter)
	if op == nil || one == nil || one.readOnly || c.ID.Item != "" && plainName(lastToken(c.ID.Item)) != one.plain {
		return
	}
	made := serverMade(one.name)
	switch {
	case c.Create == nil:
		c.ID.Sent = "/" + escapePointer(one.name)
		c.believe("id.sent", c.ID.Sent, "items are made by a PUT to the path that the client chooses", one.at)
	case one.required && c.required(one):
		c.ID.Sent = "/" + escapePointer(one.name)
		c.believe("id.sent", c.ID.Sent, op.ID+" requires it, so the client chooses the id", one.at)
	case !made:
		c.ID.Sent = "/" + escapePointer(one.name)
		c.believe("id.sent", c.ID.Sent, fmt.Sprintf("%s takes it, and %s is no name of something that a server makes", op.ID, one.name), one.at)
	}
}

// required says whether the client must send the property, which a read-only one in another part of the schema is not.
func (c *candidate) required(p *attribute) bool {
	shown := c.item.property(p.name)
	return shown == nil || !shown.readOnly
}

// serverMade says whether ids of this name are usually made by the server.
func serverMade(name string) bool {
	plain := plainName(name)
	return strings.HasSuffix(plain, "id") || strings.HasSuffix(plain, "uuid") || strings.HasSuffix(plain, "number")
}

// findKind says what ids look like, from the item's property, from the path parameter, and from an answer to Create that
// is nothing but a number.
func (c *candidate) findKind(one *attribute, parameter *Parameter) {
	if c.Create != nil && c.ID.Created == "" {
		if answer := c.answer(c.Create); answer != nil && answer.kind == "integer" {
			c.ID.Kind = IntegerID
			c.believe("id.kind", string(IntegerID), "the answer to "+c.Create.ID+" is a number and nothing else, so it is the id", answer.at)
			return
		}
	}
	var places []place
	if one != nil {
		places = append(places, one.at)
	}
	if parameter != nil {
		places = append(places, parameter.Schema.place())
	}
	for _, p := range places {
		kind, because := c.idKind(p)
		if kind != "" {
			c.ID.Kind = kind
			c.believe("id.kind", string(kind), because, p)
			return
		}
	}
	if name := plainName(cmp.Or(lastToken(c.ID.Item), c.ID.Parameter)); strings.HasSuffix(name, "uuid") || strings.HasSuffix(name, "guid") {
		if len(places) > 0 && !c.restricted(places[0]) {
			c.ID.Kind = UUID
			c.believe("id.kind", string(UUID), "it is named so", places[0])
			return
		}
	}
	if len(places) > 0 {
		c.believe("id.kind", string(TextID), "nothing says what ids look like", places[0])
	}
}

// idKind is what the schema of an id says about it; "" where it says nothing.
func (c *candidate) idKind(p place) (IDKind, string) {
	if !p.ok() {
		return "", ""
	}
	s := c.of(p)
	switch {
	case s == nil:
		return "", ""
	case s.kind == "integer":
		return IntegerID, "its type is integer"
	case c.formatOf(p) == "uuid":
		return UUID, "its format is uuid"
	case s.kind == "string" && !c.restricted(p) && looksLikeUUID(c.resolve(p).text("example")):
		return UUID, "its example is one"
	}
	return "", ""
}

// restricted says whether a schema has rules that a UUID may break.
func (c *candidate) restricted(p place) bool {
	found := false
	c.eachPart(p, func(part place) {
		for _, keyword := range []string{"pattern", "maxLength", "enum", "const", "format"} {
			found = found || part.at(keyword).ok()
		}
	})
	return found
}

func looksLikeUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, r := range text {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (r == '-') {
			return false
		} else if !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}

// place is where the schema stands; not ok() for none.
func (s *Schema) place() place {
	if s == nil {
		return place{}
	}
	return s.at
}
