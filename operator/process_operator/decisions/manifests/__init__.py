"""Manifests: bodies of the objects that the operator creates, and patches to them."""
