"""How long the match of a large day takes: `python tests/agent/bench_closing.py` says it. No test: machines differ."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "domain"))

from test_match import booked, purchase, row

from edgepos.clock import RealClock
from edgepos.domain.match import Bookings, Ended, JournalSide, TerminalMatch, TerminalSide, match_period
from edgepos.domain.slip import SlipTotals


def large_day(payments: int = 500, terminals: int = 20) -> Callable[[], list[TerminalMatch]]:
    """The match of *payments* on each terminal, ready to run: one in ten has a tip, one in fifty is not booked."""
    sides, journals, bookings = [], [], []
    for terminal in range(terminals):
        numbers = range(terminal * payments + 1, (terminal + 1) * payments + 1)
        operations = [purchase(n, 100 + n, tip_minor=10 if n % 10 == 0 else 0) for n in numbers]
        rows = {one.id: [row(one, state="acknowledged" if one.seq % 50 else "queued")] for one in operations}
        bookings += [booked(some[0]) for some in rows.values() if some[0].state == "acknowledged"]
        total = sum(one.moved_minor + one.tip_minor for one in operations)
        sides.append(
            TerminalSide(
                terminal=f"{70000001 + terminal}",
                period=12,
                session="042",
                ended=Ended.ASKED,
                currency="SEK",
                totals=SlipTotals((), payments, total, "SEK", "042"),
            )
        )
        journals.append(JournalSide(operations=operations, rows=rows))

    def run() -> list[TerminalMatch]:
        held = Bookings(bookings)
        return [match_period(side, journal, held) for side, journal in zip(sides, journals, strict=True)]

    return run


if __name__ == "__main__":
    clock, run = RealClock(), large_day()
    began = clock.monotonic()
    found = sum(len(match.differences) for match in run())
    print(f"20 terminals of 500 payments: {found} differences in {clock.monotonic() - began:.3f} s")  # noqa: T201
