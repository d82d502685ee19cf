#!/usr/bin/env bash
# Builds the image of this checkout, and prints its name; what to do with it is said on stderr. `build.sh --archive`
# prints name and archive (docker-archive), for clusters that pull from no registry. With docker where its engine
# answers, else with buildah, on a base image that is made of Debian's packages: BASE_IMAGE names another one. name.sh names
# the image and its archive, from IMAGE and VERSION.
#
# buildah builds in a storage of its own, because that of the user may have a driver that cannot do it. From there
# hand_over.sh puts the image into the user's storage, where `buildah push` finds it.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=hack/image
cache=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/image
archive_wanted=${1:-}

say() { printf 'image: %s\n' "$*" >&2; }

hack/web.sh build
. $here/name.sh
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)")

with_docker() {
    [[ ! ${IMAGE:-} ]] && docker image inspect "$image" >/dev/null 2>&1 ||
        docker build "${arguments[@]}" ${BASE_IMAGE:+--build-arg BASE_IMAGE="$BASE_IMAGE"} --tag "$image" . >&2
    [[ $archive_wanted ]] && docker save --output "$archive.part" "$image" && mv "$archive.part" "$archive"
    return 0
}

with_buildah() {
    local storage=(buildah --root "$cache/storage" --runroot "$cache/run" --storage-driver overlay)
    local base=${BASE_IMAGE:-localhost/python-base:trixie-2} bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    if [[ -z ${BASE_IMAGE:-} ]]; then
        STORAGE="${storage[*]}" $here/base.sh "$base" "$cache"
    fi
    # The way to the package index may need this machine's certificates; the image keeps its own.
    "${storage[@]}" bud --isolation chroot --layers ${BASE_IMAGE:+--pull} ${BASE_IMAGE:---pull-never} \
        --volume "$bundle:/etc/ssl/certs/ca-certificates.crt:ro" --build-arg "BASE_IMAGE=$base" \
        "${arguments[@]}" --tag "$image" . >&2
    "${storage[@]}" push "$image" "docker-archive:$archive.part:$image" >&2
    mv "$archive.part" "$archive"
    "${storage[@]}" rmi --prune >/dev/null 2>&1 || true
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [[ -e $archive ]]; then
    say "$image is built already"
elif docker info >/dev/null 2>&1; then
    with_docker
else
    if ! command -v buildah >/dev/null || ! command -v mmdebstrap >/dev/null; then
        say "no Docker answers here, so buildah builds the image"
        "${PYTHON:-python3}" hack/cluster packages buildah mmdebstrap
    fi
    with_buildah
fi
[[ $archive_wanted ]] || $here/hand_over.sh "$image" "$archive"
printf '%s\n' "$image"
[[ -z $archive_wanted ]] || printf '%s\n' "$archive"
