#!/usr/bin/env bash
# Kubernetes in Docker by kind, for `make demo` and the public CI: `kind.sh up NAME` starts a cluster and prints
# `export KUBECONFIG=...`, and `kind.sh down NAME` deletes it. KIND_IMAGE names another version, such as
# kindest/node:v1.32.2. The test image localhost/busybox:1 is loaded into the node. kind is the one on PATH, or it is built.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${2:?usage: kind.sh up|down NAME}
kubeconfig=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/kind/$name.kubeconfig
kind=$(command -v kind || "${PYTHON:-python3}" hack/cluster program kind)

case $1 in
up)
    mkdir -p "$(dirname "$kubeconfig")"
    if ! "$kind" get clusters 2>/dev/null | grep -qx "$name"; then
        "$kind" create cluster --name "$name" --kubeconfig "$kubeconfig" --wait 3m ${KIND_IMAGE:+--image "$KIND_IMAGE"} >&2
        docker build --quiet --tag localhost/busybox:1 - <<<"FROM busybox:1" >&2
        "$kind" load docker-image localhost/busybox:1 --name "$name" >&2
    fi
    printf 'export KUBECONFIG=%q\n' "$kubeconfig"
    ;;
down)
    "$kind" delete cluster --name "$name" --kubeconfig "$kubeconfig" >&2
    ;;
*)
    echo "usage: kind.sh up|down NAME" >&2
    exit 2
    ;;
esac
