"""Plan: the actions that a decision asks for."""
