package fault

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// connection ends the connection in the place of the answer.
type connection control.FaultConnection

// carry takes the first that ends the connection.
func (c connection) carry(d *Delivery, answer *openapi.Response, _ draw) bool {
	if d.end != "" {
		return false
	}
	d.end, d.head, d.part = c, halfHead(answer), nil
	*answer = openapi.Response{Header: http.Header{}}
	return true
}

// halfHead is the first half of an answer's header (RFC 9112, section 2.1). The length of the body comes first: without
// it there are clients that take what they got for an answer without a body. Where there is no body, it is half of the
// status line.
func halfHead(answer *openapi.Response) []byte {
	line := fmt.Sprintf("HTTP/1.1 %d %s\r\n", answer.Status, http.StatusText(answer.Status))
	if len(answer.Body) == 0 {
		return []byte(line[:len(line)/2])
	}
	var rest bytes.Buffer
	_, _ = fmt.Fprintf(&rest, "Content-Length: %d\r\n", len(answer.Body))
	_ = answer.Header.Write(&rest) // a buffer takes everything
	return append([]byte(line), rest.Bytes()[:rest.Len()/2]...)
}

func (connection) unfit([]*openapi.Operation) openapi.Violations { return nil }

// sever ends the connection below the answer. Over HTTP/2, whose connection is not the answer's alone, the stream is
// reset; where there is no socket, the handler ends with [http.ErrAbortHandler].
func (d *Delivery) sever(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if d.end == connection(control.FaultConnectionReset) {
		reset(conn)
		return
	}
	_, _ = conn.Write(d.head)
	_ = conn.Close()
}

// reset closes with a RST in the place of a FIN: what lingers is thrown away. TLS is not told, it would say goodbye.
func reset(conn net.Conn) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if tcp, ok := socketOf(conn).(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// socketOf is the connection below all others.
func socketOf(conn net.Conn) net.Conn {
	for {
		outer, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn
		}
		conn = outer.NetConn()
	}
}
