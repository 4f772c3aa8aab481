"""A wall clock that is wrong: told by its own name, refuses payments, mends without a restart, decides nothing. FC-22."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from agent_clinic import Clinic

from edgepos.agent.service_clocks import ServiceClocks
from edgepos.client.errors import AgentError
from edgepos.clock import VIRTUAL_START

DAY_S = 86_400.0
SINCE_1970_S = (VIRTUAL_START - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


async def box_clock(clinic: Clinic, off_s: float) -> None:
    """Only the box's clock is off: simulator and agent share one, so the services' stand is put right against it."""
    asyncio.get_running_loop()._timekeeper.station.wall_offset_s = off_s  # type: ignore[attr-defined]
    for service in ("nets", "practice"):
        await clinic.control("PUT", f"/{service}", {"clock_offset_s": -off_s})


async def service_states(clinic: Clinic) -> set[str]:
    return {one["state"] for one in (await clinic.client.get("/status"))["services"].values()}


async def refusal(clinic: Clinic) -> AgentError:
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain()
    return refused.value


@pytest.mark.virtual_time
@pytest.mark.parametrize("off_s", [30 * DAY_S, -30 * DAY_S, 700.0, -700.0, 60 - SINCE_1970_S])
async def test_a_wrong_clock_is_told_refuses_payments_and_mends_without_a_restart(
    unstarted: Clinic, off_s: float
) -> None:
    await box_clock(unstarted, off_s)
    await unstarted.start()
    await asyncio.sleep(40)
    assert (await unstarted.client.get("/status"))["services"]["nets"]["state"] == "clock_wrong"
    error = await refusal(unstarted)
    assert error.code == "clock-wrong"
    assert "clock of this box is wrong" in error.message
    await box_clock(unstarted, 0.0)
    await asyncio.sleep(60)
    assert await service_states(unstarted) == {"ok"}
    assert (await unstarted.pay())["state"] == "approved"
    assert (await unstarted.client.get("/verify"))["ok"]


@pytest.mark.virtual_time
async def test_ten_minutes_are_borne(clinic: Clinic) -> None:
    await box_clock(clinic, 590.0)
    await asyncio.sleep(60)
    assert await service_states(clinic) == {"ok"}
    assert (await clinic.pay())["state"] == "approved"


@pytest.mark.virtual_time
@pytest.mark.parametrize("service", ["nets", "practice"])
async def test_one_service_says_it_alone(clinic: Clinic, service: str) -> None:
    await clinic.control("PUT", f"/{service}", {"clock_offset_s": 3 * DAY_S})
    await asyncio.sleep(90)
    assert (await clinic.client.get("/status"))["services"][service]["state"] == "clock_wrong"
    assert (await refusal(clinic)).facts["offset_s"] == pytest.approx(-3 * DAY_S, abs=2)
    await clinic.control("PUT", f"/{service}", {"clock_offset_s": 0})
    await asyncio.sleep(60)
    assert await service_states(clinic) == {"ok"}


@pytest.mark.virtual_time
async def test_a_service_that_is_away_says_nothing_of_the_clock(clinic: Clinic) -> None:
    await clinic.control("PUT", "/practice", {"clock_offset_s": 3 * DAY_S})
    await asyncio.sleep(90)
    await clinic.control("POST", "/faults", {"service": "provet", "fault": "down"})
    await asyncio.sleep(60)
    assert (await clinic.pay())["state"] == "approved"


@pytest.mark.virtual_time
@pytest.mark.parametrize("off_s", [30 * DAY_S, -30 * DAY_S, -SINCE_1970_S])
@pytest.mark.parametrize("step_at", ["intended", "sent", "unknown"])
async def test_a_step_in_the_middle_changes_no_outcome(clinic: Clinic, step_at: str, off_s: float) -> None:
    if step_at == "unknown":
        await clinic.fault("drop_after")
    await clinic.cardholder({"do": "tap", "after_s": 20})
    payment = await clinic.begin_plain()
    if step_at != "intended":
        await clinic.state(payment, {step_at})
    await box_clock(clinic, off_s)
    ended = await clinic.outcome(payment)
    await box_clock(clinic, 0.0)
    if ended["state"] == "not_started":  # stepped before it was sent, and refused for it
        assert (step_at, ended["cause"]) == ("intended", "clock-wrong")
        assert await clinic.taken() == []
    else:
        assert ended["state"] == "approved"
        assert await clinic.taken() == [("purchase", 12_500)]
    await asyncio.sleep(60)
    assert (await clinic.pay(9_900))["state"] == "approved"
    assert (await clinic.client.get("/verify"))["ok"]


@pytest.mark.virtual_time
async def test_a_payment_open_over_a_cold_start_in_1970_gets_its_outcome(clinic: Clinic) -> None:
    payment = await clinic.begin(clinic.body(await clinic.invoice()))
    await clinic.state(payment, {"sent"})
    await asyncio.sleep(5)  # the card is in
    await clinic.kill()
    await box_clock(clinic, -SINCE_1970_S)
    await clinic.start()
    assert (await clinic.outcome(payment))["state"] == "approved"
    await box_clock(clinic, 0.0)
    await clinic.until(lambda: clinic.is_synced(payment), 120)
    assert (await clinic.client.get("/verify"))["ok"]


@pytest.mark.virtual_time
async def test_one_odd_answer_is_not_believed() -> None:
    loop = asyncio.get_running_loop()
    clocks = ServiceClocks(loop.clock)  # type: ignore[attr-defined]
    now = VIRTUAL_START
    clocks.dated("nets", now + timedelta(days=2))
    assert clocks.off_s("nets") is None
    clocks.dated("nets", now)
    clocks.dated("nets", now + timedelta(days=2))
    assert clocks.off_s("nets") is None
    clocks.dated("nets", now + timedelta(days=2))
    assert clocks.off_s("nets") == pytest.approx(-2 * DAY_S, abs=60)
    assert clocks.off_s("practice") is None
