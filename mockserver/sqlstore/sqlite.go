package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// applicationID is what a file says about whose it is: "COUP". The first migration writes it.
const applicationID = 0x434F5550

func openSQLite(ctx context.Context, file string, o Options) (*Store, error) {
	if file == "" {
		return nil, &AddressError{"the file is missing"}
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	write, err := openFile(path, "_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	s := &Store{sqliteDatabase(write, write), o.Timeout}
	err = s.takeFile(ctx)
	if err == nil {
		s.read, err = openFile(path, "_pragma=query_only(1)", max(4, runtime.GOMAXPROCS(0)))
	}
	if err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// openFile makes a pool of connections. They wait for locks until their context ends, and write through to the disk.
func openFile(path, parameter string, conns int) (*sql.DB, error) {
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(),
		RawQuery: "_pragma=busy_timeout(3600000)&_pragma=synchronous(FULL)&" + parameter}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// takeFile writes nothing before it knows that the file is ours. The write-ahead log lets views go on during an update.
func (s *Store) takeFile(ctx context.Context) error {
	if err := s.checkOwner(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	for {
		var mode string
		err := s.write.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
		switch {
		case isSQLite(err, sqlite3.SQLITE_BUSY) && ctx.Err() == nil: // this one does not wait for a lock
			continue
		case err != nil:
			return s.explain(ctx, err)
		case mode != "wal":
			return errors.New("there can be no write-ahead log here; put the file on a local disk")
		}
		return nil
	}
}

func (s *Store) checkOwner(ctx context.Context) error {
	var id, tables, ours int
	err := s.transact(ctx, s.read, s.view, func(t *tx) error {
		if err := t.query(func(r *sql.Rows) error { return r.Scan(&id) }, `PRAGMA application_id`); err != nil {
			return err
		}
		return t.query(func(r *sql.Rows) error { return r.Scan(&tables, &ours) },
			`SELECT COUNT(*), COUNT(CASE name WHEN 'counterpart_schema' THEN 1 END) FROM sqlite_schema WHERE type = 'table'`)
	})
	switch {
	case isSQLite(err, sqlite3.SQLITE_NOTADB):
		return &ForeignError{"this is no SQLite database"}
	case isSQLite(err, sqlite3.SQLITE_CANTOPEN):
		return fmt.Errorf("%w; its folder must exist, and this user must be allowed to write there", err)
	case err != nil:
		return err
	case id != 0 && id != applicationID, tables > 0 && ours == 0:
		return &ForeignError{"this is the database of another application"}
	}
	return nil
}

func sqliteDatabase(write, read *sql.DB) database {
	return database{
		write: write, read: read,
		view:        &sql.TxOptions{ReadOnly: true},
		hasTable:    `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'counterpart_schema')`,
		anyOf:       `seq IN (SELECT value FROM json_each($2))`,
		seqs:        jsonList,
		schema:      sqliteSchema,
		unavailable: sqliteUnavailable,
		repeatable:  never, // locks are waited for, and there is no connection to lose
		conflict:    never,
	}
}

func never(error) bool { return false }

func jsonList(seqs []uint64) (any, error) {
	text, err := json.Marshal(seqs)
	return string(text), err
}

func sqliteSchema(migration string) string {
	return strings.ReplaceAll(regexp.MustCompile(`/\*\+sqlite (.*?)\*/`).ReplaceAllString(migration, "$1"), "BYTEA", "BLOB")
}

// sqliteUnavailable: the file is locked, read-only, away or damaged, or the disk is full or broken.
func sqliteUnavailable(err error) bool {
	return isSQLite(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB)
}

func isSQLite(err error, codes ...int) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code()&0xff == code { // the rest tells more about it
			return true
		}
	}
	return false
}
