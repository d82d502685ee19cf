"""Rights of a user, as the API server knows them: who the user is, and what the user may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from process_operator.resources.kinds import SELF_SUBJECT_ACCESS_REVIEW, SELF_SUBJECT_REVIEW

if TYPE_CHECKING:
    from process_operator.cluster.api import Api
    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class User:
    """The user of a connection."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Right:
    """A verb on a kind. Without a name it is for all objects, without a namespace for all namespaces."""

    verb: str
    kind: Kind
    subresource: str = ""
    name: str = ""

    @property
    def words(self) -> str:
        """The right as kubectl auth can-i has it, such as create jobs.batch."""
        plural = f"{self.kind.plural}.{self.kind.group}" if self.kind.group else self.kind.plural
        resource = f"{plural}/{self.subresource}" if self.subresource else plural
        return f"{self.verb} {resource}{f' {self.name}' if self.name else ''}"


async def who_am_i(api: Api) -> User:
    """Ask who the caller is. Raises ApiError; with status 401 the credentials are unknown."""
    answer = await _review(api, SELF_SUBJECT_REVIEW, {})
    info = answer["status"].get("userInfo") or {}
    return User(str(info.get("username", "")), tuple(info.get("groups") or ()))


async def is_allowed(api: Api, right: Right, namespace: str | None) -> bool:
    """Ask whether the caller has a right, in a namespace or in all. Raises ApiError."""
    attributes = {
        "verb": right.verb,
        "group": right.kind.group,
        "resource": right.kind.plural,
        "subresource": right.subresource,
        "name": right.name,
        "namespace": namespace or "",
    }
    answer = await _review(api, SELF_SUBJECT_ACCESS_REVIEW, {"spec": {"resourceAttributes": attributes}})
    return bool((answer.get("status") or {}).get("allowed"))


async def _review(api: Api, kind: Kind, body: Object) -> Object:
    return await api.create(kind, "", {"apiVersion": kind.api_version, "kind": kind.kind, **body})
