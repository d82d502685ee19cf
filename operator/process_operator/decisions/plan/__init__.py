"""Plan: the actions of a decision."""
