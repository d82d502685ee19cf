"""Oracle builder: builds an oracle and prints the command that starts it, as JSON: `python3 hack/oracles NAME`.

An oracle is a program that prints the result of a foreign library: ticks, a proxy, the status of an object. The tests in
`tests/oracles` compare it with the operator's. Each is built once, into the cache of `hack/cluster`, in a folder named by a hash
of its sources.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from cluster.console import ClusterError  # noqa: E402 - found by the line above
from cluster.go_toolchain import find_go  # noqa: E402 - found by the line above
from cluster.layout import cache, locked  # noqa: E402 - found by the line above
from cluster.packages import install  # noqa: E402 - found by the line above

SOURCE = Path(__file__).resolve().parent
_GO = ("robfig", "httpproxy", "kstatus")
_PYTHON = ("recurring_ical_events",)
_JAVA = {"javac": "default-jdk-headless", "mvn": "maven"}  # program and Debian package


def _go(name: str, built: Path) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    command = [
        str(find_go()),
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        "-o",
        str(built / name),
        ".",
    ]
    subprocess.run(command, cwd=SOURCE / name, env=environment, stdout=sys.stderr, check=True)


def _python(name: str, built: Path) -> None:
    """Make an environment of its own: the packages of an oracle need not agree with those of the project."""
    subprocess.run([sys.executable, "-m", "venv", str(built)], stdout=sys.stderr, check=True)
    install_locked = [str(built / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install_locked += ["--require-hashes", "--requirement", str(SOURCE / name / "requirements.txt")]
    subprocess.run(install_locked, stdout=sys.stderr, check=True)
    shutil.copy(SOURCE / name / "occurrences.py", built)


def _quartz(built: Path) -> None:
    install([package for program, package in _JAVA.items() if not shutil.which(program)])
    fetch = ["mvn", "--batch-mode", "--quiet", "-Dstyle.color=never", "--file", str(SOURCE / "quartz" / "pom.xml")]
    fetch += ["dependency:copy-dependencies", f"-DoutputDirectory={built}"]
    subprocess.run(fetch, stdout=sys.stderr, check=True)
    compiler = ["javac", "-classpath", f"{built}/*", "-d", str(built), str(SOURCE / "quartz" / "QuartzOracle.java")]
    subprocess.run(compiler, stdout=sys.stderr, check=True)


def _command(name: str) -> list[str]:
    """Give the command of an oracle, built if need be."""
    digest = hashlib.sha256()
    for file in sorted((SOURCE / name).iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    folder = cache() / "oracles" / f"{name}-{digest.hexdigest()[:16]}"
    built, complete = folder / "built", folder / "complete"
    with locked(folder / "lock", f"waiting for another run that builds the oracle {name}"):
        if not complete.exists():
            shutil.rmtree(built, ignore_errors=True)
            built.mkdir()
            if name in _GO:
                _go(name, built)
            elif name in _PYTHON:
                _python(name, built)
            else:
                _quartz(built)
            complete.touch()
    if name in _GO:
        return [str(built / name)]
    if name in _PYTHON:
        return [str(built / "bin" / "python"), str(built / "occurrences.py")]
    return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-classpath", f"{built}{os.pathsep}{built}/*", "QuartzOracle"]


def main() -> int:
    """Build, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle", choices=[*_GO, *_PYTHON, "quartz"])
    try:
        print(json.dumps(_command(parser.parse_args().oracle)))
    except (ClusterError, subprocess.CalledProcessError) as error:
        print(f"oracles: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
