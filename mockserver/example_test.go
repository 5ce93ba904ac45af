package mockserver_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/counterpart-go/counterpart/generated"
	"github.com/counterpart-go/counterpart/mockserver"
)

// A mock is an [http.Handler]: any server can serve it. In a test, [mockserver.Start] does all of this in one line.
func Example() {
	mock, err := mockserver.New(mockserver.Options{Seed: 1}) // the same ids every time
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(mock)

	client, err := generated.NewClientWithResponses(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	wanted := generated.DataConnectorRequest{DataConnector: generated.DataConnector{
		ConnectorName: "mrs-mysql-connector",
		SourceType:    generated.SourceTypeRDSMYSQL,
		SourceInfo:    `{"db_name":"default","user_name":"mrs","password":"secret","rds_instance_id":"3aa55f1cb4c3491686936130f21e9f16in01"}`,
	}}
	for range 2 {
		reply, err := client.CreateDataConnectorWithResponse(context.Background(), "ac66f1a5e8f443998ec62c8cb1aefda7", wanted)
		switch {
		case err != nil:
			fmt.Println(err)
			return
		case reply.JSON201 != nil:
			fmt.Println("created, id of", len(reply.JSON201.ConnectorId), "digits")
		case reply.JSON400 != nil:
			fmt.Println(reply.JSON400.ErrorCode, reply.JSON400.ErrorMsg)
		}
	}
	list, err := client.ListDataConnectorsWithResponse(context.Background(), "ac66f1a5e8f443998ec62c8cb1aefda7", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range list.JSON200.DataConnectors {
		fmt.Println(c.ConnectorName, c.SourceInfo)
	}
	server.Close()
	// Output:
	// created, id of 32 digits
	// MRS.0010 Dataconnector error. A data connection named mrs-mysql-connector already exists.
	// mrs-mysql-connector {"db_name":"default","rds_instance_id":"3aa55f1cb4c3491686936130f21e9f16in01","user_name":"mrs"}
}

func ExampleStart() {
	_ = func(t *testing.T) { // func TestMine(t *testing.T)
		srv := mockserver.Start(t, mockserver.Options{})
		response, err := http.Get(srv.URL + "/_counterpart/health")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
	}
}
