"""Amounts, times and states as the clinic writes them, for text. Loads babel and zoneinfo only when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepos.client import Agent

PAYMENT_WORDS: Mapping[str, str] = {
    "intended": "STARTING",
    "sent": "AT THE TERMINAL",
    "unknown": "NOT KNOWN YET",
    "approved": "PAID",
    "declined": "DECLINED",
    "cancelled": "CANCELLED",
    "not_started": "NOT STARTED",
    "settled_by_hand": "CLOSED BY HAND",
}
DONE_WORDS: Mapping[str, str] = {"refund": "REFUNDED", "reversal": "UNDONE", "reconciliation": "RECONCILED"}
SYNC_WORDS: Mapping[str, str] = {"none": "", "queued": "WAITING", "acknowledged": "BOOKED", "parked": "PARKED"}
TERMINAL_WORDS: Mapping[str, str] = {
    "not_in_account": "NOT IN THE ACCOUNT",
    "payment_unknown": "PAYMENT NOT KNOWN YET",
}


def word(state: str) -> str:
    """A state of a terminal or a service as it is shown: `not_reached` is NOT REACHED."""
    return TERMINAL_WORDS.get(state) or state.replace("_", " ").upper()


def payment_word(payment: Mapping[str, Any]) -> str:
    """An operation's state as it is shown."""
    state = str(payment.get("state"))
    if state == "approved":
        if is_part(payment):
            return "PART PAID"
        return DONE_WORDS.get(str(payment.get("kind")), PAYMENT_WORDS[state])
    if state in ("intended", "sent") and payment.get("asked_to_stop_at"):
        return "ASKED TO STOP"
    return PAYMENT_WORDS.get(state, word(state))


def is_part(payment: Mapping[str, Any]) -> bool:
    """Whether less was approved than asked for."""
    approved, asked = payment.get("approved_minor"), payment.get("amount_minor")
    return (
        payment.get("kind") == "purchase"
        and payment.get("state") == "approved"
        and isinstance(approved, int)
        and isinstance(asked, int)
        and approved < asked
    )


def shown_minor(payment: Mapping[str, Any]) -> object:
    """The amount that stands for a payment: what was approved, else what was asked for."""
    return payment["approved_minor"] if payment.get("state") == "approved" else payment["amount_minor"]


class Form:
    """How the clinic of *location* (the agent's `status.location`) writes amounts and times."""

    def __init__(self, location: Mapping[str, Any]) -> None:
        self._language = str(location.get("language") or "en")
        self._country = str(location.get("country") or "")
        self._zone = str(location.get("time_zone") or "UTC")
        self.currency = str(location.get("currency") or "")

    @classmethod
    def of(cls, agent: Agent) -> Form:
        """The form of the clinic whose agent this is."""
        return cls(agent.get("/status")["location"])

    def money(self, minor: object, currency: object = None) -> str:
        """`SEK 1 250,00` of 125000; nothing where there is no amount."""
        from decimal import Decimal

        from babel.numbers import format_currency

        from edgepos.client.values import DIGITS

        code = str(currency or self.currency)
        if not isinstance(minor, int) or not code:
            return ""
        amount = Decimal(minor).scaleb(-DIGITS.get(code, 2))
        return format_currency(amount, code, "¤¤ #,##0.00", locale=self._locale()).replace("\xa0", " ")

    def _locale(self) -> str:
        from babel.core import Locale, UnknownLocaleError

        for name in (f"{self._language}_{self._country}", self._language):
            try:
                return str(Locale.parse(name))
            except (UnknownLocaleError, ValueError):
                continue
        return "en"

    def moment(self, text: object, *, seconds: bool = False) -> str:
        """`2026-11-25 14:32` at the clinic, of a point in time as the agent writes it; nothing where there is none."""
        from datetime import datetime
        from zoneinfo import ZoneInfo

        if not isinstance(text, str):
            return ""
        there = datetime.fromisoformat(text).astimezone(ZoneInfo(self._zone))
        return there.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
