"""Amounts, times and durations as the clinic writes them. Loads babel only when one is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from edgepos.locale.words import _, language


@lru_cache(maxsize=8)
def _locale(spoken: str, country: str) -> str:
    from babel.core import Locale, UnknownLocaleError

    for name in (f"{spoken}_{country}", spoken):
        try:
            return str(Locale.parse(name))
        except (UnknownLocaleError, ValueError):
            continue
    return "en"


@lru_cache(maxsize=2048)
def _amount(minor: int, currency: str, locale: str, with_currency: bool) -> str:
    from babel.numbers import format_currency

    from edgepos.client.values import DIGITS

    digits = DIGITS.get(currency, 2)
    number = "#,##0" + ("." + "0" * digits if digits else "")
    amount = Decimal(minor).scaleb(-digits)
    text = format_currency(
        amount, currency, f"¤¤\xa0{number}" if with_currency else number, locale=locale, currency_digits=False
    )
    return text.replace("\u2212", "-")


class Form:
    """How the clinic of *location* (the agent's `status.location`) writes, in the language spoken now."""

    def __init__(self, location: Mapping[str, Any]) -> None:
        self._country = str(location.get("country") or "")
        self._zone = str(location.get("time_zone") or "UTC")
        self.currency = str(location.get("currency") or "")

    @property
    def locale(self) -> str:
        """Numbers are the clinic's: an English screen in Sweden has Swedish amounts."""
        spoken = language()
        home = {"SE": "sv", "NO": "nb", "DK": "da", "FI": "fi"}.get(self._country)
        return _locale(home if spoken == "en" and home else spoken, self._country)

    def money(self, minor: object, currency: object = None) -> str:
        """`SEK 1 250,00` of 125000 minor units; nothing where there is no amount."""
        code = str(currency or self.currency)
        return _amount(minor, code, self.locale, True) if isinstance(minor, int) and code else ""

    def bare(self, minor: int, currency: object = None) -> str:
        """The amount without its currency, to be typed over or shown beside it."""
        return _amount(minor, str(currency or self.currency), self.locale, False)

    def local(self, text: object) -> datetime | None:
        """The agent's point in time, at the clinic."""
        from zoneinfo import ZoneInfo

        try:
            return datetime.fromisoformat(str(text)).astimezone(ZoneInfo(self._zone))
        except ValueError:
            return None

    def hour_of(self, text: object) -> int | None:
        """The hour of the agent's point in time, as a number."""
        there = self.local(text)
        return there.hour if there else None

    def hour(self, text: object) -> str:
        """`14:32` of the agent's point in time."""
        there = self.local(text)
        return there.strftime("%H:%M") if there else ""

    def moment(self, text: object) -> str:
        """`25 Nov 14:32` of the agent's point in time, in the language spoken now."""
        from babel.dates import format_datetime

        there = self.local(text)
        return format_datetime(there, "d MMM HH:mm", locale=language()) if there else ""

    def day(self, text: str) -> str:
        """`Wed 25 Nov` of the clinic day `2026-11-25`, in the language spoken now."""
        from babel.dates import format_date

        try:
            return format_date(datetime.fromisoformat(text), "EEE d MMM", locale=language())
        except ValueError:
            return text

    def date(self, text: object) -> str:
        """`25 Nov` of the agent's point in time, in the language spoken now."""
        from babel.dates import format_datetime

        there = self.local(text)
        return format_datetime(there, "d MMM", locale=language()) if there else ""

    def header(self, now: datetime) -> str:
        """`Wed 25 Nov 14:32`."""
        from zoneinfo import ZoneInfo

        from babel.dates import format_datetime

        there = now.astimezone(ZoneInfo(self._zone))
        return format_datetime(there, "EEE d MMM HH:mm", locale=language())


def age(seconds: float | None) -> str:
    """`12 min`, `3 h`, `2 d`: how long ago, in the one unit that fits."""
    if seconds is None:
        return ""
    minutes = int(seconds) // 60
    if minutes < 60:
        return _("{n} min").format(n=minutes)
    if minutes < 48 * 60:
        return _("{n} h").format(n=minutes // 60)
    return _("{n} d").format(n=minutes // (24 * 60))


def clock(seconds: float) -> str:
    """`0:23`: how long something runs."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}"
