// Package contract says whether a server keeps the contract that an OpenAPI document describes.
//
// Cases are derived from the document: [Verify] sends their steps to a [Target], judges every answer by the [Checks]
// and returns a [Report] of [Finding]s. [Run] does the same as subtests of a Go test.
//
//	func TestContract(t *testing.T) {
//		contract.Run(t, contract.Handler(myHandler), contract.Options{})
//	}
package contract
