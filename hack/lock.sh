#!/usr/bin/env bash
# Writes the locks in requirements/, with exact versions and the hash of every file for every platform:
# - run.txt is for the image,
# - plugin.txt for the plugin with all extras,
# - release.txt for the tools of a release,
# - docs.txt for the site of docs/,
# - dev.txt for developers.
#
# Versions that are locked already stay, unless UPGRADE is set. The index is whatever pip or uv is configured to use.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(hack/uv.sh)

compile() {
    "$uv" pip compile --quiet --generate-hashes --universal --no-header --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} "$@"
}
compile pyproject.toml --output-file requirements/run.txt
compile pyproject.toml --all-extras --output-file requirements/plugin.txt
compile --group release --output-file requirements/release.txt
compile --group docs --output-file requirements/docs.txt
compile pyproject.toml --group dev --all-extras --output-file requirements/dev.txt
