#!/usr/bin/env bash
# Fault suite for `make test-faults`: all of tests/faults, on a cluster of its own, because it also kills API servers. The
# cluster is deleted afterwards, if it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
cluster=${FAULT_CLUSTER:-faults}
started_here=

down() {
    if [[ $started_here ]]; then
        "$python" hack/cluster down --name "$cluster"
    fi
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$python" hack/cluster status --name "$cluster" >/dev/null 2>&1 || started_here=yes
found=$("$python" hack/cluster up --tier control-plane --name "$cluster")
eval "$found"
KUBECONFIG_TEST=$KUBECONFIG PYTHONPATH=operator:. "${VENV:-.venv}/bin/python" -m tests.faults "$@"
