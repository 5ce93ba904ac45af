package mockserver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/counterpart-go/counterpart/openapi"
)

func (v *visit) get(c Collection) (outcome, error) {
	d, err := v.current(c)
	if err != nil {
		return outcome{}, err
	}
	if v.has("If-None-Match", d) && described(v.x.operation, http.StatusNotModified) {
		return outcome{task: getting, item: d, same: true}, nil
	}
	return outcome{task: getting, item: d}, v.precondition(d)
}

// current is the item that the request names. A singleton that nobody has written is as the document samples it.
func (v *visit) current(c Collection) (Document, error) {
	if err := v.held(c); err != nil {
		return Document{}, err
	}
	d, found, err := c.Get(v.address.document())
	switch {
	case err != nil || found:
		return d, err
	case v.Singleton():
		return v.document(v.reduce(v.unwritten()), 0), nil
	}
	return d, unknown(v.address.id)
}

// unwritten is what a singleton is before anybody has written it.
func (v *visit) unwritten() map[string]any {
	item := map[string]any{}
	for _, t := range v.tasks() {
		s := v.shapes[t]
		for name, value := range s.sample {
			if _, there := item[name]; !there && s.ofItems {
				item[name] = value
			}
		}
	}
	return item
}

func (v *visit) create(c Collection) (outcome, error) {
	sent, ok := v.taken()
	if !ok {
		return outcome{}, errStateless
	}
	if err := v.held(c); err != nil {
		return outcome{}, err
	}
	number, err := v.number(c, sent)
	if err != nil {
		return outcome{}, err
	}
	d, err := v.put(c, v.finish(sent, nil), nil, number)
	return outcome{task: creating, item: d}, err
}

// taken is what is stored of the item in the request; false for a body that holds none.
func (v *visit) taken() (map[string]any, bool) {
	body, ok := v.x.operation.Body(v.x.request)
	if !ok && len(v.x.request.Body) == 0 {
		return map[string]any{}, true
	}
	item, there := openapi.Lookup(body, v.Sent)
	taken, isObject := v.input().taken(item)
	return taken, ok && there && isObject
}

// number gives a new item its number, where its kind has any, and its id: that which the client chose, or one that is free.
func (v *visit) number(c Collection, sent map[string]any) (number int64, err error) {
	if own, ok := openapi.Lookup(sent, v.ID.Sent); ok && v.ID.Sent != "" && v.address.id == "" {
		v.address.id, _ = scalarText(own)
	}
	chosen := v.address.id != ""
	if chosen && v.task == creating {
		if _, taken, err := c.Get(v.address.document()); taken || err != nil {
			return 0, duplicate(v.address.id, err)
		}
	}
	for {
		if v.counted && (!chosen || v.Cursor != "") {
			if number, err = v.count(c); err != nil {
				return 0, err
			}
		}
		if chosen {
			return number, nil
		}
		if v.address.id, err = v.newID(number); err != nil {
			return 0, err
		}
		_, taken, err := c.Get(v.address.document())
		if !taken || err != nil {
			return number, err
		}
	}
}

// count counts one up. Numbers are not given again when items are deleted.
func (v *visit) count(c Collection) (int64, error) {
	number, err := countedSoFar(c, v.address.counter())
	if err != nil {
		return 0, err
	}
	keys := map[string]string{}
	for level, above := range v.address.above {
		keys[keyBelow+strconv.Itoa(level)] = above
	}
	number++
	return number, c.Put(counterOf(v.address.counter(), keys, number))
}

// countedSoFar is what a counter says; 0 where there is none.
func countedSoFar(c Collection, counter string) (int64, error) {
	d, found, err := c.Get(counter)
	if err != nil || !found {
		return 0, err
	}
	return strconv.ParseInt(d.Body.String(), 10, 64)
}

func counterOf(id string, keys map[string]string, number int64) Document {
	return Document{ID: id, Keys: keys, Body: openapi.NewText(strconv.AppendInt(nil, number, 10))}
}

func (v *visit) replace(c Collection) (outcome, error) {
	sent, ok := v.taken()
	if !ok {
		return outcome{}, errStateless
	}
	if upserts(v.Resource) {
		if _, found, err := c.Get(v.address.document()); !found && err == nil {
			return v.upsert(c, sent)
		}
	}
	d, err := v.current(c)
	if err != nil {
		return outcome{}, err
	}
	return v.change(c, d, sent)
}

func (v *visit) upsert(c Collection, sent map[string]any) (outcome, error) {
	if err := v.held(c); err != nil {
		return outcome{}, err
	}
	if err := v.precondition(Document{}); err != nil {
		return outcome{}, err
	}
	number, err := v.number(c, sent)
	if err != nil {
		return outcome{}, err
	}
	d, err := v.put(c, v.finish(sent, nil), nil, number)
	return outcome{task: upserting, item: d}, err
}

// change puts the item that was sent in the place of another.
func (v *visit) change(c Collection, d Document, sent map[string]any) (outcome, error) {
	if err := v.precondition(d); err != nil {
		return outcome{}, err
	}
	old, err := v.decoded(d)
	if err != nil {
		return outcome{}, err
	}
	number, _ := strconv.ParseInt(d.Keys[keyNumber], 10, 64)
	d, err = v.put(c, v.finish(sent, old), old, number)
	return outcome{task: v.task, item: d}, err
}

// put stores an item unless it breaks a rule that only the state knows.
func (v *visit) put(c Collection, item, old map[string]any, number int64) (Document, error) {
	for _, pointer := range v.Fixed {
		was, had := openapi.Lookup(old, pointer)
		is, has := openapi.Lookup(item, pointer)
		if had && has && text(was) != text(is) {
			return Document{}, &refusal{reason: openapi.Fixed, values: map[string]string{"value": text(is), "kept": text(was)}}
		}
	}
	d := v.document(item, number)
	if err := v.unique(c, d); err != nil {
		return Document{}, err
	}
	return d, c.Put(d)
}

// unique refuses an item that has a value which only one may have, and another has.
func (k *kind) unique(c Collection, d Document) error {
	for _, pointer := range k.Unique {
		value, ok := d.Keys[pointer]
		if !ok {
			continue
		}
		same, _, err := c.List(Query{Equal: map[string]string{keyIn: d.Keys[keyIn], pointer: value}, Limit: 1})
		if err != nil || len(same) > 0 && same[0].ID != d.ID {
			return duplicate(value, err)
		}
	}
	return nil
}

// text is a value as a message names it.
func text(value any) string {
	if text, ok := scalarText(value); ok {
		return text
	}
	return string(openapi.AppendJSON(nil, value))
}

// duplicate refuses a value that is taken, unless the store has failed.
func duplicate(value string, err error) error {
	if err != nil {
		return err
	}
	return &refusal{reason: openapi.Duplicate, values: map[string]string{"value": value}}
}

func (v *visit) patch(c Collection) (outcome, error) {
	d, err := v.current(c)
	if err != nil {
		return outcome{}, err
	}
	body, ok := v.x.operation.Body(v.x.request)
	if !ok {
		return outcome{}, errStateless
	}
	patched, err := v.patched(d, body)
	if err != nil {
		return outcome{}, err
	}
	return v.change(c, d, patched)
}

// patched is an item with the patch of the request applied.
func (v *visit) patched(d Document, body any) (map[string]any, error) {
	var changed []byte
	var err error
	list, isList := body.([]any)
	if isList && strings.HasPrefix(v.x.Request().Header.Get("Content-Type"), "application/json-patch+json") {
		changed, err = v.applied(d, list)
	} else {
		part, there := openapi.Lookup(body, v.Sent)
		object, isObject := v.input().item.Writable(part).(map[string]any)
		if !there || !isObject {
			return nil, errStateless
		}
		changed, err = jsonpatch.MergePatch(d.Body.Bytes(), openapi.AppendJSON(nil, object))
	}
	if err != nil {
		return nil, unpatchable(err.Error())
	}
	value, err := v.spec.DecodeJSON(changed)
	if err != nil {
		return nil, unpatchable("what comes out " + err.Error())
	}
	return v.kept(value)
}

// applied is a stored item after the operations of a JSON Patch (RFC 6902).
func (v *visit) applied(d Document, operations []any) ([]byte, error) {
	patch, err := jsonpatch.DecodePatch(openapi.AppendJSON(nil, operations))
	if err != nil {
		return nil, err
	}
	o := jsonpatch.NewApplyOptions()
	o.SupportNegativeIndices, o.AccumulatedCopySizeLimit, o.EscapeHTML = false, v.limits.Body, false
	return patch.ApplyWithOptions(d.Body.Bytes(), o)
}

// kept is a patched item as it can be stored. It is held to what the document says of items that are sent: each of its
// properties, as secrets, which are required of those, are not stored.
func (v *visit) kept(value any) (map[string]any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, unpatchable("what comes out is no object")
	}
	whole := v.whole()
	if whole.item == nil {
		return object, nil
	}
	described := map[string]any{}
	for name, member := range object {
		if p, ok := whole.describes[name]; ok && !p.ReadOnly {
			described[name] = member
		}
	}
	var broken openapi.Violations
	for _, violation := range whole.item.Validate(described) {
		if violation.Keyword != "required" || !whole.describes[firstToken(violation.Pointer)].Hidden {
			violation.In = openapi.InBody
			broken = append(broken, violation)
		}
	}
	if len(broken) > 0 {
		return nil, &refusal{reason: openapi.Invalid, violations: broken}
	}
	kept, _ := whole.item.Project(object).(map[string]any)
	return kept, nil
}

func unpatchable(why string) error {
	return &refusal{reason: openapi.Invalid, violations: openapi.Violations{
		{In: openapi.InBody, Keyword: openapi.KeywordSyntax, Detail: "the patch cannot be applied: " + why}}}
}

// remove deletes an item with all that lies in it.
func (v *visit) remove(c Collection) (outcome, error) {
	d, err := v.current(c)
	if err != nil {
		return outcome{}, err
	}
	if err := v.precondition(d); err != nil {
		return outcome{}, err
	}
	below, _, err := c.List(Query{Equal: map[string]string{keyBelow + strconv.Itoa(len(v.address.above)): d.ID}})
	for _, inner := range append(below, d) {
		if err == nil {
			_, err = c.Delete(inner.ID)
		}
	}
	return outcome{task: deleting, item: d}, err
}

func described(op *openapi.Operation, status int) bool {
	a := op.Answer(status)
	return a != nil && a.Status != "default"
}

// has says whether a described header names the item's entity tag; an item that is not there has none.
func (v *visit) has(header string, d Document) bool {
	if d.Body == nil || v.x.operation.Parameter(openapi.InHeader, header) == nil {
		return false
	}
	tags := strings.Split(strings.Join(v.x.Request().Header.Values(header), ","), ",")
	return slices.ContainsFunc(tags, func(tag string) bool {
		tag = strings.TrimSpace(tag)
		if header == "If-None-Match" { // compares weakly (RFC 9110, section 13.1.2)
			tag = strings.TrimPrefix(tag, "W/")
		}
		return tag == "*" || tag == etag(d)
	})
}

// precondition refuses what the client does not want done to the item as it is (RFC 9110, section 13.1).
func (v *visit) precondition(d Document) error {
	sent := func(header string) bool {
		return v.x.operation.Parameter(openapi.InHeader, header) != nil && v.x.Request().Header.Get(header) != ""
	}
	if sent("If-Match") && !v.has("If-Match", d) || v.task != getting && v.has("If-None-Match", d) {
		return &refusal{reason: openapi.PreconditionFailed, values: map[string]string{"id": v.address.id}}
	}
	return nil
}
