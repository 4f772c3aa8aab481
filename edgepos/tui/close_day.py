"""Close the day: reconcile terminal by terminal, then terminal = edgepos = practice system."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgepos.locale.words import N_, _
from edgepos.tui.listing import ListPlace
from edgepos.tui.press import Press
from edgepos.tui.rows import Column, Row
from edgepos.tui.terminal_card import look_of, state_line


class CloseDay(ListPlace):
    title_word = N_("Close day: reconcile each terminal with Enter, then compare")
    columns = (Column(12, share=1), Column(20, share=1), Column(20, share=2))
    empty = N_("No terminal is set up.")

    async def read(self) -> Any:
        return await self.clinic.agent.get("/match")

    def rows_of(self, document: Any) -> Iterable[Row]:
        matched = {one["terminal"]: one for one in document["terminals"]}
        for one in self.view.terminals:
            found = matched.get(one["id"])
            word = "" if found is None else _("agrees") if not found["differences"] else _("DOES NOT AGREE")
            yield Row(str(one["id"]), (str(one["name"]), state_line(one), word), one, look="" if look_of(one) == "live" else look_of(one))

    def chosen(self, row: Row) -> None:
        press = Press(self.clinic.agent, "/reconciliations", {"terminal": row.id})
        self.ask(press.send, self._begun, group="send")

    def _begun(self, payment: Any) -> None:
        self.clinic.payment_heard(payment)
        self.clinic.watch_payment(payment)
