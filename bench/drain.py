"""The outbox's way out: a thousand bookings at once, and what the practice system's own limits allow."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.api_rows import raw
from bench.journal_rows import Till, till
from bench.measure import Row, by_turns_async, compared
from edgepos.agent.lanes import SyncRules
from edgepos.agent.sync import Sender
from edgepos.chance import SeededChance, SystemChance
from edgepos.clock import Clock, RealClock, VirtualLoop
from edgepos.journal import Event, Journal
from edgepos.outbound import Outbound
from edgepos.practice import Link, Provet, Tenant
from edgepos.practice.provet.budget import LIMITS, Budget
from edgepos.simulator.provet import CLIENT_ID, CLIENT_SECRET, PROVET_ID
from edgepos.simulator.server import Simulator

ROWS, ROUNDS, REPLY_S = 1_000, 2, 0.05
QUESTIONS = 3
"""A booking is three: the invoice, its payments, the posting."""
UNLIMITED = dict.fromkeys(LIMITS, 10**9)


def sender_to(url: str, journal: Journal, clock: Clock, budget: Budget) -> tuple[Outbound, Sender]:
    """The sender as the agent wires it."""
    outbound = Outbound(url, setting="practice.base_url", clock=clock)
    link = Link(
        outbound, base_url=url, provet_id=str(PROVET_ID), client_id=CLIENT_ID, secret=lambda: CLIENT_SECRET,
        budget=budget, clock=clock, chance=SystemChance(),
    )  # fmt: skip
    provet = Provet(link, Tenant(currency="SEK", department="2"), clock)
    return outbound, Sender(journal, provet, clock, SystemChance(), after_clean_stop=True)


async def emptied(journal: Journal, sender: Sender) -> None:
    """Run *sender* until nothing waits."""
    done = asyncio.Event()

    def hear(events: Sequence[Event]) -> None:
        left.difference_update(event.subject for event in events if event.kind == "outbox.acknowledged")
        if not left:
            done.set()

    left = {row.row for row in await journal.queued()}
    unsubscribe = journal.subscribe(hear)
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run())
        await done.wait()
        sender.stop()
    unsubscribe()


def drain() -> Iterator[Row]:
    """1,000 rows of different invoices against the time that their replies take, as many side by side as we ask."""
    with tempfile.TemporaryDirectory() as folder, raw("books", "0", str(REPLY_S * 1000)) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield asyncio.run(_drain(Path(folder), url))


async def _drain(folder: Path, url: str) -> Row:
    clock = RealClock()
    async with till(folder) as one:

        async def ours() -> float:
            for _ in range(ROWS):
                await one.decide(await one.send())
            outbound, sender = sender_to(url, one.journal, clock, Budget(clock, limits=UNLIMITED))
            began = time.perf_counter()
            await emptied(one.journal, sender)
            spent = time.perf_counter() - began
            await outbound.aclose()
            return spent

        async def floor() -> float:
            """The replies' own time: that many waits, in as many lanes."""
            lanes = SyncRules().lanes
            began = time.perf_counter()

            async def lane() -> None:
                for _ in range(ROWS * QUESTIONS // lanes):
                    await asyncio.sleep(REPLY_S)

            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    group.create_task(lane())
            return time.perf_counter() - began

        ours_s, floors = await by_turns_async(ROUNDS, ours, floor)
    return compared(
        f"drain of {ROWS:,} waiting bookings, 50 ms replies, no limit", "the replies' own time, side by side",
        ours_s, floors, "s", at_most=1.5, note=f"{ROWS / min(ours_s):.0f} rows/s at best, mark 100 rows/s",
    )  # fmt: skip


LIMITED_ROWS = 400
SCARCEST = 95
"""Lists of payments in a minute: 100, of which 5 are kept for people."""


def limits() -> Iterator[Row]:
    """Under the real limits, in virtual time: the drain against what the budget allows."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, tempfile.TemporaryDirectory() as folder:
        yield runner.run(_limits(Path(folder)))


async def _limits(folder: Path) -> Row:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clock = loop.clock
    async with Simulator(clock) as simulator:
        journal = await Journal.open(folder / "state", clock=clock, chance=SeededChance(3), version="0")
        one = Till(journal)
        for _ in range(LIMITED_ROWS):
            one.taken = simulator.world.practice.new_invoice(12_500, 2).id - 1
            await one.decide(await one.send())
        outbound, sender = sender_to(simulator.provet_url, journal, clock, Budget(clock))
        began = clock.monotonic()
        await emptied(journal, sender)
        took_s = clock.monotonic() - began
        refused = sum(call.status == 429 for call in simulator.world.calls)
        await outbound.aclose()
        await journal.close()
    allowed_s = LIMITED_ROWS / SCARCEST * 60
    return compared(
        f"drain of {LIMITED_ROWS} bookings under the real limits (virtual time)", "what the budget allows",
        [took_s], [allowed_s], "s", at_most=1.1, note=f"{refused} answers of 429",
    )  # fmt: skip
