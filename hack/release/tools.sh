#!/usr/bin/env bash
# Makes the virtual environment of the release tools (hatchling, pex, pipx) from requirements/release.txt, in build/release.
# Prints its path.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=$PWD/build/release/tools
wanted=$(cksum <requirements/release.txt)
if [[ $(cat "$venv/.installed" 2>/dev/null) != "$wanted" ]]; then
    echo "release: installing what requirements/release.txt locks into $venv" >&2
    "${PYTHON:-python3}" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/release.txt
    echo "$wanted" >"$venv/.installed"
fi
echo "$venv"
