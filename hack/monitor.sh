#!/usr/bin/env bash
# Process Monitor in a browser for `make test-monitor-cluster`: tests/monitor_cluster, on a cluster of its own, because its
# API server is killed and restarted. The cluster is deleted afterwards, if it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
cluster=${MONITOR_CLUSTER:-monitor}
started_here=

down() {
    if [[ $started_here ]]; then
        "$python" hack/cluster down --name "$cluster"
    fi
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

hack/web.sh build
CHROMIUM=$(hack/web.sh chromium)
export CHROMIUM
"$python" hack/cluster status --name "$cluster" >/dev/null 2>&1 || started_here=yes
found=$("$python" hack/cluster up --tier node --name "$cluster")
eval "$found"
KUBECONFIG_TEST=$KUBECONFIG "${VENV:-.venv}/bin/pytest" -p no:xdist "$@" tests/monitor_cluster
