#!/usr/bin/env bash
# Builds the site of docs/ into build/site for `make docs`, by the version of Zensical that requirements/docs.txt locks.
# A warning is an error, and so is an address of another origin that a page would load. Mermaid draws the diagrams in the
# browser; hack/docs/package-lock.json locks it, and hack/docs/theme loads it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/node.sh
. hack/node.sh
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

locked_packages hack/docs
mkdir build/site/assets/mermaid
cp hack/docs/node_modules/@mermaid-js/tiny/{dist/mermaid.tiny.js,LICENSE} build/site/assets/mermaid/

reject() { # PAGES REASON
    [[ $1 ]] || return 0
    printf 'docs: %s:\n%s\n' "$2" "$1" >&2
    exit 1
}

# Fonts, scripts, styles and images. repo_url would load the numbers of a repository.
foreign=$(grep -rnoE '(src|srcset)="(https?:)?//[^"]*"|<link [^>]*(stylesheet|preload|preconnect|icon)[^>]*"(https?:)?//[^"]*"|data-md-component="source"' \
    build/site --include '*.html' || true)
reject "$foreign" "a page would load something of another origin"
# Zensical loads mermaid from unpkg.com, unless the page has loaded it before.
diagrams=$(grep -rlF '<pre class="mermaid">' build/site --include '*.html' | xargs --no-run-if-empty grep -LF 'assets/mermaid/mermaid.tiny.js"' || true)
reject "$diagrams" "a page with a diagram does not load mermaid of this site"
echo "docs: build/site/index.html"
