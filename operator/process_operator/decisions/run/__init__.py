"""Runs: how one open run is started, followed and recorded."""
