SHELL := /bin/bash
.DEFAULT_GOAL := help

COMPOSE_FILE := docker-compose-dev.yaml
COMPOSE := docker compose -f $(COMPOSE_FILE)
# Number of clients in a new docker-compose-dev.yaml.
N ?= 5
# Seconds for containers to stop.
GRACE ?= 10
FUZZTIME ?= 10s

GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOTESTSUM := go run gotest.tools/gotestsum@v1.13.0
DEADCODE := go run golang.org/x/tools/cmd/deadcode@v0.48.0
# What `make check` compares the work tree with.
BASE ?= HEAD

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
.PHONY: help

build: ## build composer, server and client for this machine into bin/
	go build -o bin/ ./composer ./services/...
.PHONY: build

docker-image: ## build the images server:latest and client:latest
	docker build -f services/server/Dockerfile -t server:latest .
	docker build -f services/client/Dockerfile -t client:latest .
.PHONY: docker-image

$(COMPOSE_FILE):
	./generar-compose.sh $@ $(N)

# Extracts missing agency files and keeps the others.
data: bin/composer
	bin/composer data extract --keep
.PHONY: data

bin/composer: $(shell find composer internal templates -type f) services/services.go go.mod go.sum
	sh composer/build.sh

# An existing Compose file stays. Its first line names its stage: the target stops if .stage or COMPOSER_STAGE asks for another.
docker-compose-up: right-stage docker-image data secrets $(COMPOSE_FILE) ## start the lab (writes a missing Compose file for N clients)
	$(COMPOSE) up -d --remove-orphans
.PHONY: docker-compose-up

# Makes the secrets that the Compose file mounts (composer render --set auth=true --set tls=true), and keeps those that are there.
secrets: $(COMPOSE_FILE)
	@auth=$$(sed -n 's,^    file: \(.*\)/master\.secret$$,\1,p' $(COMPOSE_FILE)); \
	tls=$$(sed -n 's,^    file: \(.*\)/server\.crt$$,\1,p' $(COMPOSE_FILE)); \
	if [ -n "$$auth$$tls" ]; then \
	  $(MAKE) -s bin/composer && bin/composer data secrets $${tls:+--tls} \
	    -n $$(grep -c '^    file: .*/agency-[0-9]*\.secret$$' $(COMPOSE_FILE)) -o "$${auth:-$$tls}"; \
	fi
.PHONY: secrets

right-stage: $(COMPOSE_FILE)
	@made=$$(sed -n '1{/ --bundle /d;s/^# Made by: composer render --stage \([^ ]*\).*/\1/p;}' $(COMPOSE_FILE)); \
	stage=$${COMPOSER_STAGE:-$$(cat .stage 2>/dev/null | tr -d '[:space:]')}; \
	if [ -n "$$made" ] && [ -n "$$stage" ] && [ "$$made" != "$$stage" ]; then \
	  echo "$(COMPOSE_FILE) is of stage $$made, not $$stage; make it anew: ./generar-compose.sh $(COMPOSE_FILE) $(N)" >&2; \
	  exit 1; \
	fi
.PHONY: right-stage

docker-compose-down: ## stop the lab and remove its containers and network
	$(COMPOSE) stop -t $(GRACE)
	$(COMPOSE) down --remove-orphans
.PHONY: docker-compose-down

docker-compose-logs: ## follow the lab's logs
	$(COMPOSE) logs -f
.PHONY: docker-compose-logs

test: ## run the tests (needs Go only); the long ones are left to make long
	go test -short ./...
.PHONY: test

check: ## the inner loop: format, vet and test the packages that changed since BASE
	@sh .ci/check $(BASE)
.PHONY: check

# The long tests read texts of megabytes and simulate thousands of crashes; the race detector would make each ten times as long,
# and the short ones run the same code. The list of the slowest tests comes at the end.
race long:
	@mkdir -p bin
	$(GOTESTSUM) --format pkgname --jsonfile bin/$@.json -- $(TEST_FLAGS) -timeout 30m ./...
	@echo "the slowest ten tests:"
	@$(GOTESTSUM) tool slowest --jsonfile bin/$@.json --num 10
.PHONY: race long

race: TEST_FLAGS = -race -short
race: ## run the tests of make test with the race detector

long: ## run all tests, the long ones too

lint: ## check style and vet
	$(GOLANGCI) run
	$(GOLANGCI) fmt --diff
.PHONY: lint

fmt: ## format the code
	$(GOLANGCI) fmt
.PHONY: fmt

deadcode: ## list functions that no program and no test reaches
	@unreached=$$($(DEADCODE) -test ./...); echo "$$unreached"; test -z "$$unreached"
.PHONY: deadcode

drawing: ## write the drawing in docs/architecture.md anew, from go list
	go test ./internal/test/architecture -run Drawing -count 1 -update
.PHONY: drawing

golden: ## write the golden files and the generated parts of docs/ anew
	go test -short -count 1 ./internal/template/render ./internal/course/report ./internal/course/verify ./internal/lab/config ./examples -update
	go test -short -count 1 ./internal/cli -run 'TestSurface|TestJSON' -update
	go test -count 1 ./internal/test/transcript -run TestTour -update
	go test -count 1 ./internal/test/architecture -run Drawing -update
.PHONY: golden

e2e: ## check all stages in containers, and run the tests that need Docker
	go run ./composer verify --engine docker
	go test -tags e2e -count 1 -run 'TestConfined|TestImages|TestComposeItself' ./internal/course/verify
	go test -tags e2e -count 1 -timeout 40m -skip 'TestKubernetes|TestSwarm' ./internal/test/e2e
	go test -tags e2e -count 1 -timeout 40m -run TestDocker ./internal/test/transcript
.PHONY: e2e

REPOS ?= bin/solutions
REPORTS ?= bin/agreement
JUDGE ?= $(CURDIR)/bin/composer
FLAGS ?=
agreement: build ## compare verify with the people who read public solutions: hours; REPOS has clones named OWNER+NAME, REPORTS the reports, FLAGS are verify's
	@mkdir -p $(REPOS) $(REPORTS)
	AGREEMENT_REPOS=$(abspath $(REPOS)) AGREEMENT_REPORTS=$(abspath $(REPORTS)) AGREEMENT_JUDGE=$(JUDGE) AGREEMENT_FLAGS="$(FLAGS)" \
	  go test ./internal/course/agreement -run TestAgreement -count 1 -timeout 24h -v
.PHONY: agreement

pictures: build ## draw docs/pictures anew: the template, graphs by composer, the page of verify by chromium
	go test ./internal/test/pictures -count 1 -update
	bin/composer verify --stage ej8 --report html=bin/verify.html
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1000,900 --screenshot="$(CURDIR)/docs/pictures/verify.png" "file://$(CURDIR)/bin/verify.html" 2>/dev/null
.PHONY: pictures

e2e-windows: ## run the Windows build under Wine: paths, run, verify, Ctrl-C (skipped where there is no Wine)
	@.ci/wine --have || exit 0; set -ex; \
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go test -exec "$(CURDIR)/.ci/wine" -count 1 -timeout 10m ./internal/test/windows; \
	go test -tags wine -count 1 -timeout 5m ./internal/test/windows
.PHONY: e2e-windows

# The clusters are started by scripts beside the project; without them the tests are skipped, and say so.
e2e-swarm: ## run the lab on a Swarm of several nodes, two of which are killed (needs root)
	go test -tags e2e -count 1 -timeout 10m -v -run TestSwarm ./internal/test/e2e
.PHONY: e2e-swarm

e2e-kubernetes: ## let a Kubernetes API server check all stages, and run the lab on a node (needs root)
	go test -tags e2e -count 1 -timeout 30m -v -run TestKubernetes ./internal/test/e2e
.PHONY: e2e-kubernetes

# SCREENSHOTS is a directory for screenshots; without it none are kept.
browser: ## check verify's HTML report in a browser (needs chromium)
	REPORT_SCREENSHOTS="$(abspath $(SCREENSHOTS))" go test -tags browser -count 1 -run Browser ./internal/course/report
.PHONY: browser

bench-render: ## compare composer render with Python and bash
	go run ./bench/render
.PHONY: bench-render

# DIR is a directory with Compose files of any number of projects.
agreement-compose: build ## compare composer lint with docker compose config on all Compose files below DIR
	@test -d "$(DIR)" || { echo "say where the Compose files are: make agreement-compose DIR=…" >&2; exit 2; }
	go run ./bench/agreement -composer bin/composer "$(DIR)"
.PHONY: agreement-compose

bench: ## measure the lottery against a floor, and write docs/benchmarks.md
	go run ./bench/lottery -write
.PHONY: bench

footprint: ## measure a first build: what is downloaded, how long it takes, the size of the program
	.ci/footprint
.PHONY: footprint

# ROUNDS is how many rounds of each kind of accident; a full disk needs root.
ROUNDS ?= 10
campaign: ## flip every bit of small conversations, kill, stop and starve the lottery's processes, take their files away, and compare what is left
	go test -count 1 -run TestFlips -v ./internal/lab/agency
	go run ./bench/campaign -rounds $(ROUNDS)
.PHONY: campaign

# SEEDS is how many plans of faults; a failing one is printed with the flag that runs it again.
SEEDS ?= 5000
simulate: ## run the lottery's server and agencies with a simulated network and disk, through SEEDS plans of faults
	go test -count 1 -timeout 30m -run TestSimulation ./internal/lab/lottery/draw -rapid.checks=$(SEEDS)
.PHONY: simulate

fuzz: ## run each fuzz target for FUZZTIME
	@set -e; for package in $$(git grep -l '^func Fuzz' '*_test.go' | xargs -n 1 dirname | sort -u); do \
	  for target in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$package/*_test.go | cut -d ' ' -f 2); do \
	    .ci/fuzz $$package $$target $(FUZZTIME); \
	  done; done
.PHONY: fuzz

portable: ## build and vet for Linux, macOS and Windows, amd64 and arm64
	@set -e; for system in linux darwin windows; do \
	  for processor in amd64 arm64; do \
	    echo "$$system/$$processor"; \
	    GOOS=$$system GOARCH=$$processor CGO_ENABLED=0 go build ./...; \
	  done; \
	  GOOS=$$system CGO_ENABLED=0 go vet ./...; \
	done
.PHONY: portable

ci: lint deadcode portable race long ## what CI runs before the tests in a browser and in containers
.PHONY: ci
