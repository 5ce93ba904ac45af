// Package e2e drives the program with the vendor's own Go SDK, unchanged:
// what the SDK can do against the service it can do against counterpart.
//
// It is a module of its own, so that the SDK stays out of the program's
// dependencies. Run it with
//
//	go test -count=1 ./...
//
// because the program is built by the tests, and go's test cache does not see
// when the program's sources change.
package e2e
