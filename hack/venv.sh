#!/usr/bin/env bash
# Makes the virtual environment in $VENV: what requirements/dev.txt locks, hash by hash, operator/ on its path, and the
# command process-operator. The package itself is not built: a line in a .pth file needs no network and no build tool.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "venv: Python 3.11 or newer is needed; $python is $("$python" --version 2>&1). PYTHON=... names another one" >&2
    exit 1
fi

# Debian has a part of it in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" hack/cluster packages python3-venv
fi

# An environment without its interpreter is created again; a folder that is no virtual environment stays.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    if [[ -e $venv && ! -e $venv/pyvenv.cfg ]]; then
        echo "venv: $venv is there and is no virtual environment; VENV=... names another folder" >&2
        exit 1
    fi
    "$python" -m venv --clear "$venv"
fi
echo "venv: installing what requirements/dev.txt locks into $venv" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$PWD/operator" >"$packages/process_operator.pth"
# The scripts that pip would write for [project.scripts], by way of sh: a path may be too long for a first line or have spaces.
interpreter=$(cd "$venv/bin" && pwd)/python
console_script() { # NAME MODULE FUNCTION
    cat >"$venv/bin/$1" <<END
#!/bin/sh
exec "$interpreter" -c 'import sys; from $2 import $3 as main; sys.argv[0] = "$1"; sys.exit(main())' "\$@"
END
    chmod +x "$venv/bin/$1"
}
while read -r script module function; do
    console_script "$script" "$module" "$function"
done < <("$venv/bin/python" -c 'import tomllib
for name, target in tomllib.load(open("pyproject.toml", "rb"))["project"]["scripts"].items():
    print(name, *target.split(":"))')
