"""Give a payment that was taken without an invoice its invoice: chosen from the list, found by typing."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.course import about, shown_minor
from edgepos.tui.invoices import COLUMNS, row_of
from edgepos.tui.pin import with_pin
from edgepos.tui.place import Step
from edgepos.tui.rows import Rows, plain
from edgepos.tui.sure import Sure
from edgepos.tui.view import ClinicView, Document


class Assign(Step):
    title_word = N_("Which invoice did it pay?")

    def __init__(self, payment: Document) -> None:
        super().__init__()
        self._payment = payment
        self._chosen = ""

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Caption(self._about(), id="assign-about")
            yield Caption(id="assign-find")
            yield Rows(COLUMNS)

    def _about(self) -> str:
        one = self._payment
        parts = (
            self.form.money(shown_minor(one), one["currency"]),
            about(one),
            self.view.place(one["terminal"]),
            one["id"],
        )
        return "   ".join(part for part in parts if part)

    def on_mount(self) -> None:
        self.query_one(Rows).focus()
        self.ask(lambda: self.clinic.agent.get("/invoices", all=1), self._fill, group="read")

    def _fill(self, document: Any) -> None:
        """The invoice that the payment names as text comes first; one that is not due any more can be it as well."""
        wanted = plain(str(self._payment["text"] or ""))
        invoices = sorted(document["invoices"], key=lambda one: (not _is_named(one, wanted), not one["payable"]))
        self.query_one(Rows).fill(row_of(one, self.form) for one in invoices)

    def show(self, view: ClinicView) -> None:
        rows = self.query_one(Rows)
        self.query_one("#assign-find", Caption).update(_("find: {text}").format(text=rows.find + "_"))

    def on_rows_searched(self, message: Rows.Searched) -> None:
        self.show(self.view)

    def on_rows_taken(self, message: Rows.Taken) -> None:
        one, invoice = self._payment, message.row.data
        self._chosen = str(invoice["id"])
        text = _(
            "{money} is booked on {number}, {owner}. This cannot be changed here afterwards. Is it this one?"
        ).format(
            money=self.form.money(shown_minor(one), one["currency"]), number=invoice["number"], owner=invoice["owner"]
        )
        self.app.push_screen(Sure(text), self._if_sure)

    def _if_sure(self, is_sure: bool | None) -> None:
        if is_sure:
            path = path_of("payments", self._payment["id"], "assign")
            body = {"invoice": self._chosen}
            self.ask(lambda: with_pin(self, lambda agent: agent.post(path, body)), self._done, group="send")

    def _done(self, payment: Any) -> None:
        self.clinic.payment_heard(payment)
        self.dismiss()

    def action_back(self) -> None:
        rows = self.query_one(Rows)
        if rows.find:
            rows.find = ""
        else:
            super().action_back()


def _is_named(invoice: Document, text: str) -> bool:
    """Whether what was typed with the payment names *invoice*."""
    number = plain(str(invoice["number"] or ""))
    return bool(number) and number in text
