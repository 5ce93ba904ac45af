// Package fault lets things go wrong on purpose: a [Set] holds the faults of a mock and chooses those that act on a
// request, and each kind of fault is a file.
//
//	latency.go     the answer is held back
//	throttle.go    too many requests are refused
//	status.go      another described answer takes the place of the real one
//	breach.go      the answer breaks the document at one place
//	malformed.go   its JSON is none
//	mediatype.go   its media type is not described
//	slow.go        its body comes slowly
//	truncate.go    its body ends too early
//	connection.go  the connection ends before the answer, or in its header
//
// The faults themselves are [control.Fault], as everywhere: in the control API, in Go and in the configuration.
package fault
