"""Manifests of the operator's kinds, as users write them. Neighbour: `tests/cluster/manifests.py` has scripts to run."""

from __future__ import annotations

from tests.builders.objects import Object

from process_operator.resources.kinds import Kind


def manifest(kind: Kind, name: str, spec: Object, **metadata: object) -> Object:
    """Manifest with further fields of its metadata, such as `namespace`."""
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name, **metadata}, "spec": spec}
