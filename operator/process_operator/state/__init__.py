"""State: what the operator knows between two events (caches, observations, locks)."""
