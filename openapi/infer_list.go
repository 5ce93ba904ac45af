package openapi

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// describe fills in what goes beyond the operations themselves: how lists are paged, sorted and filtered, and what of
// an item is unique or fixed.
func (c *candidate) describe() {
	if c.List != nil {
		c.findPaging()
		c.findTotal()
		c.findNext()
		c.findFilters()
	}
	c.findUnique()
	c.findFixed()
}

// pagingNames are what parameters are called that choose a page; weak names mean something else where an item has such
// a property and nothing else chooses a page.
var pagingNames = []struct {
	part, names, weak string
	kind              string
	into              func(*Resource) *string
}{
	{"limit", "limit perpage pagesize displaysize maxresults pagelimit maxitems itemsperpage $top", "size rows", "integer", func(r *Resource) *string { return &r.Limit }},
	{"offset", "offset skip startindex $skip", "start", "integer", func(r *Resource) *string { return &r.Offset }},
	{"page", "pagenumber pageno pagenum pageindex", "page", "integer", func(r *Resource) *string { return &r.Page }},
	{"cursor", "cursor pagetoken nexttoken startingafter continuationtoken nextcursor pagecursor", "after marker", "string", func(r *Resource) *string { return &r.Cursor }},
	{"sort", "sort sortby orderby $orderby sortfield", "", "string", func(r *Resource) *string { return &r.Sort }},
	{"order", "sortorder sortdirection sortdir orderdirection", "order direction dir", "string", func(r *Resource) *string { return &r.Order }},
}

func (c *candidate) findPaging() {
	for _, weak := range []bool{false, true} {
		for _, row := range pagingNames {
			names := row.names
			if weak {
				names = row.weak
			}
			into := row.into(c.Resource)
			for _, p := range c.List.Parameters {
				if p.In != InQuery || *into != "" || !slices.Contains(strings.Fields(names), plainName(p.Name)) || c.countedKind(p) != row.kind {
					continue
				}
				if c.meansElse(row.part, p, weak) {
					continue
				}
				*into = p.Name
				c.believe(row.part, p.Name, "a query parameter of this name and of the type "+row.kind, p.at)
			}
		}
	}
	if c.Sort == "" {
		c.Order = ""
		c.Evidence = slices.DeleteFunc(c.Evidence, func(e Evidence) bool { return e.Part == "order" })
	}
	c.findFirst()
}

// meansElse says whether a parameter that could choose a page means something else here.
func (c *candidate) meansElse(part string, p *Parameter, weak bool) bool {
	paged := c.Limit != "" || c.Offset != "" || c.Page != "" || c.Cursor != ""
	switch {
	case part == "sort":
		return !c.sorts(p)
	case part == "order" || !weak:
		return false
	case part == "cursor": // a date, or an id of something else
		return c.formatOf(p.Schema.place()) != "" || !c.hasNext()
	}
	return c.item.property(p.Name) != nil && !paged
}

// sorts says whether the values of a parameter, where the document lists them, name properties of an item.
func (c *candidate) sorts(p *Parameter) bool {
	fits := true
	c.eachPart(p.Schema.place(), func(part place) {
		part.at("enum").each(func(_ string, value place) {
			name := strings.TrimLeft(value.node.Value, "+-")
			name, _, _ = strings.Cut(name, ":")
			name, _, _ = strings.Cut(name, ",")
			fits = fits && c.item.property(name) != nil
		})
	})
	return fits
}

// countedKind is the type of a parameter's values; texts that are whole numbers by the document's own example count as
// integers.
func (c *candidate) countedKind(p *Parameter) string {
	kind := c.kindOf(p.Schema)
	for _, e := range p.Examples {
		if _, err := strconv.Atoi(fmt.Sprint(e.Value)); err == nil && kind == "string" {
			return "integer"
		}
	}
	return kind
}

func (c *candidate) kindOf(s *Schema) string {
	if found := c.of(s.place()); found != nil {
		return found.kind
	}
	return ""
}

// firstPage finds in a description the number that pages are counted from.
var firstPage = regexp.MustCompile(`(?i)\b(?:start\w*|begin\w*|count\w*|default\w*)\b[^.;0-9]{0,30}([01])\b|\b([01]|zero|one)[- ](?:based|indexed)`)

// findFirst finds the number of the first page: the parameter's default, else its minimum, else what its description
// says, else 0 beside a parameter `size`, which are Spring Data's names for what it counts from 0, else 1.
func (c *candidate) findFirst() {
	c.First = 0
	if c.Page == "" {
		return
	}
	c.First = 1
	for _, p := range c.List.Parameters {
		if p.In != InQuery || p.Name != c.Page {
			continue
		}
		at := c.resolve(p.Schema.place())
		for _, keyword := range []string{"default", "minimum"} {
			switch at.text(keyword) {
			case "0":
				c.First = 0
				c.believe("first", "0", "the "+keyword+" of "+p.Name+" is 0", at.at(keyword))
				return
			case "1":
				c.believe("first", "1", "the "+keyword+" of "+p.Name+" is 1", at.at(keyword))
				return
			}
		}
		c.First = c.describedFirst(p)
	}
}

func (c *candidate) describedFirst(p *Parameter) int {
	said := firstPage.FindStringSubmatch(p.at.text("description"))
	switch {
	case said != nil && (said[1] == "0" || said[2] == "0" || strings.EqualFold(said[2], "zero")):
		c.believe("first", "0", "the description of "+p.Name+" says so", p.at.at("description"))
		return 0
	case said != nil:
		c.believe("first", "1", "the description of "+p.Name+" says so", p.at.at("description"))
	case p.Name == "page" && c.Limit == "size":
		c.believe("first", "0", "page and size are the names of Spring Data, which counts pages from 0", p.at)
		return 0
	default:
		c.believe("first", "1", "pages are counted from 1 where nothing says otherwise", p.at)
	}
	return 1
}

// besideItems visits the properties of the answer that are not the items: of the whole, and of objects in it.
func (c *candidate) besideItems(visit func(pointer string, p *attribute)) {
	if c.listed == nil || c.listed.kind == "array" {
		return
	}
	for _, p := range c.listed.properties {
		pointer := "/" + escapePointer(p.name)
		visit(pointer, p)
		if inner := c.of(p.at); inner.described() {
			for _, q := range inner.properties {
				visit(pointer+"/"+escapePointer(q.name), q)
			}
		}
	}
}

var (
	totalNames = words("total totalcount totalelements totalitems totalresults totalrecords totalsize totalhits")
	nextNames  = words("nextcursor nextpagetoken nexttoken nextpage cursor next continuationtoken endcursor nextmarker")
)

func (c *candidate) findTotal() {
	paged := c.Limit != "" || c.Offset != "" || c.Page != "" || c.Cursor != ""
	var sure, counted string
	var at place
	c.besideItems(func(pointer string, p *attribute) {
		kind := c.of(p.at)
		if kind == nil || kind.kind != "integer" && kind.kind != "number" {
			return
		}
		switch name := p.plain; {
		case totalNames[name] && sure == "":
			sure, at = pointer, p.at
		case name == "count" && !paged && counted == "":
			counted = pointer
			if sure == "" {
				at = p.at
			}
		}
	})
	if c.Total = sure; sure == "" { // a count beside pages may be that of the page
		c.Total = counted
	}
	c.believe("total", c.Total, "a number of this name beside the items", at)
}

func (c *candidate) hasNext() bool {
	pointer, _ := c.next()
	return pointer != ""
}

func (c *candidate) next() (pointer string, at place) {
	c.besideItems(func(found string, p *attribute) {
		if s := c.of(p.at); pointer == "" && nextNames[p.plain] && s != nil && s.kind == "string" && c.formatOf(p.at) == "" {
			pointer, at = found, p.at
		}
	})
	return pointer, at
}

func (c *candidate) findNext() {
	if c.Cursor == "" {
		return
	}
	pointer, at := c.next()
	c.Next = pointer
	c.believe("next", pointer, "a text of this name beside the items, which "+c.Cursor+" takes", at)
}

// loose are words by which a description says that a parameter does not ask for equal values.
var loose = regexp.MustCompile(`(?i)\b(partial\w*|contain\w*|substring|prefix|suffix|begin\w*|start\w* with|end\w* with|like|wildcards?|regex\w*|fuzzy|case[- ](in)?sensitiv\w*|greater|less|before|after|at least|at most|minimum|maximum)\b`)

func (c *candidate) findFilters() {
	if !c.item.described() {
		return
	}
	for _, p := range c.List.Parameters {
		if p.In != InQuery || c.takenFor(p.Name) {
			continue
		}
		one := c.item.property(p.Name)
		if one == nil || one.writeOnly || c.spec.secrets[one.name] || !c.comparable(p, one) {
			continue
		}
		if words := loose.FindString(p.at.text("description")); words != "" {
			continue
		}
		if c.Filters == nil {
			c.Filters = map[string]string{}
		}
		c.Filters[p.Name] = "/" + escapePointer(one.name)
		c.believe("filters."+p.Name, c.Filters[p.Name], "items have a property of this name and type", p.at)
	}
}

// takenFor says whether the parameter does something else already.
func (c *candidate) takenFor(parameter string) bool {
	return slices.Contains([]string{c.Limit, c.Offset, c.Page, c.Cursor, c.Sort, c.Order}, parameter)
}

// comparable says whether a parameter has the type of a property: equality of other types means nothing.
func (c *candidate) comparable(p *Parameter, one *attribute) bool {
	asked, has := c.kindOf(p.Schema), c.of(one.at)
	if has == nil || has.kind != asked && (asked != "integer" || has.kind != "number") {
		return false
	}
	return asked == "string" || asked == "integer" || asked == "number" || asked == "boolean"
}

var word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)

// findUnique believes that a property is unique where the client chooses it as the id in items' paths, or where a
// described 409 of Create names it and no other.
func (c *candidate) findUnique() {
	if c.ID.Sent != "" && c.ID.Item != "" && c.ID.Parameter != "" {
		c.Unique = append(c.Unique, c.ID.Item)
		c.believe("unique", c.ID.Item, "the client chooses the id, and it names one item", c.body.property(lastToken(c.ID.Sent)).at)
	}
	if c.Create == nil || !c.body.described() || !c.item.described() {
		return
	}
	for _, a := range c.Create.Responses {
		if a.Status != "409" {
			continue
		}
		if one := c.mentioned(a); one != nil && !slices.Contains(c.Unique, "/"+escapePointer(one.name)) {
			pointer := "/" + escapePointer(one.name)
			c.Unique = append(c.Unique, pointer)
			c.believe("unique", pointer, "the description of 409 names it", a.at)
		}
	}
}

// mentioned is the one property of items and of what is sent that the words of an answer name.
func (c *candidate) mentioned(a *Answer) *attribute {
	said := map[string]bool{}
	for _, name := range word.FindAllString(c.words(a), -1) {
		said[plainName(name)] = true
	}
	return only(c.body.properties, func(p *attribute) bool {
		shown := c.item.property(p.name)
		return said[p.plain] && shown != nil && !shown.readOnly && c.scalar(p) && !linking[p.plain]
	})
}

// words are an answer's description and the texts of its examples.
func (c *candidate) words(a *Answer) string {
	texts := []string{a.at.text("description")}
	for _, m := range a.Content {
		for _, e := range m.Examples {
			if object, ok := e.Value.(map[string]any); ok {
				for _, value := range object {
					if text, ok := value.(string); ok {
						texts = append(texts, text)
					}
				}
			}
		}
	}
	return strings.Join(texts, " ")
}

var unchangeable = regexp.MustCompile(`(?i)\b(immutable|(cannot|can not|must not|may not|can't) be (changed|modified|updated)|not (changeable|updatable))\b`)

// findFixed believes that a property is fixed where its schema says so: it can be sent, but never changed.
func (c *candidate) findFixed() {
	if c.Create == nil || c.Update == nil && c.Patch == nil || !c.body.described() || !c.item.described() {
		return
	}
	for _, p := range c.body.properties {
		if p.readOnly || c.item.property(p.name) == nil || "/"+escapePointer(p.name) == c.ID.Item {
			continue
		}
		if why := c.fixedBecause(p); why != "" {
			pointer := "/" + escapePointer(p.name)
			c.Fixed = append(c.Fixed, pointer)
			c.believe("fixed", pointer, why, p.at)
		}
	}
}

func (c *candidate) fixedBecause(p *attribute) string {
	why := ""
	c.eachPart(p.at, func(part place) {
		mutability := map[string]bool{}
		part.at("x-ms-mutability").each(func(_ string, when place) { mutability[when.node.Value] = true })
		switch {
		case part.flag("x-immutable"):
			why = "x-immutable says so"
		case len(mutability) > 0 && mutability["create"] && !mutability["update"]:
			why = "x-ms-mutability says so"
		case unchangeable.MatchString(part.text("description")):
			why = fmt.Sprintf("its description says %q", unchangeable.FindString(part.text("description")))
		}
	})
	return why
}
