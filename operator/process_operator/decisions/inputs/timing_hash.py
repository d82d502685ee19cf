"""Hash of a timing, by which the operator recognizes an edit of it.

`status.activation.specHash` keeps the hash of the timing in force. Neighbour: `activation/activation.py` compares.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from process_operator.resources.schedule import Timing

ONE_SHOT: Final = "once-"


def timing_hash(timing: Timing) -> str:
    """16 hex digits of the timing with its defaults filled in, after `once-` for one-shot timings.

    At an edit the prefix shows whether the earlier timing was one-shot, because its text is gone.
    """
    text = json.dumps(timing.to_api(), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return digest if timing.schedule is not None else ONE_SHOT + digest
