"""Texts of statuses: reasons and messages within the limits of the API server, and short lists of names.

The API server rejects a whole status if one text in it is too long. It counts characters, as Python does: `maxLength`
of OpenAPI counts Unicode code points. Every reason and message of a status therefore passes here. Neighbours:
`conditions.py`, `process_run.py` and `process_backfill.py` declare the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MAX_MESSAGE: Final = 4096
"""Highest number of characters of `status.message` of a run or a backfill."""
MAX_STEP_MESSAGE: Final = 256
"""Highest number of characters of the message of a step in the status of its run."""
MAX_REASON: Final = 128
"""Highest number of characters of `status.reason` of a run or a backfill."""
MAX_CONDITION_MESSAGE: Final = 32_768
"""Highest number of characters of the message of a condition. It is the limit of Kubernetes."""
MAX_CONDITION_REASON: Final = 1024
"""Highest number of characters of the reason of a condition. It is the limit of Kubernetes."""
_MARK: Final = "..."
_MAX_SHOWN: Final = 20


def cut(text: str, max_characters: int) -> str:
    """Cut a text to a number of characters. A text that is cut ends with three dots."""
    return text if len(text) <= max_characters else text[: max_characters - len(_MARK)] + _MARK


def reason_and_message(reason: str | None, message: str | None) -> dict[str, str | None]:
    """Give the fields `reason` and `message` of the status of a run or a backfill. An empty text becomes None."""
    return {"reason": cut(reason or "", MAX_REASON) or None, "message": cut(message or "", MAX_MESSAGE) or None}


def listed(texts: Sequence[str], *, max_shown: int = _MAX_SHOWN) -> str:
    """Give the first texts in a row, and the number of those that are left out: `LEDGER, YEAR and 44 more`."""
    more = len(texts) - max_shown
    return ", ".join(texts[:max_shown]) + (f" and {more} more" if more > 0 else "")
