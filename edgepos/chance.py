"""The only place for randomness: references, keys, salts, jitter, and everything that the simulator's people decide.

Whoever needs chance receives a `Chance`. `SystemChance` is the operating system's and fit for secrets; `SeededChance`
gives the same draws again for the same seed, so that a failing day can be replayed, and is fit for nothing else.
"""

from __future__ import annotations

import random
from typing import Protocol


class Chance(Protocol):
    def bits(self, n: int) -> int:
        """A whole number of *n* random bits."""

    def uniform(self, a: float, b: float) -> float:
        """A number between *a* and *b*: for jitter, never for money."""

    def uuid4(self) -> str: ...


class _Drawn:
    def __init__(self, source: random.Random) -> None:
        self._source = source

    def bits(self, n: int) -> int:
        return self._source.getrandbits(n)

    def uniform(self, a: float, b: float) -> float:
        return self._source.uniform(a, b)

    def uuid4(self) -> str:
        # The uuid module would draw from the system whatever the seed. RFC 9562: version 4, variant 10.
        number = self.bits(128) & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class SystemChance(_Drawn):
    def __init__(self) -> None:
        super().__init__(random.SystemRandom())


class SeededChance(_Drawn):
    def __init__(self, seed: int) -> None:
        super().__init__(random.Random(seed))
