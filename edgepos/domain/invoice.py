"""Invoices and bookings as the practice system has them, in edgepos' own words. Amounts: the clinic's minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class WhyNot(StrEnum):
    """Why an invoice cannot be paid at the terminal."""

    DRAFT = "draft"
    SENT = "sent"
    """Marked as sent, or open: not finalised."""
    INVOICING = "invoicing"
    """Sent for later payment (status 4)."""
    VOIDED = "voided"
    CREDIT_NOTE = "credit-note"
    PAID = "paid"
    NOT_POSITIVE = "not-positive"
    """A total of zero or less, or a due sum below zero."""
    OTHER_DEPARTMENT = "other-department"
    STATUS_UNKNOWN = "status-unknown"
    AMOUNT_UNREADABLE = "amount-unreadable"
    OTHER_CURRENCY = "other-currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One invoice. *id* is the practice system's key, *number* what staff see. Its names never enter the journal."""

    id: str
    number: str
    owner: str
    owner_id: str | None
    animal: str
    animal_ids: tuple[str, ...] = ()
    department: str | None
    due_minor: int
    """What the client still has to pay (`client_due_sum`), without the insurer's part."""
    total_minor: int
    currency: str
    insurer_minor: int = 0
    """What is due from others (`due_sum` less `client_due_sum`)."""
    why_not: WhyNot | None
    status_text: str = ""
    """The practice system's own status, for the screen, when it is not one we know."""
    payment_ids: tuple[str, ...] = ()
    created_at: str = ""
    modified_at: str = ""

    @property
    def is_payable(self) -> bool:
        return self.why_not is None


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticePayment:
    """A payment on an invoice as the practice system has it. *amount_minor* is negative for money back."""

    id: str
    invoice: str
    amount_minor: int | None
    """None where it cannot be read."""
    payment_type: int | None
    info: str
    created_at: str = ""
    is_cancelled: bool = False
    is_card: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What one outbox row asks of the practice system."""

    row: str
    """`REFERENCE.LINE`: first word of the payment's `info`, unique for ever."""
    invoice: str
    amount_minor: int
    """Negative for a refund or a reversal."""
    currency: str
    card_scheme: str = ""
    last_four: str = ""
    authorisation: str = ""
    terminal: str = ""
    """Last in `info`: whoever has lost the journal learns from it which terminal it was."""
    operator: str = ""
    day: str | None = None
    """The day to book on, where it is not the practice system's own today."""
    corrects_row: str | None = None
    """For money back: the row of the payment that it takes from."""
    corrects_payment: str | None = None
    """For money back: the practice system's id of that payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one of our payments holds of an invoice, or gave back of it, as the practice system may know it or not."""

    row: str
    kept_minor: int
    """Negative for money back."""
    due_minor: int | None
    """The due sum that its intent saw."""
    is_booked: bool
    """Its booking is among the payments of the invoice as just read."""
    booked_s_ago: float | None = None
    """Since its booking was acknowledged, by a clock that only runs forward; None if it was not, or long ago."""


DUE_LAG_S = 120.0
"""For so long after a booking the practice system's due sum may still be the old one."""


def chargeable(invoice: Invoice, kept: Sequence[Kept]) -> int:
    """What may still be charged on an invoice just read: its due sum without what we hold and it does not show yet.

    *kept* in the order in which it was taken. Within DUE_LAG_S of a booking the due sum is not believed above what that
    payment's own intent left over. Money given back frees nothing before the practice system has it.
    """
    counted = [one for one in kept if one.kept_minor > 0 or one.is_booked]
    left = invoice.due_minor - sum(one.kept_minor for one in counted if not one.is_booked)
    for at, one in enumerate(counted):
        if one.booked_s_ago is not None and one.booked_s_ago < DUE_LAG_S and one.due_minor is not None:
            left = min(left, one.due_minor - sum(later.kept_minor for later in counted[at:]))
    return max(0, left)
