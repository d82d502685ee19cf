"""Memo of values that follow from a request: computed once for each version of it, and dropped with it."""

from __future__ import annotations

import gc

from tests.unit.given import request as a_request

from process_operator.decisions.inputs.memo import PerRequestMemo
from process_operator.resources.process_request import ProcessRequest


class Work:
    """Counts how often something is worked out."""

    def __init__(self) -> None:
        self.times = 0
        self.answers = PerRequestMemo[int]()

    def about(self, request: ProcessRequest, *others: object) -> int:
        def get_or_compute() -> int:
            self.times += 1
            return self.times

        return self.answers.get_or_compute(request, others, get_or_compute)


def test_the_same_request_is_worked_out_once() -> None:
    work, request = Work(), a_request({"runImmediately": {}})
    assert [work.about(request, "a"), work.about(request, "a")] == [1, 1]


def test_another_version_of_the_request_is_worked_out_anew() -> None:
    work, request = Work(), a_request({"runImmediately": {}})
    copy = request.model_copy()
    assert [work.about(request), work.about(copy), work.about(request)] == [1, 2, 1]


def test_what_follows_from_something_else_as_well_is_worked_out_anew_when_that_changes() -> None:
    work, request = Work(), a_request({"runImmediately": {}})
    assert [work.about(request, "a"), work.about(request, "b"), work.about(request, "a")] == [1, 2, 3]


def test_an_answer_goes_with_its_request() -> None:
    work = Work()
    for _ in range(100):
        work.about(a_request({"runImmediately": {}}))
    gc.collect()
    assert not work.answers._answers
