package mockserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/generated"
	"github.com/counterpart-go/counterpart/generated/control"
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

// In a test without a socket: the client calls the mock directly, under whatever name.
func ExampleTransport() {
	mock, err := mockserver.New(mockserver.Options{}) // in a test: mockserver.InTest(t, mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: mockserver.Transport(mock)}
	response, err := client.Get("https://mrs.example.com/v2/abc/data-connectors")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
	// Output: 200 OK
}

const hive = `{"data_connector": {"connector_name": "hive", "source_type": "RDS_MYSQL",
	"source_info": "{\"db_name\":\"default\",\"user_name\":\"mrs\",\"password\":\"secret\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\"}"}}`

// What the mock is to remember at the start of a test, as clients would send it; and what it remembers at the end.
func ExampleServer_Load() {
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background() // in a test: t.Context()
	if err := mock.Load(ctx, mockserver.State{Create: []mockserver.Creation{
		{Path: "/v2/abc/data-connectors", Body: json.RawMessage(hive)},
	}}); err != nil {
		fmt.Println(err)
		return
	}
	state, err := mock.Export(ctx, "abc")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range state.Collections {
		fmt.Println(c.Name, len(c.Items))
	}
	// A name can only be taken once: the error says which part of the state is wrong.
	fmt.Println(mock.Load(ctx, mockserver.State{Create: []mockserver.Creation{
		{Path: "/v2/abc/data-connectors", Body: json.RawMessage(hive)},
	}}))
	// Output:
	// data-connectors/abc 1
	// the state is not taken: body /create/0: A value that must be unique is taken: hive
}

// The clock stands still where a test wants it.
func ExampleServer_Clock() {
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	mock.Clock().Freeze()
	mock.Clock().Set(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC))
	mock.Clock().Advance(90 * time.Minute)
	fmt.Println(mock.Clock().Now())
	// Output: 2026-01-02 13:30:00 +0000 UTC
}

// With Strict the test fails for each request that breaks the document, and is told the rule and its line. A request that
// is refused for what the state says, such as a name that is taken, fails no test.
func ExampleStrict() {
	_ = func(t *testing.T) { // func TestMine(t *testing.T)
		srv := mockserver.Start(t, mockserver.Options{Strict: &mockserver.Strict{
			Allowed: func(b mockserver.BrokenRequest) bool { return b.Operation == "deleteDataConnector" }, // on purpose
		}})
		_ = srv.URL // the code under test calls it
	}
}

// Any running mock, in this process or another, is looked into and changed with the client of its control API.
func Example_control() {
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(mock)
	defer server.Close()
	client, err := control.NewClientWithResponses(server.URL + "/_counterpart")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	if reply, err := client.SetClockWithResponse(ctx, control.Clock{Now: noon, Frozen: true}); err != nil || reply.JSON200 == nil {
		fmt.Println(err)
		return
	}
	added, err := client.AddStateWithResponse(ctx, control.State{Create: []control.Creation{
		{Path: "/v2/abc/data-connectors", Body: json.RawMessage(hive)},
		{Path: "/v2/abc/data-connectors", Body: json.RawMessage(`{}`)},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, wrong := range added.ApplicationProblemJSONDefault.Errors { // the second creation: nothing was added
		fmt.Println(wrong.Pointer, wrong.Detail)
	}
	if _, err := client.AddStateWithResponse(ctx, control.State{Create: []control.Creation{
		{Path: "/v2/abc/data-connectors", Body: json.RawMessage(hive)},
	}}); err != nil {
		fmt.Println(err)
		return
	}
	state, err := client.ExportStateWithResponse(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var shown struct {
		Name    string `json:"connector_name"`
		Created int64  `json:"create_time"`
	}
	if err := json.Unmarshal(state.JSON200.Collections[0].Items[0].Body, &shown); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(shown.Name, time.UnixMilli(shown.Created).UTC())
	// Output:
	// /create/1/body/data_connector is required
	// hive 2026-01-02 12:00:00 +0000 UTC
}

// A client that tries again is tested with a fault that acts on its first requests alone.
func ExampleServer_Fault() {
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := mock.Fault(mockserver.Fault{
		When:   mockserver.Match{Operation: "listDataConnectors"},
		First:  2,
		Status: &mockserver.StatusFault{Code: 503},
	}); err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: mockserver.Transport(mock)}
	for range 3 {
		response, err := client.Get("http://mock/v2/abc/data-connectors")
		if err != nil {
			fmt.Println(err)
			return
		}
		response.Body.Close()
		fmt.Println(response.Status)
	}
	fmt.Println("acted on", mock.Faults()[0].Acted, "of", mock.Faults()[0].Seen)
	// Output:
	// 503 Service Unavailable
	// 503 Service Unavailable
	// 200 OK
	// acted on 2 of 3
}

// One case is answered differently, once; the journal has seen it all.
func ExampleServer_Stub() {
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := mock.Stub(mockserver.Stub{
		When:   mockserver.Match{Operation: "listDataConnectors", Project: "abc"},
		Answer: mockserver.StubAnswer{Status: 500, Body: map[string]any{"error_code": "MRS.0010", "error_msg": "Try again."}},
		Times:  1,
	}); err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: mockserver.Transport(mock)}
	for range 2 {
		response, err := client.Get("http://mock/v2/abc/data-connectors")
		if err != nil {
			fmt.Println(err)
			return
		}
		response.Body.Close()
	}
	for _, e := range mock.Journal().Exchanges(mockserver.JournalFilter{Operation: "listDataConnectors"}) {
		fmt.Println(e.Status)
	}
	// Output:
	// 500
	// 200
}

// The journal tells what a mock was asked, and whether that was what the test expected.
func ExampleServer_Journal() {
	mock, err := mockserver.New(mockserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	mock.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v2/p1/data-connectors?limit=0", http.NoBody))

	for _, x := range mock.Journal().Exchanges(mockserver.JournalFilter{Only: control.OnlyViolations}) {
		fmt.Println(x.Operation, x.Status, x.Violations[0].Name, x.Violations[0].Words)
	}
	verdict, err := mock.Journal().Verify(mockserver.Expectation{Calls: []mockserver.Call{
		{When: control.Match{Operation: "listDataConnectors", Project: "p1"}, Status: http.StatusOK, Times: 2},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verdict.Kept, verdict.Calls[0].Reason)
	// Output:
	// listDataConnectors 400 limit must be at least 1
	// false 0 found, exactly 2 expected
}
