"""Amounts: integers in minor units with an ISO 4217 currency, and how people type them.

No float is ever made here. What a person typed is read strictly: whatever could be read in two ways is refused with
both readings, because a wrong guess is a wrong charge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from edgepos.domain.errors import Wrong

DIGITS: Mapping[str, int] = {
    "SEK": 2, "NOK": 2, "DKK": 2, "EUR": 2, "ISK": 0, "GBP": 2, "USD": 2, "CHF": 2, "PLN": 2, "CZK": 2,
}  # fmt: skip
"""Digits after the point (ISO 4217). A test compares the table with Babel's."""

MAX_MINOR = 99_999_999
"""The largest amount of one operation: 999 999,99. More is a typing error, and a clinic's terminal would refuse it."""

SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f']+")
GROUPED_BY_SPACE = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?")
GROUPED_BY_SIGN = re.compile(r"(\d{1,3})(?:([.,])\d{3})(?:\2\d{3})*(?:(?!\2)[.,]\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: *minor* units of *currency*. Adds and compares only with its own currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise TypeError(f"minor units are integers, not {type(self.minor).__name__}")
        if self.currency not in DIGITS:
            raise Wrong("currency", currency=self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise TypeError(f"{self.currency} and {other.currency} do not add up")
        return other.minor

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units: 1250 minor units of SEK are `Decimal('12.50')`."""
        return Decimal(self.minor).scaleb(-DIGITS[self.currency])

    def __str__(self) -> str:
        return f"{self.decimal:.{DIGITS[self.currency]}f} {self.currency}"


def from_decimal(value: Decimal, currency: str) -> Money:
    """*value* in whole units as money. Raises ValueError when minor units cannot hold it exactly."""
    scaled = value.scaleb(DIGITS[currency])
    if not value.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{value} is no amount in {currency}")
    return Money(int(scaled), currency)


def parse_amount(text: str, currency: str) -> Money:
    """What a person typed, as money: `12,50` `12.50` `12,5` `12` `,50` `1 250` `1.250,00`, the currency's code too.

    Raises Wrong: `amount-form` (not an amount, nothing, zero or less), `amount-ambiguous` (readings_minor: both),
    `amount-too-large` (max_minor).
    """
    cleaned = SPACES.sub(" ", text.replace("−", "-")).strip()
    cleaned = re.sub(rf"^{currency}\s*|\s*{currency}$", "", cleaned, flags=re.IGNORECASE).strip()
    if cleaned.startswith("-") or not cleaned:
        raise Wrong("amount-form", text=text[:40], why="negative" if cleaned else "empty")
    digits = DIGITS[currency]
    whole, decimals = _split(cleaned, digits, text, currency)
    if len(whole) > 12:
        raise Wrong("amount-too-large", text=text[:40], max_minor=MAX_MINOR, currency=currency)
    minor = int(whole or "0") * 10**digits + int(decimals.ljust(digits, "0") or "0")
    if minor == 0:
        raise Wrong("amount-form", text=text[:40], why="zero")
    if minor > MAX_MINOR:
        raise Wrong("amount-too-large", text=text[:40], max_minor=MAX_MINOR, currency=currency)
    return Money(minor, currency)


def parse_total(text: str, currency: str) -> int:
    """A report's total as a person types it, in minor units: as `parse_amount`, but it may be zero or money back."""
    bare = text.replace("−", "-").strip()
    sign = -1 if bare.startswith("-") or bare.endswith("-") else 1
    try:
        return sign * parse_amount(bare.removeprefix("-").removesuffix("-"), currency).minor
    except Wrong as wrong:
        if wrong.facts.get("why") == "zero":
            return 0
        raise


def _split(cleaned: str, digits: int, text: str, currency: str) -> tuple[str, str]:
    """The whole part and the decimals of *cleaned*, both digits only."""
    if not re.fullmatch(r"[0-9., ]+", cleaned):
        raise Wrong("amount-form", text=text[:40], why="letters")
    signs = [sign for sign in cleaned if sign in ".,"]
    if " " in cleaned:
        if not GROUPED_BY_SPACE.fullmatch(cleaned):
            raise Wrong("amount-form", text=text[:40], why="groups")
        cleaned = cleaned.replace(" ", "")
    elif len(signs) == 1 and len(cleaned.partition(signs[0])[2]) == 3 and cleaned.partition(signs[0])[0].strip("0"):
        whole, _, decimals = cleaned.partition(signs[0])
        if digits == 0:
            return whole + decimals, ""
        if (
            len(whole) > 3 or decimals[2] != "0"
        ):  # 12345,678 and 12,505 are no amount in either reading that people mean
            raise Wrong("amount-form", text=text[:40], why="decimals")
        readings = [int(whole + decimals) * 10**digits, int(whole + decimals[:digits])]
        raise Wrong("amount-ambiguous", text=text[:40], readings_minor=readings, currency=currency)
    elif len(signs) >= 2:
        if not GROUPED_BY_SIGN.fullmatch(cleaned):
            raise Wrong("amount-form", text=text[:40], why="groups")
        last = cleaned.rfind(signs[-1])
        if signs[-1] == signs[0]:  # 1.250.000: all of them group
            return re.sub(r"\D", "", cleaned), ""
        cleaned = re.sub(r"\D", "", cleaned[:last]) + "." + cleaned[last + 1 :]
    whole, sign, decimals = cleaned.replace(",", ".").partition(".")
    if (sign and not decimals) or not (whole or decimals) or len(decimals) > digits:
        raise Wrong("amount-form", text=text[:40], why="decimals")
    return whole, decimals
