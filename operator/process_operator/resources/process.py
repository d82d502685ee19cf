"""Process: a reusable definition of work.

`process_request.py` has the timing of its runs, `process_run.py` their results.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from process_operator.resources import kinds
from process_operator.resources.cel_rule import CelRule
from process_operator.resources.conditions import MAX_CONDITIONS, Condition
from process_operator.resources.job_template import JobTemplate
from process_operator.resources.kind import AGE, NOT_OBSERVED, Column, Definition, ObservedGeneration, Resource
from process_operator.resources.model import (
    Bool,
    Int32,
    Model,
    ObjectName,
    map_list,
)
from process_operator.resources.parameters import MAX_PARAMETERS, Parameter
from process_operator.resources.text_form import LABEL, TextForm


class ConcurrencyPolicy(StrEnum):
    """Rule for a run that is due while another run is open."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"
    QUEUE = "Queue"


SharedPolicy = Literal[ConcurrencyPolicy.ALLOW, ConcurrencyPolicy.FORBID, ConcurrencyPolicy.QUEUE]
"""The policies of a Process, which hold over the runs of all its requests."""


class ProcessReference(Model):
    """A Process in the same namespace."""

    name: ObjectName = Field(description="Name of the Process.")


_STEP_NAME: Final = TextForm(
    LABEL, "must be lower-case letters, digits and -, with a letter or digit at both ends, such as post-ledger"
)
StepName = Annotated[str, Field(max_length=20, json_schema_extra=_STEP_NAME.schema()), _STEP_NAME.validator]


class Step(Model):
    """One step of a process that runs other processes."""

    name: StepName = Field(description="Name of the step: at most 20 lower-case letters, digits and -.")
    process: ProcessReference = Field(description="The Process that this step runs. It must have a jobTemplate.")


class ProcessSpec(Model):
    """The work, and the rules that all its requests share."""

    rules = (
        CelRule("has(self.jobTemplate) != has(self.steps)", "exactly one of jobTemplate and steps must be set"),
        CelRule(
            "!has(self.startTimeoutSeconds) || has(self.jobTemplate)",
            "startTimeoutSeconds may only be set with jobTemplate; for steps set it in their processes or in the request",
            ".startTimeoutSeconds",
        ),
        CelRule(
            "!has(self.stopOnFailure) || has(self.steps)", "stopOnFailure may only be set with steps", ".stopOnFailure"
        ),
    )

    description: str | None = Field(None, max_length=1024, description="Description of the work, for people.")
    parameters: tuple[Parameter, ...] = Field(
        (),
        max_length=MAX_PARAMETERS,
        description="Parameters that requests can set or must set.",
        json_schema_extra=map_list("name"),
    )
    job_template: JobTemplate | None = Field(
        None,
        description="Template of the Job of each run, as in a CronJob. Exactly one of jobTemplate and steps must be set.",
    )
    steps: tuple[Step, ...] | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Other Processes that each run executes one after the other. Exactly one of jobTemplate and steps must be "
        "set.",
        json_schema_extra=map_list("name"),
    )
    start_timeout_seconds: Int32 | None = Field(
        None,
        ge=1,
        description="Seconds within which the Job of a run must start a container; after them the run ends as Failed. A "
        "request can set its own value. Unset means no limit.",
    )
    stop_on_failure: Bool | None = Field(
        None,
        description="Whether the steps after a failed step are skipped. Only allowed with steps. Unset means true.",
    )
    concurrency_policy: SharedPolicy = Field(
        ConcurrencyPolicy.ALLOW,
        description="Rule for a run that is due while another run of this Process, of any request, is open. Allow "
        "starts it, Forbid skips it, Queue makes it wait. Unset means Allow. Replace is only allowed in a request, for its "
        "own runs.",
    )


class ProcessStatus(Model):
    """The state of the Process as the operator observed it."""

    observed_generation: ObservedGeneration = NOT_OBSERVED
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Conditions Ready and Stalled; Reconciling while the Process of a step does not exist.",
        json_schema_extra=map_list("type"),
    )


class Process(Resource):
    """A reusable definition of background work: parameters, and a Job template or steps."""

    definition: ClassVar = Definition(
        kind=kinds.PROCESS,
        short_name="proc",
        columns=(
            Column("Description", "string", ".spec.description"),
            Column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status'),
            AGE,
        ),
    )

    kind: Literal["Process"] = "Process"
    spec: ProcessSpec = Field(description="The work, and the rules that all its requests share.")
    status: ProcessStatus = Field(ProcessStatus(), description="The state of the Process as the operator observed it.")


_STRICTNESS = (ConcurrencyPolicy.ALLOW, ConcurrencyPolicy.REPLACE, ConcurrencyPolicy.QUEUE, ConcurrencyPolicy.FORBID)


def stricter(request: ConcurrencyPolicy, process: SharedPolicy) -> ConcurrencyPolicy:
    """Give the stricter policy of a request and its Process. The order is Forbid > Queue > Replace > Allow."""
    return max(request, process, key=_STRICTNESS.index)
