"""Commands of the tutorial and of the how-to pages on a real cluster, as a reader types them.

The namespace of a how-to page has what the page names: the Process `close-day`, the request `nightly-close` with a run that
succeeded and one that failed, and the CronJob `nightly`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from tests.cluster.manifests import manual_run, process, request, schedule
from tests.cluster.workspace import Workspace
from tests.pages.reader import ROOT, Reader
from tests.pages.shell_blocks import Command, blocks

# A page takes 5 to 20 s on an idle machine.
pytestmark = [pytest.mark.node, pytest.mark.timeout(1500)]

DOCS: Final = ROOT / "docs"
DAILY: Final = schedule(daily={"at": "02:30"}, timeZone="Europe/Madrid")
CLOSE: Final = 'echo "closing $LEDGER"; test "$LEDGER" != locked'


def runs_something(page: Path) -> bool:
    """Whether a page has a command that no marker leaves out."""
    return any(isinstance(block, Command) and not block.reason for block in blocks(page.read_text()))


HOW_TOS: Final = [page for page in sorted((DOCS / "how-to").glob("*.md")) if runs_something(page)]


@pytest.mark.usefixtures("tutorial_namespace")
def test_the_tutorial(reader: Reader) -> None:
    reader.follow(DOCS / "tutorial.md")


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("page", HOW_TOS, ids=[page.stem for page in HOW_TOS])
def test_how_to(page: Path, reader: Reader) -> None:
    space = Workspace(reader.cluster, reader.namespace)
    space.apply_all(
        process("close-day", CLOSE, parameters=[{"name": "LEDGER", "default": "main"}]),
        request("nightly-close", DAILY, process={"name": "close-day"}),
    )
    cronjob = ("--image=localhost/busybox:1", "--schedule=0 2 * * *", "--", "true")
    space.cluster.run("create", "cronjob", "nightly", "--namespace", space.namespace, *cronjob)
    succeeded = space.create(manual_run("nightly-close"))
    failed = space.create(manual_run("nightly-close", parameters={"LEDGER": "locked"}))
    space.wait_run(succeeded, "Succeeded")
    space.wait_run(failed, "Failed")
    reader.follow(page)
