package openapi_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/counterpart-go/counterpart/openapi"
	"github.com/counterpart-go/counterpart/testdata/large"
)

// The generator makes valid documents with as many operations as it is told, always the same.
func TestLargeDocuments(t *testing.T) {
	for _, operations := range []int{1, 2, 7, 40, 203} {
		t.Run(fmt.Sprint(operations), func(t *testing.T) {
			text := large.YAML(operations)
			spec := load(t, "a.yaml", string(text))
			if got := len(spec.Operations()); got != operations {
				t.Errorf("%d operations", got)
			}
			wantRemarks(t, spec.Warnings(), nil)
			wantRemarks(t, spec.Unsupported(), nil)
			if !bytes.Equal(text, large.YAML(operations)) {
				t.Error("another time it reads differently")
			}
		})
	}
}

// What the first message costs does not grow with the document.
func TestFirstMessageOfLargeDocument(t *testing.T) {
	small, big := firstMessage(t, 40), firstMessage(t, 800)
	if big > 2*small {
		t.Errorf("with 40 operations the first message takes %d bytes, with 800 it takes %d", small, big)
	}
}

// firstMessage is how many bytes it takes to judge the first request and the first answer.
func firstMessage(t *testing.T, operations int) uint64 {
	spec, err := openapi.Load(write(t, "a.yaml", string(large.YAML(operations))))
	if err != nil {
		t.Fatal(err)
	}
	op := spec.Operation("createActiveAccount")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wantBrief(t, op.ValidateRequest(jsonRequest(`{}`)), []string{"body /name required"})
	r := jsonResponse(`{}`)
	r.Status = 400
	wantBrief(t, op.ValidateResponse(r), []string{"body /code required", "body /message required"})
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
