"""How long the match of a large day takes: read from the journal, held against a practice system that answers at once.

`python tests/agent/bench_closing.py [PAYMENTS] [TERMINALS]` says it. No test: machines differ.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parent))

from test_closing import DAY, RECEPTION, Clinic, HandClock

from edgepos.chance import SeededChance
from edgepos.clock import RealClock
from edgepos.journal import Journal

SHARED = "/dev/shm"


async def large_day(payments: int, terminals: int) -> None:
    """*payments* on each of *terminals*, one in ten with a tip, one in fifty not booked; reconciled; then matched."""
    with TemporaryDirectory(dir=SHARED) as folder:
        clock = HandClock()
        journal = await Journal.open(
            Path(folder) / "state", clock=cast(Any, clock), chance=SeededChance(7), version="0", reserve_mb=1
        )
        clinic = Clinic(journal, clock)
        for terminal in (f"{int(RECEPTION) + nth}" for nth in range(terminals)):
            total = 0
            for nth in range(payments):
                minor, tip = 100 + nth, 10 if nth % 10 == 0 else 0
                await clinic.pay(minor, terminal=terminal, tip=tip, book=nth % 50 != 0)
                total += minor + tip
            await clinic.reconcile(total, terminal=terminal)
        real = RealClock()
        for _ in range(2):
            began = real.monotonic()
            match = await clinic.closings.match(DAY)
            took = real.monotonic() - began
            lines = sum(len(one["differences"]) for one in match["terminals"])
            print(f"{terminals} terminals of {payments} payments: {lines} differences in {took:.3f} s")  # noqa: T201
        await journal.close()


if __name__ == "__main__":
    said = [int(number) for number in sys.argv[1:]]
    asyncio.run(large_day(*(said or [500, 20])))
