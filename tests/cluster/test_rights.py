"""Rights of users, tested as these users: Kubernetes' own roles with the chart's additions, and its admission policy.

Neighbour: `account.py` installs both, for all tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import pytest
from tests.builders.objects import Object
from tests.cluster.kubectl import Answer, Kubectl
from tests.cluster.manifests import immediately, job_template, manual_run, process, request, schedule
from tests.cluster.namespace_users import NamespaceUsers
from tests.cluster.workspace import Workspace, name_of

from process_operator.resources.names import ANNOTATION_RESCHEDULE

KINDS: Final = "processes,processrequests,processruns,processbackfills"
ROLES: Final = {"viewer": "view", "editor": "edit", "admin": "admin"}


class People(NamespaceUsers):
    """A namespace of one tenant, with a viewer, an editor and an admin; a writer who may write our kinds but no
    Jobs."""

    def __init__(self, space: Workspace) -> None:
        super().__init__(space)
        for name, role in ROLES.items():
            self.bind(name, "--clusterrole", role)
        ours = ["--verb=get,list,create,update,patch,delete", "--resource=" + ",".join(_full(KINDS))]
        space.cluster.run("create", "role", "writer", "--namespace", space.namespace, *ours)
        self.bind("writer", "--role", "writer")
        # The authorizer learns of these bindings a moment later.
        may = {"viewer": ("get", "prun"), "writer": ("delete", "preq")}
        for name in (*ROLES, "writer"):
            self.wait_until_may(name, *may.get(name, ("create", "jobs")))

    def apply(self, name: str, manifest: Object, namespace: str = "") -> Answer:
        return self.ask(name, "create", "--filename", "-", stdin=json.dumps(manifest), namespace=namespace)


def _full(kinds: str) -> list[str]:
    return [f"{kind}.process-operator.io" for kind in kinds.split(",")]


@pytest.fixture(scope="module")
def people(shared_space: Workspace) -> People:
    """They find a process, a request and its run."""
    shared_space.apply(process("there"))
    shared_space.apply(request("there", immediately()))
    shared_space.wait_runs("there", 1, "Succeeded")
    return People(shared_space)


@pytest.fixture
def foreign(cluster: Kubectl) -> Iterator[str]:
    """A namespace of another tenant."""
    with cluster.new_namespace() as name:
        yield name


@pytest.mark.parametrize("who", ["viewer", "editor", "admin"])
def test_who_may_view_a_namespace_sees_our_kinds_and_the_log(people: People, who: str) -> None:
    assert people.ask(who, "get", KINDS).ok
    (run,) = people.space.runs("there")
    log = people.ask(who, "get", "prun", name_of(run), "--output", "jsonpath={.status.log.text}")
    assert (log.ok, log.message) == (True, "done")


@pytest.mark.parametrize(
    "manifest",
    [process("new"), request("new", immediately()), manual_run("there", "new")],
    ids=["a process", "a request", "a run"],
)
def test_who_may_only_view_makes_nothing(people: People, manifest: Object) -> None:
    answer = people.apply("viewer", manifest)
    assert not answer.ok
    assert "cannot create resource" in answer.message


@pytest.mark.parametrize("who", ["editor", "admin"])
def test_who_may_edit_a_namespace_makes_changes_and_removes_our_kinds(people: People, who: str) -> None:
    name = f"of-{who}"
    for manifest in (process(name), request(name, immediately()), manual_run(name, f"{name}-by-hand")):
        answer = people.apply(who, manifest)
        assert answer.ok, answer.message
    people.space.wait_runs(name, 2, "Succeeded")
    for patch in ('{"spec":{"suspend":true}}', f'{{"metadata":{{"annotations":{{"{ANNOTATION_RESCHEDULE}":"1"}}}}}}'):
        assert people.ask(who, "patch", "preq", name, "--type=merge", "--patch", patch).ok
    assert people.ask(who, "delete", "preq", name).ok


@pytest.mark.parametrize("who", ["editor", "admin"])
def test_no_role_may_write_the_status_of_our_kinds(people: People, who: str) -> None:
    patch = ("--subresource=status", "--type=merge", "--patch", '{"status":{"phase":"Succeeded"}}')
    answer = people.ask(who, "patch", "preq", "there", *patch)
    assert not answer.ok
    assert "processrequests/status" in answer.message


@pytest.mark.parametrize(
    ("manifest", "kind"),
    [
        (process("sly"), "Process"),
        (request("sly", immediately()), "ProcessRequest"),
        (manual_run("there", "sly"), "ProcessRun"),
    ],
    ids=["a process", "a request", "a run"],
)
def test_a_user_without_the_right_to_create_jobs_has_none_created_by_the_operator(
    people: People, manifest: Object, kind: str
) -> None:
    answer = people.apply("writer", manifest)
    assert not answer.ok
    space = people.space.namespace
    user = people.user("writer")
    cannot = f'user "{user}" cannot create jobs.batch in namespace "{space}"'
    may_not = f", so may not create or change a {kind} there"  # prose: words of the admission policy
    assert cannot + may_not in answer.message


@pytest.mark.parametrize(
    "patch",
    [
        '{"spec":{"suspend":true}}',
        f'{{"metadata":{{"annotations":{{"{ANNOTATION_RESCHEDULE}":"now"}}}}}}',
    ],
    ids=["by an edit", "by a reschedule"],
)
def test_nor_changes_what_others_run(people: People, patch: str) -> None:
    answer = people.ask("writer", "patch", "preq", "there", "--type=merge", "--patch", patch)
    assert not answer.ok
    assert "cannot create jobs.batch" in answer.message


def test_labels_and_deletion_are_free(people: People) -> None:
    people.space.apply(request("free", schedule(daily={"at": "03:00"})))
    people.space.wait_phase("free", "Scheduled")
    assert people.ask("writer", "label", "preq", "free", "team=erp").ok
    assert people.ask("writer", "delete", "preq", "free").ok


def test_an_editor_takes_no_place_of_a_scheduled_run(people: People) -> None:
    run = manual_run("there", "claims", trigger="Schedule", scheduledTime="2027-01-01T00:00:00Z")
    answer = people.apply("editor", run)
    assert not answer.ok
    assert "only the operator may set spec.trigger to another value than Manual" in answer.message


@pytest.mark.parametrize("who", ["editor", "stranger"])
def test_another_tenant_and_a_stranger_get_nothing(people: People, foreign: str, who: str) -> None:
    assert not people.ask(who, "get", "prun", namespace=foreign).ok
    answer = people.apply(who, request("intruder", immediately()), namespace=foreign)
    assert not answer.ok
    assert "forbidden" in answer.message


@pytest.fixture(scope="module")
def clerk(people: People) -> str:
    """A user who may create Jobs and runs, and may neither read nor end any Job."""
    space = people.space
    verbs = ["--verb=create,get,list,update,patch", "--resource=processruns.process-operator.io"]
    space.cluster.run("create", "role", "clerk-runs", "--namespace", space.namespace, *verbs)
    space.cluster.run(
        "create", "role", "clerk-jobs", "--namespace", space.namespace, "--verb=create", "--resource=jobs.batch"
    )
    for role in ("clerk-runs", "clerk-jobs"):
        where = ("--namespace", space.namespace, "--role", role, "--user", people.user("clerk"))
        space.cluster.run("create", "rolebinding", role, *where)
    space.wait(lambda: people.ask("clerk", "auth", "can-i", "create", "jobs.batch").ok, "the clerk has the rights")
    return "clerk"


@pytest.mark.parametrize("of", ["there", "nobody"])
def test_a_canceled_run_neither_ends_nor_reads_a_job_of_its_name(people: People, clerk: str, of: str) -> None:
    space, name = people.space, f"payroll-of-{of}"
    labels = {"process-operator.io/request": of, "process-operator.io/request-uid": "of-somebody"}
    payroll = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": labels}}
    work = job_template("echo secret; while :; do sleep 1; done")
    work["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    space.apply({**payroll, **work})
    space.wait(lambda: space.cluster.get("job", name, namespace=space.namespace)["status"].get("ready"), "it works")
    answer = people.apply(clerk, manual_run(of, name, cancel=True))
    assert answer.ok, answer.message
    run = space.wait_run(name, "Canceled")
    assert "text" not in run["status"].get("log", {})
    job = space.cluster.get("job", name, namespace=space.namespace)
    assert "activeDeadlineSeconds" not in job["spec"]
    assert job["status"]["ready"] == 1
    space.cluster.run("delete", "job", name, "--namespace", space.namespace, "--wait=false")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"labels": {"process-operator.io/request-uid": "of-another"}},
            "only the operator may change the labels process-operator.io/request-uid of a ",
        ),
        ({"ownerReferences": None}, "only the operator may change metadata.ownerReferences of a "),
        (
            {"annotations": {"process-operator.io/engine": "CronJob"}},
            "only the operator may write the annotations process-operator.io/engine of a ",
        ),
    ],
    ids=["its labels", "its owner", "its annotations"],
)
@pytest.mark.parametrize("kind", ["processrun", "job", "cronjob"])
def test_no_user_takes_a_run_or_its_job_from_a_request(
    people: People, of_operator: dict[str, str], kind: str, change: dict[str, object], words: str
) -> None:
    patch = json.dumps({"metadata": change})
    answer = people.ask("admin", "patch", kind, of_operator[kind], "--type=merge", "--patch", patch)
    assert not answer.ok
    assert words in answer.message
    assert people.ask("admin", "label", kind, of_operator[kind], "team=erp", "--overwrite").ok


@pytest.fixture(scope="module")
def of_operator(people: People) -> dict[str, str]:
    """Objects that the operator or its CronJob created, by kind."""
    run = next(run for run in people.space.runs("there") if run["spec"]["trigger"] == "Immediate")
    people.space.apply(request("nightly", schedule(daily={"at": "03:00"}), engine="CronJob"))
    people.space.wait_cronjob("nightly", suspended=False)
    cronjob = name_of(people.space.cronjob("nightly"))
    return {"processrun": name_of(run), "job": name_of(run), "cronjob": cronjob}


@pytest.mark.parametrize("who", ["editor", "admin"])
def test_a_job_of_a_run_is_created_by_the_operator_only(people: People, who: str) -> None:
    run = next(run for run in people.space.runs("there") if run["spec"]["trigger"] == "Immediate")
    version, kind = run["apiVersion"], run["kind"]
    owner = {"apiVersion": version, "kind": kind, "name": name_of(run), "uid": run["metadata"]["uid"]}
    work = job_template("true")
    work["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    work["spec"]["suspend"] = True
    job: Object = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": f"forged-by-{who}"}, **work}
    assert people.apply(who, {**job, "metadata": {**job["metadata"], "name": f"own-of-{who}"}}).ok
    job["metadata"]["ownerReferences"] = [owner]
    answer = people.apply(who, job)
    assert not answer.ok
    assert "only the operator may create a Job that a ProcessRun owns" in answer.message


def test_a_run_by_hand_is_not_created_as_one_of_a_cronjob(people: People) -> None:
    run = manual_run("there", "engine")
    run["metadata"]["annotations"] = {"process-operator.io/engine": "CronJob"}
    answer = people.apply("editor", run)
    assert not answer.ok
    assert "only the operator may write the annotations process-operator.io/engine of a ProcessRun" in answer.message


@pytest.mark.parametrize("subresource", ["", "--subresource=status"], ids=["the object", "its status"])
@pytest.mark.parametrize("kind", ["cronjob", "job"])
def test_a_patch_for_another_uid_changes_nothing(people: People, kind: str, subresource: str) -> None:
    """The UID in a merge patch is a condition. Each kill and each change of the operator relies on that."""
    space = people.space
    name = f"uid-{kind}{'-status' if subresource else ''}"
    create = ["--schedule=0 0 1 1 *"] if kind == "cronjob" else []
    where = ("--namespace", space.namespace)
    space.cluster.run("create", kind, name, "--image=none", *create, *where)
    before = space.cluster.get(kind, name, namespace=space.namespace)["metadata"]
    patch = {"metadata": {"uid": "11111111-1111-1111-1111-111111111111"}, "spec": {"suspend": True}, "status": {}}
    arguments = [argument for argument in (subresource, "--type=merge") if argument]
    answer = space.cluster.ask("patch", kind, name, *where, *arguments, "--patch", json.dumps(patch))
    assert "metadata.uid: Invalid value" in answer.message
    after = space.cluster.get(kind, name, namespace=space.namespace)
    assert (after["metadata"]["uid"], after["spec"]["suspend"]) == (before["uid"], False)
