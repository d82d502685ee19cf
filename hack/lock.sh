#!/usr/bin/env bash
# Writes requirements/run.txt and requirements/dev.txt: exact versions with the hash of every file, for every platform.
# Versions that are locked already stay, unless UPGRADE is set. The index is whatever pip or uv is configured to use.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || true)
if [[ -z $uv ]]; then
    home=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/uv
    uv=$home/bin/uv
    if [[ ! -x $uv ]]; then
        echo "lock: installing uv into $home" >&2
        "${PYTHON:-python3}" -m venv --clear "$home"
        "$home/bin/pip" install --quiet --disable-pip-version-check uv
    fi
fi

compile() {
    "$uv" pip compile --quiet --generate-hashes --universal --no-header --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} pyproject.toml "$@"
}
compile --output-file requirements/run.txt
compile --group dev --all-extras --output-file requirements/dev.txt
