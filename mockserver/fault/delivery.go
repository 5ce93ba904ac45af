package fault

import (
	"context"
	"net/http"
	"time"
)

// Delivery is how an answer gets to the client.
type Delivery struct {
	Delay time.Duration // before any of it is sent

	part []byte     // of the body, what is sent of it
	cut  bool       // the connection ends behind part
	rate int        // bytes of part in a second; 0 for all at once
	end  connection // what becomes of the connection in the place of the answer; "" for nothing
	head []byte     // what is sent before it is closed
}

// Wait waits for so long in real time, or until ctx ends, with its error.
type Wait func(ctx context.Context, d time.Duration) error

// Send sends a status and what the client gets of the body; w has the header. Where that is not all, it ends with the
// panic [http.ErrAbortHandler], which closes the connection, or the stream of HTTP/2. A client that takes nothing is cut
// off patience after the time that the delivery takes by itself.
func (d *Delivery) Send(ctx context.Context, w http.ResponseWriter, status int, wait Wait, patience time.Duration) {
	d.extend(http.NewResponseController(w), patience)
	if d.Delay > 0 && wait(ctx, d.Delay) != nil {
		panic(http.ErrAbortHandler)
	}
	if d.end != "" {
		d.sever(w)
		return
	}
	w.WriteHeader(status)
	if !d.body(w, func(pause time.Duration) error { return wait(ctx, pause) }) {
		panic(http.ErrAbortHandler)
	}
}

// body sends what the client gets of the body; it says whether that was all.
func (d *Delivery) body(w http.ResponseWriter, wait func(time.Duration) error) bool {
	if d.rate > 0 {
		return d.drawOut(w, wait) && !d.cut
	}
	_, err := w.Write(d.part)
	if !d.cut {
		return err == nil
	}
	_ = http.NewResponseController(w).Flush() // the panic would keep it back
	return false
}

// extend moves the deadlines of the connection, also that of reading: when it passes, the request's context ends. Where
// there is no connection there are none.
func (d *Delivery) extend(c *http.ResponseController, patience time.Duration) {
	if takes := d.takes(); takes > 0 {
		end := time.Now().Add(takes + patience)
		_, _ = c.SetReadDeadline(end), c.SetWriteDeadline(end)
	}
}

// takes is how long it takes by itself.
func (d *Delivery) takes() time.Duration {
	if d.rate == 0 {
		return d.Delay
	}
	return d.Delay + time.Duration(float64(len(d.part))/float64(d.rate)*float64(time.Second))
}
