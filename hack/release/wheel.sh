#!/usr/bin/env bash
# Builds the wheel with the page of the monitor into build/release, with a software bill of materials, and prints its path.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$(hack/release/tools.sh)
hack/web.sh build >&2
rm -f build/release/*.whl
"$tools/bin/python" -m hatchling build --target wheel --directory build/release >&2
"$tools/bin/python" hack/release/sbom.py >build/release/sbom.cdx.json
echo "$PWD"/build/release/*.whl
