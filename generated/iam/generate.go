// Package iam holds what oapi-codegen makes of openapi/iam.yaml: models and a strict echo server.
//
// Only this file is written by hand. `make generate` writes the rest anew; CI fails when it is stale.
package iam

//go:generate go tool -modfile=../../.ci/tools/generate/go.mod oapi-codegen -config oapi-codegen.yaml ../../openapi/iam.yaml
