"""Manifest of the plugin for krew, from the archives that `executable.sh` built: `krew.py VERSION URL ARCHIVE...`.

URL is the address of the folder from which users download the archives, such as that of a release. The manifest is
printed. krew's rules for it are in "Writing Krew plugin manifests" of its developer guide. `krew.yaml` is the template.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Final

TEMPLATE: Final = Path(__file__).with_name("krew.yaml")
PROGRAM: Final = "kubectl-process_operator"
_NAME: Final = re.compile(rf"{PROGRAM}-(?P<os>linux|darwin|windows)-(?P<arch>amd64|arm64)\.tar\.gz")
_PLATFORM: Final = Template("""\
    - selector:
        matchLabels:
          os: ${os}
          arch: ${arch}
      uri: ${uri}
      sha256: ${sha256}
      bin: ${program}
      files:
        - from: ${program}
          to: .
        - from: LICENSE
          to: .
""")


def manifest(version: str, url: str, archives: Sequence[Path], *, homepage: str = "") -> str:
    """Write the manifest of a version (without v). Raises ValueError if an archive has the name of no platform."""
    base = url.rstrip("/")
    platforms = "".join(_platforms(base, archives)).rstrip("\n")
    values = {"version": version, "homepage": homepage or base, "platforms": platforms}
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(values)


def _platforms(url: str, archives: Sequence[Path]) -> Iterator[str]:
    for archive in sorted(archives):
        found = _NAME.fullmatch(archive.name)
        if found is None:
            raise ValueError(f"{archive.name} has the name of no platform, such as {PROGRAM}-linux-amd64.tar.gz")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        yield _PLATFORM.substitute(found.groupdict(), uri=f"{url}/{archive.name}", sha256=digest, program=PROGRAM)


def main() -> int:
    """Print the manifest, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="without v, such as 0.1.0")
    parser.add_argument("url", help="folder of the archives")
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--homepage", default="", help="default: the folder of the archives")
    given = parser.parse_args()
    try:
        print(manifest(given.version, given.url, given.archives, homepage=given.homepage), end="")
    except (OSError, ValueError) as error:
        print(f"krew: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
