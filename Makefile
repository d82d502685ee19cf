# What a developer does here; `make` alone lists it. Needs python3 (3.11 or newer), git, and for clusters root or the
# packages that hack/cluster names.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
# Names of local clusters: several live side by side. With CLUSTER=existing the cluster of KUBECONFIG is used instead.
DEV_CLUSTER ?= dev
TEST_CLUSTER ?= test
# For pytest: what else to tell it (make test-unit ARGS="-k zone"), and in how many processes.
ARGS ?=
UNIT_WORKERS ?= auto
FIGURES ?=
BENCH_OUT ?= build/bench
COUNT ?=
SEED ?=
CLUSTER_WORKERS ?= 4

export PYTHON VENV DEV_CLUSTER TEST_CLUSTER UNIT_WORKERS CLUSTER_WORKERS

# Made again only where the lock or the way to install it differs, whatever the age of the files.
INSTALLED := $(VENV)/.installed-$(firstword $(shell cat requirements/dev.txt hack/venv.sh | cksum))

.PHONY: help demo test test-unit test-flow-thorough test-oracles test-faults test-kueue bench lint format crds windows-zones chart lock image cluster-up cluster-down venv clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

demo: venv ## a local cluster, the operator and every example; watch the runs for half a minute (DEMO_SECONDS)
	@hack/demo/demo.sh

test: venv ## linters and all tests, with a real cluster that is taken down in the end
	@hack/test.sh

test-unit: venv ## the tests that need no cluster; ARGS goes to pytest
	@$(VENV)/bin/pytest -n $(UNIT_WORKERS) --dist loadgroup --ignore tests/cluster --ignore tests/faults --ignore tests/kueue --ignore tests/oracles $(ARGS)

test-flow-thorough: venv ## tests/flow with a crash at every write of every scenario, the better part of an hour
	@FLOW_THOROUGH=1 $(VENV)/bin/pytest -n $(UNIT_WORKERS) --dist loadgroup tests/flow $(ARGS)

test-oracles: venv ## against robfig/cron, Quartz and Go's httpproxy: COUNT random questions (20000 each) from SEED (1)
	@ORACLE_COUNT=$(COUNT) ORACLE_SEED=$(SEED) $(VENV)/bin/pytest -n 2 --timeout 0 tests/oracles $(ARGS)

test-faults: venv ## the fault suite, half an hour: FAULT_SEED, FAULT_ROUNDS, FAULT_ONLY="SIGKILL|the clock"
	@hack/faults.sh

test-kueue: venv ## the operator beside the real Kueue, on a cluster of its own; the first time builds Kueue (15 minutes)
	@hack/kueue.sh $(ARGS)

bench: venv ## figures beside their anchors, on clusters of their own; FIGURES="burst rest", BENCH_OUT (build/bench)
	@$(VENV)/bin/python hack/bench --out $(BENCH_OUT) $(FIGURES)

lint: venv ## style, types, imports between the packages and prose; all of them, even after a failure
	@status=0; \
	$(VENV)/bin/ruff check --output-format concise . || status=1; \
	$(VENV)/bin/ruff format --check --output-format concise . || status=1; \
	MYPYPATH=hack:hack/bench $(VENV)/bin/mypy --strict operator tests hack || status=1; \
	$(VENV)/bin/lint-imports --no-logo || status=1; \
	$(VENV)/bin/python hack/prose || status=1; \
	exit $$status

format: venv ## format the code, and mend what ruff can mend safely
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

crds: venv ## write crds/ from the models
	@$(VENV)/bin/python -m process_operator crds crds
	@$(VENV)/bin/python -m process_operator crds charts/process-operator/files/crds

windows-zones: venv ## write timing/windows_zones.py from CLDR's table, as tzlocal has it
	@$(VENV)/bin/python hack/windows_zones.py

chart: ## write the chart's README from the comments of its values
	@"$$($(PYTHON) hack/cluster program helm-docs)" --chart-search-root charts --sort-values-order file --log-level warning

lock: ## write requirements/ from pyproject.toml (UPGRADE=1 for the newest versions)
	@hack/lock.sh

image: ## the container image, with docker or buildah; prints its name (IMAGE, VERSION and BASE_IMAGE count)
	@hack/image/build.sh

cluster-up: ## a local cluster with a node; prints how to reach it
	@$(PYTHON) hack/cluster up --tier node --name $(DEV_CLUSTER)

cluster-down: ## end that cluster, and the operator of the demo with it
	@hack/demo/operator.sh stop
	@$(PYTHON) hack/cluster down --name $(DEV_CLUSTER)

venv: $(INSTALLED) ## the virtual environment, from the lock

$(INSTALLED):
	@hack/venv.sh
	@rm -f $(VENV)/.installed-* && touch $@

clean: ## remove what was made in this folder (clusters and their programs stay)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
