package contract_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// In a file of tests, testContract is called TestContract.
func ExampleRun() {
	testContract := func(t *testing.T) {
		server, err := mockserver.New(mockserver.Options{})
		if err != nil {
			t.Fatal(err)
		}
		contract.Run(t, contract.Handler(server), contract.Options{Parallel: true})
	}
	_ = testContract
}

// A handler is judged in this process, without a socket.
func ExampleVerify() {
	server, err := mockserver.New(mockserver.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	report, err := contract.Verify(context.Background(), contract.Handler(server), contract.Options{
		Seed:   7,
		Phases: []string{"examples", "state"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("broken:", report.Failed, "skipped:", report.Skipped, "findings:", len(report.Findings))
	// Output:
	// broken: 0 skipped: 0 findings: 0
}

// A server that is running, called with credentials and slowly. The error says that there was no verdict.
func ExampleVerify_endpoint() {
	server, err := contract.URL("https://mrs.example.com")
	if err != nil {
		log.Fatal(err)
	}
	credentials := contract.Credentials{Access: os.Getenv(contract.AccessVariable), Secret: os.Getenv(contract.SecretVariable)}
	target := contract.WithPace(contract.WithCredentials(server, credentials, nil), contract.Pace{Rate: 5})
	report, err := contract.Verify(context.Background(), target, contract.Options{
		Parameters: map[string]string{"project_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
		ReadOnly:   true,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := report.WriteText(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// deviantReport is about a server that answers an update with another result than the document says.
func deviantReport(baseline *contract.Baseline) *contract.Report {
	spec, err := openapi.Default("update-result-succeed")
	if err != nil {
		log.Fatal(err)
	}
	server, err := mockserver.New(mockserver.Options{Spec: spec, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	report, err := contract.Verify(context.Background(), contract.Handler(server), contract.Options{
		Seed:     7,
		Phases:   []string{"examples"},
		Baseline: baseline,
	})
	if err != nil {
		log.Fatal(err)
	}
	return report
}

// A finding says which check found it, in which case, where in the answer it is, and what is wrong there.
func ExampleReport() {
	report := deviantReport(nil)
	for _, finding := range report.Findings {
		fmt.Printf("%s %s %s\n  %s\n", finding.Check, finding.Case, finding.Pointer, finding.Message)
	}
	for _, row := range report.Coverage {
		if row.Of == "operations" {
			fmt.Println(row.Covered, "of", row.Total, row.Of)
		}
	}
	// Output:
	// body examples/updateDataConnector/mysql /result
	//   body /result: must be one of succeeded, failed
	// body examples/updateDataConnector/postgres /result
	//   body /result: must be one of succeeded, failed
	// body examples/updateDataConnector/taurusdb /result
	//   body /result: must be one of succeeded, failed
	// 4 of 4 operations
}

// What a baseline knows fails nothing, whatever the case and the value.
func ExampleBaseline() {
	known := contract.NewBaseline(deviantReport(nil))
	report := deviantReport(known)
	fmt.Println("entries:", len(known.Findings), "findings:", len(report.Findings), "broken:", report.Failed)
	// Output:
	// entries: 1 findings: 3 broken: 0
}

// A plan sends nothing.
func ExamplePlan() {
	cases, err := contract.Plan(contract.Options{Seed: 7, Phases: []string{"examples"}})
	if err != nil {
		log.Fatal(err)
	}
	for c := range cases {
		var methods []string
		for _, step := range c.Steps {
			methods = append(methods, step.Method())
		}
		fmt.Println(c, strings.Join(methods, " "))
	}
	// Output:
	// examples/listDataConnectors/plain GET
	// examples/createDataConnector/mysql POST
	// examples/createDataConnector/postgres POST
	// examples/createDataConnector/taurusdb POST
	// examples/updateDataConnector/mysql POST PUT
	// examples/updateDataConnector/postgres POST PUT
	// examples/updateDataConnector/taurusdb POST PUT
	// examples/deleteDataConnector/mysql POST DELETE
}
