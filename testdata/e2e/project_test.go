package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	mrs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/mrs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/mrs/v2/model"
)

const (
	mysql    = "RDS_MYSQL"
	postgres = "RDS_POSTGRES"
	gaussdb  = "gaussdb-mysql"

	// password is the secret of every source_info that the tests send.
	password = "Kept-Secret_4711"
)

// instanceIDs holds a well-formed RDS instance id for each source type.
var instanceIDs = map[string]string{
	mysql:    "3aa55f1cb4c3491686936130f21e9f16in01",
	postgres: "5bb66a2dc5d45a2797a47241a32fa027in03",
	gaussdb:  "7cc77b3ed6e56b38a8b58352b43ab138in07",
}

var hex32 = regexp.MustCompile(`^[0-9a-f]{32}$`)

// sourceInfo is the JSON object inside the string source_info.
type sourceInfo map[string]string

func sourceInfoFor(sourceType string) sourceInfo {
	return sourceInfo{
		"db_name":         "default",
		"user_name":       "mrs",
		"password":        password,
		"rds_instance_id": instanceIDs[sourceType],
	}
}

func (s sourceInfo) with(key, value string) sourceInfo {
	s[key] = value
	return s
}

func (s sourceInfo) without(key string) sourceInfo {
	delete(s, key)
	return s
}

func (s sourceInfo) String() string {
	text, err := json.Marshal(map[string]string(s))
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return string(text)
}

// sound is a connector that the service accepts.
func sound(name, sourceType string) model.DataConnector {
	return connector(name, sourceType, sourceInfoFor(sourceType).String())
}

func connector(name, sourceType, sourceInfo string) model.DataConnector {
	return model.DataConnector{
		ConnectorName: name,
		SourceType:    sdkSourceType(sourceType),
		SourceInfo:    sourceInfo,
	}
}

// sdkSourceType goes through the SDK's decoder: its type has no other door for
// values that it does not list.
func sdkSourceType(name string) model.DataConnectorSourceType {
	var t model.DataConnectorSourceType
	if err := t.UnmarshalJSON([]byte(`"` + name + `"`)); err != nil {
		panic(err) // the decoder takes any string
	}
	return t
}

// project is one project of the service, seen through the SDK.
type project struct {
	sdk *mrs.MrsClient
}

// project gives the test a project that no other test uses.
func (s *server) project(t *testing.T) project {
	t.Helper()
	return s.projectWithID(t, projectID(t.Name()))
}

// projectID makes a project id of the usual shape, 32 hexadecimal digits, from any text.
func projectID(from string) string {
	sum := sha256.Sum256([]byte(from))
	return hex.EncodeToString(sum[:16])
}

func (s *server) projectWithID(t *testing.T, id string) project {
	t.Helper()
	credentials, err := basic.NewCredentialsBuilder().
		WithAk("EXAMPLEACCESSKEY0001").
		WithSk("ExampleSecretKeyExampleSecretKey00000001").
		WithProjectId(id).
		SafeBuild()
	if err != nil {
		t.Fatalf("building credentials: %v", err)
	}
	client, err := mrs.MrsClientBuilder().
		WithEndpoints([]string{s.url}).
		WithCredential(credentials).
		WithHttpConfig(config.DefaultHttpConfig().WithTimeout(callTimeout)).
		SafeBuild()
	if err != nil {
		t.Fatalf("building the client: %v", err)
	}
	return project{sdk: mrs.NewMrsClient(client)}
}

func (p project) tryCreate(c model.DataConnector) (*model.CreateDataConnectorResponse, error) {
	return p.sdk.CreateDataConnector(&model.CreateDataConnectorRequest{
		Body: &model.DataConnectorReq{DataConnector: &c},
	})
}

func (p project) tryUpdate(id string, c model.DataConnector) (*model.UpdateDataConnectorResponse, error) {
	return p.sdk.UpdateDataConnector(&model.UpdateDataConnectorRequest{
		ConnectorId: id,
		Body:        &model.DataConnectorReq{DataConnector: &c},
	})
}

func (p project) tryDelete(id string) (*model.DeleteDataConnectorResponse, error) {
	return p.sdk.DeleteDataConnector(&model.DeleteDataConnectorRequest{ConnectorId: id})
}

func (p project) create(t *testing.T, c model.DataConnector) (id string) {
	t.Helper()
	answer, err := p.tryCreate(c)
	if err != nil {
		t.Fatalf("creating %q: %v", c.ConnectorName, err)
	}
	if answer.HttpStatusCode != 201 {
		t.Errorf("creating %q: status %d, want 201", c.ConnectorName, answer.HttpStatusCode)
	}
	if answer.ConnectorId == nil {
		t.Fatalf("creating %q: the answer has no connector_id", c.ConnectorName)
	}
	return *answer.ConnectorId
}

// update expects the result that the documented value range names.
func (p project) update(t *testing.T, id string, c model.DataConnector) {
	t.Helper()
	p.updateWithResult(t, id, c, "succeeded")
}

func (p project) updateWithResult(t *testing.T, id string, c model.DataConnector, want string) {
	t.Helper()
	answer, err := p.tryUpdate(id, c)
	if err != nil {
		t.Fatalf("updating %s: %v", id, err)
	}
	if answer.HttpStatusCode != 200 {
		t.Errorf("updating %s: status %d, want 200", id, answer.HttpStatusCode)
	}
	if answer.Result == nil || *answer.Result != want {
		t.Errorf("updating %s: answer %v, want result %q", id, answer, want)
	}
}

func (p project) delete(t *testing.T, id string) {
	t.Helper()
	answer, err := p.tryDelete(id)
	if err != nil {
		t.Fatalf("deleting %s: %v", id, err)
	}
	if answer.HttpStatusCode != 204 {
		t.Errorf("deleting %s: status %d, want 204", id, answer.HttpStatusCode)
	}
}

type (
	query  = model.ListDataConnectorRequest
	detail = model.DataConnectorDetail
)

// page is what a list answers, checked for completeness.
type page struct {
	total      int
	connectors []detail
}

func (p project) list(t *testing.T, q query) page {
	t.Helper()
	answer, err := p.sdk.ListDataConnector(&q)
	if err != nil {
		t.Fatalf("listing %v: %v", q, err)
	}
	if answer.HttpStatusCode != 200 {
		t.Errorf("listing %v: status %d, want 200", q, answer.HttpStatusCode)
	}
	if answer.TotalCount == nil || answer.DataConnectors == nil {
		t.Fatalf("listing %v: the answer lacks total_count or data_connectors: %v", q, answer)
	}
	return page{total: int(*answer.TotalCount), connectors: *answer.DataConnectors}
}

// only lists a project that is expected to hold exactly one connector.
func (p project) only(t *testing.T) detail {
	t.Helper()
	return p.one(t, query{})
}

// one lists what is expected to be exactly one connector.
func (p project) one(t *testing.T, q query) detail {
	t.Helper()
	got := p.list(t, q)
	if got.total != 1 || len(got.connectors) != 1 {
		t.Fatalf("listing %v: %d connectors and total_count %d, want 1 and 1", q, len(got.connectors), got.total)
	}
	return got.connectors[0]
}

func (p page) ids() []string {
	ids := make([]string, 0, len(p.connectors))
	for _, c := range p.connectors {
		ids = append(ids, value(c.ConnectorId))
	}
	return ids
}

// value is what p points at, or the zero value where an optional field is absent.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// refusal is how the service turns a request down.
type refusal struct {
	status int
	code   string
	says   string // a part of the message, where the contract promises one
}

// pointingAt is the refusal whose message names a place in the request.
func (want refusal) pointingAt(pointer string) refusal {
	want.says = pointer
	return want
}

// check fails the test unless err is this refusal, in the form that the SDK
// gives to errors of the service, and keeps the password to itself.
func (want refusal) check(t *testing.T, err error) {
	t.Helper()
	got := serviceError(t, err)
	if got.StatusCode != want.status || got.ErrorCode != want.code {
		t.Errorf("got status %d, code %q; want %d, %q\n%v", got.StatusCode, got.ErrorCode, want.status, want.code, got)
	}
	if got.ErrorMessage == "" {
		t.Error("the message is empty")
	}
	if !strings.Contains(got.ErrorMessage, want.says) {
		t.Errorf("message %q does not name %q", got.ErrorMessage, want.says)
	}
}

// serviceError checks what holds for every error that the service answers.
func serviceError(t *testing.T, err error) *sdkerr.ServiceResponseError {
	t.Helper()
	var got *sdkerr.ServiceResponseError
	if !errors.As(err, &got) {
		t.Fatalf("got error %v (%T), want a *sdkerr.ServiceResponseError", err, err)
	}
	if !hex32.MatchString(got.RequestId) {
		t.Errorf("request id %q is not 32 lower-case hexadecimal digits", got.RequestId)
	}
	if strings.Contains(got.Error(), password) {
		t.Errorf("the error tells the password: %v", got)
	}
	return got
}
