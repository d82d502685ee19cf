#!/usr/bin/env bash
# What `make test` runs: the linters, the tests that need no cluster, those against oracles (programs in Go and Java), and
# those that need a cluster, on a real one. Every stage runs, so that one run shows all there is to mend. The cluster is
# taken down in the end, whatever happened, if it was started here; one that was up before is left as it was found.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
python=${PYTHON:-python3}
cluster=${TEST_CLUSTER:-test}
needs_cluster=()
for folder in tests/cluster tests/chart; do
    [[ -e $folder ]] && needs_cluster+=("$folder")
done
watches=(tests/contract/test_watch_*.py tests/contract/test_lease.py)

scratch=$(mktemp -d)
timings=()
failed=()
started_here=

stage() { # NAME COMMAND...
    local began=$SECONDS name=$1
    shift
    printf '\n==> %s\n' "$name"
    "$@" || failed+=("$name")
    timings+=("$name $((SECONDS - began)) s")
}

tests() { # FILE for the last line, then what pytest is told
    local closing=$scratch/$1 status=0
    shift
    "$venv/bin/pytest" "$@" | tee "$scratch/output" || status=$?
    tail -n 1 "$scratch/output" >"$closing"
    return "$status"
}

faults() {
    local status=0
    PYTHONPATH=operator:. "$venv/bin/python" -m tests.faults --short | tee "$scratch/output" || status=$?
    grep '^total' "$scratch/output" >"$scratch/faults" || true
    return "$status"
}

up() {
    local found
    "$python" hack/cluster status --name "$cluster" >/dev/null 2>&1 || started_here=yes
    # The audit log tells the operator's requests from those of everybody else.
    found=$("$python" hack/cluster up --tier node --audit --name "$cluster") || return
    eval "$found"
    export KUBECONFIG_TEST=$KUBECONFIG
    # Once, before several test processes ask for it at the same time.
    "$python" hack/cluster kubectl --name "$cluster" -- apply --filename crds
}

down() {
    if [[ $started_here ]]; then
        started_here=
        "$python" hack/cluster down --name "$cluster"
    fi
}

finish() {
    down || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

stage "lint" make lint
stage "tests without a cluster" tests fast -n "${UNIT_WORKERS:-auto}" --ignore=tests/oracles \
    "${needs_cluster[@]/#/--ignore=}" "${watches[@]/#/--ignore=}"
stage "tests against oracles" tests oracles -n 2 tests/oracles
stage "cluster up" up
if [[ ${KUBECONFIG_TEST:-} ]]; then
    stage "tests with a cluster" tests real -n "${CLUSTER_WORKERS:-4}" -m "not disruptive" tests/cluster
    stage "tests that kill the operator" tests disruptive -m disruptive -p no:xdist tests/cluster
    AUDIT_LOG=$(dirname "$KUBECONFIG_TEST")/logs/audit.log
    # Whatever the operator did until here it did with the rights of the chart.
    [[ -e $AUDIT_LOG ]] && export AUDIT_LOG
    stage "tests of the chart" tests chart -p no:xdist tests/chart
    # Each brings its own operator, so one after the other.
    stage "tests of broken watches" tests watches -p no:xdist "${watches[@]}"
    stage "faults, the short version" faults
fi
stage "cluster down" down

printf '\n'
printf '%s\n' "${timings[@]}"
if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}"
fi
cat "$scratch"/{fast,oracles,real,disruptive,chart,watches,faults} 2>/dev/null || true
exit $((${#failed[@]} > 0))
