//go:build race

package contract_test

// One server in so many is tried: the race detector makes a run ten times as long, and all servers share their code.
const (
	everyMutant = 80
	everySound  = 16
)
