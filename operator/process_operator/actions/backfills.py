"""Write of the status of a ProcessBackfill. No action asks for it; the status writer of the controller does."""

from __future__ import annotations

from process_operator.actions.context import Services
from process_operator.cluster.errors import (
    NotFound,
)
from process_operator.cluster.status import StatusChanged, replace_status
from process_operator.resources.kinds import (
    PROCESS_BACKFILL,
)
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.types import NamespacedName


async def write_backfill_status(
    services: Services, key: NamespacedName, backfill: ProcessBackfill, status: ProcessBackfillStatus
) -> None:
    """PATCH the status of a backfill, unless it was deleted or another operator has written it. Raises ApiError."""
    try:
        answer = await replace_status(services.api, PROCESS_BACKFILL, backfill, status)
    except NotFound:
        services.store.mark_deleted(PROCESS_BACKFILL, key[0], backfill.metadata.name, uid=backfill.metadata.uid)
    except StatusChanged as changed:
        services.store.apply(PROCESS_BACKFILL, changed.current)
    else:
        services.store.apply(PROCESS_BACKFILL, answer)
