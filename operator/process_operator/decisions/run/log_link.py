"""Link to the whole log of a run that has ended, in the cluster's log store.

`resources/log_url.py` has the administrator's template. `report.py` writes the link with the final phase.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.resources.conditions import LogReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_run import RunLog

_LAST_SECOND: Final = timedelta(seconds=1)
"""Times of containers have whole seconds, so the last lines of a log are up to a second after the end."""


def with_link(view: RunView, outcome: RunOutcome, log: RunLog, *, process: str, now: datetime) -> RunLog:
    """Return the log with the URL of the whole one, if the administrator set a template and a container may have run.

    A run with steps has no log of its own: each of its steps has one. `now` (UTC) is the end if that is not known.
    """
    run, template = view.run, view.log_url
    job = view.job.metadata.name if view.job is not None else run.status.job
    if template is None or job is None or run.status.steps or log.reason == LogReason.NEVER_STARTED:
        return log
    start = outcome.start_time or run.status.start_time or view.created
    end = max(outcome.end_time or now, start) + _LAST_SECOND
    url = template.fill(
        {
            "namespace": run.metadata.namespace,
            "run": view.name,
            "request": run.spec.request.name,
            "process": process,
            "job": job,
            "pod": outcome.pod or run.status.pod or "",
            "container": log.container or "",
            "node": outcome.node or run.status.node or "",
            "start_ms": _milliseconds(start),
            "end_ms": _milliseconds(end),
            "start_rfc3339": format_instant(start),
            "end_rfc3339": format_instant(end),
        }
    )
    return log.model_copy(update={"url": url})


def _milliseconds(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1000))
