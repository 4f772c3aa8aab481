"""Chance that is none: every drawn value follows from the seed, the purpose and how often it was asked for.

Two runs with one seed give the same STANs, cards and tokens, in whatever order different terminals are used.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A seeded source of digits, letters and choices, one independent stream a purpose."""

    def __init__(self, seed: int | str) -> None:
        self._seed = str(seed)
        self._drawn: Counter[str] = Counter()

    def number(self, purpose: str, below: int) -> int:
        """A number from 0 up to and without *below*."""
        self._drawn[purpose] += 1
        text = f"{self._seed}/{purpose}/{self._drawn[purpose]}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % below

    def digits(self, purpose: str, count: int) -> str:
        return str(self.number(purpose, 10**count)).zfill(count)

    def token(self, purpose: str) -> str:
        """32 hex letters."""
        return f"{self.number(purpose, 2**64):016x}{self.number(purpose, 2**64):016x}"

    def choice(self, purpose: str, values: Sequence[T]) -> T:
        return values[self.number(purpose, len(values))]
