"""Service: what a deployment sees of the operator (probes, metrics, leader election, logging)."""
