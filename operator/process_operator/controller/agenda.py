"""Agenda of all requests: the next time (UTC) at which the clock alone changes the decision about each.

One heap serves all keys, as the waiting heap of client-go's delaying queue does, so one timer is enough. Neighbours:
`timer.py` pops what is due, `request_reconciler.py` fills it, `burst.py` reads what is due soon.
"""

from __future__ import annotations

from datetime import datetime

from process_operator.controller.timed_heap import K, TimedHeap


class Agenda(TimedHeap[K, datetime]):
    """Heap of keys by aware datetimes."""
