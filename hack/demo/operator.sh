#!/usr/bin/env bash
# The operator as a background process of this machine, for the cluster of KUBECONFIG: operator.sh start | stop | log.
# One for each name in DEV_CLUSTER. It outlives the terminal; its log and its process id are in the cache folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
state=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/demo
pid_file=$state/${DEV_CLUSTER:-dev}.pid
log=$state/${DEV_CLUSTER:-dev}.log

# A process id may have gone to another program since: the command line tells.
is_running() {
    [[ -r $pid_file ]] && tr '\0' ' ' 2>/dev/null <"/proc/$(<"$pid_file")/cmdline" | grep -q -- '-m process_operator run'
}

stop() {
    if is_running; then
        local pid
        pid=$(<"$pid_file")
        kill "$pid"
        for _ in {1..100}; do
            is_running || break
            sleep 0.1
        done
        if is_running; then
            echo "demo: the operator does not end by itself, killing it" >&2
            kill -KILL "$pid"
        fi
        echo "demo: the operator (process $pid) has ended" >&2
    fi
    rm -f "$pid_file"
}

start() {
    stop
    mkdir -p "$state"
    setsid "${VENV:-.venv}/bin/python" -m process_operator run >"$log" 2>&1 </dev/null &
    echo $! >"$pid_file"
    sleep 2
    if ! is_running; then
        echo "demo: the operator ended at once; its log:" >&2
        tail -n 30 "$log" >&2
        rm -f "$pid_file"
        exit 1
    fi
    echo "demo: the operator runs as process $(<"$pid_file"), log: $log" >&2
}

case ${1:-} in
start) start ;;
stop) stop ;;
log) echo "$log" ;;
*)
    echo "usage: operator.sh start | stop | log" >&2
    exit 2
    ;;
esac
