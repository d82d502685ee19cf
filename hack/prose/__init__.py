"""Prose checker: finds words, phrases and long sentences that the rules of plain English in CONTRIBUTING.md exclude.

`texts` extracts prose from files, `rules` checks it against the lists of `words.toml`, `cli` selects the files.
`todo.txt` has patterns of paths that are not clean yet; that list only shrinks. Part of `make lint`.
"""
