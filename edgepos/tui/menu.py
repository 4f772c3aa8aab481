"""All places with a letter each, for keyboards and lines on which F-keys do not get through."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.chrome import Keys, key_name
from edgepos.tui.place import Question
from edgepos.tui.places import PLACES
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.tiles import Tiles

TILE_WIDTH = 30


class Menu(Question[str | None]):
    BINDINGS = [Binding("escape", "dismiss(None)", N_("Back"), id="menu.back")]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Caption(_("Go to"), classes="question")
            if self.clinic.row_lines > 1:
                yield Tiles((Column(2), Column(4), Column(14, share=1)), least=TILE_WIDTH)
            else:
                yield Rows((Column(2), Column(4), Column(14, share=1), Column(10, share=3, least=50)), searches=False)
            yield Keys()

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.fill(
            Row(
                entry.name,
                (entry.letter.upper(), key_name(entry.key) if entry.key else "", _(entry.word), _(entry.tooltip)),
            )
            for entry in PLACES
            if entry.letter
        )
        rows.focus()

    def on_key(self, event: events.Key) -> None:
        for entry in PLACES:
            if event.character and entry.letter == event.character.casefold():
                event.stop()
                self.dismiss(entry.name)

    def on_rows_taken(self, message: Rows.Taken) -> None:
        self.dismiss(message.row.id)
