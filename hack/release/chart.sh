#!/usr/bin/env bash
# Packages the chart of a release into build/release: `chart.sh IMAGE HOMEPAGE`, with an IMAGE such as
# ghcr.io/OWNER/process-operator. It is the default of the chart, which also has the annotations of Artifact Hub. Prints
# the path of the archive.
set -euo pipefail
cd "$(dirname "$0")/../.."
image=${1:?usage: chart.sh IMAGE HOMEPAGE}
homepage=${2:?usage: chart.sh IMAGE HOMEPAGE}
version=$(sed -n 's/^appVersion: //p' charts/process-operator/Chart.yaml)
helm=$("${PYTHON:-python3}" hack/cluster program helm)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R charts/process-operator "$work/process-operator"
sed "s|^  repository: process-operator\$|  repository: $image|" charts/process-operator/values.yaml \
    >"$work/process-operator/values.yaml"
grep -qxF "  repository: $image" "$work/process-operator/values.yaml"
"${PYTHON:-python3}" hack/release/artifact_hub.py "$work/process-operator" --homepage "$homepage" --image "$image:$version"
mkdir -p build/release
"$helm" package "$work/process-operator" --destination build/release | sed -n 's/.* saved it to: //p'
