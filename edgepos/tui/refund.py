"""Refund: pick the payment that money is given back of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgepos.locale.words import N_, _
from edgepos.tui import payment_rows
from edgepos.tui.listing import ListPlace
from edgepos.tui.rows import Row


class Refund(ListPlace):
    title_word = N_("Refund: which payment?")
    columns = payment_rows.COLUMNS
    empty = N_("No payment of which money could be given back.")

    async def read(self) -> Any:
        return await self.clinic.agent.get("/payments", limit=200)

    def rows_of(self, document: Any) -> Iterable[Row]:
        found = [one for one in document["payments"] if one["refundable_minor"] > 0]
        return [payment_rows.row_of(one, self.view, self.form) for one in found]

    def detail(self, row: Row | None) -> str:
        if row is None:
            return ""
        return _("{money} can still be given back").format(
            money=self.form.money(row.data["refundable_minor"], row.data["currency"])
        )
