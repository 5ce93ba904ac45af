package contract_test

import (
	"slices"
	"strings"
	"testing"
)

// mutant is a server that breaks the document in one way.
type mutant struct {
	name       string // what the server does wrong
	operations string // the finding names one of them: create, list, update, delete
	checks     string // one of them makes the finding
	shown      string // the request that shows it
	server     twist
}

// class is a kind of fault.
type class struct {
	name    string
	mutants []mutant
}

// Names of classes that a test asks for.
const (
	embeddedAnswers  = "embedded JSON in answers"
	embeddedRequests = "embedded JSON in requests"
)

// classes are all mutants.
func classes() []class {
	return []class{
		{"response shape", shapeMutants()},
		{embeddedAnswers, embeddedAnswerMutants()},
		{embeddedRequests, embeddedRequestMutants()},
		{"wire", wireMutants()},
		{"status", statusMutants()},
		{"validation bypass", bypassMutants()},
		{"over-rejection", rejectionMutants()},
		{"state", stateMutants()},
		{"collections", collectionMutants()},
		{"leaks", leakMutants()},
		{"concurrency", concurrencyMutants()},
		{"rare triggers", rareMutants()},
	}
}

// operationIDs are the operations as findings name them, by the short names of the table.
func operationIDs(short string) []string {
	ids := map[string]string{"create": "createDataConnector", "list": "listDataConnectors", "update": "updateDataConnector", "delete": "deleteDataConnector"}
	var list []string
	for _, name := range strings.Fields(short) {
		list = append(list, ids[name])
	}
	return list
}

// checkNames are the checks that a row may name.
func checkNames() []string {
	return []string{"answer", "server-error", "accepted", "refused", "status", "media-type", "header", "body", "error-body", "embedded-json",
		"json", "no-body", "secret", "internals", "created-id", "unique-id", "listed", "filter", "total", "limit", "pages", "order", "read-back",
		"trace", "isolation", "rivals"}
}

// TestMutantsAreWellFormed keeps a slip of the pen from counting as a server that nobody catches.
func TestMutantsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, class := range classes() {
		for _, m := range class.mutants {
			if seen[m.name] {
				t.Errorf("%s: the name is taken", m.name)
			}
			seen[m.name] = true
			if m.name == "" || m.shown == "" || m.operations == "" || m.checks == "" {
				t.Errorf("%s: something is not filled in", m.name)
			}
			if slices.Contains(operationIDs(m.operations), "") {
				t.Errorf("%s: there is no operation in %q", m.name, m.operations)
			}
			for _, check := range strings.Fields(m.checks) {
				if !slices.Contains(checkNames(), check) {
					t.Errorf("%s: there is no check %q", m.name, check)
				}
			}
		}
	}
}
