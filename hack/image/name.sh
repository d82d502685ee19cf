# shellcheck shell=bash disable=SC2154
# Name of the image of this checkout, and of its archive. Sourced by build.sh, in the root of the repository, after `cache`
# is set. Sets version, digest, image and archive.
#
# IMAGE and VERSION name a release, whose tag is the version alone. Without IMAGE the tag also has a digest of everything
# that is in the image. The name of an archive always has it, so an unchanged image is not built again.

version=${VERSION:-$(sed -n 's/^__version__ = "\(.*\)"/\1/p' operator/process_operator/__init__.py)}
inputs=$(find Dockerfile .dockerignore requirements/run.txt hack/image/prune.py hack/image/base.sh \
    operator/process_operator -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum)
digest=$(printf '%s\n%s\n' "$inputs" "${BASE_IMAGE:-} $version" | sha256sum | cut -c1-12)
image=${IMAGE:-localhost/process-operator}:$version
[[ ${IMAGE:-} ]] || image=$image-$digest
archive=${image//[\/:]/_}
archive=$cache/${archive%-"$digest"}-$digest.tar
