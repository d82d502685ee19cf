"""Types of the Kubernetes API that every room shares."""

from __future__ import annotations

NamespacedName = tuple[str, str]
"""Namespace and name of an object."""
