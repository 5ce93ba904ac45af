# `make` runs the tests; `make help` lists the rest.
# lint, fmt, generate, types and client use pinned tools from .ci/, fetched and built the first time; the rest needs Go alone.

.DEFAULT_GOAL := test

# How long each fuzz target and each benchmark runs.
FUZZTIME  ?= 20s
BENCHTIME ?= 1s

LINT := go tool -modfile=.ci/tools/lint/go.mod golangci-lint

# Every broken and every sound server, with five seeds.
STRENGTH := GOGC=400 go test ./contract -run '^TestStrength$$' -count=1 -timeout 90m -v -every=1 -seeds=5

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: ## run all tests of the module (the default)
	go test -timeout 20m ./...

.PHONY: race
race: ## run the tests under the race detector, the long ones in short, and the suite with 20 seeds (needs a C compiler)
	CGO_ENABLED=1 go test -race -short -timeout 30m ./...
	CGO_ENABLED=1 go test -race -timeout 30m ./contract -run '^TestNoSeedFindsAnythingInOurMock$$'

.PHONY: vet
vet: ## go vet, over this module and the end-to-end tests
	go vet ./...
	cd testdata/e2e && go vet ./...

.PHONY: lint
lint: ## run golangci-lint with .golangci.yml (builds the linter the first time: some minutes)
	$(LINT) run ./...

.PHONY: fmt
fmt: ## format all Go files as the linter wants them
	$(LINT) fmt ./...

.PHONY: tidy
tidy: ## go mod tidy, in every module
	for mod in $$(find . -name go.mod -not -path '*/node_modules/*' | sort); do (cd "$$(dirname "$$mod")" && go mod tidy) || exit 1; done

.PHONY: generate
generate: ## write generated/ anew from openapi/api.yaml
	go generate ./...

.PHONY: fresh
fresh: generate ## fail if generated/ is not what `make generate` writes
	git diff --exit-code -- generated
	@left=$$(git ls-files --others --exclude-standard -- generated); \
	if [ -n "$$left" ]; then echo "written by make generate, but not in git:"; echo "$$left"; exit 1; fi

.PHONY: mutants
mutants: ## measure the suite: does it catch broken servers and leave sound ones alone? Writes docs/strength.md
	$(STRENGTH) -strength=../docs/strength.md

.PHONY: mutants-once
mutants-once: ## the same with one seed a server in turn, not with all five: for CI; writes only to WRITE=FILE
	$(STRENGTH) -in-turn $(if $(WRITE),-strength=$(WRITE))

.PHONY: e2e
e2e: ## run the end-to-end tests, which use other people's clients (a module of its own)
	cd testdata/e2e && go test -count=1 ./...

.PHONY: bench
bench: ## run the benchmarks, BENCHTIME=1s each
	go test -run '^$$' -bench . -benchmem -benchtime=$(BENCHTIME) ./...

.PHONY: fuzz
fuzz: ## run every fuzz target, FUZZTIME=20s each
	bash .ci/fuzz $(FUZZTIME)

.PHONY: types
types: ## check that the document makes TypeScript types that compile (needs node and npm)
	bash .ci/types/check

.PHONY: client
client: ## check that the document makes a Go client that compiles, as OpenAPI 3.0 and 3.1
	bash .ci/client/check

.PHONY: ci
ci: ## everything CI runs, in its order
	bash .ci/run
