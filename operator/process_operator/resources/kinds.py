"""Kinds of API objects that the operator uses, with their URL paths. This is the only table of kinds."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote

from process_operator.resources.names import GROUP, VERSION


class Kind(NamedTuple):
    """One kind. `group` is empty for the core group, `plural` is the name in URLs."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The value of the field `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Give the URL path of an object or its subresource, or of a collection if there is no name.

        A collection without a namespace spans all namespaces. Raises ValueError for an object of a namespaced kind
        without a namespace.
        """
        if name is not None and self.namespaced and not namespace:
            raise ValueError(f"namespace: required to address the {self.kind} {name}")
        parts = [f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts += [self.plural, *(quote(part, safe="") for part in (name, subresource) if part)]
        return "/".join(parts)


PROCESS: Final = Kind(GROUP, VERSION, "processes", "Process")
PROCESS_REQUEST: Final = Kind(GROUP, VERSION, "processrequests", "ProcessRequest")
PROCESS_RUN: Final = Kind(GROUP, VERSION, "processruns", "ProcessRun")
PROCESS_BACKFILL: Final = Kind(GROUP, VERSION, "processbackfills", "ProcessBackfill")
JOB: Final = Kind("batch", "v1", "jobs", "Job")
CRONJOB: Final = Kind("batch", "v1", "cronjobs", "CronJob")
CONFIG_MAP: Final = Kind("", "v1", "configmaps", "ConfigMap")
POD: Final = Kind("", "v1", "pods", "Pod")
EVENT: Final = Kind("", "v1", "events", "Event")
"""The core/v1 Event, because `kubectl describe` reads it and RBAC rules commonly name it."""
LEASE: Final = Kind("coordination.k8s.io", "v1", "leases", "Lease")
NAMESPACE: Final = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
SELF_SUBJECT_REVIEW: Final = Kind(
    "authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False
)
"""A question to the API server that is never stored: who is the user? (KEP-3325, Kubernetes 1.28)"""
SELF_SUBJECT_ACCESS_REVIEW: Final = Kind(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)
"""A question to the API server that is never stored: what may the user do?"""

OUR_KINDS: Final = (PROCESS, PROCESS_REQUEST, PROCESS_RUN, PROCESS_BACKFILL)
"""The four kinds whose CRDs belong to the operator, in the order in which a user learns them."""
