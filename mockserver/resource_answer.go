package mockserver

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// shape is how the answer to a task shows an item.
type shape struct {
	status    int
	answer    *openapi.Answer    // nil when none is described
	media     *openapi.MediaType // nil for an empty answer
	pointer   string             // to the item, or to the items of a list
	item      *openapi.Schema    // nil when the document says nothing of it
	describes map[string]bool    // properties of the item
	inside    map[string]bool    // properties that others describe and this does not: they are not for this answer
	required  []string
	sample    map[string]any  // of an item, the document's example before made-up values
	frame     any             // what stands around the item or the items
	fields    []field         // of the frame of a list
	most      int             // how many items a list may have
	next      *openapi.Schema // of what leads to the next page of a list
	created   *openapi.Schema // of the id, where the answer to a creation has it beside the item
	ofItems   bool            // it shows items, and is no receipt for what was done
	stored    bool            // it shows just what is stored
	closed    bool            // some schema allows no further properties
}

func (k *kind) shape(t task, op *openapi.Operation) *shape {
	s := &shape{pointer: k.Shown, describes: map[string]bool{}, most: mostItems}
	if s.status, s.answer = success(op, t); s.answer == nil {
		return s
	}
	s.media = jsonOf(s.answer)
	if s.media == nil || s.status == http.StatusNoContent {
		s.media = nil
		return s
	}
	at := s.pointer
	if t == listing {
		s.pointer, at = k.Items, k.Items+"/-"
	}
	s.item = s.media.Schema.Inside(at)
	for _, p := range s.item.Properties() {
		s.describes[p.Name] = true
		if p.Required {
			s.required = append(s.required, p.Name)
		}
	}
	s.closed = s.item.Uses("additionalProperties")
	s.ofItems = k.showsItems(t, s)
	s.plan(t)
	switch t {
	case listing:
		k.planList(s)
	case creating:
		s.created = k.besideItem(s)
	}
	return s
}

// success is the status that a task is answered with, as far as the operation describes it. Of several for a creation
// one with a body is best: it tells the id.
func success(op *openapi.Operation, t task) (int, *openapi.Answer) {
	wanted := statuses[t]
	if t == creating {
		for _, status := range wanted {
			if a := op.Answer(status); a != nil && a.Status == strconv.Itoa(status) && len(a.Content) > 0 {
				return status, a
			}
		}
	}
	for _, status := range wanted {
		if a := op.Answer(status); a != nil && a.Status == strconv.Itoa(status) {
			return status, a
		}
	}
	if status, a := op.Success(); a != nil && !strings.HasSuffix(strings.ToUpper(a.Status), "XX") {
		return status, a
	}
	return wanted[0], op.Answer(wanted[0])
}

// jsonOf is the first described media type that is JSON.
func jsonOf(a *openapi.Answer) *openapi.MediaType {
	for _, m := range a.Content {
		if m.Range == "*/*" || m.Range == "application/*" || isJSON(m.Range) {
			return m
		}
	}
	return nil
}

func isJSON(mediaRange string) bool {
	name, _, _ := strings.Cut(mediaRange, ";")
	name = strings.TrimSpace(name)
	return name == "application/json" || strings.HasSuffix(name, "+json")
}

// showsItems tells an answer with items from a receipt such as {"result": "ok"}.
func (k *kind) showsItems(t task, s *shape) bool {
	if t == getting || t == listing {
		return true
	}
	for name := range s.describes {
		if described, _ := k.sent(name); described {
			return true
		}
	}
	return len(s.describes) == 0 && !slices.ContainsFunc([]string{"string", "integer", "number", "boolean", "array"}, s.item.Names)
}

// plan samples what clients do not send.
func (s *shape) plan(t task) {
	s.sample = map[string]any{}
	at := s.pointer
	empty := any(map[string]any{})
	if t == listing {
		at, empty = at+"/0", []any{}
	}
	if s.item != nil {
		sampled, _ := s.item.Sample(nil).(map[string]any)
		for name, value := range sampled {
			s.sample[name] = value
		}
	}
	if len(s.media.Examples) > 0 {
		shown, _ := openapi.Lookup(s.media.Examples[0].Value, at)
		example, _ := shown.(map[string]any)
		for name, value := range example {
			s.sample[name] = value
		}
	}
	if s.pointer != "" && s.media.Schema != nil {
		s.frame = s.media.Schema.Sample(map[string]any{s.pointer: empty})
	}
}

func (k *kind) planList(s *shape) {
	s.fields = fieldsOf(s.media.Schema, s.pointer)
	s.next = s.media.Schema.Inside(k.Next)
	if longest, ok := s.media.Schema.Inside(s.pointer).Keyword("maxItems"); ok {
		if n, err := strconv.Atoi(stringOf(longest)); err == nil {
			s.most = n
		}
	}
}

// besideItem describes the new id where the answer to a creation has it, unless that is in the item.
func (k *kind) besideItem(s *shape) *openapi.Schema {
	schema := s.media.Schema.Inside(k.ID.Created)
	switch {
	case k.ID.Created == openapi.LocationHeader:
		return nil
	case k.ID.Created == s.pointer+k.itemPointer():
		return nil
	case k.ID.Created == "" && (schema.Names("object") || len(s.describes) > 0):
		return nil
	}
	return schema
}

// compare finds out which shapes show just the same, and what each leaves to others.
func (k *kind) compare() {
	var first *shape
	alike := true
	all := map[string]bool{}
	for _, in := range k.inputs {
		for name := range in.describes {
			all[name] = true
		}
	}
	for _, t := range k.tasks() {
		s := k.shapes[t]
		for name := range s.describes {
			all[name] = true
		}
		if s.media != nil && s.ofItems {
			if first == nil {
				first = s
			}
			alike = alike && s.item.Same(first.item)
		}
	}
	for _, s := range k.shapes {
		s.stored, s.inside = s.ofItems && alike, map[string]bool{}
		for name := range all {
			s.inside[name] = len(s.describes) > 0 && !s.describes[name]
		}
	}
}

// complete adds what the answer's schema requires and nobody has set.
func (s *shape) complete(item map[string]any) {
	for _, name := range s.required {
		if _, there := item[name]; !there {
			if value, ok := s.sample[name]; ok {
				item[name] = value
			}
		}
	}
}

// show is the part of an item that the answer has.
func (s *shape) show(item map[string]any) any {
	shown := make(map[string]any, len(item))
	for name, value := range item {
		if s.describes[name] || s.ofItems && !s.inside[name] {
			shown[name] = value
		}
	}
	if !s.ofItems {
		s.complete(shown)
	}
	switch {
	case s.item == nil:
		return shown
	case s.closed:
		return s.item.Project(s.item.Allowed(shown))
	}
	return s.item.Project(shown)
}

// mended is show with sampled values instead of those that the answer's schema does not allow.
func (s *shape) mended(item map[string]any) any {
	shown, _ := s.show(item).(map[string]any)
	if s.item == nil {
		return shown
	}
	for _, broken := range s.item.Validate(shown) {
		name := firstToken(broken.Pointer)
		if value, ok := s.sample[name]; ok {
			shown[name] = value
		} else {
			delete(shown, name)
		}
	}
	return shown
}

func firstToken(pointer string) string {
	token, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	token, _, _ = strings.Cut(token, openapi.Embedded)
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
}

// tell answers with what a request has come to. It is errStateless when the document asks for something else.
func (v *visit) tell(found outcome) error {
	s := v.shapes[found.task]
	if found.same {
		v.x.answer = openapi.Response{Status: http.StatusNotModified, Header: http.Header{"Etag": {etag(found.item)}}}
		return nil
	}
	if s.answer == nil || s.media == nil && len(s.answer.Content) > 0 && s.status != http.StatusNoContent {
		return errStateless
	}
	for _, show := range []func(map[string]any) any{nil, s.mended} {
		if err := v.make(s, found, show); err != nil {
			return err
		}
		v.x.answer.Header.Set("X-Request-Id", v.x.id)
		if len(v.x.operation.ValidateResponse(v.x.answer)) == 0 {
			return nil
		}
	}
	v.x.answer = openapi.Response{}
	return errStateless
}

// make puts the answer together. Show makes what is shown of each item; nil shows what is stored where that will do.
func (v *visit) make(s *shape, found outcome, show func(map[string]any) any) error {
	v.x.answer = openapi.Response{Status: s.status, Header: http.Header{}}
	if s.media != nil {
		body, err := v.body(s, found, show)
		if err != nil {
			return err
		}
		if err := v.write(s, body); err != nil {
			return err
		}
	}
	v.setHeaders(s, found)
	return nil
}

// write writes the body: as JSON, unless the document has something that the client likes better.
func (v *visit) write(s *shape, body any) error {
	if len(s.answer.Content) > 1 {
		if m, name := acceptanceOf(v.x.request.Header).choose(s.answer.Content); m != nil && !isJSON(name) {
			plain, err := v.spec.DecodeJSON(openapi.AppendJSON(nil, body)) // without stored texts
			if err != nil {
				return err
			}
			return v.x.answerWith(m, name, plain)
		}
	}
	v.x.answer.Made = body
	v.x.answer.Body = append(openapi.AppendJSON(make([]byte, 0, usualAnswer), body), '\n')
	v.x.answer.Header.Set("Content-Type", contentType(s.media.Range))
	return nil
}

func contentType(mediaRange string) string {
	if strings.Contains(mediaRange, "*") {
		return "application/json"
	}
	return mediaRange
}

func (v *visit) body(s *shape, found outcome, show func(map[string]any) any) (any, error) {
	if found.page != nil {
		items := make([]any, len(found.page.documents))
		for i, d := range found.page.documents {
			item, err := v.shown(s, d, show)
			if err != nil {
				return nil, err
			}
			items[i] = item
		}
		return v.pageOf(s, found.page, items), nil
	}
	body, err := v.shown(s, found.item, show)
	if err != nil {
		return nil, err
	}
	if s.pointer != "" {
		body = openapi.Set(s.frame, s.pointer, body)
	}
	return v.withID(s, found, body), nil
}

// withID puts the new id where the answer to a creation has it, beside the item.
func (v *visit) withID(s *shape, found outcome, body any) any {
	if found.task != creating || s.created == nil {
		return body
	}
	return openapi.Set(body, v.ID.Created, typed(s.created, v.address.id))
}

func (v *visit) shown(s *shape, d Document, show func(map[string]any) any) (any, error) {
	if show == nil && s.stored {
		return d.Body, nil
	}
	item, err := v.decoded(d)
	if err != nil {
		return nil, err
	}
	if show == nil {
		show = s.show
	}
	return show(item), nil
}

// setHeaders sets those that the document describes.
func (v *visit) setHeaders(s *shape, found outcome) {
	for _, h := range s.answer.Headers {
		value := ""
		switch plainName(h.Name) {
		case "etag":
			value = etag(found.item)
		case "location", "contentlocation":
			value = v.location(h)
		case "xtotalcount", "totalcount", "xtotal":
			if found.page != nil {
				value = strconv.Itoa(found.page.total)
			}
		}
		if value == "" && h.Required && h.Schema != nil {
			value = headerText(h, 0)
		}
		if value != "" {
			v.x.answer.Header.Set(h.Name, value)
		}
	}
}

// location is where the item can be had: below the path that the request came to, wherever the server is mounted.
func (v *visit) location(h *openapi.Parameter) string {
	op := firstOf(v.Get, v.Update, v.Patch, v.Delete)
	if op == nil || v.address.id == "" {
		return ""
	}
	values := map[string]string{v.ID.Parameter: v.address.id}
	for name, value := range v.x.request.Path {
		values[name] = value
	}
	base, ok := strings.CutSuffix(v.x.Request().URL.EscapedPath(), pathOf(v.x.operation, v.x.request.Path))
	if !ok { // the client escapes more than is needed
		base = v.x.operation.Base
	}
	at := base + pathOf(op, values)
	if h.Schema != nil && len(h.Schema.Validate(at)) > 0 {
		return "http://" + v.x.Request().Host + at
	}
	return at
}

// etag is a strong entity tag (RFC 9110, section 8.8.3).
func etag(d Document) string {
	if d.Body == nil {
		return ""
	}
	return fmt.Sprintf(`"%x"`, sha256.Sum256(d.Body.Bytes()))[:33] + `"`
}
