"""One line in the log for each action that was carried out: what was done, for which request, about which run.

Neighbours: `controller/request_reconciler.py` and `controller/burst.py` act, `app.py` hands this to them.
"""

from __future__ import annotations

import structlog

from process_operator.decisions.plan.actions import Action, CreateRun, Emit
from process_operator.resources.types import NamespacedName

log = structlog.get_logger("process_operator")


def log_action(key: NamespacedName, action: Action) -> None:
    """Say what was done. Events speak for themselves."""
    if isinstance(action, Emit):
        return
    names = (getattr(action, field, None) for field in ("run", "job"))
    run = next((name for name in names if isinstance(name, str)), None)
    if run is None and isinstance(action, CreateRun):
        run = action.manifest["metadata"]["name"]
    phase = getattr(getattr(action, "status", None), "phase", None)
    log.info(type(action).__name__, namespace=key[0], request=key[1], run=run, phase=phase and str(phase))
