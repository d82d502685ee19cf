"""Picture of the docs: a page that shows runs in several states. `make monitor-picture` writes it with this test."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, expect
from tests.monitor.company_rows import company_rows
from tests.monitor.conftest import Window
from tests.monitor.simulated_api import SimulatedApi

_PICTURE: Final = Path(__file__).parents[2] / "docs" / "monitor-runs.png"
_SIZE: Final = (1440, 900)
_STATES: Final = ("Running", "Pending", "Succeeded", "Failed", "Missed", "Skipped", "Canceled")


def test_the_picture_of_the_docs_has_the_size_of_the_page(browser: Browser, api: SimulatedApi) -> None:
    api.rows.update(company_rows(api.now))
    width, height = _SIZE
    size = {"width": width, "height": height}
    window = Window(browser, api.address, color_scheme="light", reduced_motion="reduce", viewport=size)
    page = window.open("/runs?ns=sales")
    expect(page.locator("output.live")).to_have_text("Live")
    for state in _STATES:
        expect(page.locator(".table-runs .body .row").filter(has_text=state).first).to_be_visible()
    picture = page.screenshot()
    window.close()
    if os.environ.get("PICTURE"):
        _PICTURE.write_bytes(picture)
    assert _size_of(picture) == _size_of(_PICTURE.read_bytes()) == _SIZE, "run make monitor-picture"


def _size_of(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the first chunk of a PNG (ISO/IEC 15948, 11.2.2)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and png[12:16] == b"IHDR"
    width, height = struct.unpack(">II", png[16:24])
    return width, height
