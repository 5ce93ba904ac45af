// Package generated holds what oapi-codegen makes of openapi/api.yaml: models, a client and a strict echo server.
//
// Only this file is written by hand. `make generate` writes the rest anew; CI fails when it is stale.
package generated

//go:generate go tool -modfile=../.ci/tools/generate/go.mod oapi-codegen -config oapi-codegen.yaml ../openapi/api.yaml
