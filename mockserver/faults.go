package mockserver

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/fault"
	"github.com/counterpart-go/counterpart/openapi"
)

// Fault is what goes wrong on purpose, with which requests: the same in Go, in the control API and in the
// configuration. docs/faults.md describes its kinds.
type Fault = control.Fault

// Latency is the part of a [Fault] that holds answers back.
type Latency = control.Latency

// Throttle is the part of a [Fault] that lets only so many requests through.
type Throttle = control.Throttle

// StatusFault is the part of a [Fault] that gives another answer of the document.
type StatusFault = control.StatusFault

// Breach is the part of a [Fault] that breaks the document at one place of an answer.
type Breach = control.Breach

// Truncate is the part of a [Fault] that ends a body too early.
type Truncate = control.Truncate

// Slow is the part of a [Fault] that lets a body come slowly.
type Slow = control.Slow

// FaultConnection is how a [Fault] ends a connection.
type FaultConnection = control.FaultConnection

// What the parts of a [Fault] choose from.
const (
	LatencyFixed     = control.LatencyDistributionFixed
	LatencyUniform   = control.LatencyDistributionUniform
	LatencyLognormal = control.LatencyDistributionLognormal

	BreachDrop     = control.BreachHowDrop
	BreachType     = control.BreachHowType
	BreachEmbedded = control.BreachHowEmbedded

	ConnectionReset = control.FaultConnectionReset
	ConnectionClose = control.FaultConnectionClose
)

// Fault adds faults, or changes those whose ids are known: all of them or, on a [*fault.Error], none. The pointers of the
// error begin with the place of the fault.
func (s *Server) Fault(faults ...Fault) error {
	if err := s.allowFaults(faults); err != nil {
		return err
	}
	_, err := s.faults.Swap(nil, faults)
	return err
}

// Faults are all faults in the order in which they are applied, with how many requests they were meant for and on how
// many they acted.
func (s *Server) Faults() []Fault { return s.faults.List() }

// ClearFaults takes all faults away.
func (s *Server) ClearFaults() { s.faults.Clear() }

// allowFaults holds what Go code gives to the schema that holds what comes over the wire. The error is a [*fault.Error].
func (s *Server) allowFaults(faults []Fault) error {
	var broken openapi.Violations
	for i, f := range faults {
		violations, err := s.control.judge("addFault", f)
		if err != nil {
			return err
		}
		broken = append(broken, violations.Below("/"+strconv.Itoa(i))...)
	}
	if len(broken) > 0 {
		return &fault.Error{Violations: broken}
	}
	return nil
}

// resetFaults puts those of the configuration in the place of all there are.
func (s *Server) resetFaults() {
	s.faults.Clear()
	if _, err := s.faults.Swap(nil, s.configured.Load().Faults); err != nil { // a document has changed since
		s.log.Warn("faults of the configuration do not fit the documents that are served now", "reason", err.Error())
	}
}

// disturb lets faults refuse the request, or answer it in another way. They act whether or not it is sound, as a gateway
// throttles before anybody looks into a request.
func (s *Server) disturb(x *exchange) error {
	if s.faults.Empty() {
		return nil
	}
	x.disturbed = s.faults.Choose(x.asked())
	if wait, refused := x.disturbed.Throttle(s.options.Now()); refused {
		return throttled(wait)
	}
	other, ok := x.disturbed.Status(x.operation)
	if !ok {
		return nil
	}
	if err := s.describedAnswer(x, other.Code, x.operation.Answer(other.Code), preference{example: other.Example}); err != nil {
		return err
	}
	return errAnswered
}

// throttled refuses a request that comes too early, with the whole seconds until one would be let through.
func throttled(wait time.Duration) error {
	seconds := max(1, (wait+time.Second-1)/time.Second)
	return &refusal{reason: openapi.Throttled, values: map[string]string{retryAfterValue: strconv.FormatInt(int64(seconds), 10)}}
}

// spoil lets faults change the answer, once it has been checked, and how it gets to the client.
func (s *Server) spoil(x *exchange) {
	if x.disturbed == nil {
		return
	}
	x.disturbed.Spoil(x.operation, &x.answer)
	x.delivery = x.disturbed.Delivery(&x.answer)
	x.faults = x.disturbed.Acted()
}

// heldBack is how long a fault holds the answer back, beside the time that it took to make.
func (x *exchange) heldBack() time.Duration {
	if x.delivery == nil {
		return 0
	}
	return x.delivery.Delay
}

// send sends the answer, in the way that faults let it.
func (s *Server) send(x *exchange) error {
	if x.delivery == nil {
		return x.send()
	}
	w, ctx := x.out, x.Request().Context()
	if framework, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		w = framework.Unwrap() // the framework's writer panics where it cannot flush
	}
	x.sendHeader()
	x.forget()
	x.delivery.Send(ctx, w, x.answer.Status, s.options.Wait, s.limits.WriteTime)
	return nil
}

// forget lets go of the request: who waits for long holds no more than the answer.
func (x *exchange) forget() {
	x.request = openapi.Request{}
	if x.unread != nil {
		x.unread.Reset(nil)
	}
	x.SetRequest(new(http.Request)) // which may hold what was made of the body
}

// wait is in real time. The end of the server is the end of the wait too, and no error: the answer is sent.
func (s *Server) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ending:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// unfitFault refuses a fault that could never act.
func unfitFault(err error) error {
	var never *fault.Error
	if errors.As(err, &never) {
		return &refusal{reason: openapi.Invalid, violations: never.Violations}
	}
	return err
}
