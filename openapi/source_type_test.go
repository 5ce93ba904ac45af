package openapi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
)

const oracleSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["host", "password"],
  "properties": {
    "host": {"type": "string", "minLength": 1},
    "password": {"type": "string", "format": "password", "minLength": 1, "writeOnly": true}
  }
}
`

const oracleCondition = `        - if:
            properties: {source_type: {const: ORACLE}}
            required: [source_type]
          then:
            properties:
              source_info:
                contentMediaType: application/json
                contentSchema: {$ref: source_info/ORACLE.schema.json}
`

// A fourth source type is a schema file, a value of the enum and one if/then: nothing else.
func TestFourthSourceType(t *testing.T) {
	contract := string(builtinFile(t, "api.yaml"))
	contract = replaceOnce(t, contract, "enum: [RDS_POSTGRES, RDS_MYSQL, gaussdb-mysql]", "enum: [RDS_POSTGRES, RDS_MYSQL, gaussdb-mysql, ORACLE]")
	contract = replaceOnce(t, contract, "    DataConnectorRequest:\n", oracleCondition+"    DataConnectorRequest:\n")
	files := []string{"api.yaml", contract, "source_info/ORACLE.schema.json", oracleSchema}
	for _, name := range []string{"RDS_MYSQL", "RDS_POSTGRES", "gaussdb-mysql"} {
		name = "source_info/" + name + ".schema.json"
		files = append(files, name, string(builtinFile(t, name)))
	}
	spec := load(t, files...)
	op := spec.Operation("createDataConnector")
	oracle := func(info string) openapi.Request {
		return createRequest(object("data_connector", object("connector_name", `"a"`, "source_type", `"ORACLE"`, "source_info", quote(info))))
	}
	wantBrief(t, op.ValidateRequest(oracle(object("host", `"h"`, "password", quote(canary)))), nil)
	wantBrief(t, op.ValidateRequest(oracle(object("password", quote(canary)))), []string{infoAt + "#/host required"})
	wantBrief(t, op.ValidateRequest(createRequest(create("", ""))), nil)
	wantBrief(t, op.ValidateRequest(createRequest(info("db_name", ""))), []string{infoAt + "#/db_name required"})

	listed := list(object("connector_id", `"c"`, "connector_name", `"a"`, "source_type", `"ORACLE"`, "source_info", quote(object("host", `"h"`, "password", quote(canary)))))
	wantBrief(t, spec.Operation("listDataConnectors").ValidateResponse(withID(200, listed)), []string{"body /data_connectors/0/source_info#/password writeOnly"})
	wantSample(t, bodySchema(t, spec), map[string]any{"/data_connector/source_type": "ORACLE"})
}

func builtinFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func replaceOnce(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q does not occur once", old)
	}
	return strings.Replace(text, old, replacement, 1)
}
