package mockserver

import (
	"context"

	"github.com/counterpart-go/counterpart/generated/control"
)

func (c *controlAPI) ListFaults(context.Context, control.ListFaultsRequestObject) (control.ListFaultsResponseObject, error) {
	return control.ListFaults200JSONResponse{Faults: c.faults.List()}, nil
}

func (c *controlAPI) AddFault(ctx context.Context, r control.AddFaultRequestObject) (control.AddFaultResponseObject, error) {
	if err := exactly(ctx, r.Body); err != nil {
		return nil, err
	}
	added, err := c.faults.Add(*r.Body)
	return control.AddFault201JSONResponse(added), unfitFault(err)
}

func (c *controlAPI) DeleteFaults(context.Context, control.DeleteFaultsRequestObject) (control.DeleteFaultsResponseObject, error) {
	c.faults.Clear()
	return control.DeleteFaults204Response{}, nil
}

func (c *controlAPI) GetFault(_ context.Context, r control.GetFaultRequestObject) (control.GetFaultResponseObject, error) {
	f, ok := c.faults.Get(r.ID)
	if !ok {
		return nil, noSuch(r.ID)
	}
	return control.GetFault200JSONResponse(f), nil
}

func (c *controlAPI) PutFault(ctx context.Context, r control.PutFaultRequestObject) (control.PutFaultResponseObject, error) {
	if err := exactly(ctx, r.Body); err != nil {
		return nil, err
	}
	r.Body.ID = r.ID
	changed, err := c.faults.Put(*r.Body)
	return control.PutFault200JSONResponse(changed), unfitFault(err)
}

func (c *controlAPI) DeleteFault(_ context.Context, r control.DeleteFaultRequestObject) (control.DeleteFaultResponseObject, error) {
	if !c.faults.Delete(r.ID) {
		return nil, noSuch(r.ID)
	}
	return control.DeleteFault204Response{}, nil
}
