"""What the services' own clocks say of ours: their answers carry the time at which they were given.

No decision about money hangs on the wall clock, but the journal, the day and every certificate do: a box that is days
off is told so by itself, and mended by the time service. One answer may come from a server that is off itself, or have
crossed a step of our clock; so two in a row have to say the same.
"""

from __future__ import annotations

from datetime import datetime

from edgepos.clock import Clock

LIMIT_S = 600.0
"""A clock that is further off is wrong: the slowest answer takes half of that."""
IN_A_ROW = 2


class ServiceClocks:
    """*clock* is ours."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._in_a_row: dict[str, int] = {}
        self._off_s: dict[str, float] = {}

    def dated(self, service: str, at: datetime) -> None:
        """*service* has answered at *at* by its own clock."""
        off_s = (self._clock.now() - at).total_seconds()
        if abs(off_s) <= LIMIT_S:
            self.forget(service)
            return
        self._off_s[service] = off_s
        self._in_a_row[service] = self._in_a_row.get(service, 0) + 1

    def off_s(self, service: str) -> float | None:
        """How far our clock is ahead of the one of *service* (behind: below 0); None where they agree."""
        return self._off_s[service] if self._in_a_row.get(service, 0) >= IN_A_ROW else None

    def forget(self, service: str) -> None:
        """*service* says nothing of it any more."""
        self._in_a_row.pop(service, None)
