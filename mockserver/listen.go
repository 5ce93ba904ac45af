package mockserver

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// HTTPServer is a [http.Server] that answers with the mock and keeps the limits that only a server can keep: those on
// headers, connections and times. Serve it on [Server.Listener]; TLS, when wanted, is the caller's to configure.
func (s *Server) HTTPServer() *http.Server {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.limits.HeaderTime,
		ReadTimeout:       s.limits.BodyTime,
		WriteTimeout:      s.limits.WriteTime,
		IdleTimeout:       s.limits.IdleTime,
		MaxHeaderBytes:    int(s.limits.Header),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100, MaxReadFrameSize: 64 << 10},
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(s.journal.Close) // a request that waits for exchanges would hold it up
	server.RegisterOnShutdown(s.hurry)         // it waits for all answers, also for those that a fault holds back
	return server
}

// Listener takes no more connections from l than the limit allows: what comes beyond it is told to try again later,
// and closed.
func (s *Server) Listener(l net.Listener) net.Listener {
	return &countedListener{Listener: l, most: int64(s.limits.Connections), open: &s.connections}
}

// countedListener keeps accepting when it is full, so that a client learns at once that the server is, and does not
// wait in the queue of the kernel.
type countedListener struct {
	net.Listener

	most int64
	open *atomic.Int64
}

func (l *countedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.most {
			return &countedConn{Conn: conn, open: l.open}, nil
		}
		l.open.Add(-1)
		turnAway(conn)
	}
}

const fullAnswer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 41\r\n\r\nthe server has no room for a connection.\n"

// turnAway must not make the next client wait: what does not fit into the kernel's buffer at once is not sent. A client
// that speaks TLS sees a closed connection.
func turnAway(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	_, _ = io.WriteString(conn, fullAnswer)
	_ = conn.Close()
}

// countedConn gives its place back when it is closed.
type countedConn struct {
	net.Conn

	open *atomic.Int64
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// NetConn lets crypto/tls and net/http find the connection below.
func (c *countedConn) NetConn() net.Conn { return c.Conn }
