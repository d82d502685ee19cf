"""Names that others see: the API group, labels, annotations, and the deterministic names of what we create.

A name is the lock that makes a run happen once: whoever creates it second meets 409 AlreadyExists. So every name here
follows from what it stands for (a UID and a tick or activation) and from nothing else. Neighbours:
`decisions/manifests/` builds the objects that carry these names.
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
"""On runs: the Process that they are runs of, from the moment they are made."""
LABEL_BACKFILL: Final = f"{GROUP}/backfill"
"""On the runs of a ProcessBackfill: its name."""
LABEL_PARENT: Final = f"{GROUP}/parent"
"""On the run of a step: the run that has the steps."""

ANNOTATION_RESCHEDULE: Final = f"{GROUP}/reschedule"
ANNOTATION_SUSPEND_REASON: Final = f"{GROUP}/suspend-reason"
"""On a suspended request: the reason that the user gave. Clients write it; the operator ignores it."""
ANNOTATION_KILL: Final = f"{GROUP}/kill"
ANNOTATION_PAUSED: Final = f"{GROUP}/paused"
"""On a Job that the operator suspended for `onSuspend: SuspendRunning`: when (RFC 3339). Written with the
suspension."""
ANNOTATION_WAITS_FOR_START: Final = f"{GROUP}/waits-for-start"
"""On a Job that the operator made suspended because a Run Later waits for its start: `true`."""
SUSPENSION_MARKS: Final = (ANNOTATION_PAUSED, ANNOTATION_WAITS_FOR_START)
"""A suspended Job without one of these was suspended by somebody else, and the operator never resumes it."""
ANNOTATION_TEMPLATE_HASH: Final = f"{GROUP}/template-hash"
"""On objects that we make (CronJobs, Jobs): what they were made from, so that a change of the template is seen."""
ANNOTATION_CRONJOB_TICK: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
"""On the Jobs of the CronJob controller: the tick, RFC 3339 in the CronJob's time zone (since Kubernetes 1.28)."""
ANNOTATION_TAKEN_OVER_TICK: Final = f"{GROUP}/taken-over-tick"
"""On a CronJob: the tick (RFC 3339) that the operator took from the CronJob controller, because no Job of it came."""

ANNOTATION_MISSED_REASON: Final = f"{GROUP}/missed-reason"
"""On a run that was made only to record why a tick did not start: `Missed/DeadlinePassed`, `Skipped/Overlap NAME`.

The claim and its meaning are then one write: a crash before the status was written cannot make the run start.
"""
ANNOTATION_SUMMARY: Final = f"{GROUP}/summary"
"""On a run that stands for several refused ticks: the summary as JSON, for the same reason."""
ANNOTATION_ENGINE: Final = f"{GROUP}/engine"
"""On a run whose Job the CronJob controller made: `CronJob`. The operator never makes that Job."""
ANNOTATION_AHEAD: Final = f"{GROUP}/claimed-ahead"
"""On a run that was made before its tick was due: `true`. Times would not do: the API server's clock is another one."""

LABEL_RESTORED: Final = "velero.io/restore-name"
"""On what Velero restored from a backup: without owner and status."""
LABEL_NO_BACKUP: Final = "velero.io/exclude-from-backup"
"""On what the operator creates: Velero leaves it out. Restored without owner and status it would run a second time."""

ANNOTATION_CONTAINERS: Final = f"{GROUP}/containers"
"""On Jobs: the names of the containers that the template had, so that one which somebody adds is told apart."""
ANNOTATION_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
"""On a pod template: the container that matters most, as `kubectl logs` knows it."""

LABEL_COMPLETION_INDEX: Final = "batch.kubernetes.io/job-completion-index"
LABEL_JOB_NAME: Final = "batch.kubernetes.io/job-name"
LABEL_CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
"""On the pods of a Job: its UID, by which the API server lists them (since Kubernetes 1.27)."""
LABEL_KUEUE_QUEUE: Final = "kueue.x-k8s.io/queue-name"
"""On a Job that Kueue manages: its LocalQueue. Kueue suspends such a Job, and resumes it when it admits the
workload."""

ENV_RUN: Final = "PROCESS_RUN"
ENV_SCHEDULED_TIME: Final = "PROCESS_SCHEDULED_TIME"

MAX_NAME: Final = 63
"""Longest name of our kinds: then a name is also a label value and a Job's name."""

STEM_LENGTH: Final = 43
"""How many characters of a request's name its children have in theirs."""
_PARENT_LENGTH: Final = 33


def child_stem(request_name: str, request_uid: str) -> str:
    """Common beginning of everything a request owns: at most 52 characters, as many as a CronJob's name may have.

    The UID is in it, so a request that was deleted and made again never meets its predecessor's objects.
    """
    digest = hashlib.sha256(request_uid.encode()).hexdigest()[:8]
    return f"{request_name[:STEM_LENGTH].rstrip('-.')}-{digest}"


def tick_run_name(stem: str, tick: int, *, whole_minutes: bool) -> str:
    """Name of the run of one tick, `tick` in unix seconds.

    Where every tick of a timing is on a whole minute the name holds the unix minute, exactly as the CronJob controller
    names its Jobs, so that a change of engine never runs a tick twice.
    """
    return f"{stem}-{tick // 60 if whole_minutes else tick}"


def backfill_run_name(stem: str, tick: int) -> str:
    """Name of the run that a backfill makes for a tick, `tick` in unix seconds: one, however many backfills ask for it.

    In hexadecimal, because ten decimal digits would be one too many; and not the name of the tick's own run, because
    that may be a record of why it did not start.
    """
    return f"{stem}-b{tick:x}"


def rerun_name(stem: str, backfill_uid: str, tick: int) -> str:
    """Name of the run that a backfill makes for a tick, `tick` in unix seconds, that has a run already.

    One for each backfill and tick: 45 bits of their hash, because no more room is left than that.
    """
    digest = hashlib.sha256(f"{backfill_uid}/{tick}".encode()).digest()
    return f"{stem}-r{base64.b32encode(digest).decode().lower()[:9]}"


def activation_run_name(stem: str, activation: int) -> str:
    """Name of the run of a one-shot timing: one for each activation, whatever its instant."""
    return f"{stem}-s{activation}"


def step_run_name(parent: str, parent_uid: str, step: str) -> str:
    """Name of the run of a step: at most 63 characters, as a step's name has at most 20.

    The UID is in it, so a run that was deleted and made again never meets its predecessor's steps.
    """
    digest = hashlib.sha256(parent_uid.encode()).hexdigest()[:8]
    return f"{parent[:_PARENT_LENGTH].rstrip('-.')}-{digest}-{step}"
