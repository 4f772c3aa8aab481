"""A yes or a no. The bar stands on No, so that a held Enter says no."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.chrome import Keys
from edgepos.tui.place import Question
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.tiles import Tiles


class Sure(Question[bool]):
    BINDINGS = [Binding("escape", "dismiss(False)", N_("No"), id="sure.no")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Caption(self._text, classes="question")
            yield Tiles((Column(6, share=1),), least=10, twice=True)
            yield Keys()

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.fill((Row("no", (_("No"),)), Row("yes", (_("Yes"),))))
        rows.focus()

    def on_rows_taken(self, message: Rows.Taken) -> None:
        self.dismiss(message.row.id == "yes")
