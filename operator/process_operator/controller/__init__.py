"""Controller: the loop that decides and acts (work queue, timer, reconcilers, planner)."""
