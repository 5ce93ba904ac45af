//go:build !unix

package postgrestest

import "testing"

// Server is a PostgreSQL that a test may stop and start again: on this system there is none.
type Server struct{}

// Start skips the test.
func Start(t testing.TB) string {
	t.Skip("PostgreSQL is tested on Unix only")
	return ""
}

// Own skips the test.
func Own(t testing.TB) *Server {
	t.Skip("PostgreSQL is tested on Unix only")
	return nil
}

// Database is never called.
func (s *Server) Database(testing.TB) string { return "" }

// Cut is never called.
func (s *Server) Cut(testing.TB, string) {}

// Stop is never called.
func (s *Server) Stop(testing.TB) {}

// Restart is never called.
func (s *Server) Restart(testing.TB) {}
