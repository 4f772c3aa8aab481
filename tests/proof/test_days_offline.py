"""A week without the practice system, 500 payments a day: when it is back, each is booked once, and none is parked.

The sender, the client and the practice system's own limits are real, over real sockets; time is virtual. Each push
plays ten hours, the long run all seven days.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from journal.clinic import RECEPTION, Clinic, line, purchase

from edgepos.agent.sync import Sender
from edgepos.chance import SeededChance
from edgepos.clock import VirtualClock, VirtualLoop
from edgepos.journal import OutboxState
from edgepos.outbound import Outbound
from edgepos.practice import Link, Provet, Tenant
from edgepos.practice.provet.budget import Budget
from edgepos.simulator.faults import FaultRule
from edgepos.simulator.provet import CLIENT_ID, CLIENT_SECRET, PROVET_ID
from edgepos.simulator.server import Simulator
from tests.proof.figures import SEED, SOAK, record

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(1200)]

PAYMENTS, EVERY_S = (200 if SOAK == 1 else 7 * 500), 86_400.0 / 500
QUESTIONS_A_MINUTE = 95
"""The scarcest of the practice system's limits: 100 lists of payments, of which 5 are kept for people."""
DEPARTMENT, AMOUNT = 2, 12_500


def sender_to(url: str, clinic: Clinic, clock: VirtualClock) -> tuple[Outbound, Sender]:
    """The sender as the agent wires it, after a start that followed no clean end."""
    chance = SeededChance(SEED)
    outbound = Outbound(url, setting="practice.base_url", clock=clock)
    link = Link(
        outbound, base_url=url, provet_id=str(PROVET_ID), client_id=CLIENT_ID, secret=lambda: CLIENT_SECRET,
        budget=Budget(clock), clock=clock, chance=chance,
    )  # fmt: skip
    provet = Provet(link, Tenant(currency="SEK", department=str(DEPARTMENT)), clock)
    return outbound, Sender(clinic.journal, provet, clock, chance)


async def live_offline(clinic: Clinic, simulator: Simulator) -> set[str]:
    """The days: a payment every three minutes on an invoice of its own. Gives the outbox rows."""
    rows = set()
    for _ in range(PAYMENTS):
        invoice = str(simulator.world.practice.new_invoice(AMOUNT, DEPARTMENT).id)
        paid = await clinic.pay(purchase(AMOUNT, line(1, AMOUNT, invoice), terminal=RECEPTION, key=f"key-{invoice}"))
        rows.add(f"{paid.id}.1")
        await asyncio.sleep(EVERY_S)
    return rows


async def test_what_waited_for_days_is_booked_once_within_the_limits(memory: Path) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clinic = Clinic(memory)
    async with Simulator(loop.clock) as simulator:
        await clinic.open()
        outbound, sender = sender_to(simulator.provet_url, clinic, loop.clock)
        simulator.add_fault(FaultRule(id="away", service="provet", fault="down"))
        async with asyncio.TaskGroup() as group:
            group.create_task(sender.run())
            rows = await live_offline(clinic, simulator)
            await simulator.remove_fault("away")
            began = loop.time()
            sender.wake()  # the network's return
            while (await clinic.journal.outbox_summary()).queued:  # noqa: ASYNC110  virtual time
                await asyncio.sleep(1.0)
            took_s = loop.time() - began
            sender.stop()
        booked = Counter(one.info.partition(" ")[0] for one in simulator.world.practice.bookings.values())
        refused = [call for call in simulator.world.calls if call.status == 429]
        parked = await clinic.journal.outbox(OutboxState.PARKED)
        await outbound.aclose()
        await clinic.journal.close()
    problems = [row for row in rows if booked[row] != 1]
    record("bookings after days without the practice system", len(rows), len(problems) + len(parked))
    assert not problems
    assert not parked
    assert not refused, "a limit that could be foreseen was met"
    assert took_s <= 1.1 * len(rows) / QUESTIONS_A_MINUTE * 60
