"""The practice system's books: invoices, payments on them, owners, animals. Rules of protocols/provet.md §9 and §13.

Amounts are minor units of SEK in here; floats exist only in the answers that `provet.py` writes. Sums of what is due
follow from the payments and are never stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from edgepos.clock import Clock
from edgepos.simulator.variants import PracticeVariants

ZONE = ZoneInfo("Europe/Stockholm")

DRAFT, SENT, OPEN, FINALIZED, INVOICING, VOIDED = 0, 1, 2, 3, 4, 99
PAYMENT_TYPES = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 15)


class Rejected(Exception):
    """The books do not take it; *field* is the key that the answer names."""

    def __init__(self, field_name: str, text: str) -> None:
        super().__init__(text)
        self.field = field_name
        self.text = text


@dataclass(slots=True)
class Row:
    id: int
    name: str
    quantity: int
    gross_minor: int


@dataclass(slots=True)
class Invoice:
    id: int
    status: int
    department: int
    prefix: str
    created: datetime
    modified: datetime
    invoice_date: date
    rows: list[Row]
    number: int | None = None
    client: int | None = None
    patients: tuple[int, ...] = ()
    consultation: int | None = None
    payer: str = ""
    insurer_minor: int = 0
    credit_note: bool = False
    original: int | None = None
    remarks: str = ""
    grows_when_listed: bool = False

    @property
    def total_minor(self) -> int:
        return sum(row.gross_minor for row in self.rows)


@dataclass(slots=True)
class Booking:
    """A payment on an invoice. A refund is negative; a cancelled one keeps its row and gets a counter row."""

    id: int
    invoice: int
    payment_type: int
    paid_minor: int
    info: str
    created: datetime
    modified: datetime
    payment_date: date
    seen_in_due_at: float
    status: int = 3
    created_user: int | None = None
    by_hand: bool = False
    cancelled: bool = False
    counters: int | None = None
    extras: list[dict[str, Any]] = field(default_factory=list)


class Practice:
    def __init__(self, clock: Clock) -> None:
        self.variants = PracticeVariants()
        self.invoices: dict[int, Invoice] = {}
        self.bookings: dict[int, Booking] = {}
        self.departments: dict[int, dict[str, Any]] = {}
        self.clients: dict[int, dict[str, Any]] = {}
        self.patients: dict[int, dict[str, Any]] = {}
        self.users: dict[int, dict[str, Any]] = {}
        self.consultations: dict[int, dict[str, Any]] = {}
        self._clock = clock
        self._bookings_of: defaultdict[int, list[int]] = defaultdict(list)
        self._next_booking = 9001
        self._next_invoice = 2001
        self._next_row = 30001

    def now(self) -> datetime:
        """The server's clock, in the tenant's zone."""
        return (self._clock.now() + timedelta(seconds=self.variants.clock_offset_s)).astimezone(ZONE)

    # Reading.

    def bookings_of(self, invoice: Invoice) -> Iterator[Booking]:
        return (self.bookings[number] for number in self._bookings_of[invoice.id])

    def paid_minor(self, invoice: Invoice, *, as_shown: bool = False) -> int:
        """What the payments sum up to; *as_shown*: without those that come later by the variant `due_lag_s`."""
        now = self._clock.monotonic()
        return sum(b.paid_minor for b in self.bookings_of(invoice) if not as_shown or b.seen_in_due_at <= now)

    def due_minor(self, invoice: Invoice, *, as_shown: bool = False) -> int:
        return invoice.total_minor - self.paid_minor(invoice, as_shown=as_shown)

    def client_due_minor(self, invoice: Invoice, *, as_shown: bool = False) -> int:
        """What is left for the owner: without the insurer's part."""
        return self.due_minor(invoice, as_shown=as_shown) - invoice.insurer_minor

    def paid_on(self, invoice: Invoice) -> date | None:
        if self.variants.date_paid == "never" or self.due_minor(invoice) != 0:
            return None
        return max((b.payment_date for b in self.bookings_of(invoice)), default=None)

    # Changing.

    def book(
        self, invoice_id: int, paid_minor: int, *, payment_type: int = 0, status: int = 3, info: str = "",
        created_user: int | None = None, payment_date: date | None = None, by_hand: bool = False,
    ) -> Booking:  # fmt: skip
        """Adds a payment. Raises Rejected, and nothing has changed."""
        invoice = self.invoices.get(invoice_id)
        if invoice is None:
            raise Rejected("invoice", "Ogiltig hyperlänk - Objektet finns inte.")
        if invoice.status != FINALIZED:
            raise Rejected("invoice", "Fakturan är inte slutförd (not finalized).")
        day = payment_date or self.now().date()
        self._refuse_locked(day)
        self._refuse_amount(invoice, paid_minor)
        booking = self._add(invoice, paid_minor, day, payment_type=payment_type, info=self._kept_info(info))
        booking.status, booking.created_user = status, created_user
        booking.by_hand = by_hand
        return booking

    def cancel(self, booking: Booking, info: str, day: date | None) -> Booking:
        """Marks a payment as cancelled and adds the counter row. Raises Rejected the second time."""
        if booking.cancelled or booking.counters is not None:
            raise Rejected("non_field_errors", "Betalningen är redan makulerad.")
        payment_date = day or self.now().date()
        self._refuse_locked(payment_date)
        invoice = self.invoices[booking.invoice]
        counter = self._add(invoice, -booking.paid_minor, payment_date, payment_type=booking.payment_type, info=info)
        counter.created_user = booking.created_user
        booking.cancelled, counter.counters = True, booking.id
        booking.modified = self.now()
        return counter

    def delete(self, booking_id: int) -> None:
        """A row disappears, as no call of the API can do it. Raises KeyError for an unknown one."""
        booking = self.bookings.pop(booking_id)
        self._bookings_of[booking.invoice].remove(booking_id)

    def grow(self, invoice: Invoice) -> None:
        """Somebody adds a row while the invoice is being listed."""
        invoice.grows_when_listed = False
        self.add_row(invoice, "Tillägg", 5000)

    def add_row(self, invoice: Invoice, name: str, gross_minor: int) -> None:
        invoice.rows.append(Row(self._next_row, name, 1, gross_minor))
        invoice.modified = self.now()
        self._next_row += 1

    def new_invoice(self, total_minor: int, department: int, **fields: Any) -> Invoice:
        """A finalised invoice of one row, made at the desk; *fields* replace what it would have."""
        now = self.now()
        invoice = Invoice(
            id=self._next_invoice, status=FINALIZED, department=department,
            prefix=self.departments[department]["invoice_prefix"], created=now, modified=now,
            invoice_date=now.date(), rows=[], number=self._next_invoice + 20000,
        )  # fmt: skip
        self._next_invoice += 1
        for name, value in fields.items():
            setattr(invoice, name, value)
        self.add_row(invoice, "Behandling", total_minor)
        self.invoices[invoice.id] = invoice
        return invoice

    def _add(self, invoice: Invoice, paid_minor: int, payment_date: date, *, payment_type: int, info: str) -> Booking:
        now = self.now()
        booking = Booking(
            id=self._next_booking, invoice=invoice.id, payment_type=payment_type, paid_minor=paid_minor, info=info,
            created=now, modified=now, payment_date=payment_date,
            seen_in_due_at=self._clock.monotonic() + self.variants.due_lag_s,
        )  # fmt: skip
        self._next_booking += 1
        self.bookings[booking.id] = booking
        self._bookings_of[invoice.id].append(booking.id)
        invoice.modified = now
        return booking

    def _kept_info(self, info: str) -> str:
        if self.variants.info == "drop":
            return ""
        if len(info) <= self.variants.info_limit:
            return info
        if self.variants.info == "truncate":
            return info[: self.variants.info_limit]
        raise Rejected("info", f"Se till att fältet inte har fler än {self.variants.info_limit} tecken.")

    def _refuse_locked(self, day: date) -> None:
        if self.variants.lock_date is not None and day < self.variants.lock_date:
            raise Rejected("payment_date", f"Bokföringsperioden är låst till och med {self.variants.lock_date}.")

    def _refuse_amount(self, invoice: Invoice, paid_minor: int) -> None:
        if paid_minor == 0:
            raise Rejected("paid", "Beloppet får inte vara noll.")
        if paid_minor < 0:
            if self.variants.refunds == "refuse":
                raise Rejected("paid", "Beloppet måste vara större än noll.")
            if self.paid_minor(invoice) + paid_minor < 0:
                raise Rejected("paid", "Återbetalningen är större än det betalda beloppet.")
        elif paid_minor > self.client_due_minor(invoice) and self.variants.overpayment == "refuse":
            raise Rejected("paid", "Beloppet är större än det som återstår att betala.")
