"""Nodes of a YAML document that kubectl rejects before it reads values: duplicate keys, aliases without end.

PyYAML silently uses the last of two equal keys, and expands aliases of aliases without a limit. Neighbour:
`manifest_files.py` reads the documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import yaml

_MERGE: Final = "tag:yaml.org,2002:merge"
_LARGEST: Final = 200_000  # nodes with all aliases written out; the API server takes no larger object anyway


def node_problem(root: yaml.Node) -> str | None:
    """Say what is wrong with the nodes of a document, in one line; None: nothing."""
    sizes: dict[int, int] = {}
    path: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        node, is_done = waiting.pop()
        if is_done:
            path.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _children(node))
        elif id(node) in path:
            return f"{_place(node)}: an anchor that contains itself"
        elif id(node) not in sizes:
            if (problem := _key_problem(node)) is not None:
                return problem
            path.add(id(node))
            waiting.append((node, True))
            waiting += [(child, False) for child in _children(node)]
    is_grown = sizes[id(root)] > 2 * len(sizes)
    return "its aliases, written out, are too large" if is_grown and sizes[id(root)] > _LARGEST else None


def _children(node: yaml.Node) -> Sequence[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _key_problem(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            continue
        line = key.start_mark.line + 1
        if key.value in lines:
            return f'{_place(key)}: key "{key.value}" already set in map (in line {lines[key.value]})'
        lines[key.value] = line
    return None


def _place(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}, column {node.start_mark.column + 1}"
