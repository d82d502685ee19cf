"""API client: the only package that calls the Kubernetes API."""
