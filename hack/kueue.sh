#!/usr/bin/env bash
# Kueue tests for `make test-kueue`: the operator beside the real manager of Kueue (tests/kueue), on a cluster of its own,
# because Kueue's webhooks apply to a whole cluster. The cluster is deleted afterwards, if it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
cluster=${KUEUE_CLUSTER:-kueue}
started_here=

down() {
    if [[ $started_here ]]; then
        "$python" hack/cluster down --name "$cluster"
    fi
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

KUEUE=$("$python" hack/cluster program kueue)
KUEUE_SOURCE=$("$python" hack/cluster source kueue)
export KUEUE KUEUE_SOURCE
"$python" hack/cluster status --name "$cluster" >/dev/null 2>&1 || started_here=yes
found=$("$python" hack/cluster up --tier node --name "$cluster")
eval "$found"
KUBECONFIG_TEST=$KUBECONFIG "${VENV:-.venv}/bin/pytest" -p no:xdist "$@" tests/kueue
