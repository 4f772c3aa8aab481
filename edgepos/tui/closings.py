"""Earlier closing reports: frozen when they were made, shown again as copies, which are counted."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.paper import Paper
from edgepos.tui.place import Step
from edgepos.tui.reports import closing_text
from edgepos.tui.rows import Column, Row, Rows, plain


class ClosingList(Step):
    title_word = N_("Earlier closing reports")

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Rows((Column(6, is_right=True), Column(14), Column(14), Column(12, share=1), Column(12)))

    def on_mount(self) -> None:
        self.query_one(Rows).focus()
        self.ask(lambda: self.clinic.agent.get("/closings", limit=200), self._put, group="read")

    def _put(self, document: Any) -> None:
        rows = []
        for one in document["closings"]:
            agrees = one["match"]["agree"]
            red = sum(not period["agree"] for period in one["match"]["terminals"])
            is_red = len(one["dealt_with"]) < red
            word = _("DIFFERS") if is_red else _("AGREES") if agrees else _("DEALT WITH")
            cells = (
                str(one["number"]),
                self.form.day(one["clinic_day"]),
                self.form.moment(one["made_at"]),
                str(one["operator"]),
                word,
            )
            rows.append(
                Row(
                    str(one["number"]),
                    cells,
                    one,
                    plain("\n".join((*cells, one["clinic_day"]))),
                    "warn" if is_red else "",
                )
            )
        self.query_one(Rows).fill(rows)
        if not rows:
            self.say(_("No report has been made yet."))

    def on_rows_taken(self, message: Rows.Taken) -> None:
        path = path_of("closings", str(message.row.data["number"]))
        self.ask(lambda: self.clinic.agent.get(path, copy=1), self._show, group="copy")

    def _show(self, closing: Any) -> None:
        self.app.push_screen(Paper(closing_text(closing, self.view, self.form)))
