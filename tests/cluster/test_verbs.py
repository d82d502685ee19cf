"""The verbs run, suspend and cancel on ProcessRequests: which user may press which button, and that a clerk may do nothing
else.

Every question is a server-side dry run, with the chart's roles and admission policies. Only the API server is needed.
Neighbours: `test_rights.py` has the rights to write the four kinds, `account.py` installs the chart's roles and policies.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.builders.objects import Object
from tests.chart.helm import RELEASE
from tests.cluster.account import NAMESPACE
from tests.cluster.desk import Desk
from tests.cluster.manifests import backfill, job_template, manual_run, process, request, schedule
from tests.cluster.namespace_users import NamespaceUsers
from tests.cluster.workspace import Workspace
from tests.flow.argo_cd import act, merge_patch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.kubectl import Answer

OWN: Final = "process-operator.io"
RUN_ROLE: Final = f"{NAMESPACE}-{RELEASE}-run"
CLERKS: Final = ("clerk", "narrow")
"""`narrow` has the verbs on the request `mine` alone, and may create and patch runs."""
USERS: Final = ("viewer", *CLERKS, "editor", "stranger")
DAILY: Final = schedule(daily={"at": "03:00"})
APPLIED: Final = "gitops"
"""Field manager of a user who applied the request on the server's side."""


class Counter(NamespaceUsers):
    """A namespace with its users, and the requests `mine` and `other` with a run each."""

    def __init__(self, space: Workspace) -> None:
        super().__init__(space)
        where = ("--namespace", space.namespace)
        for name, role in {"viewer": "view", "clerk": RUN_ROLE, "editor": "edit"}.items():
            self.bind(name, "--clusterrole", role)
        self._bind_narrow()
        for name in ("mine", "other"):
            manifest = json.dumps(request(name, DAILY))
            apply = ("apply", "--server-side", f"--field-manager={APPLIED}", *where, "--filename", "-")
            space.cluster.run(*apply, stdin=manifest)
            space.apply(manual_run(name, f"{name}-bcdfg"))
        for name, verb, kind in (("viewer", "get", "prun"), ("clerk", "run", "preq"), ("narrow", "create", "prun")):
            self.wait_until_may(name, verb, kind)
        self.wait_until_may("editor", "create", "jobs")

    def _bind_narrow(self) -> None:
        rules = [
            {
                "apiGroups": [OWN],
                "resources": ["processrequests"],
                "resourceNames": ["mine"],
                "verbs": ["run", "suspend"],
            },
            {"apiGroups": [OWN], "resources": ["processrequests"], "resourceNames": ["mine"], "verbs": ["cancel"]},
            # Without names, as an administrator may write it: the policy has to hold for `other` too.
            {"apiGroups": [OWN], "resources": ["processrequests"], "verbs": ["get", "patch"]},
            {"apiGroups": [OWN], "resources": ["processruns"], "verbs": ["get", "create", "patch"]},
        ]
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "narrow"}}
        self.space.apply({**role, "rules": rules})
        self.bind("narrow", "--role", "narrow")

    def create(self, name: str, manifest: Object) -> Answer:
        return self.ask(name, "create", "--dry-run=server", "--filename", "-", stdin=json.dumps(manifest))

    def patch(self, name: str, kind: str, of: str, patch: Any, how: str = "merge", *more: str) -> Answer:
        what = ("--type", how, "--patch", json.dumps(patch), "--dry-run=server", *more)
        return self.ask(name, "patch", kind, of, *what)

    def apply(self, name: str, manifest: Object, manager: str, *more: str) -> Answer:
        how = ("--server-side", f"--field-manager={manager}", "--dry-run=server", *more, "--filename", "-")
        return self.ask(name, "apply", *how, stdin=json.dumps(manifest))

    def press(self, name: str, button: str, of: str) -> Answer:
        """Press one of the buttons of a request, or change it in another way."""
        by = self.user(name)
        match button:
            case "run":
                return self.create(name, annotated(generated(of), {f"{OWN}/requested-by": by}))
            case "cancel":
                return self.patch(name, "prun", f"{of}-bcdfg", {"spec": {"cancel": True}})
            case "suspend":
                annotations = {f"{OWN}/suspended-by": by, f"{OWN}/suspend-reason": "stocktaking"}
                return self.patch(
                    name, "preq", of, {"metadata": {"annotations": annotations}, "spec": {"suspend": True}}
                )
            case "reschedule":
                annotations = {f"{OWN}/reschedule": f"1 by {by}"}
                return self.patch(name, "preq", of, {"metadata": {"annotations": annotations}})
            case "edit":
                return self.patch(name, "preq", of, {"spec": {"startingDeadlineSeconds": 60}})
            case "delete":
                return self.ask(name, "delete", "preq", of, "--dry-run=server")
            case "backfill":
                range_ = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
                return self.create(name, backfill("past", of, *range_))
            case "request":
                return self.create(name, request("new", DAILY))
            case _:
                return self.create(name, process("new"))


def annotated(manifest: Object, annotations: dict[str, str]) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}


def with_metadata(manifest: Object, **metadata: Any) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], **metadata}}


def generated(of: str, **spec: Any) -> Object:
    return manual_run(of, "", **spec)


@pytest.fixture(scope="module")
def counter(shared_space: Workspace) -> Counter:
    return Counter(shared_space)


EDITORS: Final = {"editor"}
PRESSERS: Final = {*CLERKS, "editor"}


@pytest.mark.parametrize(
    ("button", "of", "allowed"),
    [
        pytest.param("run", "mine", PRESSERS, id="run"),
        pytest.param("cancel", "mine", PRESSERS, id="cancel"),
        pytest.param("suspend", "mine", PRESSERS, id="suspend"),
        pytest.param("reschedule", "mine", PRESSERS, id="reschedule"),
        pytest.param("run", "other", {"clerk", "editor"}, id="run another request"),
        pytest.param("cancel", "other", {"clerk", "editor"}, id="cancel a run of another request"),
        pytest.param("suspend", "other", {"clerk", "editor"}, id="suspend another request"),
        pytest.param("reschedule", "other", {"clerk", "editor"}, id="reschedule another request"),
        pytest.param("edit", "mine", EDITORS, id="edit a request"),
        pytest.param("delete", "mine", EDITORS, id="delete a request"),
        pytest.param("backfill", "mine", EDITORS, id="backfill"),
        pytest.param("request", "", EDITORS, id="create a request"),
        pytest.param("process", "", EDITORS, id="create a process"),
    ],
)
def test_button_is_for(counter: Counter, button: str, of: str, allowed: set[str]) -> None:
    answers = {name: counter.press(name, button, of) for name in USERS}
    assert {name for name, answer in answers.items() if answer.ok} == allowed, answers
    assert all("forbidden" in answer.message.lower() for name, answer in answers.items() if name not in allowed), (
        answers
    )


OWNER: Final = {"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": "1"}
ALLOWS_RUN: Final = 'the verb run on processrequests.process-operator.io "mine" allows a manual run without parameters'


@pytest.mark.parametrize(
    ("run", "words"),
    [
        pytest.param(generated("mine", parameters={"LEDGER": "7"}), ALLOWS_RUN, id="with a parameter"),
        pytest.param(generated("mine", parameters={}), ALLOWS_RUN, id="with no parameter in a map"),
        pytest.param(generated("mine", cancel=True), ALLOWS_RUN, id="canceled"),
        pytest.param(with_metadata(generated("mine"), labels={"team": "erp"}), ALLOWS_RUN, id="with a label"),
        pytest.param(
            with_metadata(generated("mine"), labels={f"{OWN}/request-uid": "1"}), ALLOWS_RUN, id="with our label"
        ),
        pytest.param(with_metadata(generated("mine"), ownerReferences=[OWNER]), ALLOWS_RUN, id="with an owner"),
        pytest.param(with_metadata(generated("mine"), finalizers=["erp.example/f"]), ALLOWS_RUN, id="with a finalizer"),
        pytest.param(annotated(generated("mine"), {"team": "erp"}), ALLOWS_RUN, id="with an annotation"),
        pytest.param(manual_run("mine", "mine-1f2e3d4c-29921850"), ALLOWS_RUN, id="named as a tick of the CronJob"),
        pytest.param(manual_run("mine", "mine-1f2e3d4c-s1"), ALLOWS_RUN, id="named as the run of an activation"),
        pytest.param(manual_run("mine", "payroll"), ALLOWS_RUN, id="named freely"),
        pytest.param(manual_run("mine", "other-bcdfh"), ALLOWS_RUN, id="named as a run of another request"),
        pytest.param(
            with_metadata(generated("mine"), generateName="other-"), ALLOWS_RUN, id="generated for another request"
        ),
        pytest.param(
            with_metadata(generated("mine"), generateName="mine-1f2e3d4c-"), ALLOWS_RUN, id="generated below a tick"
        ),
        pytest.param(
            generated("mine", trigger="Schedule", scheduledTime="2027-01-01T00:00:00Z"), ALLOWS_RUN, id="for a tick"
        ),
        pytest.param(
            annotated(generated("mine"), {f"{OWN}/requested-by": "boss"}), "must be", id="in the name of another user"
        ),
    ],
)
def test_clerk_creates_no_other_run(counter: Counter, run: Object, words: str) -> None:
    answer = counter.create("clerk", run)
    assert not answer.ok
    assert words in answer.message


def test_clerk_creates_a_run_by_the_name_of_the_plugin(counter: Counter) -> None:
    for name in ("mine-x5k2t", "mi-x5k2t"):
        answer = counter.create("clerk", manual_run("mine", name))
        assert answer.ok, answer.message


@pytest.mark.parametrize("action", ["run", "suspend", "resume", "reschedule"])
def test_the_rights_of_a_clerk_are_enough_for_the_actions_of_argo_cd(counter: Counter, action: str) -> None:
    body = counter.space.request("mine")
    body["spec"]["suspend"] = action == "resume"
    ((operation, after),) = act(body, action)
    if operation == "create":
        answer = counter.create("clerk", after)
    else:
        answer = counter.patch("clerk", "preq", "mine", merge_patch(body, after))
    assert answer.ok, answer.message


def test_the_rights_of_a_clerk_are_enough_to_cancel_in_argo_cd(counter: Counter) -> None:
    body = counter.space.cluster.get("prun", "mine-bcdfg", counter.space.namespace)
    ((_, after),) = act(body, "cancel")
    answer = counter.patch("clerk", "prun", "mine-bcdfg", merge_patch(body, after))
    assert answer.ok, answer.message


ALLOWS_SUSPEND: Final = 'the verb suspend on processrequests.process-operator.io "mine" allows to change spec.suspend'
SUSPENDED: Final = {"spec": {"suspend": True}}


def changed(**metadata: Any) -> dict[str, Any]:
    return {**SUSPENDED, "metadata": metadata}


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"spec": {"suspend": True, "jobTemplate": job_template("id")}}, id="the job template"),
        pytest.param({"spec": {"suspend": True, "onSuspend": "CancelRunning"}}, id="the active run"),
        pytest.param({"spec": {"suspend": True, "parameters": [{"name": "A", "value": "1"}]}}, id="a parameter"),
        pytest.param({"spec": {"timing": {"schedule": {"daily": {"at": "04:00"}}}}}, id="the timing"),
        pytest.param({"spec": {"history": {"successful": 0}}}, id="the history"),
        pytest.param(changed(labels={"team": "erp"}), id="a label"),
        pytest.param(changed(annotations={"team": "erp"}), id="an annotation"),
        pytest.param(changed(annotations={f"{OWN}/requested-by": "boss"}), id="the creator"),
        pytest.param(changed(ownerReferences=[OWNER]), id="an owner"),
        pytest.param(changed(finalizers=["erp.example/f"]), id="a finalizer"),
        pytest.param(changed(managedFields=[{}]), id="the owners of all fields"),
        pytest.param({"metadata": {"labels": {"team": "erp"}}}, id="only a label"),
        pytest.param({"metadata": {"managedFields": [{}]}}, id="only the owners of all fields"),
    ],
)
def test_clerk_changes_nothing_else_of_a_request(counter: Counter, patch: dict[str, Any]) -> None:
    answer = counter.patch("clerk", "preq", "mine", patch)
    assert not answer.ok
    assert ALLOWS_SUSPEND in answer.message or "cannot be changed" in answer.message


@pytest.mark.parametrize("manager", ["clerk", APPLIED])
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(request("mine", DAILY)["spec"], id="the same"),
        pytest.param({**request("mine", DAILY)["spec"], "suspend": True}, id="suspended"),
        pytest.param(request("mine", schedule(daily={"at": "04:00"}))["spec"], id="another timing"),
    ],
)
def test_clerk_owns_no_field_by_a_server_side_apply(counter: Counter, spec: dict[str, Any], manager: str) -> None:
    manifest = {**request("mine", DAILY), "spec": spec}
    answer = counter.apply("clerk", manifest, manager, "--force-conflicts")
    changes_nothing_else = spec["timing"] == DAILY
    assert answer.ok == (manager == APPLIED and changes_nothing_else), answer
    if not answer.ok:
        assert ALLOWS_SUSPEND in answer.message


def test_clerk_creates_no_request_by_a_server_side_apply(counter: Counter) -> None:
    answer = counter.apply("clerk", request("new", DAILY), "clerk")
    assert not answer.ok
    assert 'cannot create resource "processrequests"' in answer.message


ALLOWS_CANCEL: Final = 'the verb cancel on processrequests.process-operator.io "mine" allows to change spec.cancel'


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"labels": {"team": "erp"}}, id="a label"),
        pytest.param({"annotations": {"team": "erp"}}, id="an annotation"),
        pytest.param({"annotations": {f"{OWN}/requested-by": "boss"}}, id="the creator"),
        pytest.param({"ownerReferences": [OWNER]}, id="an owner"),
        pytest.param({"finalizers": ["erp.example/f"]}, id="a finalizer"),
        pytest.param({"managedFields": [{}]}, id="the owners of all fields"),
    ],
)
def test_clerk_changes_nothing_else_of_a_run(counter: Counter, metadata: dict[str, Any]) -> None:
    answer = counter.patch("clerk", "prun", "mine-bcdfg", {"metadata": metadata, "spec": {"cancel": True}})
    assert not answer.ok
    # Several policies reject some of this, and the API server tells the message of any of them.
    assert any(
        words in answer.message for words in (ALLOWS_CANCEL, "cannot be changed", "only the operator may change")
    )


@pytest.mark.parametrize("kind", ["preq", "prun"])
def test_clerk_writes_no_status_and_deletes_nothing(counter: Counter, kind: str) -> None:
    of = "mine" if kind == "preq" else "mine-bcdfg"
    written = counter.patch("clerk", kind, of, {"status": {"phase": "Succeeded"}}, "merge", "--subresource=status")
    assert "/status" in written.message
    assert not written.ok
    deleted = counter.ask("clerk", "delete", kind, of, "--dry-run=server")
    assert "cannot delete resource" in deleted.message


def test_json_patch_is_judged_by_its_result(counter: Counter) -> None:
    suspend = {"op": "replace", "path": "/spec/suspend", "value": True}
    assert counter.patch("clerk", "preq", "mine", [suspend], "json").ok
    more = {"op": "add", "path": "/metadata/labels", "value": {"team": "erp"}}
    answer = counter.patch("clerk", "preq", "mine", [suspend, more], "json")
    assert ALLOWS_SUSPEND in answer.message


RUN_OR_EDIT: Final = "The ClusterRole edit or the chart's ClusterRole that ends with -run has it"


@pytest.mark.parametrize(
    ("who", "command", "words"),
    [
        pytest.param("clerk", ["run", "mine"], "", id="clerk runs"),
        pytest.param("clerk", ["unschedule", "mine", "--reason", "stocktaking"], "", id="clerk unschedules"),
        pytest.param("clerk", ["reschedule", "mine"], "", id="clerk reschedules"),
        pytest.param("clerk", ["cancel", "mine-bcdfg"], "", id="clerk cancels"),
        pytest.param("narrow", ["run", "mine"], "", id="narrow runs"),
        pytest.param(
            "narrow",
            ["run", "other"],
            'the verb run on processrequests.process-operator.io "other"',
            id="narrow, other",
        ),
        pytest.param("viewer", ["run", "mine"], 'cannot create resource "processruns"', id="viewer runs"),
        pytest.param(
            "viewer", ["unschedule", "mine"], 'cannot patch resource "processrequests"', id="viewer unschedules"
        ),
    ],
)
def test_plugin_names_the_missing_right(
    counter: Counter, kubeconfig: Path, who: str, command: list[str], words: str
) -> None:
    answer = Desk(counter.space, kubeconfig).run(*command, "--dry-run=server", user=who)
    assert answer.code == (1 if words else 0), answer
    if words:
        (line,) = answer.err.splitlines()
        assert words in line
        assert RUN_OR_EDIT in line
