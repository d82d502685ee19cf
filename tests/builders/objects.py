"""Object of the Kubernetes API, as tests write and change it.

The package's own `Object` (`resources/types.py`) is read-only, because the operator must not change what a watch shows.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
"""An object of the API, or a part of one, as it stands in JSON."""
