"""Missing rights: the API server's rejection, with the roles that give the right.

Two parts of the API server check rights. RBAC names a verb and a resource, and the chart's admission policy names the right
that it wants. Neighbour: `connection.py` shows the text.
"""

from __future__ import annotations

import re
from typing import Final

from process_operator.resources.kinds import CONFIG_MAP, EVENT, OUR_KINDS, POD, PROCESS_REQUEST, PROCESS_RUN

_BY_RBAC: Final = re.compile(r' is forbidden: User .* cannot (?P<verb>\w+) resource "(?P<resource>[\w/]+)"')
_BY_POLICY: Final = re.compile(
    r"^.* is forbidden: ValidatingAdmissionPolicy .* denied request: (?P<words>.*)$", re.DOTALL
)
_WANTS_JOBS: Final = "cannot create jobs.batch"
_OURS: Final = frozenset(kind.plural for kind in OUR_KINDS)
_READ_VERBS: Final = frozenset({"get", "list", "watch"})
_VIEWED: Final = frozenset({CONFIG_MAP.plural, POD.plural, f"{POD.plural}/log", EVENT.plural})
_BUTTONS: Final = frozenset(
    {("create", PROCESS_RUN.plural), ("patch", PROCESS_RUN.plural), ("patch", PROCESS_REQUEST.plural)}
)
_RUN_ROLE: Final = "the chart's ClusterRole that ends with -run"
_GRANT: Final = "An administrator can grant that right by a RoleBinding"


def describe_missing_right(message: str) -> str:
    """Describe a rejection: the API server's words without the names of policies, and the roles that give the right."""
    if found := _BY_POLICY.match(message):
        words = found["words"].rstrip(".")
        if _WANTS_JOBS not in words:
            return words
        has_verb = "; the verb " in words
        return f"{words}. {_roles(['edit'], is_button=has_verb)}. {_GRANT}"
    if found := _BY_RBAC.search(message):
        roles = _roles_of(found["verb"], found["resource"])
        return ". ".join(filter(None, (message.rstrip("."), roles, _GRANT)))
    return message


def _roles_of(verb: str, resource: str) -> str:
    if resource in _OURS and verb in _READ_VERBS:
        return _roles(["view", "edit"], is_button=True)
    if resource in _OURS:
        return _roles(["edit"], is_button=(verb, resource) in _BUTTONS)
    return _roles(["view", "edit"], is_button=False) if resource in _VIEWED and verb in _READ_VERBS else ""


def _roles(names: list[str], *, is_button: bool) -> str:
    roles = [f"the ClusterRole {name}" for name in names] + ([_RUN_ROLE] if is_button else [])
    text = " or ".join(filter(None, (", ".join(roles[:-1]), roles[-1])))
    return f"{text[0].upper()}{text[1:]} has it"
