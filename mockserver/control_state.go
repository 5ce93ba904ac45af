package mockserver

import (
	"context"
	"errors"
	"net/http"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

func (c *controlAPI) ExportState(ctx context.Context, r control.ExportStateRequestObject) (control.ExportStateResponseObject, error) {
	state, err := c.export(ctx, r.Params.Project, c.limits.Body)
	var much *tooMuchError
	if errors.As(err, &much) {
		return nil, &refusal{reason: openapi.Invalid, violations: openapi.Violations{
			{In: openapi.InQuery, Name: "project", Detail: much.Error()}}}
	}
	return exportedState(state), interrupted(err)
}

// exportedState is written from the stored texts.
type exportedState State

func (s exportedState) VisitExportStateResponse(w http.ResponseWriter) error {
	collections := make([]any, len(s.Collections))
	for i, c := range s.Collections {
		items := make([]any, len(c.Items))
		for j, item := range c.Items {
			shown := map[string]any{"id": item.ID, "body": openapi.NewText(item.Body)}
			if item.Number > 0 {
				shown["number"] = number(int(item.Number))
			}
			items[j] = shown
		}
		shown := map[string]any{"name": c.Name, "items": items}
		for name, value := range map[string]string{"document": c.Document, "project": c.Project} {
			if value != "" {
				shown[name] = value
			}
		}
		collections[i] = shown
	}
	return writeJSON(w, map[string]any{"collections": collections})
}

func (c *controlAPI) ImportState(ctx context.Context, r control.ImportStateRequestObject) (control.ImportStateResponseObject, error) {
	return control.ImportState204Response{}, refusedState(c.Import(ctx, *r.Body))
}

func (c *controlAPI) AddState(ctx context.Context, r control.AddStateRequestObject) (control.AddStateResponseObject, error) {
	return control.AddState204Response{}, refusedState(c.Load(ctx, *r.Body))
}

func (c *controlAPI) ClearState(ctx context.Context, r control.ClearStateRequestObject) (control.ClearStateResponseObject, error) {
	return control.ClearState204Response{}, interrupted(c.Clear(ctx, r.Params.Project))
}

func refusedState(err error) error {
	var broken *StateError
	if errors.As(err, &broken) {
		return &refusal{reason: openapi.Invalid, violations: broken.Violations}
	}
	return interrupted(err)
}
