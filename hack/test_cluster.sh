#!/usr/bin/env bash
# Cluster tests for `make test-cluster`: all of tests/cluster, on a cluster of its own with the version KUBERNETES. The
# cluster is deleted afterwards, if it was started here. With CLUSTER=existing the tests use the cluster of KUBECONFIG.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
export TEST_CLUSTER=${VERSIONS_CLUSTER:-versions}
started_here=

down() {
    if [[ $started_here ]]; then
        "$python" hack/cluster down --name "$TEST_CLUSTER"
    fi
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [[ ${CLUSTER:-} != existing ]]; then
    "$python" hack/cluster status --name "$TEST_CLUSTER" >/dev/null 2>&1 || started_here=yes
fi
found=$("$python" hack/cluster up --tier node --audit --name "$TEST_CLUSTER" ${KUBERNETES:+--kubernetes "$KUBERNETES"})
eval "$found"
export KUBECONFIG_TEST=$KUBECONFIG
"$python" hack/cluster kubectl --name "$TEST_CLUSTER" -- version
chosen=("$@")
[[ ${chosen[*]} ]] || chosen=(tests/cluster)
pytest=("${VENV:-.venv}/bin/pytest" --no-header -q)
status=0
# 5 is pytest's answer if no chosen test has that mark.
"${pytest[@]}" -n "${CLUSTER_WORKERS:-5}" --dist loadgroup -m "not disruptive" "${chosen[@]}" || { (($? == 5)) || status=1; }
"${pytest[@]}" -p no:xdist -m disruptive "${chosen[@]}" || { (($? == 5)) || status=1; }
exit "$status"
