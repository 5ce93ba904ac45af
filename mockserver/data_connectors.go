package mockserver

import (
	"cmp"
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
	settings *connectorSettings
	store    Store
	ids      *ids
	now      func() time.Time
	item     *openapi.Schema // of a listed connection
	updated  generated.UpdateDataConnectorResult
	pageSize int // of a client that names none; 0 for the most
	mostPage int
}

var _ generated.StrictServerInterface = (*dataConnectors)(nil)

// dataConnectorHandlers are the handlers by operation id, and what knows their state; none when the document is about
// something else.
func dataConnectorHandlers(o Options, settings *connectorSettings) (map[string]echo.HandlerFunc, keeper) {
	list, update := o.Spec.Operation("listDataConnectors"), o.Spec.Operation("updateDataConnector")
	page, updated := successContent(list), successContent(update)
	if page == nil || page.Schema == nil || updated == nil {
		return nil, nil
	}
	h := &dataConnectors{settings: settings, store: o.Store, ids: newIDs(o.Seed, "connector"), now: o.Now,
		item: page.Schema.Inside("/data_connectors/-"), pageSize: defaultLimit(list), mostPage: o.Limits.Page}
	h.updated.Result = documentedResult(updated)
	w := generated.ServerInterfaceWrapper{Handler: generated.NewStrictHandler(h, nil)}
	return map[string]echo.HandlerFunc{
		"createDataConnector": w.CreateDataConnector,
		"listDataConnectors":  w.ListDataConnectors,
		"updateDataConnector": w.UpdateDataConnector,
		"deleteDataConnector": w.DeleteDataConnector,
	}, h
}

// successContent is how an operation answers 200, nil where it does not or is nil itself.
func successContent(op *openapi.Operation) *openapi.MediaType {
	if op == nil {
		return nil
	}
	if answer := op.Answer(http.StatusOK); answer != nil && len(answer.Content) > 0 {
		return answer.Content[0]
	}
	return nil
}

// documentedResult is what the document's example says a successful update answers: an overlay changes it.
func documentedResult(updated *openapi.MediaType) generated.UpdateDataConnectorResultResult {
	for _, example := range updated.Examples {
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

const connectorCollections = "data-connectors/"

func collectionOf(project string) string { return connectorCollections + project }

func (h *dataConnectors) keeps(collection string) bool {
	return strings.HasPrefix(collection, connectorCollections)
}

func (h *dataConnectors) fits(collection string, d *Document) openapi.Violations {
	decoded, err := openapi.DecodeJSON(d.Body.Bytes())
	shown, isObject := decoded.(map[string]any)
	if err != nil || !isObject {
		return openapi.Violations{{In: openapi.InBody, Keyword: "type", Want: `"object"`}}
	}
	broken := h.item.Validate(shown)
	for name, want := range map[string]string{"connector_id": d.ID, "tenant_id": strings.TrimPrefix(collection, connectorCollections)} {
		if is, ok := shown[name].(string); ok && is != want {
			broken = append(broken, openapi.Violation{Pointer: "/" + name, Detail: "it is another than where the connection is kept says"})
		}
	}
	for i := range broken {
		broken[i].In = openapi.InBody
	}
	if len(broken) > 0 || d.Keys != nil {
		return broken
	}
	if _, ok := shown["used_clusters"]; ok {
		shown["used_clusters"] = ""
	}
	name, _ := shown["connector_name"].(string)
	sourceType, _ := shown["source_type"].(string)
	d.Keys = connectorKeys(name, sourceType)
	d.Body = openapi.NewText(openapi.AppendJSON(nil, h.item.Project(shown)))
	return nil
}

func (h *dataConnectors) put(c Collection, d Document, _ int64) error {
	if err := nameIsFree(c, d); err != nil {
		return err
	}
	return c.Put(d)
}

func (h *dataConnectors) project(collection string, _ Document) string {
	return strings.TrimPrefix(collection, connectorCollections)
}

func (h *dataConnectors) CreateDataConnector(ctx context.Context, r generated.CreateDataConnectorRequestObject) (generated.CreateDataConnectorResponseObject, error) {
	if err := h.knowsInstance(r.Body.DataConnector); err != nil {
		return nil, err
	}
	made := written{h.now().UnixMilli(), userOf(ctx)}
	d := h.document(h.ids.next(), r.ProjectId, r.Body.DataConnector, made, made)
	err := h.store.Update(ctx, collectionOf(r.ProjectId), func(c Collection) error {
		id, err := h.freeID(c, d.ID)
		if err != nil {
			return err
		}
		if id != d.ID {
			d = h.document(id, r.ProjectId, r.Body.DataConnector, made, made)
		}
		if err := nameIsFree(c, d); err != nil {
			return err
		}
		return c.Put(d)
	})
	if err != nil {
		return nil, err
	}
	return generated.CreateDataConnector201JSONResponse{
		Body:    generated.CreateDataConnectorResult{ConnectorId: d.ID},
		Headers: generated.CreateDataConnector201ResponseHeaders{XRequestId: requestIDOf(ctx)},
	}, nil
}

func (h *dataConnectors) ListDataConnectors(ctx context.Context, r generated.ListDataConnectorsRequestObject) (generated.ListDataConnectorsResponseObject, error) {
	p := r.Params
	q := Query{Equal: map[string]string{}, Limit: cmp.Or(h.pageSize, h.mostPage)}
	if p.ConnectorId != nil {
		q.ID = *p.ConnectorId
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
	q.Limit = min(q.Limit, h.mostPage)
	page := connectorPage{requestID: requestIDOf(ctx)}
	err := h.store.View(ctx, collectionOf(r.ProjectId), func(c Collection) (err error) {
		page.items, page.total, err = c.List(q)
		return err
	})
	if err == nil {
		err = h.showClusters(page.items)
	}
	return page, err
}

// showClusters says of each connection which clusters use it: that may change while it is stored.
func (h *dataConnectors) showClusters(page []Document) error {
	clusters := h.settings.now().Clusters
	if len(clusters) == 0 {
		return nil
	}
	for i, d := range page {
		users := clusters[d.Keys["connector_name"]]
		if len(users) == 0 {
			continue
		}
		shown, err := openapi.DecodeJSON(d.Body.Bytes())
		if err != nil {
			return fmt.Errorf("the stored connection %s: %w", d.ID, err)
		}
		if _, described := openapi.Lookup(shown, "/used_clusters"); described {
			shown = openapi.Set(shown, "/used_clusters", strings.Join(users, ","))
			page[i].Body = openapi.NewText(openapi.AppendJSON(make([]byte, 0, usualItem), shown))
		}
	}
	return nil
}

// connectorPage is an answer made of stored JSON: decoding each connection only to encode it again would cost most
// of the time of a list, and the type of source_info depends on the overlays.
type connectorPage struct {
	requestID string
	total     int
	items     []Document
}

func (p connectorPage) VisitListDataConnectorsResponse(w http.ResponseWriter) error {
	items := make([]any, len(p.items))
	for i, d := range p.items {
		items[i] = d.Body
	}
	w.Header().Set("X-Request-Id", p.requestID)
	return writeJSON(w, map[string]any{"total_count": json.Number(strconv.Itoa(p.total)), "data_connectors": items})
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
		var made struct {
			At int64  `json:"create_time"`
			By string `json:"create_user"`
		}
		if err := json.Unmarshal(kept.Body.Bytes(), &made); err != nil {
			return fmt.Errorf("the stored connection %s: %w", kept.ID, err)
		}
		d := h.document(kept.ID, r.ProjectId, r.Body.DataConnector, written(made), written{h.now().UnixMilli(), userOf(ctx)})
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
		if o := h.settings.now(); o.KeepUsed && len(o.Clusters[kept.Keys["connector_name"]]) > 0 {
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

const (
	user      = "counterpart" // who it was where nobody has to say
	usualItem = 512           // bytes: larger ones are copied once more
)

// written is when a connection was created or changed, in milliseconds since 1970, and by which user.
type written struct {
	At int64
	By string
}

// userOf is the user who sends a request.
func userOf(ctx context.Context) string {
	if who := senderOf(ctx); who != nil {
		return cmp.Or(who.user, user)
	}
	return user
}

// userID is the id of a user; where nobody has to say who they are it is the name.
func userID(name string) string {
	if name == user {
		return user
	}
	return idOf("user", name)
}

// document makes what is stored and listed. Which clusters use it is added when it is shown.
func (h *dataConnectors) document(id, project string, d generated.DataConnector, created, updated written) Document {
	shown := openapi.Object{
		{Name: "connector_id", Value: id}, {Name: "connector_name", Value: d.ConnectorName},
		{Name: "source_type", Value: string(d.SourceType)}, {Name: "source_info", Value: d.SourceInfo},
		{Name: "create_time", Value: created.At}, {Name: "last_update_time", Value: updated.At},
		{Name: "create_by", Value: userID(created.By)}, {Name: "create_user", Value: created.By}, {Name: "last_update_by", Value: userID(updated.By)},
		{Name: "tenant_id", Value: project}, {Name: "status", Value: 0},
		{Name: "used_clusters", Value: ""}, {Name: "encrypt_type", Value: 0},
	}
	body := openapi.AppendJSON(make([]byte, 0, usualItem), h.item.Project(shown))
	return Document{ID: id, Keys: connectorKeys(d.ConnectorName, string(d.SourceType)), Body: openapi.NewText(body)}
}

// connectorKeys are what connections are filtered by: copies, for texts of a decoded body share its memory.
func connectorKeys(name, sourceType string) map[string]string {
	return map[string]string{"connector_name": strings.Clone(name), "source_type": strings.Clone(sourceType), "available": "true"}
}

func get(c Collection, id string) (Document, error) {
	d, ok, err := c.Get(id)
	if err == nil && !ok {
		err = &refusal{reason: openapi.UnknownID, values: map[string]string{"id": id}}
	}
	return d, err
}

// freeID is the id, or the next one that is free: with a seed, a mock that was started again on a store that lasts draws
// the ids of its last run again, and so does another one on the same store.
func (h *dataConnectors) freeID(c Collection, id string) (string, error) {
	for {
		if _, taken, err := c.Get(id); !taken || err != nil {
			return id, err
		}
		id = h.ids.next()
	}
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
	instances := h.settings.now().Instances
	if instances == nil {
		return nil
	}
	id, _ := openapi.Lookup(map[string]any{"source_info": d.SourceInfo}, "/source_info#/rds_instance_id")
	if text, ok := id.(string); !ok || !slices.Contains(instances, text) {
		return &refusal{reason: openapi.UnknownInstance, values: map[string]string{"value": fmt.Sprint(id)}}
	}
	return nil
}
