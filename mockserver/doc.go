// Package mockserver is a stateful stand-in for the service that an OpenAPI document describes: an [http.Handler] that
// answers from the contract and remembers.
//
// Every request goes one way: read it (within limits), find its operation, validate it, answer it from the first
// source that knows how, validate that answer too, log it. A request that breaks the contract is refused as the
// document says and changes nothing.
//
//	srv := mockserver.Start(t, mockserver.Options{})
//	client, err := generated.NewClientWithResponses(srv.URL)
package mockserver
