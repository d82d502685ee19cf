"""Acceptance: whether a request or a Process can be put into force."""
