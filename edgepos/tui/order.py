"""What is to be paid, as a person saw it: invoices with their due sums, or an amount with a text. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Invoice = Mapping[str, Any]


def shares(amount_minor: int, dues: Sequence[int]) -> list[int]:
    """How an amount fills invoices in order: the first are paid first."""
    filled = []
    for due in dues:
        filled.append(min(amount_minor, due))
        amount_minor -= filled[-1]
    return filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """*invoices* is empty for a payment without one; then *text* says what it is for."""

    amount_minor: int
    currency: str
    invoices: tuple[Invoice, ...] = ()
    text: str = ""

    @classmethod
    def of_invoices(cls, invoices: Sequence[Invoice]) -> Order:
        """All that is due on them."""
        due = sum(one["due_minor"] for one in invoices)
        return cls(amount_minor=due, currency=invoices[0]["currency"], invoices=tuple(invoices))

    @property
    def due_minor(self) -> int | None:
        return sum(one["due_minor"] for one in self.invoices) if self.invoices else None

    @property
    def numbers(self) -> str:
        return ", ".join(str(one["number"] or one["id"]) for one in self.invoices)

    @property
    def who(self) -> str:
        """Owner and animals, each once."""
        owners = dict.fromkeys(str(one["owner"]) for one in self.invoices)
        animals = dict.fromkeys(str(one["animal"]) for one in self.invoices if one["animal"])
        return "   ".join(part for part in (", ".join(owners), ", ".join(animals)) if part)

    def with_amount(self, amount_minor: int) -> Order:
        return replace(self, amount_minor=amount_minor)

    def with_fresh(self, invoices: Sequence[Invoice]) -> Order:
        """The same with the invoices as just read. An amount that was all that was due is all that is due now."""
        due = sum(one["due_minor"] for one in invoices)
        amount = due if self.amount_minor == self.due_minor else min(self.amount_minor, due)
        return replace(self, invoices=tuple(invoices), amount_minor=amount)

    def unlisted(self) -> Order:
        """The same amount without the invoices, their numbers as text: while they cannot be read."""
        return Order(amount_minor=self.amount_minor, currency=self.currency, text=self.numbers)

    def body(self, terminal: str, *, large_confirmed: bool) -> dict[str, object]:
        """The question to the agent: the due sums and parts are those that the person saw."""
        body: dict[str, object] = {"terminal": terminal, "currency": self.currency}
        if large_confirmed:
            body["large_confirmed"] = True
        if not self.invoices:
            return body | {"amount_minor": self.amount_minor, "text": self.text}
        dues = [one["due_minor"] for one in self.invoices]
        body["lines"] = [
            {"invoice": one["id"], "part": one["part"], "due_minor": one["due_minor"], "amount_minor": share}
            for one, share in zip(self.invoices, shares(self.amount_minor, dues), strict=True)
            if share
        ]
        return body
