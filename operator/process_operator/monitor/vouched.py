"""Vouched names: a try whether the cluster checks the names in the annotations *-by.

Few users may read admission policies. A dry run of a run in another user's name shows the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from process_operator.cluster.errors import ApiError, Forbidden
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.names import ANNOTATION_REQUESTED_BY, API_VERSION

if TYPE_CHECKING:
    from process_operator.client.client import Client

_NAME: Final = "process-monitor-asks"


async def are_names_vouched(client: Client) -> bool:
    """Try it without storing anything. False also if the user must not create runs in the namespace."""
    metadata = {"name": _NAME, "namespace": client.namespace}
    body = {
        "apiVersion": API_VERSION,
        "kind": PROCESS_RUN.kind,
        "metadata": {**metadata, "annotations": {ANNOTATION_REQUESTED_BY: "system:nobody"}},
        "spec": {"request": {"name": _NAME}, "trigger": "Manual"},
    }
    try:
        await client.api.create(PROCESS_RUN, client.namespace, body, dry_run=True)
    except Forbidden as error:
        return ANNOTATION_REQUESTED_BY in error.message
    except ApiError:
        return False
    return False
