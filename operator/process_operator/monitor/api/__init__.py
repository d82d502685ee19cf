"""API of the monitor: one module for each group of routes. `web/src/api/` types what they accept and answer."""
