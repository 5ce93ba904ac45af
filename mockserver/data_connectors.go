package mockserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/counterpart-go/counterpart/generated"
	"github.com/counterpart-go/counterpart/openapi"
)

// DataConnectorOptions are the choices of the data connections API. The zero value knows every well-formed RDS
// instance and lets every connection be deleted.
type DataConnectorOptions struct {
	// Instances are the RDS instances that exist; any other is refused. Nil: every well-formed id exists.
	Instances []string
	// Clusters are the ids of the clusters that use a connection, by its name.
	Clusters map[string][]string
	// KeepUsed refuses to delete a connection that clusters use. The sources contradict each other; the user guide
	// allows it.
	KeepUsed bool
}

// dataConnectors implements the operations on data connections. What a list shows of a connection is made when the
// connection is written, by the document's own rules: the password is never even stored.
type dataConnectors struct {
	o        DataConnectorOptions
	store    Store
	ids      *ids
	now      func() time.Time
	item     *openapi.Schema // of a listed connection
	updated  generated.UpdateDataConnectorResult
	pageSize int
}

var _ generated.StrictServerInterface = (*dataConnectors)(nil)

// dataConnectorHandlers are the handlers by operation id; none when the document is about something else.
func dataConnectorHandlers(o Options) map[string]echo.HandlerFunc {
	list, update := o.Spec.Operation("listDataConnectors"), o.Spec.Operation("updateDataConnector")
	if list == nil || update == nil {
		return nil
	}
	h := &dataConnectors{o: o.DataConnectors, store: o.Store, ids: newIDs(o.Seed, "connector"), now: o.Now,
		item: list.Answer(http.StatusOK).Content[0].Schema.Inside("/data_connectors/-"), pageSize: defaultLimit(list)}
	h.updated.Result = documentedResult(update)
	w := generated.ServerInterfaceWrapper{Handler: generated.NewStrictHandler(h, nil)}
	return map[string]echo.HandlerFunc{
		"createDataConnector": w.CreateDataConnector,
		"listDataConnectors":  w.ListDataConnectors,
		"updateDataConnector": w.UpdateDataConnector,
		"deleteDataConnector": w.DeleteDataConnector,
	}
}

// documentedResult is what the document's example says a successful update answers: an overlay changes it.
func documentedResult(update *openapi.Operation) generated.UpdateDataConnectorResultResult {
	for _, example := range update.Answer(http.StatusOK).Content[0].Examples {
		if result, ok := openapi.Lookup(example.Value, "/result"); ok {
			return generated.UpdateDataConnectorResultResult(fmt.Sprint(result))
		}
	}
	return generated.UpdateDataConnectorResultResultSucceeded
}

func defaultLimit(list *openapi.Operation) int {
	for _, p := range list.Parameters {
		if p.Name == "limit" {
			value, _ := p.Default()
			limit, _ := strconv.Atoi(fmt.Sprint(value))
			return limit
		}
	}
	return 0
}

func collectionOf(project string) string { return "data-connectors/" + project }

func (h *dataConnectors) CreateDataConnector(ctx context.Context, r generated.CreateDataConnectorRequestObject) (generated.CreateDataConnectorResponseObject, error) {
	if err := h.knowsInstance(r.Body.DataConnector); err != nil {
		return nil, err
	}
	id, now := h.ids.next(), h.now()
	d, err := h.document(id, r.ProjectId, r.Body.DataConnector, now, now)
	if err != nil {
		return nil, err
	}
	err = h.store.Update(ctx, collectionOf(r.ProjectId), func(c Collection) error {
		if err := nameIsFree(c, d); err != nil {
			return err
		}
		return c.Put(d)
	})
	if err != nil {
		return nil, err
	}
	return generated.CreateDataConnector201JSONResponse{
		Body:    generated.CreateDataConnectorResult{ConnectorId: id},
		Headers: generated.CreateDataConnector201ResponseHeaders{XRequestId: requestIDOf(ctx)},
	}, nil
}

func (h *dataConnectors) ListDataConnectors(ctx context.Context, r generated.ListDataConnectorsRequestObject) (generated.ListDataConnectorsResponseObject, error) {
	p := r.Params
	q := Query{Equal: map[string]string{}, Limit: h.pageSize}
	if p.ConnectorId != nil {
		q.Equal["connector_id"] = *p.ConnectorId
	}
	if p.SourceType != nil {
		q.Equal["source_type"] = string(*p.SourceType)
	}
	if p.ConnectorName != nil {
		q.Equal["connector_name"] = *p.ConnectorName
	}
	if p.Available != nil {
		q.Equal["available"] = strconv.FormatBool(*p.Available)
	}
	if p.Limit != nil {
		q.Limit = int(*p.Limit)
	}
	if p.Offset != nil {
		q.Offset = int(*p.Offset)
	}
	page := connectorPage{requestID: requestIDOf(ctx)}
	err := h.store.View(ctx, collectionOf(r.ProjectId), func(c Collection) (err error) {
		page.items, page.total, err = c.List(q)
		return err
	})
	return page, err
}

// connectorPage is an answer made of stored JSON: decoding each connection only to encode it again would cost most
// of the time of a list, and the type of source_info depends on the overlays.
type connectorPage struct {
	requestID string
	total     int
	items     []Document
}

func (p connectorPage) VisitListDataConnectorsResponse(w http.ResponseWriter) error {
	b := append(make([]byte, 0, 64+512*len(p.items)), `{"total_count":`...)
	b = append(strconv.AppendInt(b, int64(p.total), 10), `,"data_connectors":[`...)
	for i, d := range p.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, d.Body...)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Request-Id", p.requestID)
	_, err := w.Write(append(b, "]}\n"...))
	return err
}

func (h *dataConnectors) UpdateDataConnector(ctx context.Context, r generated.UpdateDataConnectorRequestObject) (generated.UpdateDataConnectorResponseObject, error) {
	if err := h.knowsInstance(r.Body.DataConnector); err != nil {
		return nil, err
	}
	err := h.store.Update(ctx, collectionOf(r.ProjectId), func(c Collection) error {
		kept, err := get(c, r.ConnectorId)
		if err != nil {
			return err
		}
		if passed, is := string(r.Body.DataConnector.SourceType), kept.Keys["source_type"]; passed != is {
			return &refusal{reason: openapi.Fixed, values: map[string]string{"value": passed, "kept": is}}
		}
		var times struct {
			Created int64 `json:"create_time"`
		}
		if err := json.Unmarshal(kept.Body, &times); err != nil {
			return fmt.Errorf("the stored connection %s: %w", kept.ID, err)
		}
		d, err := h.document(kept.ID, r.ProjectId, r.Body.DataConnector, time.UnixMilli(times.Created), h.now())
		if err != nil {
			return err
		}
		if err := nameIsFree(c, d); err != nil {
			return err
		}
		return c.Put(d)
	})
	if err != nil {
		return nil, err
	}
	return generated.UpdateDataConnector200JSONResponse{Body: h.updated,
		Headers: generated.UpdateDataConnector200ResponseHeaders{XRequestId: requestIDOf(ctx)}}, nil
}

func (h *dataConnectors) DeleteDataConnector(ctx context.Context, r generated.DeleteDataConnectorRequestObject) (generated.DeleteDataConnectorResponseObject, error) {
	err := h.store.Update(ctx, collectionOf(r.ProjectId), func(c Collection) error {
		kept, err := get(c, r.ConnectorId)
		if err != nil {
			return err
		}
		if h.o.KeepUsed && len(h.o.Clusters[kept.Keys["connector_name"]]) > 0 {
			return &refusal{reason: openapi.InUse, values: map[string]string{"id": kept.ID}}
		}
		_, err = c.Delete(kept.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return generated.DeleteDataConnector204Response{Headers: generated.DeleteDataConnector204ResponseHeaders{XRequestId: requestIDOf(ctx)}}, nil
}

// document makes what is stored and listed. Ids of users are constant: nobody is authenticated.
func (h *dataConnectors) document(id, project string, d generated.DataConnector, created, updated time.Time) (Document, error) {
	shown := map[string]any{
		"connector_id": id, "connector_name": d.ConnectorName, "source_type": string(d.SourceType), "source_info": d.SourceInfo,
		"create_time": created.UnixMilli(), "last_update_time": updated.UnixMilli(),
		"create_by": "counterpart", "create_user": "counterpart", "last_update_by": "counterpart", "tenant_id": project,
		"status": 0, "used_clusters": strings.Join(h.o.Clusters[d.ConnectorName], ","), "encrypt_type": 0,
	}
	body, err := json.Marshal(h.item.Project(shown))
	keys := map[string]string{"connector_id": id, "connector_name": d.ConnectorName, "source_type": string(d.SourceType), "available": "true"}
	return Document{ID: id, Keys: keys, Body: body}, err
}

func get(c Collection, id string) (Document, error) {
	d, ok, err := c.Get(id)
	if err == nil && !ok {
		err = &refusal{reason: openapi.UnknownID, values: map[string]string{"id": id}}
	}
	return d, err
}

// nameIsFree refuses the name of another connection.
func nameIsFree(c Collection, d Document) error {
	name := d.Keys["connector_name"]
	same, _, err := c.List(Query{Equal: map[string]string{"connector_name": name}, Limit: 1})
	if err == nil && len(same) > 0 && same[0].ID != d.ID {
		err = &refusal{reason: openapi.Duplicate, values: map[string]string{"value": name}}
	}
	return err
}

func (h *dataConnectors) knowsInstance(d generated.DataConnector) error {
	if h.o.Instances == nil {
		return nil
	}
	id, _ := openapi.Lookup(map[string]any{"source_info": d.SourceInfo}, "/source_info#/rds_instance_id")
	if text, ok := id.(string); !ok || !slices.Contains(h.o.Instances, text) {
		return &refusal{reason: openapi.UnknownInstance, values: map[string]string{"value": fmt.Sprint(id)}}
	}
	return nil
}
