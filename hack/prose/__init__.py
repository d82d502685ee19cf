"""Prose checker: finds words, phrases and long sentences that the rules of plain English in CONTRIBUTING.md exclude.

`files` extracts prose by `texts` and `delimited`, `rules` checks it against the lists of `words.toml`, and `cli` selects
the files. `todo.txt` has patterns of paths that are not clean yet; that list only shrinks. Part of `make lint`.
"""
