"""Today, and any other day: the payments, their sums, and the receipts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgepos.locale.words import N_, _
from edgepos.tui import payment_rows
from edgepos.tui.listing import ListPlace
from edgepos.tui.receipt import Receipt
from edgepos.tui.rows import Row, Rows

LIMIT = 200


class Today(ListPlace):
    title_word = N_("Today")
    columns = payment_rows.COLUMNS
    empty = N_("No payments yet today.")

    async def read(self) -> Any:
        day = self.view.status["today"]["day"] if self.view.status else None
        return await self.clinic.agent.get("/payments", day=day, limit=LIMIT)

    def rows_of(self, document: Any) -> Iterable[Row]:
        return [payment_rows.row_of(one, self.view, self.form) for one in document["payments"]]

    def detail(self, row: Row | None) -> str:
        rows = self.query_one(Rows).shown
        text = _("{n} shown").format(n=len(rows))
        return f"{text}   {row.data['id']}   {row.data['operator']}" if row else text

    def chosen(self, row: Row) -> None:
        self.app.push_screen(Receipt(row.id))
