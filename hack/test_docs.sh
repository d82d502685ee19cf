#!/usr/bin/env bash
# Commands of the tutorial and the how-to pages for `make test-docs`, on a cluster of its own, which is deleted afterwards if
# it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
cluster=${DOCS_CLUSTER:-docs}
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
found=$("$python" hack/cluster up --tier node --name "$cluster")
eval "$found"
KUBECONFIG_TEST=$KUBECONFIG "${VENV:-.venv}/bin/pytest" -p no:xdist "$@" tests/pages
