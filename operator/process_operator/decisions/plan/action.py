"""Action: base of everything that a plan may contain, with its subject and whether it starts a run."""

from __future__ import annotations

from process_operator.resources.types import Object


class Action:
    """One API write, or one look-up of something that no watch delivers."""

    __slots__ = ()

    @property
    def subject(self) -> str:
        """Name of the run, Job or CronJob that the action is about. Empty if it is about the request."""
        return ""

    @property
    def starts(self) -> bool:
        """Whether the action starts a run now: it creates or resumes a Job, or begins the steps of a run."""
        return False


class RunAction(Action):
    """An action about a run."""

    __slots__ = ()
    run: str

    @property
    def subject(self) -> str:
        """Name of the run."""
        return self.run


class JobAction(Action):
    """An action about a Job."""

    __slots__ = ()
    job: str

    @property
    def subject(self) -> str:
        """Name of the Job."""
        return self.job


class CronJobAction(Action):
    """An action about a CronJob."""

    __slots__ = ()
    cronjob: str

    @property
    def subject(self) -> str:
        """Name of the CronJob."""
        return self.cronjob


class ManifestAction(Action):
    """An action about an object that it creates."""

    __slots__ = ()
    manifest: Object

    @property
    def subject(self) -> str:
        """Name of this object."""
        return str(self.manifest["metadata"]["name"])
