"""When a payment counts as booked, and what stands in the way of booking it: pure rules over what was just read.

The practice system has no idempotency key: our own reference in a payment's free text is the only anchor. So a row is
booked if a payment on its invoice carries its reference and its amount; whatever comes close without fitting stops the
row for a person instead of being posted again or taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from edgepos.domain.identifiers import ALPHABET
from edgepos.domain.invoice import Booking, Invoice, PracticePayment, WhyNot

ROW = re.compile(rf"(?<![0-9A-Z])E[{ALPHABET}]{{12}}\.[0-9]+")
TERMINAL = re.compile(r" ([0-9]{8})$", re.ASCII)
TAKES_PAYMENTS = frozenset({None, WhyNot.PAID, WhyNot.NOT_POSITIVE, WhyNot.OTHER_DEPARTMENT, WhyNot.AMOUNT_UNREADABLE})
"""What a finalised invoice may be and still take a booking: the money is taken already, the due sum judged apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The practice system has it, as *payment_id*."""

    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A person has to look: *cause* is a stable word, *facts* name what was seen."""

    cause: str
    facts: Mapping[str, object] = field(default_factory=dict)


def row_in(info: str) -> str | None:
    """Whose booking a payment is by its text: the first of our references in it (a refund names its payment second)."""
    found = ROW.search(info)
    return found[0] if found else None


def terminal_in(info: str) -> str | None:
    """The terminal that took or gave the money, by a payment's text; None where it names none, as a cut one does."""
    found = TERMINAL.search(info)
    return found[1] if found else None


def look_up(
    booking: Booking, payments: Sequence[PracticePayment], *, intended_at: str, not_these: Collection[str] = ()
) -> Booked | Stop | None:
    """What the invoice's payments say of *booking*; None: nothing like it is there.

    *intended_at*: when we began (RFC 3339). *not_these*: payments known to be others' (adopted, or denied by a person).
    """
    here = [payment for payment in payments if payment.invoice == booking.invoice]
    ours = [payment for payment in here if row_in(payment.info) == booking.row]
    fitting = [payment for payment in ours if payment.amount_minor == booking.amount_minor]
    if len(fitting) > 1:  # one that staff cancelled since is no double any more
        fitting = [payment for payment in fitting if not payment.is_cancelled] or fitting
    if len(fitting) == 1:
        return Booked(payment_id=fitting[0].id)
    if fitting:
        return Stop(cause="possible-double", facts={"practice_payments": [payment.id for payment in fitting]})
    if ours:
        seen = [{"practice_payment": payment.id, "amount_minor": payment.amount_minor} for payment in ours]
        return Stop(cause="booked-differs", facts={"seen": seen})
    by_hand = [
        payment.id
        for payment in here
        if payment.amount_minor == booking.amount_minor
        and row_in(payment.info) is None
        and not payment.is_cancelled
        and payment.id not in not_these
        and (not payment.created_at or payment.created_at[:19] >= intended_at[:19])
    ]
    return Stop(cause="booked-by-hand", facts={"practice_payments": by_hand}) if by_hand else None


def obstacle(invoice: Invoice, booking: Booking, *, allows_overpayment: bool) -> Stop | None:
    """Why the invoice as just read does not take *booking*; None if it may be posted."""
    if invoice.why_not not in TAKES_PAYMENTS:
        facts = {"status": invoice.status_text} if invoice.status_text else {}
        return Stop(cause=str(invoice.why_not), facts=facts)
    if (
        booking.amount_minor > invoice.due_minor
        and booking.amount_minor > 0
        and invoice.why_not is not WhyNot.AMOUNT_UNREADABLE  # then only the practice system can tell
        and not allows_overpayment
    ):
        return Stop(cause="due-too-small", facts={"due_minor": invoice.due_minor})
    return None
