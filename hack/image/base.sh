#!/usr/bin/env bash
# Makes a base image of Debian's own packages, where none can be pulled: `base.sh IMAGE CACHE`. STORAGE: buildah and its
# options. Python, CA certificates, the C++ library of RE2 and what they need; no apt in it. The tar is kept, because
# it is the slow part. Its name has a number that changes with the packages.
set -euo pipefail
image=$1
cache=$2
read -ra storage <<<"$STORAGE"
tar=$cache/base-trixie-2.tar

if [[ ! -e $tar ]]; then
    printf 'image: making a base image of Debian packages (once for this machine)\n' >&2
    mmdebstrap --quiet --mode=root --variant=essential \
        '--dpkgopt=path-exclude=/usr/share/man/*' '--dpkgopt=path-exclude=/usr/share/doc/*' \
        '--dpkgopt=path-exclude=/usr/share/locale/*' --include=python3,python3-venv,ca-certificates,libstdc++6 \
        '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python3"' \
        '--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hosts"; : >"$1/etc/resolv.conf"; : >"$1/etc/hosts"' \
        trixie "${tar%.tar}.part.tar" >&2
    mv "${tar%.tar}.part.tar" "$tar"
fi
if ! "${storage[@]}" inspect --type image "$image" >/dev/null 2>&1; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    ln "$tar" "$folder/base.tar" 2>/dev/null || cp "$tar" "$folder/base.tar"
    printf 'FROM scratch\nADD base.tar /\n' >"$folder/Dockerfile"
    "${storage[@]}" bud --quiet --isolation chroot --tag "$image" "$folder" >&2
fi
