"""Feeds: rows of the four kinds, sent to a page while it is open."""
