package fault

import (
	"net/http"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// slow draws the body out. What would take more than ten minutes is not sent any more.
type slow control.Slow

func (s slow) carry(d *Delivery, _ *openapi.Response, _ draw) bool {
	if len(d.part) == 0 {
		return false
	}
	d.rate = s.BytesPerSecond
	if most := int64(d.rate) * int64(longest/time.Second); int64(len(d.part)) > most {
		d.part, d.cut = d.part[:most], true
	}
	return true
}

func (slow) unfit(operations []*openapi.Operation) openapi.Violations {
	return wantBodies("/slow", operations)
}

// bursts is in how many pieces a second a slow body comes, if that many bytes come.
const bursts = 20

// draw sends the body at the rate; it says whether all was sent.
func (d *Delivery) drawOut(w http.ResponseWriter, wait func(time.Duration) error) bool {
	size := max(d.rate/bursts, 1)
	flush := http.NewResponseController(w)
	for rest := d.part; len(rest) > 0; {
		piece := rest[:min(size, len(rest))]
		rest = rest[len(piece):]
		if wait(time.Duration(len(piece))*time.Second/time.Duration(d.rate)) != nil {
			return false
		}
		if _, err := w.Write(piece); err != nil {
			return false
		}
		_ = flush.Flush() // who cannot gets it all at once
	}
	return true
}
