"""Templates of runs with values of their own: each check and each template is made once, and few are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.builders.snapshots import process, request

from process_operator.decisions.template.job_template import build_template
from process_operator.decisions.template.run_parameters import with_parameters
from process_operator.decisions.template.run_templates import RunTemplates
from process_operator.decisions.template.step import StepTemplate
from process_operator.resources import parameter_values
from process_operator.resources.regular_expression import matches_whole

DECLARES = process(parameters=[{"name": "YEAR", "pattern": "20[0-9]{2}"}])


class Counted(dict[str, str]):
    """Values that count how many times they are read."""

    reads = 0

    def __iter__(self) -> Iterator[str]:
        self.reads += 1
        return super().__iter__()


def templates(**spec: Any) -> RunTemplates:
    return RunTemplates(request(process={"name": "close-day"}, **spec), DECLARES, {})


def test_values_are_checked_once() -> None:
    kept, given = templates(), Counted(YEAR="1999")
    objection = kept.objection("a", given)
    reads = given.reads
    assert objection == ("ParameterInvalid", "spec.parameters.YEAR: must match the pattern 20[0-9]{2} as a whole")
    assert reads > 0
    assert kept.objection("a", given) is objection
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


class Matches:
    """Counts the values that are matched with a pattern."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.values: list[str] = []
        patch.setattr(parameter_values, "matches_whole", self._match)

    def _match(self, pattern: str, value: str) -> bool:
        self.values.append(value)
        return matches_whole(pattern, value)


@pytest.fixture
def matches(monkeypatch: pytest.MonkeyPatch) -> Matches:
    return Matches(monkeypatch)


def test_each_value_of_a_run_is_matched_once(matches: Matches) -> None:
    declares = process(parameters=[{"name": name, "pattern": "20[0-9]{2}"} for name in ("FROM", "UNTIL")])
    of = request(process={"name": "close-day"}, parameters=[{"name": "FROM", "value": "2025"}])
    kept = RunTemplates(of, declares, {})
    assert kept.objection("a", {"UNTIL": "2027"}) is None
    made = kept.template("a", {"UNTIL": "2027"})
    assert made is not None
    assert made == build_template(with_parameters(of, {"UNTIL": "2027"}), declares)
    assert matches.values[:2] == ["2027", "2025"]
    assert matches.values[2:] == ["2025", "2027"], "of the comparison"


def test_the_template_of_a_step_is_built_once_for_each_version_of_its_process(matches: Matches) -> None:
    kept, load = templates(), process(parameters=[{"name": "MODE", "pattern": "[a-z]+"}])
    first = kept.step("a", {"MODE": "full"}, "load", load)
    assert isinstance(first, StepTemplate)
    assert kept.step("a", {"MODE": "full"}, "load", load) is first
    assert matches.values == ["full"]
    edited = process(parameters=[{"name": "MODE", "enum": ["fast"]}])
    allowed = 'step "load": Process close-day: MODE must be one of "fast"'
    assert kept.step("a", {"MODE": "full"}, "load", edited) == ("ParameterInvalid", allowed)


def test_runs_without_values_share_the_templates_of_their_steps() -> None:
    kept, load = templates(), process()
    shared = kept.step("a", {}, "load", load)
    assert kept.step("b", {}, "load", load) is shared
    assert kept.step("c", {"YEAR": "2026"}, "load", load) is not shared
    assert kept.step("b", {}, "check", load) is not shared


@pytest.mark.parametrize(("ended", "is_kept"), [(64, True), (65, False)])
def test_checks_of_many_ended_runs_are_dropped(ended: int, *, is_kept: bool) -> None:
    kept, given = templates(), {"YEAR": "1999"}
    of_open, of_ended = kept.objection("open", given), kept.objection("ended-0", given)
    for number in range(1, ended):
        kept.objection(f"ended-{number}", given)
    kept.retain({"open"})
    assert kept.objection("open", given) is of_open
    assert (kept.objection("ended-0", given) is of_ended) == is_kept
