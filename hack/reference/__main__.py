"""Entry point of the folder: `python hack/reference` writes the generated pages."""

import sys
from pathlib import Path

if not __package__:
    # Python puts a folder that it runs on the path; the package is found from its parent.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from reference.pages import FOLDER, generated_pages

FOLDER.mkdir(parents=True, exist_ok=True)
for name, text in generated_pages().items():
    (FOLDER / name).write_text(text)
