"""Reducer: the one function that remembers. It gives the facts about a request after an observation.

Actions, background readers and the store report observations as values. Only `Store.observe` calls this function, so
every change of what the operator remembers has a name and passes here.
"""

from __future__ import annotations

from dataclasses import replace

from process_operator.decisions.inputs.observations import RunObservations
from process_operator.state.facts import RequestFacts
from process_operator.state.request_observations import RequestObservation
from process_operator.state.run_observations import RunObservation

Observation = RequestObservation | RunObservation

_NOTHING = RunObservations()


def observe(facts: RequestFacts, observation: Observation) -> RequestFacts:
    """Give the facts after an observation: the same object if it changes nothing."""
    if isinstance(observation, RequestObservation):
        return observation.apply(facts)
    before = facts.runs.get(observation.run, _NOTHING)
    after = observation.of_run(before)
    return facts if after is before else replace(facts, runs={**facts.runs, observation.run: after})
