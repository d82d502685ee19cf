"""Decisions: pure functions from a snapshot of one request and the present instant to a plan."""
