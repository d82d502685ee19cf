"""Selection of one kind: the form of a request to the API server, and the rows from its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from process_operator.monitor.feed.rows import backfill_row, key_of, process_row, request_row, run_row
from process_operator.resources.kinds import PROCESS, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN

if TYPE_CHECKING:
    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import Object

_TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
_JSON: Final = "application/json"


class Item(NamedTuple):
    """One object of an answer: namespace and name, and its row."""

    key: Object
    row: Object


@dataclass(slots=True)
class Selection:
    """One kind. `accept` is the form of answers; a Table names its columns in lists and in the first watch event."""

    kind: Kind
    make_row: Callable[[Object], Object] | None
    """Makes a row from an object; None if the answers are Tables."""
    _columns: list[str] = field(default_factory=list)

    @property
    def accept(self) -> str:
        """The form of the answers, for the header Accept."""
        return _TABLE if self.make_row is None else _JSON

    def items_of_list(self, answer: Object) -> list[Item]:
        """Read a page of a list."""
        if self.make_row is None:
            return list(self._items_of_table(answer))
        return [self._item(body) for body in answer.get("items") or ()]

    def items_of_event(self, body: Object) -> list[Item]:
        """Read the object of a watch event."""
        return list(self._items_of_table(body)) if self.make_row is None else [self._item(body)]

    def _item(self, body: Object) -> Item:
        assert self.make_row is not None
        return Item(key_of(body["metadata"]), self.make_row(body))

    def _items_of_table(self, table: Object) -> Iterator[Item]:
        named: list[Any] = table.get("columnDefinitions") or []
        if named:
            self._columns = [column["name"] for column in named]
        for row in table.get("rows") or ():
            metadata = row["object"]["metadata"]
            cells = dict(zip(self._columns, row["cells"], strict=False))
            yield Item(key_of(metadata), run_row(cells, metadata))


def selections() -> tuple[Selection, ...]:
    """Give the selections of one stream, the one with the most objects last."""
    return (
        Selection(PROCESS_REQUEST, request_row),
        Selection(PROCESS, process_row),
        Selection(PROCESS_BACKFILL, backfill_row),
        Selection(PROCESS_RUN, None),
    )
