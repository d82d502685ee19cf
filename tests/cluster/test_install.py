"""Image and chart in normal use: install, upgrade from the previous chart, uninstall, with the image of this checkout.

The pods share the node's network, because there is no other route to an API server on the loopback interface. The two
replicas of a high-availability set-up are therefore two releases, on two ports, with one Lease between them. Neighbours:
`test_rights.py`, `tests/chart/test_render.py`; `test_high_availability.py` has the hand-overs in detail.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.chart.helm import CHART, REPOSITORY, helm, render
from tests.chart.promtool import promtool
from tests.cluster.kubectl import Kubectl
from tests.cluster.manifests import held, immediately, later, manual_run, process, request, schedule
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.port_forward import forwarded
from tests.cluster.test_high_availability import KILLED, assert_all_ticks, ticking
from tests.cluster.workspace import Workspace, name_of, now

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

FIXTURES: Final = REPOSITORY / "tests" / "chart" / "fixtures"
PORT: Final = 18080
OTHER_PORT: Final = 18081
NAMESPACE: Final = "process-operator-system"
MONITOR: Final = {"enabled": True, "publicURL": "https://processes.example.com"}
RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}
CRDS: Final = {".".join(reversed(file.stem.split("_"))) for file in (REPOSITORY / "crds").glob("*.yaml")}


class Installation:
    """Releases of the chart in one namespace."""

    def __init__(self, cluster: Kubectl, image: str, folder: Path) -> None:
        self.cluster = cluster
        self._image = image
        self._folder = folder

    def values(self, port: int, **more: Any) -> Path:
        """Values for a node whose API server listens on loopback."""
        server = self.cluster.run("config", "view", "--output", "jsonpath={.clusters[0].cluster.server}")
        repository, _, tag = self._image.rpartition(":")
        values = {
            "hostNetwork": True,
            "http": {"host": "127.0.0.1", "port": port},
            "probes": {"host": "127.0.0.1"},
            "image": {"repository": repository, "tag": tag},
            "lease": {"name": "process-operator"},
            "extraEnv": [
                {"name": "KUBERNETES_SERVICE_HOST", "value": "127.0.0.1"},
                {"name": "KUBERNETES_SERVICE_PORT", "value": server.rpartition(":")[2]},
            ],
            **more,
        }
        path = self._folder / f"values-{port}.json"
        path.write_text(json.dumps(values))
        return path

    def helm(self, *arguments: str) -> str:
        """Run Helm in the namespace; it has to work."""
        answer = helm(*arguments, "--namespace", NAMESPACE, kubeconfig=self.cluster.kubeconfig)
        assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}\n{self.story()}"
        return answer.stdout

    def install(self, release: str, port: int, chart: Path = CHART, **more: Any) -> str:
        """Install or upgrade, and wait until it is ready."""
        values = str(self.values(port, **more))
        return self.helm("upgrade", "--install", release, str(chart), "--values", values, "--wait", "--timeout", "240s")

    def ask(self, port: int, path: str) -> str:
        """Body of an operator's answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            found: str = answer.read().decode()
            return found

    def pod(self, release: str) -> dict[str, Any]:
        """The pod of a release."""
        labels = f"app.kubernetes.io/name=process-operator,app.kubernetes.io/instance={release}"
        found = self.cluster.objects("pod", NAMESPACE, labels=labels)
        (pod,) = [
            pod for pod in found if "deletionTimestamp" not in pod["metadata"] and "verify" not in str(pod["spec"])
        ]
        return pod

    def story(self) -> str:
        """Objects and logs of the operators."""
        logs = self.cluster.ask(
            "logs", "--namespace", NAMESPACE, "--selector", "app.kubernetes.io/name=process-operator"
        )
        return f"{self.cluster.story(NAMESPACE)}\n{logs.message}"


@pytest.fixture(scope="module")
def image(kubeconfig: Path) -> str:
    """The image of this checkout, on the node."""
    build = (str(REPOSITORY / "hack" / "image" / "build.sh"), "--archive")
    name, archive = subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    cluster = (sys.executable, str(REPOSITORY / "hack" / "cluster"))
    subprocess.run((*cluster, "load", "--name", kubeconfig.parent.name, archive), check=True, stdout=sys.stderr)
    return name


@pytest.fixture(scope="module")
def installation(
    cluster: Kubectl, image: str, shared_operator: OperatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """In place of the tests' own operator, which starts again in the end, with the CRDs as they were."""
    shared_operator.stop()
    cluster.run("delete", "crd", *CRDS)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster.run("apply", "--filename", "-", stdin=json.dumps(namespace))
    found = Installation(cluster, image, tmp_path_factory.mktemp("values"))
    try:
        yield found
    finally:
        for release in ("process-operator", "second"):
            helm("uninstall", release, "--namespace", NAMESPACE, "--wait", kubeconfig=cluster.kubeconfig)
        cluster.run("delete", "namespace", NAMESPACE)
        cluster.run("delete", "crd", "--ignore-not-found", *CRDS)
        cluster.run("create", "--filename", str(REPOSITORY / "crds"))
        cluster.run("wait", "--for=condition=Established", "--timeout=240s", "--filename", str(REPOSITORY / "crds"))
        shared_operator.start()


@pytest.mark.timeout(1200)  # its set-up builds and loads the image, in five minutes on a very busy machine
def test_from_install_to_uninstall(installation: Installation, cluster: Kubectl) -> None:
    """One story, because each step needs the one before."""
    with cluster.new_namespace() as namespace:
        space = Workspace(cluster, namespace)
        _an_upgrade_from_the_previous_chart_keeps_everything(installation, space)
        _a_request_runs(installation, space)
        _the_monitor_serves_its_page(installation)
        _the_pod_can_do_little(installation)
        _metrics_can_be_read(installation)
        _an_upgrade_loses_nothing(installation, space)
        assert "succeeded" in installation.helm("test", "process-operator", "--logs")
        _another_takes_over(installation, space)
        _uninstall_keeps_what_was_asked(installation, space)
    _crds_that_kubectl_applied_are_taken_over(installation)


def _an_upgrade_from_the_previous_chart_keeps_everything(installation: Installation, space: Workspace) -> None:
    """Without pods at first, because the image of that version is not there (`tests/chart/fixtures/README.md`)."""
    (previous,) = FIXTURES.glob("process-operator-*.tgz")
    values = str(installation.values(PORT, replicaCount=0))
    installation.helm("install", "process-operator", str(previous), "--values", values)
    assert _chart_of_crds(installation.cluster) == {previous.stem}
    space.apply(process("kept"))
    space.apply(request("kept", schedule(daily={"at": "03:00"}), process={"name": "kept"}))
    for name in ("kept-bcdfg", "kept-ended"):
        space.apply(manual_run("kept", name))
    ended = {"status": {"phase": "Failed", "reason": "ExitCode", "log": {"text": "kept"}}}
    patched = space.cluster.patch("prun", "kept-ended", space.namespace, ended, subresource="status")
    assert patched.ok, patched.message
    before = _uids(space)

    said = installation.install("process-operator", PORT, monitor=MONITOR)
    assert "helm test process-operator" in said
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    assert _chart_of_crds(installation.cluster) == {f"process-operator-{version}"}
    space.wait_phase("kept", "Scheduled", "Active")
    space.wait_run("kept-bcdfg", "Succeeded")
    status = space.run("kept-ended")["status"]
    assert (status["phase"], status["reason"], status["log"]["text"]) == ("Failed", "ExitCode", "kept")
    assert _uids(space).items() >= before.items()


def _chart_of_crds(cluster: Kubectl) -> set[str]:
    found = json.loads(cluster.run("get", "crd", *CRDS, "--output", "json"))["items"]
    return {crd["metadata"]["labels"]["helm.sh/chart"] for crd in found}


def _uids(space: Workspace) -> dict[str, str]:
    kinds = ("proc", "preq", "prun")
    found = [body for kind in kinds for body in space.cluster.objects(kind, space.namespace)]
    return {f"{body['kind']} {name_of(body)}": body["metadata"]["uid"] for body in found}


def _crds_that_kubectl_applied_are_taken_over(installation: Installation) -> None:
    """As the chart's README says; without pods, which another test sees."""
    cluster = installation.cluster
    cluster.run("delete", "crd", *CRDS)
    cluster.run("apply", "--filename", str(REPOSITORY / "crds"))
    values = ("--values", str(installation.values(PORT, replicaCount=0)))
    command = ("install", "third", str(CHART), *values, "--namespace", NAMESPACE)
    rejected = helm(*command, kubeconfig=cluster.kubeconfig)
    assert "cannot be imported into the current release" in rejected.stderr
    installation.helm(*command[:-2], "--take-ownership")
    installation.helm("uninstall", "third", "--wait")


def _a_request_runs(installation: Installation, space: Workspace) -> None:
    space.apply(process("hello", "echo hello from $PROCESS_RUN"))
    space.apply(request("greet", immediately(), process={"name": "hello"}))
    (run,) = space.wait_runs("greet", 1, "Succeeded")
    assert run["status"]["log"]["text"] == f"hello from {name_of(run)}"
    assert installation.ask(PORT, "/readyz") == "ready: leading\n"


def _the_monitor_serves_its_page(installation: Installation) -> None:
    """Helm has waited until its pod is ready. The upgrade that follows turns the monitor off."""
    with forwarded(installation.cluster, NAMESPACE, "service/process-operator-monitor", 80) as port:

        def ask(path: str, host: str) -> tuple[int, str]:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("GET", path, headers={"Host": host, "X-Process-Monitor": "1"})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

        status, page = ask("/", "processes.example.com")
        assert (status, "<title>Process Monitor</title>" in page) == (200, True), page
        (script,) = re.findall(r'<script[^>]* src="([^"]+)"', page)
        assert ask(script, "processes.example.com")[0] == 200
        status, body = ask("/api/session", "processes.example.com")
        assert (status, json.loads(body)["signIn"]) == (401, "token")
        assert ask("/", "other.example.com")[0] == 421


def _the_pod_can_do_little(installation: Installation) -> None:
    name = name_of(installation.pod("process-operator"))

    def inside(*command: str) -> str:
        where = ("exec", name, "--namespace", NAMESPACE, "--")
        return installation.cluster.ask(*where, *command).message

    status = inside("cat", "/proc/1/status")
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert lines["Uid"].split() == ["65532"] * 4
    assert int(lines["CapEff"], 16) == 0
    assert lines["NoNewPrivs"] == "1"
    assert "Read-only file system" in inside("touch", "/opt/process-operator/x")
    for absent in ("pip", "pip3", "gcc", "cc", "apt-get"):
        assert "not found" in inside(absent), absent
    assert "No module named" in inside("python3", "-m", "pip", "--version")


def _metrics_can_be_read(installation: Installation) -> None:
    text = installation.ask(PORT, "/metrics")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["process_operator_runs_finished_total", "Succeeded"] >= 1
    assert samples["process_operator_leader",] == 1
    checked = subprocess.run((promtool(), "check", "metrics"), input=text, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _an_upgrade_loses_nothing(installation: Installation, space: Workspace) -> None:
    space.apply(request("long", immediately(), held()))
    space.apply(request("waits", later(after="20s")))
    (run,) = space.wait_first_runs("long")
    space.wait_log(name_of(run), "begun")
    before = name_of(installation.pod("process-operator"))
    installation.install("process-operator", PORT, watchNamespaces=[space.namespace])
    assert name_of(installation.pod("process-operator")) != before
    space.release(name_of(run))
    (run,) = space.wait_runs("long", 1, "Succeeded")
    assert run["status"]["log"]["text"] == "begun\nended"
    (run,) = space.wait_runs("waits", 1, "Succeeded")
    assert len(space.jobs("long")) == len(space.jobs("waits")) == 1


def _another_takes_over(installation: Installation, space: Workspace) -> None:
    installation.install("second", OTHER_PORT, crds={"enabled": False})
    assert installation.ask(OTHER_PORT, "/readyz").startswith("ready: stand-by, process-operator-")
    ticking(space)
    pid = _pid_of(installation.pod("process-operator"))
    killed_at = now()
    subprocess.run(("kill", "-KILL", str(pid)), check=True)
    # The kubelet starts the container again, but it is another process, and does not hold the Lease.
    space.wait(lambda: installation.ask(OTHER_PORT, "/readyz") == "ready: leading\n", "the other leads")
    assert now() - killed_at < KILLED + timedelta(seconds=1)
    assert_all_ticks(space)


def _pid_of(pod: dict[str, Any]) -> int:
    """The process of a pod's container, on this machine: the node's processes are ours."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment, command = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"PROCESS_OPERATOR_POD_NAME={name_of(pod)}\0".encode() in environment or (
            f"HOSTNAME={name_of(pod)}\0".encode() in environment and b"process_operator" in command
        ):
            return int(folder.name)
    raise AssertionError(f"no process of pod {name_of(pod)}")


def test_its_pods_are_accepted_where_pod_security_is_restricted(cluster: Kubectl) -> None:
    """Asked of the server itself; without the node's network, which the other tests need."""
    chart = render()
    pods = [chart.one("Deployment")["spec"]["template"], chart.one("Pod")]
    with cluster.new_namespace() as namespace:
        cluster.run("label", "namespace", namespace, *(f"{key}={value}" for key, value in RESTRICTED.items()))
        for number, pod in enumerate(pods):
            spec = {**pod["spec"], "serviceAccountName": "default"}
            body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, "spec": spec}
            where = ("--namespace", namespace, "--dry-run=server", "--filename", "-")
            # The account of a new namespace comes a moment later.
            accepted = partial(_is_accepted, cluster, where, body)
            cluster.wait_until(accepted, what="the pod is accepted", namespace=namespace)
            insecure = {**body, "spec": {**spec, "hostNetwork": True}}
            assert "violates PodSecurity" in cluster.ask("create", *where, stdin=json.dumps(insecure)).message


def _is_accepted(cluster: Kubectl, where: tuple[str, ...], body: dict[str, Any]) -> bool:
    return cluster.ask("create", *where, stdin=json.dumps(body)).ok


def _uninstall_keeps_what_was_asked(installation: Installation, space: Workspace) -> None:
    space.apply(request("stays", schedule(daily={"at": "03:00"})))
    space.wait_phase("stays", "Scheduled")
    for release in ("second", "process-operator"):
        installation.helm("uninstall", release, "--wait")
    cluster = installation.cluster
    found = json.loads(cluster.run("get", "crd", "--output", "json"))["items"]
    assert {name_of(crd) for crd in found} >= CRDS
    assert space.request("stays")["status"]["phase"] == "Scheduled"
    kinds = "clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding"
    everywhere = json.loads(
        cluster.run("get", kinds, "--selector", "app.kubernetes.io/managed-by=Helm", "--output", "json")
    )
    assert [name_of(left) for left in everywhere["items"] if name_of(left).startswith(NAMESPACE)] == []
    mark = "app.kubernetes.io/managed-by=Helm"
    here = "deployment,service,serviceaccount,role,rolebinding,configmap,pod"
    space.wait(
        lambda: not cluster.run("get", here, "--namespace", NAMESPACE, "--selector", mark, "--output", "name").strip(),
        "everything else is gone",
    )
