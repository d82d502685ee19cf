"""Job templates: from the one that a user wrote to the one that runs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.objects import Object
from tests.builders.snapshots import CONTAINER, UID, process, request, template

from process_operator.decisions.template.job_template import (
    JobTemplate,
    build_template,
    parameter_values,
    with_scheduled_time,
)
from process_operator.decisions.template.shape import TemplateError

RUN = {
    "name": "PROCESS_RUN",
    "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}},
}
LABELS = {"process-operator.io/request": "close", "process-operator.io/request-uid": UID}
OF_JOB = {"velero.io/exclude-from-backup": "true", **LABELS}
ON_ERROR = {"terminationMessagePolicy": "FallbackToLogsOnError"}


def variable(name: str, value: str) -> Object:
    return {"name": name, "value": value}


def pod(*containers: Object, **spec: Any) -> Object:
    return {
        "metadata": {"labels": LABELS, "annotations": {}},
        "spec": {"containers": list(containers), "restartPolicy": "Never", **spec},
    }


def built(spec: Object, **more: Any) -> JobTemplate:
    pod_spec = spec["template"]["spec"]
    containers = [container["name"] for container in (*pod_spec.get("initContainers", ()), *pod_spec["containers"])]
    annotations = {**more.pop("annotations", {}), "process-operator.io/containers": ",".join(containers)}
    known: Object = {"labels": OF_JOB, "ttl_seconds_after_finished": None, "uses_scheduled_time": False}
    return JobTemplate(spec=spec, annotations=annotations, **{**known, **more})


MAIN = {**CONTAINER, **ON_ERROR, "env": [RUN]}


def with_spec(**fields: Any) -> Object:
    body = template()
    body["spec"].update(fields)
    return body


@pytest.mark.parametrize(
    ("written", "made"),
    [
        pytest.param(
            template(),
            built({"template": pod(MAIN)}),
            id="the least: restartPolicy, message policy, PROCESS_RUN and labels are added",
        ),
        pytest.param(
            template(env=[variable("A", "1")], terminationMessagePolicy="File"),
            built({"template": pod({**MAIN, "terminationMessagePolicy": "File", "env": [RUN, variable("A", "1")]})}),
            id="set fields stay, and our variables come first",
        ),
        pytest.param(
            template(env=[variable("PROCESS_RUN", "mine"), variable("PROCESS_SCHEDULED_TIME", "mine")]),
            built({"template": pod(MAIN)}, uses_scheduled_time=True),
            id="variables of our names are ours",
        ),
        pytest.param(template(env=None), built({"template": pod(MAIN)}), id="an empty env is none"),
        pytest.param(
            with_spec(ttlSecondsAfterFinished=60, suspend=False, selector={}, manualSelector=True, backoffLimit=2),
            built({"backoffLimit": 2, "template": pod(MAIN)}, ttl_seconds_after_finished=60),
            id="fields that the operator must own are removed",
        ),
        pytest.param(
            {
                **template(),
                "metadata": {
                    "labels": {"team": "erp"},
                    "annotations": {"a": "b"},
                    "name": "x",
                    "creationTimestamp": None,
                },
            },
            built({"template": pod(MAIN)}, labels={"team": "erp", **OF_JOB}, annotations={"a": "b"}),
            id="of the metadata the labels and annotations are taken",
        ),
        pytest.param(
            {
                **template(),
                "metadata": {
                    "labels": {"process-operator.io/run": "copied"},
                    "annotations": {"process-operator.io/kill": "Canceled"},
                },
            },
            built({"template": pod(MAIN)}),
            id="labels and annotations of ours that were copied along are not believed",
        ),
        pytest.param(
            {
                "metadata": {
                    "labels": {"batch.kubernetes.io/job-name": "old", "controller-uid": "old", "team": "erp"},
                    "annotations": {
                        "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:00:00Z",
                        "cronjob.kubernetes.io/instantiate": "manual",
                    },
                },
                "spec": {
                    "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "old"}},
                    "template": {
                        "metadata": {
                            "creationTimestamp": None,
                            "labels": {
                                "batch.kubernetes.io/controller-uid": "old",
                                "batch.kubernetes.io/job-name": "old",
                                "controller-uid": "old",
                                "job-name": "old",
                            },
                        },
                        "spec": {"containers": [CONTAINER]},
                    },
                },
            },
            built(
                {"template": {**pod(MAIN), "metadata": {**pod()["metadata"], "creationTimestamp": None}}},
                labels={"team": "erp", **OF_JOB},
            ),
            id="fields that the API server had added to an exported template are left out",
        ),
        pytest.param(
            {
                "spec": {
                    "template": {"metadata": {"labels": {"a": "b"}, "name": "n"}, "spec": {"containers": [CONTAINER]}}
                }
            },
            built(
                {
                    "template": {
                        **pod(MAIN),
                        "metadata": {"name": "n", "labels": {"a": "b", **LABELS}, "annotations": {}},
                    }
                }
            ),
            id="labels of the pod are kept beside ours",
        ),
        pytest.param(
            {
                "spec": {
                    "template": {
                        "spec": {
                            "initContainers": [{"name": "init"}],
                            "containers": [CONTAINER],
                            "restartPolicy": "OnFailure",
                        }
                    }
                }
            },
            built(
                {
                    "template": pod(
                        MAIN, initContainers=[{"name": "init", **ON_ERROR, "env": [RUN]}], restartPolicy="OnFailure"
                    )
                }
            ),
            id="init containers get the variables too",
        ),
        pytest.param(
            template(command=["sh", "-c", "echo $PROCESS_SCHEDULED_TIME"]),
            built(
                {"template": pod({**MAIN, "command": ["sh", "-c", "echo $PROCESS_SCHEDULED_TIME"]})},
                uses_scheduled_time=True,
            ),
            id="it is seen that the text uses the scheduled time",
        ),
    ],
)
def test_the_template_that_runs(written: Object, made: JobTemplate) -> None:
    assert build_template(request(jobTemplate=written), None) == made


def test_what_the_person_wrote_is_not_touched() -> None:
    of = request(jobTemplate=template(env=[variable("A", "1")]))
    build_template(of, None)
    assert of == request(jobTemplate=template(env=[variable("A", "1")]))


LEDGER = {"name": "LEDGER", "required": True}
DRY = {"name": "DRY", "default": "no"}
NOTE = {"name": "NOTE"}


@pytest.mark.parametrize(
    ("declared", "given", "values"),
    [
        pytest.param([], [], {}, id="none"),
        pytest.param([LEDGER], [variable("LEDGER", "main")], {"LEDGER": "main"}, id="given"),
        pytest.param([DRY], [], {"DRY": "no"}, id="left to its default"),
        pytest.param([DRY], [variable("DRY", "yes")], {"DRY": "yes"}, id="given in place of its default"),
        pytest.param([NOTE], [], {}, id="left out where it has no default"),
        pytest.param([NOTE], [variable("NOTE", "")], {"NOTE": ""}, id="given as empty"),
        pytest.param(
            [LEDGER, DRY, NOTE],
            [variable("NOTE", "n"), variable("LEDGER", "main")],
            {"LEDGER": "main", "DRY": "no", "NOTE": "n"},
            id="in the order of the declaration",
        ),
    ],
)
def test_parameters_of_a_process(declared: list[Object], given: list[Object], values: dict[str, str]) -> None:
    found = parameter_values(request(process={"name": "close-day"}, parameters=given), process(parameters=declared))
    assert list(found.items()) == list(values.items())


def test_parameters_become_variables_of_every_container_and_win_over_the_template() -> None:
    of = request(process={"name": "close-day"}, parameters=[variable("A", "given")])
    made = build_template(
        of, process(parameters=[{"name": "A"}], jobTemplate=template(env=[variable("A", "own"), variable("B", "$(A)")]))
    )
    assert made.spec["template"]["spec"]["containers"][0]["env"] == [RUN, variable("A", "given"), variable("B", "$(A)")]


@pytest.mark.parametrize(
    ("value", "entry"),
    [
        pytest.param("a$$b", "a$$$$b", id="two dollars"),
        pytest.param("$(FIRST)", "$$(FIRST)", id="a value that reads like a reference"),
        pytest.param("100$", "100$$", id="a dollar at the end"),
        pytest.param("$", "$$", id="a dollar alone"),
        pytest.param("main", "main", id="no dollar"),
    ],
)
@pytest.mark.parametrize(
    ("spec", "of"),
    [
        pytest.param({}, None, id="of an inline template"),
        pytest.param({"process": {"name": "close-day"}}, {"parameters": [{"name": "A"}]}, id="of a Process"),
    ],
)
def test_a_value_is_escaped_so_that_the_kubelet_gives_it_as_it_was_written(
    spec: Object, of: Object | None, value: str, entry: str
) -> None:
    made = build_template(
        request(parameters=[variable("FIRST", "one"), variable("A", value)][of is not None :], **spec),
        None if of is None else process(**of),
    )
    assert made.spec["template"]["spec"]["containers"][0]["env"][-1] == variable("A", entry)


def test_a_default_is_escaped_as_a_value_is_and_references_of_the_template_are_not() -> None:
    declared = [{"name": "PRICE", "default": "$(LEDGER) 5$"}]
    own = [variable("SHOWN", "$(PRICE)")]
    of = request(process={"name": "close-day"})
    made = build_template(of, process(parameters=declared, jobTemplate=template(env=own)))
    env = made.spec["template"]["spec"]["containers"][0]["env"]
    assert env == [RUN, variable("PRICE", "$$(LEDGER) 5$$"), variable("SHOWN", "$(PRICE)")]


@pytest.mark.parametrize(
    ("spec", "of", "error"),
    [
        pytest.param(
            {"parameters": [variable("A", "1")]},
            {"parameters": [{"name": "B"}, {"name": "C"}]},
            (
                "ParameterUnknown",
                'spec.parameters[0].name: Process close-day declares no parameter "A"; declared: B, C',
            ),
            id="not declared",
        ),
        pytest.param(
            {"parameters": [variable("A", "1")]},
            {},
            (
                "ParameterUnknown",
                'spec.parameters[0].name: Process close-day declares no parameter "A"; declared: none',
            ),
            id="nothing is declared",
        ),
        pytest.param(
            {},
            {"parameters": [LEDGER, {"name": "YEAR", "required": True}]},
            ("ParameterMissing", "spec.parameters: Process close-day requires LEDGER, YEAR"),
            id="required ones are missing",
        ),
        pytest.param(
            {"parameters": [variable("A", "1\0")]},
            {"parameters": [{"name": "A"}]},
            ("TemplateRejected", "spec.parameters[0].value: an environment variable cannot hold a NUL character"),
            id="a value that cannot be an environment variable",
        ),
        pytest.param(
            {"parameters": [variable("B", "x"), variable("A", "third")]},
            {"parameters": [{"name": "A", "enum": ["first", "second, or so"]}, {"name": "B"}]},
            ("ParameterInvalid", 'spec.parameters[1].value: A must be one of "first", "second, or so"'),
            id="a value that is not in the enum",
        ),
        pytest.param(
            {"parameters": [variable("A", "2026-1")]},
            {"parameters": [{"name": "A", "pattern": "20[0-9]{2}"}]},
            ("ParameterInvalid", "spec.parameters[0].value: A must match the pattern 20[0-9]{2} as a whole"),
            id="a value that a pattern matches in part",
        ),
    ],
)
def test_parameters_that_are_rejected(spec: Object, of: Object, error: tuple[str, str]) -> None:
    with pytest.raises(TemplateError) as caught:
        build_template(request(process={"name": "close-day"}, **spec), process(**of))
    assert (caught.value.reason, caught.value.message) == error


@pytest.mark.parametrize(
    ("written", "message"),
    [
        pytest.param(
            with_spec(managedBy="kueue.x-k8s.io/multikueue"),
            "spec.jobTemplate.spec.managedBy: not allowed, because the run of a Job managed elsewhere cannot be followed",
            id="managedBy",
        ),
        pytest.param(
            with_spec(suspend=True),
            "spec.jobTemplate.spec.suspend: true is not allowed; use spec.suspend of the ProcessRequest",
            id="suspend",
        ),
        pytest.param(
            {"spec": {"template": {"spec": {"containers": {"name": "main"}}}}},
            "spec.jobTemplate.spec.template.spec.containers: must be a list, not an object",
            id="an object where a list belongs",
        ),
        pytest.param(
            with_spec(ttlSecondsAfterFinished="60"),
            "spec.jobTemplate.spec.ttlSecondsAfterFinished: must be a whole number of seconds from 0, not '60'",
            id="a string where a number belongs",
        ),
    ],
)
def test_templates_that_are_rejected(written: Object, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        build_template(request(jobTemplate=written), None)
    assert (caught.value.reason, caught.value.message) == ("TemplateRejected", message)


def test_the_scheduled_time_stands_right_behind_the_name_of_the_run() -> None:
    made = build_template(request(jobTemplate=template(env=[variable("A", "1")])), None)
    spec = with_scheduled_time(made.spec, "2027-03-01T12:00:00Z")
    env = spec["template"]["spec"]["containers"][0]["env"]
    assert env == [RUN, variable("PROCESS_SCHEDULED_TIME", "2027-03-01T12:00:00Z"), variable("A", "1")]
    assert made == build_template(request(jobTemplate=template(env=[variable("A", "1")])), None)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(request(), True, id="the same"),
        pytest.param(request(suspend=True, concurrencyPolicy="Forbid"), True, id="a request that differs elsewhere"),
        pytest.param(request(jobTemplate=template(image="busybox:2")), False, id="another image"),
        pytest.param(request(parameters=[variable("A", "1")]), False, id="another parameter"),
        pytest.param(
            request(jobTemplate={**template(), "metadata": {"labels": {"a": "b"}}}), False, id="another label"
        ),
    ],
)
def test_the_hash_tells_templates_apart(other: Any, same: bool) -> None:  # noqa: FBT001
    assert (build_template(request(), None).hash == build_template(other, None).hash) is same
