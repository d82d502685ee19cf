#!/usr/bin/env bash
# Fault suite for `make test-faults`: all of tests/faults, on a cluster of its own, because it also kills API servers. The
# cluster is deleted afterwards, if it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/own_cluster.sh
. hack/own_cluster.sh

own_cluster "${FAULT_CLUSTER:-faults}" --tier control-plane
PYTHONPATH=operator:. "${VENV:-.venv}/bin/python" -m tests.faults "$@"
