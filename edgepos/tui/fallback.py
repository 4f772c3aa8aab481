"""The agent cannot be heard: what still works, and what to do by hand. It goes away by itself."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.locale.words import _
from edgepos.tui.caption import Caption
from edgepos.tui.place import Place
from edgepos.tui.saying import told
from edgepos.tui.view import ClinicView


class Fallback(Place):
    def body(self) -> ComposeResult:
        with Vertical(classes="middle"):
            yield Caption(_("NO CONNECTION TO EDGEPOS"), id="locked")
            yield Caption(id="hint")

    def show(self, view: ClinicView) -> None:
        lines = [
            _("A payment that was at a terminal goes on there. Look at the terminal, and do not charge it again."),
            _("The terminals work on their own: type the amount on the terminal's keypad and keep the slip."),
            _("Write the invoice's number on each slip. They are recorded here later, with F6."),
            _("This page goes away by itself as soon as edgepos is back."),
        ]
        if view.away is not None:
            lines += ["", str(told(view.away, self.form))]
        self.query_one("#hint", Caption).update("\n".join(lines))

    def action_back(self) -> None:
        """There is nothing to go back to."""
