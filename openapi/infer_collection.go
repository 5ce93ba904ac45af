package openapi

import (
	"fmt"
	"slices"
	"strings"
)

// candidate is what may become a resource: what is known so far of the operations at some sites.
type candidate struct {
	*inference
	*Resource
	noun   string // what an item is called, in the singular
	item   *shape // as answers show it; nil where nothing says
	body   *shape // as Create, or else Update, takes it
	listed *shape // the whole answer of List
}

// findOwnCollection is findCollection for the items that are made at the path right above theirs. They come first: what
// is made there is theirs, even if another path names the same thing.
func (in *inference) findOwnCollection(at *site) {
	home := in.byPath[at.parent]
	if at.parameter() == "" || home == nil || home.ops["POST"] == nil {
		return
	}
	if body := in.requestBody(home.ops["POST"]); body.described() || body.open() {
		in.findCollection(at)
	}
}

// findCollection looks for a resource whose items are at the site.
func (in *inference) findCollection(at *site) {
	if at.parameter() == "" || in.used(at) {
		return
	}
	homes := in.homes(at)
	c := in.candidate(at.parent[strings.LastIndexByte(at.parent, '/')+1:])
	c.findList(homes)
	c.findGet(at)
	c.findCreate(homes, at)
	c.findUpdate(at)
	c.findPatch(at)
	if c.Delete = in.free(at, "DELETE"); c.Delete != nil {
		c.believe("delete", c.Delete.ID, fmt.Sprintf("DELETE %s names one item", at.template), c.Delete.at)
	}
	if !c.stands(at, homes) {
		return
	}
	c.ID.Parameter = at.parameter()
	if !c.identify() {
		c.passAll("nothing says where an answer has the id that %s takes as %s", at.template, c.ID.Parameter)
		return
	}
	c.describe()
	home := at
	if len(homes) > 0 {
		home = homes[0]
	}
	in.take(c.Resource, home)
}

func (in *inference) candidate(noun string) *candidate {
	c := &candidate{inference: in, Resource: &Resource{}, noun: singular(noun)}
	c.ID.Kind = TextID
	return c
}

// used says whether a resource has an operation of the site.
func (in *inference) used(at *site) bool {
	for _, op := range at.ops {
		if in.bound[op] {
			return true
		}
	}
	return false
}

// free is the site's operation of a method, unless another resource has it; nil where there is none.
func (in *inference) free(at *site, method string) *Operation {
	if op := at.ops[method]; op != nil && !in.bound[op] {
		return op
	}
	return nil
}

// stands says whether there is enough for a resource: something that makes items, and something that uses their ids.
func (c *candidate) stands(at *site, homes []*site) bool {
	uses := c.Get != nil || c.Update != nil || c.Patch != nil || c.Delete != nil
	switch {
	case !uses:
		return false
	case c.Create != nil:
		return true
	case c.Update != nil && describes(c.Update, "201"):
		c.forget("update")
		c.believe("update", c.Update.ID, "it describes 201: it creates what is not there, and nothing else does", c.Update.at)
		return true
	}
	words := fmt.Sprintf("nothing in the document creates what %s names: there is no POST with a fitting body beside it", at.template)
	if at.ops["POST"] != nil {
		words = fmt.Sprintf("what %s names is made by a POST to the path of the item itself, which is no shape of a resource", at.template)
	}
	if len(homes) > 0 && homes[0].ops["POST"] == nil {
		words = fmt.Sprintf("nothing in the document creates what %s names: %s has no POST", at.template, homes[0].template)
	}
	c.passAll("%s", words)
	return false
}

func describes(op *Operation, status string) bool {
	return slices.ContainsFunc(op.Responses, func(a *Answer) bool { return a.Status == status })
}

func (c *candidate) passAll(format string, args ...any) {
	for _, op := range c.Operations() {
		c.pass(op, format, args...)
	}
}

func (c *candidate) findList(homes []*site) {
	for _, home := range homes {
		op := c.free(home, "GET")
		if op == nil {
			continue
		}
		found, ok := c.listing(op)
		if !ok {
			if c.answer(op).open() {
				c.pass(op, "its answer may hold anything: nothing says where the items are")
			}
			c.pass(op, "its answer has no array of items, so it lists nothing")
			continue
		}
		c.setList(op, found)
		return
	}
}

func (c *candidate) setList(op *Operation, found listing) {
	c.List, c.listed, c.item, c.Items = op, found.whole, found.item, found.items
	c.believe("list", op.ID, fmt.Sprintf("GET %s answers with an array", op.Path), op.at)
	c.believe("items", found.items, "the array of items in that answer", found.at)
}

func (c *candidate) findGet(at *site) {
	op := c.free(at, "GET")
	if op == nil {
		return
	}
	answer := c.answer(op)
	switch {
	case answer == nil:
		c.pass(op, "its answer has no described JSON body, so it shows no item")
		return
	case answer.kind == "array":
		c.pass(op, "it answers with an array, so %s names no single item", at.last)
		return
	case answer.kind != "object" && answer.kind != "":
		c.pass(op, "its answer is no object but of the type %s", answer.kind)
		return
	}
	pointer, item := c.unwrap(answer, c.item)
	if c.item.described() && item.described() && !alike(c.item, item) {
		c.dropList("its items share too little with what %s shows", op.ID)
	}
	if !c.item.described() || item.described() {
		c.item = item
	}
	c.Get, c.Shown = op, pointer
	c.believe("get", op.ID, fmt.Sprintf("GET %s answers with an object", op.Path), op.at)
	c.believe("shown", pointer, "the item stands there in that answer", item.at)
}

func (c *candidate) dropList(format string, args ...any) {
	c.pass(c.List, format, args...)
	c.List, c.listed, c.item, c.Items = nil, nil, nil, ""
	c.Evidence = slices.DeleteFunc(c.Evidence, func(e Evidence) bool { return e.Part == "list" || e.Part == "items" })
}

func (c *candidate) findCreate(homes []*site, at *site) {
	for _, home := range homes {
		op := c.free(home, "POST")
		if op == nil {
			continue
		}
		if why := c.notCreate(op); why != "" {
			c.pass(op, "%s", why)
			continue
		}
		c.setCreate(op, fmt.Sprintf("POST %s takes what %s names", op.Path, at.template))
		break
	}
	for _, home := range homes {
		c.pass(home.ops["PUT"], "it takes the id in the body, or all items at once: only a path can name an item")
		c.pass(home.ops["PATCH"], "its path names no single item")
		c.pass(home.ops["DELETE"], "its path names no single item")
	}
	c.pass(at.ops["POST"], "a POST to an item's own path is an action, not a step in its life")
}

func (c *candidate) setCreate(op *Operation, because string) {
	c.Create = op
	c.Sent, c.body = c.sentBy(op, c.item)
	answer := c.answer(op)
	if c.item == nil && answer.open() {
		c.item = answer
	}
	if answer.described() && !c.item.described() {
		if pointer, item := c.unwrap(answer, c.body); len(item.properties) > 1 || !c.body.described() {
			c.item, c.Shown = item, pointer
		}
	}
	c.believe("create", op.ID, because, op.at)
	if c.Sent != "" {
		c.believe("sent", c.Sent, "the item stands there in that body", c.body.at)
	}
}

// notCreate says why a POST creates no item; "" where it does.
func (c *candidate) notCreate(op *Operation) string {
	body, answer := c.requestBody(op), c.answer(op)
	status, _ := op.Success()
	switch {
	case answer != nil && answer.kind == "array":
		return "it answers with an array, so it makes no single item"
	case body != nil && body.kind == "array":
		return "it takes several items at once"
	case body == nil && op.RequestBody != nil:
		return "its body is no object that a schema describes"
	case body != nil && body.kind != "object" && body.kind != "":
		return "its body is no object"
	case body == nil && status != 201 && !alike(answer, c.item):
		return "it has no body, and its answer shows no new item"
	case c.item.described() && body.described() && !c.fits(body, c.item) && !c.fits(answer, c.item):
		return "what it takes and gives shares too little with the items"
	}
	return ""
}

// fits says whether a message holds an item of this shape, bare or wrapped.
func (c *candidate) fits(message, item *shape) bool {
	if alike(message, item) {
		return true
	}
	if message == nil {
		return false
	}
	return slices.ContainsFunc(message.properties, func(p *attribute) bool { return alike(c.of(p.at), item) })
}

func (c *candidate) findUpdate(at *site) {
	op := c.free(at, "PUT")
	if op == nil {
		return
	}
	if why := c.notChange(op); why != "" {
		c.pass(op, "%s", why)
		return
	}
	if c.body == nil {
		c.Sent, c.body = c.sentBy(op, c.item)
	}
	c.Update = op
	c.believe("update", op.ID, fmt.Sprintf("PUT %s takes a whole item", op.Path), op.at)
	c.showBy(op)
}

func (c *candidate) findPatch(at *site) {
	op := c.free(at, "PATCH")
	if op == nil {
		return
	}
	if op.RequestBody == nil {
		c.pass(op, "it has no body that says what to change")
		return
	}
	if why := c.notChange(op); why != "" && !takesPatch(op) {
		c.pass(op, "%s", why)
		return
	}
	c.Patch = op
	c.believe("patch", op.ID, fmt.Sprintf("PATCH %s takes parts of an item", op.Path), op.at)
	c.showBy(op)
}

// takesPatch says whether the body is a patch by its media type (RFC 6902, RFC 7396), whatever its schema says.
func takesPatch(op *Operation) bool {
	return slices.ContainsFunc(op.RequestBody.Content, func(m *MediaType) bool { return strings.HasSuffix(mediaName(m.Range), "-patch+json") })
}

// notChange says why a PUT or PATCH changes no item; "" where it does.
func (c *candidate) notChange(op *Operation) string {
	body := c.requestBody(op)
	pointer, inner := c.sentBy(op, c.item)
	switch {
	case op.RequestBody == nil:
		return "it has no body, so it is an action on the item"
	case body == nil || body.kind != "object" && body.kind != "":
		return "its body is no object"
	case inner.described() && c.body.described() && !alike(inner, c.body) && !alike(inner, c.item):
		return "its body shares too little with the items"
	case inner.described() && c.item.described() && c.body == nil && !alike(inner, c.item):
		return "its body shares too little with the items"
	case c.body != nil && pointer != c.Sent && !body.open():
		return "its body holds the item elsewhere than that of " + c.Create.ID
	}
	return ""
}

// showBy learns from the answer to a change what an item looks like, where nothing better says so.
func (c *candidate) showBy(op *Operation) {
	answer := c.answer(op)
	if c.item != nil || !answer.described() {
		return
	}
	if pointer, item := c.unwrap(answer, c.body); alike(item, c.body) {
		c.item, c.Shown = item, pointer
	}
}

// findPlainCollection looks for a collection whose items have no path of their own: POST and GET at one site.
func (in *inference) findPlainCollection(at *site) {
	if !at.literal() || in.free(at, "POST") == nil || in.free(at, "GET") == nil {
		return
	}
	c := in.candidate(at.last)
	c.findList([]*site{at})
	if c.List == nil || !c.item.described() {
		return
	}
	op := at.ops["POST"]
	if why := c.notCreate(op); why != "" {
		c.pass(op, "%s", why)
		c.pass(c.List, "nothing in the document creates what it lists")
		return
	}
	if body := c.requestBody(op); !body.described() || !c.fits(body, c.item) {
		c.pass(op, "what it takes shares too little with what GET %s lists", at.template)
		c.pass(c.List, "nothing in the document creates what it lists")
		return
	}
	c.setCreate(op, fmt.Sprintf("POST %s takes what GET %s lists", op.Path, op.Path))
	c.identify()
	c.describe()
	in.take(c.Resource, at)
}

// findSingleton looks for one item that is always there: GET and PUT or PATCH at one site, and nothing that makes or
// names items.
func (in *inference) findSingleton(at *site) {
	if !at.literal() || at.ops["POST"] != nil || at.ops["DELETE"] != nil {
		return
	}
	get := in.free(at, "GET")
	if get == nil || at.ops["PUT"] == nil && at.ops["PATCH"] == nil {
		return
	}
	answer := in.answer(get)
	if answer == nil || answer.kind != "object" {
		return
	}
	c := in.candidate(at.last)
	if _, lists := c.listing(get); lists || !answer.described() {
		return
	}
	c.findGet(at)
	if !c.item.described() {
		return
	}
	c.findUpdate(at)
	c.findPatch(at)
	if c.Update == nil && c.Patch == nil || !alike(c.changed(), c.item) {
		c.pass(get, "no PUT or PATCH at its path takes what it shows")
		return
	}
	c.describe()
	in.take(c.Resource, at)
}

// changed is the body of the operation that changes a singleton.
func (c *candidate) changed() *shape {
	if c.Update != nil {
		return c.body
	}
	_, body := c.sentBy(c.Patch, c.item)
	return body
}
