package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore/postgrestest"
)

func TestNoErrorShowsAPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://u:sekret@127.0.0.1:1/x", "postgres://u:sekret@h:bad/x", "postgres://u:sekret%zz@h/x", "postgres://u:sek ret@h/x",
		"postgres://u:sekret@h/x?sslmode=strange", "postgres://u:sekret/@h/x", "postgres://u:sekret@[::1/x", "postgresql://u:sekret@h/x?connect_timeout=x",
		"postgres://h:bad/x?password=sekret", "postgres://127.0.0.1:1/x?password=sekret", "postgres:u:sekret@h", "mysql://u:sekret@h/x", "u:sekret@h",
		"sqlite//u:sekret", "postgres://u:sekret@127.0.0.1:1/x?sslrootcert=/none",
	} {
		_, err := Open(t.Context(), address, Options{})
		if err == nil || strings.Contains(err.Error(), "sek") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestACommitWithoutAnswerIsNeitherRepeatedNorASuccess(t *testing.T) {
	t.Parallel()
	s := &Store{database: postgresDatabase(nil)}
	for _, lost := range []error{io.EOF, driver.ErrBadConn, errors.New("nobody knows")} {
		err := s.commitFault(context.Background(), lost)
		var f *fault
		if !errors.As(err, &f) || f.again {
			t.Errorf("%v: %+v", lost, err)
		}
		wantUnavailable(t, err)
	}
}

func TestManyMayOpenADatabaseAtOnce(t *testing.T) {
	t.Parallel()
	manyOpenAtOnce(t, postgrestest.Start(t))
}

func TestANewerDatabaseIsLeftAlone(t *testing.T) {
	t.Parallel()
	address := postgrestest.Start(t)
	s := mustOpen(t, address)
	if _, err := s.write.Exec("UPDATE counterpart_schema SET version = 99"); err != nil {
		t.Fatal(err)
	}
	var newer *NewerError
	if _, err := Open(t.Context(), address, Options{}); !errors.As(err, &newer) || newer.Version != 99 {
		t.Errorf("the error is %v", err)
	}
	if err := s.Ping(t.Context()); !errors.As(err, &newer) {
		t.Errorf("ping: %v", err)
	}
}

func TestAReadOnlyDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	address := postgrestest.Start(t)
	s := mustOpen(t, address)
	if err := put(t, s, "a"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), address+"&default_transaction_read_only=on", Options{})
	wantUnavailable(t, err)
}

func TestAnUpdateIsRunAgainWhenItChangedNothing(t *testing.T) {
	t.Parallel()
	address := postgrestest.Start(t)
	for name, statement := range map[string]string{
		"the connection is lost": "SELECT pg_terminate_backend(pg_backend_pid())",
		"serialization failure":  "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$",
		"deadlock":               "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$",
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, address)
			runs := 0
			err := s.Update(t.Context(), name, func(c mockserver.Collection) error {
				if err := c.Put(mockserver.Document{ID: fmt.Sprint("run ", runs)}); err != nil {
					return err
				}
				if runs++; runs < 3 {
					_, err := c.(*tx).exec(statement)
					return err
				}
				return nil
			})
			if err != nil || runs != 3 {
				t.Errorf("%d runs, %v", runs, err)
			}
			if err := s.View(t.Context(), name, func(c mockserver.Collection) error {
				list, _, err := c.List(mockserver.Query{})
				if len(list) != 1 || list[0].ID != "run 2" {
					t.Errorf("there is %v", list)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCutConnectionsLoseNothing: what fails is unavailable, what was acknowledged is there, and all goes on by itself.
func TestCutConnectionsLoseNothing(t *testing.T) {
	t.Parallel()
	const writers, each, cuts = 4, 40, 10
	server := postgrestest.Own(t)
	address := server.Database(t)
	s := mustOpen(t, address)
	var group sync.WaitGroup
	acknowledged := make(chan string, writers*each)
	for w := range writers {
		group.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", w, i)
				if err := put(t, s, id); err != nil {
					wantUnavailable(t, err)
				} else {
					acknowledged <- id
				}
			}
		})
	}
	for range cuts {
		server.Cut(t, address)
	}
	group.Wait()
	close(acknowledged)
	t.Logf("%d of %d updates were acknowledged", len(acknowledged), writers*each)
	for id := range acknowledged {
		if err := s.View(t.Context(), things, func(c mockserver.Collection) error {
			_, n, err := c.List(mockserver.Query{Equal: map[string]string{"name": id}})
			if n != 1 {
				t.Errorf("%s is there %d times", id, n)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	count(t, s)
}

func TestAServerThatIsAwayIsUnavailableUntilItIsBack(t *testing.T) {
	t.Parallel()
	server := postgrestest.Own(t)
	s := mustOpen(t, server.Database(t))
	if err := put(t, s, "a"); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	wantUnavailable(t, put(t, s, "b"))
	wantUnavailable(t, s.Ping(t.Context()))
	wantUnavailable(t, s.View(t.Context(), things, func(mockserver.Collection) error { return nil }))
	server.Restart(t)
	if err := put(t, s, "c"); err != nil || count(t, s) != 2 {
		t.Errorf("%v; %d are there", err, count(t, s))
	}
}
