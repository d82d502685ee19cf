"""Watch: everything that comes in from the API server (kopf, watch streams, lists)."""
