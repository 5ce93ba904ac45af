// Package control holds what oapi-codegen makes of openapi/control.yaml, the API by which a running mock is looked into
// and changed: models, a client and a strict echo server. The models are also what package mockserver takes in Go, and what
// a configuration file says.
//
// Only this file is written by hand. `make generate` writes the rest anew; CI fails when it is stale.
package control

//go:generate go tool -modfile=../../.ci/tools/generate/go.mod oapi-codegen -config oapi-codegen.yaml ../../openapi/control.yaml
