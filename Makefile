# `make` runs the tests; `make help` lists the rest.
# lint, fmt, generate, types and client use pinned tools from .ci/, fetched and built the first time; the rest needs Go alone.

.DEFAULT_GOAL := test

# How long each fuzz target and each benchmark runs.
FUZZTIME  ?= 20s
BENCHTIME ?= 1s

# How long the soak test runs.
MINUTES ?= 2

LINT := go tool -modfile=.ci/tools/lint/go.mod golangci-lint

# Every broken and every sound server, with five seeds.
STRENGTH := GOGC=400 go test ./contract -run '^TestStrength$$' -count=1 -timeout 90m -v -every=1 -seeds=5

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The tags leave out what makes the program a third larger and is not used: text/template, behind which the linker keeps
# every method of every type (the help looks the same without it), and PostgreSQL types that no table has.
STATIC ?= bin/counterpart
STATIC_TAGS := urfave_cli_no_template,nopgxregisterdefaulttypes

# Inlining makes most packages larger: it is for what each request goes through, for what the start waits for, and for
# those that it makes smaller. The last pattern that fits a package counts.
STATIC_GCFLAGS := -gcflags=all=-l -gcflags=std= -gcflags=./mockserver/...= -gcflags=./openapi/...= \
	-gcflags=github.com/labstack/...= -gcflags=github.com/prometheus/...= -gcflags=gopkg.in/yaml.v3= -gcflags=github.com/getkin/...= \
	-gcflags=modernc.org/...= -gcflags=go.opentelemetry.io/...= \
	$(foreach package,crypto/tls crypto/x509 encoding/xml encoding/asn1 math/big database/sql regexp/syntax vendor/... text/... mime/...,-gcflags=$(package)=-l)

.PHONY: static
static: ## build the program as one small static file, STATIC=bin/counterpart
	CGO_ENABLED=0 go build -trimpath -tags $(STATIC_TAGS) $(STATIC_GCFLAGS) -ldflags='-s -w' -o $(STATIC) ./cmd/counterpart

.PHONY: test-static
test-static: ## run the tests of what the tags of the static binary change: databases and help
	go test -tags $(STATIC_TAGS) ./mockserver/sqlstore
	go test -tags $(STATIC_TAGS) ./cmd/counterpart -run '^TestScripts$$|^TestHelp'

.PHONY: test
test: ## run all tests of the module (the default)
	go test -timeout 20m ./...

.PHONY: race
race: ## run the tests under the race detector, the long ones in short, and the suite with 20 seeds (needs a C compiler)
	CGO_ENABLED=1 go test -race -short -timeout 30m ./...
	CGO_ENABLED=1 go test -race -timeout 30m ./contract -run '^TestNoSeedFindsAnythingInOurMock$$'

.PHONY: vet
vet: ## go vet, over this module, the end-to-end and the browser tests, the harness of bench-server and the check of deploy/
	go vet ./...
	cd testdata/e2e && go vet ./...
	cd testdata/browser && go vet ./...
	cd testdata/bench && go vet ./...
	cd .ci/deploy && go vet ./...

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
generate: ## write generated/ anew from openapi/api.yaml, iam.yaml and control.yaml
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

.PHONY: conformance
conformance: ## measure by public documents, which are not part of the project (COUNTERPART_CORPUS); writes docs/conformance.md
	go test ./openapi -run '^TestJSONSchemaSuite$$' -count=1 -update
	go test ./contract -run '^TestConformance$$' -count=1 -conformance

.PHONY: e2e
e2e: ## run the end-to-end tests, which use other people's clients (a module of its own)
	cd testdata/e2e && go test -count=1 ./...

.PHONY: browser
browser: ## drive the console of the real program in Chromium (a module of its own; Debian: apt install chromium)
	cd testdata/browser && go test -count=1 -timeout 10m $(if $(CI),-must)

.PHONY: screenshots
screenshots: ## write the pictures of docs/console.md anew (needs Chromium)
	cd testdata/browser && go test -count=1 -run '^TestScreenshots$$' -must -screenshots=$(CURDIR)/docs

.PHONY: bench
bench: ## run the benchmarks, BENCHTIME=1s each
	go test -run '^$$' -bench . -benchmem -benchtime=$(BENCHTIME) ./...

.PHONY: bench-server
bench-server: ## drive the real program with wrk, beside others, and write docs/performance.md (some 20 minutes; POSTGRES=URL for that store too)
	cd testdata/bench && go run . -write=../../docs/performance.md $(if $(POSTGRES),-postgres='$(POSTGRES)')

.PHONY: bench-server-smoke
bench-server-smoke: ## the same in two minutes with small numbers, without Prism, writing nothing: does the harness work?
	cd testdata/bench && go test -count=1 ./... && go run . -seconds=1 -rounds=1 -connectors=20000 -no-prism

.PHONY: fuzz
fuzz: ## run every fuzz target, FUZZTIME=20s each; FUZZ=PATTERN picks some by name
	bash .ci/fuzz $(FUZZTIME) $(if $(FUZZ),'$(FUZZ)')

.PHONY: hostile
hostile: ## attack the real program with everything, over the wire: make test does with some of it
	go test ./cmd/counterpart -run '^TestHostile' -count=1 -timeout 20m -v -thorough

# How often a crash test kills the program, a store.
KILLS ?= 50

.PHONY: crash
crash: ## kill the real program KILLS=50 times a store under writers, cut its database off, let replicas race: is anything lost?
	go test ./cmd/counterpart -run '^(TestCrash|TestReplicas)' -count=1 -timeout 30m -v -kills=$(KILLS)

.PHONY: soak
soak: ## use and attack the program for MINUTES=2: fails if memory, goroutines, handles or latency grow; SVG=FILE draws them, STORE=… is its store
	go test ./cmd/counterpart -run '^TestSoak$$' -count=1 -timeout 24h -v -soak=$(MINUTES)m $(if $(SVG),-svg=$(abspath $(SVG))) $(if $(STORE),-store=$(STORE))

.PHONY: types
types: ## check that the document makes TypeScript types that compile (needs node and npm)
	bash .ci/types/check

.PHONY: client
client: ## check that the document makes a Go client that compiles, as OpenAPI 3.0 and 3.1
	bash .ci/client/check

.PHONY: deploy-check
deploy-check: ## check the image, compose and Kubernetes files under deploy/, offline
	cd .ci/deploy && go test -count=1 ./...

.PHONY: ci
ci: ## everything CI runs, in its order
	bash .ci/run
