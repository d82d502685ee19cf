"""Requests of a set of manifests, with the Processes that they name, each checked as the API server would.

The manifests are JSON objects; `manifest_files.py` reads them. Neighbours: `preview.py` computes when each request
runs, `resources/validation.py` has the checks of the API server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from pydantic import ValidationError

from process_operator.decisions.acceptance.exclude_from import calendar_file, decoded_binary
from process_operator.decisions.inputs.observations import CalendarFile
from process_operator.resources.kinds import CONFIG_MAP, OUR_KINDS, PROCESS, PROCESS_REQUEST
from process_operator.resources.names import API_VERSION, GROUP
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.types import NamespacedName, Object
from process_operator.resources.validation import FieldError, object_errors
from process_operator.timing.errors import SCHEDULE_FIELD
from process_operator.timing.zone import zone_names
from process_operator.timing.zone_hints import zone_hint

_KINDS: Final = frozenset(kind.kind for kind in OUR_KINDS)


@dataclass(frozen=True, slots=True)
class GivenRequest:
    """A request of a manifest. If it would be rejected, `error` says why and `request` is None."""

    namespace: str
    name: str
    request: ProcessRequest | None = None
    process: Process | None = None
    step_processes: Mapping[str, Process] = field(default_factory=dict)
    """The Processes that the steps of `process` name, by name, as far as they are among the manifests."""
    error: str | None = None
    calendars: Mapping[tuple[str, str], CalendarFile] = field(default_factory=dict)
    """The calendars that its excludeFrom names, by ConfigMap and key."""

    @property
    def lacks_process(self) -> bool:
        """Whether it names a Process that is not among the manifests."""
        return self.request is not None and self.request.spec.process is not None and self.process is None


@dataclass(slots=True)
class ManifestSet:
    """The requests of a set of manifests; `problems` are errors about anything else in it."""

    requests: list[GivenRequest] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def manifest_set(bodies: Iterable[Object], *, namespace: str) -> ManifestSet:
    """Sort manifests; `namespace` is that of manifests without one. Foreign kinds are ignored."""
    found = ManifestSet()
    requests: list[Object] = []
    processes: dict[NamespacedName, Process | str] = {}
    config_maps: dict[NamespacedName, Object] = {}
    for body in bodies:
        kind, version = body.get("kind"), body.get("apiVersion")
        if (kind, version) == (CONFIG_MAP.kind, CONFIG_MAP.api_version):
            config_maps[_key(body, namespace)] = body
            found.problems += _binary_problems(body)
        if not isinstance(version, str) or version.partition("/")[0] != GROUP:
            continue
        if version != API_VERSION or kind not in _KINDS:
            found.problems.append(f"{kind} {_name(body)}: there is no such kind in {version}; allowed: {API_VERSION}")
        elif kind == PROCESS_REQUEST.kind:
            requests.append(body)
        elif kind == PROCESS.kind:
            process = processes[_key(body, namespace)] = _process(body, namespace)
            if isinstance(process, str):
                found.problems.append(process)
    found.requests = [_with_calendars(_given(body, processes, namespace), config_maps) for body in requests]
    return found


def _binary_problems(config_map: Object) -> Iterator[str]:
    entries = config_map.get("binaryData")
    for key, text in entries.items() if isinstance(entries, Mapping) else ():
        try:
            decoded_binary(str(text))
        except ValueError as error:
            yield f"ConfigMap {_name(config_map)}: binaryData.{key}: {error}"


def _with_calendars(given: GivenRequest, config_maps: Mapping[NamespacedName, Object]) -> GivenRequest:
    schedule = given.request.spec.timing.schedule if given.request is not None else None
    wanted = [source.config_map for source in schedule.exclude_from] if schedule is not None else []
    calendars = {
        (source.name, source.key): calendar_file(
            config_maps.get((given.namespace, source.name)), source.name, source.key
        )
        for source in wanted
    }
    return replace(given, calendars=calendars)


def _process(body: Object, namespace: str) -> Process | str:
    invalid = _invalid(body)
    try:
        return (
            Process.model_validate(_placed(body, namespace)) if invalid is None else f"Process {_name(body)}: {invalid}"
        )
    except ValidationError as error:
        return f"Process {_name(body)}: {_first(error)}"


def _given(body: Object, processes: Mapping[NamespacedName, Process | str], namespace: str) -> GivenRequest:
    space, name = _key(body, namespace)
    invalid = _invalid(body)
    if invalid is not None:
        return GivenRequest(space, name, error=invalid)
    try:
        request = ProcessRequest.model_validate(_placed(body, namespace))
    except ValidationError as error:
        return GivenRequest(space, name, error=_first(error))
    process = processes.get((space, request.spec.process.name)) if request.spec.process is not None else None
    if isinstance(process, str):
        return GivenRequest(space, name, error=f"spec.process.name: {process}")
    steps = {} if process is None else {step.process.name: step.name for step in process.spec.steps or ()}
    known = {named: processes[space, named] for named in steps if (space, named) in processes}
    for named, found in known.items():
        if isinstance(found, str):
            return GivenRequest(space, name, error=f'spec.process.name: step "{steps[named]}": {found}')
    fitting = {named: found for named, found in known.items() if isinstance(found, Process)}
    return GivenRequest(space, name, request, process, fitting)


def _invalid(body: Object) -> str | None:
    """The errors of the API server in one line: the first one about each field."""
    errors = [_with_hint(error, body) for error in object_errors(body)]
    first = {error.field: error for error in reversed(errors)}
    return "; ".join(str(error) for error in errors if first[error.field] is error) or None


def _with_hint(error: FieldError, body: Object) -> FieldError:
    """Add the zone that the user probably meant; the API server cannot know it."""
    if error.field != f"{SCHEDULE_FIELD}.timeZone":
        return error
    name = body["spec"]["timing"]["schedule"]["timeZone"]
    hint = zone_hint(name, zone_names()) if isinstance(name, str) else ""
    return error._replace(message=f"{name!r} {error.message}; {hint}") if hint else error


def _first(error: ValidationError) -> str:
    """The error of a model about a manifest that the schema accepted."""
    detail = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"


def _placed(body: Object, namespace: str) -> Object:
    return {**body, "metadata": {**body["metadata"], "namespace": _key(body, namespace)[0]}}


def _key(body: Object, namespace: str) -> NamespacedName:
    metadata = body.get("metadata")
    given = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    return (given if isinstance(given, str) and given else namespace), _name(body)


def _name(body: Object) -> str:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) and name else "(without a name)"
