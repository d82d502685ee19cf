"""Software bill of materials of the product: `sbom.py` prints CycloneDX 1.6 as JSON, for the packages of both ecosystems.

The Python packages are those of `requirements/`, of the image and of the plugin. The JavaScript packages are those of
`web/package-lock.json` that get into the page. Packages that only build or test something are left out. The same locks
give the same bytes, so a release can be compared with its sources.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_LOCKS: Final = ("run.txt", "plugin.txt")
_PINNED: Final = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def bill_of_materials() -> dict[str, Any]:
    """Return the document, with components in the order of their package URLs."""
    components = [*_python_packages(), *_javascript_packages()]
    unique = {component["bom-ref"]: component for component in components}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "process-operator", "bom-ref": "process-operator"}},
        "components": [unique[reference] for reference in sorted(unique)],
    }


def _python_packages() -> Iterator[dict[str, Any]]:
    for lock in _LOCKS:
        text = (_REPOSITORY / "requirements" / lock).read_text(encoding="utf-8")
        for found in _PINNED.finditer(text):
            yield _component("pypi", found["name"], found["version"])


def _javascript_packages() -> Iterator[dict[str, Any]]:
    lock = json.loads((_REPOSITORY / "web" / "package-lock.json").read_text(encoding="utf-8"))
    for path, package in lock["packages"].items():
        if not path or package.get("dev"):
            continue
        component = _component("npm", path.rpartition("node_modules/")[2], package["version"])
        algorithm, _, digest = package["integrity"].partition("-")
        component["hashes"] = [{"alg": _algorithm(algorithm), "content": base64.b64decode(digest).hex()}]
        component["licenses"] = [{"expression": package["license"]}]
        yield component


def _component(ecosystem: str, name: str, version: str) -> dict[str, Any]:
    # purl-spec: the @ of a scope is encoded, its slash is not.
    url = f"pkg:{ecosystem}/{quote(name, safe='/')}@{quote(version, safe='')}"
    return {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}


def _algorithm(name: str) -> str:
    """`sha512` of npm as CycloneDX writes it."""
    return name.upper().replace("SHA", "SHA-")


if __name__ == "__main__":
    json.dump(bill_of_materials(), sys.stdout, indent=1)
    sys.stdout.write("\n")
