"""A text to read: a payment in full, a slip, a page of help, a log. Arrows and page keys scroll it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from edgepos.tui.caption import Caption, held


class Sheet(VerticalScroll):
    """Set with `put`; a text that is the same is not drawn again, so that reading is not disturbed."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=f"sheet {classes or ''}".strip())
        self._key: object = None

    def compose(self) -> ComposeResult:
        yield Caption(classes="sheet-text")

    def put(self, text: str) -> None:
        self._put(text, Text(held(text)))

    def put_facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """A line for each fact that there is: what it is, and what it says."""
        told = tuple((label, value) for label, value in facts if value)
        self._put(told, table(told))

    def _put(self, key: object, shown: RenderableType) -> None:
        if key != self._key:
            self._key = key
            self.query_one(".sheet-text", Caption).update(shown)


def table(facts: Iterable[tuple[str, str]]) -> Table:
    """Two columns; a long value goes on under itself."""
    made = Table.grid(padding=(0, 2))
    made.add_column(no_wrap=True)
    made.add_column(ratio=1)
    for label, value in facts:
        made.add_row(Text(label), Text(held(value), style="bold" if not label else ""))
    return made
