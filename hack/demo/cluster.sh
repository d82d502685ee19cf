#!/usr/bin/env bash
# Cluster of `make demo`: `cluster.sh up` prints `export KUBECONFIG=...`, `cluster.sh down` deletes the cluster.
# CLUSTER=existing is the cluster of the user's kubeconfig, which stays. CLUSTER=kind is one in Docker, and CLUSTER=local
# one on this machine's loopback interface. Without CLUSTER it is kind if Docker answers, else local.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
name=${DEV_CLUSTER:-dev}
choice=${CLUSTER:-}
if [[ -z $choice ]]; then
    choice=local
    if docker info >/dev/null 2>&1; then choice=kind; fi
fi

case ${1:-}/$choice in
up/existing)
    KUBECONFIG=${KUBECONFIG:-$HOME/.kube/config} "$python" hack/cluster up
    ;;
up/kind)
    found=$(hack/kind.sh up "$name")
    eval "$found"
    CLUSTER=existing "$python" hack/cluster up
    ;;
up/local)
    CLUSTER='' "$python" hack/cluster up --tier node --name "$name"
    ;;
down/existing)
    echo "demo: the cluster of your kubeconfig stays; kubectl delete namespace demo, then --filename crds, removes the rest" >&2
    ;;
down/kind)
    hack/kind.sh down "$name"
    ;;
down/local)
    CLUSTER='' "$python" hack/cluster down --name "$name"
    ;;
*)
    echo "usage: cluster.sh up|down, with CLUSTER=existing, kind, local or nothing" >&2
    exit 2
    ;;
esac
