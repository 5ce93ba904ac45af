package mockserver

import (
	"context"

	"github.com/counterpart-go/counterpart/generated/control"
)

func (c *controlAPI) ListStubs(context.Context, control.ListStubsRequestObject) (control.ListStubsResponseObject, error) {
	return control.ListStubs200JSONResponse{Stubs: c.stubs.List()}, nil
}

func (c *controlAPI) AddStub(ctx context.Context, r control.AddStubRequestObject) (control.AddStubResponseObject, error) {
	if err := exactly(ctx, r.Body); err != nil {
		return nil, err
	}
	added, err := c.stubs.Add(*r.Body)
	return control.AddStub201JSONResponse(added), stubRefused(err)
}

func (c *controlAPI) DeleteStubs(context.Context, control.DeleteStubsRequestObject) (control.DeleteStubsResponseObject, error) {
	c.stubs.Clear()
	return control.DeleteStubs204Response{}, nil
}

func (c *controlAPI) GetStub(_ context.Context, r control.GetStubRequestObject) (control.GetStubResponseObject, error) {
	found, ok := c.stubs.Get(r.ID)
	if !ok {
		return nil, noSuch(r.ID)
	}
	return control.GetStub200JSONResponse(found), nil
}

func (c *controlAPI) PutStub(ctx context.Context, r control.PutStubRequestObject) (control.PutStubResponseObject, error) {
	if err := exactly(ctx, r.Body); err != nil {
		return nil, err
	}
	r.Body.ID = r.ID
	changed, err := c.stubs.Put(*r.Body)
	return control.PutStub200JSONResponse(changed), stubRefused(err)
}

func (c *controlAPI) DeleteStub(_ context.Context, r control.DeleteStubRequestObject) (control.DeleteStubResponseObject, error) {
	if !c.stubs.Delete(r.ID) {
		return nil, noSuch(r.ID)
	}
	return control.DeleteStub204Response{}, nil
}

func (c *controlAPI) ListScenarios(context.Context, control.ListScenariosRequestObject) (control.ListScenariosResponseObject, error) {
	return control.ListScenarios200JSONResponse{Scenarios: c.stubs.Scenarios()}, nil
}

func (c *controlAPI) ResetScenarios(context.Context, control.ResetScenariosRequestObject) (control.ResetScenariosResponseObject, error) {
	c.stubs.ResetScenarios()
	return control.ResetScenarios204Response{}, nil
}

func (c *controlAPI) PutScenario(_ context.Context, r control.PutScenarioRequestObject) (control.PutScenarioResponseObject, error) {
	if !c.stubs.PutScenario(r.Name, r.Body.State) {
		return nil, noSuch(r.Name)
	}
	return control.PutScenario204Response{}, nil
}
