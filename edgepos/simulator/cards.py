"""Cards and the numbers that a host gives to what they pay: STAN, authorisation, sequence. All drawn from the seed."""

from __future__ import annotations

from dataclasses import dataclass

from edgepos.simulator.draw import Draw

SCHEMES = {"BANKAXEPT": 1, "DANKORT": 2, "VISA": 3, "MASTERCARD": 4, "AMEX": 5}
UNLISTED_SCHEME = 99


@dataclass(frozen=True, slots=True)
class Card:
    scheme: str
    issuer: int
    pan: str


class Cards:
    """What comes to one terminal."""

    def __init__(self, draw: Draw, terminal_id: str) -> None:
        self._draw = draw
        self._at = terminal_id

    def card(self, scheme: str | None = None) -> Card:
        name = scheme or self._draw.choice(f"{self._at}/scheme", ("VISA", "MASTERCARD"))
        return Card(name, SCHEMES.get(name, UNLISTED_SCHEME), f"************{self._digits('pan', 4)}-0")

    def stan_auth(self, *, approved: bool = True) -> str:
        return self._digits("stan", 6) + (self._digits("auth", 6) if approved else "000000")

    def sequence(self) -> str:
        return self._digits("sequence", 6)

    def first_session(self) -> int:
        return 1 + self._draw.number(f"{self._at}/session", 997)

    def _digits(self, purpose: str, count: int) -> str:
        return self._draw.digits(f"{self._at}/{purpose}", count)
