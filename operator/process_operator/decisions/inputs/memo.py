"""Memo of values that follow from a request, computed once for each version of it.

A request with runs is decided several times for each run, and its template and calendar are the same each time. The
caller must compute the values from the request and the other arguments alone. Neighbours: `acceptance/acceptance.py`,
`activation/activation.py` and `status/request.py` use it. `state/` returns the same object while the request is the
same.
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
    """The values of one pure function, by the identity of the request. A value is deleted together with its request."""

    def __init__(self) -> None:
        self._answers: dict[int, _Answer[V]] = {}

    def get_or_compute(self, request: ProcessRequest, others: tuple[object, ...], compute: Callable[[], V]) -> V:
        """The value for a request and other arguments, which are compared by value. Errors are not kept.

        The value must not refer to the request, which would then never be deleted.
        """
        place = id(request)
        known = self._answers.get(place)
        if known is not None and known.request() is request and known.others == others:
            return known.value
        value = compute()
        prune = weakref.ref(request, lambda gone: self._forget(place, gone))
        self._answers[place] = _Answer(prune, others, value)
        return value

    def _forget(self, place: int, gone: weakref.ref[ProcessRequest]) -> None:
        """Delete a value, unless another request has the same identity by now."""
        known = self._answers.get(place)
        if known is not None and known.request is gone:
            del self._answers[place]
