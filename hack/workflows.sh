#!/usr/bin/env bash
# Workflows of .github/workflows, checked by actionlint for `make lint`. It is built once, in seconds, from its Go module.
# Scripts in them are checked too where shellcheck is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
actionlint=$("${PYTHON:-python3}" hack/cluster program actionlint)
"$actionlint" -no-color .github/workflows/*.yaml
