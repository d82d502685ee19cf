"""The operator with a wrong clock: `python offset_clock.py run`, where FAULT_CLOCK names a file with seconds to add.

The wiring and the process are the real ones; only the clock of `app.py` is replaced. The clock reads the file at each
look, so a test can set it forward and back while the operator works.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta
from pathlib import Path

from process_operator import app
from process_operator.service.logging_setup import set_up_logging
from process_operator.settings import Settings

_FILE = Path(os.environ["FAULT_CLOCK"])


def offset_clock() -> datetime:
    """The real clock, set wrong."""
    return app.utc_now() + timedelta(seconds=float(_FILE.read_text()))


if __name__ == "__main__":
    settings = Settings()
    set_up_logging(settings)
    asyncio.run(app.run(settings, clock=offset_clock))
