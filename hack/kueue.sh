#!/usr/bin/env bash
# Kueue tests for `make test-kueue`: the operator beside the real manager of Kueue (tests/kueue), on a cluster of its own,
# because Kueue's webhooks apply to a whole cluster. The cluster is deleted afterwards, if it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/own_cluster.sh
. hack/own_cluster.sh

python=${PYTHON:-python3}
KUEUE=$("$python" hack/cluster program kueue)
KUEUE_SOURCE=$("$python" hack/cluster source kueue)
export KUEUE KUEUE_SOURCE
own_cluster "${KUEUE_CLUSTER:-kueue}" --tier node
"${VENV:-.venv}/bin/pytest" -p no:xdist "$@" tests/kueue
