"""Image pruning: removes the modules that the operator never imports from installed packages: `prune.py FOLDER`.

Nearly all of it is the typed client of the `kubernetes` package. It has two classes for each kind of the API, one for
threads and one for asyncio. Of its 119 MB the operator needs only the kubeconfig reader, logins and the HTTP layer. The
Dockerfile imports the whole operator afterwards, so a version that needs more does not become an image.
"""

import shutil
import sys
from pathlib import Path

UNUSED = (
    "kubernetes/client/api",
    "kubernetes/client/models",
    "kubernetes/aio/client/api",
    "kubernetes/aio/client/models",
    "kubernetes/docs",
    "kubernetes/e2e_test",
    "bin",
)
KEPT = "__init__.py"
"""The file that stays in an emptied package. An import from the package then fails with an ImportError."""


def main(folder: Path) -> None:
    """Prune, and say what it was worth."""
    before = size(folder)
    for name in UNUSED:
        place = folder / name
        if not place.is_dir():
            continue
        for entry in sorted(place.iterdir()):
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != KEPT:
                entry.unlink()
    for tests in [*folder.glob("*/tests"), *folder.glob("*/testing")]:
        shutil.rmtree(tests)
    sys.stdout.write(f"pruned {folder}: {before / 1e6:.0f} MB -> {size(folder) / 1e6:.0f} MB\n")


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
