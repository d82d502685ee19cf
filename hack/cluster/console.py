"""Output for the user: progress lines on stderr, one error type, and waiting with a time limit.

stdout has only the KUBECONFIG line (see `cli`), so that scripts can `eval` it.
"""

import sys
import time
from collections.abc import Callable


class ClusterError(Exception):
    """Something the user has to know; its text is printed without a traceback."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"cluster: {text}", file=sys.stderr, flush=True)


def wait_for(what: str, holds: Callable[[], bool], limit: float, explain: Callable[[], str]) -> None:
    """Wait until `holds()` is true; it may raise ClusterError itself to stop waiting.

    `explain()` gives what to show when the time is over: the end of a log.
    """
    start = time.monotonic()
    if holds():
        return
    say(f"waiting for {what}")
    while not holds():
        if time.monotonic() - start > limit:
            raise ClusterError(f"{what}: not there after {limit:.0f} s\n{explain()}")
        time.sleep(0.1)
