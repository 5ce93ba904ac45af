package mockserver

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// field is a property beside the items of a list's answer, which says something about the page.
type field struct {
	name    string // as names are compared
	pointer string
	links   bool // it lies among links
	schema  *openapi.Schema
}

// fieldsOf are the properties of a list's answer and of the objects directly in it, without the items.
func fieldsOf(schema *openapi.Schema, items string) []field {
	var list []field
	for _, p := range schema.Properties() {
		pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p.Name)
		if pointer == items {
			continue
		}
		list = append(list, field{plainName(p.Name), pointer, false, p.Schema})
		if items == "" || !strings.HasPrefix(items, pointer+"/") || p.Schema.Names("object") {
			for _, inner := range p.Schema.Properties() {
				at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(inner.Name)
				if at != items {
					list = append(list, field{plainName(inner.Name), at, strings.Contains(plainName(p.Name), "link"), inner.Schema})
				}
			}
		}
	}
	return list
}

// numbers, flags and links are what the properties of a page mean by their names.
var (
	numbers = map[string]func(*page) int{
		"page": (*page).number, "pagenumber": (*page).number, "currentpage": (*page).number, "number": (*page).number, "pageindex": (*page).number,
		"size": pageLimit, "pagesize": pageLimit, "perpage": pageLimit, "limit": pageLimit, "itemsperpage": pageLimit, "pagelimit": pageLimit,
		"offset": pageOffset, "skip": pageOffset, "start": pageOffset, "startindex": pageOffset,
		"totalpages": (*page).pages, "pagecount": (*page).pages, "pages": (*page).pages, "numpages": (*page).pages,
		"total": pageTotal, "totalelements": pageTotal, "totalcount": pageTotal, "totalitems": pageTotal, "totalresults": pageTotal, "totalrecords": pageTotal,
		"numberofelements": pageLength, "returned": pageLength, "count": pageLength, "itemcount": pageLength, "pageitems": pageLength,
	}
	flags = map[string]func(*page) bool{
		"last": isLast, "islast": isLast, "lastpage": isLast, "first": isFirst, "isfirst": isFirst, "firstpage": isFirst,
		"empty": isEmpty, "isempty": isEmpty, "hasmore": (*page).more, "more": (*page).more, "hasnext": (*page).more, "hasnextpage": (*page).more,
		"next": (*page).more, "truncated": (*page).more, "istruncated": (*page).more, "hasprev": hasPrevious, "hasprevious": hasPrevious,
		"haspreviouspage": hasPrevious, "hasprevpage": hasPrevious, "previous": hasPrevious, "prev": hasPrevious,
	}
	linkName = regexp.MustCompile(`^(next|prev|previous|first|last|self)(page)?(link|url|uri|href)?$`)
)

func pageLimit(p *page) int    { return p.limit }
func pageOffset(p *page) int   { return p.offset }
func pageTotal(p *page) int    { return p.total }
func pageLength(p *page) int   { return len(p.documents) }
func isLast(p *page) bool      { return !p.more() }
func isFirst(p *page) bool     { return p.offset == 0 }
func isEmpty(p *page) bool     { return len(p.documents) == 0 }
func hasPrevious(p *page) bool { return p.offset > 0 }

// pageOf puts the answer to a list together.
func (v *visit) pageOf(s *shape, p *page, items []any) any {
	if s.pointer == "" {
		return items
	}
	body := s.frame
	for _, f := range s.fields {
		value, known := v.says(f, p)
		switch {
		case !known || f.pointer == v.Total || f.pointer == v.Next:
		case value == nil && !f.schema.Names("null"):
			body = openapi.Remove(body, f.pointer)
		case len(f.schema.Validate(value)) == 0:
			body = openapi.Set(body, f.pointer, value)
		}
	}
	if v.Total != "" {
		body = openapi.Set(body, v.Total, number(p.total))
	}
	if v.Next != "" {
		body = v.setNext(s, body, p)
	}
	return openapi.Set(body, s.pointer, items)
}

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// says is what the field says of the page; nil for nothing, such as a link to no page.
func (v *visit) says(f field, p *page) (value any, known bool) {
	switch {
	case f.schema.Names("boolean"):
		if is, ok := flags[f.name]; ok {
			return is(p), true
		}
	case f.schema.Names("integer"), f.schema.Names("number"):
		if of, ok := numbers[f.name]; ok {
			if f.name == "count" && v.Total == "" {
				of = pageTotal
			}
			return number(of(p)), true
		}
		if match := linkName.FindStringSubmatch(f.name); match != nil && match[3] == "" {
			return v.pageNumber(match[1], p), true
		}
	case f.schema.Names("string"):
		format, _ := f.schema.Keyword("format")
		match := linkName.FindStringSubmatch(f.name)
		if match != nil && (f.links || match[3] != "" || slices.Contains([]any{"uri", "uri-reference", "url"}, format)) {
			return v.linkTo(match[1], p), true
		}
	}
	return nil, false
}

// pageNumber is the number of the page that is named so, nil where there is none.
func (v *visit) pageNumber(which string, p *page) any {
	switch {
	case which == "next" && p.more():
		return number(p.number() + 1)
	case strings.HasPrefix(which, "prev") && p.offset > 0:
		return number(p.number() - 1)
	case which == "self":
		return number(p.number())
	case which == "first":
		return number(p.first)
	case which == "last":
		return number(p.first + max(p.pages()-1, 0))
	}
	return nil
}

// linkTo is a link to the page that is named so, nil where there is none.
func (v *visit) linkTo(which string, p *page) any {
	if which == "self" {
		return v.link(nil)
	}
	switch {
	case v.Page != "":
		if n := v.pageNumber(which, p); n != nil {
			return v.link(map[string]string{v.Page: stringOf(n)})
		}
	case v.Cursor != "":
		if which == "next" && p.next != "" {
			return v.link(map[string]string{v.Cursor: p.next})
		}
		if which == "first" {
			return v.link(map[string]string{v.Cursor: ""})
		}
	case v.Offset != "":
		if n := v.pageNumber(which, p); n != nil {
			at, _ := strconv.Atoi(stringOf(n))
			return v.link(map[string]string{v.Offset: strconv.Itoa((at - p.first) * p.limit)})
		}
	}
	return nil
}

// setNext says where the list goes on: with a cursor, or a link that has it.
func (v *visit) setNext(s *shape, body any, p *page) any {
	schema, next := s.next, any(p.next)
	if format, _ := schema.Keyword("format"); format == "uri" || format == "uri-reference" {
		next = v.link(map[string]string{v.Cursor: p.next})
	}
	_, required := openapi.Lookup(s.frame, v.Next)
	switch {
	case p.next != "":
		if schema.Names("integer") {
			next = json.Number(p.next)
		}
		return openapi.Set(body, v.Next, next)
	case schema.Names("null"):
		return openapi.Set(body, v.Next, nil)
	case required && schema.Names("string"):
		return openapi.Set(body, v.Next, "")
	}
	return openapi.Remove(body, v.Next)
}
