//go:build unix

package postgrestest

import (
	"bufio"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// script starts a server and does as it is told on stdin. When that ends, however this process has ended, it stops the
// server and removes the folder.
//
//go:embed server.sh
var script string

// Server is a PostgreSQL that a test may stop and start again.
type Server struct {
	url     string
	control io.Writer
	said    *bufio.Reader
}

// shared is the server of this process; it ends with it.
var shared = sync.OnceValues(start)

// Start gives the URL of a new database. It skips the test when there is no PostgreSQL.
func Start(t testing.TB) string {
	t.Helper()
	if outside := os.Getenv(Variable); outside != "" {
		return (&Server{url: outside}).Database(t)
	}
	s, err := shared()
	return usable(t, s, err).Database(t)
}

// Own starts a server for this test alone. It skips the test when there are no programs to start one from.
func Own(t testing.TB) *Server {
	t.Helper()
	s, err := start()
	s = usable(t, s, err)
	t.Cleanup(func() { _ = s.control.(io.Closer).Close() })
	return s
}

func usable(t testing.TB, s *Server, err error) *Server {
	t.Helper()
	if err != nil {
		t.Fatalf("starting PostgreSQL: %v", err)
	}
	if s == nil {
		t.Skip(howToGetOne)
	}
	return s
}

// Database makes an empty database, which is dropped when the test ends, and gives its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "counterpart_test_" + strings.ToLower(rand.Text())
	if err := s.run("CREATE DATABASE " + name); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() { _ = s.run("DROP DATABASE " + name + " WITH (FORCE)") }) // unless the test has stopped the server
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatalf("%s is no URL", Variable) // the error has the password
	}
	u.Path = "/" + name
	return u.String()
}

// Cut ends all connections to a database of the server.
func (s *Server) Cut(t testing.TB, database string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	err = s.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '` + strings.TrimPrefix(u.Path, "/") + `'`)
	if err != nil {
		t.Fatalf("cutting connections: %v", err)
	}
}

func (s *Server) run(statement string) error {
	db, err := sql.Open("pgx", s.url)
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}

// Stop stops the server without letting it finish anything, as a crash does.
func (s *Server) Stop(t testing.TB) { s.tell(t, "stop") }

// Restart starts a server that was stopped, at the same address, and waits until it takes connections.
func (s *Server) Restart(t testing.TB) { s.tell(t, "start") }

func (s *Server) tell(t testing.TB, word string) {
	t.Helper()
	if err := s.do(word); err != nil {
		t.Fatalf("PostgreSQL, told to %s: %v", word, err)
	}
}

func (s *Server) do(word string) error {
	if _, err := fmt.Fprintln(s.control, word); err != nil {
		return err
	}
	return s.wait()
}

// wait reads what the script says: ok, or what is wrong.
func (s *Server) wait() error {
	line, err := s.said.ReadString('\n')
	if line == "ok\n" {
		return nil
	}
	rest, _ := io.ReadAll(s.said)
	return fmt.Errorf("%s%s (%w)", line, rest, err)
}

// start is nil, nil when there is no PostgreSQL on this machine.
func start() (*Server, error) {
	programs := programFolder()
	if programs == "" {
		return nil, nil
	}
	var err error
	for range 3 { // somebody may take the port that was free
		var s *Server
		if s, err = startAt(programs); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func programFolder() string {
	if program, err := exec.LookPath("initdb"); err == nil {
		if program, err = filepath.EvalSymlinks(program); err == nil {
			return filepath.Dir(program)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

func startAt(programs string) (*Server, error) {
	dir, err := os.MkdirTemp("", "counterpart-postgres-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", script, "postgrestest", programs, dir, strconv.Itoa(port))
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // ^C is for the test: the script sees its end
	if os.Geteuid() == 0 {                                // PostgreSQL refuses to run as root
		if cmd.SysProcAttr.Credential, err = unprivileged(dir); err != nil {
			return nil, err
		}
	}
	control, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{url: fmt.Sprintf("postgres://counterpart@127.0.0.1:%d/postgres?sslmode=disable", port), control: control, said: bufio.NewReader(said)}
	return s, s.wait()
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// unprivileged gives the folder to a user who is not root.
func unprivileged(dir string) (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, errUser := strconv.Atoi(u.Uid)
	gid, errGroup := strconv.Atoi(u.Gid)
	if errUser != nil || errGroup != nil {
		return nil, fmt.Errorf("the user %s has no number", u.Username)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
}
