#!/usr/bin/env bash
# Cluster tests for `make test-cluster`: all of tests/cluster, on a cluster of its own with the version KUBERNETES. The
# cluster is deleted afterwards, if it was started here. With CLUSTER=existing the tests use the cluster of KUBECONFIG.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/own_cluster.sh
. hack/own_cluster.sh

export TEST_CLUSTER=${VERSIONS_CLUSTER:-versions}
own_cluster "$TEST_CLUSTER" --tier node --audit ${KUBERNETES:+--kubernetes "$KUBERNETES"}
"${PYTHON:-python3}" hack/cluster kubectl --name "$TEST_CLUSTER" -- version
chosen=("$@")
[[ ${chosen[*]} ]] || chosen=(tests/cluster)
pytest=("${VENV:-.venv}/bin/pytest" --no-header -q)
status=0
# 5 is pytest's answer if no chosen test has that mark.
"${pytest[@]}" -n "${CLUSTER_WORKERS:-5}" --dist loadgroup -m "not disruptive" "${chosen[@]}" || { (($? == 5)) || status=1; }
"${pytest[@]}" -p no:xdist -m disruptive "${chosen[@]}" || { (($? == 5)) || status=1; }
exit "$status"
