#!/usr/bin/env bash
# Puts a built image into the storage from which the user pushes, and prints on stderr how to use the image. Places are
# a registry, the chart's values and the local cluster. IMAGE is its name, ARCHIVE its docker-archive, which can be
# missing if docker built it. DEV_CLUSTER names the local cluster.
set -euo pipefail
image=$1 archive=$2

say() { printf 'image: %s\n' "$*" >&2; }

hand_over() { # PROGRAM COMMAND...: to the storage from which the user pushes
    local program=$1 output
    shift
    if output=$("$@" 2>&1); then
        say "push it where your nodes pull: $program push $image"
    else
        say "it is in no storage of $program: ${output##*$'\n'}"
        say "push it where your nodes pull: skopeo copy docker-archive:$archive docker://$image"
    fi
}

if docker info >/dev/null 2>&1; then
    docker image inspect "$image" >/dev/null 2>&1 || docker load --quiet --input "$archive" >/dev/null || true
    hand_over docker docker image inspect "$image"
elif command -v buildah >/dev/null; then
    hand_over buildah buildah pull --quiet "docker-archive:$archive"
fi
say "for the chart: --set image.repository=${image%:*} --set image.tag=${image##*:}"
[[ ! -e $archive ]] || say "into the local cluster: python3 hack/cluster load --name ${DEV_CLUSTER:-dev} $archive"
