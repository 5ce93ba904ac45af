package contract

import (
	"cmp"
	"encoding/json"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// page is a list as an exchange shows it.
type page struct {
	items []any
	ids   []string
	total int // as the answer states it, -1 where it states none
	at    string
	alone bool // it is no list, but the answer that shows one item
}

// list is what the exchange's list shows; false when there is none to judge. An answer that shows one item is a list of
// one.
func (x *Exchange) list() (page, bool) {
	r := x.Case.Resource
	if x.Step.List == nil || !x.succeeded() || r == nil {
		return page{}, false
	}
	if x.Step.Operation == r.Get {
		return x.alone(r)
	}
	items, ok := lookup(x.Body, r.Items).([]any)
	p := page{items: items, total: -1, at: r.Items}
	for _, item := range items {
		p.ids = append(p.ids, idOf(item, r.ID.Item))
	}
	if r.Total != "" {
		p.total = whole(lookup(x.Body, r.Total))
	}
	return p, ok
}

// alone is the item that the answer shows. Where it does not show its id it is taken for the one that was asked for.
func (x *Exchange) alone(r *openapi.Resource) (page, bool) {
	item, ok := lookup(x.Body, r.Shown).(map[string]any)
	id := x.ItemID
	if r.ID.Item != "" && !strings.EqualFold(idOf(item, r.ID.Item), id) {
		id = cmp.Or(idOf(item, r.ID.Item), id)
	}
	return page{items: []any{item}, ids: []string{id}, total: -1, at: r.Shown, alone: true}, ok
}

func (p page) pointer(i int) string {
	if p.alone {
		return p.at
	}
	return p.at + "/" + strconv.Itoa(i)
}

// what the page is, in words.
func (p page) what() string {
	if p.alone {
		return "the answer"
	}
	return "the list"
}

// cut says whether the list may have left items out: it was asked for a part, or says itself that there are more.
func (x *Exchange) cut(p page) bool {
	limit := x.limit()
	return !p.alone && (x.isPart() || limit >= 0 && len(p.items) >= limit || limit < 0 && (p.total > len(p.items) || p.total < 0 && pages(x.Case.Resource)))
}

// pages says whether lists are given in pages.
func pages(r *openapi.Resource) bool { return r.Limit != "" || r.Page != "" || r.Cursor != "" }

// evidence gives a finding the operation whose effect the list shows.
func (x *Exchange) evidence(found []Finding) []Finding {
	if after := x.Step.List.After; after > 0 {
		for i := range found {
			found[i].After = x.Case.Steps[after-1].Operation.ID
		}
	}
	return found
}

// presence says which items are missing and which should not be there.
func (x *Exchange) presence() []Finding {
	p, ok := x.list()
	if !ok {
		return nil
	}
	var found []Finding
	for _, shown := range x.Step.List.Shows {
		id := x.ids[shown.Created]
		if id != "" && !slices.Contains(p.ids, id) && !x.cut(p) {
			found = append(found, one(p.at, "%s does not show the item that step %d created", p.what(), shown.Created)...)
		}
	}
	for _, hidden := range x.Step.List.Hides {
		if at := slices.Index(p.ids, x.ids[hidden]); at >= 0 && x.ids[hidden] != "" {
			found = append(found, one(p.pointer(at), "%s shows the item that step %d created", p.what(), hidden)...)
		}
	}
	return found
}

func (x *Exchange) about(subjects ...Subject) bool {
	return x.Step.List != nil && slices.Contains(subjects, x.Step.List.Of)
}

func listed(x *Exchange) []Finding {
	if !x.about(OfWrite) || len(x.Step.List.Where) > 0 {
		return nil
	}
	return x.evidence(append(x.presence(), x.twice()...))
}

// twice finds an item that the list shows more than once.
func (x *Exchange) twice() []Finding {
	p, ok := x.list()
	if !ok {
		return nil
	}
	for i, id := range p.ids {
		if id != "" && slices.Contains(p.ids[:i], id) {
			return one(p.pointer(i), "the list shows an item twice")
		}
	}
	return nil
}

func filtered(x *Exchange) []Finding {
	p, ok := x.list()
	if !ok || !x.about(OfWrite) {
		return nil
	}
	var found []Finding
	for _, pointer := range sortedKeys(x.Step.List.Where) {
		for i, item := range p.items {
			if is, there := openapi.Lookup(item, pointer); !there || any(textOf(is)) != x.Step.List.Where[pointer] {
				found = append(found, one(p.pointer(i), "the list is filtered by %s but shows an item with another value", pointer)...)
			}
		}
	}
	if len(x.Step.List.Where) > 0 {
		found = append(found, x.presence()...)
	}
	return x.evidence(append(found, x.strangers(p)...))
}

// strangers are items that a list of known ones must not show.
func (x *Exchange) strangers(p page) []Finding {
	if !x.Step.List.Alone {
		return nil
	}
	var found []Finding
	for i, id := range p.ids {
		known := slices.ContainsFunc(x.Step.List.Shows, func(s Shown) bool { return x.ids[s.Created] == id }) ||
			slices.ContainsFunc(x.Step.List.Hides, func(hidden int) bool { return x.ids[hidden] == id })
		if !known {
			found = append(found, one(p.pointer(i), "the list is to show certain items only, but shows another")...)
		}
	}
	return found
}

func limited(x *Exchange) []Finding {
	p, ok := x.list()
	if !ok || x.Step.List.Limit == 0 || len(p.items) <= x.Step.List.Limit {
		return nil
	}
	return one(p.at, "the list was to show at most %d items, but shows %d", x.Step.List.Limit, len(p.items))
}

// total is judged by the list itself where it is whole, and else by the same list asked for without a limit.
func total(x *Exchange) []Finding {
	p, ok := x.list()
	if !ok || p.total < 0 {
		return nil
	}
	at := x.Case.Resource.Total
	limit := x.limit()
	switch {
	case p.total < len(p.items):
		return one(at, "the total is %d, but the list shows %d items", p.total, len(p.items))
	case x.Step.Pages == 0 && !x.skips() && p.total > len(p.items) && (limit < 0 && !pages(x.Case.Resource) || len(p.items) < limit):
		return one(at, "the total is %d, but the whole list has %d items", p.total, len(p.items))
	case x.skips() && x.Step.Pages == 0 && x.Step.List.Alone && p.total == 0 && len(x.created()) > 0:
		return one(at, "the total is 0 where the list begins behind the end, but there are items")
	}
	before, between, quiet := x.bracket()
	for _, part := range between {
		q, _ := part.list()
		if whole, _ := before.list(); quiet && q.total >= 0 && q.total != whole.total {
			return one(at, "the total of a part of the list is %d, but that of the whole is %d", q.total, whole.total)
		}
	}
	return nil
}

// created are the ids that the case made.
func (x *Exchange) created() []string {
	return slices.DeleteFunc(slices.Clone(x.ids), func(id string) bool { return id == "" })
}

// limit is the most items that the list may show: what was asked for, or the document's default; -1 when there is none.
func (x *Exchange) limit() int {
	if x.Step.List.Limit > 0 {
		return x.Step.List.Limit
	}
	for _, a := range x.Step.Arguments {
		if a.In == openapi.InQuery && a.Name == x.Case.Resource.Limit && len(a.Texts) == 1 {
			return whole(json.Number(a.Texts[0]))
		}
	}
	for _, p := range x.Step.Operation.Parameters {
		if p.Name == x.Case.Resource.Limit && p.In == openapi.InQuery {
			if value, ok := p.Default(); ok {
				return whole(value)
			}
		}
	}
	return -1
}

// skips says whether the list begins behind its first item.
func (x *Exchange) skips() bool {
	r := x.Case.Resource
	return slices.ContainsFunc(x.Step.Arguments, func(a Argument) bool {
		return a.In == openapi.InQuery && slices.Contains([]string{r.Offset, r.Page, r.Cursor}, a.Name)
	})
}

// bracket finds the same list asked for earlier, and the parts of it that were asked for since. It is quiet when both
// show the same items: nobody else has changed them meanwhile.
func (x *Exchange) bracket() (before *Exchange, parts []*Exchange, quiet bool) {
	now, ok := x.list()
	if !ok || now.alone || x.isPart() {
		return nil, nil, false
	}
	for _, e := range slices.Backward(x.earlier) {
		p, isList := e.list()
		switch {
		case !isList || p.alone || e.Step.Operation != x.Step.Operation || e.sorting() != x.sorting() || !reflect.DeepEqual(e.Step.List.Where, x.Step.List.Where):
			return nil, nil, false
		case e.isPart():
			parts = append(parts, e)
		default:
			slices.Reverse(parts)
			return e, parts, sameItems(p.ids, now.ids) && !x.cut(now)
		}
	}
	return nil, nil, false
}

// sorting is the order that was asked for.
func (x *Exchange) sorting() string {
	text := ""
	for _, a := range x.Step.Arguments {
		if r := x.Case.Resource; a.In == openapi.InQuery && a.Name != "" && (a.Name == r.Sort || a.Name == r.Order) {
			text += a.Name + strings.Join(a.Texts, ",")
		}
	}
	return text
}

func (x *Exchange) isPart() bool { return x.Step.Pages > 0 || x.Step.List.Limit > 0 || x.skips() }

func sameItems(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// paged puts the pages between two readings of the whole together.
func paged(x *Exchange) []Finding {
	before, parts, quiet := x.bracket()
	if !quiet {
		return nil
	}
	var ids []string
	for _, part := range parts {
		if p, _ := part.list(); part.Step.Pages > 0 {
			ids = append(ids, p.ids...)
		}
	}
	whole, _ := before.list()
	if len(ids) == 0 || sameItems(ids, whole.ids) {
		return nil
	}
	return one(whole.at, "the pages show %d items, %d of them different; the whole list has %d", len(ids), len(slices.Compact(slices.Sorted(slices.Values(ids)))), len(whole.ids))
}

func ordered(x *Exchange) []Finding {
	before, _, quiet := x.bracket()
	if !quiet {
		return nil
	}
	was, _ := before.list()
	is, _ := x.list()
	if slices.Equal(was.ids, is.ids) {
		return nil
	}
	return one(is.at, "the list shows the same items in another order than before")
}

// sorted looks at the items whose order is known; those of others lie between them.
func sorted(x *Exchange) []Finding {
	p, ok := x.list()
	if !ok || len(x.Step.List.Order) == 0 {
		return nil
	}
	var places []int
	for _, step := range x.Step.List.Order {
		if at := slices.Index(p.ids, x.ids[step]); at >= 0 {
			places = append(places, at)
		}
	}
	directed := slices.ContainsFunc(x.Step.Arguments, func(a Argument) bool { return a.Name == x.Case.Resource.Order })
	backwards := slices.Clone(places)
	slices.Reverse(backwards)
	if slices.IsSorted(places) || !directed && slices.IsSorted(backwards) {
		return nil
	}
	return one(p.at, "the list does not have the order that was asked for")
}

func readBack(x *Exchange) []Finding {
	if !x.about(OfWrite) {
		return nil
	}
	return x.evidence(x.differences())
}

func traces(x *Exchange) []Finding {
	if !x.about(OfRefusal) || x.wrongBefore() {
		return nil
	}
	p, _ := x.list()
	return x.evidence(slices.Concat(x.presence(), x.strangers(p), x.differences()))
}

func isolated(x *Exchange) []Finding {
	duplicate, known := x.spec.Refusal(openapi.Duplicate, nil)
	if !known {
		duplicate.Status = http.StatusConflict
	}
	if x.Step.Refused == foreign && x.Step.Operation == x.Case.Resource.Create && x.err == nil && x.Response.Status == duplicate.Status {
		return one("", "creating what another parent has was refused with %d", duplicate.Status)
	}
	if !x.about(OfOther) || x.wrongBefore() {
		return nil
	}
	return x.evidence(slices.Concat(x.presence(), x.differences()))
}

// wrongBefore says whether a list of the case was wrong already: then a wrong one is no evidence of what was refused.
func (x *Exchange) wrongBefore() bool {
	return slices.ContainsFunc(x.earlier, func(e *Exchange) bool {
		p, ok := e.list()
		return ok && len(e.presence())+len(e.strangers(p))+len(e.differences()) > 0
	})
}

// differences compares each item that must be shown with what was sent.
func (x *Exchange) differences() []Finding {
	p, ok := x.list()
	if !ok {
		return nil
	}
	var found []Finding
	for _, shown := range x.Step.List.Shows {
		at := slices.Index(p.ids, x.ids[shown.Created])
		if at < 0 || x.ids[shown.Created] == "" && !x.Case.Resource.Singleton() {
			continue
		}
		found = append(found, x.dropped(p, at, shown)...)
		if pointers := x.differsFromAll(p, at, shown.Sent); len(pointers) > 0 {
			for _, name := range pointers {
				found = append(found, one(p.pointer(at)+"/"+name, "%s does not show what was sent as %s", p.what(), name)...)
			}
		}
	}
	return found
}

func (x *Exchange) dropped(p page, at int, shown Shown) []Finding {
	var found []Finding
	for _, pointer := range shown.Dropped {
		if _, there := openapi.Lookup(p.items[at], pointer); there {
			found = append(found, one(p.pointer(at)+pointer, "%s shows what the last update did not send", p.what())...)
		}
	}
	return found
}

// differsFromAll names the members that differ from what was sent; none when the item is as one of those that were.
func (x *Exchange) differsFromAll(p page, at int, sent []any) []string {
	var differences []string
	for _, body := range sent {
		if differences = x.differing(p.items[at], body); len(differences) == 0 {
			return nil
		}
	}
	return differences
}

// differing compares what was sent with what is listed: each described member, JSON text by what it holds.
func (x *Exchange) differing(item, sent any) []string {
	schema := x.itemSchema()
	shown, _ := item.(map[string]any)
	if schema == nil || shown == nil {
		return nil
	}
	members, _ := schema.Project(sent).(map[string]any)
	var names []string
	for _, name := range sortedKeys(members) {
		at, there := shown[name]
		summary := !there && x.Step.Operation == x.Case.Resource.List && x.Case.Resource.Get != nil // what it leaves out, Get shows
		if schema.Describes(name) && !schema.ReadOnly(name) && !x.chosenByServer(name) && !summary && !shows(at, members[name]) && allows(schema, name, members[name]) {
			names = append(names, name)
		}
	}
	return names
}

// allows says whether an answer may show the value at all: some documents let clients send what answers cannot say.
func allows(schema *openapi.Schema, name string, value any) bool {
	inner := schema.Inside("/" + escaped(name))
	return inner == nil || len(inner.Validate(value)) == 0
}

// chosenByServer says whether the server sets the member whatever a client sends: the item's id, unless the client
// chooses it, and the id of what the item belongs to, which the path says.
func (x *Exchange) chosenByServer(name string) bool {
	r := x.Case.Resource
	return r.ID.Sent == "" && r.ID.Item == "/"+escaped(name) || r.Parent != nil && sameWord(name, r.Holder)
}

// sameWord compares names without regard to how their parts are joined: ownerId, owner_id.
func sameWord(a, b string) bool {
	joined := strings.NewReplacer("_", "", "-", "").Replace
	return strings.EqualFold(joined(a), joined(b))
}

// itemSchemas are the schemas of listed items, made once: each compiles what it needs at first use.
type itemSchemas struct {
	mu      sync.Mutex // guards schemas
	schemas map[*openapi.Answer]*openapi.Schema
}

// itemSchema is the schema of an item of the list, nil where the document gives none.
func (x *Exchange) itemSchema() *openapi.Schema {
	answer, r := x.Step.Operation.Answer(x.Response.Status), x.Case.Resource
	if answer == nil {
		return nil
	}
	at := slices.IndexFunc(answer.Content, func(m *openapi.MediaType) bool { return m.Schema != nil && rank(m.Range) <= rank(jsonPatch) })
	if at < 0 {
		return nil
	}
	pointer := r.Items + "/-"
	if x.Step.Operation == r.Get {
		pointer = r.Shown
	}
	x.items.mu.Lock()
	defer x.items.mu.Unlock()
	if x.items.schemas[answer] == nil {
		x.items.schemas[answer] = answer.Content[at].Schema.Inside(pointer)
	}
	return x.items.schemas[answer]
}

// shows says whether a value shows what was sent: an object may show more than was sent, text that holds JSON is taken
// for what it holds, numbers are compared by value and times by the instant, and what is empty may be left out.
func shows(shown, sent any) bool {
	sent, shown = opened(sent), opened(shown)
	switch want := sent.(type) {
	case map[string]any:
		is, ok := shown.(map[string]any)
		for name, member := range want {
			at, there := is[name]
			ok = ok && (there || member == nil) && shows(at, member)
		}
		return ok || shown == nil && len(want) == 0
	case []any:
		is, ok := shown.([]any)
		ok = ok && len(is) == len(want)
		for i := 0; ok && i < len(want); i++ {
			ok = shows(is[i], want[i])
		}
		return ok || shown == nil && len(want) == 0
	case string:
		is, ok := shown.(string)
		return ok && (is == want || sameInstant(is, want))
	case json.Number:
		is, ok := shown.(json.Number)
		a, okA := new(big.Rat).SetString(want.String())
		b, okB := new(big.Rat).SetString(is.String())
		return ok && okA && okB && a.Cmp(b) == 0
	}
	return reflect.DeepEqual(shown, sent)
}

// sameInstant says whether two texts are times, less than a second apart: stores keep fewer digits than a client may send,
// and other zones.
func sameInstant(a, b string) bool {
	first, errA := time.Parse(time.RFC3339Nano, a)
	second, errB := time.Parse(time.RFC3339Nano, b)
	return errA == nil && errB == nil && first.Sub(second).Abs() < time.Second
}

func opened(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	if inner, err := openapi.DecodeJSON([]byte(text)); err == nil {
		if _, isObject := inner.(map[string]any); isObject {
			return inner
		}
	}
	return value
}
