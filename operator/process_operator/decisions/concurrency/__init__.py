"""Concurrency: which runs may start beside which, within a request and across a Process."""
