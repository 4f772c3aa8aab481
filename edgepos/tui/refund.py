"""Refund: pick the payment that money is given back of. The three ways to correct a payment stand beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.app import ComposeResult

from edgepos.locale.words import N_, _
from edgepos.tui import payment_rows
from edgepos.tui.caption import Caption
from edgepos.tui.give_back import GiveBack
from edgepos.tui.history import History
from edgepos.tui.rows import Column, Row

THREE = (
    (N_("Money back to the card"), N_("all of it or a part, on any day")),
    (
        N_("Undo the last payment on the terminal"),
        N_("F4, the payment, U"),
    ),
    (
        N_("Remove the booking in Provet"),
        N_("done in Provet Cloud; it moves no money"),
    ),
)


class Refund(History):
    title_word = N_("Refund: of which payment?")
    columns = (payment_rows.COLUMNS[0], Column(16, least=96), *payment_rows.COLUMNS[2:])
    """Nearly all of them are PAID: where it is narrow, whose they are counts for more."""
    empty = N_("No payment of which money could be given back.")

    def body(self) -> ComposeResult:
        yield from super().body()
        yield Caption("\n".join(f"{_(what)}: {_(how)}" for what, how in THREE), id="three-ways")

    async def read(self) -> Any:
        """The newest, of any day; a search reaches further back."""
        return await self.read_payments(limit=payment_rows.PAGE)

    def rows_of(self, document: Any) -> Iterable[Row]:
        return [row for row in super().rows_of(document) if row.data["refundable_minor"] > 0]

    def detail(self, row: Row | None) -> str:
        if row is None:
            return self.nothing_found()
        left = self.form.money(row.data["refundable_minor"], row.data["currency"])
        return _("{money} can still be given back").format(money=left)

    def chosen(self, row: Row) -> None:
        self.app.push_screen(GiveBack(row.data, self.people))
