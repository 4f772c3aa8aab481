"""For technicians: what the doctor sees. Enter reads it again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.binding import Binding

from edgepos.locale.words import N_, _
from edgepos.tui.listing import ListPlace
from edgepos.tui.rows import Column, Row


class Technician(ListPlace):
    title_word = N_("Technician: checks")
    columns = (Column(12), Column(6), Column(20, share=1))
    BINDINGS = [Binding("f7", "leave_screen", N_("Leave the screen"), id="technician.leave")]

    async def read(self) -> Any:
        return await self.clinic.agent.get("/doctor")

    def rows_of(self, document: Any) -> Iterable[Row]:
        for one in document["checks"]:
            word = _("fine") if one["ok"] else _("MEND")
            yield Row(one["name"], (one["name"], word, one["message"]), one, look="" if one["ok"] else "bad")

    def detail(self, row: Row | None) -> str:
        return str(row.data["mend"]) if row else ""

    def chosen(self, row: Row) -> None:
        self.read_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "leave_screen" and self.clinic.is_kiosk:
            return False
        return super().check_action(action, parameters)

    def action_leave_screen(self) -> None:
        self.clinic.action_leave()
