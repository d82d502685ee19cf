#!/usr/bin/env bash
# Builds the plugin as one executable file for the platform of this machine, in an archive as krew wants it:
# build/release/kubectl-process_operator-OS-ARCH.tar.gz, with kubectl-process_operator and LICENSE. Prints its path.
#
# With SCIE=eager, as the public CI sets it, the file has CPython inside, which pex downloads from GitHub. Without it the
# user's machine needs Python. WHEEL names a wheel that is built already. Every wheel of a dependency is one of
# requirements/plugin.txt, with its hash.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=kubectl-process_operator
tools=$(hack/release/tools.sh)
wheel=${WHEEL:-$(hack/release/wheel.sh)}
os=$(uname -s | tr '[:upper:]' '[:lower:]')
case $(uname -m) in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *)
        echo "release: $(uname -m) is no platform of the plugin" >&2
        exit 1
        ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tools/bin/python" -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    --requirement requirements/plugin.txt --dest "$work/wheels"
"$tools/bin/pex" "$wheel[etendo]" --no-pypi --find-links "$work/wheels" --console-script "$name" --venv prepend \
    --output-file "$work/built/$name.pex" ${SCIE:+--scie "$SCIE" --scie-only} >&2
# The one file that pex wrote, whatever name it has. The plugin takes its own name from that of its file.
built=$(find "$work/built" -type f -perm -u+x)
mkdir "$work/archive"
install -m 0755 "$built" "$work/archive/$name"
install -m 0644 LICENSE "$work/archive/LICENSE"
archive=$PWD/build/release/$name-$os-$arch.tar.gz
tar --create --gzip --file "$archive" --directory "$work/archive" "$name" LICENSE
echo "$archive"
