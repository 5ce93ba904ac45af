package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const connectTimeout = 5 * time.Second

func openPostgres(ctx context.Context, address string, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, &AddressError{"the address of the database cannot be read: " + reasonOf(err)}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "counterpart"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(o.MaxConns)
	db.SetMaxIdleConns(o.MaxConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{postgresDatabase(db), o.Timeout}
	if err := s.migrate(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return s, nil
}

// reasonOf leaves out the address itself, which has a password.
func reasonOf(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

func postgresDatabase(db *sql.DB) database {
	return database{
		write: db, read: db,
		view:        &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
		forUpdate:   ` FOR UPDATE`,
		hasTable:    `SELECT to_regclass('counterpart_schema') IS NOT NULL`,
		anyOf:       `seq = ANY($2)`,
		seqs:        array,
		schema:      func(migration string) string { return migration },
		unavailable: postgresUnavailable,
		repeatable:  connectionLost,
		conflict:    postgresConflict,
	}
}

func array(seqs []uint64) (any, error) {
	list := make([]int64, len(seqs))
	for i, seq := range seqs {
		list[i] = int64(seq)
	}
	return list, nil
}

// postgresUnavailable: no connection, or the server has no room, no time, no rights or no mind to write.
func postgresUnavailable(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return slices.Contains([]string{"08", "28", "3D", "40", "53", "57", "58"}, refused.Code[:2]) ||
			slices.Contains([]string{"25006", "42501", "55P03"}, refused.Code)
	}
	var unreached *pgconn.ConnectError
	return errors.As(err, &unreached) || connectionLost(err)
}

// connectionLost is true for a connection that was there and is no longer; a new one may be had at once.
func connectionLost(err error) bool {
	var unreached *pgconn.ConnectError
	var refused *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &unreached):
		return false
	case errors.As(err, &refused):
		return refused.Code == "57P01" || refused.Code == "57P02" // the server ends the connection
	case errors.As(err, &network), pgconn.SafeToRetry(err):
		return true
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

// postgresConflict: the transaction got in the way of another.
func postgresConflict(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == "40001" || refused.Code == "40P01")
}
