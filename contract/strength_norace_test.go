//go:build !race

package contract_test

// One server in so many is tried where no flag asks for all.
const (
	everyMutant = 32
	everySound  = 8
)
