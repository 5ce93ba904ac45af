package mockserver

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"math/big"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// page is a part of a list.
type page struct {
	documents []Document
	total     int // of the items that pass the filters
	offset    int // how many come before
	limit     int // the most items of a page
	first     int // the number of the first page
	next      string
}

func (p *page) more() bool { return p.offset+len(p.documents) < p.total }

// number of the page, and how many there are; one at least.
func (p *page) number() int { return p.first + p.offset/max(p.limit, 1) }
func (p *page) pages() int  { return max((p.total+p.limit-1)/max(p.limit, 1), 0) }

func (v *visit) list(c Collection) (outcome, error) {
	if err := v.held(c); err != nil {
		return outcome{}, err
	}
	query, tests := v.filters()
	p := &page{limit: v.pageSize(), first: v.First}
	p.offset = v.offset(p.limit)
	all := v.lister(c, query, tests)
	err := v.jump(c, p, all)
	if err == nil {
		p.documents, p.total, err = all(p.offset, p.limit)
	}
	if p.limit == 0 {
		p.documents = nil
	}
	if err == nil && v.Cursor != "" && p.more() && len(p.documents) > 0 {
		p.next = v.cursor(p.documents[len(p.documents)-1], p.offset+len(p.documents))
	}
	return outcome{task: listing, page: p}, err
}

// test says whether a list is to have an item.
type test func(item map[string]any) bool

// filters are what the parameters ask for: of the index as far as it knows, of the items themselves beyond that.
func (v *visit) filters() (Query, []test) {
	q := Query{Equal: map[string]string{keyIn: v.address.in}}
	var tests []test
	for name, pointer := range v.Filters {
		value, asked := v.asked(name)
		if !asked || value == nil {
			continue
		}
		text, scalar := scalarText(value)
		switch {
		case scalar && pointer == v.ID.Item:
			a := v.address
			a.id = text
			if d := a.document(); q.ID != "" && q.ID != d {
				tests = append(tests, func(map[string]any) bool { return false }) // two different ids
			} else {
				q.ID = d
			}
		case scalar && !v.many[pointer]:
			if was, also := q.Equal[pointer]; also && was != text {
				tests = append(tests, func(map[string]any) bool { return false })
			}
			q.Equal[pointer] = text
		default:
			tests = append(tests, anyOf(pointer, value))
		}
	}
	return q, tests
}

// asked is what a query parameter of the request says; its default where it is not sent.
func (v *visit) asked(name string) (any, bool) {
	if name == "" {
		return nil, false
	}
	if p := v.x.operation.Parameter(openapi.InQuery, name); p != nil {
		return p.Value(v.x.request)
	}
	values, ok := v.x.request.Query[name]
	if !ok {
		return nil, false
	}
	return values[0], true
}

// hasMany says whether an item may have several values there.
func (k *kind) hasMany(pointer string) bool {
	for _, s := range k.shapes {
		if s.item != nil && s.item.Inside(pointer).Names("array") {
			return true
		}
	}
	return false
}

// anyOf holds for items that have one of the wanted values there, as one of their own.
func anyOf(pointer string, wanted any) test {
	want := textsOf(wanted)
	return func(item map[string]any) bool {
		value, _ := openapi.Lookup(item, pointer)
		return slices.ContainsFunc(textsOf(value), func(text string) bool { return slices.Contains(want, text) })
	}
}

func textsOf(value any) []string {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	var texts []string
	for _, one := range list {
		if text, ok := scalarText(one); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// usualPage is the size of a page where the document has pages and no size.
const usualPage = 20

func (v *visit) pageSize() int {
	most := v.limits.Page
	if n, ok := v.wholeNumber(v.Limit); ok {
		most = min(most, max(n, 0))
	} else if v.Page != "" || v.Cursor != "" {
		most = min(most, usualPage)
	}
	return min(most, v.shapes[listing].most)
}

// wholeNumber is what a parameter says; a number that is too large is the largest.
func (v *visit) wholeNumber(parameter string) (int, bool) {
	value, ok := v.asked(parameter)
	if !ok {
		return 0, false
	}
	n, isInt := new(big.Int).SetString(stringOf(value), 10)
	switch {
	case !isInt:
		return 0, false
	case n.IsInt64():
		return int(min(n.Int64(), mostItems)), true
	}
	return n.Sign() * mostItems, true
}

// mostItems is more than any collection has.
const mostItems = 1 << 40

func (v *visit) offset(limit int) int {
	if n, ok := v.wholeNumber(v.Offset); ok {
		return max(n, 0)
	}
	if n, ok := v.wholeNumber(v.Page); ok && n > v.First {
		return min((n-v.First)*max(limit, 1), mostItems)
	}
	return 0
}

// lister gives parts of the whole list: by the index where that suffices.
type lister func(offset, limit int) ([]Document, int, error)

func (v *visit) lister(c Collection, q Query, tests []test) lister {
	order := v.order()
	if len(order) == 0 && len(tests) == 0 {
		return func(offset, limit int) ([]Document, int, error) {
			q.Offset, q.Limit = offset, max(limit, 1)
			return c.List(q)
		}
	}
	var chosen []Document
	var err error
	chosen, err = v.scan(c, q, tests, order)
	return func(offset, limit int) ([]Document, int, error) {
		from := min(offset, len(chosen))
		return chosen[from:min(from+limit, len(chosen))], len(chosen), err
	}
}

// scan looks at every item.
func (v *visit) scan(c Collection, q Query, tests []test, order []sorting) ([]Document, error) {
	documents, _, err := c.List(q)
	if err != nil {
		return nil, err
	}
	var chosen []candidate
	for _, d := range documents {
		item, err := v.decoded(d)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(tests, func(holds test) bool { return !holds(item) }) {
			chosen = append(chosen, candidate{d, item})
		}
	}
	slices.SortStableFunc(chosen, func(a, b candidate) int { return compareBy(order, a.item, b.item) })
	list := make([]Document, len(chosen))
	for i, one := range chosen {
		list[i] = one.document
	}
	return list, nil
}

type candidate struct {
	document Document
	item     map[string]any
}

// sorting is a property to sort by.
type sorting struct {
	property string
	down     bool
}

// order reads `name`, `-name`, `name,desc`, `name:desc`, `+a,-b`, several of these, and the parameter of the direction.
// Properties that the items do not have sort nothing.
func (v *visit) order() []sorting {
	value, _ := v.asked(v.Sort)
	direction, _ := v.asked(v.Order)
	down := isDown(stringOf(direction))
	var list []sorting
	for _, text := range textsOf(value) {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ':' || r == ' ' }) {
			name, minus := strings.CutPrefix(word, "-")
			property := v.property(strings.TrimPrefix(name, "+"))
			switch {
			case property != "":
				list = append(list, sorting{property, minus != down})
			case len(list) > 0 && isDown(word):
				list[len(list)-1].down = true
			}
		}
	}
	return list
}

func isDown(word string) bool {
	word = strings.ToLower(word)
	return strings.HasPrefix(word, "desc") || word == "-1" || word == "down"
}

// property is the described property that a word names, however it is written; "" where there is none.
func (k *kind) property(word string) string {
	found := ""
	for _, t := range k.tasks() {
		for name := range k.shapes[t].describes {
			if name == word {
				return name
			}
			if plainName(name) == plainName(word) && (found == "" || name < found) {
				found = name
			}
		}
	}
	return found
}

func compareBy(order []sorting, a, b map[string]any) int {
	for _, by := range order {
		c := compareValues(a[by.property], b[by.property])
		if by.down {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// compareValues has nothing before everything, and numbers as numbers.
func compareValues(a, b any) int {
	one, oneIs := scalarText(a)
	two, twoIs := scalarText(b)
	if !oneIs || !twoIs {
		return cmp.Compare(btoi(oneIs), btoi(twoIs))
	}
	x, xIs := new(big.Rat).SetString(one)
	y, yIs := new(big.Rat).SetString(two)
	_, oneText := a.(string)
	_, twoText := b.(string)
	if xIs && yIs && !oneText && !twoText {
		return x.Cmp(y)
	}
	return cmp.Compare(one, two)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// cursor is a position in a list: behind an item. It stays right when others are added or deleted.
func (v *visit) cursor(last Document, offset int) string {
	raw := binary.BigEndian.AppendUint32(nil, v.listMark())
	raw = binary.AppendUvarint(raw, uint64(offset))
	number, _ := strconv.ParseUint(last.Keys[keyNumber], 10, 64)
	token := base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(raw, number))
	if p := v.x.operation.Parameter(openapi.InQuery, v.Cursor); p != nil && p.Schema != nil && len(p.Schema.Validate(token)) > 0 {
		return last.Keys[keyNumber]
	}
	return token
}

// listMark tells lists apart, so that a cursor of another one is noticed.
func (v *visit) listMark() uint32 {
	sort, _ := v.asked(v.Sort)
	order, _ := v.asked(v.Order)
	return crc32.ChecksumIEEE(openapi.AppendJSON(nil, []any{v.address.in, sort, order}))
}

// jump sets the page behind the item that the request's cursor names: by a cursor, by its number, or by its id.
func (v *visit) jump(c Collection, p *page, all lister) error {
	value, ok := v.asked(v.Cursor)
	text := stringOf(value)
	if !ok || text == "" {
		return nil
	}
	offset, number, ok := v.parseCursor(text)
	if !ok {
		a := v.address
		a.id = text
		d, found, err := c.Get(a.document())
		if err != nil {
			return err
		}
		if number, err = strconv.ParseUint(cmp.Or(d.Keys[keyNumber], text), 10, 64); err != nil && !found {
			return &refusal{reason: openapi.Invalid, violations: openapi.Violations{{In: openapi.InQuery, Name: v.Cursor,
				Keyword: openapi.KeywordSyntax, Detail: "it is not one that this list has given"}}}
		}
	}
	at, err := v.behind(all, int(min(offset, mostItems)), number)
	p.offset = at
	return err
}

func (v *visit) parseCursor(text string) (offset, number uint64, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 6 || binary.BigEndian.Uint32(raw) != v.listMark() {
		return 0, 0, false
	}
	offset, n := binary.Uvarint(raw[4:])
	if n <= 0 {
		return 0, 0, false
	}
	number, m := binary.Uvarint(raw[4+n:])
	return offset, number, m > 0 && 4+n+m == len(raw)
}

// behind is the position behind the item of the number. In most cases it is where it was.
func (v *visit) behind(all lister, offset int, number uint64) (int, error) {
	numberAt := func(i int) (uint64, error) {
		found, _, err := all(i, 1)
		if err != nil || len(found) == 0 {
			return 0, err
		}
		return strconv.ParseUint(found[0].Keys[keyNumber], 10, 64)
	}
	if offset > 0 {
		if n, err := numberAt(offset - 1); err != nil || n == number {
			return offset, err
		}
	}
	_, total, err := all(0, 1)
	if err != nil {
		return 0, err
	}
	if len(v.order()) > 0 {
		for i := range total {
			if n, err := numberAt(i); err != nil || n == number {
				return i + 1, err
			}
		}
		return min(offset, total), nil
	}
	at := sort.Search(total, func(i int) bool {
		n, failed := numberAt(i)
		err = cmp.Or(err, failed)
		return n > number
	})
	return at, err
}

// link is the request's own URL with other parameters.
func (v *visit) link(changes map[string]string) string {
	r := v.x.Request()
	query := r.URL.Query()
	for name, value := range changes {
		query.Set(name, value)
	}
	at := *r.URL
	at.RawQuery, at.Scheme, at.Host = query.Encode(), "http", r.Host
	return at.String()
}
