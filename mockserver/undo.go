package mockserver

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
)

// undoLog remembers what a change of the state as a whole, which takes many updates, has overwritten.
type undoLog struct{ steps []undoStep }

// undoStep is what was under an id before.
type undoStep struct {
	collection string
	before     Document // with its id at least
	existed    bool
}

// undoableStore keeps the log while there is one.
type undoableStore struct {
	Store

	log *atomic.Pointer[undoLog]
}

func (u undoableStore) Update(ctx context.Context, collection string, fn func(Collection) error) error {
	log := u.log.Load()
	if log == nil {
		return u.Store.Update(ctx, collection, fn)
	}
	var steps []undoStep
	err := u.Store.Update(ctx, collection, func(c Collection) error {
		steps = steps[:0] // of a run that has never been
		return fn(&undoableCollection{c, collection, &steps})
	})
	log.steps = append(log.steps, steps...) // after an error, too: a step that changed nothing is undone by none
	return err
}

type undoableCollection struct {
	Collection

	name  string
	steps *[]undoStep
}

func (u *undoableCollection) Put(d Document) error {
	if err := u.remember(d.ID); err != nil {
		return err
	}
	return u.Collection.Put(d)
}

func (u *undoableCollection) Delete(id string) (bool, error) {
	if err := u.remember(id); err != nil {
		return false, err
	}
	return u.Collection.Delete(id)
}

func (u *undoableCollection) remember(id string) error {
	before, existed, err := u.Get(id)
	before.ID = id
	*u.steps = append(*u.steps, undoStep{u.name, before, existed})
	return err
}

// undoAll puts everything back, the last step first: as many steps in one update as there are in one collection.
func (l *undoLog) undoAll(ctx context.Context, store Store) error {
	var failed error
	for end := len(l.steps); end > 0; {
		first := end - 1
		for first > 0 && end-first < atOnce && l.steps[first-1].collection == l.steps[first].collection {
			first--
		}
		failed = errors.Join(failed, store.Update(ctx, l.steps[first].collection, func(c Collection) error { return undo(c, l.steps[first:end]) }))
		end = first
	}
	return failed
}

func undo(c Collection, steps []undoStep) error {
	for _, step := range slices.Backward(steps) {
		if step.existed {
			if err := c.Put(step.before); err != nil {
				return err
			}
		} else if _, err := c.Delete(step.before.ID); err != nil {
			return err
		}
	}
	return nil
}

// wholly changes the state by several updates, all of them or none, while no request sees any. What a store that is away
// meanwhile has lost or kept, the error says.
func (s *Server) wholly(ctx context.Context, change func(context.Context) error) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	log := &undoLog{}
	s.undo.Store(log)
	err := change(ctx)
	s.undo.Store(nil)
	if err == nil {
		return nil
	}
	return errors.Join(err, log.undoAll(context.WithoutCancel(ctx), s.store))
}
