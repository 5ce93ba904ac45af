package contract_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
)

func TestSoundServersOfAnyDocument(t *testing.T) {
	spec := specOf(t, clinicDocument)
	for _, name := range []string{"", "sound: it writes times in another way", "sound: there is no page behind the last"} {
		t.Run(name, func(t *testing.T) {
			server := newClinic(spec, name)
			report := verify(t, server, contract.Options{Spec: spec})
			for _, f := range report.Findings {
				t.Errorf("%s\n%+v", f, f.Answer)
			}
			for _, op := range report.Operations {
				if op.Succeeded == 0 {
					t.Errorf("%s was not reached: %v", op.ID, report.Warnings)
				}
			}
			if len(server.rows) > 0 || server.settings["theme"] != "dark" {
				t.Errorf("the server is not as it was: %d items, %v", len(server.rows), server.settings)
			}
		})
	}
}

// clinicFault is a fault of the clinic, and the finding that it must lead to.
type clinicFault struct{ fault, operation, check, inCase string }

// clinicFaults has a server for each rule that the built-in document cannot break.
func clinicFaults() []clinicFault {
	return []clinicFault{
		{"accepts anything", "updatePet", "refused", "a refused update"},
		{"takes unknown parents", "createPet", "refused", "creating in what is not there"},
		{"leaves orphans", "getPet", "refused", "items of what is deleted"},
		{"ignores the parent", "getPet", "isolation", "an item seen from another owner"},
		{"keeps its settings", "getSettings", "read-back", "rewritten"},
		{"takes an email twice", "createOwner", "refused", "creating a second email"},
		{"makes up what is not there", "getOwner", "refused", "an id that nothing has"},
		{"does not sort", "listPets", "sorted", "sorted by"},
		{"sorts in one direction", "listPets", "sorted", "sorted by"},
		{"counts pages from 0", "listPets", "pages", "pages of"},
		{"skips one behind the cursor", "listNotes", "pages", "pages of"},
		{"ignores If-Match", "updatePet", "refused", "changed meanwhile"},
		{"ignores If-Match", "updatePet", "rivals", "same condition"},
		{"forgets an update", "getPet", "read-back", "life of"},
		{"keeps what is deleted", "getTag", "refused", "life of"},
		{"a patch replaces", "getPet", "read-back", "a patch as application/merge-patch+json"},
		{"ignores a JSON patch", "getPet", "read-back", "a patch as application/json-patch+json"},
	}
}

func TestBrokenServersOfAnyDocument(t *testing.T) {
	spec := specOf(t, clinicDocument)
	for _, row := range clinicFaults() {
		t.Run(row.fault, func(t *testing.T) {
			report := verify(t, newClinic(spec, row.fault), contract.Options{Spec: spec, Phases: []string{"state", "collection"}})
			for _, f := range report.Findings {
				if f.Check == row.check && f.Operation == row.operation && strings.Contains(f.Case, row.inCase) {
					return
				}
			}
			t.Errorf("no finding of %s about %s, but %v", row.check, row.operation, report.Findings)
		})
	}
}

// TestCleanupReadsToTheEnd: a refusal to delete is believed only where no page shows the item.
func TestCleanupReadsToTheEnd(t *testing.T) {
	spec := specOf(t, clinicDocument)
	server := newClinic(spec, "refuses to delete")
	send := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w
	}
	var owner struct{ ID string }
	if err := json.Unmarshal(send(http.MethodPost, "/owners", `{"email":"a@example.com"}`).Body.Bytes(), &owner); err != nil {
		t.Fatal(err)
	}
	for range 25 { // more than a page
		send(http.MethodPost, "/notes", `{"text":"a"}`)
	}
	for range 25 {
		send(http.MethodPost, "/owners/"+owner.ID+"/pets", `{"name":"a","kind":"b"}`)
	}
	send(http.MethodPut, "/tags/red", `{"color":"red"}`)
	report, err := contract.Cleanup(t.Context(), contract.Handler(server), spec, []contract.LedgerEntry{
		{Number: 1, Resource: "note", ID: "26"},
		{Number: 2, Resource: "pet", ID: "51", Parameters: map[string]string{"ownerId": owner.ID}},
		{Number: 3, Resource: "tag", ID: "red"},
		{Number: 4, Resource: "note", ID: "9999"},
	}, contract.CleanupOptions{})
	if err != nil || report.Count(contract.Left) != 3 || report.Count(contract.Gone) != 1 {
		t.Errorf("%+v %v", report, err)
	}
}
