#!/usr/bin/env bash
# Commands of the tutorial and the how-to pages for `make test-docs`, on a cluster of its own, which is deleted afterwards if
# it was started here.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/own_cluster.sh
. hack/own_cluster.sh

own_cluster "${DOCS_CLUSTER:-docs}" --tier node
"${VENV:-.venv}/bin/pytest" -p no:xdist "$@" tests/pages
