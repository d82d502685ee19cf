"""Feeds: what a page is told while it is open, as rows of the four kinds."""
