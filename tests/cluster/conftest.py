"""Real cluster for the tests in this folder, with the CRDs installed and one operator that works in it.

The cluster is the one of KUBECONFIG_TEST, if that is set. Otherwise `hack/cluster` provides it: the user's own with
CLUSTER=existing, or the one called TEST_CLUSTER (`test`), which is started if necessary and kept. The first process of
pytest starts the cluster and the operator, and stops the operator; the workers of xdist find both in their environment.
Neighbours: `kubectl.py`, `operator_process.py`.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import pytest
from tests.cluster.account import account_kubeconfig
from tests.cluster.kubectl import Kubectl
from tests.cluster.operator_process import REPOSITORY, OperatorProcess
from tests.cluster.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

_KUBECTL: Final = "CLUSTER_TESTS_KUBECTL"
_KUBECONFIG: Final = "CLUSTER_TESTS_KUBECONFIG"
_ACCOUNT: Final = "CLUSTER_TESTS_ACCOUNT"
_LOG: Final = "CLUSTER_TESTS_OPERATOR_LOG"


@dataclass
class _Stage:
    """Operator and lock that the first process set up for all processes."""

    operator: OperatorProcess
    lock: IO[str]
    complaints: list[str] = field(default_factory=list)


_STAGE: Final = pytest.StashKey[_Stage]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """In the first process: bring up the cluster and the operator before any worker starts."""
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    try:
        config.stash[_STAGE] = _set_up()
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or ""
        raise pytest.UsageError(f"no cluster to test with: {error}\n{said}") from error


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup` the tests of a module that share a namespace run in one process.

    Else each worker would fill a namespace of its own: every pod of the module once for each worker.
    """
    for item in items:
        if "shared_namespace" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The operator has to end in order, in time, with 0. The cluster stays, for the next run."""
    stage = session.config.stash.get(_STAGE, None)
    if stage is None:
        return
    try:
        code = stage.operator.stop()
        if code != 0:
            stage.complaints.append(f"ended by SIGTERM the operator returned {code}, not 0")
    except RuntimeError as error:
        stage.complaints.append(str(error))
    finally:
        stage.lock.close()
    if stage.complaints and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the path of the operator's log, and how the operator failed to end."""
    stage = config.stash.get(_STAGE, None)
    if stage is not None:
        terminalreporter.write_line(f"log of the operator: {stage.operator.log_file}")
        for complaint in stage.complaints:
            terminalreporter.write_line(f"FAILED: {complaint}", red=True)


def _set_up() -> _Stage:
    kubeconfig = _kubeconfig()
    folder = kubeconfig.parent if (kubeconfig.parent / "settings.json").exists() else Path(tempfile.mkdtemp())
    lock = (folder / "tests.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RuntimeError("other tests use this cluster now: choose another one by TEST_CLUSTER") from error
    kubectl = Kubectl(_kubectl_binary(), kubeconfig)
    crds = str(REPOSITORY / "crds")
    kubectl.run("apply", "--filename", crds)
    kubectl.run("wait", "--for=condition=Established", "--timeout=240s", "--filename", crds)
    log_file = _new_log(folder.name)
    account = account_kubeconfig(kubectl, folder)
    operator = OperatorProcess(account, log_file)
    operator.start()
    os.environ |= {
        _KUBECTL: str(kubectl.binary),
        _KUBECONFIG: str(kubeconfig),
        _ACCOUNT: str(account),
        _LOG: str(log_file),
    }
    return _Stage(operator, lock)


def _new_log(cluster: str) -> Path:
    """A new file for the log of the operator, in a folder that outlives the cluster."""
    folder = REPOSITORY / "build" / "test-output"
    folder.mkdir(parents=True, exist_ok=True)
    found = next(
        path for number in itertools.count(1) if not (path := folder / f"operator-{cluster}-{number}.log").exists()
    )
    found.touch()
    return found


def _kubeconfig() -> Path:
    """The file that leads to the cluster, which runs."""
    given = os.environ.get("KUBECONFIG_TEST")
    if given:
        return Path(given)
    printed = _hack_cluster("up", "--tier", "node", "--audit", "--name", os.environ.get("TEST_CLUSTER") or "test")
    (_, assignment) = shlex.split(printed)
    return Path(assignment.removeprefix("KUBECONFIG="))


def _kubectl_binary() -> Path:
    built = Path(_hack_cluster("path"), "kubectl")
    return built if built.exists() else Path(shutil.which("kubectl") or "kubectl")


def _hack_cluster(*arguments: str) -> str:
    """Run `hack/cluster`; what it has to say on stderr is for the person who waits."""
    command = (sys.executable, str(REPOSITORY / "hack" / "cluster"), *arguments)
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The file that leads to the cluster."""
    found = os.environ.get(_KUBECONFIG)
    if not found:
        pytest.fail("no cluster was brought up: name the folder to pytest, as in `pytest tests/cluster`")
    return Path(found)


@pytest.fixture(scope="session")
def account() -> Path:
    """The same, with the rights that an operator has."""
    return Path(os.environ[_ACCOUNT])


@pytest.fixture(scope="session")
def cluster(kubeconfig: Path) -> Kubectl:
    """The cluster, with our kinds and the operator."""
    return Kubectl(Path(os.environ[_KUBECTL]), kubeconfig, Path(os.environ[_LOG]))


@pytest.fixture(scope="module")
def shared_operator(request: pytest.FixtureRequest, account: Path) -> OperatorProcess:
    """The operator that all tests share, for fixtures of a module; these start it again where they end it."""
    stage = request.config.stash.get(_STAGE, None)
    return stage.operator if stage is not None else OperatorProcess(account, Path(os.environ[_LOG]), owned=False)


@pytest.fixture
def operator(shared_operator: OperatorProcess) -> Iterator[OperatorProcess]:
    """The operator that all tests share: its log for every test, killing and starting it for those marked `disruptive`.

    After the test it runs again, whatever the test did.
    """
    yield shared_operator
    if shared_operator.owned and not shared_operator.running:
        shared_operator.start()


@pytest.fixture
def namespace(cluster: Kubectl) -> Iterator[str]:
    """A namespace for one test."""
    with cluster.new_namespace() as name:
        yield name


@pytest.fixture(scope="module")
def shared_namespace(cluster: Kubectl) -> Iterator[str]:
    """A namespace for tests of one module that do not affect each other."""
    with cluster.new_namespace() as name:
        yield name


@pytest.fixture
def space(cluster: Kubectl, namespace: str) -> Workspace:
    """A namespace for one test, as a person sees it."""
    return Workspace(cluster, namespace)


@pytest.fixture(scope="module")
def shared_space(cluster: Kubectl, shared_namespace: str) -> Workspace:
    """The namespace for tests of one module, as a person sees it."""
    return Workspace(cluster, shared_namespace)
