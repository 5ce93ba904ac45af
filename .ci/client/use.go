package client

import (
	"context"
	"fmt"
)

// create is what a user writes against the client made from the document. .ci/client/check compiles it beside that
// client, once for each version of OpenAPI that `counterpart spec` prints.
func create(ctx context.Context, server string) (string, error) {
	c, err := NewClientWithResponses(server)
	if err != nil {
		return "", err
	}
	answer, err := c.CreateDataConnectorWithResponse(ctx, "ac66f1a5e8f443998ec62c8cb1aefda7", CreateDataConnectorJSONRequestBody{
		DataConnector: DataConnector{
			ConnectorName: "mrs-mysql-connector",
			SourceType:    "RDS_MYSQL",
			SourceInfo:    `{"db_name":"default","user_name":"mrs","password":"*****"}`,
		},
	})
	if err != nil {
		return "", err
	}
	if answer.JSON201 == nil {
		return "", fmt.Errorf("status %s: %s", answer.Status(), answer.Body)
	}
	return answer.JSON201.ConnectorId, nil
}
