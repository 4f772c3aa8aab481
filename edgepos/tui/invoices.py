"""The desk's list of invoices: found by typing, several of one owner marked with Space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textual.binding import Binding
from textual.message import Message

from edgepos.locale import states
from edgepos.locale.words import N_, _, language
from edgepos.tui.form import Form, age
from edgepos.tui.rows import Column, Row, Rows, plain

Invoice = Mapping[str, Any]

BEFORE_FINALISED = frozenset({"draft", "sent", "invoicing"})
"""Why not: it can be paid once it is finalised."""
COLUMNS = (
    Column(9),
    Column(10, share=5),
    Column(7, share=1),
    Column(13, is_right=True),
    Column(7, is_right=True, least=60),
)


def row_of(invoice: Invoice, form: Form) -> Row:
    """An invoice that cannot be paid is grey and says why, where the amount would stand."""
    minor, currency = invoice["due_minor"], invoice["currency"]
    amount = form.money(minor, currency)
    if not invoice["payable"]:
        amount = _(states.WHY_NOT.get(str(invoice["why_not"]), str(invoice["why_not"])))
    cells = (invoice["number"] or invoice["id"], invoice["owner"], invoice["animal"], amount, age(invoice["age_s"]))
    amounts = (form.bare(minor, currency), form.bare(minor, currency).replace("\xa0", "").replace(" ", ""))
    texts = (*cells[:3], *amounts, amounts[1].replace(",", "."))
    return Row(invoice["id"], cells, invoice, plain("\n".join(texts)), "" if invoice["payable"] else "dim")


def _renewed(before: Row | None, invoice: Invoice, form: Form) -> Row:
    """The row of *invoice*, made of the one *before* where nothing but its age is another."""
    if before is None or {**before.data, "age_s": invoice["age_s"]} != invoice:
        return row_of(invoice, form)
    old = age(invoice["age_s"])
    return before if before.cells[-1] == old else replace(before, cells=(*before.cells[:-1], old))


class Invoices(Rows):
    BINDINGS = [
        Binding(
            "enter", "take", N_("Pay"), id="desk.pay", tooltip=N_("Pay what is under the bar, or all that is marked")
        ),
        Binding(
            "space", "mark", N_("Mark"), id="desk.mark", tooltip=N_("Several invoices of one owner in one card run")
        ),
    ]

    @dataclass
    class Chosen(Message):
        """A person wants to pay these."""

        invoices: tuple[Invoice, ...]

    @dataclass
    class Refused(Message):
        """What was asked of the list cannot be, and why."""

        text: str

    def __init__(self) -> None:
        super().__init__(COLUMNS, id="invoices")
        self._made: dict[str, Row] = {}
        """The rows by their ids: most of a list is what it was, but for its ages."""
        self._written: tuple[str, str] = ("", "")
        """In which language and numbers they are."""

    @property
    def chosen(self) -> tuple[Invoice, ...]:
        """What is marked, in the list's order; without marks, what is under the bar."""
        marked = tuple(row.data for row in self._all if row.id in self.marked)
        return marked or ((self.row.data,) if self.row else ())

    def put(self, invoices: Sequence[Invoice], form: Form) -> None:
        written = (language(), form.locale)
        known = self._made if written == self._written else {}
        self._written = written
        self._made = {str(one["id"]): _renewed(known.get(str(one["id"])), one, form) for one in invoices}
        self.fill(self._made.values())

    def action_mark(self) -> None:
        row = self.row
        if row is None:
            return
        owners = {one["owner"] for one in self.chosen} if self.marked else {row.data["owner"]}
        if not row.data["payable"]:
            self.post_message(self.Refused(_("This invoice cannot be paid here: {why}.").format(why=row.cells[3])))
        elif row.id not in self.marked and row.data["owner"] not in owners:
            self.post_message(self.Refused(_("Only invoices of one owner can be paid in one card run.")))
        else:
            self.marked ^= {row.id}
            self.refresh()
            self.action_move(1)

    def action_take(self) -> None:
        chosen = self.chosen
        unpayable = next((one for one in chosen if not one["payable"]), None)
        if unpayable is not None:
            why = _(states.WHY_NOT.get(str(unpayable["why_not"]), str(unpayable["why_not"])))
            if unpayable["why_not"] in BEFORE_FINALISED:
                text = _("{number} cannot be paid here: {why}. Finalise it in Provet Cloud first.")
            else:
                text = _("This invoice cannot be paid here: {why}.")
            self.post_message(self.Refused(text.format(number=unpayable["number"], why=why)))
        elif chosen:
            self.post_message(self.Chosen(chosen))

    def forget(self) -> None:
        """Drop what was typed and marked."""
        self.marked.clear()
        self.find = ""
        self.action_move(-len(self.shown))
