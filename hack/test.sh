#!/usr/bin/env bash
# What `make test` runs: the linters, the tests that need no cluster, those against oracles (programs in Go and Java), and
# those that need a cluster, on a real one. Every stage runs, so that one run shows all there is to mend. The cluster is
# taken down in the end, whatever happened, if it was started here; one that was up before is left as it was found.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
python=${PYTHON:-python3}
cluster=${TEST_CLUSTER:-test}
second=$cluster-2
second_part=(tests/cluster/test_{catch_up,hedge,high_availability,node_away,notifications,shared_process,steps_restart}.py)
needs_cluster=()
for folder in tests/cluster tests/chart; do
    [[ -e $folder ]] && needs_cluster+=("$folder")
done
watches=(tests/contract/test_watch_*.py tests/contract/test_lease.py)

scratch=$(mktemp -d)
timings=()
failed=()

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
    "$venv/bin/pytest" "$@" | tee "$closing.output" || status=$?
    tail -n 1 "$closing.output" >"$closing"
    return "$status"
}

faults() {
    local status=0
    PYTHONPATH=operator:. "$venv/bin/python" -m tests.faults --short | tee "$scratch/output" || status=$?
    grep '^total' "$scratch/output" >"$scratch/faults" || true
    return "$status"
}

up() { # NAME
    local found
    "$python" hack/cluster status --name "$1" >/dev/null 2>&1 || touch "$scratch/started-$1"
    # The audit log tells the operator's requests from those of everybody else.
    found=$("$python" hack/cluster up --tier node --audit --name "$1") || return
    eval "$found"
    export KUBECONFIG_TEST=$KUBECONFIG
    # Once, before several test processes ask for it at the same time.
    "$python" hack/cluster kubectl --name "$1" -- apply --filename crds
}

down() {
    local name
    for name in "$cluster" "$second"; do
        if [[ -e $scratch/started-$name ]]; then
            rm "$scratch/started-$name"
            "$python" hack/cluster down --name "$name"
        fi
    done
}

# Tests that end the operator wait most of the time. A second cluster lets half of them wait beside all others; with one
# that exists already they come after them.
second_lane() {
    timings=()
    failed=()
    [[ ${CLUSTER:-} = existing ]] || stage "second cluster up" up "$second"
    stage "tests that kill the operator, second part" tests disruptive-2 -m disruptive -p no:xdist "${second_part[@]}"
    # Each brings its own operator, so one after the other.
    stage "tests of broken watches" tests watches -p no:xdist "${watches[@]}"
    stage "faults, the short version" faults
    printf '%s\n' "${timings[@]}" >"$scratch/timings"
    printf '%s\n' "${failed[@]}" >"$scratch/failed"
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
stage "cluster up" up "$cluster"
if [[ ${KUBECONFIG_TEST:-} ]]; then
    if [[ ${CLUSTER:-} != existing ]]; then
        (second_lane) >"$scratch/lane" 2>&1 &
    fi
    stage "tests with a cluster" tests real -n "${CLUSTER_WORKERS:-4}" -m "not disruptive" tests/cluster
    stage "tests that kill the operator" tests disruptive -m disruptive -p no:xdist "${second_part[@]/#/--ignore=}" tests/cluster
    if [[ ${CLUSTER:-} = existing ]]; then
        (second_lane) >"$scratch/lane" 2>&1 || true
    fi
    wait
    cat "$scratch/lane"
    [[ -s $scratch/timings ]] && mapfile -t -O "${#timings[@]}" timings <"$scratch/timings"
    # A lane that did not come to its end says nothing of failures.
    [[ -e $scratch/failed ]] || failed+=("second lane")
    while read -r line; do [[ -z $line ]] || failed+=("$line"); done < <(cat "$scratch/failed" 2>/dev/null)
    logs=()
    for name in "$cluster" "$second"; do
        log=$(dirname "$KUBECONFIG_TEST")/../$name/logs/audit.log
        [[ -e $log ]] && logs+=("$log")
    done
    # Whatever the operator did until here it did with the rights of the chart.
    AUDIT_LOG=$(IFS=:; printf '%s' "${logs[*]}")
    [[ $AUDIT_LOG ]] && export AUDIT_LOG
    stage "tests of the chart" tests chart -p no:xdist tests/chart
fi
stage "cluster down" down

printf '\n'
printf '%s\n' "${timings[@]}"
if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}"
fi
cat "$scratch"/{fast,oracles,real,disruptive,disruptive-2,watches,chart,faults} 2>/dev/null || true
exit $((${#failed[@]} > 0))
