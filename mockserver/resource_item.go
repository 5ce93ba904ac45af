package mockserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// made is a property that the server sets.
type made struct {
	name    string
	layout  string // of a time; "" for a number
	unit    time.Duration
	when    moment
	foreign bool // whatever a client sends there does not count
}

type moment int

const (
	atCreation moment = iota
	atChange
	counted // from 1, one up with each change
)

var moments = []struct {
	when  moment
	names *regexp.Regexp // without - and _, in lower case
}{
	{atCreation, regexp.MustCompile(`^(date|time)?(create|created|creation|inserted)(at|on|time|date|datetime|timestamp|ts|ms)?$`)},
	{atChange, regexp.MustCompile(`^(date|time|last)*(update|updated|modify|modified|modification|change|changed)(at|on|time|date|datetime|timestamp|ts|ms)?$`)},
	{counted, regexp.MustCompile(`^(lock|row)?(version|revision|rev)(number|no)?$`)},
}

var plainer = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// plainName is a name as names are compared that people write in several ways.
func plainName(name string) string { return strings.ToLower(plainer.Replace(name)) }

// planProperties decides which properties the server sets.
func (k *kind) planProperties() {
	k.carried = map[string]bool{}
	seen := map[string]bool{}
	for _, t := range k.tasks() {
		for _, p := range k.shapes[t].item.Properties() {
			described, writable := k.sent(p.Name)
			foreign := !writable || p.ReadOnly && !described
			if k.shapes[t].ofItems && foreign {
				k.carried[p.Name] = true
			}
			when, ok := momentOf(p)
			if ok && !seen[p.Name] && (foreign || !described || when != counted) {
				k.made = append(k.made, made{p.Name, layoutOf(p.Schema), unitOf(p.Schema), when, foreign})
				seen[p.Name] = true
			}
		}
	}
}

func momentOf(p openapi.Property) (moment, bool) {
	format, _ := p.Schema.Keyword("format")
	isNumber := p.Schema.Names("integer") || p.Schema.Names("number")
	for _, m := range moments {
		if m.names.MatchString(plainName(p.Name)) && (isNumber || m.when != counted && (format == "date-time" || format == "date")) {
			return m.when, true
		}
	}
	return 0, false
}

// value is what the property is now; old is what it was, nil for nothing.
func (m made) value(old any, now time.Time) any {
	if m.when == counted {
		n, _ := strconv.ParseInt(stringOf(old), 10, 64)
		return json.Number(strconv.FormatInt(n+1, 10))
	}
	if m.when == atCreation && old != nil {
		return old
	}
	if m.layout != "" {
		return now.UTC().Format(m.layout)
	}
	return json.Number(strconv.FormatInt(now.UnixMilli()/m.unit.Milliseconds(), 10))
}

// layoutOf is how a time is written there, "" where it is a number.
func layoutOf(schema *openapi.Schema) string {
	switch format, _ := schema.Keyword("format"); {
	case !schema.Names("string"):
		return ""
	case format == "date":
		return time.DateOnly
	}
	return "2006-01-02T15:04:05.000Z07:00"
}

// unitOf is what a time is counted in there: in milliseconds, unless they would not fit or the document says seconds.
func unitOf(schema *openapi.Schema) time.Duration {
	format, _ := schema.Keyword("format")
	description, _ := schema.Keyword("description")
	if format == "int32" || strings.Contains(strings.ToLower(stringOf(description)), " seconds") {
		return time.Second
	}
	return time.Millisecond
}

// taken is what is stored of an item that was sent. Secrets never are.
func (in *input) taken(sent any) (map[string]any, bool) {
	if in.readOnly {
		sent = in.item.Writable(sent)
	}
	if in.defaults {
		sent = in.item.WithDefaults(sent)
	}
	if in.item != nil {
		sent = in.item.Project(sent)
	}
	object, ok := sent.(map[string]any)
	return maps.Clone(object), ok
}

// finish makes an item of what was sent, or is to be after a patch: with its id, what the server sets, what it had before
// that clients cannot set, and whatever answers need beside.
func (v *visit) finish(item, old map[string]any) map[string]any {
	for name := range v.carried {
		delete(item, name)
		if value, ok := old[name]; ok {
			item[name] = value
		}
	}
	for _, pointer := range v.Fixed {
		if was, ok := openapi.Lookup(old, pointer); ok {
			if _, sent := openapi.Lookup(item, pointer); !sent {
				item, _ = openapi.Set(item, pointer, was).(map[string]any)
			}
		}
	}
	item = v.identify(item)
	now := v.now()
	for _, m := range v.made {
		if _, sent := item[m.name]; !sent || m.foreign {
			item[m.name] = m.value(old[m.name], now)
		}
	}
	for _, t := range v.tasks() {
		v.shapes[t].complete(item)
	}
	return v.reduce(item)
}

// identify writes the id into the item, and what names the items that it lies in.
func (v *visit) identify(item map[string]any) map[string]any {
	if v.address.id == "" || v.itemPointer() == "" {
		return item
	}
	var id any = v.address.id
	if v.ofID != nil {
		id = typed(v.ofID, v.address.id)
	}
	if was, ok := openapi.Lookup(item, v.itemPointer()); ok && stringOf(was) == v.address.id {
		return item
	}
	object, _ := openapi.Set(item, v.itemPointer(), id).(map[string]any)
	return object
}

// reduce leaves out what no answer shows.
func (k *kind) reduce(item map[string]any) map[string]any {
	var only *shape
	for _, t := range k.tasks() {
		if s := k.shapes[t]; s.stored {
			only = s
		} else if s.ofItems {
			return item
		}
	}
	if only == nil {
		return item
	}
	reduced, _ := only.show(item).(map[string]any)
	return reduced
}

// document is an item as it is stored, found by what lists filter it by.
func (v *visit) document(item map[string]any, number int64) Document {
	d := Document{ID: v.address.document(), Keys: map[string]string{keyKind: v.Name, keyIn: v.address.in},
		Body: openapi.NewText(openapi.AppendJSON(make([]byte, 0, usualItem), item))}
	for level, above := range v.address.above {
		d.Keys[keyBelow+strconv.Itoa(level)] = above
	}
	if v.Cursor != "" {
		d.Keys[keyNumber] = strconv.FormatInt(number, 10)
	}
	v.index(d.Keys, item)
	return d
}

// index puts what the item is found by into the keys of its document.
func (k *kind) index(keys map[string]string, item map[string]any) {
	for _, pointer := range slices.Concat(slices.Collect(maps.Values(k.Filters)), k.Unique) {
		if value, ok := openapi.Lookup(item, pointer); ok {
			if text, scalar := scalarText(value); scalar {
				keys[pointer] = strings.Clone(text)
			}
		}
	}
}

// Keys of documents, beside the pointers of what they are filtered by.
const (
	keyKind   = "of"     // the resource
	keyIn     = "in"     // the collection
	keyBelow  = "below " // and a level: the document of the item that it lies in
	keyNumber = "number" // in the order of creation
)

// decoded is a stored item.
func (e *resources) decoded(d Document) (map[string]any, error) {
	value, err := e.spec.DecodeJSON(d.Body.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the stored item %s %w", d.ID, err)
	}
	item, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the stored item %s is no object", d.ID)
	}
	return item, nil
}

// scalarText is the text of a scalar value: the same for numbers that are equal.
func scalarText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok && strings.ContainsAny(v.String(), ".eE") {
			return r.RatString(), true
		}
		return v.String(), true
	}
	return "", false
}

// stringOf is the text of a scalar value, "" for any other.
func stringOf(value any) string {
	text, _ := scalarText(value)
	return text
}
