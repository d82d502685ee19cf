"""Existing cluster (CLUSTER=existing): the user's own one; nothing is started or stopped. `lifecycle` is for local ones."""

import os
import shutil
from pathlib import Path

from . import tools
from .api import Api
from .console import ClusterError, say
from .layout import bin_dir


def is_asked_for() -> bool:
    """Whether the user has a cluster of their own for us."""
    return os.environ.get("CLUSTER") == "existing"


def kubectl() -> Path:
    """The user's kubectl, else ours."""
    for found in (shutil.which("kubectl"), shutil.which("kubectl", path=str(bin_dir()))):
        if found:
            return Path(found)
    return tools.resolve(["kubectl"])["kubectl"]


def check() -> str:
    """The user's KUBECONFIG, once its API server has answered."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        raise ClusterError("CLUSTER=existing needs KUBECONFIG to say which cluster")
    answer = Api(kubectl(), Path(kubeconfig)).ask("get", "--raw", "/readyz")
    if answer.returncode:
        raise ClusterError(f"the cluster of KUBECONFIG={kubeconfig} does not answer: {answer.stderr.strip()}")
    say("using the existing cluster")
    return kubeconfig
