package stub_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/counterpart-go/counterpart/generated/control"
	"github.com/counterpart-go/counterpart/mockserver/match"
	"github.com/counterpart-go/counterpart/mockserver/stub"
	"github.com/counterpart-go/counterpart/openapi"
)

const creation = `{"data_connector":{"connector_name":"hive","source_type":"RDS_MYSQL","source_info":"{\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\",\"db_name\":\"default\",\"user_name\":\"mrs\",\"password\":\"hunter2\"}"}}`

// BenchmarkFind is what a request costs that none of a thousand stubs for its operation is for, and one that none of a
// thousand stubs for another operation is for.
func BenchmarkFind(b *testing.B) {
	spec, err := openapi.Default()
	if err != nil {
		b.Fatal(err)
	}
	for _, operation := range []string{"createDataConnector", "updateDataConnector"} {
		set := stub.New(stub.Options{}, spec)
		for i := range 1000 {
			_, err := set.Add(control.Stub{When: control.Match{Operation: operation, Where: []control.Condition{
				{In: control.ConditionInBody, Pointer: "/data_connector/connector_name", Equals: fmt.Sprintf("c%d", i)},
				{In: control.ConditionInBody, Pointer: "/data_connector/source_info#/db_name", Equals: fmt.Sprintf("d%d", i)},
			}}})
			if err != nil {
				b.Fatal(err)
			}
		}
		value, _ := openapi.DecodeJSON([]byte(creation))
		message := openapi.Request{Path: map[string]string{"project_id": "p"}, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(creation), Value: value}
		b.Run(operation, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if a, _ := set.Find(&match.Request{Method: http.MethodPost, Operation: spec.Operation("createDataConnector"), Message: message}); a != nil {
					b.Fatal(a.ID)
				}
			}
		})
	}
}
