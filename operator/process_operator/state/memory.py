"""Memory of the operator about requests: facts from observations, and how far its own writes are.

A restart loses it, and the operator finds it out again. Neighbours: `facts.py` and `reducer.py` have the facts,
`progress.py` has the progress.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from process_operator.resources.types import NamespacedName
from process_operator.state.facts import NO_FACTS, RequestFacts
from process_operator.state.progress import RequestProgress
from process_operator.state.reducer import Observation, observe
from process_operator.state.request_observations import Interrupted, RequestDeleted


class Memory:
    """Facts and progress of all requests."""

    def __init__(self) -> None:
        self._facts: dict[NamespacedName, RequestFacts] = {}
        self._progress: dict[NamespacedName, RequestProgress] = {}
        self._versions = count(1)
        self._no_progress = RequestProgress()

    def observe(self, key: NamespacedName, observation: Observation) -> None:
        """Apply an observation about a request to its facts."""
        before = self.facts(key)
        after = observe(before, observation)
        if after is not before:
            self._facts[key] = after

    def observe_all(self, observation: Observation) -> None:
        """Apply an observation to the facts about every request."""
        for key in list(self._facts):
            self.observe(key, observation)

    def facts(self, key: NamespacedName) -> RequestFacts:
        """The facts about a request."""
        return self._facts.get(key, NO_FACTS)

    def progress(self, key: NamespacedName) -> RequestProgress:
        """The progress with a request."""
        return self._progress.get(key, self._no_progress)

    def set_progress(self, key: NamespacedName, progress: RequestProgress) -> None:
        """Replace the progress with a request."""
        self._progress[key] = progress

    def keys(self) -> set[NamespacedName]:
        """The requests about which the operator remembers anything."""
        return {*self._facts, *self._progress}

    def mark_status_changed(self, key: NamespacedName) -> None:
        """Drop the decided status, because it was decided on top of a status that holds no more."""
        self._progress[key] = replace(self.progress(key), status=None, status_version=next(self._versions))

    def mark_request_deleted(self, key: NamespacedName) -> None:
        """Evict what holds for a deleted request only."""
        self.observe(key, RequestDeleted())
        if key in self._progress:
            self._progress[key] = RequestProgress(status_version=next(self._versions))

    def mark_backfill_deleted(self, key: NamespacedName, name: str) -> None:
        """Evict the decided status of a deleted backfill."""
        if key in self._progress:
            self._progress[key] = self._progress[key].without_backfill(name)

    def reset(self) -> None:
        """Evict all that another operator may have changed in the meantime."""
        self.observe_all(Interrupted())
        self._facts = {key: facts for key, facts in self._facts.items() if facts.runs}
        self._progress = {}
        self._no_progress = RequestProgress(status_version=next(self._versions))

    def prune(self, key: NamespacedName, *, is_gone: bool) -> None:
        """Evict an entry that says nothing, so that an idle request costs only its object."""
        progress = self.progress(key)
        is_idle = progress == RequestProgress(status_written_at=progress.status_written_at)
        if is_gone or (is_idle and self.facts(key) == NO_FACTS):
            self._progress.pop(key, None)
            self._facts.pop(key, None)
