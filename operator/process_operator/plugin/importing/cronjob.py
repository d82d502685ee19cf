"""CronJobs (batch/v1) as ProcessRequests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from process_operator.plugin.importing.cronjob_shape import name_of, shape_errors
from process_operator.plugin.importing.imported import Imported, checked, manifest
from process_operator.resources.kinds import PROCESS_REQUEST
from process_operator.resources.model import parse_duration
from process_operator.resources.names import GROUP
from process_operator.resources.schedule import Schedule
from process_operator.timing.cronjob_equivalent import WhyNot, cronjob_equivalent
from process_operator.timing.errors import ScheduleError

if TYPE_CHECKING:
    from process_operator.resources.types import Object

_UTC: Final = "Etc/UTC"
_ZONE_PREFIX: Final = re.compile(r"^(?:CRON_)?TZ=(\S+)\s+")
_EVERY: Final = re.compile(r"^@every\s+(\S+)$")
_AT_A_TIME: Final = re.compile(r"^(\d{1,2})\s+(\d{1,2})\s+\*\s+\*\s+\*$")
_LONGEST_INTERVAL_SECONDS: Final = 86_400
_SHORTEST_DEADLINE_SECONDS: Final = 10
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_TRACKING: Final = (
    _APPLIED,
    "meta.helm.sh/",
    "helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
)
"""Prefixes of labels and annotations by which deployment tools find their objects: the copy must not be one of them."""
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"


@dataclass(frozen=True, slots=True)
class CronJobOptions:
    """The options of `import cronjob`.

    `now` (UTC) is where the comparison of times begins. `time_zone` is that of the kube-controller-manager; None if it
    was not given.
    """

    now: datetime
    time_zone: str | None = None
    plain: bool = False
    owned: bool = False


def import_cronjob(body: Object, options: CronJobOptions) -> Imported:
    """Make a ProcessRequest out of a CronJob, with a remark for each difference."""
    if errors := list(shape_errors(body)):
        return Imported(name_of(body) or "a CronJob without a name", rejected="; ".join(errors))
    metadata, spec = body["metadata"], body["spec"]
    name = str(metadata["name"])
    owners = metadata.get("ownerReferences") or ()
    if any(str(owner.get("apiVersion", "")).startswith(f"{GROUP}/") for owner in owners):
        return Imported(name, left_out="it belongs to process-operator already")
    if owners and not options.owned:
        owner = f"{owners[0].get('kind')} {owners[0].get('name')}"
        return Imported(name, rejected=f"{owner} owns it, and would create it again: change that, or use --owned")
    remarks: list[str] = []
    try:
        timing = _schedule(spec, options, remarks)
    except ValueError as error:
        return Imported(name, rejected=f"spec.schedule: {error}")
    remarks += _remarks(spec)
    deadline = spec.get("startingDeadlineSeconds")
    request = {
        "jobTemplate": _template(spec["jobTemplate"]),
        "timing": {"schedule": timing},
        **({"suspend": True} if spec.get("suspend") else {}),
        "concurrencyPolicy": spec.get("concurrencyPolicy") or "Allow",
        **({"startingDeadlineSeconds": deadline} if deadline is not None else {}),
        "history": {
            "successful": _or_default(spec.get("successfulJobsHistoryLimit"), 3),
            "failed": _or_default(spec.get("failedJobsHistoryLimit"), 1),
        },
    }
    labels, annotations = (_kept(metadata.get(field)) for field in ("labels", "annotations"))
    made = manifest(
        PROCESS_REQUEST,
        name,
        request,
        namespace=metadata.get("namespace"),
        labels=labels,
        annotations=annotations,
    )
    return checked(Imported(name, (made,), tuple(remarks)), now=options.now)


def is_every(body: Object) -> bool:
    """Check whether a CronJob counts an interval from its own last run (`@every`)."""
    return bool(_EVERY.match(_ZONE_PREFIX.sub("", str(body["spec"]["schedule"]).strip())))


def is_deployed(body: Object) -> bool:
    """Check whether the labels or annotations of a CronJob are those of a deployment tool, other than kubectl."""
    metadata = body["metadata"]
    given = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    return any(key.startswith(_TRACKING) and key != _APPLIED for key in given) or given.get(_MANAGED_BY) == "Helm"


def _schedule(spec: Object, options: CronJobOptions, remarks: list[str]) -> dict[str, Any]:
    """Translate the schedule. Raises ValueError if it has no equivalent."""
    text, zone = str(spec["schedule"]).strip(), spec.get("timeZone")
    if prefix := _ZONE_PREFIX.match(text):
        text, zone = text[prefix.end() :], prefix[1]
        remarks.append(f"the zone {zone} was a prefix of the schedule")
    if every := _EVERY.match(text):
        remarks.append("intervals count from the creation of the request, not from the start of the controller")
        return _interval(every[1])
    if zone is None:
        zone = options.time_zone or _UTC
        remarks.append(
            f"it has no timeZone, so its times were those of the kube-controller-manager; {zone} is "
            f"{'what you gave' if options.time_zone else 'assumed: use --time-zone for another one'}"
        )
    timing: dict[str, Any] = {"cron": text, "timeZone": zone}
    if options.plain and (daily := _AT_A_TIME.match(text)):
        timing = {"daily": {"at": f"{int(daily[2]):02}:{int(daily[1]):02}"}, "timeZone": zone}
    remarks += _differences(timing, options.now)
    return timing


def _differences(timing: dict[str, Any], now: datetime) -> Iterator[str]:
    """Compare the instants of five years with those of the CronJob controller. Raises ValueError."""
    try:
        same = cronjob_equivalent(Schedule.model_validate(timing), since=now, now=now)
    except ScheduleError as error:
        raise ValueError(str(error)) from error
    if isinstance(same, WhyNot):
        yield f"its times differ: {same.message}"


def _interval(text: str) -> dict[str, Any]:
    seconds = parse_duration(text).total_seconds()
    for word, unit in (("hourly", 3600), ("minutely", 60), ("secondly", 1)):
        if seconds and seconds % unit == 0 and seconds // unit <= _LONGEST_INTERVAL_SECONDS:
            return {word: {"every": int(seconds // unit)}}
    raise ValueError(f"@every {text} is not an interval of whole seconds")


def _remarks(spec: Object) -> Iterator[str]:
    job = spec["jobTemplate"].get("spec") or {}
    if spec.get("concurrencyPolicy") == "Forbid":
        yield "Forbid skips a run that is due during another one; a CronJob may start it afterwards"
    if _or_default(spec.get("startingDeadlineSeconds"), _SHORTEST_DEADLINE_SECONDS) < _SHORTEST_DEADLINE_SECONDS:
        yield "a deadline below 10 seconds needs the engine Operator, which Auto takes"
    if job.get("ttlSecondsAfterFinished") is not None:
        yield "the operator removes the Job after ttlSecondsAfterFinished itself, once its log is recorded"
    pod = (job.get("template") or {}).get("spec") or {}
    if pod.get("restartPolicy") == "OnFailure":
        yield "restartPolicy OnFailure restarts a container in its pod, and the record has the last log only"


def _or_default(value: int | None, default: int) -> int:
    """Return the default for null, as the API server does."""
    return default if value is None else value


def _template(template: Object) -> dict[str, Any]:
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value}
    return {**({"metadata": metadata} if metadata else {}), "spec": template["spec"]}


def _kept(given: dict[str, str] | None) -> dict[str, str]:
    """Labels or annotations without those of deployment tools."""
    return {
        key: value
        for key, value in (given or {}).items()
        if not key.startswith(_TRACKING) and not (key == _MANAGED_BY and value == "Helm")
    }
