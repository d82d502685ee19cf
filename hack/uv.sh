#!/usr/bin/env bash
# Prints the path of uv: the one on PATH, or one that is installed into the user's cache.
set -euo pipefail
uv=$(command -v uv || true)
if [[ -z $uv ]]; then
    home=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/uv
    uv=$home/bin/uv
    if [[ ! -x $uv ]]; then
        echo "uv: installing uv into $home" >&2
        "${PYTHON:-python3}" -m venv --clear "$home"
        "$home/bin/pip" install --quiet --disable-pip-version-check uv
    fi
fi
echo "$uv"
