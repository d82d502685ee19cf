"""Background processes on Kubernetes: people apply a ProcessRequest, every execution is a ProcessRun."""

__version__ = "0.1.0"
