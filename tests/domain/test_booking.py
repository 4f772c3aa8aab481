"""When a payment counts as booked, and what stops a booking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgepos.domain.booking import Booked, Stop, look_up, obstacle, row_in, terminal_in
from edgepos.domain.invoice import Booking, Invoice, Kept, PracticePayment, WhyNot, chargeable

ROW, REFUND = "E7K2M9Q4T1XA3.1", "E7K2M9Q4T1XB3.1"
BOOKING = Booking(row=ROW, invoice="501", amount_minor=75000, currency="SEK")
BEGAN = "2026-11-25T08:00:00.500Z"
INVOICE = Invoice(
    id="501", number="STH-20417", owner="", owner_id=None, animal="", department="2", due_minor=75000,
    total_minor=125000, currency="SEK", why_not=None,
)  # fmt: skip


def payment(id: str, info: str = "", amount_minor: int = 75000, at: str = "2026-11-25T09:00:00Z") -> PracticePayment:
    return PracticePayment(id=id, invoice="501", amount_minor=amount_minor, payment_type=0, info=info, created_at=at)


def look(
    *payments: PracticePayment, booking: Booking = BOOKING, not_these: tuple[str, ...] = ()
) -> Booked | Stop | None:
    return look_up(booking, payments, intended_at=BEGAN, not_these=not_these)


@pytest.mark.parametrize(
    ("info", "terminal"),
    [(f"{ROW} VISA **** 0119 A1B2C3 70000001", "70000001"), (f"{ROW} 123456A1B2C3 70000002", "70000002"),
     (f"{ROW} VISA **** 0119 A1B2C3", None), (f"{ROW} VISA **** 0119 A1B2C3 7000000", None), ("Kontant", None),
     ("", None)],
)  # fmt: skip
def test_a_booking_names_its_terminal_last_or_not_at_all(info: str, terminal: str | None) -> None:
    assert terminal_in(info) == terminal


def test_one_payment_with_our_reference_is_the_booking() -> None:
    assert look(payment("8", "other"), payment("9", f"{ROW} VISA")) == Booked(payment_id="9")


def test_nothing_like_it_is_nothing() -> None:
    assert look(payment("8", amount_minor=100), payment("9", "E7K2M9Q4T1XA3.11 VISA")) is None


def test_line_1_is_not_found_in_line_11() -> None:
    assert row_in("E7K2M9Q4T1XA3.11 VISA") == "E7K2M9Q4T1XA3.11"


def test_a_refund_that_names_its_payment_is_not_taken_for_it() -> None:
    back = payment("9", f"{REFUND} {ROW} VISA", amount_minor=-75000)
    assert look(back) is None
    assert look(back, booking=replace(BOOKING, row=REFUND, amount_minor=-75000)) == Booked(payment_id="9")


def test_two_with_our_reference_stop_it_and_both_are_named() -> None:
    stop = look(payment("8", ROW), payment("9", ROW))
    assert stop == Stop(cause="possible-double", facts={"practice_payments": ["8", "9"]})


def test_a_double_that_staff_cancelled_is_none_any_more() -> None:
    assert look(replace(payment("8", ROW), is_cancelled=True), payment("9", ROW)) == Booked(payment_id="9")


@pytest.mark.parametrize("amount", [74999, -75000, None])
def test_our_reference_with_another_amount_stops_it(amount: int | None) -> None:
    stop = look(replace(payment("9", ROW), amount_minor=amount))
    assert isinstance(stop, Stop)
    assert stop.cause == "booked-differs"


def test_the_same_amount_by_hand_since_we_began_stops_it() -> None:
    assert look(payment("9", "Kort")) == Stop(cause="booked-by-hand", facts={"practice_payments": ["9"]})


def test_a_time_that_cannot_be_read_counts_as_since() -> None:
    assert isinstance(look(payment("9", "Kort", at="")), Stop)


@pytest.mark.parametrize(
    "other",
    [
        payment("9", "Kort", at="2026-11-25T07:59:59Z"), payment("9", "E7K2M9Q4T1XB3.2 VISA"),
        replace(payment("9", "Kort"), is_cancelled=True), replace(payment("9", "Kort"), invoice="502"),
    ],
)  # fmt: skip
def test_an_older_one_another_rows_a_cancelled_one_and_another_invoices_do_not(other: PracticePayment) -> None:
    assert look(other) is None


def test_what_a_person_denied_is_not_held_against_it_again() -> None:
    assert look(payment("9", "Kort"), not_these=("9",)) is None


@pytest.mark.parametrize(
    ("why_not", "cause"),
    [
        (WhyNot.DRAFT, "draft"),
        (WhyNot.VOIDED, "voided"),
        (WhyNot.CREDIT_NOTE, "credit-note"),
        (WhyNot.INVOICING, "invoicing"),
    ],
)
def test_an_invoice_that_takes_no_payment_stops_it(why_not: WhyNot, cause: str) -> None:
    stop = obstacle(replace(INVOICE, why_not=why_not), BOOKING, allows_overpayment=True)
    assert stop is not None
    assert stop.cause == cause


def test_a_due_sum_that_fell_stops_a_payment_unless_the_tenant_allows_it() -> None:
    paid = replace(INVOICE, due_minor=0, why_not=WhyNot.PAID)
    assert obstacle(paid, BOOKING, allows_overpayment=False) == Stop(cause="due-too-small", facts={"due_minor": 0})
    assert obstacle(paid, BOOKING, allows_overpayment=True) is None


def test_money_back_needs_no_due_sum_and_an_unreadable_one_is_left_to_the_practice_system() -> None:
    paid = replace(INVOICE, due_minor=0, why_not=WhyNot.PAID)
    assert obstacle(paid, replace(BOOKING, amount_minor=-75000), allows_overpayment=False) is None
    unreadable = replace(INVOICE, due_minor=0, why_not=WhyNot.AMOUNT_UNREADABLE)
    assert obstacle(unreadable, BOOKING, allows_overpayment=False) is None


def kept(minor: int, *, due: int | None = 75000, booked_s_ago: float | None = None) -> Kept:
    return Kept(row=ROW, kept_minor=minor, due_minor=due, is_booked=booked_s_ago is not None, booked_s_ago=booked_s_ago)


@pytest.mark.parametrize(
    ("due", "held", "left"),
    [
        (75000, [], 75000),
        (75000, [kept(30000)], 45000),  # not booked yet
        (45000, [kept(30000, booked_s_ago=300)], 45000),
        (75000, [kept(30000, booked_s_ago=3)], 45000),  # the due sum lags
        (75000, [kept(30000, booked_s_ago=3), kept(20000, due=45000)], 25000),
        (75000, [kept(75000, booked_s_ago=3)], 0),
        (90000, [kept(30000, booked_s_ago=300)], 90000),  # rows were added since
        (75000, [kept(75000, booked_s_ago=9), kept(-75000, due=None, booked_s_ago=5)], 75000),  # paid and given back
        (0, [kept(75000, booked_s_ago=300), kept(-75000, due=None)], 0),  # the refund is not booked yet
        (-500, [], 0),
    ],
)
def test_what_may_be_charged(due: int, held: list[Kept], left: int) -> None:
    assert chargeable(replace(INVOICE, due_minor=due), held) == left


def test_an_invoice_is_payable_unless_there_is_a_reason_against_it() -> None:
    assert INVOICE.is_payable
    assert not replace(INVOICE, why_not=WhyNot.DRAFT).is_payable
