package mockserver

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/journal"
	"github.com/counterpart-go/counterpart/openapi"
)

// Exchange is a request and its answer as the journal tells them: without secrets.
type Exchange = control.Exchange

// JournalFilter says which exchanges the journal is asked for; the zero value is all.
type JournalFilter = control.ListExchangesParams

// Expectation is the calls that a test expects the journal to have.
type Expectation = control.Expectation

// Call is one of them: which requests, and how many.
type Call = control.Call

// Verdict says whether an expectation is met, and of each of its calls why not.
type Verdict = control.Verdict

// usualExchanges is how many exchanges are listed when nobody says how many.
const usualExchanges = 100

func (c *controlAPI) ListExchanges(ctx context.Context, r control.ListExchangesRequestObject) (control.ListExchangesResponseObject, error) {
	filter := r.Params
	filter.Limit = cmp.Or(filter.Limit, usualExchanges)
	if filter.WaitMs == 0 {
		return control.ListExchanges200JSONResponse(c.journal.Query(filter)), nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(filter.WaitMs)*time.Millisecond)
	defer cancel()
	return control.ListExchanges200JSONResponse(c.journal.Wait(ctx, filter)), nil
}

func (c *controlAPI) ClearJournal(_ context.Context, r control.ClearJournalRequestObject) (control.ClearJournalResponseObject, error) {
	c.journal.Clear(r.Params.Project)
	return control.ClearJournal204Response{}, nil
}

func (c *controlAPI) GetExchange(_ context.Context, r control.GetExchangeRequestObject) (control.GetExchangeResponseObject, error) {
	exchange, found := c.journal.Exchange(r.RequestID)
	if !found {
		return nil, noSuch(r.RequestID)
	}
	return control.GetExchange200JSONResponse(exchange), nil
}

func (c *controlAPI) ExportHAR(_ context.Context, r control.ExportHARRequestObject) (control.ExportHARResponseObject, error) {
	return control.ExportHAR200JSONResponse(c.journal.HAR(JournalFilter{Project: r.Params.Project})), nil
}

func (c *controlAPI) VerifyCalls(ctx context.Context, r control.VerifyCallsRequestObject) (control.VerifyCallsResponseObject, error) {
	if err := exactly(ctx, r.Body); err != nil {
		return nil, err
	}
	verdict, err := c.journal.Verify(*r.Body)
	var unmet *journal.ExpectationError
	if errors.As(err, &unmet) {
		return nil, &refusal{reason: openapi.Invalid, violations: unmet.Violations}
	}
	return control.VerifyCalls200JSONResponse(verdict), err
}
