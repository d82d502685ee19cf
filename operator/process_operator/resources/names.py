"""Names in the API: the API group, labels, annotations, and the deterministic names of created objects.

The name of a run is the lock that makes it happen once, because a second create gets 409 AlreadyExists. Therefore each
name follows only from the UID of the request and the tick or activation. `decisions/manifests/` builds the objects.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

GROUP: Final = "process-operator.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

LABEL_REQUEST: Final = f"{GROUP}/request"
LABEL_REQUEST_UID: Final = f"{GROUP}/request-uid"
LABEL_RUN: Final = f"{GROUP}/run"
LABEL_PROCESS: Final = f"{GROUP}/process"
"""On runs: the name of their Process, from their creation on."""
LABEL_BACKFILL: Final = f"{GROUP}/backfill"
"""On the runs of a ProcessBackfill: the name of the backfill."""
LABEL_PARENT: Final = f"{GROUP}/parent"
"""On the run of a step: the name of the run that has the steps."""

ANNOTATION_RESCHEDULE: Final = f"{GROUP}/reschedule"
ANNOTATION_REQUESTED_BY: Final = f"{GROUP}/requested-by"
"""On a run, backfill or request: the name of the user who created it."""
ANNOTATION_SUSPENDED_BY: Final = f"{GROUP}/suspended-by"
"""On a suspended request: the name of the user who suspended it."""
ANNOTATION_SUSPEND_REASON: Final = f"{GROUP}/suspend-reason"
"""On a suspended request: the reason that the user gave. Clients write it; the operator ignores it."""
ANNOTATION_KILL: Final = f"{GROUP}/kill"
ANNOTATION_PAUSED: Final = f"{GROUP}/paused"
"""On a Job that the operator suspended for `onSuspend: SuspendRunning`: the time of it (RFC 3339). It is written
together with the suspension."""
ANNOTATION_WAITS_FOR_START: Final = f"{GROUP}/waits-for-start"
"""On a Job that the operator created suspended, because a Run Later waits for its start: `true`."""
SUSPENSION_MARKS: Final = (ANNOTATION_PAUSED, ANNOTATION_WAITS_FOR_START)
"""A suspended Job without one of these was suspended by a user or another program. The operator never resumes it."""
ANNOTATION_TEMPLATE_HASH: Final = f"{GROUP}/template-hash"
"""On CronJobs and Jobs of the operator: the hash of their template, so that the operator detects a change of it."""
ANNOTATION_CRONJOB_TICK: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
"""On the Jobs of the CronJob controller: the tick, RFC 3339 in the CronJob's time zone (since Kubernetes 1.28)."""
ANNOTATION_TAKEN_OVER_TICK: Final = f"{GROUP}/taken-over-tick"
"""On a CronJob: the newest tick (RFC 3339) that the operator took over, because the controller created no Job for it."""

ANNOTATION_MISSED_REASON: Final = f"{GROUP}/missed-reason"
"""On a run that only records why a tick did not start: `Missed/DeadlinePassed`, `Skipped/Overlap NAME`.

The run and its meaning are one write. Therefore a crash before the write of the status cannot start the run.
"""
ANNOTATION_SUMMARY: Final = f"{GROUP}/summary"
"""On a run that records several missed ticks: the summary as JSON, in the same write."""
ANNOTATION_ENGINE: Final = f"{GROUP}/engine"
"""On a run whose Job the CronJob controller created: `CronJob`. The operator never creates that Job."""
ANNOTATION_CLAIMED_AHEAD: Final = f"{GROUP}/claimed-ahead"
"""On a run that was created before its tick was due: `true`. Its creationTimestamp is not enough, because the API
server has another clock."""

LABEL_RESTORED: Final = "velero.io/restore-name"
"""On objects that Velero restored from a backup. They have no owner and no status."""
LABEL_NO_BACKUP: Final = "velero.io/exclude-from-backup"
"""On objects that the operator creates, so that Velero does not back them up. Restored ones would run a second time."""

ANNOTATION_CONTAINERS: Final = f"{GROUP}/containers"
ANNOTATION_PARAMETERS: Final = f"{GROUP}/parameters"
"""On Jobs: the names of the containers of the template, so that containers of admission webhooks are recognised."""
ANNOTATION_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
"""On a pod template: the name of the main container, which `kubectl logs` uses too."""

LABEL_COMPLETION_INDEX: Final = "batch.kubernetes.io/job-completion-index"
LABEL_JOB_NAME: Final = "batch.kubernetes.io/job-name"
LABEL_CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
"""On the pods of a Job: the UID of the Job, for list selectors (since Kubernetes 1.27)."""
LABEL_KUEUE_QUEUE: Final = "kueue.x-k8s.io/queue-name"
"""On a Job that Kueue manages: its LocalQueue. Kueue suspends the Job, and resumes it when it admits the workload."""

ENV_RUN: Final = "PROCESS_RUN"
ENV_SCHEDULED_TIME: Final = "PROCESS_SCHEDULED_TIME"

MAX_NAME: Final = 63
"""Highest length of a name of the four kinds, so that it is also a valid label value and Job name."""

STEM_LENGTH: Final = 43
"""Number of characters of a request's name that the names of its objects start with."""
_PARENT_LENGTH: Final = 33


def child_stem(request_name: str, request_uid: str) -> str:
    """Give the common start of the names of a request's objects: at most 52 characters, the limit of a CronJob's name.

    It contains a hash of the UID, so that a request that is created again never collides with objects of the old one.
    """
    digest = hashlib.sha256(request_uid.encode()).hexdigest()[:8]
    return f"{request_name[:STEM_LENGTH].rstrip('-.')}-{digest}"


def tick_run_name(stem: str, tick: int, *, whole_minutes: bool) -> str:
    """Give the name of the run of one tick. `tick` is in unix seconds.

    If every tick of a timing is on a whole minute, the name has the unix minute, exactly as the Jobs of the CronJob
    controller. Therefore a change of the engine never runs a tick twice.
    """
    return f"{stem}-{tick // 60 if whole_minutes else tick}"


def backfill_run_name(stem: str, tick: int) -> str:
    """Give the name of the run that backfills create for a tick. `tick` is in unix seconds.

    All backfills share this one run. The tick is in hexadecimal, because ten decimal digits would be one too many. The
    name differs from that of the tick's own run, because that run can be a record of why the tick did not start.
    """
    return f"{stem}-b{tick:x}"


def rerun_name(stem: str, backfill_uid: str, tick: int) -> str:
    """Give the name of the run that a backfill creates for a tick that has a run already. `tick` is in unix seconds.

    There is one for each backfill and tick. The name has 45 bits of their hash, because there is no room for more.
    """
    digest = hashlib.sha256(f"{backfill_uid}/{tick}".encode()).digest()
    return f"{stem}-r{base64.b32encode(digest).decode().lower()[:9]}"


def activation_run_name(stem: str, activation: int) -> str:
    """Give the name of the run of a one-shot timing. There is one for each activation, independent of its instant."""
    return f"{stem}-s{activation}"


def step_run_name(parent: str, parent_uid: str, step: str) -> str:
    """Give the name of the run of a step: at most 63 characters, because the name of a step has at most 20.

    It contains a hash of the UID, so that a run that is created again never collides with the steps of the old one.
    """
    digest = hashlib.sha256(parent_uid.encode()).hexdigest()[:8]
    return f"{parent[:_PARENT_LENGTH].rstrip('-.')}-{digest}-{step}"
