#!/usr/bin/env bash
# Front end of the Process Monitor:
# - `web.sh build` builds it into operator/process_operator/monitor/static,
# - `web.sh test` runs its linter, its types and its unit tests,
# - `web.sh chromium` prints the path of a browser for the browser tests,
# - `web.sh alone COMMAND` runs these in a network of their own.
#
# Node and the packages are those of hack/node.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/node.sh
. hack/node.sh
static=operator/process_operator/monitor/static

say() { printf 'web: %s\n' "$*" >&2; }

prepare() {
    node_on_path
    locked_packages web
    cd web
}

build() { # only if a file of web/ differs from those that made the present page
    local sum
    mkdir -p build
    exec 8>build/web.lock
    flock 8
    sum=$(find web hack/web.sh hack/node.sh -type f -not -path '*/node_modules/*' -not -path 'web/tests/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    if [[ -e $static/index.html && $(cat build/web.sum 2>/dev/null) = "$sum" ]]; then
        return
    fi
    (prepare && node_modules/.bin/vite build --logLevel warn)
    printf '%s' "$sum" >build/web.sum
    say "built $static"
}

check() { # every check runs, so that one run shows all findings
    local status=0
    (
        prepare
        node_modules/.bin/biome lint --error-on-warnings . || status=1
        node_modules/.bin/tsc --noEmit || status=1
        node_modules/.bin/vitest run || status=1
        exit "$status"
    )
}

chromium() { # CHROMIUM names another one
    local found=${CHROMIUM:-$(type -P chromium || type -P chromium-browser || true)}
    if [[ -z $found ]]; then
        "${PYTHON:-python3}" hack/cluster packages chromium || { say "CHROMIUM=... names another browser"; exit 1; }
        found=$(type -P chromium)
    fi
    printf '%s\n' "$found"
}

alone() { # run a command with a loopback interface of its own, if this user may make one
    # Chromium cancels its requests whenever an interface of the machine appears, as those of pods do.
    if [[ $EUID -eq 0 ]] && unshare --net ip link set lo up 2>/dev/null; then
        exec unshare --net bash -c 'ip link set lo up && exec "$@"' bash "$@"
    fi
    exec "$@"
}

case ${1:-} in
    build) build ;;
    test) check ;;
    chromium) chromium ;;
    alone) alone "${@:2}" ;;
    *)
        say "build, test, chromium or alone COMMAND"
        exit 2
        ;;
esac
