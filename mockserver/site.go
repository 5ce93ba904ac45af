package mockserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/counterpart-go/counterpart/openapi"
)

// site is all that a server answers from at one time. It never changes: another takes its place.
type site struct {
	routes   *openapi.Routes
	services []*service // at least one
}

// service is one contract and what answers for it. It never changes.
type service struct {
	spec      *openapi.Spec
	bases     []string
	namespace string                      // of its state, see scopedStore
	store     Store                       // of its state alone
	handlers  map[string]echo.HandlerFunc // by operation id
	resources *resources
	keepers   []keeper
	settings  []setting // that its handlers offer
	identity  bool      // it is the identity service, which wants to know who asks even where nobody else does
}

// keeper is a source of answers that keeps state, and can tell what of it still has a meaning after the document has
// changed.
type keeper interface {
	// keeps says whether the collection is one that it would look into.
	keeps(collection string) bool
	// fits is why the document, of a collection that it keeps, is none that it can answer with; nothing where it is one. It
	// sets the keys that it would give the document. One without keys is new to it.
	fits(collection string, d *Document) openapi.Violations
	// put stores a document that fits; it refuses what breaks a rule that only the state knows. The number is its place in
	// the order of creation, 0 for the next.
	put(c Collection, d Document, number int64) error
	// project is the one that the document belongs to; "" for none.
	project(collection string, d Document) string
}

// contracts are those that the options name.
func (o *Options) contracts() ([]*openapi.Spec, error) {
	switch {
	case len(o.Specs) > 0 && o.Spec != nil:
		return nil, errors.New("mockserver: Options has both Spec and Specs: use one of them")
	case len(o.Specs) > 0:
		return o.Specs, nil
	case o.Spec != nil:
		return []*openapi.Spec{o.Spec}, nil
	}
	spec, err := openapi.Default()
	return []*openapi.Spec{spec}, err
}

// openSite makes the first site.
func (s *Server) openSite(specs []*openapi.Spec) error {
	services := make([]*service, 0, len(specs))
	for _, spec := range specs {
		services = append(services, s.newService(spec, freeNamespace(spec, services)))
	}
	first, err := newSite(services)
	s.site.Store(first)
	return err
}

// specs are the contracts that it answers from.
func (s *Server) specs() []*openapi.Spec {
	services := s.site.Load().services
	list := make([]*openapi.Spec, len(services))
	for i, v := range services {
		list[i] = v.spec
	}
	return list
}

func newSite(services []*service) (*site, error) {
	specs := make([]*openapi.Spec, len(services))
	for i, service := range services {
		specs[i] = service.spec
		for _, base := range service.bases {
			if strings.HasPrefix(base+"/", controlPrefix) {
				return nil, fmt.Errorf("%q cannot have the base path %s: what is below %s is the mock's own", service.spec.Title, base, controlPrefix)
			}
		}
	}
	routes, err := openapi.NewRoutes(specs...)
	return &site{routes, services}, err
}

// newService makes what answers for a contract.
func (s *Server) newService(spec *openapi.Spec, namespace string) *service {
	v := &service{spec: spec, bases: spec.Bases(), namespace: namespace, store: scoped(s.store, namespace)}
	o := s.options
	o.Spec, o.Specs, o.Store = spec, nil, v.store
	v.resources = newResources(o)
	v.keepers = append(v.keepers, v.resources)
	if o.Untyped {
		return v
	}
	handlers, kept := dataConnectorHandlers(o, s.connectors)
	v.handlers = handlers
	if kept != nil {
		v.keepers, v.settings = append(v.keepers, kept), s.connectors.settings()
	}
	return v
}

// keeper is the one that keeps a collection; nil for none.
func (v *service) keeper(collection string) keeper {
	for _, k := range v.keepers {
		if k.keeps(collection) {
			return k
		}
	}
	return nil
}

// serviceOf is the service of an operation that the routes have found.
func (s *site) serviceOf(op *openapi.Operation) *service {
	for _, v := range s.services {
		if v.spec == op.Spec() {
			return v
		}
	}
	return nil
}

// nearest is the service that a path without an operation was probably meant for: that with the longest base path in
// front of it, else the first.
func (s *site) nearest(path string) *service {
	nearest, longest := s.services[0], -1
	if len(s.services) == 1 {
		return nearest
	}
	for _, v := range s.services {
		for _, base := range v.bases {
			if len(base) > longest && strings.HasPrefix(path+"/", base+"/") {
				nearest, longest = v, len(base)
			}
		}
	}
	return nearest
}

// Replace puts a contract in the place of one that the server answers from, which is told by its pointer. Requests that
// are being carried out end first, under the contract that they began with; later ones wait until it is done. State
// that fits the new contract is kept; what has no place in it, or breaks its schemas, is removed, and a line of the log
// counts it. On an error the old contract stays in service: an [*openapi.ClashError] where the new one describes what
// another does, an [*UnavailableError] where the store is away, which may have lost some of what does not fit.
func (s *Server) Replace(ctx context.Context, old, spec *openapi.Spec) error {
	s.replacing.Lock()
	defer s.replacing.Unlock()
	services := slices.Clone(s.site.Load().services)
	i := slices.IndexFunc(services, func(v *service) bool { return v.spec == old })
	if i < 0 {
		return errors.New("mockserver: the server does not answer from the contract that is to be replaced")
	}
	before := services[i]
	services[i] = s.newService(spec, before.namespace)
	next, err := newSite(services)
	if err != nil {
		return err
	}
	if err := s.turn(ctx, before, services[i], next); err != nil {
		return err
	}
	s.journal.Settle(old, spec)
	return nil
}

// turn puts the next site into service, when nobody is behind the gate.
func (s *Server) turn(ctx context.Context, before, after *service, next *site) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if err := s.fit(ctx, before, after); err != nil {
		return err
	}
	s.adopt(next)
	return nil
}

// adopt answers from another site, and lets stubs and faults find their operations in it.
func (s *Server) adopt(next *site) {
	s.site.Store(next)
	for _, broken := range s.stubs.Use(s.specs()...) {
		s.log.Warn("a stub has no place in the changed documents", "stub", broken.ID, "reason", broken.Problem)
	}
	for _, broken := range s.faults.Use(s.specs()...) {
		s.log.Warn("a fault has no place in the changed documents", "fault", broken.ID, "reason", broken.Problem)
	}
}

// fit removes what a contract has no place for. Nobody is behind the gate.
func (s *Server) fit(ctx context.Context, before, after *service) error {
	names, err := after.store.Collections(ctx)
	if err != nil {
		return err
	}
	removed := 0
	for _, name := range names {
		k := after.keeper(name)
		if k == nil && before.keeper(name) == nil {
			continue // of whoever else uses the store
		}
		n, err := fitCollection(ctx, after.store, name, func(d *Document) bool { return k != nil && len(k.fits(name, d)) == 0 })
		if err != nil {
			return err
		}
		removed += n
	}
	if removed > 0 {
		s.log.Warn("items that do not fit the changed document are gone", "document", after.spec.Title, "items", removed)
	}
	return nil
}

// fitAtOnce is how many documents are judged in one update: a database gives an update only so much time.
const fitAtOnce = 1000

// fitCollection removes what does not fit, and counts it. The rest is found by the new keys.
func fitCollection(ctx context.Context, store Store, name string, fits func(*Document) bool) (removed int, err error) {
	for offset, more := 0, true; more; {
		kept, unfit := 0, 0
		err := store.Update(ctx, name, func(c Collection) error {
			page, total, err := c.List(Query{Offset: offset, Limit: fitAtOnce})
			kept, unfit, more = 0, 0, offset+len(page) < total
			for _, d := range page {
				before := d.Keys
				d.Keys = maps.Clone(before)
				if fits(&d) {
					kept++
					err = errors.Join(err, rekey(c, d, before))
					continue
				}
				unfit++
				if _, err := c.Delete(d.ID); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return removed, err
		}
		offset, removed = offset+kept, removed+unfit
	}
	return removed, nil
}

// rekey stores a document whose keys have changed.
func rekey(c Collection, d Document, before map[string]string) error {
	if maps.Equal(before, d.Keys) {
		return nil
	}
	return c.Put(d)
}

// separator stands around a namespace, in front of a collection's name. No document gives a name that begins with it:
// it is ASCII's unit separator.
const separator = "\x1f"

// freeNamespace is what the state of a contract is kept under: its first base path, so that a new title or another
// order of the documents changes nothing. None for the root, as ever; of several with one base path, the later ones
// have their titles too.
func freeNamespace(spec *openapi.Spec, others []*service) string {
	namespace := ""
	if bases := spec.Bases(); len(bases) > 0 {
		namespace = bases[0]
	}
	for slices.ContainsFunc(others, func(v *service) bool { return v.namespace == namespace }) {
		namespace += separator + spec.Title
	}
	return namespace
}

// scoped gives collections names that those of no other namespace have.
func scoped(store Store, namespace string) Store {
	if namespace == "" {
		return rootStore{store}
	}
	return scopedStore{store, separator + namespace + separator + separator}
}

// rootStore is a store without a namespace: the names are as they are.
type rootStore struct{ Store }

func (r rootStore) Collections(ctx context.Context) ([]string, error) {
	names, err := r.Store.Collections(ctx)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, separator) }), err
}

type scopedStore struct {
	Store

	prefix string
}

func (s scopedStore) View(ctx context.Context, collection string, fn func(Collection) error) error {
	return s.Store.View(ctx, s.prefix+collection, fn)
}

func (s scopedStore) Update(ctx context.Context, collection string, fn func(Collection) error) error {
	return s.Store.Update(ctx, s.prefix+collection, fn)
}

func (s scopedStore) Collections(ctx context.Context) ([]string, error) {
	all, err := s.Store.Collections(ctx)
	var names []string
	for _, name := range all {
		if rest, own := strings.CutPrefix(name, s.prefix); own {
			names = append(names, rest)
		}
	}
	return names, err
}
