#!/usr/bin/env bash
# The operator, and the page of the Process Monitor, as background processes of this machine, for the cluster of
# KUBECONFIG: background.sh operator|monitor start|stop|log. One of each for each name in DEV_CLUSTER. They outlive the
# terminal; their logs and process ids are in the cache folder. The monitor's log has the address with its key.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=${1:-}
state=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/demo
bin=${VENV:-.venv}/bin
case $name in
operator)
    export PROCESS_OPERATOR_RECEIVERS_FILE=${PROCESS_OPERATOR_RECEIVERS_FILE-hack/demo/receivers.yaml}
    command=("$bin/python" -m process_operator run)
    file=${DEV_CLUSTER:-dev}
    seconds=2
    ;;
monitor)
    command=("$bin/kubectl-process" monitor --no-open --namespace demo)
    file=${DEV_CLUSTER:-dev}-monitor
    seconds=30
    ;;
*)
    echo "usage: background.sh operator|monitor start|stop|log" >&2
    exit 2
    ;;
esac
pid_file=$state/$file.pid
log=$state/$file.log

# A process id may have gone to another program since: the command line tells.
is_running() {
    [[ -r $pid_file ]] && tr '\0' ' ' 2>/dev/null <"/proc/$(<"$pid_file")/cmdline" | grep -q -- "${command[*]:1:2}"
}

has_started() { # the monitor prints its address, the operator goes on
    if [[ $name = monitor ]]; then grep -q '^http' "$log"; else false; fi
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
            echo "demo: the $name does not end by itself, killing it" >&2
            kill -KILL "$pid"
        fi
        echo "demo: the $name (process $pid) has ended" >&2
    fi
    rm -f "$pid_file"
}

start() {
    stop
    mkdir -p "$state"
    (umask 077 && : >"$log")
    setsid "${command[@]}" >"$log" 2>&1 </dev/null &
    echo $! >"$pid_file"
    for ((tenths = 0; tenths < seconds * 10; tenths++)); do
        { is_running || ((tenths < 5)); } && ! has_started || break
        sleep 0.1
    done
    if ! is_running; then
        echo "demo: the $name ended at once; its log:" >&2
        tail -n 30 "$log" >&2
        rm -f "$pid_file"
        exit 1
    fi
    echo "demo: the $name runs as process $(<"$pid_file"), log: $log" >&2
}

case ${2:-} in
start) start ;;
stop) stop ;;
log) echo "$log" ;;
*)
    echo "usage: background.sh operator|monitor start|stop|log" >&2
    exit 2
    ;;
esac
