"""Selection of the tests that need an audit log: they are skipped without one. `make test` names it in AUDIT_LOG."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("AUDIT_LOG") else ["test_rights_used.py"]
