package contract_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/counterpart-go/counterpart/contract"
)

// linkedDocument has tickets that only the answer to a draw names.
const linkedDocument = `
openapi: 3.1.0
info: {title: tickets, version: '1'}
paths:
  /draw:
    post:
      operationId: draw
      responses:
        '200':
          description: drawn
          content: {application/json: {schema: {type: object, required: [ticket], properties: {ticket: {type: string}}}}}
          links: {ticket: {operationId: getTicket, parameters: {path.ticket: '$response.body#/ticket'}}}
  /tickets/{ticket}:
    get:
      operationId: getTicket
      parameters: [{name: ticket, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {description: it, content: {application/json: {schema: {type: object, required: [seat], properties: {seat: {type: integer}}}}}}
        '404': {description: none}
`

// ticketServer shows a seat for the tickets that it has drawn.
func ticketServer(seat string) http.Handler {
	drawn := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, err := fmt.Sscanf(r.URL.Path, "/tickets/drawn-%d", &n)
		switch {
		case r.URL.Path == "/draw" && r.Method == http.MethodPost:
			drawn++
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"ticket":"drawn-%d"}`, drawn)
		case r.Method == http.MethodGet && err == nil && n > 0 && n <= drawn:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"seat":%s}`, seat)
		case strings.HasPrefix(r.URL.Path, "/tickets/") && r.Method != http.MethodGet:
			w.WriteHeader(http.StatusMethodNotAllowed)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

// What only a link gives is reached by the link, and judged.
func TestLinksAreFollowed(t *testing.T) {
	spec := specOf(t, linkedDocument)
	for seat, want := range map[string][]string{"7": nil, `"seven"`: {"body"}} {
		report := verify(t, ticketServer(seat), contract.Options{Spec: spec, Phases: []string{"examples"}})
		var checks []string
		for _, f := range report.Findings {
			checks = append(checks, f.Check)
			t.Log(f)
		}
		if !slices.Equal(checks, want) {
			t.Errorf("seat %s: findings %q, want %q", seat, checks, want)
		}
		for _, op := range report.Operations {
			if op.Succeeded == 0 {
				t.Errorf("seat %s: %s was not reached", seat, op.ID)
			}
		}
	}
}
