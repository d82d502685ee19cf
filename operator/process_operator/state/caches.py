"""Caches of all kinds, and the questions that need more than one of them."""

from __future__ import annotations

from typing import Any

from process_operator.decisions.concurrency.lock_holders import process_of
from process_operator.decisions.inputs.ownership import CronJobOfRequest, is_job_of
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.kinds import (
    CRONJOB,
    JOB,
    POD,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
    Kind,
)
from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill
from process_operator.resources.process_run import ProcessRun
from process_operator.resources.types import NamespacedName
from process_operator.state.codec import EncodedRequest
from process_operator.state.object_cache import Entry, ObjectCache


class Caches:
    """One cache for each kind. Runs are also indexed by their Process."""

    def __init__(self) -> None:
        self.requests: ObjectCache[EncodedRequest] = ObjectCache()
        self.processes: ObjectCache[Process] = ObjectCache()
        self.backfills: ObjectCache[ProcessBackfill] = ObjectCache()
        self.runs: ObjectCache[ProcessRun] = ObjectCache(group=process_of)
        self.cronjobs: ObjectCache[bytes] = ObjectCache()
        self.jobs: ObjectCache[Job] = ObjectCache()
        self.pods: ObjectCache[Pod] = ObjectCache()
        self._by_kind: dict[Kind, ObjectCache[Any]] = {
            PROCESS_REQUEST: self.requests,
            PROCESS: self.processes,
            PROCESS_BACKFILL: self.backfills,
            PROCESS_RUN: self.runs,
            CRONJOB: self.cronjobs,
            JOB: self.jobs,
            POD: self.pods,
        }

    def of(self, kind: Kind) -> ObjectCache[Any]:
        """Give the cache of a kind."""
        return self._by_kind[kind]

    def is_held(self, key: NamespacedName, uid: str) -> bool:
        """Whether the request of that name is still the one with this UID."""
        held = self.requests.get(*key)
        return held is not None and held.uid == uid

    def request_keys(self) -> set[NamespacedName]:
        """Give the keys of all requests, and of deleted ones that left objects behind."""
        return {
            *self.requests.keys(),
            *self.backfills.keys(),
            *self.runs.keys(),
            *self.cronjobs.keys(),
            *self.jobs.keys(),
        }

    def is_open(self, namespace: str, run: str) -> bool:
        """Whether a run of that name is open."""
        return self.runs.get(namespace, run) is not None

    def job_of(self, run: Entry[ProcessRun], name: str) -> Job | None:
        """Give the Job of a run, if the Job is proven to belong to the run."""
        held = self.jobs.get(run.key[0], name)
        return held.value if held is not None and self.is_own_job(run, held.value) else None

    def is_own_job(self, run: Entry[ProcessRun], job: Job) -> bool:
        """Whether a Job with the name of a run belongs to that run."""
        request, owner = self.requests.get(*run.key), job.controller
        cronjob = None
        if request is not None and owner is not None and owner.kind == CRONJOB.kind:
            held = self.cronjobs.get(run.key[0], names.child_stem(run.key[1], request.uid))
            cronjob = CronJobOfRequest(owner.name, held.uid) if held is not None else None
        return is_job_of(run.value, job, cronjob)
