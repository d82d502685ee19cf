#!/usr/bin/env bash
# Builds the site of docs/ into build/site for `make docs`, by the version of Zensical that requirements/docs.txt locks.
# A warning is an error, and so is an address of another origin that a page would load.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=build/docs-venv
lock=$venv/.installed-$(cksum <requirements/docs.txt | cut -d ' ' -f 1)

if [[ ! -e $lock ]]; then
    echo "docs: installing what requirements/docs.txt locks into $venv" >&2
    "${PYTHON:-python3}" -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement requirements/docs.txt
    touch "$lock"
fi

rm -rf build/site
"$venv/bin/zensical" build --clean --strict
"$venv/bin/python" hack/site_links.py build/site

# Fonts, scripts, styles and images. A diagram would load mermaid from another origin, and repo_url the numbers of a repository.
foreign=$(grep -rnoE '(src|srcset)="(https?:)?//[^"]*"|<link [^>]*(stylesheet|preload|preconnect|icon)[^>]*"(https?:)?//[^"]*"|class="mermaid"|data-md-component="source"' \
    build/site --include '*.html' || true)
if [[ $foreign ]]; then
    printf 'docs: a page would load something of another origin:\n%s\n' "$foreign" >&2
    exit 1
fi
echo "docs: build/site/index.html"
