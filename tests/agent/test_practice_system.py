"""Agent and practice system together: days, people, marks, paid invoices, and the drain of a week offline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from agent_clinic import Clinic

from edgepos.agent.lanes import SyncRules
from edgepos.client.errors import AgentError
from edgepos.clock import Clock
from edgepos.journal import OutboxState
from tests.agent.outbox_clinic import PAYMENTS, OutboxClinic, outbox_clinic

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def sending(clock: Clock, tmp_path: Path) -> AsyncIterator[OutboxClinic]:
    async with outbox_clinic(clock, tmp_path) as one:
        yield one


def set_practice(clinic: Clinic, *lines: str) -> None:
    path = clinic.folder / "config" / "organisation.toml"
    path.write_text(path.read_text() + "\n".join(lines) + "\n")


async def booking_of(clinic: Clinic, payment: dict[str, Any]) -> Any:
    await clinic.until(lambda: clinic.is_synced(payment), 600)
    bookings = clinic.simulator.world.practice.bookings.values()
    return next(one for one in bookings if one.info.startswith(payment["id"]))


async def until(clinic: Clinic, moment: datetime) -> None:
    await asyncio.sleep((moment - clinic.clock.now()).total_seconds())


# --- FC-21


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "Europe/Oslo", "Atlantic/Reykjavik"])
async def test_an_evening_and_a_night_payment_are_two_days_everywhere(unstarted: Clinic, zone: str) -> None:
    """FC-21: 23:30 and 00:30 local time, the box in UTC; in the JSON, the practice system and the match alike."""
    clinic, local = unstarted, ZoneInfo(zone)
    settings = clinic.folder / "config" / "location.toml"
    settings.write_text(settings.read_text().replace("Europe/Stockholm", zone))
    set_practice(clinic, "[times]", "poll_s = 300")
    evening = clinic.clock.now().astimezone(local).date() + timedelta(days=1)
    await until(clinic, datetime.combine(evening, time(23, 25), local))
    await clinic.start()
    seen: dict[date, dict[str, Any]] = {}
    for day, at in ((evening, time(23, 30)), (evening + timedelta(days=1), time(0, 30))):
        moment = datetime.combine(day, at, local)
        await until(clinic, moment)
        payment = await clinic.outcome(await clinic.begin(clinic.body(await clinic.invoice())))
        assert payment["state"] == "approved"
        assert payment["clinic_day"] == day.isoformat()
        began = datetime.fromisoformat(payment["created_at"])
        assert began.astimezone(UTC) - moment < timedelta(minutes=2)
        assert payment["created_at"].endswith("Z")
        assert (await booking_of(clinic, payment)).payment_date == day
        closing = await clinic.client.post("/reconciliations", {"terminal": "RECEPTION"}, key=clinic.chance.uuid4())
        assert (await clinic.outcome(closing))["state"] == "approved"
        seen[day] = payment
    for day, payment in seen.items():
        match = await clinic.client.get("/match", day=day.isoformat())
        (terminal,) = [one for one in match["terminals"] if one["terminal"] == payment["terminal"]]
        sums = {terminal[side] for side in ("terminal_minor", "journal_minor", "practice_minor")}
        assert sums == {payment["approved_minor"]}
        assert match["agree"]


# --- people, marks, numbers


async def test_a_booking_carries_the_operators_own_user(unstarted: Clinic) -> None:
    set_practice(unstarted, 'users = { kiosk = "12", "tech.root" = "12" }')
    with pytest.raises(Exception, match="names no operator"):
        await unstarted.start()
    text = (unstarted.folder / "config" / "organisation.toml").read_text()
    (unstarted.folder / "config" / "organisation.toml").write_text(text.replace('kiosk = "12", "tech.root"', "anna"))
    await unstarted.start()
    assert unstarted.agent is not None
    assert unstarted.agent.parts.settings.organisation.practice.users == {"anna": "12"}  # type: ignore[union-attr]


async def test_each_booking_is_marked_in_its_extras_where_that_is_wanted(clock: Clock, tmp_path: Path) -> None:
    async with outbox_clinic(clock, tmp_path, SyncRules(writes_extras=True)) as clinic:
        clinic.start()
        row = await clinic.pay(501)
        await clinic.settle()
        await asyncio.sleep(1)
        (booked,) = clinic.booked(row)
        marks = {extra["key"]: extra["value"] for extra in booked.extras}
        assert marks["ref"] == row
        assert marks["terminal"] == "70000001"
        assert len(marks["head"]) == 64
        assert int(marks["seq"]) <= clinic.journal.head[0]

        clinic.fault("status", "POST", "*/extras/", times=None, args={"status": 500})
        second = await clinic.pay(600)
        await clinic.settle()
        assert (await clinic.row(second)).state is OutboxState.ACKNOWLEDGED
        assert clinic.booked(second)[0].extras == []
        await clinic.agree()


async def test_a_paid_invoice_is_told_as_paid_and_not_as_unknown(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    clinic.simulator.world.practice.book(int(invoice["id"]), invoice["due_minor"], info="Kontant", payment_type=1)
    await asyncio.sleep(60)
    found = await clinic.client.get(f"/invoices/{invoice['number']}")
    assert (found["id"], found["payable"], found["why_not"]) == (invoice["id"], False, "paid")
    with pytest.raises(AgentError) as unknown:
        await clinic.client.get("/invoices/STH-99999")
    assert unknown.value.code == "unknown-invoice"


async def test_sync_now_answers_when_the_pass_is_over(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    away = {"service": "provet", "fault": "status", "method": "POST", "path": PAYMENTS, "times": None}
    fault = (await clinic.control("POST", "/faults", {**away, "args": {"status": 403}}))["id"]
    await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    await asyncio.sleep(60)
    (parked,) = (await clinic.client.get("/outbox", state="parked"))["outbox"]
    assert (parked["cause"], parked["mend"].partition(".")[0]) == (
        "right-missing", "Ask Provet support for a permission template with it"
    )  # fmt: skip
    await clinic.mend(fault)
    await clinic.client.post(f"/outbox/{parked['id']}/retry")
    answer = await clinic.client.post("/outbox/now")
    assert answer == {"queued": 0, "parked": 0}


async def test_while_it_is_away_the_mend_names_the_command_that_takes_the_money(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    await clinic.control("POST", "/faults", {"service": "provet", "fault": "down", "times": None})
    payment = await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    assert (payment["state"], payment["cause"]) == ("not_started", "practice-away")
    with pytest.raises(AgentError) as away:
        await clinic.client.get(f"/invoices/{invoice['number']}", fresh=1)
    assert away.value.code == "practice-away"
    assert "edgepos pay AMOUNT --reference" in away.value.mend


# --- booked elsewhere


async def test_what_was_booked_on_another_invoice_can_be_adopted_where_ours_is_gone(sending: OutboxClinic) -> None:
    row = await sending.pay(501)
    del sending.books.invoices[501]
    sending.start()
    await sending.settle()
    assert (await sending.row(row)).cause == "invoice-gone"
    replacement = sending.books.new_invoice(75000, 2)
    elsewhere = sending.books.book(replacement.id, 75000, info="Kort", by_hand=True)
    adopted = await sending.sender.adopt(row, str(elsewhere.id), operator="anna")
    assert (adopted.state, adopted.via) == (OutboxState.ACKNOWLEDGED, "adopted")


# --- the drain


async def drained(clinic: OutboxClinic, payments: int) -> float:
    """That many payments, each on an invoice of its own, taken while the practice system is away; the drain's time."""
    for _ in range(payments):
        await clinic.pay(clinic.books.new_invoice(10_000, 2).id, 10_000)
    clinic.start()
    took_s = await clinic.settle(limit_s=200_000)
    assert not await clinic.rows(OutboxState.PARKED)
    assert len([one for one in clinic.books.bookings.values() if one.info.startswith("E")]) == payments
    assert (
        len({one.info.split(" ")[0] for one in clinic.books.bookings.values() if one.info.startswith("E")}) == payments
    )
    calls = clinic.tried.calls("GET") + clinic.tried.calls("POST")
    assert {call.status for call in calls} <= {200, 201}, "a 429 that could have been foreseen"
    return took_s


BUDGET_S = 60 / 95
"""What one booking costs of the scarcest limit: 100 looks at an invoice's payments a minute, 5 % kept for people."""


async def test_a_day_offline_drains_within_the_budget_and_meets_no_429(sending: OutboxClinic) -> None:
    assert await drained(sending, 500) <= 1.1 * 500 * BUDGET_S


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_week_offline_drains_with_nothing_lost_doubled_or_parked(sending: OutboxClinic) -> None:
    assert await drained(sending, 7 * 500) <= 1.1 * 7 * 500 * BUDGET_S
