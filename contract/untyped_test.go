package contract_test

import (
	"testing"

	"github.com/counterpart-go/counterpart/contract"
	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

// TestResourcesAloneKeepTheContract: without its typed handlers the mock serves the built-in document as any other, and
// there is no rule in it that only the handlers know.
func TestResourcesAloneKeepTheContract(t *testing.T) {
	contract.Run(t, contract.Handler(untypedMock(t)), contract.Options{})
}

func TestResourcesAloneKeepTheContractUnderOverlays(t *testing.T) {
	for _, o := range openapi.Overlays() {
		t.Run(o.Name, func(t *testing.T) {
			report := verify(t, untypedMock(t, o.Name), contract.Options{Spec: newSpec(t, o.Name), Phases: phases()})
			if report.Failed != 0 {
				t.Errorf("the mock breaks its own contract: %v", report.Findings)
			}
		})
	}
}

func untypedMock(t *testing.T, overlays ...string) *mockserver.Server {
	t.Helper()
	mock, err := mockserver.New(mockserver.Options{Spec: newSpec(t, overlays...), Seed: 1, Untyped: true})
	if err != nil {
		t.Fatal(err)
	}
	return mock
}
