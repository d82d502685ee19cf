"""Status: what a request reports about itself."""
