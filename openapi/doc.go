// Package openapi holds the contract and answers every question about it.
//
// A [Spec] is loaded once from an OpenAPI document (and any overlays), never changes afterwards and is
// safe for use by many goroutines. It says which operation a message is for ([Spec.Find]), whether a message keeps
// the contract ([Operation.ValidateRequest], [Operation.ValidateResponse]), what a valid one looks like
// ([Schema.Sample]) and which resources the document describes ([Spec.Resources]).
//
// The document that comes with the package is [Default]: the data connections of the MapReduce Service. Nothing else
// in the package knows it; any other document can take its place.
package openapi
