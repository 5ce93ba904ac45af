package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// The n-th file makes version n of the tables out of version n-1.
//
//go:embed migrations/*.sql
var migrations embed.FS

// latest is the version of the tables that this program works with: the number of migrations.
const latest = 1

// NewerError says that a newer counterpart has written the database. It was left as it is.
type NewerError struct{ Version int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("a newer counterpart has written this database: its tables are version %d, this program knows %d; use the newer one", e.Version, latest)
}

// ForeignError says that a file is not a database of counterpart. It was left as it is.
type ForeignError struct{ Reason string }

func (e *ForeignError) Error() string { return e.Reason + "; choose another file" }

// migrate brings the tables up to date. Of several processes one does it, the others wait. A database that cannot be
// written is noticed, too.
func (s *Store) migrate(ctx context.Context) error {
	if err := s.makeVersion(ctx); err != nil {
		return err
	}
	return s.transact(ctx, s.write, nil, func(t *tx) error {
		version, err := t.version()
		if err != nil {
			return err
		}
		if version > latest {
			return &NewerError{version}
		}
		for ; version < latest; version++ {
			if err := t.apply(version + 1); err != nil {
				return err
			}
		}
		_, err = t.exec(`UPDATE counterpart_schema SET version = $1`, version)
		return err
	})
}

// makeVersion makes the table of the version unless it is there. The database lets only one process make it; to the others
// it says so in one of several ways.
func (s *Store) makeVersion(ctx context.Context) error {
	if there, err := s.hasVersion(ctx); there || err != nil {
		return err
	}
	made := s.transact(ctx, s.write, nil, func(t *tx) error {
		_, err := t.exec(`CREATE TABLE counterpart_schema (one BIGINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)`)
		if err == nil {
			_, err = t.exec(`INSERT INTO counterpart_schema (one, version) VALUES (1, 0)`)
		}
		return err
	})
	if made == nil {
		return nil
	}
	if there, err := s.hasVersion(ctx); !there || err != nil {
		return made
	}
	return nil
}

func (s *Store) hasVersion(ctx context.Context) (there bool, err error) {
	err = s.transact(ctx, s.read, s.view, func(t *tx) error {
		return t.query(func(r *sql.Rows) error { return r.Scan(&there) }, t.store.hasTable)
	})
	return there, err
}

func (t *tx) apply(version int) error {
	files, err := fs.Glob(migrations, fmt.Sprintf("migrations/%04d_*.sql", version))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := t.exec(t.store.schema(string(text))); err != nil {
			return err
		}
	}
	return nil
}
