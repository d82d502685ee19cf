"""What is compared with a whole run of the cluster tests is left out where there was none: `make test` tells by
AUDIT_LOG."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("AUDIT_LOG") else ["test_rights_used.py"]
