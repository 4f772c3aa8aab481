"""What every practice system promises, whichever it is: `PracticeSystem` as tests. A second one subclasses this too.

A subclass gives `system` (a PracticeSystem), `payable` (the id of an invoice with a due sum of 750.00) and `draft` (the
id of one that takes no payment).
"""

from __future__ import annotations

import pytest

from edgepos.domain.booking import Booked, look_up
from edgepos.domain.errors import Wrong
from edgepos.domain.invoice import Booking
from edgepos.practice import Permanent, PracticeSystem

ROW, OTHER_ROW = "E7K2M9Q4T1XA3.1", "E7K2M9Q4T1XB3.1"


def a_booking(invoice: str, amount_minor: int, row: str = ROW) -> Booking:
    return Booking(
        row=row, invoice=invoice, amount_minor=amount_minor, currency="SEK", card_scheme="VISA", last_four="0119"
    )


class PracticeContract:
    async def test_what_was_posted_is_found_by_our_reference(
        self, system: PracticeSystem, payable: str, draft: str
    ) -> None:
        booking = a_booking(payable, 75000)
        posted = await system.post(booking)
        payments = await system.payments_of(await system.invoice(payable))
        found = look_up(booking, payments, intended_at="2026-01-01T00:00:00Z")
        assert found == Booked(payment_id=posted.payment_id)

    async def test_a_payment_lowers_what_is_due(self, system: PracticeSystem, payable: str, draft: str) -> None:
        await system.post(a_booking(payable, 25000))
        assert (await system.invoice(payable)).due_minor == 50000

    async def test_money_back_raises_what_is_due(self, system: PracticeSystem, payable: str, draft: str) -> None:
        await system.post(a_booking(payable, 75000))
        await system.post(a_booking(payable, -30000, OTHER_ROW))
        assert (await system.invoice(payable)).due_minor == 30000

    async def test_an_invoice_that_takes_no_payment_refuses_for_good(
        self, system: PracticeSystem, payable: str, draft: str
    ) -> None:
        with pytest.raises(Permanent) as refused:
            await system.post(a_booking(draft, 100))
        assert refused.value.cause == "draft"
        assert await system.payments_of(await system.invoice(draft)) == []

    async def test_an_unknown_invoice_is_said_to_be_unknown(
        self, system: PracticeSystem, payable: str, draft: str
    ) -> None:
        with pytest.raises(Wrong) as wrong:
            await system.invoice("999999")
        assert wrong.value.code == "unknown-invoice"

    async def test_the_list_has_what_can_be_paid_and_what_cannot_yet(
        self, system: PracticeSystem, payable: str, draft: str
    ) -> None:
        listed = {invoice.id: invoice for invoice in await system.invoices(since=None)}
        assert listed[payable].is_payable
        assert not listed[draft].is_payable

    async def test_what_is_unpaid_is_told_from_the_rest_or_not_at_all(
        self, system: PracticeSystem, payable: str, draft: str
    ) -> None:
        unpaid = await system.unpaid()
        assert unpaid is None or (payable in {one.id for one in unpaid if one.is_payable})
        await system.post(a_booking(payable, 75000))
        unpaid = await system.unpaid()
        assert unpaid is None or payable not in {one.id for one in unpaid if one.is_payable}

    async def test_what_changed_since_shows_a_payment(self, system: PracticeSystem, payable: str, draft: str) -> None:
        before = await system.invoice(payable)
        await system.post(a_booking(payable, 75000))
        changed = {invoice.id: invoice for invoice in await system.invoices(since=before.modified_at)}
        assert changed[payable].due_minor == 0

    async def test_the_payload_shown_is_what_is_sent(self, system: PracticeSystem, payable: str, draft: str) -> None:
        shown = system.payload(a_booking(payable, 75000))
        assert ROW in shown
        assert "750.00" in shown
