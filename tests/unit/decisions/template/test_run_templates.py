"""Templates of runs with values of their own: each verdict and each template is worked out once, and few are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.given import process, request

from process_operator.decisions.template.run_templates import RunTemplates

DECLARES = process(parameters=[{"name": "YEAR", "pattern": "20[0-9]{2}"}])


class Counted(dict[str, str]):
    """Values that count how many times they are read."""

    reads = 0

    def __iter__(self) -> Iterator[str]:
        self.reads += 1
        return super().__iter__()


def templates(**spec: Any) -> RunTemplates:
    return RunTemplates(request(process={"name": "close-day"}, **spec), DECLARES, {})


def test_a_verdict_is_worked_out_once() -> None:
    kept, given = templates(), Counted(YEAR="1999")
    refusal = kept.refusal("a", given)
    reads = given.reads
    assert refusal == ("ParameterInvalid", "spec.parameters.YEAR: must match the pattern 20[0-9]{2} as a whole")
    assert reads > 0
    assert kept.refusal("a", given) is refusal
    assert kept.template("a", given) is None
    assert given.reads == reads


def test_a_template_is_built_once_while_few_others_are() -> None:
    kept = templates()
    first = kept.template("a", {"YEAR": "2001"})
    assert first is not None
    assert kept.template("a", {"YEAR": "2001"}) is first
    others = [kept.template(f"b-{number}", {"YEAR": f"20{number}"}) for number in range(10, 50)]
    assert len({each.hash for each in others if each is not None}) == 40
    again = kept.template("a", {"YEAR": "2001"})
    assert again is not first
    assert again == first


@pytest.mark.parametrize(("ended", "is_kept"), [(64, True), (65, False)])
def test_verdicts_of_many_ended_runs_are_dropped(ended: int, *, is_kept: bool) -> None:
    kept, given = templates(), {"YEAR": "1999"}
    of_open, of_ended = kept.refusal("open", given), kept.refusal("ended-0", given)
    for number in range(1, ended):
        kept.refusal(f"ended-{number}", given)
    kept.retain({"open"})
    assert kept.refusal("open", given) is of_open
    assert (kept.refusal("ended-0", given) is of_ended) == is_kept
