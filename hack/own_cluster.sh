# shellcheck shell=bash
# Cluster of a script's own, which is deleted when the script ends, if it was started here. Sourced in the root of the
# repository. With CLUSTER=existing it is the cluster of KUBECONFIG, which stays.

started_here=

own_cluster() { # NAME OPTION...: start it with these options of `hack/cluster up`. Sets KUBECONFIG and KUBECONFIG_TEST
    local python=${PYTHON:-python3} found
    own_name=$1
    shift
    trap own_cluster_down EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [[ ${CLUSTER:-} != existing ]]; then
        "$python" hack/cluster status --name "$own_name" >/dev/null 2>&1 || started_here=yes
    fi
    found=$("$python" hack/cluster up --name "$own_name" "$@")
    eval "$found"
    export KUBECONFIG_TEST=$KUBECONFIG
}

own_cluster_down() {
    if [[ $started_here ]]; then
        "${PYTHON:-python3}" hack/cluster down --name "$own_name"
    fi
}
