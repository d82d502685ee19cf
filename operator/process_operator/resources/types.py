"""Types of the Kubernetes API that every room shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NamespacedName = tuple[str, str]
"""Namespace and name of an object."""

Object = Mapping[str, Any]
"""An object of the API, or a part of one, as it stands in JSON."""
