package mockserver

import (
	"context"
	"fmt"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

func (c *controlAPI) GetClock(context.Context, control.GetClockRequestObject) (control.GetClockResponseObject, error) {
	return control.GetClock200JSONResponse(c.clock.shown()), nil
}

func (c *controlAPI) SetClock(_ context.Context, r control.SetClockRequestObject) (control.SetClockResponseObject, error) {
	if now := r.Body.Now; !now.IsZero() && !showable(now) {
		return nil, badField("/now", "it is before 1970 or after 9999: use a time between")
	}
	c.clock.tell(*r.Body)
	return control.SetClock200JSONResponse(c.clock.shown()), nil
}

func (c *controlAPI) ResetClock(context.Context, control.ResetClockRequestObject) (control.ResetClockResponseObject, error) {
	c.clock.Reset()
	return control.ResetClock204Response{}, nil
}

func (c *controlAPI) AdvanceClock(_ context.Context, r control.AdvanceClockRequestObject) (control.AdvanceClockResponseObject, error) {
	step := time.Duration(r.Body.Ms) * time.Millisecond
	if to := c.clock.Now().Add(step); !showable(to) {
		return nil, badField("/ms", fmt.Sprintf("it leads to the year %d, and the last is 9999", to.UTC().Year()))
	}
	c.clock.Advance(step)
	return control.AdvanceClock200JSONResponse(c.clock.shown()), nil
}

// shown is how the control API shows the clock: in UTC, as everything else that the mock says of time.
func (c *Clock) shown() control.Clock {
	return control.Clock{Now: c.Now().UTC(), Frozen: c.Frozen()}
}

// showable says whether the time can be written in every way that documents ask for: as a count since 1970, and with a
// year of four digits (RFC 3339, section 1).
func showable(t time.Time) bool {
	return t.Unix() >= 0 && t.UTC().Year() <= 9999
}

// badField refuses the body of a control request for what it says at the pointer.
func badField(pointer, detail string) error {
	return &refusal{reason: openapi.Invalid, violations: openapi.Violations{wrong(pointer, detail)}}
}

func wrong(pointer, detail string) openapi.Violation {
	return openapi.Violation{In: openapi.InBody, Pointer: pointer, Detail: detail}
}
