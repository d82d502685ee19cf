"""Actions: the only writers to the API server, and the readers of logs."""
