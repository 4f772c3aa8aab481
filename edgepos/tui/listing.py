"""A place that is a list: reads a document of the agent when it comes into sight, and when something was decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.locale.words import _
from edgepos.tui.caption import Caption
from edgepos.tui.place import Place
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.view import ClinicView


class ListPlace(Place):
    """Set `columns`, `empty`; implement `read` (asks the agent) and `rows_of`; `chosen` is called with a taken row."""

    columns: ClassVar[Sequence[Column]] = ()
    empty: ClassVar[str] = ""
    """What stands there when there is nothing; marked with N_."""

    def __init__(self) -> None:
        super().__init__()
        self._read_at = -1
        self.document: Any = None

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Caption(id="find")
            yield Rows(self.columns)
            yield Caption(id="detail")

    def on_mount(self) -> None:
        self.query_one(Rows).focus()

    async def read(self) -> Any:
        """The document, from the agent. Raises AgentError."""
        raise NotImplementedError

    def rows_of(self, document: Any) -> Iterable[Row]:
        raise NotImplementedError

    def detail(self, row: Row | None) -> str:
        """What stands below the list for the row under the bar."""
        return ""

    def chosen(self, row: Row) -> None:
        """A row was taken."""

    def arrived(self) -> None:
        self.read_again()

    def read_again(self) -> None:
        self.ask(self.read, self._fill, group="read")

    def _fill(self, document: Any) -> None:
        self.document = document
        rows = self.query_one(Rows)
        rows.fill(self.rows_of(document))
        self.show_row(rows.row)

    def show(self, view: ClinicView) -> None:
        if view.decided != self._read_at and self.is_current:
            self._read_at = view.decided
            self.read_again()
        self.show_find(self.query_one(Rows).find)

    def show_find(self, find: str) -> None:
        self.query_one("#find", Caption).update(_("find: {text}").format(text=find + "_"))

    def on_rows_searched(self, message: Rows.Searched) -> None:
        self.show(self.view)

    def on_rows_moved(self, message: Rows.Moved) -> None:
        if self.document is not None:
            self.show_row(message.row)

    def show_row(self, row: Row | None) -> None:
        text = _(self.empty) if row is None and not self.query_one(Rows).find else self.detail(row)
        self.query_one("#detail", Caption).update(text)

    def on_rows_taken(self, message: Rows.Taken) -> None:
        self.chosen(message.row)

    def forget(self) -> None:
        self.query_one(Rows).find = ""

    def action_back(self) -> None:
        rows = self.query_one(Rows)
        if rows.find:
            rows.find = ""
        else:
            super().action_back()
