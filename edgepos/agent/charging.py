"""What may be charged on an invoice: shown with the list, and demanded again, freshly read, just before money is sent.

The practice system's due sum may lag behind our own bookings, and somebody may take cash meanwhile; so what the person
saw, what the journal holds and what the practice system says now have to be one sum. An invoice that cannot be read
again is not charged.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from edgepos.agent.invoices import Desk
from edgepos.clock import Clock, parse_rfc3339
from edgepos.domain.errors import NotReached, Refused
from edgepos.domain.invoice import Invoice, Kept, WhyNot, chargeable
from edgepos.domain.operation import Line, Operation
from edgepos.journal import InvoiceHeld, Journal

PATIENCE_S = 20.0
"""A person waits for it; the rate budget alone might make them wait for longer."""
NOTHING_HELD = InvoiceHeld()


@contextlib.asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """What is asked of the practice system while a person waits. Raises NotReached after a while."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except TimeoutError:
        raise NotReached("practice-away", service="practice", why="timeout") from None


class Charging:
    """*desk* is None where no practice system is set up."""

    def __init__(self, journal: Journal, desk: Desk | None, clock: Clock) -> None:
        self._journal = journal
        self._desk = desk
        self._clock = clock

    async def still_due(self, operation: Operation) -> None:
        """Each invoice of *operation* is read again: payable, and its due sum is what the person saw.

        Raises Refused `due-changed`, `not-payable`, `invoice-paid`; NotReached; Wrong `unknown-invoice`.
        """
        async with in_time():
            for line in operation.lines:
                if line.invoice is not None:
                    await self._line_still_due(line, line.invoice)

    async def _line_still_due(self, line: Line, id: str) -> None:
        desk = self._demand_desk()
        invoice = await desk.fresh(id)
        due_minor = await self.fresh_due(invoice)
        facts: dict[str, object] = {"invoice": id, "number": invoice.number}
        if not invoice.is_payable:
            paid = invoice.why_not is WhyNot.PAID
            raise Refused("invoice-paid" if paid else "not-payable", **facts, why_not=str(invoice.why_not))
        if due_minor != line.due_minor or line.amount_minor > due_minor:
            raise Refused("due-changed", **facts, due_minor=due_minor, currency=invoice.currency)

    async def named(self, id: str) -> Invoice:
        """The invoice, for its number and age. Raises Wrong `unknown-invoice`, NotReached."""
        desk = self._demand_desk()
        async with in_time():
            return desk.known(id) or await desk.fresh(id)

    async def fresh_due(self, invoice: Invoice) -> int:
        """What may be charged on *invoice*, just read. Raises NotReached."""
        return await self._demand_desk().chargeable(invoice, await self._journal.invoice_kept(invoice.id))

    async def documents(self, invoices: Sequence[Invoice]) -> list[dict[str, Any]]:
        """The invoices for screens, by what is at hand: to pick from, and never a reason to charge."""
        held = await self._journal.invoices_held([invoice.id for invoice in invoices])
        return [self._document(invoice, held.get(invoice.id, NOTHING_HELD)) for invoice in invoices]

    async def document(self, invoice: Invoice) -> dict[str, Any]:
        return (await self.documents([invoice]))[0]

    async def fresh_document(self, invoice: Invoice) -> dict[str, Any]:
        """The same of an invoice just read, with what may be charged on it now. Raises NotReached."""
        due_minor = await self.fresh_due(invoice)
        held = await self._journal.invoices_held([invoice.id])
        return self._document(invoice, held.get(invoice.id, NOTHING_HELD), due_minor=due_minor)

    def _document(self, invoice: Invoice, held: InvoiceHeld, *, due_minor: int | None = None) -> dict[str, Any]:
        due = _listed_due(invoice, held) if due_minor is None else due_minor
        is_payable = invoice.is_payable and due > 0
        why_not = invoice.why_not or (None if due > 0 else WhyNot.PAID)
        return {
            "id": invoice.id,
            "number": invoice.number,
            "owner": invoice.owner,
            "animal": invoice.animal,
            "due_minor": due,
            "total_minor": invoice.total_minor,
            "insurer": invoice.insurer_minor,
            "currency": invoice.currency,
            "part": held.part,
            "status": invoice.status_text,
            "payable": is_payable,
            "why_not": None if is_payable else str(why_not),
            "created_at": invoice.created_at,
            "age_s": self._age_s(invoice.created_at),
        }

    def _age_s(self, created_at: str) -> float | None:
        """For people only: the practice system's clock against ours."""
        try:
            return max(0.0, round((self._clock.now() - parse_rfc3339(created_at)).total_seconds()))
        except ValueError:
            return None

    def _demand_desk(self) -> Desk:
        if self._desk is None:
            raise NotReached("practice-away", service="practice", why="not-set-up")
        return self._desk


def _listed_due(invoice: Invoice, held: InvoiceHeld) -> int:
    """What may be charged, as far as the list and the journal know."""
    kept = [
        Kept(
            row=line.row,
            kept_minor=line.kept_minor,
            due_minor=line.due_minor,
            is_booked=line.practice_payment is not None and line.practice_payment in invoice.payment_ids,
        )
        for line in held.kept
    ]
    return chargeable(invoice, kept)
