package mockserver

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/counterpart-go/counterpart/openapi"
)

// resources answers the operations of the document's resources from what clients have stored: a stateful service from
// nothing but the document. Safe for concurrent use.
type resources struct {
	store  Store
	now    func() time.Time
	limits Limits
	spec   *openapi.Spec
	kinds  map[string]*kind // by the resource's name
	roles  map[*openapi.Operation]role
}

// role is what an operation does to which kind of item.
type role struct {
	kind *kind
	task task
}

// task is what an operation does. Upsert is an update that creates the item.
type task int

const (
	creating task = iota
	listing
	getting
	updating
	upserting
	patching
	deleting
)

// statuses are those that a task is answered with, the best first.
var statuses = [...][]int{
	creating:  {http.StatusCreated, http.StatusOK, http.StatusAccepted, http.StatusNoContent},
	listing:   {http.StatusOK, http.StatusPartialContent},
	getting:   {http.StatusOK},
	updating:  {http.StatusOK, http.StatusNoContent, http.StatusAccepted, http.StatusCreated},
	upserting: {http.StatusCreated, http.StatusOK, http.StatusNoContent, http.StatusAccepted},
	patching:  {http.StatusOK, http.StatusNoContent, http.StatusAccepted},
	deleting:  {http.StatusNoContent, http.StatusOK, http.StatusAccepted},
}

// newResources finds the resources that can have items. Of what nobody can create, examples tell more than nothing.
func newResources(o Options) *resources {
	e := &resources{store: o.Store, now: o.Now, limits: o.Limits, spec: o.Spec, kinds: map[string]*kind{}, roles: map[*openapi.Operation]role{}}
	for _, r := range o.Spec.Resources() {
		if stateful(r) {
			e.kinds[r.Name] = &kind{Resource: r, seed: o.Seed}
		}
	}
	for _, r := range o.Spec.Resources() {
		if k := e.kinds[r.Name]; k != nil {
			k.chain = chainOf(r)
			if r.Parent != nil {
				k.parent = e.kinds[r.Parent.Name]
			}
			e.assign(k)
		}
	}
	return e
}

// stateful says whether items come to be, and are of use to any other operation.
func stateful(r *openapi.Resource) bool {
	return r.Create != nil && len(r.Operations()) > 1 || upserts(r) || r.Singleton() && (r.Update != nil || r.Patch != nil)
}

// upserts says whether an update of what is not there creates it.
func upserts(r *openapi.Resource) bool {
	return r.Create == nil && r.Update != nil && r.ID.Parameter != "" && slices.ContainsFunc(r.Update.Responses, func(a *openapi.Answer) bool { return a.Status == "201" })
}

// chainOf is the resource with those that it lies in, the outermost first.
func chainOf(r *openapi.Resource) []*openapi.Resource {
	chain := []*openapi.Resource{r}
	for r.Holder != "" && r.Parent != nil && !slices.Contains(chain, r.Parent) {
		r = r.Parent
		chain = append(chain, r)
	}
	slices.Reverse(chain)
	return chain
}

// assign gives each operation its role; of two resources that claim one, the first has it.
func (e *resources) assign(k *kind) {
	for task, op := range map[task]*openapi.Operation{creating: k.Create, listing: k.List, getting: k.Get, updating: k.Update, patching: k.Patch, deleting: k.Delete} {
		if before, taken := e.roles[op]; op != nil && (!taken || before.kind == k && task < before.task) {
			e.roles[op] = role{k, task}
		}
	}
}

// visit is one request to a resource.
type visit struct {
	*resources
	*kind
	task    task
	x       *exchange
	address address
}

// errStateless says that what the document describes cannot be told from what is stored.
var errStateless = errors.New("the document describes an answer that the state does not give")

// answer carries the request out. It is errStateless where something else must make the answer, whether or not the state
// has changed.
func (e *resources) answer(x *exchange) error {
	r, ok := e.roles[x.operation]
	if !ok {
		return errStateless
	}
	r.kind.once.Do(r.kind.plan)
	v := &visit{resources: e, kind: r.kind, task: r.task, x: x}
	found, err := v.carryOut()
	if err != nil {
		return err
	}
	return v.tell(found)
}

// outcome is what a request has come to.
type outcome struct {
	task task
	item Document // that was made, found, changed or deleted
	page *page    // of a list
	same bool     // the client has the item already
}

func (v *visit) carryOut() (outcome, error) {
	address, err := v.find()
	if err != nil {
		return outcome{}, err
	}
	run, update := v.deed()
	found := outcome{}
	do := func(c Collection) (err error) {
		v.address = address // a store may run an update more than once
		found, err = run(c)
		return err
	}
	ctx := context.WithValue(v.x.Request().Context(), requestID{}, v.x.id)
	if update {
		err = v.store.Update(ctx, address.store, do)
	} else {
		err = v.store.View(ctx, address.store, do)
	}
	return found, err
}

// deed is what the task does with a collection, and whether it changes it.
func (v *visit) deed() (run func(Collection) (outcome, error), update bool) {
	switch v.task {
	case creating:
		return v.create, true
	case listing:
		return v.list, false
	case updating:
		return v.replace, true
	case patching:
		return v.patch, true
	case deleting:
		return v.remove, true
	}
	return v.get, false
}

// kind is a resource with what it takes to serve it, which is worked out at its first use: a document may have
// thousands.
type kind struct {
	*openapi.Resource
	chain  []*openapi.Resource // those that it lies in and itself, the outermost first
	parent *kind               // nil where items of the parent are not stored
	seed   uint64

	once    sync.Once
	inputs  []*input
	shapes  map[task]*shape
	made    []made
	carried map[string]bool   // properties that only the server sets
	counted bool              // items are numbered
	many    map[string]bool   // pointers of filters where an item may have several values
	ofID    *openapi.Schema   // of the id in an item; nil where the document does not describe it
	allIDs  []*openapi.Schema // all that the document says of ids
	makers  []idMaker
	ids     *ids
}

func (k *kind) plan() {
	k.ids = newIDs(k.seed, "resource "+k.Name)
	k.counted = k.ID.Kind == openapi.IntegerID || k.Cursor != ""
	for _, op := range []*openapi.Operation{k.Create, k.Update, k.Patch} {
		k.addInputs(op)
	}
	k.shapes = map[task]*shape{}
	for task, op := range map[task]*openapi.Operation{getting: k.Get, listing: k.List, creating: k.Create, updating: k.Update, patching: k.Patch, deleting: k.Delete} {
		if op != nil {
			k.shapes[task] = k.shape(task, op)
		}
	}
	if upserts(k.Resource) {
		k.shapes[upserting] = k.shape(upserting, k.Update)
	}
	k.compare()
	k.planProperties()
	k.ofID, k.allIDs = k.idSchema(), k.idSchemas()
	k.makers = k.idMakers()
	k.many = map[string]bool{}
	for _, pointer := range k.Filters {
		k.many[pointer] = k.hasMany(pointer)
	}
}

// tasks are those of the kind, those that say most about an item first.
func (k *kind) tasks() []task {
	var list []task
	for _, t := range []task{getting, listing, creating, updating, upserting, patching, deleting} {
		if k.shapes[t] != nil {
			list = append(list, t)
		}
	}
	return list
}

// input is how an item, or a part of it, is sent.
type input struct {
	media     *openapi.MediaType
	item      *openapi.Schema // nil when the document says nothing of it
	describes map[string]openapi.Property
	defaults  bool // it has some
	readOnly  bool // it has properties that only the server sets
}

func (k *kind) addInputs(op *openapi.Operation) {
	if op == nil || op.RequestBody == nil {
		return
	}
	for _, media := range op.RequestBody.Content {
		in := &input{media: media, item: media.Schema.Inside(k.Sent), describes: map[string]openapi.Property{}}
		for _, p := range in.item.Properties() {
			in.describes[p.Name] = p
		}
		in.defaults, in.readOnly = in.item.Uses("default"), in.item.Uses("readOnly")
		k.inputs = append(k.inputs, in)
	}
}

// input is that of the request's media type; an empty one where it has no body.
func (v *visit) input() *input {
	media := v.x.operation.RequestBody.Media(v.x.Request().Header.Get("Content-Type"))
	for _, in := range v.inputs {
		if in.media == media {
			return in
		}
	}
	return &input{}
}

// whole is the input of a whole item: of the operation itself, or else of the one that creates or replaces one.
func (k *kind) whole() *input {
	for _, op := range []*openapi.Operation{k.Update, k.Create} {
		for _, in := range k.inputs {
			if op != nil && op.RequestBody != nil && len(op.RequestBody.Content) > 0 && in.media == op.RequestBody.Content[0] {
				return in
			}
		}
	}
	return &input{}
}

// sent says what the document says of a property in requests. One that says nothing of any lets clients set them all.
func (k *kind) sent(name string) (described, writable bool) {
	writable = !slices.ContainsFunc(k.inputs, func(in *input) bool { return len(in.describes) > 0 })
	for _, in := range k.inputs {
		p, ok := in.describes[name]
		described, writable = described || ok, writable || ok && !p.ReadOnly
	}
	return described, writable
}

// itemPointer is where an item has its id; "" where it has none.
func (k *kind) itemPointer() string { return cmp.Or(k.ID.Item, k.ID.Sent) }
