"""Process: a reusable definition of what to run. Neighbours: `process_request.py` is when, `process_run.py` how."""

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
from process_operator.resources.text_form import LABEL, TextForm


class ConcurrencyPolicy(StrEnum):
    """What happens when a run is due while another is going on."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"
    QUEUE = "Queue"


SharedPolicy = Literal[ConcurrencyPolicy.ALLOW, ConcurrencyPolicy.FORBID, ConcurrencyPolicy.QUEUE]
"""The policies of a Process, which hold over the runs of all its requests."""


_RESERVED: Final = CelRule(
    "!self.startsWith('PROCESS_')", "must not begin with PROCESS_, which the operator sets itself"
)

_PARAMETER_NAME: Final = TextForm(
    "[A-Za-z_][A-Za-z0-9_]*",
    "must be a name of an environment variable: letters, digits and _, not a digit first, such as LEDGER_ID",
)
ParameterName = Annotated[
    str, Field(max_length=63, json_schema_extra=_PARAMETER_NAME.schema(_RESERVED)), _PARAMETER_NAME.validator
]
"""The name of an environment variable."""


class Parameter(Model):
    """A parameter that the process declares; each becomes an environment variable of every container."""

    rules = (
        CelRule(
            "!(has(self.required) && self.required && has(self.default))",
            "a required parameter cannot have a default",
            ".default",
        ),
    )

    name: ParameterName = Field(description="Name of the environment variable.")
    description: str | None = Field(None, max_length=1024, description="What the parameter is for.")
    required: Bool = Field(default=False, description="Whether every request must give a value. Unset means false.")
    default: str | None = Field(None, max_length=4096, description="Value where a request gives none.")


class ProcessReference(Model):
    """A Process in the same namespace."""

    name: ObjectName = Field(description="Name of the Process.")


_STEP_NAME: Final = TextForm(
    LABEL, "must be lower-case letters, digits and -, with a letter or digit at both ends, such as post-ledger"
)
StepName = Annotated[str, Field(max_length=20, json_schema_extra=_STEP_NAME.schema()), _STEP_NAME.validator]


class Step(Model):
    """One step of a process that consists of other processes."""

    name: StepName = Field(description="Name of the step: lower-case letters, digits and -.")
    process: ProcessReference = Field(description="The process of this step. It cannot itself have steps.")


class ProcessSpec(Model):
    """What to run."""

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

    description: str | None = Field(None, max_length=1024, description="What the process does, for people.")
    parameters: tuple[Parameter, ...] = Field(
        (), max_length=64, description="Parameters that requests may or must give.", json_schema_extra=map_list("name")
    )
    job_template: JobTemplate | None = Field(None, description="The Job that one run is, as a CronJob has it.")
    steps: tuple[Step, ...] | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Other processes, run one after the other, in place of a Job template.",
        json_schema_extra=map_list("name"),
    )
    start_timeout_seconds: Int32 | None = Field(
        None,
        ge=1,
        description="End a run as Failed whose Job has started no container this many seconds after it was let start. "
        "Unset: it may wait for ever. A request may set its own.",
    )
    stop_on_failure: Bool | None = Field(
        None, description="Whether the steps after one that failed are left out. Unset means true."
    )
    concurrency_policy: SharedPolicy = Field(
        ConcurrencyPolicy.ALLOW,
        description="What happens when a run is due while another run of this process, of any request, is open. Allow "
        "starts it, Forbid skips it, Queue makes it wait. Replace is possible in a request only, for its own runs.",
    )


class ProcessStatus(Model):
    """What the operator saw."""

    observed_generation: ObservedGeneration = NOT_OBSERVED
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Ready and Stalled; Reconciling while it waits for the Process of a step.",
        json_schema_extra=map_list("type"),
    )


class Process(Resource):
    """A reusable definition of what to run in the background: parameters and a Job template, or steps."""

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
    spec: ProcessSpec = Field(description="What to run.")
    status: ProcessStatus = Field(ProcessStatus(), description="What the operator saw.")


_STRICTNESS = (ConcurrencyPolicy.ALLOW, ConcurrencyPolicy.REPLACE, ConcurrencyPolicy.QUEUE, ConcurrencyPolicy.FORBID)


def stricter(request: ConcurrencyPolicy, process: SharedPolicy) -> ConcurrencyPolicy:
    """The policy that holds for a request whose Process has one as well: Forbid > Queue > Replace > Allow."""
    return max(request, process, key=_STRICTNESS.index)
