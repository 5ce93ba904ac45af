package sqlstore

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

const things = "things"

func mustOpen(t testing.TB, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t *testing.T, s *Store, id string) error {
	t.Helper()
	return s.Update(t.Context(), things, func(c mockserver.Collection) error {
		return c.Put(mockserver.Document{ID: id, Keys: map[string]string{"name": id, "kind": "x"}, Body: openapi.NewText(bytes.Repeat([]byte("x"), 500))})
	})
}

func count(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.View(t.Context(), things, func(c mockserver.Collection) error {
		list, total, err := c.List(mockserver.Query{Equal: map[string]string{"kind": "x"}})
		if n = total; len(list) != total {
			t.Errorf("%d of %d", len(list), total)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	var away *mockserver.UnavailableError
	if !errors.As(err, &away) {
		t.Errorf("%v, want an UnavailableError", err)
	}
}

// sqliteFile makes a database with statements that are not ours.
func sqliteFile(t *testing.T, statements ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAFileThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	var foreign *ForeignError
	var newer *NewerError
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no database\n"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	ours := filepath.Join(t.TempDir(), "ours.db")
	if err := mustOpen(t, "sqlite:"+ours).Close(); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.db")
	if err := os.WriteFile(damaged, append(bytes.Repeat([]byte{0xff}, 200), contents(t, ours)[200:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	if err := os.WriteFile(cut, contents(t, ours)[:3000], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, file string
		want       any // what the error is; nil is any
	}{
		{"a text", text, &foreign},
		{"a database whose head is damaged", damaged, &foreign},
		{"a database that is cut off", cut, nil},
		{"another application's tables", sqliteFile(t, "CREATE TABLE songs (name)"), &foreign},
		{"another application's mark", sqliteFile(t, "PRAGMA application_id = 7"), &foreign},
		{"a newer version", sqliteFile(t, "CREATE TABLE counterpart_schema (one, version)", "INSERT INTO counterpart_schema VALUES (1, 99)"), &newer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := contents(t, tc.file)
			_, err := Open(t.Context(), "sqlite:"+tc.file, Options{})
			if err == nil || tc.want != nil && !errors.As(err, tc.want) {
				t.Errorf("the error is %v", err)
			}
			if !bytes.Equal(contents(t, tc.file), before) {
				t.Error("the file has changed")
			}
			if files, _ := filepath.Glob(tc.file + "?*"); len(files) > 0 {
				t.Errorf("there are %v", files)
			}
		})
	}
}

func contents(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAFileThatCannotBeUsedIsOneClearLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "none", "a.db")
	_, err := Open(t.Context(), "sqlite:"+file, Options{})
	wantUnavailable(t, err)
	if !strings.Contains(err.Error(), "its folder must exist") {
		t.Error(err)
	}
	_, err = Open(t.Context(), "sqlite:"+t.TempDir(), Options{})
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a folder: %v", err)
	}
}

func TestAReadOnlyFileIsRefusedAndAnOpenOneTurnsUnavailable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.db")
	s := mustOpen(t, "sqlite:"+file)
	if err := errors.Join(put(t, s, "a"), s.Close()); err != nil {
		t.Fatal(err)
	}
	forbidWriting(t, file)
	before := contents(t, file)
	_, err := Open(t.Context(), "sqlite:"+file, Options{})
	wantUnavailable(t, err)
	if !bytes.Equal(contents(t, file), before) {
		t.Error("the file has changed")
	}
}

// forbidWriting sets the version of the file's format for writing beyond what SQLite knows, for which it reads only
// (SQLite, Database File Format, section 1.3.3). Unlike the file's rights that holds for root, too.
func forbidWriting(t *testing.T, file string) {
	t.Helper()
	const writeVersion = 18
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{3}, writeVersion)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskIsUnavailableUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	limit := func(pages int) {
		if _, err := s.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(40)
	stored := 0
	for ; ; stored++ {
		if err := put(t, s, fmt.Sprint(stored)); err != nil {
			wantUnavailable(t, err)
			break
		}
	}
	wantUnavailable(t, put(t, s, "one more"))
	wantUnavailable(t, s.Ping(t.Context()))
	if stored == 0 || count(t, s) != stored {
		t.Errorf("%d of %d are there", count(t, s), stored)
	}
	limit(10_000)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := put(t, s, "now there is room"); err != nil || count(t, s) != stored+1 {
		t.Errorf("%v; %d of %d are there", err, count(t, s), stored+1)
	}
}

// TestAnOverlookedFaultIsNoSuccess: what a database has refused cannot be committed, even if fn does not mind.
func TestAnOverlookedFaultIsNoSuccess(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	err := s.Update(t.Context(), things, func(c mockserver.Collection) error {
		_, _ = c.(*tx).exec("nonsense")
		_ = c.Put(mockserver.Document{ID: "a", Keys: map[string]string{"kind": "x"}})
		return nil
	})
	if err == nil || count(t, s) != 0 {
		t.Errorf("%v; %d are there", err, count(t, s))
	}
}

func TestManyMayOpenAFileAtOnce(t *testing.T) {
	t.Parallel()
	manyOpenAtOnce(t, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
}

func manyOpenAtOnce(t *testing.T, address string) {
	t.Helper()
	const many = 8
	opened := make(chan error, many)
	for i := range many {
		go func() {
			s, err := Open(t.Context(), address, Options{})
			if err == nil {
				err = errors.Join(put(t, s, fmt.Sprint(i)), s.Close())
			}
			opened <- err
		}()
	}
	for range many {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
	if n := count(t, mustOpen(t, address)); n != many {
		t.Errorf("%d of %d are there", n, many)
	}
}
