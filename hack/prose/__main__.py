"""Entry point of the folder: `python hack/prose`. The command is in `cli`."""

import sys
from pathlib import Path

if not __package__:
    # Python puts a folder that it runs on the path; the package is found from its parent.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from prose.cli import main

sys.exit(main())
