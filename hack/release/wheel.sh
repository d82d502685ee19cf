#!/usr/bin/env bash
# Builds the wheel with the page of the monitor into build/release, and prints its path.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$(hack/release/tools.sh)
hack/web.sh build >&2
rm -f build/release/*.whl
"$tools/bin/python" -m hatchling build --target wheel --directory build/release >&2
echo "$PWD"/build/release/*.whl
