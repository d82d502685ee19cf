#!/usr/bin/env bash
# Process Monitor in a browser for `make test-monitor-cluster`: tests/monitor_cluster, on a cluster of its own, because its
# API server is killed and restarted. The cluster is deleted afterwards, if it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/own_cluster.sh
. hack/own_cluster.sh

hack/web.sh build
CHROMIUM=$(hack/web.sh chromium)
export CHROMIUM
own_cluster "${MONITOR_CLUSTER:-monitor}" --tier node
"${VENV:-.venv}/bin/pytest" -p no:xdist "$@" tests/monitor_cluster
