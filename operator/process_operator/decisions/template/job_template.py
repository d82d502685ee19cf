"""Job template that runs, from the one that a user wrote: with parameters, variables and defaults of the operator.

Everything that the user wrote is kept, except the few fields that the operator has to own. A `TemplateError` that names
the field rejects what cannot be kept (`shape.py`). `manifests/` wraps the result into Jobs and CronJobs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from process_operator.decisions.template.shape import TemplateError, check_shape
from process_operator.resources import names
from process_operator.resources.conditions import Reason
from process_operator.resources.parameter_values import value_problem
from process_operator.resources.parameters import Parameter
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.status_text import listed

_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED_PREFIXES: Final = (f"{names.GROUP}/", "batch.kubernetes.io/")
"""Prefixes of labels and annotations of the operator and the Job controller. Copies would be trusted, or rejected."""
_RESERVED_NAMES: Final = frozenset({"controller-uid", "job-name", "cronjob.kubernetes.io/instantiate"})
"""The same without a reserved prefix. A template that was exported from a Job has them."""
_OWN_VARIABLES: Final = frozenset({names.ENV_RUN, names.ENV_SCHEDULED_TIME})


@dataclass(frozen=True)
class JobTemplate:
    """A template ready to be wrapped: labels, annotations and the spec of the Job, without anything of a single run."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Mapping[str, Any]
    ttl_seconds_after_finished: int | None
    """Removed from the Job, which must exist until its record, and applied by the operator (seconds)."""
    uses_scheduled_time: bool
    """Whether the text mentions PROCESS_SCHEDULED_TIME, which the CronJob controller cannot provide."""

    @property
    def is_queued_by_kueue(self) -> bool:
        """Kueue itself resumes suspended Jobs with its queue label, so they must not wait suspended."""
        return names.LABEL_KUEUE_QUEUE in self.labels

    @cached_property
    def hash(self) -> str:
        """16 hex digits that change when anything of the template does."""
        text = json.dumps([self.labels, self.annotations, self.spec], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def build_template(
    request: ProcessRequest, process: Process | None, variables: Mapping[str, str] | None = None
) -> JobTemplate:
    """The Job template of a request, with its parameters as environment variables.

    `variables` replace the parameters of the request for a step (`step.py`).

    Raises:
        TemplateError: reasons ParameterMissing, ParameterUnknown, ParameterInvalid, TemplateRejected.
    """
    raw = request.spec.job_template if process is None else process.spec.job_template
    where = template_field(process)
    if raw is None:
        raise TemplateError(Reason.TEMPLATE_REJECTED, f"{where}: required")
    check_shape(raw, where)
    spec = _copied(dict(raw["spec"]))
    _check_own_fields(spec, where)
    ttl = spec.pop("ttlSecondsAfterFinished", None)
    for field in ("suspend", "selector", "manualSelector"):
        spec.pop(field, None)
    uses_scheduled_time = names.ENV_SCHEDULED_TIME in json.dumps(raw)
    pod = spec["template"]["spec"]
    pod.setdefault("restartPolicy", "Never")
    if variables is None:
        variables = parameter_values(request, process)
    for container in _containers(pod):
        container.setdefault("terminationMessagePolicy", "FallbackToLogsOnError")
        own = [entry for entry in container.get("env") or () if entry.get("name") not in {*variables, *_OWN_VARIABLES}]
        container["env"] = [_run_name(), *(_literal(name, value) for name, value in variables.items()), *own]
    labels = {names.LABEL_REQUEST: request.metadata.name, names.LABEL_REQUEST_UID: request.metadata.uid}
    metadata = spec["template"].get("metadata") or {}
    spec["template"]["metadata"] = {**metadata, **_labels_and_annotations(metadata, labels)}
    own_metadata = _labels_and_annotations(raw.get("metadata") or {}, labels)
    recorded = {names.ANNOTATION_CONTAINERS: ",".join(str(container.get("name")) for container in _containers(pod))}
    if variables:
        recorded[names.ANNOTATION_PARAMETERS] = ",".join(variables)
    return JobTemplate(
        # Only the Job has this label, because a backup saves volumes by their pods.
        labels={names.LABEL_NO_BACKUP: "true", **own_metadata["labels"]},
        annotations={**own_metadata["annotations"], **recorded},
        spec=spec,
        ttl_seconds_after_finished=ttl,
        uses_scheduled_time=uses_scheduled_time,
    )


def template_field(process: Process | None) -> str:
    """Path of the template for users, with which every message about it begins."""
    return "spec.jobTemplate" if process is None else f"Process {process.metadata.name}: spec.jobTemplate"


def parameter_values(request: ProcessRequest, process: Process | None, checked: Collection[str] = ()) -> dict[str, str]:
    """The environment variables that the parameters become, in order of declaration.

    An inline template declares no parameters, so every parameter of the request is used. The values of the names in
    `checked` are known to be allowed.

    Raises:
        TemplateError: ParameterUnknown for an undeclared or unusable name, ParameterMissing for a required one,
            ParameterInvalid for a value that is not allowed, TemplateRejected for an unusable one.
    """
    given = given_values(request)
    if process is None:
        _check_names(given)
        return given
    declared = {parameter.name: parameter for parameter in process.spec.parameters}
    for index, parameter in enumerate(request.spec.parameters):
        if parameter.name not in declared:
            allowed = listed(list(declared)) or "none"
            raise TemplateError(
                Reason.PARAMETER_UNKNOWN,
                f"spec.parameters[{index}].name: Process {process.metadata.name} declares no parameter "
                f'"{parameter.name}"; declared: {allowed}',
            )
    missing = [name for name, parameter in declared.items() if parameter.required and name not in given]
    if missing:
        raise TemplateError(
            Reason.PARAMETER_MISSING,
            f"spec.parameters: Process {process.metadata.name} requires {listed(missing)}",
        )
    check_allowed(request, declared, checked)
    values = {name: given.get(name, parameter.default) for name, parameter in declared.items()}
    return {name: value for name, value in values.items() if value is not None}


def check_allowed(request: ProcessRequest, declared: Mapping[str, Parameter], checked: Collection[str] = ()) -> None:
    """Check the values of a request against `enum` and `pattern`, but for those of the names in `checked`.

    Raises TemplateError: ParameterInvalid.
    """
    for index, parameter in enumerate(request.spec.parameters):
        if parameter.name in checked or parameter.name not in declared:
            continue
        if problem := value_problem(declared[parameter.name], parameter.value):
            message = f"spec.parameters[{index}].value: {parameter.name} {problem}"
            raise TemplateError(Reason.PARAMETER_INVALID, message)


def given_values(request: ProcessRequest) -> dict[str, str]:
    """The parameters of a request by their names. Raises TemplateError (TemplateRejected) for an unusable value."""
    for index, parameter in enumerate(request.spec.parameters):
        if "\0" in parameter.value:
            message = f"spec.parameters[{index}].value: an environment variable cannot hold a NUL character"
            raise TemplateError(Reason.TEMPLATE_REJECTED, message)
    return {parameter.name: parameter.value for parameter in request.spec.parameters}


def with_scheduled_time(spec: Mapping[str, Any], instant: str) -> dict[str, Any]:
    """The Job spec with PROCESS_SCHEDULED_TIME (RFC 3339, UTC) right behind PROCESS_RUN in every container."""
    copied: dict[str, Any] = _copied(dict(spec))
    pod = copied["template"]["spec"]
    for container in _containers(pod):
        container["env"].insert(1, {"name": names.ENV_SCHEDULED_TIME, "value": instant})
    return copied


def _check_own_fields(spec: Mapping[str, Any], where: str) -> None:
    if "managedBy" in spec:
        raise TemplateError(
            Reason.TEMPLATE_REJECTED,
            f"{where}.spec.managedBy: not allowed, because the run of a Job managed elsewhere cannot be followed",
        )
    if spec.get("suspend"):
        raise TemplateError(
            Reason.TEMPLATE_REJECTED,
            f"{where}.spec.suspend: true is not allowed; use spec.suspend of the ProcessRequest",
        )


def _check_names(given: Iterable[str]) -> None:
    for index, name in enumerate(given):
        if not _ENV_NAME.fullmatch(name) or name.startswith("PROCESS_"):
            raise TemplateError(
                Reason.PARAMETER_UNKNOWN,
                f'spec.parameters[{index}].name: "{name}" cannot be an environment variable here: letters, digits and _, '
                "not beginning with a digit or PROCESS_",
            )


def _run_name() -> dict[str, Any]:
    # With a field reference, the operator and the CronJob controller can use the same template.
    return {
        "name": names.ENV_RUN,
        "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{names.LABEL_JOB_NAME}']"}},
    }


def _literal(name: str, value: str) -> dict[str, Any]:
    """A variable with exactly `value`. The kubelet reads `$(NAME)` as a reference and `$$` as one dollar."""
    return {"name": name, "value": value.replace("$", "$$")}


def _containers(pod: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from pod.get("initContainers") or ()
    yield from pod["containers"]


def _labels_and_annotations(metadata: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Labels and annotations of the user, with the labels of the operator. Reserved ones of an exported template are removed."""
    kept = {
        field: {key: value for key, value in (metadata.get(field) or {}).items() if not _is_reserved(key)}
        for field in ("labels", "annotations")
    }
    return {"labels": {**kept["labels"], **labels}, "annotations": kept["annotations"]}


def _is_reserved(key: str) -> bool:
    return key.startswith(_RESERVED_PREFIXES) or key in _RESERVED_NAMES


def _copied(value: Any) -> Any:
    """A copy of a JSON value. `copy.deepcopy` costs four times as much, because it tracks repeated parts."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
