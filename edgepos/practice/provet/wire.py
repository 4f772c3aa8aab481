"""Provet Cloud's JSON and edgepos' values: lenient in reading, strict in what counts (protocols/provet.md §8, §9).

No value that comes in can crash this module, and nothing unreadable becomes 0, False or "not there": an invoice whose
amounts, status or marks cannot be read is an invoice that cannot be paid. Numbers arrive as ints, Decimals (never
floats: `outbound` sees to it) or texts; relations as address, id or object; unset as null or "".
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from edgepos.domain.invoice import Booking, Invoice, PracticePayment, WhyNot
from edgepos.domain.money import DIGITS, Money
from edgepos.practice.provet import assumed

CARD = 0
"""`payment_type` of a card payment."""
FINALISED = 3
WHY_NOT_PAYABLE: Mapping[int, WhyNot] = {
    0: WhyNot.DRAFT, 1: WhyNot.SENT, 2: WhyNot.SENT, 4: WhyNot.INVOICING, 99: WhyNot.VOIDED,
}  # fmt: skip
LARGEST_EXPONENT = 15
"""No clinic has such amounts; without a bound, `1e999999` would be computed."""

Alarm = Callable[[str, Mapping[str, object]], None]
"""Told of what was readable but not as it should be: a kind and its facts."""


def no_alarm(kind: str, facts: Mapping[str, object]) -> None:
    """For readings whose peculiarities were told already."""


# --- single values


def integer(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value):
        return int(value)
    return None


def text(value: object, limit: int = 200) -> str:
    """A text for people: control and direction characters taken out, cut at *limit*; numbers as they are; else ''."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    shown = (" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in str(value)[: 4 * limit])
    kept = "".join(sign for sign in shown if unicodedata.category(sign) not in ("Cf", "Cs", "Co", "Cn"))
    return " ".join(kept.split())[:limit]


def relation(value: object) -> str | None:
    """The id of a related object, from its address (the last number of the path), its id or the object itself."""
    if isinstance(value, Mapping):
        return relation(value.get("id")) or relation(value.get("url"))
    if isinstance(value, str):
        found = re.fullmatch(r"(?:.*/)?([0-9]{1,18})/?\s*", value.strip(), re.DOTALL)
        return str(int(found[1])) if found else None
    number = integer(value)
    return None if number is None or number < 0 else str(number)


def relations(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(dict.fromkeys(found for one in value if (found := relation(one)) is not None))


@dataclass(frozen=True, slots=True)
class Amount:
    """*minor* is None where it cannot be read; *is_rounded* where minor units could not hold what came."""

    minor: int | None
    is_rounded: bool = False


def amount(value: object, currency: str) -> Amount:
    """An amount in whole units, as number or text, in minor units; `-0.0` is 0."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return Amount(None)
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except (InvalidOperation, ValueError):
        return Amount(None)
    if not number.is_finite() or number.adjusted() > LARGEST_EXPONENT:
        return Amount(None)
    if number.adjusted() < -LARGEST_EXPONENT:
        return Amount(0, is_rounded=bool(number))
    scaled = number.scaleb(DIGITS[currency])
    whole = scaled.to_integral_value(ROUND_HALF_EVEN)
    return Amount(int(whole), is_rounded=whole != scaled)


def moment(value: object) -> str:
    """A point in time as `YYYY-MM-DDThh:mm:ssZ` (UTC), or '' where it is unset, unreadable or without a zone."""
    if not isinstance(value, str):
        return ""
    try:
        read = datetime.fromisoformat(value.strip())
        return read.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if read.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def filter_time(moment: datetime) -> str:
    """A time for a filter: always with its offset, because a naive one would be the tenant's (assumed)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M+00:00")


# --- invoices and payments


def invoice(row: object, currency: str, department: str, alarm: Alarm) -> Invoice | None:
    """An invoice, or None where it has no id. *department*: ours, or '' for all."""
    if not isinstance(row, Mapping) or (id := relation(row.get("id")) or relation(row.get("url"))) is None:
        return None
    read = {name: amount(row.get(name), currency) for name in ("client_due_sum", "due_sum", "total_with_vat")}
    for name, one in read.items():
        if one.is_rounded:
            alarm("amount-rounded", {"invoice": id, "field": name, "value": text(row.get(name), 40)})
    due, total = read["client_due_sum"].minor, read["total_with_vat"].minor
    due_of_all = read["due_sum"].minor
    theirs = _currency(row)
    status = integer(row.get("status"))
    return Invoice(
        id=id,
        number=_number(row),
        owner=text(row.get("payer_organization_name")) or text(row.get("payer_name")),
        owner_id=relation(row.get("client")),
        animal=_embedded_names(row.get("patients")),
        animal_ids=relations(row.get("patients")),
        department=relation(row.get("department")),
        due_minor=due or 0,
        total_minor=total or 0,
        currency=theirs if theirs in DIGITS else currency,
        insurer_minor=max(0, due_of_all - due) if due_of_all is not None and due is not None else 0,
        why_not=_why_not(row, status, due, total, department)
        or (WhyNot.OTHER_CURRENCY if theirs not in ("", currency) else None),
        status_text="" if status == FINALISED or status in WHY_NOT_PAYABLE else text(row.get("status"), 40),
        payment_ids=relations(row.get("invoice_payment")),
        created_at=moment(row.get("created")),
        modified_at=moment(row.get("modified")),
    )


def _why_not(
    row: Mapping[str, Any], status: int | None, due: int | None, total: int | None, department: str
) -> WhyNot | None:
    """The first reason why it cannot be paid; what a booking may not pass comes before what it may."""
    if status != FINALISED:
        return WHY_NOT_PAYABLE.get(-1 if status is None else status, WhyNot.STATUS_UNKNOWN)
    if row.get("credit_note") is not False:
        return WhyNot.CREDIT_NOTE if row.get("credit_note") is True else WhyNot.STATUS_UNKNOWN
    if due is None or total is None:
        return WhyNot.AMOUNT_UNREADABLE
    if department and relation(row.get("department")) != department:
        return WhyNot.OTHER_DEPARTMENT
    if due < 0 or total <= 0:
        return WhyNot.NOT_POSITIVE
    return WhyNot.PAID if due == 0 else None


def _number(row: Mapping[str, Any]) -> str:
    """As staff see it: prefix-number; '' before there is one."""
    number = text(row.get("invoice_number"), 40)
    prefix = text(row.get("invoice_prefix"), 20)
    return f"{prefix}-{number}" if prefix and number else number


def _currency(row: Mapping[str, Any]) -> str:
    """A currency, should one ever be told: none was seen. '' means that nothing was said."""
    said = row.get("currency")
    return text(said.get("code") if isinstance(said, Mapping) else said, 10).upper()


def _embedded_names(value: object) -> str:
    rows = value if isinstance(value, list) else []
    return ", ".join(filter(None, (text(row.get("name"), 60) for row in rows if isinstance(row, Mapping))))


def payment(row: object, currency: str, alarm: Alarm) -> PracticePayment | None:
    """A payment, or None where it has no id or names no invoice."""
    if not isinstance(row, Mapping) or (id := relation(row.get("id")) or relation(row.get("url"))) is None:
        return None
    if (invoice_id := relation(row.get("invoice"))) is None:
        return None
    paid = amount(row.get("paid"), currency)
    if paid.is_rounded:
        alarm("amount-rounded", {"practice_payment": id, "field": "paid", "value": text(row.get("paid"), 40)})
    payment_type = integer(row.get("payment_type"))
    return PracticePayment(
        id=id,
        invoice=invoice_id,
        amount_minor=paid.minor,
        payment_type=payment_type,
        info=text(row.get("info"), 500),
        created_at=moment(row.get("created")),
        is_cancelled=any(row.get(mark) not in (None, "", False, 0) for mark in assumed.CANCELLED_MARKS),
        is_card=payment_type in (CARD, None),  # of unknown type: a difference in sight rather than one that is missing
    )


def person(row: object) -> str:
    """An owner's name: an organisation's, else first and last; '' if there is none."""
    if not isinstance(row, Mapping):
        return ""
    whole = f"{text(row.get('firstname'), 80)} {text(row.get('lastname'), 80)}".strip()
    return text(row.get("organization_name")) or whole


def animal(row: object) -> str:
    return text(row.get("name"), 80) if isinstance(row, Mapping) else ""


# --- bookings


def info(booking: Booking) -> str:
    """The payment's free text: our reference first (a cut leaves it), then what staff know a card by, and the terminal.

    Nobody's name.
    """
    card = (booking.card_scheme, f"**** {booking.last_four}" if booking.last_four else "", booking.authorisation)
    words = (booking.row, booking.corrects_row or "", *card, booking.terminal)
    return " ".join(word for word in words if word)[: assumed.INFO_LIMIT].rstrip()


def encode(payload: Mapping[str, object]) -> str:
    """A flat JSON object, in which Decimals are numbers, digit by digit as they are."""
    fields = (
        f"{json.dumps(name)}: {value if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)}"
        for name, value in payload.items()
    )
    return "{" + ", ".join(fields) + "}"


def payment_body(booking: Booking, *, base: str, user: str | None, date_field: str | None) -> str:
    """What is posted to `invoicepayment/`. *base* ends in a slash; *date_field*: the day's name, if there is one."""
    money = Money(booking.amount_minor, booking.currency)
    payload: dict[str, object] = {
        "invoice": f"{base}invoice/{booking.invoice}/",
        "payment_type": CARD,
        "paid": money.decimal,
        "status": assumed.PAYMENT_DONE,
        "info": info(booking),
    }
    if user:
        payload["created_user"] = f"{base}user/{user}/"
    if date_field and booking.day:
        payload[date_field] = booking.day
    return encode(payload)


def cancellation_body(booking: Booking) -> str:
    """What is posted to `cancel_payment/` (its keys are assumed)."""
    return encode({"info": info(booking)} | ({"date": booking.day} if booking.day else {}))


def is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def day_before(day: str, days: int) -> str:
    return (datetime.fromisoformat(day) - timedelta(days=days)).date().isoformat()
