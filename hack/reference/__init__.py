"""Generator of docs/reference/generated: kinds, commands, settings, conditions and reasons, read from the code.

`python hack/reference` writes the pages, and `tests/unit/docs/test_generated_pages.py` compares them.
"""
