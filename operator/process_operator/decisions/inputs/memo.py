"""Answers that follow from a request as it is written: worked out once for each version of it, however often it is
decided.

A request with runs is decided about several times for each run, and its template and calendar are the same each time.
The caller must compute them from the request and the other arguments alone. Neighbours: `acceptance/acceptance.py`,
`activation/activation.py` and `status/request.py` ask, `state/store.py` hands out the same object as long as the
request stays the same.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from process_operator.resources.process_request import ProcessRequest

V = TypeVar("V")


class _Answer(NamedTuple, Generic[V]):
    request: weakref.ref[ProcessRequest]
    others: tuple[object, ...]
    value: V


class PerRequestMemo(Generic[V]):
    """The answers of one pure function, by the identity of the request; an answer goes when its request does."""

    def __init__(self) -> None:
        self._answers: dict[int, _Answer[V]] = {}

    def of(self, request: ProcessRequest, others: tuple[object, ...], get_or_compute: Callable[[], V]) -> V:
        """The answer for a request and what else it follows from, which is compared by value. What is raised is not
        kept.

        The answer must not refer to the request, which would then never go.
        """
        place = id(request)
        known = self._answers.get(place)
        if known is not None and known.request() is request and known.others == others:
            return known.value
        value = get_or_compute()
        prune = weakref.ref(request, lambda gone: self._forget(place, gone))
        self._answers[place] = _Answer(prune, others, value)
        return value

    def _forget(self, place: int, gone: weakref.ref[ProcessRequest]) -> None:
        """Another request may live in that place by now."""
        known = self._answers.get(place)
        if known is not None and known.request is gone:
            del self._answers[place]
