"""Background processes on Kubernetes: people apply a ProcessRequest, every execution is a ProcessRun."""
