#!/usr/bin/env bash
# Installs the wheel by `uv tool` and by `pipx`, as docs/reference/kubectl-process.md says, each in a temporary folder, and
# starts every program that it has. Without pipx (SKIP_PIPX=1) that takes seconds.
set -euo pipefail
cd "$(dirname "$0")/../.."
wheel=$(hack/release/wheel.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m zipfile --list "$wheel" >"$work/files"
grep -q process_operator/monitor/static/index.html "$work/files"

start_all() { # FOLDER: every program starts, under its own name
    "$1/process-operator" --help >"$work/out"
    grep -q 'Usage: process-operator' "$work/out"
    "$1/kubectl-process" --help >"$work/out"
    grep -q 'Usage: kubectl process ' "$work/out"
    "$1/kubectl-process_operator" --help >"$work/out"
    grep -q 'Usage: kubectl process-operator ' "$work/out"
    for name in kubectl_complete-process kubectl_complete-process_operator; do
        "$1/$name" stat >"$work/out"
        grep -q '^status' "$work/out"
    done
    # psycopg of the extra is there: the error is that of the server, which does not exist.
    ! "$1/kubectl-process" import etendo --from-database "postgresql://erp@/x?host=$work" --time-zone Etc/UTC 2>"$work/err"
    grep -q 'No such file or directory' "$work/err"
}

UV_TOOL_DIR=$work/uv UV_TOOL_BIN_DIR=$work/uv-bin "$(hack/uv.sh)" tool install --quiet --python "${PYTHON:-python3}" \
    --constraints requirements/plugin.txt "process-operator[etendo] @ file://$wheel"
start_all "$work/uv-bin"
echo "uv tool: ok"
[[ -z ${SKIP_PIPX:-} ]] || exit 0
PIPX_HOME=$work/pipx PIPX_BIN_DIR=$work/pipx-bin "$(hack/release/tools.sh)/bin/pipx" install --quiet --python "${PYTHON:-python3}" \
    "process-operator[etendo] @ file://$wheel"
start_all "$work/pipx-bin"
echo "pipx: ok"
