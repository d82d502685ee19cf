"""Figures of the operator against a real API server: `python hack/bench reaction|lateness|rest` with KUBECONFIG set,
or of the search for ticks alone: `python hack/bench ticks`.

Each prints one JSON object, times in milliseconds unless the name says otherwise (ticks: microseconds). The operator has
to run already for `reaction` and `lateness`; `rest` starts it itself. Nothing here asserts: figures depend on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json

from lateness import lateness
from reaction import reaction
from rest import rest
from ticks import ticks


def main() -> None:
    """Read the command line and print the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", choices=["reaction", "lateness", "rest", "ticks"])
    parser.add_argument("--count", type=int, help="requests: 100 for reaction, 10 for lateness, 10000 for rest")
    parser.add_argument("--seconds", type=int, default=60, help="how long lateness is watched")
    options = parser.parse_args()
    match options.figure:
        case "reaction":
            figures = asyncio.run(reaction(options.count or 100))
        case "lateness":
            figures = asyncio.run(lateness(options.count or 10, options.seconds))
        case "ticks":
            figures = ticks(options.count or 200)
        case _:
            figures = asyncio.run(rest(options.count or 10_000))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
