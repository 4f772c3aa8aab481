"""Provet's JSON: the shapes that were seen read right, anything else is harmless and never becomes money."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepos.domain.invoice import Booking, WhyNot
from edgepos.practice.provet import wire

BASE = "https://practice.example/1234/api/0.1/"

INVOICE: dict[str, Any] = {
    "url": f"{BASE}invoice/501/", "id": 501, "status": 3, "invoice_number": 20417, "invoice_prefix": "STH",
    "client": f"{BASE}client/77/", "department": f"{BASE}department/2/", "patients": [f"{BASE}patient/88/"],
    "total_with_vat": Decimal("1250.0"), "due_sum": Decimal("1250.0"), "client_due_sum": Decimal("750.0"),
    "credit_note": False, "invoice_payment": [], "payer_name": "Test Testsson",
    "created": "2026-11-24T15:02:11+01:00", "modified": "2026-11-24T15:09:40+01:00",
}  # fmt: skip
PAYMENT: dict[str, Any] = {
    "id": 9001, "invoice": f"{BASE}invoice/501/", "payment_type": 0, "paid": Decimal("750.0"),
    "info": "E7K2M9Q4T1XA3.1 VISA", "created": "2026-11-24T15:11:03+01:00",
}  # fmt: skip
BOOKING = Booking(
    row="E7K2M9Q4T1XA3.1", invoice="501", amount_minor=75000, currency="SEK", card_scheme="VISA", last_four="0119",
    authorisation="A1B2C3", operator="anna", day="2026-11-24",
)  # fmt: skip

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


class Alarms:
    def __init__(self) -> None:
        self.kinds: list[str] = []

    def __call__(self, kind: str, facts: Mapping[str, object]) -> None:
        self.kinds.append(kind)


def invoice(**changed: object) -> Any:
    row = {key: value for key, value in (INVOICE | changed).items() if value is not ...}
    return wire.invoice(row, "SEK", "2", Alarms())


def test_an_invoice_as_it_was_seen_reads_whole() -> None:
    read = invoice()
    assert (read.id, read.number, read.owner, read.owner_id) == ("501", "STH-20417", "Test Testsson", "77")
    assert (read.due_minor, read.total_minor, read.insurer_minor) == (75000, 125000, 50000)
    assert (read.animal_ids, read.department, read.why_not) == (("88",), "2", None)
    assert read.modified_at == "2026-11-24T14:09:40Z"


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        (Decimal("24.97"), 2497), (Decimal("22.0"), 2200), (Decimal("-0.0"), 0), ("120.50", 12050), (22, 2200),
        (" 7.5 ", 750), (Decimal("-12.30"), -1230), ("", None), (None, None), ("NaN", None), ("Infinity", None),
        (True, None), ([], None), ({}, None), ("1e999999", None), (Decimal("1e400"), None), ("twelve", None),
        ("12,50", None),
    ],
)  # fmt: skip
def test_an_amount_reads_exactly_or_not_at_all(value: object, minor: int | None) -> None:
    assert wire.amount(value, "SEK") == wire.Amount(minor)


@pytest.mark.parametrize(("value", "minor"), [(Decimal("24.975"), 2498), ("0.001", 0), (Decimal("1e-300"), 0)])
def test_an_amount_that_minor_units_cannot_hold_says_that_it_was_rounded(value: object, minor: int) -> None:
    assert wire.amount(value, "SEK") == wire.Amount(minor, is_rounded=True)


def test_a_rounded_due_sum_raises_the_alarm() -> None:
    alarms = Alarms()
    wire.invoice(INVOICE | {"client_due_sum": Decimal("749.995")}, "SEK", "2", alarms)
    assert alarms.kinds == ["amount-rounded"]


@pytest.mark.parametrize(
    ("value", "id"),
    [
        (f"{BASE}invoice/501/", "501"), (501, "501"), ("501", "501"), ({"id": 501, "x": 1}, "501"),
        ({"url": f"{BASE}invoice/501/"}, "501"), ("/invoice/501", "501"), (None, None), ("", None), (True, None),
        (-1, None), ("invoice/abc/", None), ({}, None), (Decimal("5.5"), None),
    ],
)  # fmt: skip
def test_a_relation_is_its_id_in_whichever_form_it_comes(value: object, id: str | None) -> None:
    assert wire.relation(value) == id


@pytest.mark.parametrize(
    ("changed", "why_not"),
    [
        ({"status": 0}, WhyNot.DRAFT), ({"status": 1}, WhyNot.SENT), ({"status": 2}, WhyNot.SENT),
        ({"status": 4}, WhyNot.INVOICING), ({"status": 99}, WhyNot.VOIDED), ({"status": 7}, WhyNot.STATUS_UNKNOWN),
        ({"status": ...}, WhyNot.STATUS_UNKNOWN), ({"status": "3"}, None), ({"status": None}, WhyNot.STATUS_UNKNOWN),
        ({"credit_note": True}, WhyNot.CREDIT_NOTE), ({"credit_note": ...}, WhyNot.STATUS_UNKNOWN),
        ({"client_due_sum": "0.00"}, WhyNot.PAID), ({"client_due_sum": Decimal("-0.0")}, WhyNot.PAID),
        ({"client_due_sum": -5}, WhyNot.NOT_POSITIVE), ({"client_due_sum": ...}, WhyNot.AMOUNT_UNREADABLE),
        ({"total_with_vat": -100}, WhyNot.NOT_POSITIVE), ({"total_with_vat": "?"}, WhyNot.AMOUNT_UNREADABLE),
        ({"department": f"{BASE}department/1/"}, WhyNot.OTHER_DEPARTMENT), ({"currency": "EUR"}, WhyNot.OTHER_CURRENCY),
        ({"currency": {"code": "sek"}}, None), ({"currency": None}, None),
    ],
)  # fmt: skip
def test_only_a_finalised_positive_unpaid_invoice_of_ours_can_be_paid(
    changed: dict[str, object], why_not: WhyNot | None
) -> None:
    assert invoice(**changed).why_not is why_not


def test_an_organisation_is_the_owner_and_nobody_is_no_owner() -> None:
    assert invoice(payer_organization_name="Demo Stall AB").owner == "Demo Stall AB"
    nobody = invoice(payer_name=None, client=None, patients=None)
    assert (nobody.owner, nobody.owner_id, nobody.animal_ids) == ("", None, ())


def test_a_name_cannot_steer_the_screen() -> None:
    assert invoice(payer_name="Bad\x1b[2J\u202e\nName").owner == "Bad [2J Name"


def test_a_cancelled_payment_and_a_payment_of_unknown_type_are_seen() -> None:
    read = wire.payment(PAYMENT | {"cancelled": True, "payment_type": None}, "SEK", Alarms())
    assert read is not None
    assert read.is_cancelled
    assert read.is_card
    assert read.amount_minor == 75000


@pytest.mark.parametrize("row", [{}, {"id": 1}, {"id": 1, "invoice": None}, [], "x", None])
def test_a_payment_without_id_or_invoice_is_none(row: object) -> None:
    assert wire.payment(row, "SEK", Alarms()) is None


def test_our_reference_comes_first_and_money_keeps_its_digits() -> None:
    body = wire.payment_body(BOOKING, base=BASE, user="12", date_field="payment_date")
    assert '"paid": 750.00,' in body
    sent = json.loads(body)
    assert sent["info"] == "E7K2M9Q4T1XA3.1 VISA **** 0119 A1B2C3"
    assert sent["invoice"] == f"{BASE}invoice/501/"
    assert sent["created_user"] == f"{BASE}user/12/"
    assert (sent["payment_type"], sent["status"], sent["payment_date"]) == (0, 3, "2026-11-24")


def test_a_refund_names_its_payment_second_and_is_negative() -> None:
    refund = Booking(row="E7K2M9Q4T1XB3.1", invoice="501", amount_minor=-5, currency="SEK", corrects_row=BOOKING.row)
    sent = json.loads(wire.payment_body(refund, base=BASE, user=None, date_field=None), parse_float=str)
    assert (sent["paid"], sent["info"]) == ("-0.05", "E7K2M9Q4T1XB3.1 E7K2M9Q4T1XA3.1")
    assert "created_user" not in sent


@given(row=Json)
def test_no_json_crashes_the_reader_or_becomes_money(row: object) -> None:
    read = wire.invoice(row, "SEK", "2", Alarms())
    assert read is None or not read.is_payable
    assert wire.payment(row, "SEK", Alarms()) is None or isinstance(row, dict)


@given(key=st.sampled_from(sorted(INVOICE)), value=Json)
def test_one_wrong_field_never_makes_a_payable_invoice_of_a_wrong_sum(key: str, value: object) -> None:
    read = wire.invoice(INVOICE | {key: value}, "SEK", "2", Alarms())
    assert read is None or not read.is_payable or key == "client_due_sum" or read.due_minor == 75000


@given(key=st.sampled_from(sorted(PAYMENT)), value=Json)
def test_one_wrong_field_never_crashes_a_payment(key: str, value: object) -> None:
    wire.payment(PAYMENT | {key: value}, "SEK", Alarms())
