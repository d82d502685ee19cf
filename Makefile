# Targets for developers; `make` alone lists them. They need python3 (3.11 or newer) and git. Clusters need root, or the
# packages that hack/cluster names.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
# Names of local clusters; several can run side by side. CLUSTER=existing uses the cluster of KUBECONFIG instead, and
# CLUSTER=kind or local chooses for `make demo`, which takes kind if Docker answers.
DEV_CLUSTER ?= dev
TEST_CLUSTER ?= test
# More arguments for pytest (make test-unit ARGS="-k zone"), and its number of processes.
ARGS ?=
UNIT_WORKERS ?= auto
# All tests but those that start a cluster, a database, a browser or an oracle.
WITHOUT_SERVERS := $(addprefix --ignore tests/,cluster faults kueue pages site oracles database monitor monitor_cluster release)
# Tests whose branches `make coverage` traces. Random questions and crashes at the writes repeat the same branches, and
# coverage on Python 3.11 has no sys.monitoring. With these tests it takes more than 20 minutes on a busy machine.
COVERED ?= tests/unit tests/contract tests/flow/test_scenarios.py $(addprefix --ignore tests/unit/,timing/test_recurrence_properties.py preview/test_command_fuzz.py)
COVERAGE_WORKERS ?= 2
FIGURES ?=
BENCH_OUT ?= build/bench
BUSY_LOOPS ?= 0
COUNT ?=
SEED ?=
CLUSTER_WORKERS ?= 5

export PYTHON VENV DEV_CLUSTER TEST_CLUSTER UNIT_WORKERS CLUSTER_WORKERS

# Made again only if the lock or hack/venv.sh differs, whatever the age of the files.
INSTALLED := $(VENV)/.installed-$(firstword $(shell cat requirements/dev.txt hack/venv.sh | cksum))

.PHONY: help demo monitor test test-unit coverage test-web test-monitor monitor-picture test-monitor-cluster test-flow-thorough test-oracles test-cluster test-faults test-kueue bench docs reference test-docs test-site lint format crds windows-zones argo-cd chart lock release-check image cluster-up cluster-down venv clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

demo: venv monitor ## a cluster (kind, yours or a local one) with the operator, all examples and the page of the monitor; shows the runs for DEMO_SECONDS (30)
	@hack/demo/demo.sh

monitor: ## build the front end of the Process Monitor; Node is installed if it is missing
	@hack/web.sh build

test: venv ## linters and all tests, on a real cluster that is deleted afterwards
	@hack/test.sh

test-unit: venv ## the tests that need no cluster; pytest gets ARGS
	@$(VENV)/bin/pytest -n $(UNIT_WORKERS) --dist loadgroup $(WITHOUT_SERVERS) $(ARGS)

test-web: ## linter, types and unit tests of the front end
	@hack/web.sh test

test-monitor: venv monitor ## the Process Monitor in a real Chromium; pytest gets ARGS, SCREENSHOTS=folder keeps pictures
	@CHROMIUM=$$(hack/web.sh chromium) hack/web.sh alone $(VENV)/bin/pytest -p no:xdist tests/monitor $(ARGS)

monitor-picture: venv monitor ## write the picture of the page in the docs (docs/monitor-runs.png)
	@PICTURE=1 CHROMIUM=$$(hack/web.sh chromium) hack/web.sh alone $(VENV)/bin/pytest -p no:xdist tests/monitor/test_picture.py

test-monitor-cluster: venv ## the Process Monitor in a real Chromium on a cluster of its own; the first run builds oauth2-proxy; pytest gets ARGS
	@hack/monitor.sh $(ARGS)

coverage: venv ## branch coverage of the unit and contract tests and of each flow scenario once (COVERED), in build/coverage
	@mkdir -p build/coverage
	@COVERAGE_CORE=ctrace $(VENV)/bin/pytest -n $(COVERAGE_WORKERS) --dist loadgroup $(COVERED) --cov --cov-report=term:skip-covered --cov-report=html $(ARGS)

test-flow-thorough: venv ## tests/flow with a crash at every write of every scenario, most of an hour
	@FLOW_THOROUGH=1 $(VENV)/bin/pytest -n $(UNIT_WORKERS) --dist loadgroup tests/flow $(ARGS)

test-oracles: venv ## compares with robfig/cron, Quartz and Go's httpproxy: COUNT random questions (20000 each) from SEED (1)
	@ORACLE_COUNT=$(COUNT) ORACLE_SEED=$(SEED) $(VENV)/bin/pytest -n 2 --timeout 0 tests/oracles $(ARGS)

test-cluster: venv ## the tests with a real cluster, on one of its own: KUBERNETES=1.32 for that version; pytest gets ARGS
	@hack/test_cluster.sh $(ARGS)

test-faults: venv ## the fault suite, half an hour: FAULT_SEED, FAULT_ROUNDS, FAULT_ONLY="SIGKILL|the clock"
	@hack/faults.sh

test-kueue: venv ## the operator beside the real Kueue, on a cluster of its own; the first run builds Kueue (15 minutes)
	@hack/kueue.sh $(ARGS)

bench: venv ## figures beside their anchors, on clusters of their own; FIGURES="burst rest", BENCH_OUT (build/bench), BUSY_LOOPS (0)
	@$(VENV)/bin/python hack/bench --out $(BENCH_OUT) --busy-loops $(BUSY_LOOPS) $(FIGURES)

docs: reference ## build the site of docs/ into build/site, strictly
	@hack/docs.sh

test-site: docs ## the built site in a real Chromium: diagrams, search, no other origin; pytest gets ARGS, SCREENSHOTS=folder keeps pictures
	@CHROMIUM=$$(hack/web.sh chromium) hack/web.sh alone $(VENV)/bin/pytest -p no:xdist tests/site $(ARGS)

test-docs: venv ## commands of the tutorial and the how-to pages, on a cluster of its own; pytest gets ARGS
	@hack/test_docs.sh $(ARGS)

reference: venv ## generate docs/reference/generated from the code
	@$(VENV)/bin/python hack/reference

lint: venv ## style, types, imports between the packages, prose and workflows; all of them, even after a failure
	@status=0; \
	$(VENV)/bin/ruff check --output-format concise . || status=1; \
	$(VENV)/bin/ruff format --check --output-format concise . || status=1; \
	MYPYPATH=hack:hack/bench $(VENV)/bin/mypy --strict operator tests hack || status=1; \
	$(VENV)/bin/lint-imports --no-logo || status=1; \
	$(VENV)/bin/python hack/prose || status=1; \
	hack/workflows.sh || status=1; \
	exit $$status

format: venv ## format the code, with the safe fixes of ruff
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

crds: venv ## generate crds/ from the models, and their pages
	@$(VENV)/bin/python -m process_operator crds crds
	@$(VENV)/bin/python -m process_operator crds charts/process-operator/files/crds
	@$(VENV)/bin/python hack/reference

windows-zones: venv ## generate timing/windows_zones.py from CLDR's table in tzlocal
	@$(VENV)/bin/python hack/windows_zones.py

argo-cd: venv ## generate the ConfigMap of Argo CD from the Lua scripts in config/argo-cd
	@$(VENV)/bin/python hack/argo_cd.py

chart: ## generate the chart's README from the comments of its values
	@"$$($(PYTHON) hack/cluster program helm-docs)" --chart-search-root charts --sort-values-order file --log-level warning

lock: ## lock requirements/ from pyproject.toml (UPGRADE=1 for the newest versions)
	@hack/lock.sh

release-check: venv ## tests of a release; build the wheel, and install it by uv tool and pipx in temporary folders; build the plugin as one file
	@$(VENV)/bin/pytest -p no:xdist tests/release
	@hack/release/try.sh
	@hack/release/executable.sh

image: ## build the container image with docker or buildah, and print its name (IMAGE, VERSION, BASE_IMAGE)
	@hack/image/build.sh

cluster-up: ## start a local cluster with a node, and print how to reach it
	@$(PYTHON) hack/cluster up --tier node --name $(DEV_CLUSTER)

cluster-down: ## stop that cluster, the operator and the page of the demo
	@hack/demo/background.sh monitor stop
	@hack/demo/background.sh operator stop
	@hack/demo/cluster.sh down

venv: $(INSTALLED) ## create the virtual environment from the lock

$(INSTALLED):
	@hack/venv.sh
	@rm -f $(VENV)/.installed-* && touch $@

clean: ## remove generated files of this folder (clusters and their programs stay)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
