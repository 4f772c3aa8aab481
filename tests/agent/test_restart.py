"""The agent dies, at any step: what it left open is carried to its end by the next one, once. FC-04."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from agent_clinic import Clinic

from edgepos.client.errors import AgentAway
from edgepos.journal import Event

pytestmark = pytest.mark.virtual_time


async def killed_at(clinic: Clinic, kind: str) -> str:
    """Begin a payment and kill the agent at its first event of *kind*. Gives the payment's id."""
    assert clinic.agent is not None
    there, ids = asyncio.Event(), []

    def hear(events: Sequence[Event]) -> None:
        for event in events:
            if event.kind == "operation.intended":
                ids.append(event.subject)
            if event.kind == kind:
                there.set()

    clinic.agent.parts.journal.subscribe(hear)
    asking = asyncio.get_running_loop().create_task(clinic.begin_plain())
    async with asyncio.timeout(60):
        await there.wait()
    await clinic.kill()
    await asyncio.gather(asking, return_exceptions=True)
    return ids[0]


@pytest.mark.parametrize("kind", ["operation.intended", "operation.sent", "operation.decided"])
async def test_killed_at_a_commit(clinic: Clinic, kind: str) -> None:
    id = await killed_at(clinic, kind)
    await asyncio.sleep(15)
    await clinic.start()
    ended = await clinic.outcome({"id": id})
    expected = [("purchase", 12_500)] if ended["state"] == "approved" else []
    assert await clinic.taken() == expected
    assert len(await clinic.bank()) <= 1
    if kind == "operation.intended":
        assert (ended["state"], ended["cause"]) == ("not_started", "restart")


@pytest.mark.parametrize("after_s", [0.2, 3.0, 5.2, 5.4, 5.6, 6.0, 9.0])
@pytest.mark.parametrize("down_s", [1, 40])
async def test_killed_while_the_card_is_in(clinic: Clinic, after_s: float, down_s: float) -> None:
    payment = await clinic.begin_plain()
    await asyncio.sleep(after_s)
    await clinic.kill()
    await asyncio.sleep(down_s)
    await clinic.start()
    ended = await clinic.outcome(payment)
    if after_s < 2:  # still at its checks: nothing has left the box, which the journal proves
        assert (ended["state"], ended["cause"], await clinic.bank()) == ("not_started", "restart", [])
    else:
        assert ended["state"] == "approved", ended
        assert await clinic.taken() == [("purchase", 12_500)]


async def test_killed_while_recovering_it_recovers_again(clinic: Clinic) -> None:
    await clinic.cardholder({"do": "tap", "after_s": 20})
    payment = await clinic.begin_plain()
    await asyncio.sleep(3)
    for _ in range(4):
        await clinic.kill()
        await clinic.start()
        await asyncio.sleep(4)
    ended = await clinic.outcome(payment)
    assert ended["state"] == "approved"
    assert await clinic.taken() == [("purchase", 12_500)]


async def test_ready_does_not_wait_for_a_cloud_that_is_away(clinic: Clinic) -> None:
    payment = await clinic.begin_plain()
    await asyncio.sleep(3)
    await clinic.kill()
    down = await clinic.control("POST", "/faults", {"service": "nets", "fault": "down"})
    began = clinic.clock.monotonic()
    await clinic.start()
    assert clinic.clock.monotonic() - began <= 15
    status = await clinic.client.get("/status")
    assert [one["id"] for one in status["unknown"]] == [payment["id"]]
    assert status["services"]["nets"]["state"] == "not_reached"
    assert status["services"]["nets"]["mend"]
    await clinic.mend(down["id"])
    assert (await clinic.outcome(payment, 60))["state"] == "approved"


async def test_told_to_end_it_waits_for_the_card_for_a_moment(clinic: Clinic) -> None:
    payment = await clinic.begin_plain()
    await asyncio.sleep(2)
    began = clinic.clock.monotonic()
    await clinic.stop()
    assert clinic.clock.monotonic() - began <= 20
    with pytest.raises(AgentAway):
        await clinic.client.get("/status")
    await clinic.start()
    found = await clinic.payment(payment["id"])
    assert (found["state"], found["evidence"]) == ("approved", ["own-reply"])


async def test_told_to_end_with_nobody_at_the_terminal_it_ends_in_time(clinic: Clinic) -> None:
    await clinic.variant(cardholder="absent")
    payment = await clinic.begin_plain()
    await asyncio.sleep(2)
    began = clinic.clock.monotonic()
    await clinic.stop()
    assert clinic.clock.monotonic() - began <= 20
    await clinic.start()
    assert (await clinic.payment(payment["id"]))["state"] == "unknown"
    assert (await clinic.outcome(payment))["cause"] == "no-card"
