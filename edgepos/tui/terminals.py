"""The terminals: how each stands since when, and what to do, step by step."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from edgepos.locale.words import N_, _
from edgepos.tui.place import Place
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.terminal_card import look_of, mend, state_line
from edgepos.tui.view import ClinicView


class Terminals(Place):
    title_word = N_("Terminals")

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Rows((Column(12, share=1), Column(9), Column(22, share=1), Column(8), Column(20, share=2, least=90)), searches=False)
            yield Static(id="detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(Rows).focus()

    def show(self, view: ClinicView) -> None:
        self.query_one(Rows).fill(
            Row(
                str(one["id"]),
                (str(one["name"]), str(one["model"]), state_line(one), self.form.hour(one["since"]), mend(one)),
                one,
                look="" if look_of(one) == "live" else look_of(one),
            )
            for one in view.terminals
        )
        self._show_row()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self._show_row()

    def _show_row(self) -> None:
        row = self.query_one(Rows).row
        if row is None:
            return
        one = row.data
        silent_s = self.clinic.silent_s(one["id"])
        lines = [
            mend(one),
            _("last answer {seconds} s ago").format(seconds=int(silent_s)) if silent_s is not None else "",
            _("last reconciled {moment}").format(moment=self.form.moment(one["last_reconciled_at"]))
            if one["last_reconciled_at"]
            else _("never reconciled here"),
        ]
        self.query_one("#detail", Static).update("\n".join(line for line in lines if line))
