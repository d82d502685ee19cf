"""Inputs of a decision: the snapshot and what is derived from it."""
