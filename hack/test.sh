#!/usr/bin/env bash
# Stages of `make test`, in lanes that run side by side. The lanes that keep all cores busy come first:
#   - lint    linters, which use one core
#   - pure    tests that need no cluster
#   - image   the image of this checkout, which waits for the network
#   - monitor the front end of the Process Monitor: its linter and unit tests, and its pages in a browser
# The other lanes wait most of the time:
#   - oracles tests against programs in Go and Java, and against PostgreSQL
#   - first   a cluster with a node: the tests that share its operator
#   - second  another one: some of the tests that kill the operator
#   - third   another one: the other tests that kill the operator
#   - fourth  a control plane: broken watches and the Lease, then the short fault suite
#
# The last stage compares the chart's rights with those that were used. With CLUSTER=existing there is one lane for all.
#
# Every stage runs, so that one run shows all failures. A stage prints one line and its failures; everything else is in
# build/test-output. Clusters that were started here are deleted afterwards, whatever happened. A cluster that ran before
# stays.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
python=${PYTHON:-python3}
cluster=${TEST_CLUSTER:-test}
output=build/test-output
watches=(tests/contract/test_watch_*.py tests/contract/test_lease.py)
# Those of about half the time; each has an outage of its own. The third cluster has the rest.
second_part=(tests/cluster/test_{catch_up,takeover,high_availability,notifications,restart,steps_restart}.py)

rm -rf "$output"
mkdir -p "$output"
scratch=$(mktemp -d)

say() { # whole texts: the lanes print at the same time
    {
        flock 9
        printf '%s\n' "$@"
    } 9>"$scratch/printing"
}

stage() { # NAME FILE COMMAND...: run it, with its output in a file; print how it ended, and what of the output says why
    local name=$1 log=$output/$2.log began=$SECONDS status=0
    shift 2
    "$@" >"$log" 2>&1 || status=$?
    local seconds=$((SECONDS - began)) summary
    summary=$(grep -E '^(=+ )?[0-9]+ (passed|failed|error)|^total ' "$log" | tail -n 1 || true)
    printf '%5d s  %s%s\n' "$seconds" "$name" "${summary:+: $summary}" >>"$scratch/timings"
    if ((status == 0)); then
        say "ok      $seconds s  $name"
    else
        printf '%s\n' "$name" >>"$scratch/failed"
        say "FAILED  $seconds s  $name; everything: $log" "$(why "$log")"
    fi
    return "$status"
}

why() { # LOG: from the first failure that pytest shows; else the end of it
    sed -n -E '/^=+ (FAILURES|ERRORS) =+$/,$p' "$1" | grep . || tail -n 40 "$1"
}

pytest=("$venv/bin/pytest" --no-header -q --durations 30)

tests() { # what pytest is told
    "${pytest[@]}" "$@"
}

faults() {
    PYTHONPATH=operator:. "$venv/bin/python" -m tests.faults --short
}

rights() { # which logs there are, and whether all tests ran that use the rights
    local name log chosen=() logs=()
    for name in "$cluster" "$cluster-2" "$cluster-3"; do
        log=$clusters/$name/logs/audit.log
        [[ -e $log ]] && logs+=("$log")
    done
    if [[ -e $scratch/failed ]]; then
        printf 'Not judged: whether every right is used. Tests that failed before may not have come to use some.\n'
        chosen=(-k "not every_right_was_used")
    fi
    AUDIT_LOG=$(IFS=:; printf '%s' "${logs[*]}") tests -p no:xdist tests/chart/test_rights_used.py "${chosen[@]}"
}

up() { # NAME TIER
    local found
    "$python" hack/cluster status --name "$1" >/dev/null 2>&1 || touch "$scratch/started-$1"
    # The audit log tells the operator's requests from those of everybody else.
    found=$("$python" hack/cluster up --tier "$2" --audit --name "$1") || return
    eval "$found"
    export KUBECONFIG_TEST=$KUBECONFIG
    # Once, before several test processes ask for it at the same time.
    "$python" hack/cluster kubectl --name "$1" -- apply --filename crds
}

down() {
    local started name
    for started in "$scratch"/started-*; do
        [[ -e $started ]] || continue
        name=${started#"$scratch"/started-}
        rm "$started"
        "$python" hack/cluster down --name "$name"
    done
}

lint() {
    stage "lint" lint make lint || true
}

programs() { # of the tests without a cluster: built here, because a build on a new machine takes longer than a test may
    local name
    for name in helm helm-docs kube-score kubectl; do
        "$python" hack/cluster program "$name" || return
    done
}

pure() {
    stage "programs" programs programs || true
    stage "tests without a cluster" fast tests -n "${UNIT_WORKERS:-auto}" --dist loadgroup --ignore=tests/oracles --ignore=tests/kueue --ignore=tests/pages --ignore=tests/site --ignore=tests/database \
        --ignore=tests/monitor --ignore=tests/monitor_cluster --ignore=tests/release --ignore=tests/cluster --ignore=tests/faults "${watches[@]/#/--ignore=}" || true
}

image() { # the test of the install finds it built
    stage "image" image hack/image/build.sh --archive || true
}

oracles() {
    stage "tests with a database" database tests -p no:xdist tests/database || true
    # They only compute: a quarter of the questions of `make test-oracles`, at a lower priority than the clusters beside them.
    ORACLE_COUNT=5000 stage "tests against oracles" oracles nice -n 10 "${pytest[@]}" -n 2 --timeout 1800 tests/oracles || true
}

monitor() {
    stage "front end" front-end make test-web || true
    stage "pages in a browser" pages pages || true
}

pages() { # a short part: make test-monitor has all of them, and the figures of speed
    local browser
    hack/web.sh build || return
    browser=$(hack/web.sh chromium) || return
    CHROMIUM=$browser hack/web.sh alone "$venv/bin/pytest" --no-header -q -p no:xdist \
        tests/monitor/test_bundle.py tests/monitor/test_runs_page.py tests/monitor/test_with_server.py
}

first() {
    stage "cluster up" up up "$cluster" node || return 0
    stage "tests with a cluster" real tests -n "${CLUSTER_WORKERS:-5}" --dist loadgroup -m "not disruptive" tests/cluster || true
}

second() {
    [[ ${CLUSTER:-} = existing ]] || stage "second cluster up" up-2 up "$cluster-2" node || return 0
    stage "tests that kill the operator" disruptive tests -m disruptive -p no:xdist "${second_part[@]}" || true
}

third() {
    [[ ${CLUSTER:-} = existing ]] || stage "third cluster up" up-3 up "$cluster-3" node || return 0
    stage "tests that kill the operator, second part" disruptive-2 tests -m disruptive -p no:xdist "${second_part[@]/#/--ignore=}" \
        tests/cluster || true
}

fourth() {
    [[ ${CLUSTER:-} = existing ]] || stage "control plane up" up-4 up "$cluster-4" control-plane || return 0
    # Each brings its own operator, so one after the other.
    stage "tests of broken watches" watches tests -p no:xdist "${watches[@]}" || true
    stage "faults, the short version" faults faults || true
}

lane() { # NAME: run a lane to its end, and note that it came there
    "$1"
    touch "$scratch/ended-$1"
}

side_by_side() { # lanes; each is a process group, so that an interrupted run ends all that it has started
    local name
    set -m
    for name; do
        lane "$name" </dev/null &
        lanes+=($!)
    done
    set +m
    wait "${lanes[@]}" || true
    lanes=()
}

finish() {
    local group
    for group in "${lanes[@]}"; do kill -- "-$group" 2>/dev/null || true; done
    down || true
    rm -rf "$scratch"
}
lanes=()
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

busy=(lint pure image monitor)
waiting=(oracles first second third fourth)
if [[ ${CLUSTER:-} = existing ]]; then
    for name in "${busy[@]}" "${waiting[@]}"; do "$name"; done
else
    # Beside tests that keep all cores busy for some minutes the others would starve, and make their pods wait.
    side_by_side "${busy[@]}"
    if ((SECONDS < 420)); then
        side_by_side "${waiting[@]}"
    else
        # This machine is slow or has other work: four clusters at once would make each other late.
        side_by_side first fourth
        side_by_side oracles second third
    fi
    for name in "${busy[@]}" "${waiting[@]}"; do
        [[ -e $scratch/ended-$name ]] || printf 'lane %s: did not come to its end\n' "$name" >>"$scratch/failed"
    done
    # Whatever the operator did until here it did with the rights of the chart.
    clusters=$(dirname "$("$python" hack/cluster path)")/clusters
    stage "the rights of the chart" rights rights || true
fi
stage "clusters down" down down || true

say "" "$(sort -rn "$scratch/timings")" "$(printf '%5d s  in all' "$SECONDS")"
if [[ -e $scratch/failed ]]; then
    say "" "$(sed 's/^/FAILED: /' "$scratch/failed")"
    exit 1
fi
