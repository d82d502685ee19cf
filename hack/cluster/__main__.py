"""Entry point of the folder: `python3 hack/cluster up`. The commands are in `cli`."""

import sys
from pathlib import Path

if not __package__:
    # Started as a folder, Python puts the folder itself on the path; the package is found from its parent.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from cluster.cli import main

sys.exit(main())
