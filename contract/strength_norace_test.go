//go:build !race

package contract_test

// One server in so many is tried where no flag asks for all.
const (
	everyMutant = 16
	everySound  = 4
)
