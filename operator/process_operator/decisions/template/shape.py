"""Shape of a Job template as far as the operator relies on it. The API server checks everything else.

The schema of the custom resources keeps templates as they are, so a list may be in the place of a map. The dry run would
reject it, but the operator inserts parameters and labels before. `job_template.py` does that after this check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from process_operator.resources.conditions import Reason

_SECONDS: Final = range(2**31)


class TemplateError(ValueError):
    """A template or parameter that cannot be used; `reason` is the reason of the condition Accepted."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def check_shape(template: Mapping[str, Any], where: str) -> None:
    """Check every part that `job_template.py` reads or adds to; `where` is the path of the template, for messages.

    Raises TemplateError: TemplateRejected.
    """
    spec = _map(template, "spec", where, required=True)
    pod_template = _map(spec, "template", f"{where}.spec", required=True)
    pod = _map(pod_template, "spec", f"{where}.spec.template", required=True)
    for holder, path in ((template, where), (pod_template, f"{where}.spec.template")):
        metadata = _map(holder, "metadata", path)
        _map(metadata, "labels", f"{path}.metadata")
        _map(metadata, "annotations", f"{path}.metadata")
    for field in ("initContainers", "containers"):
        path = f"{where}.spec.template.spec"
        for index, container in enumerate(_maps(pod, field, path, required=field == "containers")):
            _maps(container, "env", f"{path}.{field}[{index}]", named=True)
    ttl = spec.get("ttlSecondsAfterFinished")
    if ttl is not None and (type(ttl) is not int or ttl not in _SECONDS):
        _reject(f"{where}.spec.ttlSecondsAfterFinished: must be a whole number of seconds from 0, not {ttl!r}")


def _map(holder: Mapping[str, Any], field: str, where: str, *, required: bool = False) -> Mapping[str, Any]:
    value = holder.get(field)
    if value is None and not required:
        return {}
    if not isinstance(value, Mapping):
        _reject(f"{where}.{field}: must be an object, not {_what(value)}")
    return value


def _maps(
    holder: Mapping[str, Any], field: str, where: str, *, required: bool = False, named: bool = False
) -> list[Mapping[str, Any]]:
    value = holder.get(field)
    if value is None and not required:
        return []
    if not isinstance(value, list):
        _reject(f"{where}.{field}: must be a list, not {_what(value)}")
    for index, item in enumerate(value):
        if not isinstance(item, Mapping):
            _reject(f"{where}.{field}[{index}]: must be an object, not {_what(item)}")
        if named and not isinstance(item.get("name"), str):
            _reject(f"{where}.{field}[{index}].name: must be a string, not {_what(item.get('name'))}")
    return value


def _what(value: Any) -> str:
    """The type of a value, in the words of the API server."""
    kinds = {type(None): "null", bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")


def _reject(message: str) -> NoReturn:
    raise TemplateError(Reason.TEMPLATE_REJECTED, message)
