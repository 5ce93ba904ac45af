// Package sqlstore keeps the state of a mock server in SQLite or PostgreSQL. It is a package of its own so that who
// uses package mockserver alone links no database driver.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/mockserver"
)

// Options are choices about a database. The zero value works.
type Options struct {
	Timeout  time.Duration // how long View, Update, Ping and Open may take; 0 is 10 s
	MaxConns int           // of PostgreSQL, how many connections at most; 0 is 10
}

// Store implements [mockserver.Store]. Make one with [Open]. Several stores, also of several processes, may be open on
// one database: they behave as one.
//
// What Update has acknowledged is durable: SQLite writes it through to the disk; PostgreSQL does as its
// synchronous_commit says. When the database is away, locked for too long, full or read-only, the error is a
// [*mockserver.UnavailableError]. Later calls find it again by themselves.
type Store struct {
	database
	timeout time.Duration
}

var _ mockserver.Store = (*Store)(nil)

// database is what SQLite and PostgreSQL do each in their own way.
type database struct {
	write, read *sql.DB
	view        *sql.TxOptions
	forUpdate   string // behind a SELECT: locks its rows
	hasTable    string // whether there is a table counterpart_schema
	anyOf       string // of documents: seq is one of $2
	seqs        func([]uint64) (any, error)
	schema      func(string) string // a migration in the database's words
	unavailable func(error) bool    // a later call may succeed
	repeatable  func(error) bool    // nothing was changed, and doing it again now may succeed
	conflict    func(error) bool    // a commit was refused, and doing all of it again may succeed
}

// AddressError says that an address is none. The text never has a password.
type AddressError struct{ Reason string }

func (e *AddressError) Error() string {
	return e.Reason + "; use memory, sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE"
}

// Open opens the database at an address, sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE, and brings its tables
// up to date. A file that does not exist is made. The error is an [*AddressError], a [*NewerError] or a [*ForeignError],
// or says why the database cannot be used now; nothing was changed then.
//
// A PostgreSQL URL takes the usual parameters, such as sslmode and connect_timeout. Behind PgBouncer in transaction mode
// add default_query_exec_mode=exec, as prepared statements may not outlive a transaction there.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.MaxConns == 0 {
		o.MaxConns = 10
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, rest, o)
	case "postgres", "postgresql":
		return openPostgres(ctx, address, o)
	}
	return nil, &AddressError{"there is no such store"}
}

// Close waits for what is under way, and closes all connections.
func (s *Store) Close() error {
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping writes about what a document takes, and deletes it again: a disk that is full would still let it read.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.transact(ctx, s.write, nil, (*tx).probe); err != nil {
		return err
	}
	return s.transact(ctx, s.write, nil, (*tx).endProbe)
}

// View implements [mockserver.Store].
func (s *Store) View(ctx context.Context, collection string, fn func(mockserver.Collection) error) error {
	return s.transact(ctx, s.read, s.view, func(t *tx) error {
		if err := t.find(collection); err != nil {
			return err
		}
		return fn(t)
	})
}

// Update implements [mockserver.Store]. It runs fn again when the database lost the connection before the commit, or
// asks to try again.
func (s *Store) Update(ctx context.Context, collection string, fn func(mockserver.Collection) error) error {
	return s.transact(ctx, s.write, nil, func(t *tx) error {
		if err := t.lock(collection); err != nil {
			return err
		}
		if err := fn(t); err != nil {
			return err
		}
		return t.saveSeq()
	})
}

// Collections implements [mockserver.Store].
func (s *Store) Collections(ctx context.Context) (names []string, err error) {
	err = s.transact(ctx, s.read, s.view, func(t *tx) error {
		names = names[:0]
		return t.query(func(r *sql.Rows) error {
			var name []byte
			if err := r.Scan(&name); err != nil {
				return err
			}
			names = append(names, string(name))
			return nil
		}, `SELECT name FROM counterpart_collections WHERE EXISTS (SELECT 1 FROM counterpart_documents WHERE collection = number) ORDER BY name`)
	})
	return names, err
}

// transact runs fn in a transaction, and again as long as that may help.
func (s *Store) transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for {
		err := s.attempt(ctx, db, o, fn)
		var f *fault
		if !errors.As(err, &f) || !f.again || ctx.Err() != nil {
			return s.outcome(err)
		}
	}
}

func (s *Store) attempt(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return s.fault(ctx, err)
	}
	begun, err := db.BeginTx(ctx, o)
	if err != nil {
		return s.fault(ctx, err)
	}
	defer begun.Rollback()
	t := &tx{ctx: ctx, tx: begun, store: s, writable: o == nil}
	if err := fn(t); err != nil {
		return err
	}
	if t.err != nil { // fn has overlooked it
		return t.err
	}
	if err := begun.Commit(); err != nil {
		return s.commitFault(ctx, err)
	}
	return nil
}

// fault is what a database reports, judged.
type fault struct {
	err   error // for the caller of the store
	again bool  // all of it may be done again: nothing was changed
}

func (f *fault) Error() string { return f.err.Error() }

func (f *fault) Unwrap() error { return f.err }

// outcome gives back what fn returned, or what a fault means.
func (s *Store) outcome(err error) error {
	if f, ok := err.(*fault); ok { //nolint:errorlint // what fn has wrapped stays wrapped
		return f.err
	}
	return err
}

// fault judges an error from before the commit.
func (s *Store) fault(ctx context.Context, err error) error {
	return &fault{s.explain(ctx, err), s.repeatable(err) || s.conflict(err)}
}

// commitFault judges the error of a commit: without an answer nobody knows whether it was carried out.
func (s *Store) commitFault(ctx context.Context, err error) error {
	again := s.conflict(err)
	if ctx.Err() == nil && !again {
		return &fault{err: &mockserver.UnavailableError{Err: fmt.Errorf("committing: %w", err)}}
	}
	return &fault{s.explain(ctx, err), again}
}

func (s *Store) explain(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil:
		return &mockserver.UnavailableError{Err: fmt.Errorf("the database has not answered in time: %w", ctx.Err())}
	case s.unavailable(err):
		return &mockserver.UnavailableError{Err: err}
	}
	return fmt.Errorf("the database: %w", err)
}
