"""Lines that are refused, dead or silent, and what the screens are told of them. FC-18."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from agent_clinic import Clinic

from edgepos.journal import Event
from edgepos.simulator.faults import FaultRule

pytestmark = pytest.mark.virtual_time


async def test_refused_after_the_sending_was_committed_has_provably_sent_nothing(clinic: Clinic) -> None:
    """The line went down between the last look and the request: the connection is refused, not one byte left."""
    assert clinic.agent is not None

    def hear(events: Sequence[Event]) -> None:
        if any(event.kind == "operation.sent" for event in events):
            clinic.simulator.add_fault(FaultRule(id="cable", service="nets", fault="down"))

    forget = clinic.agent.parts.journal.subscribe(hear)
    ended = await clinic.outcome(await clinic.begin_plain(), 30)
    forget()
    assert (ended["state"], ended["cause"]) == ("not_started", "nets-away")
    assert "never-sent" in ended["evidence"]
    assert await clinic.bank() == []
    await clinic.mend("cable")
    await asyncio.sleep(20)
    assert (await clinic.pay())["state"] == "approved"


async def waits_for_the_line(clinic: Clinic, payment: dict[str, object], limit_s: float) -> None:
    async def is_told() -> bool:
        found = await clinic.payment(str(payment["id"]))
        assert found["state"] == "sent", "nothing is decided by a silence"
        return bool(found["waiting_for"] == "line-lost")

    await clinic.until(is_told, limit_s)


async def test_a_silent_cloud_is_told_within_a_minute_and_decides_nothing(clinic: Clinic) -> None:
    await clinic.cardholder({"do": "tap", "after_s": 20})
    silence = await clinic.fault("hang", times=None, args={"carried": True})
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"sent"})
    questions = await clinic.fault("hang", method="GET", path="", times=None)
    await waits_for_the_line(clinic, payment, 60)
    await clinic.mend(questions)
    await clinic.mend(silence)
    assert (await clinic.outcome(payment))["state"] == "approved"
    assert await clinic.taken() == [("purchase", 12_500)]


async def test_a_terminal_idle_again_without_an_answer_is_told_within_a_minute(clinic: Clinic) -> None:
    await clinic.fault("hang", args={"carried": True})
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"sent"})
    await waits_for_the_line(clinic, payment, 60)
    assert (await clinic.outcome(payment))["state"] == "approved"


async def test_a_card_that_takes_its_time_is_no_lost_line(clinic: Clinic) -> None:
    await clinic.cardholder({"do": "tap", "after_s": 110})
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"sent"})
    while (found := await clinic.payment(payment["id"]))["state"] == "sent":
        assert found["waiting_for"] is None
        await asyncio.sleep(5)
    assert found["state"] == "approved"


async def test_the_stream_tells_of_a_list_that_is_another(clinic: Clinic) -> None:
    async with asyncio.timeout(120), aclosing(clinic.client.events()) as events:
        async for event in events:
            if event.name == "view":
                await clinic.invoice()
                clinic.simulator.world.practice.book(501, 75_000, info="Kort")
            if event.name == "invoices":
                listed = await clinic.client.get("/invoices")
                assert event.data == {"as_of": listed["as_of"]}
                return
