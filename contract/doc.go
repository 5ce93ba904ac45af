// Package contract says whether a server keeps the contract that an OpenAPI document describes.
//
// Cases are derived from the document: [Verify] sends their steps to a [Target], judges every answer by the [Checks]
// and returns a [Report] of [Finding]s. [Run] does the same as subtests of a Go test, and [Plan] only says what would
// be sent.
//
//	func TestContract(t *testing.T) {
//		contract.Run(t, contract.Handler(myHandler), contract.Options{})
//	}
//
// A target is a handler in this process ([Handler]), a server that is running ([URL]), or anything with one method.
// [WithCredentials] signs what it sends, [WithPace] slows it down.
//
// A run creates, changes and deletes items. Each case deletes what it has created; what a run that was killed left
// behind is in its [Ledger], for [Cleanup].
//
// What each phase and each check means to a user is in docs/verify.md.
package contract
