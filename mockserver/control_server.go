package mockserver

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/common/expfmt"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/openapi"
)

// healthy says that the process lives.
var healthy = control.Health{Status: "ok"}

// readyTime is how long the store has to say that it is there.
const readyTime = 2 * time.Second

// ready says that requests would be carried out; it is false while the store is away.
func (s *Server) ready(ctx context.Context) (control.Health, bool) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	err := s.store.Ping(ctx)
	if err == nil {
		return control.Health{Status: "ready"}, true
	}
	var away *UnavailableError
	if !errors.As(err, &away) {
		away = &UnavailableError{Err: err}
	}
	return control.Health{Status: "unavailable", Reason: away.Error()}, false
}

func (c *controlAPI) answerHealth(e echo.Context) error { return e.JSON(http.StatusOK, healthy) }

func (c *controlAPI) answerReadiness(e echo.Context) error {
	health, ok := c.ready(e.Request().Context())
	if !ok {
		e.Response().Header().Set("Retry-After", "1")
		return e.JSON(http.StatusServiceUnavailable, health)
	}
	return e.JSON(http.StatusOK, health)
}

func (c *controlAPI) answerMetrics(e echo.Context) error {
	text, err := c.metrics.text()
	if err != nil {
		return err
	}
	return e.Blob(http.StatusOK, string(expfmt.NewFormat(expfmt.TypeTextPlain)), text)
}

func (c *controlAPI) GetHealth(context.Context, control.GetHealthRequestObject) (control.GetHealthResponseObject, error) {
	return control.GetHealth200JSONResponse(healthy), nil
}

func (c *controlAPI) GetReadiness(ctx context.Context, _ control.GetReadinessRequestObject) (control.GetReadinessResponseObject, error) {
	health, ok := c.ready(ctx)
	if !ok {
		return control.GetReadiness503JSONResponse{Body: health, Headers: control.GetReadiness503ResponseHeaders{RetryAfter: "1"}}, nil
	}
	return control.GetReadiness200JSONResponse(health), nil
}

func (c *controlAPI) GetMetrics(context.Context, control.GetMetricsRequestObject) (control.GetMetricsResponseObject, error) {
	text, err := c.metrics.text()
	return control.GetMetrics200TextResponse(text), err
}

func (c *controlAPI) ListDocuments(context.Context, control.ListDocumentsRequestObject) (control.ListDocumentsResponseObject, error) {
	list := control.ListDocuments200JSONResponse{Documents: []control.Document{}}
	for _, v := range c.site.Load().services {
		d := control.Document{Title: v.spec.Title, Version: v.spec.Version, Project: v.spec.ProjectParameter(), Bases: []string{}, Operations: []control.Operation{}}
		for _, base := range v.bases {
			if base == "" {
				base = "/"
			}
			d.Bases = append(d.Bases, base)
		}
		for _, op := range v.spec.Operations() {
			d.Operations = append(d.Operations, control.Operation{ID: op.ID, Method: op.Method, Path: op.Path, Summary: op.Summary, Tags: op.Tags})
		}
		list.Documents = append(list.Documents, d)
	}
	return list, nil
}

func (c *controlAPI) GetDocument(_ context.Context, r control.GetDocumentRequestObject) (control.GetDocumentResponseObject, error) {
	services := c.site.Load().services
	if r.Number >= len(services) {
		return nil, noSuch(strconv.Itoa(r.Number))
	}
	text, err := services[r.Number].spec.Document(openapi.DocumentOptions{JSON: true})
	return documentText(text), err
}

// documentText is a document as it is written.
type documentText []byte

func (t documentText) VisitGetDocumentResponse(w http.ResponseWriter) error {
	return writeJSON(w, openapi.NewText(bytes.TrimSpace(t)))
}

func (c *controlAPI) Reset(ctx context.Context, r control.ResetRequestObject) (control.ResetResponseObject, error) {
	return control.Reset204Response{}, interrupted(c.Server.Reset(ctx, r.Params.Project))
}
